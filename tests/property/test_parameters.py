"""The loop is closed: turning a parameter moves what it should, in its direction, on the real market.

Each case runs the maker at both bounds of one parameter on the same seeds and market times, and demands that
the mean of the paired differences (high minus low) lies three standard errors on the expected side of zero.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable

import pytest

from pytest_soak.config.profiles import load_profile
from pytest_soak.domain.kpis import kpis_of
from pytest_soak.domain.parameters import PARAMETERS
from pytest_soak.domain.records import EdgeReport
from pytest_soak.market import MakerJob, MockMarket, Scenario, Window, load_scenario
from pytest_soak.market.scenario.model import Impact

MINUTES_MS = 300_000.0
STANDARD_ERRORS = 3.0

MEASURES: dict[str, Callable[[EdgeReport], float]] = {
    "net_bps": lambda edge: kpis_of(edge).net_bps or 0.0,
    "gross_bps": lambda edge: kpis_of(edge).gross_bps or 0.0,
    "risk_ratio": lambda edge: kpis_of(edge).risk_ratio or 0.0,
    "notional": lambda edge: edge.totals.notional,
    "fills": lambda edge: edge.orders.maker_fills,
    "placed": lambda edge: edge.orders.placed,
    "tail_cancelled": lambda edge: edge.orders.tail_cancelled,
    "blocked_min_interval": lambda edge: edge.blocks.min_interval,
    "blocked_throttle": lambda edge: edge.blocks.throttle,
    "blocked_risk": lambda edge: edge.blocks.risk,
}


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


@pytest.mark.parametrize(
    ("name", "scenario", "seeds", "expected"),
    [
        ("min_interval_ms", "calm", 64, {"blocked_min_interval": 1, "risk_ratio": -1, "placed": -1}),
        ("min_interval_ms", "volatile", 32, {"placed": -1}),
        ("replace_rate_per_min", "calm", 16, {"blocked_throttle": -1, "placed": 1, "risk_ratio": 1}),
        ("base_spread_bps_delta", "calm", 32, {"gross_bps": 1, "fills": -1, "notional": -1}),
        ("base_spread_bps_delta", "mean_reverting", 96, {"net_bps": 1}),
        ("impact_cap_ratio", "calm", 32, {"blocked_risk": 1, "risk_ratio": 1}),
        ("impact_cap_ratio", "volatile", 96, {"notional": 1}),
        ("max_delta_ratio", "calm", 48, {"blocked_risk": -1}),
        ("tail_age_ms", "volatile", 32, {"tail_cancelled": -1}),
    ],
)
def test_a_parameter_moves_what_it_should(
    name: str, scenario: str, seeds: int, expected: dict[str, int]
) -> None:
    """Pitfall 1, law 1."""
    parameter = PARAMETERS[name]
    low = reports(name, parameter.low, scenario, seeds)
    high = reports(name, parameter.high, scenario, seeds)
    for measure, sign in expected.items():
        read = MEASURES[measure]
        moved = [sign * (read(h) - read(a)) for a, h in zip(low, high, strict=True)]
        error = statistics.stdev(moved) / len(moved) ** 0.5
        assert statistics.fmean(moved) > STANDARD_ERRORS * error > 0.0, measure


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
