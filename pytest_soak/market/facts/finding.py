"""A fact, what was found of it, and how facts are computed of a tape.

What a tape does not have::

    missing = [finding.fact.name for finding in find(tape, FACTS) if finding.holds is False]
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_soak.market.facts.series import Series

if TYPE_CHECKING:
    from pytest_soak.market.tape import Tape

Where = Literal["anywhere", "wide", "one tick", "nowhere"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One statistic.

    Attributes:
        name: short name.
        statistic: how it is computed.
        unit: of the value; ``1`` for a pure number.
        low, high: the accepted range.
        least: observations below which it is not judged.
        source: where the range is from.
        measure: value and number of observations.
        where: the markets in which it is judged: all, those whose spread is free, those whose spread is one
            tick most of the time, or none, where it only shows a size.
    """

    name: str
    statistic: str
    unit: str = "1"
    low: float = -math.inf
    high: float = math.inf
    least: int
    source: str
    measure: Callable[[Series], tuple[float, int]]
    where: Where = "anywhere"

    @property
    def accepted(self) -> str:
        """The range with its unit, or the unit alone where none is judged."""
        unit = "" if self.unit == "1" else self.unit
        if self.where == "nowhere":
            return f"({unit or 'shown'})"
        return f"{self.low:g} to {self.high:g} {unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Finding:
    """A fact as it was found: value, observations, and whether the spread of the market is one tick."""

    fact: Fact
    value: float
    count: int
    one_tick: bool = False

    @property
    def holds(self) -> bool | None:
        """Whether the value lies in the range; one that is not defined does not; None: it is not judged."""
        if self.count < self.fact.least or not self.concerns:
            return None
        return self.fact.low <= self.value <= self.fact.high

    @property
    def concerns(self) -> bool:
        """Whether the fact is one of markets like this."""
        here = "one tick" if self.one_tick else "wide"
        return self.fact.where in ("anywhere", here)

    @property
    def verdict(self) -> str:
        """One word on it."""
        if self.fact.where == "nowhere":
            return ""
        if not self.concerns:
            return f"not {self.fact.where}"
        return {True: "holds", False: "FAILS", None: "too few"}[self.holds]


def find(tape: Tape, facts: Iterable[Fact]) -> Iterator[Finding]:
    """Compute facts of a tape; NaN with 0 observations where there is nothing to compute one of."""
    series = Series(tape)
    for fact in facts:
        try:
            with warnings.catch_warnings():
                # A tape that is too short for a fact gives NaN.
                warnings.simplefilter("ignore", RuntimeWarning)
                value, count = fact.measure(series)
        except (ValueError, IndexError):
            value, count = float("nan"), 0
        yield Finding(fact, value, count, series.one_tick)


def find_over(windows: Iterable[Tape], facts: Sequence[Fact]) -> list[Finding]:
    """Facts of a market that comes in windows, one after the other: means weighted by their observations.

    Only one window is looked at at a time, so that memory does not grow with their number.
    """
    found = [list(find(window, facts)) for window in windows]
    return [_mean(list(findings)) for findings in zip(*found, strict=True)]


def _mean(findings: Sequence[Finding]) -> Finding:
    if len(findings) == 1:
        return findings[0]
    measured = [one for one in findings if one.count and math.isfinite(one.value)]
    count = sum(one.count for one in measured)
    value = math.fsum(one.value * one.count for one in measured) / count if count else math.nan
    return Finding(findings[0].fact, value, count, findings[0].one_tick)
