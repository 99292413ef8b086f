"""Benchmarks: each compares the package with a peer on the same work in the same run; see ``__main__``."""
