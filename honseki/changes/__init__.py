"""What changes between two values, two declarations or a declaration and the cloud: pure, for people to approve."""
