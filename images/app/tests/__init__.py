"""Checks of the built image, with pytest-testinfra: `pytest images/app/tests --hosts=HOST`, or through the builder."""
