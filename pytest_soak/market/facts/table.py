"""Stylised facts of markets: statistics with the range in which real markets lie, and where that is from.

``FACTS`` are of a market as a whole, ``CRASH_FACTS`` of the largest fall in it. Each is computed
in the same way of a scenario and of a recording; with too few observations it is measured but not judged.
What a tape does not have::

    missing = [finding.fact.name for finding in find(tape, FACTS) if finding.holds is False]
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_soak.market.facts import measures
from pytest_soak.market.facts.measures import Series
from pytest_soak.market.tape import STEP_S

if TYPE_CHECKING:
    from pytest_soak.market.facts.estimators import Doubles
    from pytest_soak.market.tape import Tape


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One statistic.

    Attributes:
        name: short name.
        statistic: how it is computed.
        low, high: the accepted range.
        least: observations below which it is not judged.
        source: where the range is from.
        measure: value and number of observations.
    """

    name: str
    statistic: str
    low: float
    high: float
    least: int
    source: str
    measure: Callable[[Series], tuple[float, int]]


@dataclass(frozen=True, slots=True)
class Finding:
    """A fact as it was found: value, observations, and whether it holds (None: too few observations)."""

    fact: Fact
    value: float
    count: int

    @property
    def holds(self) -> bool | None:
        """Whether the value lies in the range; a value that is not defined does not."""
        if self.count < self.fact.least:
            return None
        return self.fact.low <= self.value <= self.fact.high


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
        yield Finding(fact, value, count)


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
    return Finding(findings[0].fact, value, count)


FACTS = (
    Fact(
        name="heavy tails",
        statistic="Hill tail index of 1 s returns, top 1 %",
        low=2.0,
        high=5.0,
        least=50_000,
        source="Cont 2001: finite, above 2 and below 5",
        measure=measures.tail_index,
    ),
    Fact(
        name="excess kurtosis",
        statistic="excess kurtosis of 1 s returns",
        low=3.0,
        high=300.0,
        least=50_000,
        source="Cont 2001: far above 0 within a day",
        measure=measures.kurtosis,
    ),
    Fact(
        name="aggregational normality",
        statistic="excess kurtosis at 300 s over that at 1 s",
        low=-0.1,
        high=0.7,
        least=200,
        source="Cont 2001: falls with the horizon",
        measure=measures.aggregation,
    ),
    Fact(
        name="no linear memory",
        statistic="largest |ACF| of 1 s returns, lags 5 to 30",
        low=0.0,
        high=0.05,
        least=50_000,
        source="Cont 2001: insignificant beyond a few lags",
        measure=measures.linear_memory,
    ),
    Fact(
        name="clustered volatility",
        statistic="mean ACF of |1 s returns|, lags 10 to 100",
        low=0.05,
        high=0.5,
        least=50_000,
        source="Cont 2001: positive over long lags",
        measure=measures.clustering,
    ),
    Fact(
        name="decay of clusters",
        statistic="exponent of the ACF of |1 s returns|, lags 5 to 300",
        low=0.1,
        high=0.5,
        least=50_000,
        source="Cont 2001: 0.2 to 0.4",
        measure=measures.clustering_decay,
    ),
    Fact(
        name="branching ratio",
        statistic="1 - F ** -0.5, F = Fano factor of market orders in 10 s",
        low=0.6,
        high=0.95,
        least=1_000,
        source="BTCUSDT 0.80 to 0.86; Filimonov and Sornette 2012: above 0.7",
        measure=measures.branching,
    ),
    Fact(
        name="uneven gaps",
        statistic="deviation over mean of gaps between market orders",
        low=1.2,
        high=3.0,
        least=1_000,
        source="BTCUSDT 1.47; 1 for independent arrivals",
        measure=measures.gaps,
    ),
    Fact(
        name="sign memory",
        statistic="ACF of sides of market orders, lag 10",
        low=0.03,
        high=0.4,
        least=2_000,
        source="BTCUSDT 0.12; Lillo and Farmer 2004: positive over long lags",
        measure=measures.sign_memory,
    ),
    Fact(
        name="decay of sign memory",
        statistic="exponent of the ACF of sides, lags 1 to 50",
        low=0.2,
        high=0.8,
        least=2_000,
        source="Lillo and Farmer 2004: about 0.5",
        measure=measures.sign_decay,
    ),
    Fact(
        name="spread distribution",
        statistic="99.9 % quantile of the spread over its median",
        low=1.5,
        high=200.0,
        least=50_000,
        source="Plerou et al. 2005: a power law in the tail",
        measure=measures.spread_tail,
    ),
    Fact(
        name="adverse selection",
        statistic="cost to a maker in front of the queue after 1 s, bps",
        low=0.001,
        high=10.0,
        least=1_000,
        source="BTCUSDT 0.28; positive (Glosten and Milgrom 1985)",
        measure=measures.adverse,
    ),
    Fact(
        name="adverse by queue",
        statistic="that at the end of the queue minus that in front, bps",
        low=0.001,
        high=10.0,
        least=1_000,
        source="BTCUSDT 0.04; more at the end of the queue",
        measure=measures.adverse_by_queue,
    ),
)


FALL_S = 300.0
RECOVERY_S = 1_800.0
_BEFORE_S = 300.0


def _place(series: Series) -> tuple[int, int, int]:
    """Samples of the peak, the bottom and half an hour later, of the largest fall within five minutes."""
    import numpy as np

    mid, reach = series.tape.mid, round(FALL_S / STEP_S)
    windows = np.lib.stride_tricks.sliding_window_view(mid, reach)
    bottom = int(np.argmin(mid[reach - 1 :] / windows.max(axis=1))) + reach - 1
    peak = bottom - reach + 1 + int(np.argmax(mid[bottom - reach + 1 : bottom + 1]))
    return peak, bottom, bottom + round(RECOVERY_S / STEP_S)


def _fall(series: Series) -> tuple[float, int]:
    peak, bottom, _ = _place(series)
    mid = series.tape.mid
    return float((1.0 - mid[bottom] / mid[peak]) * 1e4), len(mid)


def _duration(series: Series) -> tuple[float, int]:
    peak, bottom, _ = _place(series)
    return (bottom - peak) * STEP_S, len(series.tape.mid)


def _recovered(series: Series) -> tuple[float, int]:
    peak, bottom, later = _place(series)
    mid = series.tape.mid
    return float((mid[later] - mid[bottom]) / (mid[peak] - mid[bottom])), len(mid)


def _ratio(series: Series, values: Doubles) -> tuple[float, int]:
    """Median of the second half of the fall over that of the five minutes before it."""
    import numpy as np

    peak, bottom, _ = _place(series)
    before = values[max(0, peak - round(_BEFORE_S / STEP_S)) : peak]
    during = values[(peak + bottom) // 2 : bottom]
    return float(np.nanmedian(during) / np.nanmedian(before)), len(during)


def _depth(series: Series) -> tuple[float, int]:
    return _ratio(series, series.tape.bid_depth + series.tape.ask_depth)


def _spread(series: Series) -> tuple[float, int]:
    return _ratio(series, series.tape.spread_bps)


CRASH_FACTS = (
    Fact(
        name="fall",
        statistic="largest fall of the mid within 300 s, bps",
        low=400.0,
        high=700.0,
        least=10_000,
        source="2010-05-06: 5 to 6 % in some five minutes",
        measure=_fall,
    ),
    Fact(
        name="duration of the fall",
        statistic="peak to bottom, s",
        low=60.0,
        high=300.0,
        least=10_000,
        source="2010-05-06 and 2025-10-10: minutes",
        measure=_duration,
    ),
    Fact(
        name="depth in the fall",
        statistic="median depth of its second half over that before",
        low=0.01,
        high=0.15,
        least=100,
        source="a choice: 0.02 to 0.1",
        measure=_depth,
    ),
    Fact(
        name="spread in the fall",
        statistic="median spread of its second half over that before",
        low=8.0,
        high=50.0,
        least=100,
        source="a choice: 10 to 50",
        measure=_spread,
    ),
    Fact(
        name="recovery",
        statistic="share of the fall that is back after 1800 s",
        low=0.3,
        high=0.8,
        least=10_000,
        source="2010-05-06: most of it within 20 to 30 minutes",
        measure=_recovered,
    ),
)
