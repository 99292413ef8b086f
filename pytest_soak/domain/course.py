"""KPIs of how iterations went over their time: markouts, quoting, pace, worst minutes, labels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_soak.domain.records import Course, EdgeReport
from pytest_soak.domain.sampling import (
    LEAST_ITERATIONS,
    LEAST_VALUES,
    Columns,
    Error,
    each,
    known_errors,
    merged_histogram,
    percentile_error,
    quantile,
    sum_of,
)

HORIZONS: Mapping[str, float] = {"100ms": 0.1, "1s": 1.0, "10s": 10.0, "60s": 60.0}
"""How long after a fill the mid is looked at, in seconds, as the markout curve names it."""

MARKOUTS = tuple(f"markout_{after}_bps" for after in HORIZONS)
"""KPIs of the markout curve, in the order of the horizons."""

LABEL_PROFIT = "label_profit."
"""Prefix of a KPI that is the profit while a label was active; the label follows."""

_GAP_SHARES = {"requote_p50_ms": 0.5, "requote_p95_ms": 0.95}
HOUR_MS = 3.6e6
_BPS = 1e4


def course_kpis(reports: Sequence[EdgeReport]) -> dict[str, Any]:
    """Values by the KPIs' names; None where a report does not say."""
    hours = hours_of(reports)
    orders = [report.orders for report in reports]
    fills = sum(counts.maker_fills + counts.taker_fills for counts in orders)
    profit = math.fsum(report.totals.ledger for report in reports)
    return {
        "profit_per_hour": profit / hours if hours > 0 else None,
        "fills_per_hour": fills / hours if hours > 0 else None,
        **_of_courses(_courses(reports), hours),
    }


def course_samples(reports: Sequence[EdgeReport], fills: int) -> dict[str, int]:
    """How many observations stand behind each of them."""
    courses = _courses(reports)
    gaps = sum(course.requote_ms.n for course in courses)
    marks = [sum(course.markouts.fills[n] for course in courses) for n in range(len(MARKOUTS))]
    placed = sum(report.orders.placed for report in reports)
    return {
        **dict(zip(MARKOUTS, marks, strict=True)),
        "quote_uptime": placed if courses else 0,
        "requote_p50_ms": gaps,
        "requote_p95_ms": gaps,
        **dict.fromkeys(("profit_per_hour", "fills_per_hour"), fills),
        **dict.fromkeys(("worst_five_minutes", "worst_label_profit"), fills if courses else 0),
    }


def course_errors(reports: Sequence[EdgeReport]) -> dict[str, Error]:
    """Sampling errors over many iterations, each of which is a batch; one alone holds no batches of these.

    The largest and the least of something are no means, and have none.
    """
    if len(reports) < LEAST_ITERATIONS:
        return {}
    hours = [hours_of([report]) for report in reports]
    fills = [float(report.orders.maker_fills + report.orders.taker_fills) for report in reports]
    courses = _courses(reports)
    pairs = {
        "fills_per_hour": (fills, hours),
        **{name: _marked(courses, place) for place, name in enumerate(MARKOUTS)},
        "net_liquidation_bps": _sold(reports),
        "quote_uptime": ([course.both_sides_ms / HOUR_MS for course in courses], hours[: len(courses)]),
    }
    sums = {
        "fills": each(fills),
        **{
            f"{LABEL_PROFIT}{name}": each([course.label_profit.get(name, 0.0) for course in courses])
            for name in _by_label(courses)
        },
    }
    gaps = {
        name: percentile_error([course.requote_ms for course in courses], share)
        for name, share in _GAP_SHARES.items()
    }
    return {
        **known_errors({n: (found, _BPS if n.endswith("_bps") else 1.0) for n, found in pairs.items()}),
        **known_errors({name: (found, sum_of(found)) for name, found in sums.items()}),
        **{name: error for name, error in gaps.items() if error is not None},
    }


def _sold(reports: Sequence[EdgeReport]) -> Columns:
    """Profit with the position sold, and notional, of all iterations; none where one could not be sold."""
    profits = [report.totals.liquidation for report in reports]
    known = [profit for profit in profits if profit is not None]
    return (known, [report.totals.notional for report in reports]) if len(known) == len(profits) else ((), ())


def _marked(courses: Sequence[Course], place: int) -> Columns:
    marks = [course.markouts for course in courses]
    return [mark.profit[place] for mark in marks], [mark.notional[place] for mark in marks]


def _courses(reports: Sequence[EdgeReport]) -> list[Course]:
    """The courses of all reports; none where one of them has none."""
    found = [report.course for report in reports if report.course is not None]
    return found if len(found) == len(reports) else []


def hours_of(reports: Sequence[EdgeReport]) -> float:
    """Market time of all reports."""
    return math.fsum(report.market.end_ms - report.market.start_ms for report in reports) / HOUR_MS


def _of_courses(courses: Sequence[Course], hours: float) -> dict[str, Any]:
    both = math.fsum(course.both_sides_ms for course in courses) / HOUR_MS
    worst = [c.worst_five_minutes for c in courses if c.worst_five_minutes is not None]
    labels = _by_label(courses)
    return {
        **{name: _markout(courses, place) for place, name in enumerate(MARKOUTS)},
        "quote_uptime": both / hours if courses and hours > 0 else None,
        **_gaps(courses),
        "worst_five_minutes": min(worst, default=None),
        "worst_label_profit": min(labels.values(), default=None),
        "label_profit": labels,
    }


def _markout(courses: Sequence[Course], place: int) -> float | None:
    notional = math.fsum(course.markouts.notional[place] for course in courses)
    profit = math.fsum(course.markouts.profit[place] for course in courses)
    return profit / notional * _BPS if notional > 0 else None


def _gaps(courses: Sequence[Course]) -> dict[str, float | None]:
    merged = merged_histogram([course.requote_ms for course in courses])
    if merged is None or sum(merged.counts) < LEAST_VALUES:
        return dict.fromkeys(_GAP_SHARES)
    return {name: quantile(merged, share) for name, share in _GAP_SHARES.items()}


def _by_label(courses: Sequence[Course]) -> dict[str, float]:
    """Sums; a label that was never on is not there."""
    names = sorted({name for course in courses for name in course.label_profit})
    return {name: math.fsum(c.label_profit.get(name, 0.0) for c in courses) for name in names}
