"""What a strategy sees of market and account at a decision, and what it can send."""

from __future__ import annotations

import heapq
import math
import re
from array import array
from collections import deque
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from pytest_soak.domain.own import MOST_NAMES, NAME
from pytest_soak.market.account import Account
from pytest_soak.market.in_force import in_force
from pytest_soak.market.orders import Execution, Kind, Order, Rejection, StrategyError
from pytest_soak.market.seen import Seen

if TYPE_CHECKING:
    import numpy as np

    from pytest_soak.domain.contract import Contract
    from pytest_soak.domain.holdings import Holdings
    from pytest_soak.domain.reasons import Reason
    from pytest_soak.market.protocols import Window
    from pytest_soak.market.stepping import Side, Simulation

_FILLED, _REJECTED, _PLACED, _CANCELLED, _TAKEN, _REDUCED, _FUNDED = range(7)
_SMALL = 1e-9


class View(Seen):
    """One decision of a strategy: made by ``Strategy.run``, the same object at every step.

    Prices are in quote currency, sizes in units of the contract (base units where nothing else is said),
    amounts in the currency that it settles in, times in ms of market time. Nothing is known before it was
    received. ``place`` counts as an attempt to quote, unless the order is immediate-or-cancel and so quotes
    nothing; ``blocked`` counts as one that a rule of the strategy's own held back; ``risk_ratio`` is made of
    these.
    """

    def __init__(self, simulation: Simulation, parameters: Mapping[str, float], window: Window) -> None:
        super().__init__(simulation.compiled)
        self._window = window
        self.given = parameters
        """Parameters in force, as the harness gave them."""
        self._orders: dict[int, Order] = {}
        self._takes: deque[Order] = deque()
        self.timers: list[tuple[float, int, str]] = []
        """Timers that are set: when they are due, a number, the name."""
        self._count = 0
        self._names: set[str] = set()
        self._random: np.random.Generator | None = None
        self.account = Account(simulation.contract, window.holdings)
        self.recorded: dict[str, array[float]] = {}
        """Values of the strategy's own, by name."""
        self.fills: list[Execution] = []
        """Fills received since the last decision."""
        self.rejections: list[Rejection] = []
        """Orders refused by the market, as received since the last decision."""
        self.parameters = in_force(parameters)
        """Parameters in force, as attributes: ``view.parameters.min_interval_ms``."""
        self.carry: Any = window.carry
        """What the last iteration left, a JSON value; what stands here at the end goes to the next one."""
        self._take_over()

    @property
    def left_ms(self) -> float:
        """Market time until the iteration ends."""
        return self._window.end_ms - self._kernel.time_ms

    @property
    def spread(self) -> float | None:
        """Best ask less best bid; None where a side is empty."""
        bid, ask = self._kernel.best_bid, self._kernel.best_ask
        return None if bid is None or ask is None else ask - bid

    @property
    def bid_size(self) -> float:
        """Size on the best ``levels`` bids."""
        return self._kernel.bid_liquidity

    @property
    def ask_size(self) -> float:
        """Size on the best ``levels`` asks."""
        return self._kernel.ask_liquidity

    @property
    def imbalance(self) -> float | None:
        """(bids - asks) / (bids + asks) over the best ``levels``, from -1 to 1; None for an empty book."""
        bids, asks = self._kernel.bid_liquidity, self._kernel.ask_liquidity
        return (bids - asks) / (bids + asks) if bids + asks > 0.0 else None

    @property
    def microprice(self) -> float | None:
        """Mid shifted towards the thinner side: best prices weighted with the size of the other side."""
        bid, ask = self._kernel.best_bid, self._kernel.best_ask
        bids, asks = self._kernel.bid_liquidity, self._kernel.ask_liquidity
        if bid is None or ask is None or bids + asks <= 0.0:
            return None
        return (bid * asks + ask * bids) / (bids + asks)

    @property
    def position(self) -> float:
        """Position by the fills received and what was held at the start."""
        return self.account.position

    @property
    def average_price(self) -> float | None:
        """Average entry price of the position; None where there is none."""
        return self.account.average_price

    @property
    def cash(self) -> float:
        """What fills have brought and cost, fees paid, less what the position at the start was worth."""
        return self.account.cash

    @property
    def realised(self) -> float:
        """Profit of what was closed in this iteration, by average cost, before fees."""
        return self.account.realised

    @property
    def unrealised(self) -> float | None:
        """Profit of the position at the mid, before fees; None without a mid."""
        account, mid = self.account, self._kernel.mid
        if account.average_price is None:
            return 0.0
        return None if mid is None else account.earned(mid)

    @property
    def funding(self) -> float:
        """What funding payments have brought, negative where they cost."""
        return self.account.funding

    @property
    def profit(self) -> float | None:
        """Profit at the mid, fees and funding included; None without a mid."""
        account, mid = self.account, self._kernel.mid
        return None if mid is None else account.cash + account.position * account.contract.value(mid)

    @property
    def profit_quote(self) -> float | None:
        """The same in quote currency at the mid; None without a mid."""
        profit, mid = self.profit, self._kernel.mid
        return None if profit is None or mid is None else self.account.contract.to_quote(profit, mid)

    @property
    def contract(self) -> Contract:
        """What a unit of size is; ``contract.units(notional, price)`` says how many have a notional."""
        return self.account.contract

    @property
    def orders(self) -> tuple[Order, ...]:
        """Own orders that may be at the market, in the order in which they were sent."""
        return (*self._orders.values(), *(order for order in self._takes if order.kind == "ioc"))

    @property
    def random(self) -> np.random.Generator:
        """A stream of random numbers: a function of the canary's seed and the iteration."""
        if self._random is None:
            import numpy as np

            self._random = np.random.Generator(np.random.PCG64([self._window.seed, self._window.iteration]))
        return self._random

    def place(
        self, side: Side, price: float, size: float, *, kind: Kind = "post_only", client_id: str | None = None
    ) -> Order:
        """Send an order of side 1 (buy) or -1 (sell).

        ``post_only`` is rejected where it would cross, ``limit`` takes what it crosses and rests with what is
        left, ``ioc`` takes what it crosses. The price is rounded to a tick away from the market, the size
        down to whole lots.

        Raises:
            StrategyError: for a value that is not accepted or a ``client_id`` that was used before.
        """
        kernel = self._kernel
        name = self._name(client_id)
        number: int | None = None
        try:
            if kind == "post_only":
                number = kernel.place(side, price, size)
            elif kind == "limit":
                number = kernel.place_limit(side, price, size)
            elif kind == "ioc":
                kernel.take(side, price, size)
            else:
                self._refuse(f"kind {kind!r} is not one of post_only, limit, ioc")
        except StrategyError:
            raise
        except (ValueError, TypeError, OverflowError) as error:
            self._refuse(f"place({side!r}, {price!r}, {size!r}): {error}")
        return self._sent(Order(kernel, name, side, price, size, kind, number))

    def replace(self, order: Order, price: float, size: float, *, client_id: str | None = None) -> Order:
        """Have an order of another price or size; the order that stands for it from now on.

        A smaller size at the same price is asked of the order itself: it keeps its place in the queue, and
        its ``size`` changes when the market has answered. Anything else cancels it and sends a post-only
        order of its side in one message, which joins the end of its queue under the name ``client_id``.
        Where price and size stay as they are nothing is sent.

        Raises:
            StrategyError: for a value that is not accepted, or an order that is no longer at the market.
        """
        number, kernel = self._number(order), self._kernel
        try:
            stays = price == order.price or kernel.rounded(order.side, price) == kernel.rounded(
                order.side, order.price
            )
            left = order.left if order.asked is None else min(order.left, order.asked)
            if stays and order.state != "cancelling" and size <= left:
                if size < left:
                    kernel.reduce(number, size)
                    kernel.attempt(None)
                    order.asked = size
                return order
            name = self._name(client_id)
            new = kernel.replace(number, order.side, price, size)
        except StrategyError:
            raise
        except (ValueError, TypeError, OverflowError) as error:
            self._refuse(f"replace({order.id!r}, {price!r}, {size!r}): {error}")
        order.state = "cancelling"
        return self._sent(Order(kernel, name, order.side, price, size, "post_only", new))

    def cancel(self, order: Order, *, tail: bool = False) -> None:
        """Send a cancellation, unless one is under way or the order is no longer at the market.

        ``tail`` says that the order is given up as it was old and far from where it should be; the report
        counts such cancellations apart.

        Raises:
            StrategyError: for an immediate-or-cancel order, or anything that is not an order.
        """
        if not isinstance(order, Order):
            self._refuse(f"cancel({order!r}); accepted is an order that place() or replace() returned")
        if order.state in ("cancelling", "done"):
            return
        self._kernel.cancel(self._number(order), tail)
        order.state = "cancelling"

    def cancel_all(self) -> None:
        """Send a cancellation of every resting order."""
        cancel = self._kernel.cancel
        for number, order in self._orders.items():
            if order.state != "cancelling":
                cancel(number)
                order.state = "cancelling"

    def blocked(self, reason: Reason) -> None:
        """Count an attempt to quote that a rule of the strategy's own held back.

        Raises:
            StrategyError: for an unknown reason.
        """
        try:
            self._kernel.attempt(reason)
        except (ValueError, TypeError) as error:
            self._refuse(f"blocked({reason!r}): {error}")

    def record(self, name: str, value: float) -> None:
        """Record a value of the strategy's own: the record has its mean and percentiles as ``own.NAME.mean``,
        ``.p05``, ``.p50`` and ``.p95``, and a gate may be on any of these.

        Raises:
            StrategyError: for a value that is not a finite number, a name that is not accepted, or too many.
        """
        values = self.recorded.get(name)
        if values is None:
            values = self.recording(name)
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            self._refuse(f"record({name!r}, {value!r}); accepted is a finite number")
        values.append(number)

    def recording(self, name: str) -> array[float]:
        """The values under a name.

        Raises:
            StrategyError: for a name that is not accepted, or too many.
        """
        if not isinstance(name, str) or re.fullmatch(NAME, name) is None:
            self._refuse(f"record({name!r}, ...); accepted are up to 40 of a-z, 0-9 and _, a letter first")
        if len(self.recorded) == MOST_NAMES:
            self._refuse(f"record({name!r}, ...) is one name more than the {MOST_NAMES} that are accepted")
        return self.recorded.setdefault(name, array("d"))

    def timer(self, after_ms: float, name: str) -> None:
        """Have ``on_timer(view, name)`` called at the first decision at or after this much market time.

        Raises:
            StrategyError: where ``after_ms`` is not a number from 0 on.
        """
        if not 0.0 <= after_ms < float("inf"):
            self._refuse(f"timer {name!r} after {after_ms!r} ms; accepted is a number from 0 on")
        self._count += 1
        heapq.heappush(self.timers, (self.time_ms + after_ms, self._count, name))

    def due(self) -> Iterator[str]:
        """Names of the timers that are due, once each, in order of time."""
        while self.timers and self.timers[0][0] <= self._kernel.time_ms:
            yield heapq.heappop(self.timers)[2]

    def named(self, held: Holdings | None) -> Holdings | None:
        """Holdings at the end whose orders have the names that the strategy gave them."""
        if held is None:
            return None
        given = {number: order.id for number, order in self._orders.items() if order.id in self._names}
        named = (order.model_copy(update={"client_id": given.get(order.number)}) for order in held.orders)
        return held.model_copy(update={"orders": tuple(named)})

    def _take_over(self) -> None:
        """Go on with the orders that are at the market at the start."""
        held = self._window.holdings
        names = {} if held is None else {order.number: order.client_id for order in held.orders}
        for number, side, price, size, placed_ms in self._kernel.carried:
            name = self._name(names.get(number))
            order = Order(self._kernel, name, side, price, size, "post_only", number)
            order.sent_ms, order.state = placed_ms, "live"
            self._orders[number] = order

    def receive(self) -> None:
        """Take in what the market has said since the last decision; called by the loop."""
        self.fills, self.rejections = [], []
        updates = self._kernel.updates
        fills = self._kernel.fills if updates else []
        for kind, number, at in updates:
            if kind == _FILLED:
                self._filled(*fills[at])
            elif kind == _TAKEN:
                self._taken(self._takes.popleft())
            elif kind == _REDUCED:
                self._reduced(*self._kernel.reduced[at])
            elif kind == _FUNDED:
                self.account.fund(self._kernel.funded[at])
            elif number in self._orders:
                self._answered(kind, number)

    def _filled(
        self, number: int | None, side: int, size: float, price: float, fee: float, time_ms: float
    ) -> None:
        order = self._takes[0] if number is None else self._orders[number]
        order.filled += size
        self.account.book(side, price, size, fee)
        self.fills.append(Execution(order, side, price, size, number is not None, fee, time_ms))
        if number is not None and order.left < _SMALL * order.size:
            self._end(number)

    def _taken(self, order: Order) -> None:
        if order.number is None:
            order.state = "done"
        elif order.left < _SMALL * order.size:
            self._end(order.number)

    def _reduced(self, number: int, left: float) -> None:
        order = self._orders.get(number)
        if order is not None:
            order.size = order.filled + left
            # More than was asked for last: another reduction is still on its way.
            if order.asked is not None and left < order.asked + _SMALL:
                order.asked = None

    def _answered(self, kind: int, number: int) -> None:
        order = self._orders[number]
        if kind == _PLACED:
            order.state = "live" if order.state == "pending" else order.state
            return
        if kind == _REJECTED:
            self.rejections.append(Rejection(order, "would have crossed the book"))
        self._end(number)

    def _end(self, number: int) -> None:
        order = self._orders.pop(number, None)
        if order is not None:
            order.state = "done"

    def _sent(self, order: Order) -> Order:
        if order.kind != "ioc":
            self._kernel.attempt(None)
        if order.number is not None:
            self._orders[order.number] = order
        if order.kind != "post_only":
            self._takes.append(order)
        return order

    def _name(self, client_id: str | None) -> str:
        if client_id is None:
            self._count += 1
            while (name := f"order-{self._count}") in self._names:
                self._count += 1
            return name
        if not isinstance(client_id, str):
            self._refuse(f"client_id {client_id!r} is no text")
        if client_id in self._names:
            self._refuse(f"client_id {client_id!r} was used before in this iteration")
        self._names.add(client_id)
        return client_id

    def _number(self, order: Order) -> int:
        if order.number is None or order.state == "done":
            self._refuse(f"order {order.id!r} is not at the market (kind {order.kind}, state {order.state})")
        return order.number

    def _refuse(self, what: str) -> NoReturn:
        # What the kernel said is in the text already.
        raise StrategyError(f"at market time {self._kernel.time_ms:.3f} ms: {what}") from None
