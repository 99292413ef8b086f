"""Rows of the terminal: through a report and back, and their text."""

from __future__ import annotations

import json
from dataclasses import replace

from pytest_soak.domain.parameters import DEFAULTS, PARAMETERS
from pytest_soak.plugin.lines import bound_uses, live_lines, parameter_lines, table_line, table_lines
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
