"""Profiles that ship with pytest-soak, as TOML data beside this file."""
