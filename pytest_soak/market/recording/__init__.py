"""Recorded market data: reading and checking."""
