"""Law 1: each of the six parameters moves what it should, in the documented direction.

Every row compares the two bounds of one parameter on the same seeds; the sizes of the moves are
those that more seeds showed, of which at least a third must be seen here, and no accident. In ``silent``,
which is ``calm`` where trades tell nothing, the maker's orders alone make the difference.
"""

from __future__ import annotations

import functools
import math
import statistics
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pytest_soak.domain.parameters import PARAMETERS
from pytest_soak.domain.sampling import t_quantile
from tests.kernel_kit import kpis, scenario, silent, simulate

SEEDS = range(1, 17)
ERRORS = t_quantile(0.95, len(SEEDS) - 1)
"""Standard errors of the paired difference that a move must lie off zero."""
SCENARIO = {"calm": scenario("calm"), "silent": silent("calm"), "volatile": scenario("volatile")}
START = {"calm": 0.0, "silent": 0.0, "volatile": 10.0}


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
        where = {"market": SCENARIO[market], "start_minutes": START[market]}
        return _measure(simulate(**where, seed=seed, parameters={parameter: value}))

    with ThreadPoolExecutor(2) as pool:
        return tuple(pool.map(run, SEEDS))


@pytest.mark.parametrize(
    ("market", "parameter", "measure", "move"),
    [
        ("calm", "min_interval_ms", "min_interval", 2090.0),
        ("calm", "min_interval_ms", "throttle", -1460.0),
        ("calm", "min_interval_ms", "risk_ratio", -0.036),
        ("silent", "min_interval_ms", "risk_ratio", -0.15),
        ("volatile", "min_interval_ms", "min_interval", 2400.0),
        ("volatile", "min_interval_ms", "throttle", -1740.0),
        ("volatile", "min_interval_ms", "placed", -54.0),
        ("calm", "replace_rate_per_min", "throttle", -3900.0),
        ("calm", "replace_rate_per_min", "placed", 300.0),
        ("calm", "replace_rate_per_min", "risk_ratio", 0.11),
        ("volatile", "replace_rate_per_min", "throttle", -4480.0),
        ("volatile", "replace_rate_per_min", "placed", 290.0),
        ("volatile", "replace_rate_per_min", "risk_ratio", 0.13),
        ("calm", "base_spread_bps_delta", "gross_bps", 0.15),
        ("calm", "base_spread_bps_delta", "maker_fills", -24.0),
        ("calm", "base_spread_bps_delta", "notional", -21_500.0),
        ("silent", "base_spread_bps_delta", "gross_bps", 0.15),
        ("silent", "base_spread_bps_delta", "maker_fills", -18.0),
        ("silent", "base_spread_bps_delta", "notional", -15_700.0),
        ("volatile", "base_spread_bps_delta", "gross_bps", 0.17),
        ("volatile", "base_spread_bps_delta", "maker_fills", -25.0),
        ("calm", "impact_cap_ratio", "risk_ratio", 0.14),
        ("calm", "impact_cap_ratio", "risk", 750.0),
        ("silent", "impact_cap_ratio", "risk_ratio", 0.14),
        ("silent", "impact_cap_ratio", "risk", 750.0),
        ("volatile", "impact_cap_ratio", "notional", 15_000.0),
        ("volatile", "impact_cap_ratio", "risk", 730.0),
        ("calm", "max_delta_ratio", "risk", -300.0),
        ("calm", "max_delta_ratio", "risk_ratio", -0.038),
        ("volatile", "max_delta_ratio", "risk", -230.0),
        ("calm", "tail_age_ms", "tail_cancelled", -4.9),
        ("volatile", "tail_age_ms", "tail_cancelled", -7.0),
    ],
)
def test_a_parameter_moves_what_it_should(market: str, parameter: str, measure: str, move: float) -> None:
    bounds = PARAMETERS[parameter]
    low = _at(market, parameter, bounds.low)
    high = _at(market, parameter, bounds.high)
    moves = [b[measure] - a[measure] for a, b in zip(low, high, strict=True)]
    moved, error = statistics.fmean(moves), statistics.stdev(moves) / math.sqrt(len(moves))
    assert math.copysign(1.0, moved) == math.copysign(1.0, move)
    assert abs(moved) >= max(abs(move) / 3.0, ERRORS * error)


@functools.cache
def _hour() -> dict[str, Any]:
    return simulate(market="volatile", minutes=60.0)


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_every_step_of_a_parameter_reaches_the_market(parameter: str) -> None:
    bounds = PARAMETERS[parameter]
    moved = bounds.moved(bounds.default, bounds.step * bounds.safer)
    base = _hour()
    changed = simulate(market="volatile", minutes=60.0, parameters={parameter: moved})
    assert moved != bounds.default
    assert base["orders"] != changed["orders"]
    assert base["totals"] != changed["totals"]
