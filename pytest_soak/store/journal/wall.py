"""Wall-clock figures of an iteration, which no record's hash covers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from pytest_soak.domain.settings import Strict


def _utc(text: str) -> str:
    moment = datetime.fromisoformat(text)
    offset = moment.utcoffset()
    if offset is None or offset.total_seconds() != 0:
        raise ValueError("an ISO 8601 time in UTC")
    return text


UtcTime = Annotated[str, AfterValidator(_utc)]
Count = Annotated[int, Field(ge=0)]


class Resources(Strict):
    """What the process held when an iteration had been computed; None is what could not be measured.

    ``process`` is the process's id: trends are those of one process. ``cpu_seconds`` is the CPU time that
    the iteration took, in all threads of the process. ``open_files`` counts files, sockets and pipes, on
    Windows handles; ``disk_bytes`` is the size of the files in the canary's folder.
    """

    process: Count
    cpu_seconds: Annotated[float, Field(ge=0.0)]
    rss_bytes: Count | None
    open_files: Count | None
    threads: Count | None
    disk_bytes: Count | None


class WallClock(Strict):
    """When an iteration was computed, in real time, and with what; no record's hash covers it.

    ``started_at`` is ISO 8601 in UTC, ``seconds`` how long it took. ``resources`` is None in the journals
    of releases that measured none.
    """

    run_id: str
    started_at: UtcTime
    seconds: Annotated[float, Field(ge=0.0)]
    resources: Resources | None = None
