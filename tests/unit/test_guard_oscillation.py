from __future__ import annotations

import pytest

from pytest_soak.domain.parameters import DEFAULTS, PARAMETERS
from pytest_soak.guards.oscillation import detect_oscillation, opinions, tolerance
from tests.rules_kit import allowed, context, moved_step, refused, step


def test_back_where_it_came_from_is_an_oscillation() -> None:
    """TEST-4: 60 -> 80 -> 60."""
    assert detect_oscillation([60.0, 80.0, 60.0]) is True


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([60.0, 80.0, 80.0, 60.0], True),
        ([60.0, 60.0, 80.0, 60.0], True),
        ([0.0, 0.1, 0.0], True),
        ([0.1, 0.0, 0.1], True),
        ([1.0, 60.0, 80.0, 60.0], True),
        ([60.0, 80.0, 60.1], False),
        ([60.0, 80.0, 100.0], False),
        ([60.0, 80.0, 60.0, 50.0], False),
        ([60.0, 80.0], False),
        ([60.0, 60.0, 60.0], False),
        ([60.0], False),
        ([], False),
    ],
)
def test_patterns(values: list[float], expected: bool) -> None:
    assert detect_oscillation(values) is expected


def test_near_counts_as_back_within_the_tolerance_and_only_after_a_turn() -> None:
    assert detect_oscillation([60.0, 65.0, 61.5], 1.5) is True
    assert detect_oscillation([60.0, 65.0, 61.6], 1.5) is False
    assert detect_oscillation([60.0, 60.5, 61.0], 1.5) is False


@pytest.mark.parametrize("parameter", PARAMETERS.values(), ids=lambda p: p.name)
def test_tolerance_is_half_the_smallest_step(parameter: object) -> None:
    expected = {
        "min_interval_ms": 1.5,
        "replace_rate_per_min": 15.0,
        "base_spread_bps_delta": 0.0025,
        "impact_cap_ratio": 0.0025,
        "max_delta_ratio": 0.00125,
        "tail_age_ms": 2.5,
    }
    name = parameter.name  # type: ignore[attr-defined]
    assert tolerance(name) == expected[name]


LOWERED = {**DEFAULTS, "impact_cap_ratio": 0.085}
DOWN = moved_step(1, DEFAULTS, {"impact_cap_ratio": -0.005})


def test_a_change_back_is_refused_and_one_onwards_is_not() -> None:
    question = {"impact_cap_ratio": 0.005, "min_interval_ms": -3.0}
    said = opinions(context(2, steps=[DOWN], parameters=LOWERED, proposal=question))
    assert refused(said) == {"impact_cap_ratio": "oscillation"}
    assert allowed(said) == {"min_interval_ms"}
    onwards = {"impact_cap_ratio": -0.005}
    assert not refused(opinions(context(2, steps=[DOWN], parameters=LOWERED, proposal=onwards)))


def test_a_smaller_way_back_is_allowed() -> None:
    down = moved_step(1, DEFAULTS, {"impact_cap_ratio": -0.01})
    lowered = {**DEFAULTS, "impact_cap_ratio": 0.08}
    said = opinions(context(2, steps=[down], parameters=lowered, proposal={"impact_cap_ratio": 0.005}))
    assert refused(said) == {}


def test_quiet_iterations_between_do_not_hide_it() -> None:
    quiet = [step(i, parameters=LOWERED, parameters_after=LOWERED) for i in (2, 3, 4)]
    question = context(5, steps=[DOWN, *quiet], parameters=LOWERED, proposal={"impact_cap_ratio": 0.005})
    assert refused(opinions(question)) == {"impact_cap_ratio": "oscillation"}


def test_a_proposal_that_was_refused_is_no_value_of_the_past() -> None:
    refused_steps = [step(1), step(2), step(3)]
    question = context(4, steps=refused_steps, proposal={"impact_cap_ratio": 0.005})
    assert refused(opinions(question)) == {}


def test_the_memory_ends_at_a_panic_revert() -> None:
    reverted = step(1, parameters=DEFAULTS, parameters_after=LOWERED, reverted=True)
    said = opinions(context(2, steps=[reverted], parameters=LOWERED, proposal={"impact_cap_ratio": 0.005}))
    assert refused(said) == {}


def test_nothing_is_said_at_the_start() -> None:
    assert opinions(context(2, steps=[DOWN], parameters=LOWERED, moment="start")) == ()
