"""Whether a resource grows from iteration to iteration: Theil-Sen slope, its interval, and a verdict.

A test for any trend alarms on the noise of a resident set, so that a leak has to pass a budget with the low
end of its interval, to have grown by an amount that matters, and not to be slowing down.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

WARMUP = 5
WARMUP_SHARE = 0.2
LEAST = 10
"""Fewest values after the warm-up that a verdict is made of."""
MOST = 100
"""Most values that slopes are taken of; more are thinned out evenly."""
STILL_GROWING = 0.6
"""Slope of the second half over that of the first, below which growth is slowing down."""
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Budget:
    """What a resource may grow by: per iteration, and how much growth in all is too little to matter."""

    slope: float
    growth: float


@dataclass(frozen=True, slots=True)
class Trend:
    """A verdict, and the slope per iteration with its interval of 95 %.

    ``stable``: the interval lies below the budget. ``leak``: above it, by an amount that matters, and still
    going on. ``warming``: the same, but slowing down. ``inconclusive``: the interval holds the budget, or the
    growth is small yet. ``NO_DATA``: too few iterations.
    """

    verdict: str
    slope: float | None = None
    low: float | None = None
    high: float | None = None


def trend_of(values: Sequence[float], budget: Budget) -> Trend:
    """The trend of one value per iteration, all of one process, in order."""
    dropped = max(WARMUP, math.ceil(WARMUP_SHARE * len(values)))
    kept = values[dropped:]
    if len(kept) < LEAST:
        return Trend("NO_DATA")
    step = math.ceil(len(kept) / MOST)
    thinned = kept[::step]
    slope, low, high = (one / step for one in theil_sen(thinned))
    return Trend(_verdict(thinned, low, high, budget), slope, low, high)


def _verdict(values: Sequence[float], low: float, high: float, budget: Budget) -> str:
    if high <= budget.slope:
        return "stable"
    fifth = max(1, len(values) // 5)
    if low <= budget.slope or median(values[-fifth:]) - median(values[:fifth]) < budget.growth:
        return "inconclusive"
    half = len(values) // 2
    first, second = theil_sen(values[:half])[0], theil_sen(values[half:])[0]
    return "leak" if second >= STILL_GROWING * first else "warming"


def theil_sen(values: Sequence[float]) -> tuple[float, float, float]:
    """The median of all slopes between two values, and its interval of 95 %, by the variance of Kendall's S.

    Ties make that variance smaller, as in Sen (1968).
    """
    n = len(values)
    slopes = sorted((values[b] - values[a]) / (b - a) for a in range(n) for b in range(a + 1, n))
    ties = (values.count(value) for value in set(values))
    variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18.0
    spread = _Z * math.sqrt(max(0.0, variance))
    low = min(max(round((len(slopes) - spread) / 2.0), 0), len(slopes) - 1)
    high = min(max(round((len(slopes) + spread) / 2.0) - 1, 0), len(slopes) - 1)
    return median(slopes), slopes[min(low, high)], slopes[max(low, high)]
