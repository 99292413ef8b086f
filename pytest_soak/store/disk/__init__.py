"""Every write to the disk."""
