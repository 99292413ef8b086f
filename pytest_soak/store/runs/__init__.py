"""Folders of runs: names, manifest, retention."""
