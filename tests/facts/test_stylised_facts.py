"""Stylised facts of the mock market, with a control that must fail those that it lacks.

``pytest_soak/market/facts/table.py`` says of each fact the statistic, the accepted range and its source; here
a day and four hours (100,000 returns of a second) are measured, 17 hours of the control. Fewer observations
than a fact asks for fail too.
"""

from __future__ import annotations

from functools import cache

import pytest

from pytest_soak.market import load_scenario
from pytest_soak.market.facts.crash import CRASH_FACTS
from pytest_soak.market.facts.finding import Fact, find
from pytest_soak.market.facts.table import FACTS
from pytest_soak.market.tape import Tape, tape_of_scenario

DAY_S = 100_800.0
CONTROL_S = 61_200.0
CRASH_S = 3_600.0

# Independent orders of one size have no clusters, no memory of sides and no heavy tails, and prices that come
# out of the book alone do not follow them for good; what flow does with the price at once is real.
LACKED = {
    "heavy tails",
    "peaked returns",
    "aggregational normality",
    "jumps",
    "clustered volatility",
    "decay of clusters",
    "volatility of volatility",
    "branching ratio",
    "uneven gaps",
    "sign memory",
    "decay of sign memory",
    "uneven sizes",
    "emptied queues",
    "volume and volatility",
    "kept, 5 s",
    "kept, 30 s",
    "response, 1 s",
    "response, 5 s",
    "response, 30 s",
    "response, 60 s",
    "growth of response",
    "markout by queue",
    "metaorder decay",
    "filled at 0.5",
    "spread distribution",
    "uneven depth",
    "imbalance and next",
}


def missing(name: str, seconds: float) -> dict[str, float]:
    """Facts that a scenario does not have, with what was measured instead."""
    tape = tape_of_scenario(load_scenario(name), seed=1, duration_s=seconds)
    found = list(find(tape, FACTS))
    assert [f.fact.name for f in found if f.count < f.fact.least] == []
    assert {f.fact.where for f in found if f.holds is None} == {"nowhere", "one tick"}
    return {f.fact.name: f.value for f in found if f.holds is False}


@cache
def crash_of(name: str) -> Tape:
    return tape_of_scenario(load_scenario(name), seed=1, duration_s=CRASH_S)


def named(fact: Fact) -> str:
    return fact.name.replace(" ", "_")


def test_the_mixed_day_has_them_all() -> None:
    assert missing("mixed", DAY_S) == {}


def test_zero_intelligence_fails_those_that_it_lacks() -> None:
    """The power of each test."""
    assert set(missing("santa_fe", CONTROL_S)) == LACKED


@pytest.mark.parametrize("fact", CRASH_FACTS, ids=named)
def test_the_flash_crash_has_it(fact: Fact) -> None:
    (found,) = find(crash_of("flash_crash"), [fact])
    assert found.count >= fact.least
    assert fact.low <= found.value <= fact.high


@pytest.mark.parametrize("name", ["calm", "santa_fe"])
def test_without_a_crash_there_is_none(name: str) -> None:
    held = {finding.fact.name: finding.holds for finding in find(crash_of(name), CRASH_FACTS)}
    assert held["fall"] is False
    assert held["depth in the fall"] is False
    assert held["spread in the fall"] is False


def test_facts_can_be_told_apart() -> None:
    facts = (*FACTS, *CRASH_FACTS)
    assert len({fact.name for fact in facts}) == len({fact.statistic for fact in facts}) == len(facts)


def test_too_few_observations_are_not_judged() -> None:
    tape = tape_of_scenario(load_scenario("mixed"), seed=1, duration_s=60.0)
    found = {finding.fact.name: finding for finding in find(tape, FACTS)}
    assert all(finding.holds is None for finding in found.values())
    assert found["peaked returns"].count == 59
