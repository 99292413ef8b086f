"""Scenarios of the mock market: model, files, loading."""
