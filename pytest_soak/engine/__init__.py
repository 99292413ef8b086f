"""The loop of a soak and its parts; independent of pytest."""
