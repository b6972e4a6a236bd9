"""Measurements against the bounds that docs/benchmarks.md names: `make bench`."""
