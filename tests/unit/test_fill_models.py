"""What it takes to fill a resting order: of orders that nobody moves, and of the maker on a mock market."""

from __future__ import annotations

import pickle
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from pytest_soak import kernel
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.fills import FillModel
from pytest_soak.domain.kpis import kpis_of
from pytest_soak.domain.settings import FeeSettings
from pytest_soak.market import MockMarket, ReplayMarket, Window, load_scenario
from tests import recordings_kit as kit
from tests.oracle.recordings import random_rows, write_npz

FROM_EASY = (FillModel.TOUCH, FillModel.QUEUE, FillModel.PESSIMISTIC, FillModel.THROUGH)
LENGTH_S = 200.0
PLACED_MS = range(2_000, 198_000, 2_000)


def window(minutes: float) -> Window:
    return Window(iteration=1, iterations=1, start_ms=0.0, duration_ms=minutes * 60_000.0)


def held(path: Path, fills: FillModel, away: int) -> dict[int, float]:
    """Quantity filled of each of many bids, which stay where they are for two seconds; by their times."""
    market = ReplayMarket(path, fills=fills)
    simulation = market.simulation(window(LENGTH_S / 60.0), FeeSettings())
    times = list(PLACED_MS)
    placed: dict[int, int] = {}
    filled: dict[int, float] = {}
    while simulation.step():
        if times and simulation.time_ms >= times[0] and simulation.best_bid is not None:
            for order in placed:
                simulation.cancel(order)
            price = simulation.best_bid - away * market.facts.tick_size
            placed[simulation.place(1, price, 3 * market.facts.lot_size)] = times.pop(0)
        for fill in simulation.fills:
            assert fill.order is not None
            at = placed[fill.order]
            filled[at] = filled.get(at, 0.0) + fill.qty
    return filled


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("away", [0, 1])
def test_a_harder_model_fills_no_order_more(away: int, seed: int, tmp_path: Path) -> None:
    """A recording answers to nobody, so the models can be compared order by order."""
    path = write_npz(tmp_path / "a.npz", random_rows(seed, seconds=LENGTH_S, rate=50.0))
    by_model = [held(path, model, away) for model in FROM_EASY]
    for easier, harder in pairwise(by_model):
        assert all(lots <= easier.get(at, 0.0) + 1e-12 for at, lots in harder.items())
    sums = [sum(filled.values()) for filled in by_model]
    assert sums[0] > sums[1] > sums[2] > sums[3] > 0.0, "the models were told apart"


def test_an_exponent_is_part_of_the_name() -> None:
    model = FillModel("prob-power3:2.50")
    assert (model.value, str(model), repr(model)) == (
        "prob-power3:2.5",
        "prob-power3:2.5",
        "<FillModel.PROB-POWER3:2.5: 'prob-power3:2.5'>",
    )
    assert FillModel("prob-power3:2.5") is model
    assert pickle.loads(pickle.dumps(model)) is model  # noqa: S301 - what was made here
    assert model.is_by_law
    assert not FillModel.PESSIMISTIC.is_by_law
    for other in (
        "prob-power",
        "prob-power:",
        "prob-power:0",
        "prob-power:101",
        "prob-power4:2",
        "prob-log:2",
    ):
        with pytest.raises(ValueError, match="is not a valid FillModel"):
            FillModel(other)


@pytest.mark.parametrize("law", ["prob-log", "prob-log2", "prob-power:3", "prob-power2:3", "prob-power3:3"])
def test_a_law_fills_no_less_than_no_cancels_ahead_and_no_more_than_a_touch(law: str, tmp_path: Path) -> None:
    """It brings an order forward by some of the cancels, and never before its first trade."""
    path = write_npz(tmp_path / "a.npz", random_rows(3, seconds=LENGTH_S, rate=50.0))
    touch, by_law, pessimistic = (
        held(path, model, 0) for model in (FillModel.TOUCH, FillModel(law), FillModel.PESSIMISTIC)
    )
    assert all(lots <= touch.get(at, 0.0) + 1e-12 for at, lots in by_law.items())
    assert sum(touch.values()) > sum(by_law.values()) > sum(pessimistic.values())


def test_a_mock_market_takes_no_law() -> None:
    plain = MockMarket(load_scenario("calm"), seed=1)
    accepted = "accepted are queue, touch, through, pessimistic here, and prob-log with --soak-replay"
    with pytest.raises(SoakConfigError, match=f"which market calm knows; {accepted}"):
        MockMarket(load_scenario("calm"), seed=1, fills=FillModel.PROB_LOG)
    with pytest.raises(SoakConfigError, match=accepted):
        plain.under(FillModel.PROB_LOG)
    spec = plain.spec(kit.job(), window(1.0)) | {"fills": "prob-log"}
    with pytest.raises(SoakConfigError, match="a queue by probability is for recordings"):
        kernel.simulate(plain.compiled, spec)


def soaked(fills: FillModel, seed: int) -> tuple[float, float]:
    """Fills and net profit in bps of the maker in a volatile market."""
    market = MockMarket(load_scenario("volatile"), seed=seed, fills=fills)
    kpis = kpis_of(market.run_maker(kit.job(), window(5.0)))
    assert kpis.fills is not None
    assert kpis.net_bps is not None
    return kpis.fills, kpis.net_bps


def test_where_the_market_has_to_go_through_a_maker_has_fewer_fills_and_earns_less() -> None:
    queue, through = (
        np.array([soaked(model, seed) for seed in range(1, 13)])
        for model in (FillModel.QUEUE, FillModel.THROUGH)
    )
    for lost in (0.8 * queue[:, 0] - through[:, 0], queue[:, 1] - through[:, 1]):
        assert lost.mean() > 3.0 * lost.std(ddof=1) / len(lost) ** 0.5


def test_the_queue_is_the_default_and_another_model_another_market(tmp_path: Path) -> None:
    scenario, path = load_scenario("calm"), write_npz(tmp_path / "a.npz", kit.calm_rows())
    for plain, queue, through in (
        (MockMarket(scenario, seed=1), *(MockMarket(scenario, seed=1, fills=m) for m in FROM_EASY[1::2])),
        (ReplayMarket(path), *(ReplayMarket(path, fills=m) for m in FROM_EASY[1::2])),
    ):
        assert plain.describe() == queue.describe()
        assert through.describe() == {**plain.describe(), "fills": "through"}
        reports = [market.run_maker(kit.job(), window(1.0)) for market in (plain, queue, through)]
        assert reports[0] == reports[1] != reports[2]
