"""A market, mock or recorded, that stops at every decision, for strategies written in Python.

A whole maker, for a ``conftest.py``. It quotes one order a side round the mid, shifted against its position::

    class TwoSided:
        name = "two_sided"
        size, most = 0.5, 5.0  # base units: of one order, and of the position on either side

        def __init__(self, fees):
            self.fees = fees

        def describe(self):
            return {"name": self.name, "size": self.size, "most": self.most, "fees": self.fees.model_dump()}

        def run(self, market, parameters, window):
            simulation = market.simulation(window, self.fees)
            half = 4.4 + parameters["base_spread_bps_delta"]  # bps
            quotes = {order.side: (order.order, order.price) for order in simulation.carried}
            updated = dict.fromkeys((1, -1), window.start_ms - 1e6)
            while simulation.step():
                ended = {fill.order for fill in simulation.fills} | set(simulation.rejected)
                for side in [s for s, (order, _) in quotes.items() if order in ended]:
                    simulation.cancel(quotes.pop(side)[0])  # what is left of it after a fill
                if simulation.mid is None:
                    continue
                centre = simulation.mid * (1 - 15e-4 * simulation.position / self.most)
                for side in (1, -1):
                    price = centre * (1 - side * half * 1e-4)
                    if side in quotes and abs(quotes[side][1] / price - 1) < 0.8e-4:
                        continue
                    if simulation.time_ms - updated[side] < parameters["min_interval_ms"]:
                        simulation.attempt("min_interval")
                        continue
                    if side in quotes:
                        simulation.cancel(quotes.pop(side)[0])
                    if side * simulation.position + self.size > self.most:
                        simulation.attempt("risk")
                        continue
                    simulation.attempt()
                    quotes[side] = simulation.place(side, price, self.size), price
                    updated[side] = simulation.time_ms
            return simulation.report()


    def pytest_soak_make_strategy(profile):
        return TwoSided(profile.fees)

A KPI that was not measured has no data, and a gate on it does not pass: ``risk_ratio`` needs attempts that
were blocked and counted with ``attempt``, a 95th percentile at least 20 samples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from pytest_soak.domain.contract import LINEAR, Contract
from pytest_soak.domain.reasons import Reason
from pytest_soak.market.reports import report_of
from pytest_soak.market.seen import Seen

if TYPE_CHECKING:
    from pytest_soak import _kernel
    from pytest_soak.domain.records import EdgeReport

Side: TypeAlias = Literal[1, -1]
"""1 buys, -1 sells."""


class Fill(NamedTuple):
    """A fill as it was received: order (None for one that took liquidity), side, units of the contract.

    ``fee`` is in the currency that the contract settles in, negative for a rebate; ``time_ms`` is when it
    happened at the market.
    """

    order: int | None
    side: int
    qty: float
    price: float
    fee: float
    time_ms: float


class Carried(NamedTuple):
    """A resting order that was placed in an earlier iteration; ``qty`` is what is left of it."""

    order: int
    side: int
    price: float
    qty: float
    placed_ms: float


class Simulation(Seen):
    """One window of a market, from decision to decision; made by a market's ``simulation``.

    Nothing is known before it was received: views of the book, fills and rejections come with the market's
    delays, and orders reach it with them. Views hold the orders of others only. Prices are in quote
    currency, quantities in units of the contract, base units where nothing else is said. Everything is a
    function of market, window and what is sent.

    Misuse (a price that is no positive number, a quantity below one lot, an unknown side or reason, anything
    sent after the end) is answered with a ValueError and changes nothing.
    """

    __slots__ = ("_finish", "_keep", "contract")

    def __init__(
        self,
        opened: _kernel.Simulation,
        finish: Callable[[EdgeReport], EdgeReport] | None = None,
        *,
        keep: Callable[[Mapping[str, bytes]], None] | None = None,
        contract: Contract = LINEAR,
    ) -> None:
        super().__init__(opened)
        self.contract = contract
        """What a unit of quantity is."""
        self._finish = finish
        self._keep = keep

    @property
    def compiled(self) -> _kernel.Simulation:
        """The kernel's own object."""
        return self._kernel

    def step(self) -> bool:
        """Go on to the next decision; False once the window is over."""
        return self._kernel.step()

    @property
    def bid_liquidity(self) -> float:
        """Quantity on the best ``depth_levels`` bid levels as seen now."""
        return self._kernel.bid_liquidity

    @property
    def ask_liquidity(self) -> float:
        """Quantity on the best ask levels as seen now."""
        return self._kernel.ask_liquidity

    @property
    def position(self) -> float:
        """Position by the fills received; it starts with what the iteration before has left."""
        return self._kernel.position

    @property
    def carried(self) -> list[Carried]:
        """Orders that were at the market at the start: what is left of them, under their old numbers."""
        return [Carried(*order) for order in self._kernel.carried]

    @property
    def funded(self) -> list[float]:
        """Funding payments told of since the last decision, negative where they were paid."""
        return self._kernel.funded

    @property
    def fills(self) -> list[Fill]:
        """Fills received since the last decision."""
        return [Fill(*fill) for fill in self._kernel.fills]

    @property
    def rejected(self) -> list[int]:
        """Orders rejected because they would have crossed the book, as received since the last decision."""
        return self._kernel.rejected

    def place(self, side: Side, price: float, qty: float) -> int:
        """Send a post-only order and return its number.

        The price is rounded to a tick away from the market, the quantity down to whole lots.
        """
        return self._kernel.place(side, price, qty)

    def replace(self, order: int, side: Side, price: float, qty: float) -> int:
        """Cancel an order and place another in one message; the new order's number.

        The new order joins the end of its queue. It is placed also where the old one was filled meanwhile.
        """
        return self._kernel.replace(order, side, price, qty)

    def cancel(self, order: int) -> None:
        """Send a cancellation; it does nothing where the order is not at the market any more."""
        self._kernel.cancel(order)

    def take(self, side: Side, price: float, qty: float) -> None:
        """Send an immediate-or-cancel order that pays ``price`` at worst.

        Its slippage is measured from the mid as seen now; without one that is a ValueError.
        """
        self._kernel.take(side, price, qty)

    def attempt(self, blocked: Reason | None = None) -> None:
        """Count an attempt to quote, and why it was blocked where it was; ``risk_ratio`` is made of these."""
        self._kernel.attempt(blocked)

    def report(self, carry: object = None) -> EdgeReport:
        """What the window left to measure; a ValueError before it is over.

        ``carry`` is a JSON value of at most 64 KiB that the strategy gets again in the next iteration, as
        ``window.carry``.
        """
        report = report_of(self._kernel.report())
        if self._keep is not None:
            self._keep(self._kernel.take_series())
        if self._finish is not None:
            report = self._finish(report)
        return report if carry is None else report.model_copy(update={"carry": carry})
