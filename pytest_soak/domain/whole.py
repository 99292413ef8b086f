"""The largest whole number: the journal, which is SQLite, can hold it, and so can every artifact."""

from __future__ import annotations

MAX_WHOLE = 2**63 - 1

MAX_SEED = MAX_WHOLE
"""The largest seed of a run."""
