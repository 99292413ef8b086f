"""Strategies in Python: decisions a second, and one maker against itself in hftbacktest's plain loop."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from benches import documented
from benches.flows import LOT, RECORDING, TICK, recording
from benches.kit import Bench, is_installed
from pytest_soak import Strategy, View
from pytest_soak.config.profiles import load_profile
from pytest_soak.domain.parameters import DEFAULTS
from pytest_soak.market import MockMarket, ReplayMarket, Window, load_scenario
from pytest_soak.market.recording.reading import read_recording

MARKETS = ("the mock market", "the recording")
PEER_STEP_MS = 100.0
LATENCY_MS = 5.0
# The maker of the page: distance of a quote, lean against the position, limit, size.
HALF, LEAN, MOST, SIZE = 4.4e-4, 3e-4, 5.0, 0.5


class Empty(Strategy):
    """Does nothing at each decision."""

    name = "empty"

    def on_step(self, view: View) -> None:
        """Nothing."""


@pytest.mark.parametrize("on", MARKETS)
@pytest.mark.parametrize(("maker", "least"), [("empty", 500_000), ("documented", 250_000)])
def bench_steps(bench: Bench, maker: str, least: int, on: str) -> None:
    """Steps of 10 ms of a strategy in Python, opening and report included, against a number a second."""
    strategy = Empty() if maker == "empty" else _documented()
    _steps(bench, f"a step of 10 ms of a strategy in Python, {maker}, on {on}", strategy, on, least)


@pytest.mark.parametrize("on", MARKETS)
def bench_compiled_steps(bench: Bench, on: str) -> None:
    """Steps of 1 ms of a compiled strategy, opening and report included, against 3 million a second."""
    name = f"a step of 1 ms of a compiled strategy that does nothing, on {on}"
    if not is_installed("numba"):
        bench.missing(name, "numba", 1.0)
        return
    from pytest_soak import CompiledStrategy

    class Compiled(CompiledStrategy):
        name = "compiled"
        step_ms = 1.0

        @staticmethod
        def step(view: View) -> None:
            """Nothing."""

    _steps(bench, name, Compiled(), on, 3_000_000)


def bench_documented_maker(bench: Bench) -> None:
    """The documented maker on the recording, and the same maker in a plain loop over hftbacktest."""
    name, path = f"the documented maker, a step of {PEER_STEP_MS:g} ms on the recording", recording()
    if not is_installed("hftbacktest"):
        bench.missing(name, "hftbacktest", 1.5)
        return
    if path is None:
        bench.row(name, "-", f"{RECORDING} is not there", None, 1.5)
        return
    maker, market = _documented(), ReplayMarket(path)
    maker.step_ms, maker.order_latency_ms = PEER_STEP_MS, LATENCY_MS
    window = Window(iteration=1, iterations=1, start_ms=0.0, duration_ms=market.duration_ms)
    ours, peer = partial(maker.run, market, DEFAULTS, window), partial(_plain_loop, read_recording(path).rows)
    placed, sent = ours().orders.placed, peer()
    if abs(placed / sent - 1.0) > 0.01:
        raise RuntimeError(f"ours placed {placed} orders and the peer {sent}: not the same work")
    mine, theirs = (
        seconds / (market.duration_ms / PEER_STEP_MS) * 1e6 for seconds in bench.medians(ours, peer)
    )
    bench.row(name, f"{mine:.1f} us", f"the same in hftbacktest {theirs:.1f} us", theirs / mine, 1.5)


def _documented() -> Any:
    return documented.maker(documented.conftest_of_page())(load_profile("default").profile)


def _steps(bench: Bench, name: str, strategy: Strategy, on: str, least: int) -> None:
    """Measure steps of a strategy, and add the row."""
    market: MockMarket | ReplayMarket
    if on == "the recording":
        path = recording()
        if path is None:
            bench.row(name, "-", f"{RECORDING} is not there", None, 1.0)
            return
        market = ReplayMarket(path)
        minutes = market.duration_ms / 60e3
    else:
        market, minutes = MockMarket(load_scenario("calm"), seed=1), 10.0
    duration_ms = float(bench.size(int(minutes * 60e3)))
    window = Window(iteration=1, iterations=1, start_ms=0.0, duration_ms=duration_ms)
    (seconds,) = bench.medians(partial(strategy.run, market, DEFAULTS, window))
    rate = duration_ms / strategy.step_ms / seconds
    bench.row(name, f"{rate / 1e6:.2f} M/s", f"at least {least / 1e6:g} M/s", rate / least, 1.0)


def _plain_loop(rows: Any) -> int:
    """The maker of the page in plain Python over hftbacktest; how many orders it sent."""
    from hftbacktest import GTX, LIMIT, NONE, BacktestAsset, ROIVectorMarketDepthBacktest

    asset = (
        BacktestAsset()
        .data(rows)
        .linear_asset(1.0)
        .constant_order_latency(int(LATENCY_MS * 1e6), int(LATENCY_MS * 1e6))
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(TICK)
        .lot_size(LOT)
        .roi_lb(50_000)
        .roi_ub(75_000)
    )
    market, sent = ROIVectorMarketDepthBacktest([asset]), 0
    while market.elapse(int(PEER_STEP_MS * 1e6)) == 0:
        depth = market.depth(0)
        mid = (depth.best_bid + depth.best_ask) / 2.0
        live: list[int] = []
        orders = market.orders(0).values()
        while orders.has_next():
            order = orders.get()
            if order.req != NONE:
                break
            if order.cancellable:
                live.append(order.order_id)
        else:
            if math.isfinite(mid):
                sent += _requote(market, mid, live, sent, GTX, LIMIT)
    market.close()
    return sent


def _requote(market: Any, mid: float, live: Sequence[int], sent: int, post_only: int, limit: int) -> int:
    """Cancel what rests and quote both sides anew; how many orders it sent."""
    market.clear_inactive_orders(0)
    for order in live:
        market.cancel(0, order, False)
    position, count = market.position(0), 0
    centre = mid * (1 - LEAN * position)
    if position <= MOST:
        price = math.floor(centre * (1 - HALF) / TICK) * TICK
        market.submit_buy_order(0, sent + 1, price, SIZE, post_only, limit, False)
        count += 1
    if position >= -MOST:
        price = math.ceil(centre * (1 + HALF) / TICK) * TICK
        market.submit_sell_order(0, sent + count + 1, price, SIZE, post_only, limit, False)
        count += 1
    return count
