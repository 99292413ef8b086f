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
from collections.abc import Callable, Mapping, Sequence
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

Columns = tuple[Sequence[float], Sequence[float]]
"""Numerators and denominators of batches."""
Ratio = Callable[[Batches], Columns]


def _profit(b: Batches) -> Sequence[float]:
    return list(map(sum, zip(b.gross, b.fees, b.slippage, b.inventory, _funding(b), strict=True)))


def _funding(b: Batches) -> Sequence[float]:
    """A report of a market without funding may lack it."""
    return b.funding or (0.0,) * len(b.notional)


def each(values: Sequence[float]) -> Columns:
    """Of a sum, whose error is that of the mean times the number of batches."""
    return values, (1.0,) * len(values)


# KPI -> numerators and denominators by batch; a KPI in basis points is scaled where it is used.
_RATIOS: Mapping[str, Ratio] = {
    "net_bps": lambda b: (_profit(b), b.notional),
    "gross_bps": lambda b: (b.gross, b.notional),
    "fees_eff_bps": lambda b: (b.fees, b.notional),
    "slippage_bps": lambda b: (b.slippage, b.notional),
    "inventory_bps": lambda b: (b.inventory, b.notional),
    "funding_bps": lambda b: (_funding(b), b.notional),
    "risk_ratio": lambda b: (b.risk, b.blocked),
    "risk_rate": lambda b: (b.risk, b.attempts),
    "blocked_share": lambda b: (b.blocked, b.attempts),
    "maker_taker_ratio": lambda b: (b.maker_notional, b.notional),
    "cancel_ratio": lambda b: (b.cancelled, b.placed),
}
_SUMS: Mapping[str, Ratio] = {
    "profit": lambda b: each(_profit(b)),
    "notional": lambda b: each(b.notional),
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
        name: (_columns(ratio, batches), 1e4 if name.endswith("_bps") else 1.0)
        for name, ratio in _RATIOS.items()
    }
    sums = {name: _columns(total, batches) for name, total in _SUMS.items()}
    return known_errors(ratios | {name: (columns, sum_of(columns)) for name, columns in sums.items()})


def known_errors(columns: Mapping[str, tuple[Columns, float]]) -> dict[str, Error]:
    """Errors of ratios of sums, each times its factor; those that the batches do not tell are left out."""
    found = {name: (_ratio_error(*batches), factor) for name, (batches, factor) in columns.items()}
    return {
        name: error._replace(size=error.size * factor)
        for name, (error, factor) in found.items()
        if error is not None
    }


def sum_of(columns: Columns) -> float:
    """What the denominators of batches come to."""
    return math.fsum(columns[1])


def _columns(ratio: Ratio, batches: Sequence[Batches]) -> Columns:
    if len(batches) == 1:
        return ratio(batches[0])
    ys, xs = zip(*map(ratio, batches), strict=True) if batches else ((), ())
    if len(batches) < LEAST_ITERATIONS:
        return list(chain.from_iterable(ys)), list(chain.from_iterable(xs))
    return list(map(math.fsum, ys)), list(map(math.fsum, xs))


def _ratio_error(ys: Sequence[float], xs: Sequence[float]) -> Error | None:
    if max(map(abs, ys), default=0.0) > MOST_AMOUNT or max(xs, default=0.0) > MOST_AMOUNT:
        return None
    whole = math.fsum(xs)
    if sum(map((0.0).__lt__, xs)) < LEAST_BATCHES or whole <= 0:
        return None
    if not any(ys):
        return Error(0.0, 0.0)
    ratio = math.fsum(ys) / whole
    rests = [y - ratio * x for y, x in zip(ys, xs, strict=True)]
    squares = math.fsum([rest**2 for rest in rests])
    size = math.sqrt(len(rests) / (len(rests) - 1) * squares) / whole
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
        above: Sequence[float] = list(chain.from_iterable(sample.batch_above for sample in samples))
        sizes: Sequence[float] = list(chain.from_iterable(sample.batch_n for sample in samples))
    else:
        whole = quantile(merged, at)
        held = [(sample.histogram, sample.n) for sample in samples if sample.histogram is not None]
        above = [_above(histogram, whole) for histogram, _ in held]
        sizes = [n for _, n in held]
    share = _ratio_error(above, sizes)
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
