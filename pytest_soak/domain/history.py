"""A canary's past, as guards and tuner see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pytest_soak.domain.parameters import PARAMETERS, ParameterTable
from pytest_soak.domain.records import Kpis, Verdict, Zone
from pytest_soak.domain.settings import GuardSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One committed iteration, reduced to what the rules need.

    ``parameters`` were in force while it ran; ``applied_deltas`` is the change that was applied at its
    end (empty where none was), ``reverted`` whether its end was a panic revert.
    """

    iteration: int
    warmup: bool
    verdict: Verdict
    risk_ratio: float | None
    net_bps: float | None
    parameters: Mapping[str, float]
    parameters_after: Mapping[str, float]
    applied_deltas: Mapping[str, float]
    reverted: bool
    decision_key: str


@dataclass(frozen=True, slots=True)
class History:
    """Committed iterations in order of their number."""

    steps: tuple[Step, ...] = ()

    @property
    def memory(self) -> tuple[Step, ...]:
        """Steps after the last panic revert: what guards remember."""
        for index in range(len(self.steps) - 1, -1, -1):
            if self.steps[index].reverted:
                return self.steps[index + 1 :]
        return self.steps

    @property
    def last_revert(self) -> Step | None:
        """The step that ended in the last panic revert, if any."""
        return next((step for step in reversed(self.steps) if step.reverted), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardContext:
    """One question to the guards.

    At the moment ``start`` an iteration is about to run with ``parameters``; ``expected_hash`` is the hash
    that the state recorded for them, ``proposal`` is empty and there is no verdict. At the moment
    ``decide`` the iteration has been measured and ``proposal`` holds a delta per parameter; ``zone``,
    ``drivers`` and ``zone_reason`` are those of the tuner's proposal.
    ``history`` holds the iterations before this one. ``table`` has all parameters, a strategy's own included.
    """

    moment: Literal["start", "decide"]
    iteration: int
    iterations: int
    minutes: float
    warmup: bool
    parameters: Mapping[str, float]
    expected_hash: str | None
    verdict: Verdict | None
    kpis: Kpis | None
    proposal: Mapping[str, float]
    decision_key: str
    history: History
    settings: GuardSettings
    safe_parameters: Mapping[str, float]
    zone: Zone | None = None
    drivers: tuple[str, ...] = ()
    zone_reason: str | None = None
    table: ParameterTable = PARAMETERS

    @property
    def asks_for_safety(self) -> bool:
        """Whether the zone or a driver asks for a step towards safety."""
        return self.zone in (Zone.AGGRESSIVE, Zone.MODERATE) or bool(self.drivers)

    def is_wanted_safe(self, parameter: str, delta: float) -> bool:
        """Whether a move is a step towards safety where one is asked for."""
        return self.asks_for_safety and self.table[parameter].is_safer(delta)

    @property
    def is_last(self) -> bool:
        """Whether no iteration follows."""
        return self.iteration >= self.iterations
