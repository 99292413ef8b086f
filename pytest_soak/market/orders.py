"""A strategy's own orders, what became of them, and what it gets wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from pytest_soak import _kernel

Kind = Literal["post_only", "limit", "ioc"]
State = Literal["pending", "live", "cancelling", "done"]


class StrategyError(ValueError):
    """Something that a strategy asked for cannot be done; the message has the market time and the value."""


class Order:
    """An order of the strategy, as far as it has been told.

    ``state`` is ``pending`` until the market has answered, then ``live``; ``cancelling`` from the moment a
    cancellation is sent; ``done`` when it is no longer at the market. ``price`` is as it was asked for.
    """

    __slots__ = (
        "_kernel",
        "asked",
        "filled",
        "id",
        "kind",
        "number",
        "price",
        "sent_ms",
        "side",
        "size",
        "state",
    )

    def __init__(
        self,
        kernel: _kernel.Simulation,
        name: str,
        side: int,
        price: float,
        size: float,
        kind: Kind,
        number: int | None,
    ) -> None:
        self._kernel = kernel
        self.id = name
        self.side = side
        self.price = price
        self.size = size
        self.kind: Kind = kind
        self.number = number
        self.sent_ms = kernel.time_ms
        self.filled = 0.0
        self.asked: float | None = None
        """How much is to be left of it at most, from when that is asked for until the market has answered."""
        self.state: State = "pending"

    def __repr__(self) -> str:
        return f"Order({self.id!r}, {self.side:+d}, {self.price!r}, {self.size!r}, {self.kind}, {self.state})"

    @property
    def left(self) -> float:
        """Size that is not filled."""
        return max(0.0, self.size - self.filled)

    @property
    def age_ms(self) -> float:
        """Market time since it was sent."""
        return self._kernel.time_ms - self.sent_ms

    @property
    def ahead(self) -> float | None:
        """Size ahead of it in the queue, an estimate from the book and the trades received.

        It joins behind what is displayed when its placement is confirmed; trades at its price move it
        ahead, and not more can be ahead than is displayed. None where it is not known to be at the market,
        or where its price never was among the best ``levels``.
        """
        return None if self.number is None else self._kernel.queue_ahead(self.number)


class Execution(NamedTuple):
    """A fill as the strategy was told of it; ``fee`` in quote units, ``time_ms`` at the market."""

    order: Order
    side: int
    price: float
    size: float
    maker: bool
    fee: float
    time_ms: float


class Rejection(NamedTuple):
    """An order that the market refused, and why."""

    order: Order
    cause: str
