"""What the makers of this folder share: one order a side, moved when its price should be another."""

from __future__ import annotations

import math

from pytest_soak import Strategy, View
from pytest_soak.domain.settings import FeeSettings

BPS = 1e-4


class Quoting(Strategy):
    """Quotes both sides at the prices that ``centre_and_half`` says, within the limits and parameters.

    ``most`` is the largest position on either side, ``size`` that of one order, both in base units.
    """

    most = 1.5
    size = 0.3
    base_half_bps = 2.4
    requote_bps = 0.3

    def centre_and_half(self, view: View, mid: float) -> tuple[float, float]:
        """Price round which to quote, and half the spread in bps."""
        raise NotImplementedError

    def share(self, view: View) -> float:
        """Position as a share of its limit, from -1 to 1."""
        return max(-1.0, min(1.0, view.position / self.most))

    def __init__(self, fees: FeeSettings | None = None) -> None:
        super().__init__(fees)
        # Each iteration works on a copy of the object as it was made, so it begins with these.
        self._quotes = {1: None, -1: None}
        self._moved = {1: -math.inf, -1: -math.inf}
        self._variance = Variance()

    def on_start(self, view: View) -> None:
        """Go on with the quotes of the iteration before."""
        self._quotes.update({order.side: order for order in view.orders})

    def on_step(self, view: View) -> None:
        """Move the quotes that are off."""
        mid = view.mid
        if mid is None:
            return
        self._variance.see(view.time_ms, mid)
        centre, half = self.centre_and_half(view, mid)
        for side in (1, -1):
            self._quote(view, side, centre * (1.0 - side * half * BPS))

    def _quote(self, view: View, side: int, price: float) -> None:
        quote = self._quotes[side]
        if quote is not None and quote.state == "done":
            quote = self._quotes[side] = None
        if quote is not None and abs(quote.price / price - 1.0) < self.requote_bps * BPS:
            return
        if view.time_ms - self._moved[side] < view.parameters.min_interval_ms:
            view.blocked("min_interval")
            return
        seen = view.bid_size if side == 1 else view.ask_size
        size = min(self.size, view.parameters.impact_cap_ratio * seen)
        if side * view.position + size > self.most or size < 0.001:
            view.blocked("risk")
            if quote is not None:
                view.cancel(quote)
            return
        self._moved[side] = view.time_ms
        if quote is None or quote.state == "cancelling":
            self._quotes[side] = view.place(side, price, size)
        else:
            self._quotes[side] = view.replace(quote, price, size)


class Variance:
    """Variance of the mid's moves in bps squared a second, with a memory of a minute."""

    def __init__(self, first: float = 1.0) -> None:
        self.value = first
        self._last: tuple[float, float] | None = None

    def see(self, time_ms: float, mid: float) -> None:
        """Take in a mid, once a second."""
        if self._last is None:
            self._last = time_ms, mid
            return
        since = (time_ms - self._last[0]) / 1_000.0
        if since >= 1.0:
            move = (mid / self._last[1] - 1.0) / BPS
            self.value += (1.0 - math.exp(-since / 60.0)) * (move * move / since - self.value)
            self._last = time_ms, mid

    @property
    def sigma(self) -> float:
        """Standard deviation in bps per root of a second."""
        return math.sqrt(self.value)
