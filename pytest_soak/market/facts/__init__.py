"""Stylised facts of markets: statistics, accepted ranges, a picture."""
