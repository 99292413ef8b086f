"""The one table of tunable parameters: unit, bounds, steps and safe direction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ParameterValues = Mapping[str, float]

DECIMALS = 6
"""Decimals of a parameter and of a move of it; finer differences are rounding, not a move."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of the maker that a profile sets and the tuner may move.

    ``step`` is the size of a move towards safety, ``moderate_step`` the one of the MODERATE zone,
    ``relax_step`` the one back when conditions are good; None means that this move does not exist.
    """

    name: str
    unit: str
    low: float
    high: float
    default: float
    step: float
    moderate_step: float | None
    relax_step: float | None
    safer: Literal[1, -1]
    meaning: str

    @property
    def span(self) -> float:
        """Width of the bounds, in the parameter's unit."""
        return self.high - self.low

    def contains(self, value: float) -> bool:
        """Whether the value is finite and within the bounds."""
        return math.isfinite(value) and self.low <= value <= self.high

    def bound_at(self, value: float) -> Literal["low", "high"] | None:
        """The bound that a value lies at; None between the two."""
        if value <= self.low:
            return "low"
        return "high" if value >= self.high else None

    def moved(self, value: float, delta: float) -> float:
        """The value after a move; a bound is a wall, so the result never lies outside."""
        return min(self.high, max(self.low, round(value + delta, DECIMALS)))

    def is_safer(self, delta: float) -> bool:
        """Whether a move by ``delta`` goes in the safe direction."""
        return delta * self.safer > 0

    def accepted(self) -> str:
        """The accepted range, as error messages state it."""
        return f"a number from {self.low:g} to {self.high:g} {self.unit}"


PARAMETERS: Mapping[str, Parameter] = {
    p.name: p
    for p in (
        Parameter(
            name="min_interval_ms",
            unit="ms",
            low=40.0,
            high=80.0,
            default=65.0,
            step=5.0,
            moderate_step=5.0,
            relax_step=3.0,
            safer=1,
            meaning="least time between order updates; a sooner attempt is blocked: min_interval",
        ),
        Parameter(
            name="replace_rate_per_min",
            unit="1/min",
            low=200.0,
            high=320.0,
            default=280.0,
            step=30.0,
            moderate_step=None,
            relax_step=None,
            safer=-1,
            meaning="token bucket on replacements; an attempt without a token is blocked: throttle",
        ),
        Parameter(
            name="base_spread_bps_delta",
            unit="bps",
            low=0.08,
            high=0.25,
            default=0.14,
            step=0.02,
            moderate_step=None,
            relax_step=None,
            safer=1,
            meaning="widens the base half-spread",
        ),
        Parameter(
            name="impact_cap_ratio",
            unit="ratio",
            low=0.08,
            high=0.12,
            default=0.09,
            step=0.01,
            moderate_step=0.005,
            relax_step=0.005,
            safer=-1,
            meaning="order size as a share of visible liquidity; a larger order is blocked: risk",
        ),
        Parameter(
            name="max_delta_ratio",
            unit="ratio",
            low=0.10,
            high=0.16,
            default=0.14,
            step=0.01,
            moderate_step=None,
            relax_step=None,
            safer=-1,
            meaning="largest change of position per decision, as a share of the position limit; "
            "more is blocked: risk",
        ),
        Parameter(
            name="tail_age_ms",
            unit="ms",
            low=500.0,
            high=800.0,
            default=620.0,
            step=30.0,
            moderate_step=None,
            relax_step=None,
            safer=1,
            meaning="age at which a far order is cancelled",
        ),
    )
}

DEFAULTS: ParameterValues = {p.name: p.default for p in PARAMETERS.values()}


def problem_with(name: str, value: object) -> str | None:
    """Say what is wrong with a value for a parameter, or None where it is acceptable."""
    parameter = PARAMETERS.get(name)
    if parameter is None:
        return f"unknown parameter {name!r}; known are {', '.join(PARAMETERS)}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{name} = {value!r} is not {parameter.accepted()}"
    if not parameter.contains(float(value)):
        return f"{name} = {value!r} is out of bounds; accepted is {parameter.accepted()}"
    return None


def distance(deltas: ParameterValues) -> float:
    """Size of a change: the sum over parameters of |delta| as a fraction of the parameter's range."""
    return math.fsum(abs(delta) / PARAMETERS[name].span for name, delta in deltas.items())
