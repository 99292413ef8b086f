"""KPIs of a strategy's own: values that it records, and what gates and records say of them.

A value recorded as ``edge`` gives ``own.edge.mean``, ``own.edge.p05``, ``own.edge.p50`` and ``own.edge.p95``.
"""

from __future__ import annotations

import math
import operator
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set

from pytest_soak.domain.records import EdgeReport, Sample
from pytest_soak.domain.sampling import (
    BATCHES,
    LEAST_ITERATIONS,
    Columns,
    Error,
    known_errors,
    merged_histogram,
    percentile_error,
    quantile,
)
from pytest_soak.domain.values import Histogram, OwnValues

NAME = r"[a-z][a-z0-9_]{0,39}"
"""What the name of a recorded value is like."""
MOST_NAMES = 100
"""Names that a strategy may record under, at most."""

_SHARES = {"p05": 0.05, "p50": 0.5, "p95": 0.95}
OWN_FORMS = f"own.NAME.{' or .'.join(('mean', *_SHARES))} of what a strategy records"
"""The names of all of them."""
_KPI = re.compile(rf"own\.({NAME})\.(mean|{'|'.join(_SHARES)})")
# Classes with a value in them, at most.
_CLASSES = 2_000
# How much finer than the largest value a class may be: doubles have 12 bits more.
_FINEST = 40


def is_own(kpi: str) -> bool:
    """Whether a KPI is of this kind: ``own.NAME.mean``, ``.p05``, ``.p50`` or ``.p95``."""
    return _KPI.fullmatch(kpi) is not None


def own_values(values: Sequence[float]) -> OwnValues:
    """What a record holds of finite values that were recorded under one name."""
    step = _step_for(set(values))
    counts = Counter(math.floor(value / step) for value in values)
    at = sorted(counts)
    ordered = sorted(values)
    marks = {name: _interpolated(ordered, share) for name, share in _SHARES.items()}
    n = len(values)
    batches = [values[b * n // BATCHES : (b + 1) * n // BATCHES] for b in range(BATCHES)]
    return OwnValues(
        n=n,
        mean=_mean(values),
        **marks,
        histogram=Histogram(step=step, at=tuple(at), counts=tuple(counts[place] for place in at)),
        batch_n=tuple(map(len, batches)),
        batch_mean=tuple(map(_mean, batches)),
        batch_above={
            name: tuple(sum(value > mark for value in batch) for batch in batches)
            for name, mark in marks.items()
        },
    )


def _step_for(values: Set[float]) -> float:
    """Width of the classes: the least that leaves few of them, whatever far values lie in the tails.

    A power of two, so that classes of several iterations can be merged: wider ones hold narrower ones whole.
    """
    low, high = min(values), max(values)
    finest = math.ceil(math.log2(max(abs(low), abs(high), 1e-300))) - _FINEST
    places = [math.floor(value / 2.0**finest) for value in values]
    # Shifted by one place, two classes are one.
    least, most = 0, max(0, math.ceil(math.log2(max(1, max(places) - min(places)) / (_CLASSES - 1))))
    while least < most:
        middle = (least + most) // 2
        if len({place >> middle for place in places}) <= _CLASSES:
            most = middle
        else:
            least = middle + 1
    return 2.0 ** (finest + most)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(value / len(values) for value in values)


def own_kpis(reports: Sequence[EdgeReport]) -> dict[str, float]:
    """KPIs of everything that was recorded; percentiles of several iterations are those of all values."""
    return {f"own.{name}.{what}": value for name in _names(reports) for what, value in _of(name, reports)}


def own_samples(reports: Sequence[EdgeReport]) -> dict[str, int]:
    """How many values stand behind each of them."""
    sizes = {name: sum(values.n for values in _all(name, reports)) for name in _names(reports)}
    return {f"own.{name}.{what}": n for name, n in sizes.items() for what in ("mean", *_SHARES)}


def own_errors(reports: Sequence[EdgeReport]) -> dict[str, Error]:
    """Sampling error of each of them, where its batches tell one."""
    means = {f"own.{name}.mean": (_mean_columns(_all(name, reports)), 1.0) for name in _names(reports)}
    errors = known_errors(means)
    for name in _names(reports):
        for what, share in _SHARES.items():
            error = percentile_error([_sample(values, what) for values in _all(name, reports)], share)
            if error is not None:
                errors[f"own.{name}.{what}"] = error
    return errors


def _mean_columns(parts: Sequence[OwnValues]) -> Columns:
    """Sums and numbers of batches, of many iterations one each; as shares, which do not overflow."""
    n = sum(part.n for part in parts)
    if len(parts) >= LEAST_ITERATIONS:
        return [part.mean * (part.n / n) for part in parts], [part.n / n for part in parts]
    means = [mean for part in parts for mean in part.batch_mean]
    shares = [count / n for part in parts for count in part.batch_n]
    return list(map(operator.mul, means, shares)), shares


def _sample(values: OwnValues, what: str) -> Sample:
    above = values.batch_above.get(what, ())
    return Sample(
        n=values.n,
        p95=values.p95,
        histogram=values.histogram,
        batch_n=values.batch_n if above else (),
        batch_above=above,
    )


def _names(reports: Sequence[EdgeReport]) -> list[str]:
    return sorted({name for report in reports for name in report.own})


def _all(name: str, reports: Sequence[EdgeReport]) -> list[OwnValues]:
    return [report.own[name] for report in reports if name in report.own]


def _of(name: str, reports: Sequence[EdgeReport]) -> Iterator[tuple[str, float]]:
    parts = _all(name, reports)
    if len(parts) == 1:
        yield from ((what, getattr(parts[0], what)) for what in ("mean", *_SHARES))
        return
    n = sum(part.n for part in parts)
    yield "mean", math.fsum(part.mean * (part.n / n) for part in parts)
    merged = merged_histogram([Sample(n=part.n, p95=part.p95, histogram=part.histogram) for part in parts])
    if merged is not None:
        for what, share in _SHARES.items():
            known = {getattr(part, what) for part in parts}
            # What all parts agree on holds of the whole, to the last digit.
            yield what, known.pop() if len(known) == 1 else quantile(merged, share)


def _interpolated(ordered: Sequence[float], share: float) -> float:
    rank = share * (len(ordered) - 1)
    low, high = ordered[math.floor(rank)], ordered[math.ceil(rank)]
    return low + (high - low) * (rank - math.floor(rank))


def problems_of_own(own: Mapping[str, OwnValues]) -> Iterator[str]:
    """What is wrong with the values of a report that was made by hand."""
    if len(own) > MOST_NAMES:
        yield f"own holds {len(own)} names; accepted are {MOST_NAMES}"
    for name, values in own.items():
        if re.fullmatch(NAME, name) is None:
            yield f"own holds the name {name!r}; accepted is {NAME}"
        if len(values.histogram.at) != len(values.histogram.counts):
            yield f"own.{name}.histogram has {len(values.histogram.at)} classes and other counts"
        lengths = {len(part) for part in (values.batch_mean, *values.batch_above.values())}
        if lengths - {len(values.batch_n)}:
            yield f"own.{name} has {len(values.batch_n)} batches and other means or counts of them"
