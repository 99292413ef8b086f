"""Tests of pytest-soak; see README.md for the map."""
