"""What runs inside: images as data (a folder each), and the builder that makes the same disk of them every time."""
