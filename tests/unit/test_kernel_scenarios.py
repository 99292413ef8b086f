"""What the shipped scenarios are calibrated to, measured with the parameters of steady_safe."""

from __future__ import annotations

import statistics
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pytest_soak.domain.records import Kpis
from tests.kernel_kit import STEADY_SAFE, kpis, simulate


def _run(market: str, seed: int, iteration: int) -> dict[str, Any]:
    start = 5.0 * (iteration - 1)
    return simulate(market=market, seed=seed, start_minutes=start, parameters=STEADY_SAFE)


def _series(market: str, seeds: range, iterations: range) -> list[tuple[Kpis, dict[str, Any]]]:
    jobs = [(market, seed, iteration) for seed in seeds for iteration in iterations]
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda job: _run(*job), jobs))
    return [(kpis(report), report) for report in reports]


def _of(rows: list[tuple[Kpis, dict[str, Any]]], name: str) -> list[float]:
    return [value for k, _ in rows if (value := getattr(k, name)) is not None]


def test_calm_is_steady() -> None:
    rows = _series("calm", range(1, 5), range(1, 13))
    net, risk = _of(rows, "net_bps"), _of(rows, "risk_ratio")
    assert len(net) == len(risk) == 48
    assert min(net) >= 2.7
    assert 3.0 <= statistics.fmean(net) <= 3.6
    assert statistics.stdev(net) < 0.15
    assert 0.12 <= statistics.fmean(risk) <= 0.30
    assert max(risk) < 0.40
    assert max(_of(rows, "adverse_bps_p95")) < 2.8
    assert min(report["orders"]["maker_fills"] for _, report in rows) >= 60
    assert sum(report["orders"]["taker_fills"] for _, report in rows) <= 5


def test_volatile_goes_through_the_zones_both_ways() -> None:
    rows = _series("volatile", range(1, 3), range(1, 25))
    for seed in range(2):
        risk = [k.risk_ratio or 0.0 for k, _ in rows[24 * seed : 24 * (seed + 1)]]
        assert max(risk) > 0.70
        assert min(risk) < 0.30
        high = [value > 0.60 for value in risk]
        low = [value < 0.35 for value in risk]
        ups = sum(low[i] and any(high[i + 1 : i + 4]) for i in range(24))
        downs = sum(high[i] and any(low[i + 1 : i + 4]) for i in range(24))
        assert ups >= 2
        assert downs >= 2
    bursts = [k.risk_ratio or 0.0 for k, r in rows if r["market"]["labels"]]
    quiet = [k.risk_ratio or 1.0 for k, r in rows if not r["market"]["labels"]]
    assert statistics.fmean(bursts) > 0.5 > 0.35 > statistics.fmean(quiet)
    slippage = _of(rows, "slippage_bps_p95")
    assert slippage
    assert all(1.0 <= value <= 5.5 for value in slippage)


def test_flash_crash_fails_gates_for_a_while() -> None:
    rows = _series("flash_crash", range(1, 3), range(1, 13))
    for seed in range(2):
        mine = [k for k, _ in rows[12 * seed : 12 * (seed + 1)]]
        failed = [(k.net_bps or 0.0) < 2.0 or (k.risk_ratio or 1.0) > 0.5 for k in mine]
        assert failed[:2] == [False, False]
        assert failed[2:5] == [True, True, True]
        assert not any(failed[6:])
    fall = rows[2][1]["market"]
    assert fall["mid_low"] / fall["mid_high"] - 1.0 < -0.045
    assert fall["spread_bps_mean"] > 5 * rows[0][1]["market"]["spread_bps_mean"]


def test_liquidity_gaps_block_for_risk_but_do_not_ruin() -> None:
    rows = _series("liquidity_gap", range(1, 3), range(1, 7))
    calm = _series("calm", range(1, 3), range(1, 7))
    mean = statistics.fmean(_of(rows, "risk_ratio"))
    assert mean > statistics.fmean(_of(calm, "risk_ratio")) + 0.1
    assert min(_of(rows, "net_bps")) > 2.0
    assert rows[2][1]["market"]["labels"] == ["gap", "long_gap"]


@pytest.mark.parametrize("minutes", [1.0, 5.0])
def test_about_a_thousand_events_a_second(minutes: float) -> None:
    events = simulate(minutes=minutes)["market"]["events"]
    assert events / (minutes * 60.0) == pytest.approx(1000.0, rel=0.03)
