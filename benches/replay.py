"""Replay with a maker at 10 ms steps, against hftbacktest's compiled maker."""

from __future__ import annotations

import numpy as np
import pytest

from benches.flows import RECORDING, recording, zero_intelligence
from benches.kit import Bench, is_installed, ms, worker

ZI_ROWS = 3_000_000

# At the touch both makers want to move all the time, and both may send as many orders a minute as the bounds
# of the parameters allow.
PER_MINUTE = 320.0

OURS = f"""
PER_MINUTE = {PER_MINUTE}
import sys
from pathlib import Path
from pytest_soak.config.profiles import load_profile
from pytest_soak.market import MakerJob, ReplayMarket, Window
path, touch = Path(sys.argv[1]), sys.argv[2] == "touch"
market = ReplayMarket(path, tick_size=0.1, lot_size=0.001)
profile = load_profile("default").profile
parameters, maker = dict(profile.parameters), profile.maker
if touch:
    parameters |= dict(
        min_interval_ms=40.0, replace_rate_per_min=PER_MINUTE, impact_cap_ratio=0.12, max_delta_ratio=0.16,
        base_spread_bps_delta=0.08,
    )
    maker = maker.model_copy(update=dict(
        base_half_spread_bps=0.01, skew_bps=0.05, requote_bps=0.001, max_in_flight=100,
        position_limit_notional=2000.0, max_order_notional=200.0, exit_ratio=1.0,
    ))
job = MakerJob(parameters=parameters, maker=maker, fees=profile.fees)
window = Window(iteration=1, iterations=1, start_ms=0.0, duration_ms=market.duration_ms)
def work(path, place):
    report = market.run_maker(job, window)
    least = 0.9 * PER_MINUTE * market.duration_ms / 60e3 if touch else 0
    assert report.orders.placed > least, report.orders
"""

# A maker of the same shape: quotes round the mid, skewed by its position, replaced when they are off.
HFTBACKTEST = f"""
PER_MINUTE = {PER_MINUTE}
import sys
import numpy as np
from numba import njit
from hftbacktest import BacktestAsset, GTX, LIMIT, BUY, ROIVectorMarketDepthBacktest
rows = np.load(sys.argv[1])["data"]
middle = float(np.median(rows["px"]))
END_OF_DATA = 1
def made():
    asset = BacktestAsset().data(rows).linear_asset(1.0).constant_order_latency(5_000_000, 5_000_000)
    asset = asset.risk_adverse_queue_model().no_partial_fill_exchange()
    asset = asset.trading_value_fee_model(-0.00005, 0.00025).tick_size(0.1).lot_size(0.001)
    asset = asset.roi_lb(0.8 * middle).roi_ub(1.2 * middle).last_trades_capacity(0)
    return ROIVectorMarketDepthBacktest([asset])
@njit
def maker(market, half_bps, requote_bps, most, lots, rate):
    sent, allowed, steps = 0, 1.0, 0
    code = market.elapse(10_000_000)
    while code == 0:
        steps += 1
        allowed = min(allowed + rate * 10.0 / 60e3, 5.0)
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
            target = bid if order.side == BUY else ask
            if abs(order.price_tick - target) <= mid * requote_bps * 1e-4:
                if order.side == BUY:
                    wants_bid = False
                else:
                    wants_ask = False
            elif order.cancellable and allowed >= 1.0:
                market.cancel(0, order.order_id, False)
        if wants_bid and allowed >= 1.0 and bid not in orders:
            market.submit_buy_order(0, bid, bid * 0.1, lots, GTX, LIMIT, False)
            sent, allowed = sent + 1, allowed - 1.0
        if wants_ask and allowed >= 1.0 and ask not in orders:
            market.submit_sell_order(0, ask, ask * 0.1, lots, GTX, LIMIT, False)
            sent, allowed = sent + 1, allowed - 1.0
        code = market.elapse(10_000_000)
    return code, sent, steps * 10.0 / 60e3
def work(path, place):
    market = made()
    far = (2.74, 0.15, 1.0, 0.01, 1e6)
    touch = (0.09, 0.001, 0.1, 0.01, PER_MINUTE)
    code, sent, minutes = maker(market, *(touch if place == "touch" else far))
    market.close()
    assert code == END_OF_DATA, f"hftbacktest stopped with code {{code}}"
    assert sent > (0.9 * PER_MINUTE * minutes if place == "touch" else 0), sent
"""


@pytest.mark.parametrize(("market", "bar"), [("BTCUSDT", 1.5), ("zero intelligence", 2.0)], ids=["btc", "zi"])
def bench_replay(bench: Bench, market: str, bar: float) -> None:
    """Quotes away from the touch on the recording, which is always whole; at the touch on random flow."""
    name = f"replay of {market} with a maker, 10 ms steps"
    if not is_installed("hftbacktest"):
        bench.missing(name, "hftbacktest", bar)
        return
    path, place = recording(), "far"
    if market != "BTCUSDT":
        path, place = bench.folder / "market.npz", "touch"
        np.savez(path, data=zero_intelligence(bench.size(ZI_ROWS)))
    if path is None:
        bench.row(name, "-", f"{RECORDING} is not there", None, bar)
        return
    with worker(OURS, str(path), place) as ours, worker(HFTBACKTEST, str(path), place) as peer:
        mine, theirs = bench.medians(ours, peer)
    bench.row(name, ms(mine), f"hftbacktest {ms(theirs)}", theirs / mine, bar)
