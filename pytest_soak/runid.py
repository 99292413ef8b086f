"""Names of runs: they sort by time and say when the run began."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

_FORM = "%Y%m%dT%H%M%S%f"


def new_run_id(now: datetime | None = None) -> str:
    """A run's name: UTC time to the millisecond and six random hexadecimal digits."""
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    return f"{moment.strftime(_FORM)[:-3]}Z-{secrets.token_hex(3)}"


def began_at(run_id: str) -> datetime:
    """When the run of that name began.

    Raises:
        ValueError: where this is no name of a run.
    """
    stamp = run_id.partition("Z-")[0]
    return datetime.strptime(stamp, _FORM).replace(tzinfo=UTC)
