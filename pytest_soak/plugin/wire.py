"""One measured iteration as plain values: what travels from a worker to the terminal, and its text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_soak.domain.records import GateResult, IterationRecord

Row = dict[str, Any]

MISSED = ("FAIL", "NO_DATA")


def row_of(record: IterationRecord) -> Row:
    """Reduce a record to what the terminal shows; only values that survive a report's serialisation."""
    decision = record.decision
    kpis = record.kpis
    refused: dict[str, list[str]] = {}
    for opinion in decision.opinions:
        if opinion.action.value == "refuse":
            names = refused.setdefault(opinion.guard, [])
            names.append(opinion.parameter or "all")
    return {
        "canary": record.provenance.canary,
        "source": record.provenance.source,
        "iteration": record.iteration,
        "iterations": record.iterations,
        "minutes": record.minutes,
        "net": kpis.net_bps,
        "risk": kpis.risk_ratio,
        "adverse": kpis.adverse_bps_p95,
        "slippage": kpis.slippage_bps_p95,
        "maker": kpis.maker_taker_ratio,
        "zone": None if decision.zone is None else decision.zone.value,
        "drivers": list(decision.drivers),
        "verdict": record.verdict.value,
        "gates": [[g.kpi, g.verdict.value] for g in record.gates if g.verdict.value != "OK"],
        "warmup": record.warmup,
        "gate_mode": record.gate_mode.value,
        "reverted": decision.reverted,
        "changes": [
            [name, record.parameters_before[name], record.parameters_after[name]]
            for name in record.parameters_before
            if record.parameters_before[name] != record.parameters_after[name]
        ],
        "refused": {guard: sorted(set(names)) for guard, names in refused.items()},
        "labels": list(record.market.labels),
        "market_notes": [*record.market.withheld, *record.market.notes],
        "ended": record.market.ended,
        "start_ms": record.market.start_ms,
        "end_ms": record.market.end_ms,
        "parameters": dict(record.parameters_after),
    }


def gates_row(gates: Sequence[GateResult], verdict: str) -> Row:
    """Reduce the verdict over a whole canary to what the terminal shows."""
    return {"verdict": verdict, "gates": [[g.kpi, g.verdict.value, g.measured, g.bound] for g in gates]}


def is_missed(row: Row) -> bool:
    """Whether an iteration after the warm-up missed a gate, whatever the gate mode made of it."""
    return row["verdict"] in MISSED and not row["warmup"]


def number(value: float | None, form: str) -> str:
    """Format a measured value; what was not measured is a dash."""
    return "-" if value is None else format(value, form)


def live_lines(row: Row) -> list[str]:
    """What is printed when an iteration is done: KPIs and verdict, then changes and guards."""
    head = (
        f"{row['canary']} {row['iteration']}/{row['iterations']}"
        f"  net {number(row['net'], '+.2f')}{'' if row['net'] is None else ' bps'}"
        f"  risk {number(row['risk'], '.1%')}  adv95 {number(row['adverse'], '.2f')}"
        f"  {row['zone'] or '-'}  {row['verdict']}"
    )
    details = [*_notes(row), *_change_texts(row)]
    return [head, *_wrapped(details)]


def _change_texts(row: Row) -> list[str]:
    if row["reverted"]:
        return [f"PANIC: reverted to {row['reverted']}"]
    return [f"{name} {before:g} -> {after:g}" for name, before, after in row["changes"]]


def _notes(row: Row) -> list[str]:
    notes = [f"{verdict} {kpi}" for kpi, verdict in row["gates"]]
    notes += ["warm-up: a missed gate only warns"] if row["warmup"] else []
    notes += [f"{guard} holds {', '.join(names)}" for guard, names in row["refused"].items()]
    if row["drivers"]:
        notes.append("driven by " + ", ".join(row["drivers"]))
    if row["labels"]:
        notes.append("market: " + ", ".join(row["labels"]))
    notes += row["market_notes"]
    if row["ended"] and row["end_ms"] > row["start_ms"]:
        notes.append(f"the recording ended at {row['end_ms'] / 1000.0:.1f} s")
    elif row["ended"]:
        notes.append("the recording had ended before this iteration")
    return notes


def _wrapped(parts: list[str], width: int = 78, indent: str = "    ") -> list[str]:
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(part) + 2 <= width:
            lines[-1] += "; " + part
        else:
            lines.append(indent + part)
    return lines


_TABLE = "{:>5} {:>8} {:>7} {:>6} {:>6} {:>6}  {:<10} {:>7}  {}"
TABLE_HEAD = _TABLE.format(
    "iter", "net bps", "risk", "adv95", "slip95", "maker", "zone", "changes", "verdict"
)


def table_line(row: Row) -> str:
    """One iteration as a line of the summary table, at most 80 columns wide."""
    changes = "PANIC" if row["reverted"] else str(len(row["changes"]))
    line = _TABLE.format(
        row["iteration"],
        number(row["net"], "+.2f"),
        number(row["risk"], ".1%"),
        number(row["adverse"], ".2f"),
        number(row["slippage"], ".2f"),
        number(row["maker"], ".3f"),
        row["zone"] or "-",
        changes,
        row["verdict"] + (" warm-up" if row["warmup"] else ""),
    )
    return line[:80]


def gates_lines(gates: Row) -> list[str]:
    """The verdict over a whole canary, then the KPIs behind it."""
    parts = [f"{kpi} {number(measured, '.3g')} ({bound})" for kpi, _, measured, bound in gates["gates"]]
    return [f"after the warm-up: {gates['verdict']}", *_wrapped(parts)]


def shortened(rows: list[Row], most: int = 24) -> list[Row]:
    """The rows worth a line: all where they are few, else those that are not OK, and the last ones."""
    if len(rows) <= most:
        return rows
    last = rows[-4:]
    bad = [row for row in rows[:-4] if row["verdict"] != "OK"]
    return [*bad[: most - 4], *last]
