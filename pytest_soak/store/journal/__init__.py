"""The journal: what was committed, for good."""
