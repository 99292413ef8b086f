"""Reports of a canary that goes on, kept so that to pool them again after each iteration stays quick."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pytest_soak.domain.records import Course, EdgeReport, Sample
from pytest_soak.domain.sampling import merged_histogram
from pytest_soak.domain.values import Histogram, OwnValues

MOST_NEW = 16
"""Reports that are kept as they are until their distributions are merged, which is quicker at once."""

PartT = TypeVar("PartT", Sample, OwnValues)

_SAMPLES = tuple(name for name, field in EdgeReport.model_fields.items() if field.annotation is Sample)
# Not needed for the value of any KPI.
_GONE: Mapping[str, Any] = {"batches": None, "carry": None, "holdings": None, "under": {}}
_BARE: Mapping[str, Any] = {**dict.fromkeys(_SAMPLES, Sample(n=0, p95=None)), "course": None, "own": {}}


@dataclass(frozen=True)
class Folding:
    """Reports, of which the distributions of all but the newest are merged into the first.

    Values of KPIs that are pooled of them are those of the reports as they were committed; sampling errors
    and KPIs under other fill models cannot be told from them.
    """

    merged: tuple[EdgeReport, ...] = ()
    new: tuple[EdgeReport, ...] = ()
    bare: tuple[EdgeReport, ...] = ()
    """Their amounts and counts alone, which are pooled in a fraction of the time."""

    @property
    def reports(self) -> tuple[EdgeReport, ...]:
        """All of them, in order."""
        return (*self.merged, *self.new)

    def and_then(self, reports: Iterable[EdgeReport]) -> Folding:
        """These and those that follow."""
        added = [report.model_copy(update=_GONE) for report in reports]
        new, bare = (*self.new, *added), (*self.bare, *(report.model_copy(update=_BARE) for report in added))
        if len(new) < MOST_NEW:
            return Folding(self.merged, new, bare)
        first, *rest = _merged((*self.merged[:1], *new))
        return Folding((first, *self.merged[1:], *rest), (), bare)


def _merged(reports: Sequence[EdgeReport]) -> Iterator[EdgeReport]:
    samples = {name: _in_first([getattr(report, name) for report in reports]) for name in _SAMPLES}
    courses = _courses([report.course for report in reports])
    own = _own([report.own for report in reports])
    for place, report in enumerate(reports):
        parts = {name: found[place] for name, found in samples.items()}
        yield report.model_copy(update={**parts, "course": courses[place], "own": own[place]})


def _in_first(samples: Sequence[Sample]) -> Sequence[Sample]:
    """The samples with the values of all in the first; as they are where one holds no histogram."""
    whole = merged_histogram(samples)
    if whole is None:
        return samples
    # One without values cannot hold those of others.
    held = next(place for place, sample in enumerate(samples) if sample.n)
    first, *rest = (samples[held], *samples[:held], *samples[held + 1 :])
    return [_with(first, whole), *(_with(sample, _empty(whole)) for sample in rest)]


def _with(part: PartT, histogram: Histogram) -> PartT:
    return part.model_copy(update={"histogram": histogram})


def _empty(histogram: Histogram) -> Histogram:
    return Histogram(step=histogram.step, at=(), counts=())


def _courses(courses: Sequence[Course | None]) -> Sequence[Course | None]:
    known = [course for course in courses if course is not None]
    if len(known) < len(courses):
        return courses
    gaps = _in_first([course.requote_ms for course in known])
    return [course.model_copy(update={"requote_ms": gap}) for course, gap in zip(known, gaps, strict=True)]


def _own(all_own: Sequence[Mapping[str, OwnValues]]) -> Sequence[dict[str, OwnValues]]:
    found: list[dict[str, OwnValues]] = [{} for _ in all_own]
    for name in {name: None for own in all_own for name in own}:
        values = [own[name] for own in all_own if name in own]
        whole = merged_histogram([Sample(n=one.n, p95=one.p95, histogram=one.histogram) for one in values])
        first, *rest = values
        found[0][name] = first if whole is None else _with(first, whole)
        for place, one in enumerate(rest, 1):
            found[place][name] = one if whole is None else _with(one, _empty(whole))
    return found
