"""The two time axes of a recording: in order, without jumps, in nanoseconds, and fit for each other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from pytest_soak.market.recording.table import refuse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

SECOND_NS = 1_000_000_000
MOST_JUMP_NS = 3600 * SECOND_NS
MOST_SPAN_NS = 168 * 3600 * SECOND_NS
MOST_DELAY_NS = 600 * SECOND_NS
MOST_SKEW_NS = SECOND_NS
MOST_KNOWN_SKEW_NS = 600 * SECOND_NS
"""How far the receiver's clock may be behind where the format says in which unit both clocks count."""
_MOST_ROWS_PER_NS = 0.01
_LEAST_ROWS_TO_JUDGE = 1_000
ERA_S = (946_684_800, 4_102_444_800)
"""The years 2000 to 2100 since 1970, in seconds: times of recordings lie there."""


class Report(Protocol):
    """Records which rows are wrong, and what is wrong with the first, by its index."""

    def __call__(
        self, check: str, bad: NDArray[np.bool_], places: NDArray[np.intp], text: Callable[[int], str], /
    ) -> None:
        """Note it, where any are."""


class Axis:
    """One time axis, read chunk by chunk."""

    def __init__(self, field: str, name: str, report: Report) -> None:
        self._field, self._name, self._report = field, name, report
        self.first: int | None = None
        self.last = 0
        self.rows = 0

    def add(self, times: NDArray[np.int64], places: NDArray[np.intp]) -> None:
        """Take in the times of the rows at ``places``."""
        import numpy as np

        if not len(times):
            return
        if self.first is None:
            self.first = int(times[0])
            self.last = self.first
        before = np.concatenate(([self.last], times[:-1]))
        self._report(
            "order", times < 0, places, lambda i: f"has {self._field} = {times[i]}; expected 0 or more"
        )
        self._report(
            "order",
            (times >= 0) & (times < before),
            places,
            lambda i: (
                f"of the {self._name} side has {self._field} = {times[i]} after {before[i]}; "
                f"expected {self._field} never to step back there"
            ),
        )
        jumps = (times >= 0) & (before >= 0) & (times - np.maximum(before, 0) > MOST_JUMP_NS)
        self._report("jump", jumps, places, lambda i: self._jumped(int(before[i]), int(times[i])))
        self.last = int(times[-1])
        self.rows += len(times)

    def _jumped(self, before: int, at: int) -> str:
        hours = (at - before) / (3600 * SECOND_NS)
        return (
            f"of the {self._name} side has {self._field} = {at} ({shown(at)}) "
            f"after {before} ({shown(before)}), {_hours(hours)} h later; "
            f"expected nanoseconds and at most 1 h between two rows"
        )

    def check_whole(self, path: Path) -> None:
        """Check the whole axis: its unit and its length.

        Raises:
            SoakConfigError: where times are not nanoseconds or the axis is too long.
        """
        first, last = self.first or 0, self.last
        span = last - first
        for unit, factor in (("seconds", 1), ("milliseconds", 1_000), ("microseconds", 1_000_000)):
            if ERA_S[0] * factor <= first <= ERA_S[1] * factor:
                refuse(
                    path,
                    f": {self._field} = {first} of the first row of the {self._name} side looks like {unit} "
                    "since 1970; expected nanoseconds",
                )
        if self.rows >= _LEAST_ROWS_TO_JUDGE and self.rows > max(span, 1) * _MOST_ROWS_PER_NS:
            refuse(
                path,
                f": {self.rows} rows of the {self._name} side lie within {span} ns of {self._field}; "
                "these times are not nanoseconds",
            )
        if span > MOST_SPAN_NS:
            refuse(
                path,
                f" is {span / (3600 * SECOND_NS):.4g} h long, from {shown(first)} to {shown(last)}; "
                "expected at most 168 h",
            )


def _hours(hours: float) -> str:
    return f"{hours:.4g}" if hours < 1e4 else f"{hours:,.0f}"


def shown(at_ns: int) -> str:
    """A time in ns since 1970 as text; as a number where it is no time."""
    try:
        return datetime.fromtimestamp(at_ns // SECOND_NS, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OSError, OverflowError):
        return "no date"
