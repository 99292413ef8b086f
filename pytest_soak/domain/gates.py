"""KPI gates: thresholds to verdicts. What was not measured has NO_DATA and never passes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pytest_soak.domain.course import LABEL_PROFIT
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.fills import FORMS, UNDER, parted
from pytest_soak.domain.kpis import (
    KPI_MEANINGS,
    PERCENTILES,
    kpis_behind,
    meaning_of,
    risk_of,
    size_behind,
    unit_of,
    value_of,
)
from pytest_soak.domain.own import OWN_FORMS
from pytest_soak.domain.records import GateResult, Kpis, Verdict
from pytest_soak.domain.sampling import (
    BATCHES,
    LEAST_VALUES,
    freedom_of,
    margin_in_errors,
    skew_doubt,
    t_quantile,
)
from pytest_soak.domain.settings import GateSettings, Threshold, TunerSettings

FAMILY_ERROR = 0.05
"""Chance that a canary whose KPIs lie on their bounds has an item that fails, as it was planned at first."""
SPENT_ON_NEXT = 0.5
"""Share of that chance that the iterations of an extension have, of what those before it had.

An extension looks at the canary once more, mostly because it looked bad or undecided. By halves, all looks
together have at most twice the chance of the first, however many there are (Lan and DeMets 1983, Biometrika
70, on spending an error over looks whose number is not known before).
"""
MOST_ITERATIONS = 1_000_000
"""More iterations than these are not named as what would decide a gate."""
LEAST_SAMPLES: Mapping[str, int] = {"net_bps": 30}
"""Smallest sample that a gate judges, where the profile says nothing else."""
LEAST_BLOCKED_SHARE: float = TunerSettings().least_blocked_share

_WORST_FIRST = (Verdict.FAIL, Verdict.NO_DATA, Verdict.INCONCLUSIVE, Verdict.WARN, Verdict.OK)
_ONLY_RISK = "; no attempt was blocked for another reason than risk"
_FEW = f"a 95th percentile takes {LEAST_VALUES}"
_UNCOUNTED = (
    "no attempt to quote was counted; place() and blocked() of a view count one each, "
    "a strategy with a run() of its own counts each with simulation.attempt()"
)


class _Bound(NamedTuple):
    verdict: Verdict
    limit: float
    upper: bool

    @property
    def text(self) -> str:
        return f"{'<=' if self.upper else '>='} {self.limit:.10g}"

    def off_by(self, measured: float) -> float:
        """How far a value lies beyond the bound; not positive where it holds."""
        return measured - self.limit if self.upper else self.limit - measured


def check_gate_settings(settings: GateSettings) -> None:
    """Refuse gates that cannot judge.

    Raises:
        SoakConfigError: for an unknown KPI (the message lists the known ones), a gate without a bound,
            a WARN bound behind its FAIL bound, or bounds that no value meets.
    """
    for kpi, threshold in settings.thresholds.items():
        if meaning_of(kpi) is None:
            known = f"{', '.join(KPI_MEANINGS)}, {LABEL_PROFIT}LABEL, {OWN_FORMS}"
            raise SoakConfigError(
                f"gate on unknown KPI {kpi!r}; known are {known}, each also followed by {UNDER} and one of "
                f"{FORMS}"
            )
        problem = _problem_with(threshold)
        if problem is not None:
            raise SoakConfigError(f"gate on {kpi}: {problem}")


@dataclass(frozen=True, slots=True)
class Chance:
    """How far a KPI may lie off by its sampling error alone, in standard errors.

    ``doubt`` is the standard error of the skewness of that error: few batches show less of it than there is.
    """

    errors: float
    doubt: float = 0.0

    @classmethod
    def of_iterations(cls, iterations: int, settings: GateSettings, *, extensions: int = 0) -> Chance:
        """So that of all gates of all iterations that lie on their bounds, one in twenty canaries misses any.

        The family-wise error is shared out evenly (Bonferroni) among the gates that can fail, over the
        iterations that were planned together: at first, or by the last of so many extensions.
        """
        able = sum(any(b.verdict is Verdict.FAIL for b in _bounds(t)) for t in settings.thresholds.values())
        family = max(1, iterations) * max(1, able)
        return cls(t_quantile(1.0 - error_of(extensions) / family, BATCHES - 1), skew_doubt(BATCHES))

    @classmethod
    def of_canary(cls, iterations: int, *, extensions: int = 0) -> Chance:
        """Half the width of a confidence interval over so many iterations: 95 %, after extensions more."""
        freedom = freedom_of(iterations, BATCHES)
        return cls(t_quantile(1.0 - error_of(extensions) / 2.0, freedom), skew_doubt(freedom + 1))


def error_of(extensions: int) -> float:
    """The family-wise error of what was planned at first, or by the last of so many extensions."""
    return float(FAMILY_ERROR * SPENT_ON_NEXT**extensions)


def judge(
    kpis: Kpis,
    settings: GateSettings,
    *,
    least_blocked_share: float = LEAST_BLOCKED_SHARE,
    chance: Chance | None = None,
) -> tuple[GateResult, ...]:
    """Judge KPIs by the thresholds of a profile, in the order of the KPI table; then the strategy's own.

    A value on a bound passes it. ``off_by`` is how far the value lies on the wrong side of the bound
    that it missed, in the KPI's unit: 0.0 where it passes, None where nothing was measured. ``chance`` says
    how much of that its sampling error may explain; it changes no verdict.

    Raises:
        SoakConfigError: as ``check_gate_settings``.
    """
    check_gate_settings(settings)
    ordered = [kpi for kpi in KPI_MEANINGS if kpi in settings.thresholds]
    ordered += sorted(kpi for kpi in settings.thresholds if kpi not in KPI_MEANINGS)
    return tuple(
        _judge_one(kpi, kpis, settings.thresholds[kpi], least_blocked_share, chance) for kpi in ordered
    )


def judge_canary(
    kpis: Kpis,
    settings: GateSettings,
    iterations: int,
    *,
    extensions: int = 0,
    least_blocked_share: float = LEAST_BLOCKED_SHARE,
) -> tuple[GateResult, ...]:
    """Judge KPIs pooled over so many iterations with their confidence interval, 95 % where none were added.

    A gate fails, or holds, where the whole interval lies on one side of the bound that fails; else it is
    INCONCLUSIVE, and ``decided_in`` is how many iterations in all would make the interval narrow enough, also
    where the missing ones are added.
    """
    chance = Chance.of_canary(iterations, extensions=extensions)
    wider = Chance.of_canary(iterations, extensions=extensions + 1).errors / chance.errors
    results = judge(kpis, settings, least_blocked_share=least_blocked_share, chance=chance)
    return tuple(_with_interval(r, settings.thresholds[r.kpi], iterations * wider**2) for r in results)


def worst(verdicts: Iterable[Verdict]) -> Verdict | None:
    """The worst verdict, where FAIL > NO_DATA > INCONCLUSIVE > WARN > OK; None where there is none."""
    held = set(verdicts)
    return next((verdict for verdict in _WORST_FIRST if verdict in held), None)


def verdict_of(results: Iterable[GateResult]) -> Verdict:
    """The worst verdict of gates; without any gate NO_DATA."""
    return worst(result.verdict for result in results) or Verdict.NO_DATA


def apart(value: float, bound: float) -> tuple[str, str]:
    """Two numbers as short as they can be written and still differ, where they do."""
    whole = len(str(int(abs(value))))
    for digits in range(max(3, whole), 17):
        texts = f"{value:.{digits}g}", f"{bound:.10g}"
        if texts[0] != texts[1] or value == bound:
            return texts
    return repr(value), repr(bound)


def is_as_measured(result: GateResult) -> bool:
    """Whether a gate judged its value as it stands, because no sampling error of it is known."""
    return result.measured is not None and result.error is None and result.note is None


def headline(result: GateResult) -> str:
    """The shortest that can be said of a gate: ``net_bps 1.97 < 2``."""
    if result.measured is None or result.threshold is None:
        return f"{result.kpi} {result.verdict.value}"
    value, bound = apart(result.measured, result.threshold)
    upper = result.bound.startswith("<=")
    if result.off_by:
        return f"{result.kpi} {value} {'>' if upper else '<'} {bound}"
    return f"{result.kpi} {value} {'<=' if upper else '>='} {bound}"


def describe(result: GateResult) -> str:
    """One line on a gate: KPI, measured value, threshold, how far off, verdict and sample size."""
    meaning = meaning_of(result.kpi)
    unit = ("" if meaning is None else meaning.unit) if result.unit is None else result.unit
    suffix = "" if unit in ("", "ratio") else f" {unit}"
    note = f"; {result.note}" if result.note else _ONLY_RISK if _is_only_risk(result) else ""
    tail = f"{result.verdict.value}, n={result.n}{note}"
    if result.measured is None or result.off_by is None or result.threshold is None:
        has_few = result.n < result.least and result.note not in (None, _UNCOUNTED, _FEW)
        said = "not judged" if has_few else "not measured"
        return f"{result.kpi}: {said}, required {result.bound}{suffix} ({tail})"
    value, _ = apart(result.measured, result.threshold)
    missed = f", off by {result.off_by:.4g}{suffix}" if result.off_by > 0 else ""
    return (
        f"{result.kpi}: measured {value}{suffix}, "
        f"required {result.bound}{suffix}{missed}{_chance_text(result, suffix)} ({tail})"
    )


def _is_only_risk(result: GateResult) -> bool:
    return parted(result.kpi)[0] == "risk_ratio" and result.measured == 1.0


def _chance_text(result: GateResult, suffix: str) -> str:
    if result.margin is None:
        return ""
    text = f", sampling error +-{result.margin:.3g}{suffix}"
    if result.verdict is Verdict.INCONCLUSIVE:
        return f"{text}, {result.decided_in or 'more'} iterations would decide"
    return text


def _bounds(threshold: Threshold) -> tuple[_Bound, ...]:
    candidates = (
        (Verdict.FAIL, threshold.fail_above, True),
        (Verdict.FAIL, threshold.fail_below, False),
        (Verdict.WARN, threshold.warn_above, True),
        (Verdict.WARN, threshold.warn_below, False),
    )
    return tuple(_Bound(verdict, limit, upper) for verdict, limit, upper in candidates if limit is not None)


def _judge_one(
    kpi: str, kpis: Kpis, threshold: Threshold, least_blocked_share: float, chance: Chance | None
) -> GateResult:
    kpis, name = kpis_behind(kpis, kpi)
    bounds, n = _bounds(threshold), size_behind(kpis, name)
    measured = value_of(kpis, name)
    least = LEAST_SAMPLES.get(name, 0) if threshold.least is None else threshold.least
    note = None
    bound, verdict, off_by = bounds[0], Verdict.NO_DATA, None
    if measured is None or not math.isfinite(measured):
        measured = None
        note = _why_not_measured(name, n, kpis)
    elif n < least:
        note, measured = f"{measured:.4g} was measured, judged from n={least} on", None
    else:
        judged = measured
        if name == "risk_ratio" and risk_of(kpis, least_blocked_share) != measured:
            judged = 0.0
            note = (
                f"{kpis.blocked_share:.2%} of attempts were blocked, judged from {least_blocked_share:.2%} on"
            )
        bound, verdict, off_by = _verdict_on(judged, bounds)
    error = None if measured is None else kpis.errors.get(name)
    return GateResult(
        kpi=kpi,
        verdict=verdict,
        measured=measured,
        n=n,
        bound=bound.text,
        threshold=bound.limit,
        off_by=off_by,
        least=least,
        error=error,
        margin=None if error is None or chance is None else _margin(kpis, name, bound, chance),
        note=note,
        unit=None if kpis.contract is None else unit_of(name, kpis.contract),
    )


def _why_not_measured(name: str, n: int, kpis: Kpis) -> str | None:
    if name == "risk_ratio" and not kpis.samples.get("risk_rate"):
        return _UNCOUNTED
    return _FEW if name in PERCENTILES and 0 < n < LEAST_VALUES else None


def _margin(kpis: Kpis, kpi: str, bound: _Bound, chance: Chance) -> float:
    skew = kpis.skews.get(kpi, 0.0) * (-1.0 if bound.upper else 1.0)
    return margin_in_errors(chance.errors, skew + chance.doubt) * kpis.errors[kpi]


def _with_interval(result: GateResult, threshold: Threshold, iterations: float) -> GateResult:
    failing = [bound for bound in _bounds(threshold) if bound.verdict is Verdict.FAIL]
    if result.measured is None or result.margin is None or result.note is not None or not failing:
        return result
    nearest = max(failing, key=lambda bound: bound.off_by(result.measured or 0.0))
    distance = nearest.off_by(result.measured)
    # An interval that ends on the bound decides: a KPI without any spread is what it is.
    if abs(distance) >= result.margin:
        return result
    wanted = iterations * (result.margin / abs(distance)) ** 2 if distance else math.inf
    return result.model_copy(
        update={
            "verdict": Verdict.INCONCLUSIVE,
            "bound": nearest.text,
            "threshold": nearest.limit,
            "off_by": max(0.0, distance),
            "decided_in": math.ceil(wanted) if wanted < MOST_ITERATIONS else None,
        }
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
