"""A grid: orders at fixed prices on both sides, each left where it is until it is filled or far away."""

from __future__ import annotations

import math

from pytest_soak import Strategy, View

BPS = 1e-4


class Grid(Strategy):
    """Keeps an order at each of the ``rungs`` nearest prices of a side; prices are multiples of a spacing."""

    name = "grid"
    rungs = 3
    size = 0.2
    most = 2.0
    base_spacing_bps = 2.4
    # Each iteration begins with these: the first mid fixes the spacing.
    _spacing = 0.0
    _moved_ms = -math.inf

    def on_step(self, view: View) -> None:
        """Complete the grid, and give up what is far from it."""
        mid = view.mid
        if mid is None:
            return
        if not self._spacing:
            self._spacing = mid * (self.base_spacing_bps + view.parameters.base_spread_bps_delta) * BPS
        if view.time_ms - self._moved_ms < view.parameters.min_interval_ms:
            view.blocked("min_interval")
            return
        self._moved_ms = view.time_ms
        step, middle = self._spacing, mid / self._spacing
        wanted = {(1, math.floor(middle - 0.5) - rung) for rung in range(self.rungs)}
        wanted |= {(-1, math.ceil(middle + 0.5) + rung) for rung in range(self.rungs)}
        there = {(order.side, round(order.price / step)): order for order in view.orders}
        for (side, place), order in there.items():
            if (side, place) not in wanted and abs(place - middle) > self.rungs + 2:
                view.cancel(order)
        open_size = {
            side: sum(order.left for (s, _), order in there.items() if s == side) for side in (1, -1)
        }
        for side, place in sorted(wanted - there.keys()):
            if side * view.position + open_size[side] + self.size > self.most:
                view.blocked("risk")
                continue
            open_size[side] += self.size
            view.place(side, place * step, self.size)


def pytest_soak_make_strategy(profile):
    """Soak this maker."""
    return Grid(fees=profile.fees)
