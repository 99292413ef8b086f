"""Resting orders in a recording, matched by hftbacktest 2.4.4, a dependency of the extra ``oracle``.

An order is filled whole or not (``no_partial_fill_exchange``), and requests take a constant time. Unless said
otherwise the queue before an order moves by trades alone and is never longer than what is displayed
(``risk_adverse_queue_model``).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, cast

import numpy as np
import pytest

from tests.oracle.matcher import Resting
from tests.oracle.recordings import EXCHANGE

LATENCY_NS = 1_000_000
# A method of hftbacktest's asset, and its exponent where it has one.
QueueModel = tuple[str] | tuple[str, float]
RISK_ADVERSE: QueueModel = ("risk_adverse_queue_model",)
END_OF_DATA = 1


class RunDiedError(Exception):
    """hftbacktest stopped before it was told to."""


@dataclass(frozen=True)
class Outcome:
    """Per order the time of its fill in ns since the recording's begin, None where there was none.

    ``rejected`` holds the places of post-only orders that would have crossed; ``position`` is in lots.
    """

    filled_ns: tuple[int | None, ...]
    rejected: tuple[int, ...]
    position: int


def hftbacktest() -> ModuleType:
    """The module, or a skip that says how to get it."""
    reason = "hftbacktest is not installed; pip install 'pytest-soak[oracle]'"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cast(ModuleType, pytest.importorskip("hftbacktest", reason=reason))


def run(
    rows: np.ndarray,
    orders: Sequence[Resting],
    until_ns: int,
    *,
    tick_size: float,
    lot_size: float,
    queue: QueueModel = RISK_ADVERSE,
) -> Outcome:
    """Let each order reach the exchange at its time and rest until ``until_ns``, in a queue of this model.

    Raises:
        RunDiedError: where a call does not answer that all is well, the end of the data included.
    """
    hft = hftbacktest()
    # It keeps no reference to the rows, so that they must live as long as the market.
    data = np.array(rows, dtype=hft.event_dtype)
    zero = int(rows["exch_ts"][(rows["ev"] & EXCHANGE) != 0][0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        market = open_market(hft, data, tick_size, lot_size, queue)
        try:
            for number in sorted(range(len(orders)), key=lambda n: orders[n].placed_ns):
                order = orders[number]
                go_to(market, zero + order.placed_ns - LATENCY_NS)
                submit = market.submit_buy_order if order.side > 0 else market.submit_sell_order
                price, qty = order.tick * tick_size, order.lots * lot_size
                _well(submit(0, number, price, qty, hft.GTX, hft.LIMIT, False), "submit")
            # An answer takes as long as a request.
            go_to(market, zero + until_ns + LATENCY_NS)
            return _outcome(hft, market, orders, zero, until_ns, lot_size)
        finally:
            market.close()


def open_market(
    hft: ModuleType,
    data: np.ndarray,
    tick_size: float,
    lot_size: float,
    queue: QueueModel = RISK_ADVERSE,
) -> Any:
    """A market of one asset; ``data`` must live as long as it does."""
    method, *powers = queue
    bare = hft.BacktestAsset().data(data).linear_asset(1.0).constant_order_latency(LATENCY_NS, LATENCY_NS)
    asset = (
        getattr(bare, str(method))(*powers)
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(tick_size)
        .lot_size(lot_size)
        .last_trades_capacity(0)
    )
    return hft.HashMapMarketDepthBacktest([asset])


def _well(code: int, what: str) -> None:
    if code:
        why = "the data ended" if code == END_OF_DATA else "it died"
        raise RunDiedError(f"hftbacktest answered {code} to {what}: {why}")


def go_to(market: Any, at_ns: int) -> None:
    """Let time pass; every answer but 0 is a failure."""
    _well(market.elapse(0), "elapse")
    ahead = at_ns - market.current_timestamp
    if ahead < 0:
        raise RunDiedError(f"hftbacktest is {-ahead} ns past the time at which an order is due")
    _well(market.elapse(ahead), "elapse")
    if market.current_timestamp != at_ns:
        raise RunDiedError(f"hftbacktest went to {market.current_timestamp} instead of {at_ns}")


def _outcome(
    hft: ModuleType, market: Any, orders: Sequence[Resting], zero: int, until_ns: int, lot_size: float
) -> Outcome:
    known = market.orders(0)
    filled: list[int | None] = []
    rejected = []
    for number in range(len(orders)):
        order = known.get(number)
        at_ns = int(order.exch_timestamp) - zero
        filled.append(at_ns if order.status == hft.FILLED and at_ns < until_ns else None)
        if order.status == hft.EXPIRED:
            rejected.append(number)
    return Outcome(tuple(filled), tuple(rejected), round(market.position(0) / lot_size))
