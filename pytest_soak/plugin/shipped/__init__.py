"""The soak test that ships with the package."""
