from __future__ import annotations

import pytest

from pytest_soak.domain.parameters import DEFAULTS
from pytest_soak.domain.settings import CooldownSettings, GuardSettings
from pytest_soak.guards.cooldown import opinions
from tests.rules_kit import STEADY_SAFE, allowed, context, moved_step, refused, step

PROPOSAL = {"min_interval_ms": 5.0, "tail_age_ms": 30.0}


@pytest.mark.parametrize(
    ("deltas", "large"),
    [
        ({"min_interval_ms": 12.0}, False),  # 12 of 40 ms is 0.30: on the threshold
        ({"min_interval_ms": 12.1}, True),
        ({"min_interval_ms": -12.1}, True),
        ({"min_interval_ms": 5.0}, False),  # 5 ms is an eighth of the range, not "5"
        ({"min_interval_ms": 4.0, "impact_cap_ratio": -0.008}, False),
        ({"min_interval_ms": 4.1, "impact_cap_ratio": -0.008}, True),
        ({"min_interval_ms": 5.0, "impact_cap_ratio": -0.01, "tail_age_ms": 30.0}, True),
        ({}, False),
    ],
)
def test_a_change_is_large_by_fractions_of_each_range(deltas: dict[str, float], large: bool) -> None:
    said = opinions(context(2, steps=[moved_step(1, DEFAULTS, deltas)], proposal=PROPOSAL))
    assert refused(said) == (dict.fromkeys(PROPOSAL, "cooldown_active") if large else {})
    assert len(said) == len(PROPOSAL)


@pytest.mark.parametrize(("iteration", "held"), [(4, True), (5, True), (6, False), (7, False)])
def test_it_lasts_two_iterations(iteration: int, held: bool) -> None:
    steps = [moved_step(3, DEFAULTS, {"min_interval_ms": 15.0})] + [step(i) for i in range(4, iteration)]
    said = opinions(context(iteration, steps=steps, proposal=PROPOSAL))
    assert bool(refused(said)) is held
    assert [o.until_iteration for o in said] == [5 if held else None] * 2


def test_a_later_large_change_prolongs_it() -> None:
    large = {"min_interval_ms": 15.0}
    steps = [moved_step(1, DEFAULTS, large), moved_step(2, DEFAULTS, large), step(3)]
    assert opinions(context(4, steps=steps, proposal=PROPOSAL))[0].until_iteration == 4


@pytest.mark.parametrize("deltas", [{}, {"min_interval_ms": 1.0}])
def test_a_panic_revert_starts_one_whatever_its_size(deltas: dict[str, float]) -> None:
    reverted = step(3, reverted=True, applied_deltas=deltas, parameters_after=STEADY_SAFE)
    for iteration, held in ((4, True), (5, True), (6, False)):
        steps = [reverted] + [step(i) for i in range(4, iteration)]
        assert bool(refused(opinions(context(iteration, steps=steps, proposal=PROPOSAL)))) is held


def test_what_was_proposed_and_refused_starts_none() -> None:
    steps = [moved_step(1, DEFAULTS, {"min_interval_ms": 15.0}), step(2), step(3)]
    assert allowed(opinions(context(4, steps=steps, proposal=PROPOSAL))) == set(PROPOSAL)


def test_threshold_and_length_are_settings() -> None:
    settings = GuardSettings(cooldown=CooldownSettings(threshold=0.1, iterations=1))
    steps = [moved_step(1, DEFAULTS, {"min_interval_ms": 5.0})]
    assert refused(opinions(context(2, steps=steps, proposal=PROPOSAL, settings=settings)))
    assert not refused(opinions(context(3, steps=[*steps, step(2)], proposal=PROPOSAL, settings=settings)))


def test_nothing_is_said_at_the_start() -> None:
    steps = [moved_step(1, DEFAULTS, {"min_interval_ms": 15.0})]
    assert opinions(context(2, steps=steps, moment="start")) == ()
