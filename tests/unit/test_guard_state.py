from __future__ import annotations

import math
from typing import Any

import pytest

from pytest_soak.domain.hashing import parameters_hash
from pytest_soak.domain.parameters import DEFAULTS, PARAMETERS
from pytest_soak.domain.records import Action, Opinion
from pytest_soak.guards.state import opinions
from tests.rules_kit import allowed, context, refused


def at_start(values: dict[str, Any], expected_hash: str | None = None) -> tuple[Opinion, ...]:
    return opinions(context(1, moment="start", parameters=values, expected_hash=expected_hash))


def test_sound_parameters_may_start() -> None:
    said = at_start(dict(DEFAULTS), parameters_hash(DEFAULTS))
    assert [(o.action, o.parameter) for o in said] == [(Action.ALLOW, None)]


@pytest.mark.parametrize("parameter", PARAMETERS.values(), ids=lambda p: p.name)
def test_a_bound_is_inside_and_a_step_beyond_it_is_not(parameter: Any) -> None:
    for bound, beyond in ((parameter.low, -math.inf), (parameter.high, math.inf)):
        inside = at_start({**DEFAULTS, parameter.name: bound})
        assert inside[0].action is Action.ALLOW
        (stop,) = at_start({**DEFAULTS, parameter.name: math.nextafter(bound, beyond)})
        assert stop.action is Action.STOP
        assert stop.parameter == parameter.name


def test_the_message_names_parameter_value_and_bounds() -> None:
    (stop,) = at_start({**DEFAULTS, "min_interval_ms": 5.0})
    assert stop.message == "min_interval_ms = 5.0 is out of bounds; accepted is a number from 40 to 80 ms"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, True, "65", None])
def test_what_is_no_finite_number_stops(value: object) -> None:
    (stop,) = at_start({**DEFAULTS, "min_interval_ms": value}, "some hash")
    assert stop.action is Action.STOP
    assert stop.message.startswith("min_interval_ms = ")


def test_unknown_and_missing_parameters_stop_and_each_is_named() -> None:
    values = {name: value for name, value in DEFAULTS.items() if name != "tail_age_ms"}
    said = at_start({**values, "tail_age": 620.0})
    assert {(o.action, o.parameter, o.reason) for o in said} == {
        (Action.STOP, "tail_age", "invalid_parameter"),
        (Action.STOP, "tail_age_ms", "missing_parameter"),
    }


def test_parameters_other_than_the_recorded_ones_stop() -> None:
    (stop,) = at_start({**DEFAULTS, "min_interval_ms": 70.0}, parameters_hash(DEFAULTS))
    assert (stop.action, stop.parameter, stop.reason) == (Action.STOP, None, "hash_mismatch")
    assert "min_interval_ms = 70" in stop.message
    assert parameters_hash(DEFAULTS) in stop.message


def test_an_integer_has_the_hash_of_its_value() -> None:
    values: dict[str, Any] = {**DEFAULTS, "min_interval_ms": 65}
    assert at_start(values, parameters_hash(DEFAULTS))[0].action is Action.ALLOW


def test_a_change_that_stays_within_the_bounds_is_allowed_to_the_bound() -> None:
    said = opinions(context(1, proposal={"min_interval_ms": 15.0, "base_spread_bps_delta": 0.11}))
    assert allowed(said) == {"min_interval_ms", "base_spread_bps_delta"}


@pytest.mark.parametrize("delta", [15.001, -25.001, math.nan, math.inf])
def test_a_change_beyond_the_bounds_is_refused(delta: float) -> None:
    said = opinions(context(1, proposal={"min_interval_ms": delta, "tail_age_ms": 30.0}))
    assert refused(said) == {"min_interval_ms": "invalid_change"}
    assert allowed(said) == {"tail_age_ms"}


def test_a_change_of_an_unknown_parameter_is_refused() -> None:
    assert refused(opinions(context(1, proposal={"tail_age": 1.0}))) == {"tail_age": "invalid_change"}
