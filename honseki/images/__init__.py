"""What is done with images: tools found, built images compared, described, signed, published, retired."""
