from __future__ import annotations

import pytest

from pytest_soak.domain.history import Step
from pytest_soak.domain.parameters import DEFAULTS
from pytest_soak.domain.settings import GuardSettings, VelocitySettings
from pytest_soak.guards.velocity import opinions
from tests.rules_kit import STEADY_SAFE, allowed, context, moved_step, refused, step


def moves(name: str, *deltas: float) -> list[Step]:
    return [moved_step(i, DEFAULTS, {name: delta}) for i, delta in enumerate(deltas, start=1)]


@pytest.mark.parametrize(
    ("name", "past", "delta", "exceeded"),
    [
        ("min_interval_ms", (5.0,) * 5, 5.0, False),  # 30 of 30
        ("min_interval_ms", (5.0,) * 6, 5.0, True),
        ("min_interval_ms", (5.0, -5.0, 5.0, -5.0, 5.0, -5.0), 1.0, True),  # path, not displacement
        ("min_interval_ms", (), 30.1, True),
        ("impact_cap_ratio", (-0.01, -0.01, -0.01), -0.01, False),  # dust: 0.01 four times
        ("impact_cap_ratio", (0.01, -0.01, 0.01, -0.01), 0.005, True),
        ("tail_age_ms", (30.0,) * 4, 30.0, False),  # half of 300 ms
        ("tail_age_ms", (30.0,) * 5, 1.0, True),
        ("max_delta_ratio", (-0.01, -0.01), -0.01, False),  # half of 0.06
        ("max_delta_ratio", (-0.01, -0.01, -0.01), -0.01, True),
    ],
)
def test_the_path_within_the_window_is_bounded(
    name: str, past: tuple[float, ...], delta: float, exceeded: bool
) -> None:
    steps = moves(name, *past)
    said = opinions(context(len(steps) + 1, steps=steps, proposal={name: delta}))
    assert refused(said) == ({name: "velocity_exceeded"} if exceeded else {})


@pytest.mark.parametrize(
    ("minutes", "iteration", "exceeded"),
    [
        (5.0, 12, True),  # 55 minutes after the change of iteration 1
        (5.0, 13, False),  # exactly 60 minutes after it: it has left
        (15.0, 4, True),
        (15.0, 5, False),
        (60.0, 2, False),
        (0.1, 600, True),
        (0.1, 601, False),
    ],
)
def test_the_window_is_an_hour_of_market_time_whatever_an_iteration_lasts(
    minutes: float, iteration: int, exceeded: bool
) -> None:
    steps = [moved_step(1, DEFAULTS, {"min_interval_ms": 30.0})]
    question = context(iteration, steps=steps, minutes=minutes, proposal={"min_interval_ms": 1.0})
    assert bool(refused(opinions(question))) is exceeded


def test_only_applied_changes_count() -> None:
    steps = [step(i) for i in range(1, 20)]
    assert allowed(opinions(context(20, steps=steps, proposal={"min_interval_ms": 5.0}))) == {
        "min_interval_ms"
    }


def test_a_panic_revert_and_what_lies_before_it_do_not_count() -> None:
    reverted = step(2, reverted=True, applied_deltas={"min_interval_ms": 30.0}, parameters_after=STEADY_SAFE)
    steps = [moved_step(1, DEFAULTS, {"min_interval_ms": 30.0}), reverted]
    assert refused(opinions(context(3, steps=steps, proposal={"min_interval_ms": -3.0}))) == {}


def test_each_parameter_is_judged_by_itself() -> None:
    steps = [moved_step(1, DEFAULTS, {"min_interval_ms": 30.0})]
    said = opinions(context(2, steps=steps, proposal={"min_interval_ms": 5.0, "tail_age_ms": 30.0}))
    assert refused(said) == {"min_interval_ms": "velocity_exceeded"}
    assert allowed(said) == {"tail_age_ms"}
    assert said[0].message == "path 30 + 5 in 60 min, limit 30"


def test_limits_and_window_are_settings() -> None:
    settings = GuardSettings(velocity=VelocitySettings(window_minutes=10.0, limits={"tail_age_ms": 30.0}))
    steps = [moved_step(1, DEFAULTS, {"tail_age_ms": 30.0})]
    assert refused(opinions(context(2, steps=steps, proposal={"tail_age_ms": 1.0}, settings=settings)))
    later = context(3, steps=[*steps, step(2)], proposal={"tail_age_ms": 1.0}, settings=settings)
    assert not refused(opinions(later))


def test_rounding_of_a_sum_that_lies_on_the_limit_does_not_exceed_it() -> None:
    assert 0.025 + 0.005 > 0.03
    settings = GuardSettings(velocity=VelocitySettings(limits={"max_delta_ratio": 0.03}))
    steps = [moved_step(1, DEFAULTS, {"max_delta_ratio": -0.025})]
    question = context(2, steps=steps, proposal={"max_delta_ratio": -0.005}, settings=settings)
    assert allowed(opinions(question)) == {"max_delta_ratio"}


def test_nothing_is_said_at_the_start() -> None:
    assert opinions(context(2, moment="start")) == ()
