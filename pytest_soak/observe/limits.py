"""Limits of a comparison: by how much a KPI may get worse from one run to the next."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_soak.config.parsing import did_you_mean
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.kpis import KPI_MEANINGS
from pytest_soak.domain.records import Verdict
from pytest_soak.domain.text import number, show
from pytest_soak.observe.comparison import Comparison, Difference

_FORM = re.compile(r"([A-Za-z0-9_]+):([+-])(\d+(?:\.\d*)?|\.\d+)(%?)")
_ACCEPTED = "accepted is KPI:-X or KPI:+X, also in percent, as in net_bps:-5%,risk_ratio:+0.02"


@dataclass(frozen=True, slots=True)
class Limit:
    """The largest fall (negative) or rise (positive) of a KPI, in its unit or in percent of before."""

    kpi: str
    change: float
    is_percent: bool

    @property
    def text(self) -> str:
        """As it was written."""
        return f"{self.kpi}:{self.change:+g}{'%' if self.is_percent else ''}"

    def allowed(self, before: float) -> float:
        """The largest change in the KPI's unit, with its sign."""
        return abs(before) * self.change / 100.0 if self.is_percent else self.change


@dataclass(frozen=True, slots=True)
class Judged:
    """A limit on one profile and scenario.

    FAIL where the whole interval of the change lies beyond the limit, or the change itself where it has no
    interval; INCONCLUSIVE where the limit lies within the interval; NO_DATA where a run did not measure it.
    """

    limit: Limit
    profile: str
    scenario: str
    verdict: Verdict
    text: str


def parse_limits(text: str) -> tuple[Limit, ...]:
    """Read limits, separated by commas.

    Raises:
        SoakConfigError: names the part that is not a limit, and what is accepted.
    """
    return tuple(_limit(part.strip()) for part in text.split(","))


def _limit(part: str) -> Limit:
    found = _FORM.fullmatch(part)
    if found is None:
        raise SoakConfigError(f"limit {show(part)}: {_ACCEPTED}")
    kpi, sign, size, percent = found.groups()
    if kpi not in KPI_MEANINGS:
        hint = did_you_mean(kpi, list(KPI_MEANINGS))
        raise SoakConfigError(f"limit {show(part)}: unknown KPI; known are {', '.join(KPI_MEANINGS)}{hint}")
    change = float(f"{sign}{size}")
    better = KPI_MEANINGS[kpi].better
    if (better == "up" and sign == "+") or (better == "down" and sign == "-"):
        worse = "-" if better == "up" else "+"
        raise SoakConfigError(
            f"limit {show(part)}: {kpi} gets worse the other way; accepted is {kpi}:{worse}X"
        )
    return Limit(kpi, change, bool(percent))


def judge(comparison: Comparison, limits: Sequence[Limit]) -> Iterator[Judged]:
    """Judge every limit on every profile and scenario."""
    for limit in limits:
        for group in comparison.groups:
            found = next((one for one in group.differences if one.kpi == limit.kpi), None)
            verdict, text = _judged(limit, found)
            yield Judged(limit, group.profile, group.scenario, verdict, text)


def _judged(limit: Limit, found: Difference | None) -> tuple[Verdict, str]:
    if found is None or found.change is None or found.before is None:
        return Verdict.NO_DATA, "not measured in both runs"
    if found.lacking:
        return Verdict.NO_DATA, f"measured by one run only in {found.lacking} pair(s)"
    allowed = limit.allowed(found.before)
    beyond = math.copysign(1.0, limit.change) * (found.change - allowed)
    half = found.half_width or 0.0
    text = f"{found.change:+.4g} +- {number(found.half_width, '.3g')}, limit {allowed:+.4g}"
    if beyond > half:
        return Verdict.FAIL, text
    return (Verdict.OK if beyond <= -half else Verdict.INCONCLUSIVE), text


def is_failed(comparison: Comparison, limits: Sequence[Limit], judged: Sequence[Judged]) -> bool:
    """Whether a limit is failed, or what it limits was not measured."""
    nothing = bool(limits) and not comparison.groups
    return nothing or any(one.verdict in (Verdict.FAIL, Verdict.NO_DATA) for one in judged)
