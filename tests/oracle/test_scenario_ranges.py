"""Python's scenario and the kernel's accept and refuse the same numbers."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import Any, TypeGuard

import annotated_types
import pytest
from pydantic import BaseModel

from pytest_soak import _kernel
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market import MockMarket, Scenario, load_scenario
from tests.kernel_kit import asked, whole_of
from tests.oracle.jobs import job, window

Place = tuple[str | int, ...]


def _sample() -> dict[str, Any]:
    spec = whole_of(MockMarket(load_scenario("calm"), seed=1), job(), window(duration_ms=50.0))
    scenario = copy.deepcopy(spec["scenario"])
    assert isinstance(scenario, dict)
    order = scenario["latency"]["order"]
    scenario["latency"] |= dict.fromkeys(("new", "cancel", "ack", "fill"), order) | {"volatility_power": 0.5}
    scenario["windows"] = [
        {"label": "w", "gap_s": [60, 90], "length_s": [5, 6], "ramp_s": 1, "effect": {"depth": 0.5}}
    ]
    scenario["regimes"] = [
        {"label": "r", "mean_s": 60, "weight": 1, "drift_bps_per_hour": 5, "effect": {"depth": 0.5}},
        {"label": "q", "mean_s": 60, "weight": 1},
    ]
    scenario["book"]["batch_ms"] = 50.0
    scenario["instrument"]["contract"] = {"kind": "linear", "size": 1.5}
    scenario["funding"] = {"rate": 0.0001, "interval_h": 1}
    scenario["seasonality"] = {"period_h": 24, "peak_h": 14, "activity": 0.2, "volatility": 0.3}
    scenario["shocks"] = [
        {
            "label": "s",
            "at_s": 9,
            "length_s": 5,
            "ramp_s": 1,
            "move_bps": -5,
            "recovery_share": 0.5,
            "recovery_half_life_s": 60,
            "effect_half_life_s": 5,
            "effect": {"depth": 0.5},
        }
    ]
    spec["scenario"] = Scenario.model_validate(scenario).model_dump(mode="json")
    return spec


def _is_model(kind: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _bounds(model: type[BaseModel], place: Place = ()) -> Iterator[tuple[Place, float, float, bool]]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        here = (*place, name)
        inner = next((part for part in getattr(kind, "__args__", ()) if _is_model(part)), None)
        if inner is not None:
            # One of a list, or one that may be missing.
            yield from _bounds(inner, here if type(None) in kind.__args__ else (*here, 0))  # type: ignore[union-attr]
        elif _is_model(kind):
            yield from _bounds(kind, here)
        elif kind in (int, float):
            low = next((m.ge for m in field.metadata if isinstance(m, annotated_types.Ge)), None)
            high = next((m.le for m in field.metadata if isinstance(m, annotated_types.Le)), None)
            if low is not None and high is not None:
                yield here, float(str(low)), float(str(high)), kind is int


BOUNDS = list(_bounds(Scenario))


def _changed(spec: dict[str, Any], place: Place, value: object) -> dict[str, Any]:
    changed = copy.deepcopy(spec)
    target: Any = changed["scenario"]
    for part in place[:-1]:
        target = target[part]
    assert place[-1] in target
    target[place[-1]] = value
    return changed


def _python_accepts(spec: dict[str, Any]) -> bool:
    try:
        Scenario.model_validate(spec["scenario"])
    except ValueError:
        return False
    return True


def _kernel_accepts(spec: dict[str, Any]) -> bool:
    try:
        asked(spec)
    except SoakConfigError:
        return False
    return True


def test_ranges_were_found() -> None:
    assert len(BOUNDS) > 80
    places = {place for place, *_ in BOUNDS}
    assert ("windows", 0, "effect", "depth") in places
    assert ("regimes", 0, "drift_bps_per_hour") in places
    assert ("flow", "hawkes", "branching") in places
    assert ("seasonality", "peak_h") in places


@pytest.mark.parametrize(
    ("place", "low", "high", "whole"), BOUNDS, ids=[".".join(map(str, place)) for place, *_ in BOUNDS]
)
def test_numbers_beyond_a_range_are_refused_by_both(
    place: Place, low: float, high: float, whole: bool
) -> None:
    spec = _sample()
    below = int(low) - 1 if whole else math.nextafter(low, -math.inf)
    above = int(high) + 1 if whole else math.nextafter(high, math.inf)
    for value in (below, above):
        changed = _changed(spec, place, value)
        assert not _python_accepts(changed), value
        assert not _kernel_accepts(changed), value


# At the ends of its range the price would not suit the tick and lot size of the sample, nor would a contract
# of that size, and a regime of weight 0 leaves the other one without a successor.
ALONE = [bound for bound in BOUNDS if bound[0][-1] not in ("start_price", "size", "weight")]


@pytest.mark.parametrize(
    ("place", "low", "high", "whole"), ALONE, ids=[".".join(map(str, place)) for place, *_ in ALONE]
)
def test_ends_of_a_range_are_accepted_by_both(place: Place, low: float, high: float, whole: bool) -> None:
    spec = _sample()
    for value in (int(low), int(high)) if whole else (low, high):
        changed = _changed(spec, place, value)
        assert _python_accepts(changed), value
        assert _kernel_accepts(changed), value


@pytest.mark.parametrize("kind", ["linear", "inverse"])
@pytest.mark.parametrize("key", ["tick_size", "lot_size", "contract.size"])
def test_steps_follow_the_price_alike(key: str, kind: str) -> None:
    spec = _sample()
    spec["scenario"]["instrument"]["contract"]["kind"] = kind
    place = ("instrument", *key.split("."))
    base = spec["scenario"]["instrument"].get(key, 1.0)
    outcomes = set()
    for power in range(-8, 9):
        changed = _changed(spec, place, base * 10.0**power)
        python = _python_accepts(changed)
        assert python == _kernel_accepts(changed), power
        outcomes.add(python)
    assert outcomes == {True, False}


@pytest.mark.parametrize(
    ("place", "values"),
    [
        (("flow", "hawkes", "weights"), [[1.0], [1.0, 2.0], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0]]),
        (("windows", 0, "gap_s"), [[60.0, 90.0], [90.0, 90.0], [90.0, 60.0]]),
        (("windows", 0, "length_s"), [[5.0, 6.0], [6.0, 6.0], [6.0, 5.0]]),
        (("regimes", 0, "weight"), [0.0, 1.0]),
    ],
    ids=["weights", "gap_s", "length_s", "regimes"],
)
def test_rules_between_fields_hold_alike(place: Place, values: list[Any]) -> None:
    spec = _sample()
    accepted = []
    for value in values:
        changed = _changed(spec, place, value)
        accepted.append(_python_accepts(changed))
        assert accepted[-1] == _kernel_accepts(changed), value
    assert set(accepted) == {True, False}


def test_a_regime_that_is_alone_needs_no_other() -> None:
    spec = _sample()
    spec["scenario"]["regimes"] = [{**spec["scenario"]["regimes"][0], "weight": 0.0}]
    assert _python_accepts(spec)
    assert _kernel_accepts(spec)


def test_both_refuse_the_same_seeds_with_the_same_words() -> None:
    calm = load_scenario("calm")
    text = calm.model_dump_json()
    assert MockMarket(calm, 2**64 - 1)
    assert _kernel.Market(text, 2**64 - 1)
    for seed in (-1, 2**64):
        with pytest.raises(SoakConfigError) as python:
            MockMarket(calm, seed)
        with pytest.raises(ValueError, match="seed") as kernel:
            _kernel.Market(text, seed)
        assert str(python.value) == str(kernel.value)


@pytest.mark.parametrize("section", ["instrument", "fair", "book", "flow", "latency"])
def test_missing_and_unknown_keys_are_refused_by_both(section: str) -> None:
    for change in ("drop", "add"):
        spec = _sample()
        if change == "drop":
            fields = Scenario.model_fields[section].annotation.model_fields  # type: ignore[union-attr]
            needed = next(name for name, field in fields.items() if field.is_required())
            del spec["scenario"][section][needed]
        else:
            spec["scenario"][section]["colour"] = 1.0
        assert not _python_accepts(spec)
        assert not _kernel_accepts(spec)
