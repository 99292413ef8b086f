"""The text of measured iterations: a line while the soak runs, a line of the table at its end."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Sequence

from pytest_soak.domain.gates import apart
from pytest_soak.domain.parameter import bound_of
from pytest_soak.domain.parameters import PARAMETERS
from pytest_soak.domain.text import cut, money, number
from pytest_soak.domain.unread import unread_text
from pytest_soak.plugin.wire import CanaryGates, GateSeen, Row


def lines_of_test(row: Row) -> list[str]:
    """The line that names an iteration's test, where that is needed."""
    return [f"    {cut(row.test, 76)}"] if row.test else []


def live_lines(row: Row, *, brief: bool = False) -> list[str]:
    """What is printed when an iteration is done: KPIs and verdict, then money, changes and guards."""
    head = (
        f"{row.canary} {row.iteration}/{row.iterations}"
        f"  net {number(row.net, '+.2f')}{'' if row.net is None else ' bps'}"
        f"  risk {number(row.risk, '.1%')}  adv95 {number(row.adverse, '.2f')}"
        f"  {row.zone or '-'}  {row.verdict}"
    )
    named = [head, *lines_of_test(row)]
    return named if brief else [*named, *_wrapped([_earned(row), *_notes(row), *_change_texts(row)])]


def _earned(row: Row) -> str:
    return (
        f"{row.strategy}: profit {money(row.profit)}, {number(row.fills, 'd')} fills, "
        f"position {number(row.position, '+.4g')}"
    )


def _change_texts(row: Row) -> list[str]:
    if row.reverted:
        return [f"PANIC: reverted to {row.reverted}"]
    return [f"{name} {before:g} -> {after:g}" for name, before, after in row.changes]


def _notes(row: Row) -> list[str]:
    notes = [f"{gate.verdict} {gate.kpi}{' by chance' * gate.is_by_chance}" for gate in row.gates]
    notes += ["warm-up: a missed gate only warns"] if row.warmup else []
    notes += [f"{guard} holds {', '.join(names)}" for guard, names in row.refused.items()]
    notes += ["few blocks: zone by rule, risk counts as 0"] if row.few_blocks else []
    if row.drivers:
        notes.append("driven by " + ", ".join(row.drivers))
    if row.labels:
        notes.append("market: " + ", ".join(row.labels))
    notes += row.market_notes
    if row.ended and row.end_ms > row.start_ms:
        notes.append(f"the recording ended at {row.end_ms / 1000.0:.1f} s")
    elif row.ended:
        notes.append("the recording had ended before this iteration")
    return notes


def _wrapped(parts: Sequence[str], width: int = 78, indent: str = "    ") -> list[str]:
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(part) + 2 <= width:
            lines[-1] += "; " + part
        else:
            # A guard that holds many parameters has more to say than a line holds.
            lines += textwrap.wrap(part, width, initial_indent=indent, subsequent_indent=f"{indent}  ")
    return lines


_TABLE = "{:>4} {:>7} {:>9} {:>5} {:>9} {:>6} {:>5} {:<10} {:>5} {}"
TABLE_HEAD = _TABLE.format(
    "iter", "net bps", "profit", "fills", "position", "risk", "adv95", "zone", "chg", "verdict"
)
WARM_UP = "(w)"
AS_MEASURED = "(m)"
_SPARKS = "_.:-=+*#%@"
_LEAST_SPARKS = 3
_LAST = 4


def table_line(row: Row) -> str:
    """One iteration as a line of the summary table, at most 80 columns wide."""
    line = _TABLE.format(
        row.iteration,
        number(row.net, "+.2f"),
        money(row.profit),
        number(row.fills, "d"),
        number(row.position, "+.3g"),
        number(row.risk, ".1%"),
        number(row.adverse, ".2f"),
        row.zone or "-",
        "PANIC" if row.reverted else str(len(row.changes)),
        row.verdict + (f" {WARM_UP}" if row.warmup else ""),
    )
    return line[:80]


def table_lines(rows: Sequence[Row]) -> list[tuple[str, str | None]]:
    """The table of a canary, each line with the verdict that colours it."""
    lines: list[tuple[str, str | None]] = [(TABLE_HEAD, None)]
    shown = shortened(rows)
    lines += [(table_line(row), row.verdict) for row in shown]
    if len(shown) < len(rows):
        lines.append((f"      ({len(rows) - len(shown)} more iterations in the journal)", None))
    if any(row.warmup for row in shown):
        lines.append((f"{WARM_UP} warm-up: a missed gate only warns", None))
    few = sum(row.few_blocks for row in rows)
    if few:
        lines.append((f"few blocks in {few} iteration(s): zone by rule, risk counts as 0", None))
    return lines


def gates_lines(gates: CanaryGates, gate_mode: str) -> list[str]:
    """The verdict over a whole canary, then the KPIs behind it."""
    parts = [f"{gate_text(gate)}{f' {AS_MEASURED}' if gate.is_as_measured else ''}" for gate in gates.gates]
    legend = [f"{AS_MEASURED} judged as measured: no sampling error of it is known"]
    off = " (gates off: nothing fails)" if gate_mode == "off" else ""
    return [
        f"after the warm-up: {gates.verdict}{off}",
        *_wrapped(parts),
        *(legend if any(gate.is_as_measured for gate in gates.gates) else ()),
    ]


def gate_text(gate: GateSeen) -> str:
    """A gate's KPI, measured value and bound, with as many digits as it takes to tell the two apart.

    Where another value was judged than that, why.
    """
    measured = "-" if gate.measured is None else apart(gate.measured, float(gate.bound.split()[-1]))[0]
    return f"{gate.kpi} {measured} ({gate.bound}{'' if gate.note is None else f'; {gate.note}'})"


def parameter_lines(rows: Sequence[Row]) -> list[str]:
    """Parameters at the end, and for how many iterations each lay at a bound."""
    values = [f"{name} {value:g}" for name, value in rows[-1].after.items()]
    lines = ["parameters at the end:"]
    lines += ["  " + ", ".join(values[start : start + 3]) for start in range(0, len(values), 3)]
    at_bound = bound_uses(rows)
    if at_bound:
        lines.append(f"iterations at a bound, of {len(rows)}:")
        lines += _wrapped([f"{name} {count} {side}" for (name, side), count in at_bound.items()], indent="  ")
    return lines


def unread_line(rows: Sequence[Row]) -> str:
    """What the tuner moved of what the strategy never read; empty where there is nothing of that."""
    iterations = (([] if row.reverted else [name for name, _, _ in row.changes], row.unread) for row in rows)
    text = unread_text(rows[0].strategy, iterations)
    return text and f"{rows[0].canary}: {text}"


def bound_uses(rows: Sequence[Row]) -> dict[tuple[str, str], int]:
    """Per parameter and side, how many iterations ran with it at that bound; the most first."""
    uses: Counter[tuple[str, str]] = Counter()
    for row in rows:
        for name, value in row.before.items():
            side = bound_of(value, *(row.bounds.get(name) or PARAMETERS[name].bounds))
            if side is not None:
                uses[name, side] += 1
    return dict(uses.most_common())


def shortened(rows: Sequence[Row], most: int = 24, kept: int = 14) -> Sequence[Row]:
    """The rows worth a line: all where they are few, else the worst verdicts, least net first, and the last.

    A day in iterations of a quarter of an hour then takes one screen.
    """
    if len(rows) <= most:
        return rows
    poor = [row for row in rows[:-_LAST] if row.verdict != "OK"]
    poor.sort(key=lambda row: (row.verdict == "WARN", -math.inf if row.net is None else row.net))
    shown = {row.iteration for row in [*poor[: kept - _LAST], *rows[-_LAST:]]}
    return [row for row in rows if row.iteration in shown]


def spark_lines(rows: Sequence[Row]) -> list[str]:
    """Net and risk of all iterations as two small pictures; none where there are few."""
    if len(rows) < _LEAST_SPARKS:
        return []
    net, risk = [row.net for row in rows], [row.risk for row in rows]
    return [
        f"{name:<5}|{sparkline(values)}| {_range(values, form)}"
        for name, values, form in (("net", net, "+.2f"), ("risk", risk, ".1%"))
    ]


def sparkline(values: Sequence[float | None], width: int = 48) -> str:
    """Values from the lowest ``_`` to the highest ``@``, means where more than fit; ``?`` is none."""
    cells = [values[n * len(values) // width : (n + 1) * len(values) // width] for n in range(width)]
    parts = [[value] for value in values] if len(values) <= width else cells
    means = [_mean(part) for part in parts]
    known = [mean for mean in means if mean is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    scale = (len(_SPARKS) - 1) / (high - low) if high > low else 0.0
    return "".join("?" if mean is None else _SPARKS[round((mean - low) * scale)] for mean in means)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None


def _range(values: Sequence[float | None], form: str) -> str:
    known = [value for value in values if value is not None]
    return f"{min(known):{form}} to {max(known):{form}}" if known else "-"
