"""What a strategy carries from one iteration to the next is in the journal, so that a resume knows it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_soak.domain.errors import SoakStateError
from pytest_soak.domain.records import EdgeReport
from pytest_soak.engine.canary import Canary
from pytest_soak.market import Market, Window
from tests.canary_kit import PlainHooks, spec
from tests.rules_kit import edge_report


class Remembering:
    """Sells less the more iterations it remembers."""

    name = "remembering"

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def describe(self) -> dict[str, object]:
        return {}

    def run(self, market: Market, parameters: Mapping[str, float], window: Window) -> EdgeReport:
        carry = window.carry or {"past": []}
        self.seen.append({"past": [*carry["past"]]})
        carry["past"].append(window.iteration)
        return edge_report().model_copy(update={"carry": carry, "attempts": 100 + len(carry["past"])})


def hashes(folder: Path, *stops: int, strategy: type[Remembering] = Remembering) -> list[str]:
    """Record hashes of a canary that is opened anew after each stop, as after a kill."""
    for stop in stops:
        canary = Canary(spec(folder, strategy=strategy()), PlainHooks())
        for _ in canary.advance_to(stop):
            pass
        found = [record.edge_hash for record in canary.records]
        canary.close()
    return found


def test_a_resumed_canary_carries_what_one_in_one_go_does(tmp_path: Path) -> None:
    whole = hashes(tmp_path / "whole", 6)
    assert hashes(tmp_path / "cut", 1, 2, 5, 6) == whole
    assert hashes(tmp_path / "out_of_order", 4, 1, 6, 2) == whole
    assert len(set(whole)) == 6


def test_each_iteration_gets_what_the_one_before_reported(tmp_path: Path) -> None:
    strategy = Remembering()
    canary = Canary(spec(tmp_path, strategy=strategy), PlainHooks())
    for _ in canary.advance_to(3):
        pass
    assert strategy.seen == [{"past": []}, {"past": [1]}, {"past": [1, 2]}]
    # The strategy appends to what it got: that changes nothing of what was reported.
    assert [canary.edge(n).carry for n in (1, 2, 3)] == [{"past": list(range(1, n + 1))} for n in (1, 2, 3)]
    canary.close()


class Ordered(Remembering):
    """Hands in keys that are not sorted and a list twice, and tells what it gets back."""

    def run(self, market: Market, parameters: Mapping[str, float], window: Window) -> EdgeReport:
        carry, told = window.carry, 0
        if carry is not None:
            carry["one"].append(0)
            told = 10 * list(carry).index("z") + len(carry["other"])
        shared = [1]
        handed = {"z": 1, "one": shared, "other": shared, "a": 2}
        return edge_report().model_copy(update={"carry": handed, "attempts": 3000 + told})


def test_order_and_identity_of_what_is_carried_are_those_of_the_journal(tmp_path: Path) -> None:
    whole = hashes(tmp_path / "whole", 4, strategy=Ordered)
    assert hashes(tmp_path / "cut", 1, 2, 3, 4, strategy=Ordered) == whole
    assert whole[1:] == whole[1:2] * 3


class Careless(Remembering):
    def run(self, market: Market, parameters: Mapping[str, float], window: Window) -> EdgeReport:
        return edge_report().model_copy(update={"carry": {"prices": {1.0, 2.0}}})


def test_what_is_no_json_fails_the_iteration_by_the_strategys_name(tmp_path: Path) -> None:
    canary = Canary(spec(tmp_path, strategy=Careless()), PlainHooks())
    with pytest.raises(
        SoakStateError, match=r"strategy remembering: .* carry\.prices = \{1\.0, 2\.0\}; accepted"
    ):
        next(canary.advance_to(1))
    assert canary.done == 0
    canary.close()


def test_a_window_can_be_a_key_whatever_it_carries() -> None:
    window = Window(iteration=2, iterations=3, start_ms=1.0, duration_ms=1.0, carry={"a": []})
    assert {window: 1}[window] == 1
