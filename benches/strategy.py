"""Strategies in Python: decisions a second, against hftbacktest's plain loop."""

from __future__ import annotations

from functools import partial

import pytest

from benches import documented
from benches.flows import LOT, RECORDING, TICK, recording
from benches.kit import Bench, is_installed
from pytest_soak import Strategy, View
from pytest_soak.config.profiles import load_profile
from pytest_soak.domain.parameters import DEFAULTS
from pytest_soak.market import MockMarket, ReplayMarket, Window, load_scenario

STEP_MS = 10.0


class Empty(Strategy):
    """Does nothing at each decision."""

    name = "empty"

    def on_step(self, view: View) -> None:
        """Nothing."""


@pytest.mark.parametrize(("maker", "bar"), [("empty", 6.0), ("documented", 3.0)])
def bench_steps(bench: Bench, maker: str, bar: float) -> None:
    """Steps on the mock market, opening and report included, against steps on the recording."""
    name, path = f"a step of 10 ms of a strategy in Python, {maker}", recording()
    if not is_installed("hftbacktest"):
        bench.missing(name, "hftbacktest", bar)
        return
    if path is None:
        bench.row(name, "-", f"{RECORDING} is not there", None, bar)
        return
    of_page = documented.maker(documented.conftest_of_page())
    made = Empty() if maker == "empty" else of_page(load_profile("default").profile)
    window = Window(iteration=1, iterations=1, start_ms=0.0, duration_ms=float(bench.size(600_000)))
    ours = partial(made.run, MockMarket(load_scenario("calm"), seed=1), DEFAULTS, window)
    mine, theirs = bench.medians(ours, partial(_plain_loop, str(path)))
    mine /= window.duration_ms / STEP_MS
    theirs /= ReplayMarket(path).duration_ms / STEP_MS
    peer = f"hftbacktest's plain Python loop {theirs * 1e6:.1f} us"
    bench.row(name, f"{mine * 1e6:.1f} us", peer, theirs / mine, bar)


@pytest.mark.parametrize("on", ["the mock market", "the recording"])
def bench_compiled_steps(bench: Bench, on: str) -> None:
    """Steps of 1 ms of a compiled strategy, opening and report included, against 3 million a second."""
    name, path = f"a step of 1 ms of a compiled strategy that does nothing, on {on}", recording()
    if not is_installed("numba"):
        bench.missing(name, "numba", 1.0)
        return
    if path is None:
        bench.row(name, "-", f"{RECORDING} is not there", None, 1.0)
        return
    from pytest_soak import CompiledStrategy

    class Compiled(CompiledStrategy):
        name = "compiled"
        step_ms = 1.0

        @staticmethod
        def step(view: View) -> None:
            """Nothing."""

    market = MockMarket(load_scenario("calm"), seed=1) if on == "the mock market" else ReplayMarket(path)
    window = Window(iteration=1, iterations=1, start_ms=0.0, duration_ms=float(bench.size(300_000)))
    (seconds,) = bench.medians(partial(Compiled().run, market, DEFAULTS, window))
    rate = window.duration_ms / seconds
    bench.row(name, f"{rate / 1e6:.1f} M/s", "at least 3 M/s", rate / 3e6, 1.0)


def _plain_loop(path: str) -> None:
    """The same steps from Python, which ask for the best prices."""
    from hftbacktest import BacktestAsset, HashMapMarketDepthBacktest

    asset = (
        BacktestAsset()
        .data(path)
        .linear_asset(1.0)
        .constant_order_latency(10_000_000, 10_000_000)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(TICK)
        .lot_size(LOT)
    )
    market, mids = HashMapMarketDepthBacktest([asset]), []
    while market.elapse(int(STEP_MS * 1e6)) == 0:
        depth = market.depth(0)
        mids.append((depth.best_bid + depth.best_ask) / 2.0)
    market.close()
