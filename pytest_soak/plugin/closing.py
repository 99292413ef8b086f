"""The last lines of a soak: what is missing of the run, what to do next, and where things are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_soak.config.limits import LATEST

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


def lost_line(lost: Sequence[str]) -> str:
    """What a run no longer holds of what its items have kept: names of files, the manifest or journals."""
    more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
    return (
        f"next: records of this run are missing: {lost[0]}{more} was removed during the run; "
        "put back what was there, or start a new run"
    )


def next_step(outcomes: Sequence[Outcome], *, failed: bool, start_at: str, report: str) -> str:
    """The line that says what to do next; it never says more than was judged.

    ``start_at`` is the file of the worst miss or the folder, ``report`` where the tuning can be read.
    """
    worst = {outcome.worst for outcome in outcomes}
    if "FAIL" in worst:
        return f"next: not fit to trade as it is{_because(outcomes, 'FAIL')}; start at {start_at}"
    if "NO_DATA" in worst:
        because = _because(outcomes, "NO_DATA")
        return f"next: no verdict, not everything was measured{because}; start at {start_at}"
    if "INCONCLUSIVE" in worst:
        return f"next: no verdict, more iterations would decide; what there is: {start_at}"
    if failed:
        return f"next: no gate was missed, but items failed for other reasons; see above, and {start_at}"
    if any(outcome.missing for outcome in outcomes):
        return f"next: no verdict, as the run was not whole; what there is: {start_at}"
    return _whole(outcomes, report)


def verdict_line(outcome: Outcome) -> str | None:
    """Why a canary's verdict is another than that of its pooled gates; None where it is the same."""
    if outcome.pooled is None or not outcome.worst_iterations:
        return None
    lacked = outcome.worst == "NO_DATA"
    what = "lacked data for a gate" if lacked else "missed a gate by more than chance explains"
    return f"verdict {outcome.worst}: {_iterations([outcome])} {what}"


def _because(outcomes: Sequence[Outcome], verdict: str) -> str:
    """How many iterations alone are behind a verdict, where no canary has it over the run."""
    behind = [outcome for outcome in outcomes if outcome.worst == verdict]
    if not all(outcome.worst_iterations for outcome in behind):
        return ""
    over = ", ".join(sorted({outcome.pooled for outcome in behind if outcome.pooled is not None}))
    return f" in {_iterations(behind)}{f' (over the run: {over})' if over else ''}"


def _iterations(outcomes: Sequence[Outcome]) -> str:
    judged = sum(len(outcome.verdicts) for outcome in outcomes)
    return f"{sum(outcome.worst_iterations for outcome in outcomes)} of {judged} iteration(s)"


def _whole(outcomes: Sequence[Outcome], report: str) -> str:
    if all(outcome.gate_mode == "off" for outcome in outcomes):
        return f"next: no verdict, as the gates are off; iteration by iteration: {report}"
    unjudged = [outcome for outcome in outcomes if outcome.gate_mode == "off" or outcome.pooled is None]
    if len(unjudged) == len(outcomes):
        return f"next: no verdict, as no gates item was run; what there is: {report}"
    if unjudged:
        of = f"{len(unjudged)} of {len(outcomes)} canaries"
        return f"next: no verdict on {of}, whose gates are off or were not run; the others held: {report}"
    by_chance = sum(outcome.by_chance for outcome in outcomes)
    warned = any(outcome.pooled == "WARN" for outcome in outcomes)
    held = "no gate failed, and those that warn are shown above," if warned else "all gates held"
    if by_chance:
        held += f" over the run ({by_chance} iteration(s) missed one by no more than chance explains)"
    return f"next: {held}; iteration by iteration: {report}"


def short(path: Path) -> str:
    """A path by way of ``latest`` where that leads there, relative to the working directory if below it."""
    here = Path.cwd()
    for parent in path.parents:
        latest = parent / LATEST
        if latest.exists() and path.resolve().is_relative_to(latest.resolve()):
            path = latest / path.resolve().relative_to(latest.resolve())
            break
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()
