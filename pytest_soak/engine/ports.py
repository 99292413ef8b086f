"""What the loop asks of the outside."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from pytest_soak.domain.history import GuardContext
from pytest_soak.domain.records import IterationRecord, Opinion
from pytest_soak.domain.tuner import Proposal, TunerContext


class Hooks(Protocol):
    """Callbacks of the loop: the guards, the tuner, and listeners."""

    guards_off: tuple[str, ...]

    def guard(self, context: GuardContext) -> Sequence[Opinion]:
        """Every guard's opinions."""
        ...

    def propose(self, context: TunerContext) -> Proposal:
        """The tuner's proposal."""
        ...

    def finished(self, record: IterationRecord, parameters: Mapping[str, float]) -> None:
        """Tell that an iteration is in the journal."""
        ...


@dataclass(slots=True)
class Clock:
    """Wall clock and pause of a canary; tests inject their own."""

    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
