"""Replay of the recorded flow with a maker at 10 ms steps, against hftbacktest's compiled maker."""

from __future__ import annotations

from collections.abc import Iterator

from benches.book import recording
from benches.kit import Row, Setup, bench, in_own_process, is_installed, missing

BAR = 1.5
NAME = "replay of BTCUSDT with a maker, 10 ms steps"

OURS = """
import sys
from pathlib import Path
from pytest_soak.config.profiles import load_profile
from pytest_soak.market import MakerJob, ReplayMarket, Window
market = ReplayMarket(Path(sys.argv[1]))
profile = load_profile("default").profile
job = MakerJob(parameters=profile.parameters, maker=profile.maker, fees=profile.fees)
window = Window(iteration=1, iterations=1, start_ms=0.0, duration_ms=market.duration_ms)
def work(path):
    return market.run_maker(job, window)
"""

# A maker of the same shape: quotes round the mid, skewed by its position, replaced when they are off.
HFTBACKTEST = """
import sys
import numpy as np
from numba import njit
from hftbacktest import BacktestAsset, GTX, LIMIT, BUY, ROIVectorMarketDepthBacktest
rows = np.load(sys.argv[1])["data"]
def made():
    asset = BacktestAsset().data(rows).linear_asset(1.0).constant_order_latency(5_000_000, 5_000_000)
    asset = asset.risk_adverse_queue_model().no_partial_fill_exchange()
    asset = asset.trading_value_fee_model(-0.00005, 0.00025).tick_size(0.1).lot_size(0.001)
    return ROIVectorMarketDepthBacktest([asset.roi_lb(50_000).roi_ub(75_000).last_trades_capacity(0)])
@njit
def maker(market, half_bps, most, lots):
    steps = 0
    while market.elapse(10_000_000) == 0:
        steps += 1
        market.clear_inactive_orders(0)
        depth = market.depth(0)
        mid = (depth.best_bid_tick + depth.best_ask_tick) / 2.0
        half = mid * half_bps * 1e-4
        position = market.position(0)
        middle = mid - half * position / most
        bid = min(int(np.floor(middle - half)), depth.best_ask_tick - 1)
        ask = max(int(np.ceil(middle + half)), depth.best_bid_tick + 1)
        wants_bid, wants_ask = position < most, position > -most
        orders = market.orders(0)
        values = orders.values()
        while values.has_next():
            order = values.get()
            wished = bid if order.side == BUY else ask
            if abs(order.price_tick - wished) <= mid * 0.15e-4:
                if order.side == BUY:
                    wants_bid = False
                else:
                    wants_ask = False
            elif order.cancellable:
                market.cancel(0, order.order_id, False)
        if wants_bid and bid not in orders:
            market.submit_buy_order(0, bid, bid * 0.1, lots, GTX, LIMIT, False)
        if wants_ask and ask not in orders:
            market.submit_sell_order(0, ask, ask * 0.1, lots, GTX, LIMIT, False)
    return steps
def work(path):
    market = made()
    steps = maker(market, 2.74, 1.0, 0.01)
    assert steps > 30_000, steps
    market.close()
"""


@bench("replay")
def replay(setup: Setup) -> Iterator[Row]:
    """Rows per second of the whole recording; a quick run is the same, as the recording is what it is."""
    path = recording()
    if path is None or not is_installed("hftbacktest"):
        yield missing(NAME, "hftbacktest, or the recording," if path is None else "hftbacktest", BAR)
        return
    ours, _ = in_own_process(OURS, setup.repeat, str(path))
    peer, _ = in_own_process(HFTBACKTEST, setup.repeat, str(path))
    yield Row(
        name=NAME,
        ours=f"{ours * 1e3:.4g} ms",
        peer=f"hftbacktest {peer * 1e3:.4g} ms",
        ratio=peer / ours,
        bar=BAR,
    )
