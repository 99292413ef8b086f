"""KPIs of a strategy's own: values that it records, and what gates and records say of them.

A value recorded as ``edge`` gives ``own.edge.mean``, ``own.edge.p05``, ``own.edge.p50`` and ``own.edge.p95``.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from pytest_soak.domain.records import EdgeReport, Histogram, OwnValues, Sample
from pytest_soak.domain.sampling import merged_histogram, quantile

NAME = r"[a-z][a-z0-9_]{0,39}"
"""What the name of a recorded value is like."""
MOST_NAMES = 100
"""Names that a strategy may record under, at most."""

_SHARES = {"p05": 0.05, "p50": 0.5, "p95": 0.95}
OWN_FORMS = f"own.NAME.{' or .'.join(('mean', *_SHARES))} of what a strategy records"
"""The names of all of them."""
_KPI = re.compile(rf"own\.({NAME})\.(mean|{'|'.join(_SHARES)})")
# Classes between the smallest and the largest value.
_CLASSES = 2_000


def is_own(kpi: str) -> bool:
    """Whether a KPI is of this kind: ``own.NAME.mean``, ``.p05``, ``.p50`` or ``.p95``."""
    return _KPI.fullmatch(kpi) is not None


def own_values(values: Sequence[float]) -> OwnValues:
    """What a record holds of finite values that were recorded under one name."""
    low, high = min(values), max(values)
    # A power of two, so that classes of several iterations can be merged, and no finer than doubles are.
    width = max((high - low) / _CLASSES, max(abs(low), abs(high), 1e-300) * 2.0**-40)
    step = 2.0 ** math.ceil(math.log2(width))
    counts = Counter(math.floor(value / step) for value in values)
    at = sorted(counts)
    ordered = sorted(values)
    return OwnValues(
        n=len(values),
        mean=math.fsum(value / len(values) for value in values),
        **{name: _interpolated(ordered, share) for name, share in _SHARES.items()},
        histogram=Histogram(step=step, at=tuple(at), counts=tuple(counts[place] for place in at)),
    )


def own_kpis(reports: Sequence[EdgeReport]) -> dict[str, float]:
    """KPIs of everything that was recorded; percentiles of several iterations are those of all values."""
    return {f"own.{name}.{what}": value for name in _names(reports) for what, value in _of(name, reports)}


def own_samples(reports: Sequence[EdgeReport]) -> dict[str, int]:
    """How many values stand behind each of them."""
    sizes = {name: sum(values.n for values in _all(name, reports)) for name in _names(reports)}
    return {f"own.{name}.{what}": n for name, n in sizes.items() for what in ("mean", *_SHARES)}


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
        yield from ((what, quantile(merged, share)) for what, share in _SHARES.items())


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
