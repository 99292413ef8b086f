"""Pure rules of a soak: no files, no pytest, no clock."""
