"""The loop of a soak and what it is made of; knows nothing of pytest."""
