"""What is kept: the journal of a canary, its exports, and the folders of runs."""
