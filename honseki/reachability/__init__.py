"""The proof: a network in, a verdict with certificate or witness out. Pure: no I/O, no clock, no cloud."""
