"""Rows of the terminal: through a report and back, and their text."""

from __future__ import annotations

import json
import time
from dataclasses import replace

from pytest_soak.domain.parameters import DEFAULTS, PARAMETERS
from pytest_soak.plugin.lines import (
    bound_uses,
    gate_text,
    gates_lines,
    live_lines,
    parameter_lines,
    shortened,
    spark_lines,
    sparkline,
    table_line,
    table_lines,
)
from pytest_soak.plugin.progress import Progress
from pytest_soak.plugin.wire import CanaryGates, GateSeen, ItemNote, Row

ROW = Row(
    canary="default-calm-s1",
    source="mock",
    profile="default",
    scenario="calm",
    seed=1,
    strategy="mine",
    iteration=3,
    iterations=4,
    minutes=5.0,
    net=1.5,
    profit=12.345,
    fills=7,
    position=-0.25,
    risk=0.2,
    adverse=None,
    zone="NORMALIZE",
    drivers=("risk",),
    verdict="FAIL",
    gates=(GateSeen(kpi="net_bps", verdict="FAIL", measured=1.5, bound=">= 2"),),
    warmup=False,
    gate_mode="hard",
    reverted=None,
    before=dict(DEFAULTS),
    after=dict(DEFAULTS),
    refused={"soak_freeze": ("min_interval_ms",)},
    labels=(),
    market_notes=(),
    ended=False,
    start_ms=0.0,
    end_ms=1.0,
)


def test_a_guard_that_holds_many_parameters_keeps_to_the_width() -> None:
    names = tuple(f"own_parameter_{n}" for n in range(12))
    lines = live_lines(replace(ROW, refused={"soak_late": names}))
    assert max(map(len, lines)) <= 80
    assert " ".join(" ".join(lines).split()).count("own_parameter_") == len(names)


def test_a_note_comes_back_from_a_report_as_it_was() -> None:
    """Through JSON, which is as little as any carrier of reports can hold."""
    note = ItemNote(key="k", folder="f", rows=[ROW], gates=CanaryGates(verdict="FAIL", gates=ROW.gates))
    assert ItemNote.from_wire(json.loads(json.dumps(note.to_wire()))) == note
    bare = replace(note, rows=[], gates=None)
    assert ItemNote.from_wire(json.loads(json.dumps(bare.to_wire()))) == bare


def test_strategy_profit_fills_and_position_are_shown() -> None:
    """In the iteration's lines, and all but the strategy's name in the table."""
    assert "    mine: profit +12.35, 7 fills, position -0.25" in live_lines(ROW)[1]
    assert table_line(ROW).split()[:5] == ["3", "+1.50", "+12.35", "7", "-0.25"]


def test_what_was_not_measured_is_a_dash() -> None:
    """Never a zero."""
    empty = replace(ROW, net=None, profit=None, fills=None, position=None, risk=None)
    assert "mine: profit -, - fills, position -" in live_lines(empty)[1]
    assert table_line(empty).split()[:7] == ["3", "-", "-", "-", "-", "-", "-"]


def test_wide_values_keep_to_80_columns() -> None:
    """Large amounts, panic, and a verdict in the warm-up."""
    wide = replace(
        ROW, net=-123.45, profit=-99_999.99, fills=99_999, position=-12345.6, risk=1.0, adverse=99.99
    )
    wide = replace(wide, zone="AGGRESSIVE", verdict="NO_DATA", warmup=True, reverted="abc")
    assert all(len(line) <= 80 for line, _ in table_lines([wide]))
    assert table_line(wide).endswith("NO_DATA (w)")


def test_iterations_at_a_bound_are_counted_over_the_run() -> None:
    """Per parameter and side, by the values that were in force."""
    interval = PARAMETERS["min_interval_ms"]
    low = replace(ROW, before={**DEFAULTS, "min_interval_ms": interval.low})
    high = replace(ROW, before={**DEFAULTS, "min_interval_ms": interval.high})
    assert bound_uses([low, high, low, ROW]) == {
        ("min_interval_ms", "low"): 2,
        ("min_interval_ms", "high"): 1,
    }
    assert "  min_interval_ms 2 low; min_interval_ms 1 high" in parameter_lines([low, high, low, ROW])
    assert not any("bound" in line for line in parameter_lines([ROW]))


def test_a_day_keeps_its_worst_iterations_and_the_last_ones() -> None:
    """In their order; WARN only where there is room."""
    rows = [
        replace(ROW, iteration=n, net=float(n), verdict="FAIL" if n % 10 == 0 else "WARN")
        for n in range(1, 97)
    ]
    shown = [row.iteration for row in shortened(rows)]
    assert shown == [1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 93, 94, 95, 96]
    assert len(shortened(rows[:24])) == 24
    assert len(table_lines(rows)) == 16


def test_small_pictures_are_ascii_and_of_one_width() -> None:
    """The lowest and the highest value, what was not measured, and means of many."""
    assert sparkline([0.0, 9.0, None, 5.0]) == "_@?+"
    assert sparkline([2.0, 2.0]) == "__"
    assert sparkline([None]) == "?"
    many = sparkline([float(n // 2) for n in range(96)])
    assert (len(many), many[0], many[-1], many.isascii()) == (48, "_", "@", True)
    assert spark_lines([ROW, ROW]) == []
    net, risk = spark_lines([ROW, replace(ROW, net=-3.0, risk=None), replace(ROW, risk=0.5)])
    assert net == "net  |@_@| -3.00 to +1.50"
    assert risk == "risk |_?@| 20.0% to 50.0%"
    assert spark_lines([replace(ROW, net=None)] * 3)[0] == "net  |???| -"


def test_progress_says_what_is_done_and_the_worst_gate_and_comes_ten_times() -> None:
    """Where a line stays in place it comes every time."""
    fine, told = replace(ROW, gates=(), verdict="OK"), []
    progress = Progress(planned=40, canaries=1, began=time.monotonic())

    def write(text: str) -> bool:
        told.append(text)
        return False

    for n in range(1, 41):
        progress.tell("one", replace(ROW if n == 7 else fine, iteration=n, iterations=40), write)
    assert len(told) == 11
    assert told[0].startswith("soak: 1/40 iterations, 0/1 canaries done, ")
    assert told[0].endswith(" left")
    assert told[-1] == "soak: 40/40 iterations, 1/1 canaries done, worst FAIL net_bps in 7"
    in_place, shown = Progress(planned=80, canaries=3, began=time.monotonic()), []

    def rewrite(text: str) -> bool:
        shown.append(text)
        return True

    for n in range(1, 9):
        in_place.tell("one" if n % 2 else "two", replace(fine, iteration=n, iterations=40), rewrite)
    assert len(shown) == 8
    assert "0/3 canaries done, now 8/40, " in shown[-1]


def test_the_time_left_counts_what_the_first_iteration_took() -> None:
    progress = Progress(planned=3, canaries=1, began=time.monotonic() - 600.0)
    progress.add("one", ROW)
    assert "20 min left" in progress.text(ROW)


def test_a_worse_gate_takes_the_place_of_one_before() -> None:
    """NO_DATA is worse than WARN, FAIL than both; of equal ones the first stays."""
    progress = Progress(planned=4, canaries=1, began=time.monotonic())
    for n, verdict in enumerate(("WARN", "NO_DATA", "FAIL", "FAIL"), start=1):
        gate = GateSeen(kpi=f"kpi{n}", verdict=verdict, measured=None, bound=">= 2")
        progress.add("one", replace(ROW, iteration=n, gates=(gate,)))
    assert "worst FAIL kpi3 in 3" in progress.text(ROW)


def test_gates_that_judge_as_measured_are_marked() -> None:
    """Passed or missed: green by chance is told as red by chance is."""
    gates = [
        GateSeen(kpi="net_bps", verdict="OK", measured=3.4, bound=">= 2"),
        GateSeen(kpi="quote_uptime", verdict="OK", measured=0.95, bound=">= 0.9", is_as_measured=True),
    ]
    *lines, legend = gates_lines(CanaryGates(verdict="OK", gates=gates), "hard")
    assert lines == ["after the warm-up: OK", "    net_bps 3.4 (>= 2); quote_uptime 0.95 (>= 0.9) (m)"]
    assert legend == "(m) judged as measured: no sampling error of it is known"
    assert "(m)" not in " ".join(gates_lines(CanaryGates(verdict="OK", gates=gates[:1]), "hard"))


def test_a_risk_that_does_not_count_says_so_wherever_it_is_shown() -> None:
    """Beside its number, which is over the bound that held."""
    few = replace(ROW, risk=1.0, gates=(), verdict="OK", few_blocks=True)
    said = "few blocks: zone by rule, risk counts as 0"
    assert any(said in line for line in live_lines(few))
    assert not any("few blocks" in line for line in live_lines(ROW))
    assert (
        table_lines([few, few, ROW])[-1][0] == "few blocks in 2 iteration(s): zone by rule, risk counts as 0"
    )
    note = "1.00% of attempts were blocked, judged from 5.00% on"
    gate = GateSeen(kpi="risk_ratio", verdict="OK", measured=1.0, bound="<= 0.4", note=note)
    assert gate_text(gate) == f"risk_ratio 1 (<= 0.4; {note})"
