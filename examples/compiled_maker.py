"""The maker of examples/strategies/symmetric.py as a function that Numba compiles: the same orders and fills.

What it remembers stands in an array of its own: for either side the number of its quote, the price that was
asked for, and when it was moved last.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from pytest_soak import CompiledStrategy
from pytest_soak.market.commands import MIN_INTERVAL, RISK, blocked, cancel, place, record, replace
from pytest_soak.market.compiled import CANCELLING

BPS = 1e-4
MOST = 1.5
SIZE = 0.3
BASE_HALF_BPS = 2.4
REQUOTE_BPS = 0.3

NUMBER, PRICE, MOVED_MS = range(3)


@njit
def quote(view, side, price, mine):
    """Move the quote of a side where it is off."""
    at = -1
    for row in range(len(view.orders)):
        if view.orders[row].id == mine[NUMBER]:
            at = row
    if at >= 0 and abs(mine[PRICE] / price - 1.0) < REQUOTE_BPS * BPS:
        return
    if view.time_ms - mine[MOVED_MS] < view.parameters.min_interval_ms:
        blocked(view, MIN_INTERVAL)
        return
    seen = view.bid_size if side == 1 else view.ask_size
    size = min(SIZE, view.parameters.impact_cap_ratio * seen)
    if side * view.position + size > MOST or size < 0.001:
        blocked(view, RISK)
        if at >= 0:
            cancel(view, view.orders[at].id)
        return
    mine[MOVED_MS], mine[PRICE] = view.time_ms, price
    if at < 0 or view.orders[at].state == CANCELLING:
        mine[NUMBER] = place(view, side, price, size)
    else:
        mine[NUMBER] = replace(view, view.orders[at].id, price, size)


@njit
def decide(view):
    """Quote round the mid; the position is held by its limit alone."""
    if math.isnan(view.mid):
        return
    half = BASE_HALF_BPS + view.parameters.base_spread_bps_delta
    for side in (1, -1):
        quote(view, side, view.mid * (1.0 - side * half * BPS), view.memory[(1 - side) // 2])
    record(view, 0, view.position)


class CompiledMaker(CompiledStrategy):
    """The plainest maker, compiled."""

    name = "compiled_maker"
    step = decide
    kpis = ("position",)

    def memory(self, carry):  # noqa: ARG002 each iteration begins anew
        """A row for either side; each iteration begins without quotes."""
        return np.full((2, 3), -np.inf)


def pytest_soak_make_strategy(profile):
    """Soak this maker."""
    return CompiledMaker(fees=profile.fees)
