"""The command line: parsing, wiring, exit codes. It decides nothing, and nothing imports it."""
