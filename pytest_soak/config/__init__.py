"""What the user gave: profiles, overrides and the names in both."""
