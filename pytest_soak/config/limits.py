"""Limits and names that several packages share, each defined only here."""

from __future__ import annotations

MAX_SEED = 2**63 - 1
"""The largest seed of a run, as the journal can hold it."""

LONGEST_NAME = 64
"""Characters of the name of a profile, a scenario or a recording, at most."""

ARTIFACTS = "artifacts/soak"
"""The folder of runs and artifacts where none is named, below the project's."""

POSITION = "carry"
"""What becomes of position and orders at the end of an iteration, where nothing is asked for."""
