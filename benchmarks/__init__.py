"""What is measured: `python -m benchmarks.NAME` prints what it does and, last, one JSON object of figures."""
