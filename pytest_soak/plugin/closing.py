"""The last lines of a soak: what is missing of the run, what to do next, and where things are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_soak.store.runs.layout import LATEST_NAME

if TYPE_CHECKING:
    from pytest_soak.domain.outcome import Outcome


def missing_line(missing: int, planned: int, run: str) -> str | None:
    """How many iterations a run that was cut short lacks; None for a whole run.

    Where the run is named, how to go on, too.
    """
    if missing <= 0:
        return None
    # Short enough for 80 columns with the name of a run: a command that is broken up cannot be copied.
    command = run and f"; pytest --soak-resume={run}"
    return f"missing: {missing} of {planned} iterations{command}"


def next_step(outcomes: Sequence[Outcome], *, failed: bool, start_at: str, report: str) -> str:
    """The line that says what to do next; it never says more than was judged.

    ``start_at`` is the file of the worst miss or the folder, ``report`` where the tuning can be read.
    """
    worst = {outcome.worst for outcome in outcomes}
    if "FAIL" in worst:
        return f"next: not fit to trade as it is; start at {start_at}"
    if "NO_DATA" in worst:
        return f"next: no verdict, not everything was measured; start at {start_at}"
    if "INCONCLUSIVE" in worst:
        return f"next: no verdict, more iterations would decide; what there is: {start_at}"
    if failed:
        return f"next: no gate was missed, but items failed for other reasons; see above, and {start_at}"
    if any(outcome.missing for outcome in outcomes):
        return f"next: no verdict, as the run was not whole; what there is: {start_at}"
    return _whole(outcomes, report)


def _whole(outcomes: Sequence[Outcome], report: str) -> str:
    if all(outcome.gate_mode == "off" for outcome in outcomes):
        return f"next: no verdict, as the gates are off; what was tuned: {report}"
    unjudged = [outcome for outcome in outcomes if outcome.gate_mode == "off" or outcome.pooled is None]
    if len(unjudged) == len(outcomes):
        return f"next: no verdict, as no gates item was run; what there is: {report}"
    if unjudged:
        of = f"{len(unjudged)} of {len(outcomes)} canaries"
        return f"next: no verdict on {of}, whose gates are off or were not run; the others held: {report}"
    by_chance = sum(outcome.by_chance for outcome in outcomes)
    held = "all gates held"
    if by_chance:
        held += f" over the run ({by_chance} iteration(s) missed one by no more than chance explains)"
    return f"next: {held}; what was tuned: {report}"


def short(path: Path) -> str:
    """A path by way of ``latest`` where that leads there, relative to the working directory if below it."""
    here = Path.cwd()
    for parent in path.parents:
        latest = parent / LATEST_NAME
        if latest.exists() and path.resolve().is_relative_to(latest.resolve()):
            path = latest / path.resolve().relative_to(latest.resolve())
            break
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()
