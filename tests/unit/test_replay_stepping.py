"""A recording that stops at every decision: the order entry of the mock market, the judgement of a replay."""

from __future__ import annotations

import pytest

from pytest_soak.domain.settings import FeeSettings
from pytest_soak.market import ReplayMarket, Window
from tests import recordings_kit as kit
from tests.oracle.recordings import write_npz

FEES = FeeSettings(maker_bps=-0.5, taker_bps=2.0)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> ReplayMarket:
    return ReplayMarket(write_npz(tmp_path_factory.mktemp("recorded") / "calm.npz", kit.calm_rows()))


def window(start_ms: float, duration_ms: float) -> Window:
    return Window(iteration=1, iterations=1, start_ms=start_ms, duration_ms=duration_ms)


def test_a_strategy_that_does_nothing_sees_the_market_of_the_maker(market: ReplayMarket) -> None:
    slice_ = window(20_000.0, 30_000.0)
    simulation = market.simulation(slice_, FEES)
    times = []
    while simulation.step():
        times.append(simulation.time_ms)
        assert simulation.best_bid is not None
        assert simulation.best_ask is not None
    assert times[0] == 20_000.0
    assert times == sorted(times)
    assert 2_900 < len(times) < 3_100
    report, made = simulation.report(), market.run_maker(kit.job(), slice_)
    assert report.source == made.source
    assert report.market.model_dump(exclude={"notes"}) == made.market.model_dump(exclude={"notes"})


def test_fills_come_by_the_queue_of_the_recording(market: ReplayMarket) -> None:
    simulation = market.simulation(window(10_000.0, 100_000.0), FEES)
    quoted: dict[int, float] = {}
    fills = []
    while simulation.step():
        for fill in simulation.fills:
            assert fill.order is not None
            assert fill.price == quoted[fill.order]
            assert fill.fee == pytest.approx(-0.5e-4 * fill.price * fill.qty)
            assert fill.time_ms <= simulation.time_ms
            fills.append(fill)
        if len(quoted) < 40 and simulation.best_bid is not None and not simulation.in_flight:
            quoted[simulation.place(1, simulation.best_bid, 0.1)] = simulation.best_bid
    report = simulation.report()
    assert report.orders.maker_fills == len(fills) > 0
    assert simulation.position == pytest.approx(sum(fill.side * fill.qty for fill in fills))
    assert report.totals.position_end == pytest.approx(simulation.position)


def test_a_window_beyond_the_end_is_over_at_once(market: ReplayMarket) -> None:
    beyond = window(market.duration_ms + 1_000.0, 1_000.0)
    simulation = market.simulation(beyond, FEES)
    assert not simulation.step()
    report, made = simulation.report(), market.run_maker(kit.job(), beyond)
    assert report == made
    assert report.market.ended
    with pytest.raises(ValueError, match="over"):
        simulation.place(1, 100.0, 1.0)
