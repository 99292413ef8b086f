"""A maker round the microprice that keeps its distance by volatility, with parameters and KPIs of its own."""

from __future__ import annotations

import math

from pytest_soak import Parameter, Strategy, View

BPS = 1e-4
MEMORY_S = 30.0


class Microprice(Strategy):
    """Quotes ``sigmas`` standard deviations of a second from the microprice, ``floor_bps`` at least.

    A timer measures volatility once a second; the next iteration goes on with it, by ``view.carry``.
    ``most`` is the largest position on either side, ``size`` that of one order, both in base units.
    """

    name = "microprice"
    step_ms = 20.0
    levels = 5
    most = 1.5
    size = 0.3
    skew = 0.5
    own_parameters = (
        Parameter(
            name="floor_bps",
            unit="bps",
            low=0.5,
            high=10.0,
            default=2.2,
            step=0.5,
            safer=1,
            moved_by=("AGGRESSIVE", "MODERATE", "NORMALIZE", "adverse"),
            meaning="least distance of a quote from the microprice",
        ),
        Parameter(
            name="sigmas",
            unit="ratio",
            low=0.2,
            high=8.0,
            default=2.0,
            step=0.5,
            safer=1,
            moved_by=("AGGRESSIVE", "adverse"),
            meaning="distance of a quote in standard deviations of a second",
        ),
    )

    def on_start(self, view: View) -> None:
        """Go on with quotes and volatility of the iteration before."""
        self._variance = 1.0 if view.carry is None else view.carry["variance"]
        self._mid: float | None = None
        self._quotes = {order.side: order for order in view.orders}
        view.timer(1_000.0, "second")

    def on_timer(self, view: View, name: str) -> None:
        """Take in the move of a second."""
        view.timer(1_000.0, name)
        mid = view.mid
        if mid is None:
            return
        if self._mid is not None:
            move = (mid / self._mid - 1.0) / BPS
            self._variance += (move * move - self._variance) / MEMORY_S
            view.record("sigma_bps", math.sqrt(self._variance))
        self._mid = mid

    def on_step(self, view: View) -> None:
        """Move the quotes that are off by a tenth of their distance."""
        fair = view.microprice
        if fair is None:
            return
        values = view.parameters
        half = max(values.floor_bps, values.sigmas * math.sqrt(self._variance)) + values.base_spread_bps_delta
        centre = fair * (1.0 - self.skew * half * view.position / self.most * BPS)
        for side in (1, -1):
            self._quote(view, side, centre * (1.0 - side * half * BPS), half)

    def _quote(self, view: View, side: int, price: float, half: float) -> None:
        quote = self._quotes.get(side)
        if quote is not None and quote.state == "done":
            quote = None
        if side * view.position + self.size > self.most:
            view.blocked("risk")
            if quote is not None:
                view.cancel(quote)
        elif quote is None:
            self._quotes[side] = view.place(side, price, self.size)
            view.record("half_bps", half)
        elif quote.state == "live" and abs(quote.price / price - 1.0) > 0.1 * half * BPS:
            if quote.age_ms < view.parameters.min_interval_ms:
                view.blocked("min_interval")
                return
            self._quotes[side] = view.replace(quote, price, self.size)
            view.record("half_bps", half)

    def on_end(self, view: View) -> None:
        """Leave the volatility to the next iteration."""
        view.carry = {"variance": self._variance}


def pytest_soak_make_strategy(profile):
    """Soak this maker."""
    return Microprice(fees=profile.fees, order_latency=profile.maker.latency)
