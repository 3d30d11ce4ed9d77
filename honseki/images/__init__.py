"""What is done with a built image: booted, scored, described, signed, published, retired."""
