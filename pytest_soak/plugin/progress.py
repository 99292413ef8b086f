"""How far a long soak is, in one line: on a terminal it stays in place, elsewhere it comes now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from pytest_soak.domain.gates import worst
from pytest_soak.domain.records import Verdict
from pytest_soak.plugin.wire import Row

LIVE_ITERATIONS = 24
"""Iterations of a session up to which each has lines of its own; of more it has them with ``-v``."""
TENTHS = 10


class Progress:
    """Counts what is done and tells it."""

    def __init__(self, planned: int, canaries: int, began: float) -> None:
        """Count from ``began``, the monotonic time at which the first iteration could begin."""
        self.planned = planned
        self.canaries = canaries
        self._began = began
        self._done = 0
        self._told = 0
        self._left: dict[str, int] = {}
        self._worst: Row | None = None
        # Until the first line was written nobody knows.
        self._in_place = True

    def add(self, key: str, row: Row) -> None:
        """An iteration of a canary is done."""
        self._done += 1
        self._left[key] = min(self._left.get(key, row.iterations), row.iterations - row.iteration)
        if row.gates and (self._worst is None or _is_worse(row, self._worst)):
            self._worst = row

    def text(self, row: Row) -> str:
        """Iterations and canaries done, time left, and the gate that was missed worst so far."""
        canaries = sum(left == 0 for left in self._left.values())
        planned = max(self.canaries, len(self._left))
        parts = [
            f"soak: {self._done}/{max(self.planned, self._done)} iterations",
            f"{canaries}/{planned} canaries done",
            f"now {row.iteration}/{row.iterations}" if planned > 1 else "",
            self._time_left(),
        ]
        if self._worst is not None:
            gate = self._worst.gates[0]
            parts.append(f"worst {gate.verdict} {gate.kpi} in {self._worst.iteration}")
        return ", ".join(part for part in parts if part)

    def _time_left(self) -> str:
        left = self.planned - self._done
        if left <= 0:
            return ""
        seconds = (time.monotonic() - self._began) / self._done * left
        return f"{seconds:.0f} s left" if seconds < 120.0 else f"{seconds / 60.0:.0f} min left"

    def tell(self, key: str, row: Row, write: Callable[[str], bool]) -> None:
        """Write the line where it stays in place, else once per tenth of what was planned.

        ``write`` says whether a line stays in place until the next one.
        """
        self.add(key, row)
        tenth = self._done * TENTHS // max(1, self.planned)
        if self._in_place or tenth > self._told:
            self._told = tenth
            self._in_place = write(self.text(row))


def _is_worse(row: Row, than: Row) -> bool:
    """Whether an iteration's first gate is worse than another's; of equal ones the earlier counts."""
    verdicts: Sequence[Verdict] = [Verdict(one.gates[0].verdict) for one in (than, row)]
    return verdicts[0] is not verdicts[1] and worst(verdicts) is verdicts[1]
