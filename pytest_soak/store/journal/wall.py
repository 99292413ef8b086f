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


class WallClock(Strict):
    """When an iteration was computed, in real time; no record's hash covers it.

    ``started_at`` is ISO 8601 in UTC, ``seconds`` how long it took.
    """

    run_id: str
    started_at: UtcTime
    seconds: Annotated[float, Field(ge=0.0)]
