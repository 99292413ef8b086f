"""A slow, plain Python oracle of book, matching and accounting, and synthetic recordings."""
