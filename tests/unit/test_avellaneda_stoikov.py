"""The market and the makers of Avellaneda and Stoikov (2008): their first table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from statistics import fmean, pstdev

import pytest

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.settings import FeeSettings, MakerSettings
from pytest_soak.market import MakerJob, MockMarket, Strategy, Window, load_scenario
from pytest_soak.market.examples.avellaneda_stoikov import (
    AvellanedaStoikovMarket,
    InventoryMaker,
    Row,
    SymmetricMaker,
    avellaneda_stoikov,
    row_of,
)

# The first table of the paper: gamma 0.1, 1000 paths.
PAPER = {
    "inventory": Row("inventory", spread=1.49, profit=65.0, profit_sd=6.6, q=0.08, q_sd=2.9),
    "symmetric": Row("symmetric", spread=1.49, profit=68.4, profit_sd=12.7, q=0.26, q_sd=8.4),
}
# Another implementation (vectorised over paths, PCG64): mean over 60 runs of 1000 paths, and beside it the
# standard deviation of one such run.
MEAN = {
    "inventory": Row("inventory", spread=1.49, profit=64.88, profit_sd=6.54, q=-0.01, q_sd=2.93),
    "symmetric": Row("symmetric", spread=1.49, profit=68.22, profit_sd=13.48, q=0.01, q_sd=8.39),
}
SD = {
    "inventory": Row("inventory", spread=0.005, profit=0.23, profit_sd=0.16, q=0.09, q_sd=0.06),
    "symmetric": Row("symmetric", spread=0.005, profit=0.44, profit_sd=0.45, q=0.29, q_sd=0.18),
}
FIGURES = ("spread", "profit", "profit_sd", "q", "q_sd")


def strays(row: Row, table: dict[str, Row], name: str, factor: float = 3.0) -> set[str]:
    """Figures of a row that are more than ``factor`` standard deviations of a 1000-path run off a table."""
    return {
        figure
        for figure in FIGURES
        if abs(getattr(row, figure) - getattr(table[name], figure)) > factor * getattr(SD[name], figure)
    }


@cache
def rows(seed: int) -> tuple[Row, Row]:
    return avellaneda_stoikov(gamma=0.1, seed=seed)


def test_the_first_table_of_the_paper() -> None:
    """Each figure of a run of 1000 paths lies within 3 standard deviations of one from the paper's."""
    for row in rows(1):
        assert strays(row, PAPER, row.strategy) == set(), row


def test_the_mean_of_three_runs_is_that_of_another_implementation() -> None:
    """As tight as 3 and 60 runs of 1000 paths allow: 3 standard deviations of the difference."""
    runs = [rows(seed) for seed in (1, 2, 3)]
    factor = 3.0 * math.sqrt(1 / 3 + 1 / 60)
    for index, name in enumerate(("inventory", "symmetric")):
        mean = Row(name, *(fmean(getattr(run[index], figure) for run in runs) for figure in FIGURES))
        assert strays(mean, MEAN, name, factor) == set(), mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Exponential(AvellanedaStoikovMarket):
    def fill_probability(self, delta: float) -> float:
        return 1.0 - math.exp(-self.A * math.exp(-self.k * delta) * self.dt)


class WrongSign(InventoryMaker):
    def shifts(self, market: AvellanedaStoikovMarket) -> list[float]:
        return [-shift for shift in super().shifts(market)]


class NoShift(InventoryMaker):
    def shifts(self, market: AvellanedaStoikovMarket) -> list[float]:
        return [0.0] * market.steps


class WithoutTime(InventoryMaker):
    def shifts(self, market: AvellanedaStoikovMarket) -> list[float]:
        return [-self.gamma * market.sigma**2 * market.T] * market.steps


class VolatilityForVariance(InventoryMaker):
    def shifts(self, market: AvellanedaStoikovMarket) -> list[float]:
        return [shift / market.sigma for shift in super().shifts(market)]


class WholeSpreadEachSide(InventoryMaker):
    def spreads(self, market: AvellanedaStoikovMarket) -> list[float]:
        return [2.0 * spread for spread in super().spreads(market)]


class NoRiskPremium(SymmetricMaker):
    def spreads(self, market: AvellanedaStoikovMarket) -> list[float]:
        return [2.0 / self.gamma * math.log1p(self.gamma / market.k)] * market.steps


@pytest.mark.parametrize(
    ("market", "maker", "figures"),
    [
        (AvellanedaStoikovMarket(), WrongSign(0.1), {"profit_sd", "q_sd"}),
        (AvellanedaStoikovMarket(), NoShift(0.1), {"profit_sd", "q_sd"}),
        (AvellanedaStoikovMarket(), WithoutTime(0.1), {"q_sd"}),
        (AvellanedaStoikovMarket(), VolatilityForVariance(0.1), {"q_sd"}),
        (AvellanedaStoikovMarket(), WholeSpreadEachSide(0.1), {"spread", "profit"}),
        (AvellanedaStoikovMarket(), NoRiskPremium(0.1), {"spread"}),
        (AvellanedaStoikovMarket(sigma=2.2), InventoryMaker(0.1), {"spread"}),
        (AvellanedaStoikovMarket(k=1.6), InventoryMaker(0.1), {"profit"}),
        (AvellanedaStoikovMarket(A=130.0), SymmetricMaker(0.1), {"profit"}),
        (Exponential(), InventoryMaker(0.1), {"profit"}),
        (Exponential(), SymmetricMaker(0.1), {"profit"}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, InventoryMaker) else "",
)
def test_the_table_does_not_forgive(
    market: AvellanedaStoikovMarket, maker: InventoryMaker, figures: set[str]
) -> None:
    assert figures <= strays(row_of(market, maker, 1000), PAPER, maker.name)


class Fixed(InventoryMaker):
    """Quotes at the distance 0.5 whatever happens."""

    def shifts(self, market: AvellanedaStoikovMarket) -> list[float]:
        return [0.0] * market.steps

    def spreads(self, market: AvellanedaStoikovMarket) -> list[float]:
        return [1.0] * market.steps


def window(first: int, paths: int, market: AvellanedaStoikovMarket) -> Window:
    start_ms, duration_ms = first * market.path_ms, paths * market.path_ms
    return Window(iteration=1, iterations=1, start_ms=start_ms, duration_ms=duration_ms)


def test_fills_come_with_the_linear_probability_and_the_mid_is_a_random_walk() -> None:
    market = AvellanedaStoikovMarket()
    reports = [Fixed(0.1).run(market, {}, window(n, 1, market)) for n in range(400)]
    p = 140.0 * math.exp(-0.75) * 0.005
    fills = fmean(report.orders.maker_fills for report in reports)
    assert fills == pytest.approx(400 * p, abs=4 * math.sqrt(400 * p * (1 - p) / 400))
    ends = [report.totals.mid_end or 0.0 for report in reports]
    assert fmean(ends) == pytest.approx(100.0, abs=4 * 2.0 / 20)
    assert pstdev(ends) == pytest.approx(2.0, rel=0.15)
    for report in reports:
        assert report.totals.gross == pytest.approx(0.5 * report.orders.maker_fills)


def test_a_window_is_a_batch_of_paths_and_every_path_is_in_one_window() -> None:
    market, maker = AvellanedaStoikovMarket(seed=7), InventoryMaker(0.1)
    ones = [maker.run(market, {}, window(n, 1, market)).totals for n in range(5)]
    batch = maker.run(market, {}, window(0, 5, market)).totals
    assert batch.ledger == pytest.approx(sum(one.ledger for one in ones))
    assert batch.position_end == sum(one.position_end for one in ones)
    for totals in (*ones, batch):
        parts = totals.gross + totals.fees + totals.slippage + totals.inventory
        assert totals.ledger == pytest.approx(parts, abs=1e-9 * totals.notional)
    assert len({one.ledger for one in ones}) == 5
    third = [Window(iteration=n, iterations=3, start_ms=n * 5000 / 3, duration_ms=5000 / 3) for n in range(3)]
    assert sum(maker.run(market, {}, w).totals.ledger for w in third) == pytest.approx(batch.ledger)


def test_a_window_without_a_path_has_no_data() -> None:
    market = AvellanedaStoikovMarket()
    narrow = Window(iteration=1, iterations=9, start_ms=100.0, duration_ms=100.0)
    report = InventoryMaker(0.1).run(market, {}, narrow)
    assert (report.totals.notional, report.totals.mid_end, report.market.events) == (0.0, None, 0)


def test_equal_identities_give_equal_reports() -> None:
    one, same, other = (AvellanedaStoikovMarket(seed=seed) for seed in (3, 3, 4))
    strategy: Strategy = SymmetricMaker(0.1)
    runs = [strategy.run(market, {}, window(0, 2, market)) for market in (one, same, other)]
    assert runs[0] == runs[1] != runs[2]
    assert one.describe() == same.describe() != other.describe()
    assert InventoryMaker(0.1).describe() != InventoryMaker(0.2).describe() != strategy.describe()


def test_any_row_can_be_run() -> None:
    inventory, symmetric = avellaneda_stoikov(
        0.5, sigma=1.0, k=2.0, A=100.0, T=0.5, dt=0.01, paths=50, seed=9
    )
    risk = [0.5 * (0.5 - step * 0.01) for step in range(50)]
    spread = fmean(risk) + 4.0 * math.log(1.25)
    assert inventory.spread == symmetric.spread == pytest.approx(spread)
    assert 0.0 < inventory.q_sd < symmetric.q_sd


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"sigma": 0.0}, "sigma = 0.0"),
        ({"k": float("nan")}, "k = nan"),
        ({"A": -1.0}, "A = -1.0"),
        ({"dt": 0.003}, "not a multiple of dt = 0.003"),
        ({"dt": 5.0}, "not a multiple of dt = 5.0"),
        ({"seed": -1}, "seed = -1"),
        ({"gamma": 0.0}, "gamma = 0.0"),
        ({"paths": 0}, "paths = 0"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(SoakConfigError, match=said):
        avellaneda_stoikov(**{"gamma": 0.1, **wrong})  # type: ignore[arg-type]


def test_each_maker_belongs_to_its_market() -> None:
    market = AvellanedaStoikovMarket()
    job = MakerJob(parameters={}, maker=MakerSettings(), fees=FeeSettings())
    with pytest.raises(SoakConfigError, match="no book for the reference maker"):
        market.run_maker(job, window(0, 1, market))
    with pytest.raises(SoakConfigError, match="cannot trade on 'calm'"):
        InventoryMaker(0.1).run(MockMarket(load_scenario("calm"), seed=1), {}, window(0, 1, market))
