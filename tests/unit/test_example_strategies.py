"""The makers of examples/strategies, each on a mock market and on a recording, by the same object."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from pytest_soak import Strategy
from pytest_soak.config.profiles import load_profile
from pytest_soak.domain.kpis import kpis_of
from pytest_soak.domain.parameters import PARAMETERS
from pytest_soak.engine.declared import declared
from pytest_soak.market import MockMarket, ReplayMarket, Window, load_scenario
from tests import recordings_kit as kit
from tests.oracle.recordings import write_npz

FOLDER = Path(__file__).parents[2] / "examples" / "strategies"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "quoting")
WINDOW = Window(iteration=1, iterations=1, start_ms=5_000.0, duration_ms=110_000.0)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> ReplayMarket:
    return ReplayMarket(write_npz(tmp_path_factory.mktemp("recorded") / "calm.npz", kit.calm_rows()))


@pytest.fixture(params=NAMES)
def made(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Strategy:
    monkeypatch.syspath_prepend(FOLDER)
    module = importlib.import_module(request.param)
    strategy = module.pytest_soak_make_strategy(load_profile("default").profile)
    assert isinstance(strategy, Strategy)
    assert strategy.name == request.param
    return strategy


def test_all_are_there() -> None:
    assert NAMES == [
        "avellaneda_stoikov",
        "grid",
        "gueant_lehalle_fernandez_tapia",
        "imbalance",
        "microprice",
        "symmetric",
    ]


def test_it_trades_on_both_markets_by_the_same_object(made: Strategy, recorded: ReplayMarket) -> None:
    for market in (MockMarket(load_scenario("calm"), seed=1), recorded):
        report = made.run(market, declared(made).defaults, WINDOW)
        kpis = kpis_of(report)
        assert report.orders.maker_fills > 10
        assert report.orders.taker_fills == 0
        assert report.blocks.min_interval > 0
        assert abs(report.totals.position_end) <= 2.0 + 0.5
        assert kpis.gross_bps is not None
        assert kpis.gross_bps > 0.5
        assert report == made.run(market, declared(made).defaults, WINDOW)


def test_parameters_act_in_it(made: Strategy) -> None:
    market = MockMarket(load_scenario("calm"), seed=1)
    table = declared(made)
    own = {name: table[name].high for name in table if name not in PARAMETERS}
    base = made.run(market, table.defaults, WINDOW)
    for name, value in {"base_spread_bps_delta": 0.25, "min_interval_ms": 80.0, **own}.items():
        assert made.run(market, {**table.defaults, name: value}, WINDOW) != base, name
