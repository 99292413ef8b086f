"""How a soak item runs: compute its iteration, note what the terminal shows, turn errors into failures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from pytest_soak.domain.errors import SoakError
from pytest_soak.domain.kpis import KPI_MEANINGS
from pytest_soak.domain.text import printable
from pytest_soak.plugin.causes import Cause
from pytest_soak.plugin.collection import case_of
from pytest_soak.plugin.handles import GateError, SoakGates, SoakIteration
from pytest_soak.plugin.wire import CanaryGates, ItemNote, Row

if TYPE_CHECKING:
    from pytest_soak.engine.canary import Canary

# Made once, as every report of a session keeps its properties.
_PROPERTIES = tuple((f"soak.{name}", name) for name in KPI_MEANINGS)


def run_item(item: pytest.Function, key: pytest.StashKey[dict[str, Any]], test: str = "") -> object | None:
    """Compute the item's iteration; True where the item needs no test function.

    What was computed until an error is reported all the same; ``test`` is shown beside the canary's name.
    """
    __tracebackhide__ = True
    part = item.funcargs.get("soak_iteration")
    if not isinstance(part, SoakIteration | SoakGates):
        return None
    try:
        cause = Cause(item, part.canary.spec.folder.name, "call")
        problem = _problem(partial(_compute, part, cause), SoakError)
    finally:
        item.stash[key] = _noted(part, test)
    if problem is not None:
        pytest.fail(problem, pytrace=False)
    _record_properties(item, part)
    if isinstance(part, SoakIteration):
        return None
    problem = _problem(part.check_gates, GateError)
    if problem is not None:
        pytest.fail(problem, pytrace=False)
    return True


def _compute(part: SoakIteration | SoakGates, cause: Cause) -> None:
    """Compute what an item is about; of the items that an error keeps from that, the first tells of it."""
    __tracebackhide__ = True
    canary = part.canary
    is_missing = canary.done < (part.number if isinstance(part, SoakIteration) else canary.planned)
    if is_missing and cause.told:
        pytest.fail(cause.told, pytrace=False)
    try:
        part.run()
    except Exception:
        cause.met()
        raise
    cause.over()


def _problem(action: Callable[[], object], kind: type[Exception]) -> str | None:
    """Text of the error that an action raises, without the traceback that a user can do nothing with."""
    try:
        action()
    except kind as error:
        # A missed gate is told in lines, whose parts were made printable one by one.
        return printable(str(error), newlines=kind is GateError)
    return None


def _noted(part: SoakIteration | SoakGates, test: str) -> dict[str, Any]:
    canary: Canary = part.canary
    records = list(part.computed)
    gates = None
    if isinstance(part, SoakIteration):
        if part.number <= canary.done and all(record.iteration != part.number for record in records):
            records.append(canary.record(part.number))
    elif canary.done == canary.planned:
        gates = CanaryGates.of(part.run(), part.verdict.value)
    note = ItemNote(
        key=canary.spec.folder.name,
        folder=str(canary.spec.folder),
        rows=[Row.of(record, canary.planned, test, canary.spec.table) for record in records],
        gates=gates,
    )
    return note.to_wire()


def _record_properties(item: pytest.Function, part: SoakIteration | SoakGates) -> None:
    """What an item measured as properties for JUnit and other reports; what was not measured has none.

    The gates item has the KPIs over the run, and the zone at its end.
    """
    record_origin(item)
    record = part.canary.record(part.canary.done) if isinstance(part, SoakGates) else part.record
    given: list[tuple[str, object]] = []
    if isinstance(part, SoakGates):
        given += [(f"soak.{gate.kpi}", gate.measured) for gate in part.run()]
    else:
        given += [(label, getattr(record.kpis, name)) for label, name in _PROPERTIES]
    given.append(("soak.zone", None if record.decision.zone is None else record.decision.zone.value))
    given.append(("soak.verdict", part.verdict.value))
    item.user_properties.extend((name, value) for name, value in given if value is not None)


def record_origin(item: pytest.Item) -> None:
    """Record in an item's properties what it soaks, once; also if it failed before it measured anything.

    The strategy is known where there is a canary; what overridden fixtures made of the rest stands there too.
    """
    case = case_of(item)
    if case is None or any(name == "soak.profile" for name, _ in item.user_properties):
        return
    canary: Canary | None = getattr(item, "funcargs", {}).get("soak_canary")
    origin: dict[str, object] = {
        "profile": case.profile_name,
        "scenario": case.scenario,
        "seed": case.seed,
    }
    if canary is not None:
        spec = canary.spec
        origin = {
            "profile": spec.profile.name,
            "scenario": spec.scenario,
            "seed": spec.seed,
            "strategy": spec.strategy.name,
        }
    item.user_properties += [(f"soak.{name}", printable(str(value))) for name, value in origin.items()]


def begin_with_the_gate(report: pytest.TestReport, error: BaseException) -> None:
    """Let the line of a missed gate in pytest's short summary begin with the gate, not with the exception.

    That line is cut at the terminal's width, of which the item's id has taken most.
    """
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None and isinstance(error, GateError | pytest.fail.Exception):
        crash.message = crash.message.partition(": ")[2] or crash.message
