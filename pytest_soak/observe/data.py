"""What charts and tables are drawn from: a run and its canaries as plain JSON values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pytest_soak.domain.contract import LINEAR
from pytest_soak.domain.gates import describe, error_of
from pytest_soak.domain.kpis import KPI_MEANINGS, unit_of
from pytest_soak.domain.outcome import is_by_chance
from pytest_soak.domain.parameters import ParameterTable
from pytest_soak.domain.records import Action, GateResult, IterationRecord
from pytest_soak.domain.settings import TunerSettings
from pytest_soak.observe.reading import CanaryReading
from pytest_soak.observe.series import without_series
from pytest_soak.observe.sheet import COMPONENTS, sheet_of
from pytest_soak.store.journal.entries import Entry
from pytest_soak.store.journal.journal import TABLE

Json = dict[str, Any]


def row_of(canary: CanaryReading) -> Json:
    """A canary as a row of the table of canaries."""
    kpis, outcome = canary.headline, canary.outcome
    last = canary.records[-1] if canary.entries else None
    return {
        "name": canary.name,
        "profile": canary.inputs["profile"],
        "scenario": canary.inputs["scenario"],
        "seed": canary.inputs["seed"],
        "strategy": canary.inputs["strategy"],
        "source": canary.inputs["source"],
        "minutes": canary.inputs["minutes"],
        "done": len(canary.entries),
        "planned": canary.planned,
        "net_bps": None if kpis is None else kpis.net_bps,
        "risk_ratio": None if kpis is None else kpis.risk_ratio,
        "profit": None if kpis is None else kpis.profit_quote,
        "zone": None if last is None or last.decision.zone is None else last.decision.zone.value,
        "verdict": outcome.verdict,
        "why": why(canary),
        "nets": [record.kpis.net_bps for record in canary.records],
        "verdicts": [record.verdict.value for record in canary.records],
    }


def why(canary: CanaryReading) -> str:
    """Why the canary has its verdict, in one line; empty where nothing was missed."""
    worst = canary.outcome.worst
    places = [("over the run", canary.gates or ())]
    places += [(f"iteration {record.iteration}", record.gates) for record in canary.judged]
    for place, gates in places:
        missed = [gate for gate in gates if gate.verdict == worst and not gate.is_by_chance]
        if missed:
            return f"{place}: {describe(missed[0])}{_more(missed)}"
    return ""


def _more(gates: Sequence[GateResult]) -> str:
    return f" (+{len(gates) - 1} more)" if len(gates) > 1 else ""


def newest_of(canary: CanaryReading, row: Json) -> Json:
    """A canary, of which ``row`` is the row, with its newest iteration; None where it has none."""
    return {
        **row,
        "newest": iteration_of(canary.entries[-1]) if canary.entries else None,
        "stopped": stopped_by(canary.records),
        "units": units_of(canary.records),
    }


def canary_of(canary: CanaryReading) -> Json:
    """A canary with all its iterations, and what is made of them together."""
    table = ParameterTable.restored(canary.inputs.get(TABLE, {}))
    tuner = TunerSettings() if canary.profile is None else canary.profile.tuner
    made = {
        **row_of(canary),
        "iterations": [iteration_of(entry) for entry in canary.entries],
        "stopped": stopped_by(canary.records),
        "components": list(COMPONENTS),
        "units": units_of(canary.records),
        "gates": [gate.model_dump(mode="json") for gate in canary.gates or ()],
        "confidence": f"{100.0 * (1.0 - error_of(canary.extensions)):.4g} %",
        "kpis": None if canary.kpis is None else canary.kpis.model_dump(mode="json"),
        "parameters": {
            name: {"unit": one.unit, "low": one.low, "high": one.high} for name, one in table.items()
        },
        "zones": {
            "AGGRESSIVE": tuner.aggressive_risk,
            "MODERATE": tuner.moderate_risk,
            "HOLD": tuner.normalize_risk,
        },
        "thresholds": thresholds_of(canary),
        "without_series": without_series(canary.folder, _settled(canary)),
        "provenance": canary.records[0].provenance.model_dump(mode="json") if canary.entries else {},
    }
    return made | {"sheet": sheet_of(made)}


def _settled(canary: CanaryReading) -> list[int]:
    """Iterations that have all their files: those of the newest come a moment after it."""
    numbers = [record.iteration for record in canary.records]
    return numbers if canary.is_done else numbers[:-1]


def units_of(records: Sequence[IterationRecord]) -> dict[str, str]:
    """Unit of each KPI, which depends on the contract that is traded."""
    contract = (records[-1].market.contract if records else None) or LINEAR
    return {name: unit_of(name, contract) for name in KPI_MEANINGS}


def iteration_of(entry: Entry) -> Json:
    """What charts show of one iteration; ``sha256`` names its record in the journal."""
    record = entry.record
    return {
        "iteration": record.iteration,
        "verdict": record.verdict.value,
        "by_chance": is_by_chance(record.gates),
        "warmup": record.warmup,
        "zone": None if record.decision.zone is None else record.decision.zone.value,
        "kpis": {name: getattr(record.kpis, name) for name in KPI_MEANINGS},
        "blocks": record.blocks.model_dump(),
        "attempts": record.attempts,
        "parameters": record.parameters_before,
        "after": record.parameters_after,
        "applied": record.decision.applied_deltas,
        "refused": refused_in(record),
        "reverted": record.decision.reverted,
        "unread": list(record.unread),
        "contract": (record.market.contract or LINEAR).model_dump(),
        "labels": list(record.market.labels),
        "label_ms": record.market.label_ms,
        "notes": [*record.market.withheld, *record.market.notes],
        "missed": [describe(gate) for gate in record.gates if gate.verdict.value != "OK"],
        "started_at": entry.wall.started_at,
        "seconds": entry.wall.seconds,
        "resources": None if entry.wall.resources is None else entry.wall.resources.model_dump(),
        "sha256": entry.sha256,
    }


def refused_in(record: IterationRecord) -> dict[str, list[str]]:
    """Per guard, the parameters whose change it refused."""
    found: dict[str, list[str]] = {}
    for opinion in record.decision.opinions:
        if opinion.action is Action.REFUSE:
            found.setdefault(opinion.guard, []).append(opinion.parameter or "all")
    return found


def stopped_by(records: Sequence[IterationRecord]) -> dict[str, dict[str, int]]:
    """Per guard and parameter, how many proposed changes were refused."""
    counts: dict[str, Counter[str]] = {}
    for record in records:
        for guard, names in refused_in(record).items():
            counts.setdefault(guard, Counter()).update(names)
    return {guard: dict(sorted(counted.items())) for guard, counted in sorted(counts.items())}


def thresholds_of(canary: CanaryReading) -> dict[str, Json]:
    """Gates in force, each with the bounds that it has."""
    if canary.profile is None:
        return {}
    thresholds = canary.profile.gates.thresholds
    return {kpi: one.model_dump(exclude_none=True) for kpi, one in thresholds.items()}
