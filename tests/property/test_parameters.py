"""The loop is closed: a parameter moves money on the real market, and no change moves nothing.

``unit/test_kernel_parameters.py`` has what each parameter moves.
"""

from __future__ import annotations

import statistics

import pytest

from pytest_soak.config.profiles import load_profile
from pytest_soak.domain.kpis import kpis_of
from pytest_soak.domain.parameters import PARAMETERS
from pytest_soak.domain.records import EdgeReport
from pytest_soak.market import MakerJob, MockMarket, Scenario, Window, load_scenario
from pytest_soak.market.scenario.model import Impact

MINUTES_MS = 300_000.0
STANDARD_ERRORS = 3.0


def reports(name: str, value: float, scenario: str, seeds: int) -> list[EdgeReport]:
    """The steady_safe maker with one parameter changed, one report per seed, at eight market times."""
    profile = load_profile("steady_safe").profile
    job = MakerJob(parameters={**profile.parameters, name: value}, maker=profile.maker, fees=profile.fees)
    found = []
    for seed in range(seeds):
        start = MINUTES_MS * (seed % 8)
        window = Window(iteration=1, iterations=1, start_ms=start, duration_ms=MINUTES_MS)
        found.append(MockMarket(load_scenario(scenario), seed=seed).run_maker(job, window))
    return found


def test_a_wider_spread_earns_more_of_each_trade_where_prices_come_back() -> None:
    """Pitfall 1, law 1: both bounds on the same seeds and market times, three standard errors apart."""
    parameter = PARAMETERS["base_spread_bps_delta"]
    low, high = (
        reports(parameter.name, value, "mean_reverting", 96) for value in (parameter.low, parameter.high)
    )
    moved = [
        (kpis_of(wide).net_bps or 0.0) - (kpis_of(near).net_bps or 0.0)
        for near, wide in zip(low, high, strict=True)
    ]
    error = statistics.stdev(moved) / len(moved) ** 0.5
    assert statistics.fmean(moved) > STANDARD_ERRORS * error > 0.0


@pytest.mark.parametrize("name", PARAMETERS)
def test_no_change_moves_nothing(name: str) -> None:
    """A/A: the same value on the same seeds gives the same reports."""
    value = PARAMETERS[name].default
    assert reports(name, value, "calm", 2) == reports(name, value, "calm", 2)


def test_the_mock_is_calibrated() -> None:
    """RM-1.5: calm is quiet, and more so where trades tell nothing; volatile has risk above 70 % and below
    30 %; a crash fails for a while. The maker never takes.
    """
    profile = load_profile("steady_safe").profile
    job = MakerJob(parameters=profile.parameters, maker=profile.maker, fees=profile.fees)

    def kpis(scenario: Scenario) -> list[tuple[float, float]]:
        market = MockMarket(scenario, seed=1)
        found = []
        for index in range(24):
            start = index * MINUTES_MS
            window = Window(iteration=1, iterations=1, start_ms=start, duration_ms=MINUTES_MS)
            measured = kpis_of(market.run_maker(job, window))
            found.append((measured.net_bps or 0.0, measured.risk_ratio or 0.0))
            assert measured.slippage_bps_p95 is None
        return found

    calm, volatile, crash = (kpis(load_scenario(name)) for name in ("calm", "volatile", "flash_crash"))
    assert all(net >= 2.5 and risk <= 0.35 for net, risk in calm)
    assert sum(net >= 2.7 for net, _ in calm) >= 22
    silent = kpis(load_scenario("calm").model_copy(update={"impact": Impact()}))
    assert all(net >= 2.7 for net, _ in silent)
    risks = [risk for _, risk in volatile]
    assert max(risks) > 0.70
    assert min(risks) < 0.30
    failed = [net < 2.0 or risk > 0.5 for net, risk in crash]
    assert not any(failed[:2])
    assert 1 <= sum(failed) <= 6
    assert not any(failed[12:])
    assert min(net for net, _ in crash) < 0.0
