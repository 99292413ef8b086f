"""Runs at a glance: verdict, how far each is, its size and its age."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pytest_soak.domain.errors import SoakError
from pytest_soak.domain.outcome import verdict_over
from pytest_soak.observe.reading import CanaryReading, RunReading, Unreadable
from pytest_soak.store.runs.retention import size_of
from pytest_soak.store.runs.runs import list_runs, read_manifest

DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class RunStatus:
    """One run: canaries, iterations done and planned, verdict, bytes, when it began and was last updated.

    ``verdict`` is the worst of its canaries; a run of which something cannot be read is ``damaged``, and
    ``problem`` says why. ``seen`` is the end of the newest iteration, None where there is none.
    """

    run_id: str
    canaries: int
    done: int
    planned: int
    verdict: str
    size: int
    began: datetime | None
    seen: datetime | None
    problem: str | None = None


def statuses(artifacts: Path) -> Iterator[RunStatus]:
    """Every run of an artifacts folder, newest first."""
    for folder in reversed(list_runs(artifacts)):
        yield status_of(folder)


def status_of(folder: Path) -> RunStatus:
    """One run; what cannot be read is said, not raised."""
    try:
        run = RunReading(folder, read_manifest(folder))
    except SoakError as error:
        return RunStatus(folder.name, 0, 0, 0, DAMAGED, size_of(folder), None, None, str(error))
    began = datetime.fromisoformat(run.manifest.created_at)
    found = list(run.readable())
    canaries = [canary for canary in found if isinstance(canary, CanaryReading)]
    problems = [canary.problem for canary in found if isinstance(canary, Unreadable)]
    return RunStatus(
        run_id=run.run_id,
        canaries=len(found),
        done=sum(len(canary.entries) for canary in canaries),
        planned=_planned(run, canaries),
        verdict=DAMAGED if problems else verdict_over([canary.outcome.verdict for canary in canaries]),
        size=size_of(folder),
        began=began,
        seen=max((ended for canary in canaries for ended in _ends(canary)), default=None),
        problem=problems[0] if problems else None,
    )


def _planned(run: RunReading, canaries: list[CanaryReading]) -> int:
    """Iterations of the canaries that have begun, and for each other what the run was asked for."""
    waiting = max(0, len(run.manifest.canaries) - len(canaries))
    return sum(canary.planned for canary in canaries) + waiting * (
        run.manifest.settings.iterations + sum(run.manifest.extensions)
    )


def _ends(canary: CanaryReading) -> Iterator[datetime]:
    for entry in canary.entries[-1:]:
        started = datetime.fromisoformat(entry.wall.started_at)
        yield started + timedelta(seconds=entry.wall.seconds)


_LINE = "{:<26} {:>8} {:>11} {:<12} {:>8}  {}"
HEAD = _LINE.format("run", "canaries", "iterations", "verdict", "size", "last update")


def line(status: RunStatus, now: datetime) -> str:
    """A run as a line of at most 80 columns."""
    updated = status.seen or status.began
    return _LINE.format(
        status.run_id[:26],
        status.canaries,
        f"{status.done}/{status.planned}",
        status.verdict,
        f"{status.size / 1e6:.1f} MB",
        "-" if updated is None else f"{age(now.astimezone(UTC) - updated)} ago",
    )


def age(span: timedelta) -> str:
    """A span of time in the one unit that tells most."""
    seconds = max(0.0, span.total_seconds())
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
