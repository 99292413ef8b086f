"""Law 1: each of the six parameters moves what it should, in the documented direction.

Every row compares the two bounds of one parameter on the same seeds; the sizes of the moves are
those that 40 seeds showed, of which at least a third must be seen here.
"""

from __future__ import annotations

import functools
import math
import statistics
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pytest_soak.domain.parameters import PARAMETERS
from tests.kernel_kit import kpis, simulate

SEEDS = range(1, 17)
START = {"calm": 0.0, "volatile": 10.0}


def _measure(report: dict[str, Any]) -> dict[str, float]:
    values = {key: float(value) for key, value in report["blocks"].items()}
    values |= {key: float(value) for key, value in report["orders"].items()}
    measured = kpis(report)
    for name in ("net_bps", "gross_bps", "risk_ratio", "risk_rate", "order_age_p95_ms"):
        values[name] = getattr(measured, name) or 0.0
    return values | {"attempts": float(report["attempts"]), "notional": report["totals"]["notional"]}


@functools.cache
def _at(market: str, parameter: str, value: float) -> tuple[dict[str, float], ...]:
    def run(seed: int) -> dict[str, float]:
        report = simulate(
            market=market, seed=seed, start_minutes=START[market], parameters={parameter: value}
        )
        return _measure(report)

    with ThreadPoolExecutor(2) as pool:
        return tuple(pool.map(run, SEEDS))


@pytest.mark.parametrize(
    ("market", "parameter", "measure", "move"),
    [
        ("calm", "min_interval_ms", "min_interval", 2090.0),
        ("calm", "min_interval_ms", "throttle", -1460.0),
        ("calm", "min_interval_ms", "risk_ratio", -0.036),
        ("volatile", "min_interval_ms", "min_interval", 2280.0),
        ("volatile", "min_interval_ms", "throttle", -1740.0),
        ("volatile", "min_interval_ms", "placed", -54.0),
        ("calm", "replace_rate_per_min", "throttle", -3900.0),
        ("calm", "replace_rate_per_min", "placed", 300.0),
        ("calm", "replace_rate_per_min", "risk_ratio", 0.11),
        ("volatile", "replace_rate_per_min", "throttle", -4480.0),
        ("volatile", "replace_rate_per_min", "placed", 290.0),
        ("volatile", "replace_rate_per_min", "risk_ratio", 0.13),
        ("calm", "base_spread_bps_delta", "gross_bps", 0.13),
        ("calm", "base_spread_bps_delta", "maker_fills", -24.0),
        ("calm", "base_spread_bps_delta", "notional", -21_500.0),
        ("volatile", "base_spread_bps_delta", "gross_bps", 0.17),
        ("volatile", "base_spread_bps_delta", "maker_fills", -25.0),
        ("calm", "impact_cap_ratio", "risk_ratio", 0.099),
        ("calm", "impact_cap_ratio", "risk", 690.0),
        ("volatile", "impact_cap_ratio", "notional", 15_000.0),
        ("volatile", "impact_cap_ratio", "risk", 730.0),
        ("calm", "max_delta_ratio", "risk", -245.0),
        ("calm", "max_delta_ratio", "risk_ratio", -0.038),
        ("calm", "tail_age_ms", "tail_cancelled", -4.9),
        ("volatile", "tail_age_ms", "tail_cancelled", -4.6),
    ],
)
def test_a_parameter_moves_what_it_should(market: str, parameter: str, measure: str, move: float) -> None:
    bounds = PARAMETERS[parameter]
    low = _at(market, parameter, bounds.low)
    high = _at(market, parameter, bounds.high)
    moved = statistics.fmean(b[measure] - a[measure] for a, b in zip(low, high, strict=True))
    assert math.copysign(1.0, moved) == math.copysign(1.0, move)
    assert abs(moved) >= abs(move) / 3.0


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_every_step_of_a_parameter_reaches_the_market(parameter: str) -> None:
    bounds = PARAMETERS[parameter]
    moved = bounds.moved(bounds.default, bounds.step * bounds.safer)
    base = simulate(market="volatile", minutes=60.0)
    changed = simulate(market="volatile", minutes=60.0, parameters={parameter: moved})
    assert moved != bounds.default
    assert base["orders"] != changed["orders"]
    assert base["totals"] != changed["totals"]
