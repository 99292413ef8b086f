"""Names of folders and files of a run; a run's own name sorts by time and says when it began."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

MANIFEST_NAME = "RUN.json"
RUNS_NAME = "runs"
JOURNAL_NAME = "soak.db"

_STAMP = "%Y%m%dT%H%M%S%f"


def run_folder(artifacts: Path, run_id: str) -> Path:
    """Folder of a run."""
    return artifacts / RUNS_NAME / run_id


def new_run_id(now: datetime, salt: str) -> str:
    """A run's name: UTC time to the millisecond, so that names sort by time, and a short hash of ``salt``.

    Raises:
        ValueError: the time has no zone.
    """
    if now.utcoffset() is None:
        raise ValueError("a time without a zone does not say when")
    stamp = now.astimezone(UTC).strftime(_STAMP)[:-3]
    return f"{stamp}Z-{hashlib.sha256(salt.encode('utf-8')).hexdigest()[:6]}"


def began_at(run_id: str) -> datetime:
    """When the run of that name began.

    Raises:
        ValueError: this is no name of a run.
    """
    return datetime.strptime(run_id.partition("Z-")[0], _STAMP).replace(tzinfo=UTC)
