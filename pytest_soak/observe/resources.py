"""What a canary's process held over its iterations, and the verdicts on leaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from pytest_soak.domain.leaks import Budget, Trend, trend_of
from pytest_soak.domain.text import number

Json = dict[str, Any]

DISK_BYTES = 1e9
"""What a canary may take on the disk by its last planned iteration."""
_BUDGETS = {
    "rss_bytes": Budget(slope=10_000.0, growth=500_000.0),
    "open_files": Budget(slope=0.02, growth=3.0),
    "threads": Budget(slope=0.02, growth=3.0),
}
_NAMES = {
    "rss_bytes": ("resident memory", 1e6, " MB"),
    "open_files": ("open files", 1.0, ""),
    "threads": ("threads", 1.0, ""),
    "disk_bytes": ("disk", 1e6, " MB"),
}
_ORDER = ("leak", "inconclusive", "warming", "stable", "NO_DATA")


def budgets(planned: int) -> Mapping[str, Budget]:
    """How much each resource may grow, for a canary of so many iterations."""
    return _BUDGETS | {"disk_bytes": Budget(slope=DISK_BYTES / planned, growth=0.0)}


def trends(canary: Json) -> dict[str, Trend]:
    """Per resource that was measured, the worst trend that it had in one process."""
    return {
        name: min(found, key=lambda one: _ORDER.index(one.verdict))
        for name, budget in budgets(canary["planned"]).items()
        if (found := [trend_of(part, budget) for part in _parts(canary["iterations"], name)])
    }


def _parts(iterations: Sequence[Json], name: str) -> Iterator[list[float]]:
    """The values of a resource, process by process: the memory of two is no series."""
    known = [one["resources"] for one in iterations if one["resources"] is not None]
    for _, part in groupby(known, key=lambda one: one["process"]):
        values = [float(one[name]) for one in part if one[name] is not None]
        if values:
            yield values


def rows(canary: Json) -> Iterator[list[str]]:
    """Rows of the report: first, last, largest, growth per iteration with its interval, verdict."""
    for name, trend in trends(canary).items():
        title, unit, text = _NAMES[name]
        measured = [one["resources"] for one in canary["iterations"] if one["resources"] is not None]
        values = [one[name] / unit for one in measured if one[name] is not None]
        shown = [f"{number(value, '.4g')}{text}" for value in (values[0], values[-1], max(values))]
        place = f"wall.resources.{name}"
        yield [title, *shown, _slope(trend, unit, text), trend.verdict, place]
    spent = [one["resources"]["cpu_seconds"] for one in canary["iterations"] if one["resources"] is not None]
    if spent:
        shown = [f"{number(value, '.3g')} s" for value in (spent[0], spent[-1], max(spent))]
        yield ["CPU time", *shown, "-", "-", "wall.resources.cpu_seconds"]


def _slope(trend: Trend, unit: float, text: str) -> str:
    if trend.slope is None or trend.low is None or trend.high is None:
        return "-"
    slope, low, high = (number(value / unit, "+.3g") for value in (trend.slope, trend.low, trend.high))
    return f"{slope}{text} ({low} to {high})"
