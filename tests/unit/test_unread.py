"""Parameters that the tuner moves while the strategy never reads them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_soak import Strategy, View
from pytest_soak.domain.parameters import DEFAULTS
from pytest_soak.domain.unread import unread_text
from pytest_soak.engine.watched import Watched
from pytest_soak.market.in_force import in_force
from pytest_soak.plugin.lines import unread_line
from pytest_soak.plugin.wire import Row
from tests import canary_kit
from tests.unit.test_lines import ROW

VALUES = {"one": 1.0, "two": 2.0}


@pytest.mark.parametrize(
    ("reads", "left"),
    [
        (len, ("one", "two")),
        (lambda w: (list(w), w.keys(), len(w), "one" in w), ("one", "two")),
        (lambda w: w["one"], ("two",)),
        (lambda w: w.get("two"), ("one",)),
        (lambda w: dict(w), ()),
        (lambda w: {**w}, ()),
        (lambda w: w | {}, ()),
        (lambda w: w.copy(), ()),
        (lambda w: json.dumps(w), ()),
        (lambda w: list(w.values()), ()),
        (lambda w: in_force(w), ("one", "two")),
        (lambda w: [in_force(w).two for _ in range(3)], ("one",)),
    ],
)
def test_what_is_read_is_noted(reads: Callable[[Any], Any], left: tuple[str, ...]) -> None:
    watched = Watched(VALUES)
    reads(watched)
    assert watched.unread == left
    assert watched == VALUES


def test_a_parameter_that_there_is_not_is_no_attribute() -> None:
    parameters = in_force(VALUES)
    assert (parameters.one, parameters.one) == (1.0, 1.0)
    with pytest.raises(AttributeError, match="no parameter 'three'; known are one, two"):
        _ = parameters.three
    assert not hasattr(parameters, "__deepcopy__")


@pytest.mark.parametrize("name", ["one", "three"])
def test_a_strategy_does_not_set_a_parameter(name: str) -> None:
    """Before it was read, and after."""
    parameters = in_force(VALUES)
    for _ in range(2):
        with pytest.raises(AttributeError, match=f"{name} = 3.0: parameters cannot be set by the strategy"):
            setattr(parameters, name, 3.0)
        assert parameters.one == 1.0


def test_only_what_no_iteration_read_and_the_tuner_moved_is_told() -> None:
    iterations = [(["a", "b"], ["a", "b", "c"]), (["a", "b", "d"], ["a", "c", "d"])]
    assert unread_text("mine", iterations) == "strategy mine never read what the tuner moved: a 2x"
    assert unread_text("mine", [([], ["a"])]) == ""
    assert unread_text("mine", []) == ""
    # The report has what was applied by its amount, which is no number of times.
    applied = {"a": -5.0}
    assert (
        unread_text("mine", [(applied, ["a"])] * 2) == "strategy mine never read what the tuner moved: a 2x"
    )


class Reader(Strategy):
    """Reads two parameters, one of them late."""

    name = "reader"

    def on_step(self, view: View) -> None:
        if view.mid is not None and not view.in_flight:
            view.cancel_all()
            view.place(1, view.mid * 0.999, view.parameters.impact_cap_ratio)
        if view.left_ms < 1_000.0:
            view.record("tail", view.parameters.tail_age_ms)


def test_records_say_what_was_not_read_and_the_summary_what_was_moved_of_it(tmp_path: Path) -> None:
    records = canary_kit.run(canary_kit.spec(tmp_path, iterations=2, minutes=0.2, strategy=Reader()))
    unread = tuple(sorted(set(DEFAULTS) - {"impact_cap_ratio", "tail_age_ms"}))
    assert [record.unread for record in records] == [unread, unread]
    rows = [Row.of(record, 2) for record in records]
    moved = {name for row in rows for name, _, _ in row.changes} - {"impact_cap_ratio", "tail_age_ms"}
    assert all(name in unread_line(rows) for name in moved)
    assert "impact_cap_ratio" not in unread_line(rows)


def test_the_shipped_maker_reads_all(tmp_path: Path) -> None:
    (record,) = canary_kit.run(canary_kit.spec(tmp_path, iterations=1, minutes=0.1))
    assert record.unread == ()


def test_a_line_of_the_summary() -> None:
    moved = dataclasses.replace(
        ROW, after={**DEFAULTS, "min_interval_ms": 61.0}, unread=("min_interval_ms", "tail_age_ms")
    )
    line = "default-calm-s1: strategy mine never read what the tuner moved: min_interval_ms 2x"
    assert unread_line([moved, moved]) == line
    assert unread_line([dataclasses.replace(moved, reverted="steady_safe")]) == ""
    assert unread_line([ROW]) == ""
