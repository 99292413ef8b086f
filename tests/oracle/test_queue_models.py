"""The models of queue position by probability against hftbacktest 2.4.4 itself, on the same events.

The kernel comes first, as in ``test_hftbacktest_differential``: each of its orders that was filled is
submitted to hftbacktest under the model of the same law, to reach the exchange at the same nanosecond, and
has to be filled with the same row. Orders are of one lot, which both fill whole or not at all.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from tests.oracle import hft
from tests.oracle.jobs import job
from tests.oracle.matcher import Resting
from tests.oracle.recordings import real_recording
from tests.oracle.replays import END_MS, LOT, START_MS, TICK, rows_for, run

hft.hftbacktest()

# Orders are never replaced, so that each rests until it is filled.
PATIENT = {
    "requote_bps": 1_000.0,
    "far_bps": 1_000.0,
    "exit_ratio": 1.0,
    "position_limit_notional": 1e9,
    "min_order_notional": 0.6,
}
MODELS: dict[str, hft.QueueModel] = {
    "prob-log": ("log_prob_queue_model",),
    "prob-log2": ("log_prob_queue_model2",),
    "prob-power:2": ("power_prob_queue_model", 2.0),
    "prob-power:0.5": ("power_prob_queue_model", 0.5),
    "prob-power2:3": ("power_prob_queue_model2", 3.0),
    "prob-power3:3": ("power_prob_queue_model3", 3.0),
    "prob-power3:1.5": ("power_prob_queue_model3", 1.5),
}
SEEDS = range(12)
HALF_SPREADS = (0.001, 0.3)


class Market(NamedTuple):
    """A recording, the part of it that is traded, and the notional of more than one lot and less than two."""

    rows: np.ndarray
    start_ms: float
    end_ms: float
    largest: float

    @classmethod
    def generated(cls, seed: int) -> Market:
        return cls(rows_for(seed), START_MS, END_MS, 9.0)

    @classmethod
    def real(cls) -> Market:
        return cls(np.load(real_recording())["data"], 5_000.0, 340_000.0, 92.0)

    def orders(self, half_bps: float, fills: str) -> list[tuple[Resting, int]]:
        """Orders that the kernel filled under a model, each with the time of its fill."""
        maker = {**PATIENT, "base_half_spread_bps": half_bps, "max_order_notional": self.largest}
        task = job({"base_spread_bps_delta": 0.08}, maker)
        report, answer = run(self.rows, task, self.start_ms, self.end_ms, fills=fills)
        assert report.orders.cancelled == 0
        found = []
        for fill in answer["fills"]:
            assert (fill["maker"], round(fill["qty"] / LOT)) == (True, 1)
            tick, placed_ns = round(fill["price"] / TICK), round(fill["placed_ms"] * 1e6)
            found.append((Resting(fill["side"], tick, 1, placed_ns), round(fill["ts_ms"] * 1e6)))
        return found

    def times(self, orders: list[tuple[Resting, int]], queue: hft.QueueModel) -> list[int | None]:
        """When hftbacktest fills the same orders."""
        resting, end_ns = [order for order, _ in orders], round(self.end_ms * 1e6)
        outcome = hft.run(self.rows, resting, end_ns, tick_size=TICK, lot_size=LOT, queue=queue)
        assert outcome.rejected == ()
        return list(outcome.filled_ns)


@pytest.mark.parametrize("fills", MODELS)
def test_orders_of_one_lot_are_filled_with_the_same_row(fills: str) -> None:
    filled = other = 0
    for seed in SEEDS:
        market = Market.generated(seed)
        for half_bps in HALF_SPREADS:
            orders = market.orders(half_bps, fills)
            expected = [at for _, at in orders]
            assert market.times(orders, MODELS[fills]) == expected
            filled += len(orders)
            # Another model fills some of them at another time: the comparison tells models apart.
            other += market.times(orders, hft.RISK_ADVERSE) != expected
    assert filled >= 200
    assert other > 0


@pytest.mark.parametrize("fills", ["prob-log", "prob-power3:3"])
def test_orders_on_the_real_recording_are_filled_with_the_same_row(fills: str) -> None:
    market = Market.real()
    orders = market.orders(0.1, fills)
    assert len(orders) >= 30
    assert market.times(orders, MODELS[fills]) == [at for _, at in orders]
