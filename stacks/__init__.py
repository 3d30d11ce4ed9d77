"""Which stacks exist: the program of every stack, the inventory, and the reference data of all municipalities."""
