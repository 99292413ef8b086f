"""Two runs side by side: what was changed between them, and by how much their KPIs differ, pair by pair."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any

from pytest_soak.domain.differences import differences
from pytest_soak.domain.kpis import KPI_MEANINGS, value_of
from pytest_soak.domain.records import Kpis
from pytest_soak.domain.sampling import BATCHES, t_quantile
from pytest_soak.observe.reading import CanaryReading, RunReading
from pytest_soak.store.journal.journal import TABLE

CONFIDENCE = 0.95
MOST_CHANGES = 40

_ROUNDING = 1e-12

Key = tuple[str, str, int, str]
"""Profile, scenario, seed, and the folder's name where two canaries have the others in common."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One KPI of one profile on one scenario: the means over the pairs in which both runs measured it.

    ``half_width`` is half the 95 % confidence interval of ``change``: by Student's t over the pairs, or of
    one pair from the sampling errors within its runs; None where neither is known. ``lacking`` counts pairs
    of which only one run measured the KPI.
    """

    kpi: str
    pairs: int
    lacking: int
    before: float | None
    after: float | None
    half_width: float | None

    @property
    def change(self) -> float | None:
        """After minus before; 0 where they differ by rounding only."""
        if self.before is None or self.after is None:
            return None
        change = self.after - self.before
        return change if abs(change) > _ROUNDING * max(abs(self.before), abs(self.after)) else 0.0

    @property
    def is_real(self) -> bool:
        """Whether the interval of the change leaves out zero."""
        return self.change is not None and self.half_width is not None and abs(self.change) > self.half_width


@dataclass(frozen=True, slots=True)
class Group:
    """All pairs of one profile on one scenario; ``identical`` counts those with the same records."""

    profile: str
    scenario: str
    pairs: int
    identical: int
    verdicts: tuple[str, str]
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Comparison:
    """Two runs: what was changed, canaries of only one of them, and the pairs by profile and scenario."""

    before: str
    after: str
    changes: tuple[str, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    groups: tuple[Group, ...]


def compare(before: RunReading, after: RunReading) -> Comparison:
    """Pair the canaries of two runs by profile, scenario and seed.

    Raises:
        SoakStateError: a journal is damaged.
    """
    ours, theirs = _keyed(before), _keyed(after)
    common = [key for key in ours if key in theirs]
    gathered: dict[tuple[str, str], _Gathered] = {}
    for key in common:
        gathered.setdefault(key[:2], _Gathered()).add(before.canary(ours[key]), after.canary(theirs[key]))
    return Comparison(
        before=before.run_id,
        after=after.run_id,
        changes=tuple(_changes(before, after, gathered)),
        only_before=tuple(name for key, name in ours.items() if key not in theirs),
        only_after=tuple(name for key, name in theirs.items() if key not in ours),
        groups=tuple(one.group(*names) for names, one in gathered.items()),
    )


def _keyed(run: RunReading) -> dict[Key, str]:
    """Names of canaries by what pairs them."""
    found: dict[tuple[str, str, int], list[str]] = {}
    for name in run.canary_names():
        inputs = run.inputs_of(name)
        found.setdefault((inputs["profile"], inputs["scenario"], inputs["seed"]), []).append(name)
    return {
        (*key, name if len(names) > 1 else ""): name for key, names in sorted(found.items()) for name in names
    }


def _changes(before: RunReading, after: RunReading, pairs: Mapping[Any, _Gathered]) -> Iterator[str]:
    """What makes the two runs differ, but for their market and luck: named before any KPI."""
    yield from differences(before.manifest.versions, after.manifest.versions, "version of ")
    asked, asks = (run.manifest.settings.model_dump(mode="json") for run in (before, after))
    yield from differences(asked, asks, "setting ")
    profiles = before.manifest.profiles, after.manifest.profiles
    for name in sorted(profiles[0].keys() & profiles[1].keys()):
        yield from differences(profiles[0][name], profiles[1][name], f"profile {name}: ")
    named = dict.fromkeys(text for pair in pairs.values() for text in pair.changes)
    yield from named


# Inputs of a canary that neither versions, settings nor profiles of a run say.
_OWN_INPUTS = (
    "strategy",
    "strategy_hash",
    "market_hash",
    "source",
    "minutes",
    TABLE,
    "gate_mode",
    "guards_off",
    "tune",
)


@dataclass
class _Gathered:
    """The pairs of one profile on one scenario, reduced to what is compared."""

    kpis: list[tuple[Kpis | None, Kpis | None]] = field(default_factory=list)
    verdicts: tuple[list[str], list[str]] = field(default_factory=lambda: ([], []))
    identical: int = 0
    changes: list[str] = field(default_factory=list)

    def add(self, before: CanaryReading, after: CanaryReading) -> None:
        self.kpis.append((before.kpis, after.kpis))
        for said, canary in zip(self.verdicts, (before, after), strict=True):
            said.append(canary.outcome.verdict)
        edges = [[entry.record.edge_hash for entry in canary.entries] for canary in (before, after)]
        self.identical += edges[0] == edges[1]
        old, new = ({name: canary.inputs.get(name) for name in _OWN_INPUTS} for canary in (before, after))
        self.changes += differences(old, new, f"{before.inputs['profile']} on {before.inputs['scenario']}: ")

    def group(self, profile: str, scenario: str) -> Group:
        own = {name for pair in self.kpis for kpis in pair if kpis is not None for name in kpis.own}
        found = (self._difference(kpi) for kpi in (*KPI_MEANINGS, *sorted(own)))
        return Group(
            profile=profile,
            scenario=scenario,
            pairs=len(self.kpis),
            identical=self.identical,
            verdicts=(_counted(self.verdicts[0]), _counted(self.verdicts[1])),
            differences=tuple(one for one in found if one.pairs or one.lacking),
        )

    def _difference(self, kpi: str) -> Difference:
        values = [(_value(a, kpi), _value(b, kpi)) for a, b in self.kpis]
        both = [(a, b) for a, b in values if a is not None and b is not None]
        lacking = sum((a is None) != (b is None) for a, b in values)
        if not both:
            return Difference(kpi, 0, lacking, None, None, None)
        changes = [b - a for a, b in both]
        half = _half_width(changes) if len(changes) > 1 else self._within(kpi)
        return Difference(kpi, len(both), lacking, fmean(a for a, _ in both), fmean(b for _, b in both), half)

    def _within(self, kpi: str) -> float | None:
        """Half the interval of the only pair, from the errors within both runs, taken as independent."""
        pairs = [(a, b) for a, b in self.kpis if _value(a, kpi) is not None and _value(b, kpi) is not None]
        errors = [None if one is None else one.errors.get(kpi) for one in pairs[0]]
        if None in errors:
            return None
        return t_quantile((1.0 + CONFIDENCE) / 2.0, BATCHES - 1) * math.hypot(
            *(error or 0.0 for error in errors)
        )


def _value(kpis: Kpis | None, kpi: str) -> float | None:
    return None if kpis is None else value_of(kpis, kpi)


def _half_width(changes: Sequence[float]) -> float:
    error = stdev(changes) / math.sqrt(len(changes))
    return t_quantile((1.0 + CONFIDENCE) / 2.0, len(changes) - 1) * error


def _counted(verdicts: Sequence[str]) -> str:
    if len(verdicts) == 1:
        return verdicts[0]
    return ", ".join(f"{verdicts.count(one)} {one}" for one in dict.fromkeys(sorted(verdicts)))
