"""KPI gates: thresholds to verdicts. What was not measured has NO_DATA and never passes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.kpis import KPI_MEANINGS
from pytest_soak.domain.records import GateResult, Kpis, Verdict
from pytest_soak.domain.settings import GateSettings, Threshold

_WORST_FIRST = (Verdict.FAIL, Verdict.NO_DATA, Verdict.WARN, Verdict.OK)


class _Bound(NamedTuple):
    verdict: Verdict
    limit: float
    upper: bool

    @property
    def text(self) -> str:
        return f"{'<=' if self.upper else '>='} {self.limit:.10g}"

    def off_by(self, measured: float) -> float:
        """How far a value lies on the wrong side; not positive where it is on the right one."""
        return measured - self.limit if self.upper else self.limit - measured


def check_gate_settings(settings: GateSettings) -> None:
    """Refuse gates that cannot judge.

    Raises:
        SoakConfigError: for an unknown KPI (the message lists the known ones), a gate without a bound,
            a WARN bound behind its FAIL bound, or bounds that no value meets.
    """
    for kpi, threshold in settings.thresholds.items():
        if kpi not in KPI_MEANINGS:
            raise SoakConfigError(f"gate on unknown KPI {kpi!r}; known are {', '.join(KPI_MEANINGS)}")
        problem = _problem_with(threshold)
        if problem is not None:
            raise SoakConfigError(f"gate on {kpi}: {problem}")


def judge(kpis: Kpis, settings: GateSettings) -> tuple[GateResult, ...]:
    """Judge KPIs by the thresholds of a profile, in the order of the KPI table.

    A value on a bound passes it. ``off_by`` is how far the value lies on the wrong side of the bound
    that it missed, in the KPI's unit: 0.0 where it passes, None where nothing was measured.

    Raises:
        SoakConfigError: as ``check_gate_settings``.
    """
    check_gate_settings(settings)
    return tuple(
        _judge_one(kpi, getattr(kpis, kpi), kpis.samples.get(kpi, 0), _bounds(settings.thresholds[kpi]))
        for kpi in KPI_MEANINGS
        if kpi in settings.thresholds
    )


def worst(verdicts: Iterable[Verdict]) -> Verdict | None:
    """The worst verdict, where FAIL > NO_DATA > WARN > OK; None where there is none."""
    held = set(verdicts)
    return next((verdict for verdict in _WORST_FIRST if verdict in held), None)


def verdict_of(results: Iterable[GateResult]) -> Verdict:
    """The worst verdict of gates; without any gate NO_DATA."""
    return worst(result.verdict for result in results) or Verdict.NO_DATA


def describe(result: GateResult) -> str:
    """One line on a gate: KPI, measured value, threshold, how far off, verdict and sample size."""
    unit = KPI_MEANINGS[result.kpi].unit if result.kpi in KPI_MEANINGS else ""
    suffix = "" if unit in ("", "ratio") else f" {unit}"
    tail = f"{result.verdict.value}, n={result.n}"
    if result.measured is None or result.off_by is None:
        return f"{result.kpi}: not measured, required {result.bound}{suffix} ({tail})"
    missed = f", off by {result.off_by:.4g}{suffix}" if result.off_by > 0 else ""
    return (
        f"{result.kpi}: measured {result.measured:.6g}{suffix}, "
        f"required {result.bound}{suffix}{missed} ({tail})"
    )


def _bounds(threshold: Threshold) -> tuple[_Bound, ...]:
    candidates = (
        (Verdict.FAIL, threshold.fail_above, True),
        (Verdict.FAIL, threshold.fail_below, False),
        (Verdict.WARN, threshold.warn_above, True),
        (Verdict.WARN, threshold.warn_below, False),
    )
    return tuple(_Bound(verdict, limit, upper) for verdict, limit, upper in candidates if limit is not None)


def _judge_one(kpi: str, measured: float | None, n: int, bounds: tuple[_Bound, ...]) -> GateResult:
    if measured is None or not math.isfinite(measured):
        bound, verdict, off_by, measured = bounds[0], Verdict.NO_DATA, None, None
    else:
        bound, verdict, off_by = _verdict_on(measured, bounds)
    return GateResult(
        kpi=kpi,
        verdict=verdict,
        measured=measured,
        n=n,
        bound=bound.text,
        threshold=bound.limit,
        off_by=off_by,
    )


def _verdict_on(measured: float, bounds: tuple[_Bound, ...]) -> tuple[_Bound, Verdict, float]:
    """The bound that decides: the first one missed, FAIL before WARN; where none is, the nearest."""
    for bound in bounds:
        if bound.off_by(measured) > 0:
            return bound, bound.verdict, bound.off_by(measured)
    nearest = max(bounds, key=lambda bound: bound.off_by(measured))
    return nearest, Verdict.OK, 0.0


def _problem_with(threshold: Threshold) -> str | None:
    bounds = _bounds(threshold)
    if not bounds:
        return "no bound; give at least one of warn_above, fail_above, warn_below, fail_below"
    if _exceeds(threshold.warn_above, threshold.fail_above):
        return f"warn_above {threshold.warn_above:g} lies above fail_above {threshold.fail_above:g}"
    if _exceeds(threshold.fail_below, threshold.warn_below):
        return f"warn_below {threshold.warn_below:g} lies below fail_below {threshold.fail_below:g}"
    highest_floor = max((b.limit for b in bounds if not b.upper), default=-math.inf)
    lowest_ceiling = min((b.limit for b in bounds if b.upper), default=math.inf)
    if highest_floor > lowest_ceiling:
        return f"no value is both >= {highest_floor:g} and <= {lowest_ceiling:g}"
    return None


def _exceeds(first: float | None, second: float | None) -> bool:
    return first is not None and second is not None and first > second
