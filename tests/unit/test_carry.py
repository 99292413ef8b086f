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


def hashes(folder: Path, *stops: int) -> list[str]:
    """Record hashes of a canary that is opened anew after each stop, as after a kill."""
    for stop in stops:
        canary = Canary(spec(folder, strategy=Remembering()), PlainHooks())
        for _ in canary.advance_to(stop):
            pass
        found = [record.edge_hash for record in canary.records]
        canary.close()
    return found


def test_a_resumed_canary_carries_what_one_in_one_go_does(tmp_path: Path) -> None:
    whole = hashes(tmp_path / "whole", 6)
    assert hashes(tmp_path / "cut", 1, 2, 5, 6) == whole
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
