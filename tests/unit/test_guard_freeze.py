from __future__ import annotations

import math
from typing import Any

import pytest

from pytest_soak.domain.records import Verdict
from pytest_soak.domain.settings import FreezeSettings, GuardSettings
from pytest_soak.domain.state import frozen_until
from pytest_soak.guards.freeze import opinions
from tests.rules_kit import QUIET, STABLE, allowed, context, kpis, refused, step
from tests.rules_loop import Loop

PROPOSAL = {"min_interval_ms": -3.0, "impact_cap_ratio": 0.005, "max_delta_ratio": -0.01}
DEFAULT = FreezeSettings()


def walk(pattern: str, settings: FreezeSettings = DEFAULT) -> list[int | None]:
    """Freeze after each iteration of a pattern: S stable, q quiet, F a FAIL, n not measured."""
    made: dict[str, dict[str, Any]] = {
        "S": {"risk_ratio": 0.30, "net_bps": 3.0},
        "q": {"risk_ratio": 0.38, "net_bps": 3.0},
        "F": {"risk_ratio": 0.30, "net_bps": 3.0, "verdict": Verdict.FAIL},
        "n": {"risk_ratio": None, "net_bps": None, "verdict": Verdict.NO_DATA},
    }
    steps = [step(i, **made[letter]) for i, letter in enumerate(pattern, start=1)]
    return [frozen_until(steps[:n], settings) for n in range(1, len(steps) + 1)]


def test_default_duration_is_four_iterations() -> None:
    assert walk("SSSSSSSS") == [None, 6, 6, 6, 6, 6, None, 12]


def test_a_streak_must_be_unbroken() -> None:
    assert walk("SqSqSnS") == [None] * 7
    assert walk("SqSS")[-1] == 8


def test_it_ends_by_itself_and_a_new_streak_is_counted_from_then_on() -> None:
    assert walk("SSqqqqqSS", FreezeSettings(duration_iterations=2))[-3:] == [None, None, 11]


def test_a_fail_thaws_and_breaks_the_streak() -> None:
    assert walk("SSSFS") == [None, 6, 6, None, None]
    assert walk("SFS") == [None, None, None]
    assert walk("SSFSS")[-1] == 9


def test_no_data_does_not_thaw() -> None:
    assert walk("SSnn") == [None, 6, 6, 6]


@pytest.mark.parametrize(
    ("risk", "net", "stable"),
    [
        (0.35, 2.7, True),
        (math.nextafter(0.35, 1), 2.7, False),
        (0.35, math.nextafter(2.7, 0), False),
        (0.0, 99.0, True),
        (None, 2.7, False),
        (0.35, None, False),
    ],
)
def test_stable_is_low_risk_and_enough_profit_both_measured(
    risk: float | None, net: float | None, stable: bool
) -> None:
    before = [step(1, risk_ratio=0.30, net_bps=3.0)]
    said = opinions(context(2, steps=before, kpis=kpis(risk_ratio=risk, net_bps=net), proposal=PROPOSAL))
    assert bool(refused(said)) is stable


def test_it_holds_its_parameters_and_no_others() -> None:
    before = [step(1, risk_ratio=0.30, net_bps=3.0)]
    said = opinions(context(2, steps=before, kpis=kpis(**STABLE), proposal=PROPOSAL))
    assert refused(said) == {"impact_cap_ratio": "frozen", "max_delta_ratio": "frozen"}
    assert allowed(said) == {"min_interval_ms"}
    assert {o.until_iteration for o in said if o.reason == "frozen"} == {6}


def test_which_parameters_it_holds_is_a_setting() -> None:
    settings = GuardSettings(freeze=FreezeSettings(parameters=("min_interval_ms",), stable_iterations=1))
    said = opinions(context(1, kpis=kpis(**STABLE), proposal=PROPOSAL, settings=settings))
    assert refused(said) == {"min_interval_ms": "frozen"}


def test_a_panic_revert_ends_freeze_and_streak() -> None:
    stable = {"risk_ratio": 0.30, "net_bps": 3.0}
    steps = [step(1, **stable), step(2, **stable), step(3, **stable, reverted=True)]
    said = opinions(context(4, steps=steps, kpis=kpis(**STABLE), proposal=PROPOSAL))
    assert refused(said) == {}


def test_the_current_fail_thaws_its_own_decision() -> None:
    stable = {"risk_ratio": 0.30, "net_bps": 3.0}
    steps = [step(1, **stable), step(2, **stable)]
    assert refused(opinions(context(3, steps=steps, kpis=kpis(**QUIET), proposal=PROPOSAL)))
    question = context(3, steps=steps, kpis=kpis(**QUIET), proposal=PROPOSAL, verdict=Verdict.FAIL)
    assert refused(opinions(question)) == {}


def test_nothing_is_said_at_the_start() -> None:
    steps = [step(1, risk_ratio=0.1, net_bps=9.0), step(2, risk_ratio=0.1, net_bps=9.0)]
    assert opinions(context(3, steps=steps, moment="start")) == ()


def test_two_stable_iterations_freeze_and_the_next_ones_say_so() -> None:
    """TEST-2: 0.30 / 3.0 twice, duration 2: frozen until iteration 4, iterations 2 to 4 say "frozen"."""
    loop = Loop(iterations=8, guards=GuardSettings(freeze=FreezeSettings(duration_iterations=2)))
    turns = [loop.turn(**STABLE) for _ in range(4)]
    assert loop.state().frozen_until_iter == 4
    assert "frozen" not in (turns[0].decision.skipped_reason or "")
    held = "frozen: impact_cap_ratio, max_delta_ratio held until iteration 4"
    for turn in turns[1:]:
        assert turn.decision.skipped_reason == held
        assert turn.after["impact_cap_ratio"] == turns[0].after["impact_cap_ratio"]
    moved = [turn.decision.applied_deltas for turn in turns]
    others = {"min_interval_ms": -3.0, "base_spread_bps_delta": -0.005, "tail_age_ms": -5.0}
    assert moved[1:] == [others] * 3, "other parameters go on moving"
    assert "impact_cap_ratio" in loop.turn(**STABLE).decision.applied_deltas, "it expires"


def test_frozen_until_is_six_with_the_default_duration() -> None:
    loop = Loop(iterations=8)
    for _ in range(2):
        loop.turn(**STABLE)
    assert loop.state().frozen_until_iter == 6
