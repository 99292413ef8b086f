"""The account of a strategy as it follows from the fills that it was told of."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_soak.domain.holdings import Holdings

_SMALL = 1e-9


class Account:
    """Position, cash and profit by the fills received, by average cost.

    Cash begins with the price of what is held at the start, so that cash and position together are worth the
    profit of the iteration.
    """

    __slots__ = ("average_price", "cash", "fees", "position", "realised")

    def __init__(self, held: Holdings | None = None) -> None:
        self.position = 0.0 if held is None else held.position
        self.cash = 0.0 if held is None else -held.position * (held.mark or 0.0)
        self.fees = 0.0
        self.realised = 0.0
        self.average_price: float | None = None if held is None else held.average_price

    def book(self, side: int, price: float, size: float, fee: float) -> None:
        """Take in a fill; ``realised`` is before fees."""
        before, after = self.position, self.position + side * size
        self.cash -= side * price * size + fee
        self.fees += fee
        average = self.average_price
        if average is None or before * side >= 0.0:
            held = abs(before)
            self.average_price = price if average is None else (average * held + price * size) / (held + size)
        else:
            closed = min(size, abs(before))
            self.realised -= side * closed * (price - average)
            if abs(after) < _SMALL:
                after, self.average_price = 0.0, None
            elif after * before < 0.0:
                self.average_price = price
        self.position = after
