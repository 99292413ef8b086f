"""Sampling errors of KPIs, from batch means.

An iteration is cut into batches of equal market time, so that neighbouring events, which are
correlated, fall into one batch and the batches are nearly independent (Law, Simulation Modeling and
Analysis, 5th ed., section 9.5.3; 10 to 30 batches serve well, Schmeiser 1982). A KPI that is a ratio of sums
has the standard error of a ratio estimator (Cochran, Sampling Techniques, 3rd ed., section 2.11)::

    R = sum(y) / sum(x),   SE(R) = sqrt(B / (B - 1) * sum((y_b - R x_b)^2)) / sum(x)

The remaining correlation of neighbouring batches widens it as in an autoregression of the first order, by
sqrt((1 + r) / (1 - r)) with their correlation r, where that is positive. A percentile has the error of the
share of values above it, carried over to values (Woodruff 1952), and at least the width of a class. Where the
batches are skewed away from a miss, t is taken through the cubic transformation of Hall (1992, J. R. Stat.
Soc. B 54).
"""

from __future__ import annotations

import math
import operator
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, chain
from statistics import NormalDist
from typing import NamedTuple

from pytest_soak.domain.records import Batches, EdgeReport, Sample
from pytest_soak.domain.values import Histogram

BATCHES = 20
"""Batches that an iteration is cut into."""
LEAST_BATCHES = 8
"""Fewest batches with something in them of which a standard error is believed."""
LEAST_ITERATIONS = 10
"""From this many iterations on, each iteration is one batch, which covers longer correlations."""
MOST_IN_COMMON = 0.9
"""Highest correlation of neighbouring batches that is allowed for."""
SHARE = 0.95
LEAST_VALUES = 20
"""Fewest values of which a 95th percentile is believed."""
MOST_AMOUNT = 1e100
"""Largest amount that is computed with: sums, products and squares of larger ones need not be doubles."""

Pair = tuple[float, float]
Ratio = Callable[[Batches], Iterable[Pair]]


def _profit(b: Batches) -> Iterable[float]:
    return map(sum, zip(b.gross, b.fees, b.slippage, b.inventory, _funding(b), strict=True))


def _funding(b: Batches) -> Sequence[float]:
    """A report of a market without funding may lack it."""
    return b.funding or (0.0,) * len(b.notional)


def _each(values: Iterable[float]) -> Iterable[Pair]:
    """Of a sum, whose error is that of the mean times the number of batches."""
    return ((value, 1.0) for value in values)


# KPI -> numerator and denominator by batch; a KPI in basis points is scaled where it is used.
_RATIOS: Mapping[str, Ratio] = {
    "net_bps": lambda b: zip(_profit(b), b.notional, strict=True),
    "gross_bps": lambda b: zip(b.gross, b.notional, strict=True),
    "fees_eff_bps": lambda b: zip(b.fees, b.notional, strict=True),
    "slippage_bps": lambda b: zip(b.slippage, b.notional, strict=True),
    "inventory_bps": lambda b: zip(b.inventory, b.notional, strict=True),
    "funding_bps": lambda b: zip(_funding(b), b.notional, strict=True),
    "risk_ratio": lambda b: zip(b.risk, b.blocked, strict=True),
    "risk_rate": lambda b: zip(b.risk, b.attempts, strict=True),
    "blocked_share": lambda b: zip(b.blocked, b.attempts, strict=True),
    "maker_taker_ratio": lambda b: zip(b.maker_notional, b.notional, strict=True),
    "cancel_ratio": lambda b: zip(b.cancelled, b.placed, strict=True),
}
_SUMS: Mapping[str, Ratio] = {
    "profit": lambda b: _each(_profit(b)),
    "notional": lambda b: _each(b.notional),
}


class Error(NamedTuple):
    """Standard error of a mean, and its skewness: that of a batch over the root of their number."""

    size: float
    skew: float


def ratio_errors(reports: Sequence[EdgeReport]) -> dict[str, Error]:
    """Errors of the KPIs that are ratios of sums; empty where a report has no batches."""
    if any(report.batches is None for report in reports):
        return {}
    batches = [report.batches for report in reports if report.batches is not None]
    ratios = {
        name: (_pairs(ratio, batches), 1e4 if name.endswith("_bps") else 1.0)
        for name, ratio in _RATIOS.items()
    }
    sums = {name: _pairs(each, batches) for name, each in _SUMS.items()}
    return known_errors(ratios | {name: (pairs, sum_of(pairs)) for name, pairs in sums.items()})


def known_errors(pairs: Mapping[str, tuple[Sequence[Pair], float]]) -> dict[str, Error]:
    """Errors of ratios of sums, each times its factor; those that the batches do not tell are left out."""
    found = {name: (_ratio_error(batches), factor) for name, (batches, factor) in pairs.items()}
    return {
        name: error._replace(size=error.size * factor)
        for name, (error, factor) in found.items()
        if error is not None
    }


def sum_of(pairs: Sequence[Pair]) -> float:
    """What the denominators of batches come to."""
    return math.fsum([x for _, x in pairs])


def _pairs(ratio: Ratio, batches: Sequence[Batches]) -> list[Pair]:
    if len(batches) < LEAST_ITERATIONS:
        return list(chain.from_iterable(ratio(b) for b in batches))
    sums = (zip(*ratio(b), strict=True) for b in batches)
    return [(math.fsum(y), math.fsum(x)) for y, x in sums]


def _ratio_error(pairs: Sequence[Pair]) -> Error | None:
    held = sum([x > 0 for _, x in pairs])
    if any(abs(y) > MOST_AMOUNT or x > MOST_AMOUNT for y, x in pairs):
        return None
    whole = math.fsum([x for _, x in pairs])
    if held < LEAST_BATCHES or whole <= 0:
        return None
    ratio = math.fsum([y for y, _ in pairs]) / whole
    rests = [y - ratio * x for y, x in pairs]
    squares = math.fsum([rest**2 for rest in rests])
    size = math.sqrt(len(pairs) / (len(pairs) - 1) * squares) / whole
    if not squares:
        return Error(0.0, 0.0)
    common = math.fsum(map(operator.mul, rests, rests[1:])) / squares
    common = min(MOST_IN_COMMON, max(0.0, common))
    cube = (squares / len(rests)) ** 1.5
    # Residuals so small that their cubes underflow have no skewness.
    skew = math.fsum([rest**3 for rest in rests]) / len(rests) / cube if cube else 0.0
    return Error(size * math.sqrt((1 + common) / (1 - common)), skew / math.sqrt(len(rests)))


def percentile_error(samples: Sequence[Sample], at: float = SHARE) -> Error | None:
    """Error of a percentile over samples, None where they cannot tell; each sample's batches are of it."""
    merged = merged_histogram(samples)
    if merged is None:
        return None
    if len(samples) < LEAST_ITERATIONS:
        marks = [
            (float(above), float(n))
            for sample in samples
            for above, n in zip(sample.batch_above, sample.batch_n, strict=True)
        ]
    else:
        whole = quantile(merged, at)
        marks = [(_above(s.histogram, whole), float(s.n)) for s in samples if s.histogram is not None]
    share = _ratio_error(marks)
    if share is None:
        return None
    steps = (-2.0 * share.size, -share.size, 0.0, share.size)
    far, low, middle, high = quantiles(merged, [min(1.0, max(0.0, at + step)) for step in steps])
    return Error(max((high - low) / 2.0, (middle - far) / 2.0, merged.step), 0.0)


def _above(histogram: Histogram, value: float) -> float:
    """How many values lie above ``value``, as if those of a class were spread evenly over it."""
    place = value / histogram.step
    classes = zip(histogram.at, histogram.counts, strict=True)
    return math.fsum([count * min(1.0, at + 1 - place) for at, count in classes if at + 1 > place])


def merged_histogram(samples: Sequence[Sample]) -> Histogram | None:
    """All values of several samples in classes of the widest of their steps; None where one has none."""
    given = [sample.histogram for sample in samples if sample.n]
    histograms = [histogram for histogram in given if histogram is not None]
    if not histograms or len(histograms) < len(given):
        return None
    first = histograms[0]
    # The common case: one sample, with its classes already in order.
    is_in_order = all(map(operator.lt, first.at, first.at[1:]))
    if len(histograms) == 1 and is_in_order:
        return first
    step = max(histogram.step for histogram in histograms)
    # What was merged before is most of it, and is taken as it is.
    is_kept = is_in_order and first.step == step
    counts = dict(zip(first.at, first.counts, strict=True)) if is_kept else {}
    for histogram in histograms[1:] if is_kept else histograms:
        for place, count in zip(_places(histogram, step), histogram.counts, strict=True):
            counts[place] = counts.get(place, 0) + count
    places = sorted(counts)
    return Histogram(step=step, at=tuple(places), counts=tuple(map(counts.__getitem__, places)))


def _places(histogram: Histogram, step: float) -> Sequence[int]:
    """The classes in which its values lie where classes are as wide as ``step``."""
    if histogram.step == step:
        return histogram.at
    return [math.floor(at * (histogram.step / step)) for at in histogram.at]


def quantile(histogram: Histogram, share: float) -> float:
    """Quantile by linear interpolation between ranks, exact to the width of a class."""
    return quantiles(histogram, (share,))[0]


def quantiles(histogram: Histogram, shares: Sequence[float]) -> list[float]:
    """Several quantiles, as ``quantile`` has each."""
    ends = list(accumulate(histogram.counts))
    found = []
    for share in shares:
        rank = share * (ends[-1] - 1)
        low, high = (_value_at(histogram, ends, place) for place in (math.floor(rank), math.ceil(rank)))
        found.append(low + (high - low) * (rank - math.floor(rank)))
    return found


def _value_at(histogram: Histogram, ends: Sequence[int], rank: int) -> float:
    """The value of a rank, as if those of a class were spread evenly over it."""
    place = bisect_right(ends, rank)
    before = ends[place] - histogram.counts[place]
    within = (rank - before + 0.5) / histogram.counts[place]
    return (histogram.at[place] + within) * histogram.step


def t_quantile(share: float, freedom: int) -> float:
    """Quantile of Student's t, by the expansion of Fisher and Cornish (Abramowitz and Stegun 26.7.5)."""
    z = NormalDist().inv_cdf(share)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return math.fsum(term / freedom**power for power, term in enumerate(terms))


def margin_in_errors(errors: float, skew: float) -> float:
    """How many standard errors a mean may lie on the side of a miss by chance, instead of ``errors``.

    ``skew`` is positive where the batches are skewed away from the miss: a sample without one of the few
    large values then looks both worse and more certain than it is.
    """
    if skew <= 0.0:
        return errors
    inner = 1.0 - skew * (errors + skew / 6.0)
    return max(errors, 3.0 / skew * (1.0 - math.copysign(abs(inner) ** (1.0 / 3.0), inner)))


def skew_doubt(batches: int) -> float:
    """Twice the standard error of a mean's skewness as so many batches show it."""
    return 2.0 * math.sqrt(6.0) / batches


def freedom_of(reports: int, batches: int) -> int:
    """Degrees of freedom of a standard error over so many iterations of so many batches each."""
    return max(2, reports if reports >= LEAST_ITERATIONS else reports * batches) - 1
