"""What runs inside: hardened images. Not built yet."""
