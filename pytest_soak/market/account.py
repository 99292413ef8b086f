"""The account of a strategy as it follows from the fills that it was told of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_soak.domain.contract import LINEAR, Contract

if TYPE_CHECKING:
    from pytest_soak.domain.holdings import Holdings

_SMALL = 1e-9


class Account:
    """Position, cash and profit by the fills received, by average cost.

    Amounts are in the currency that the contract settles in, the position is in its units. Cash begins with
    the price of what is held at the start, so that cash and position are worth the iteration's profit.
    """

    __slots__ = ("_average", "cash", "contract", "fees", "funding", "position", "realised")

    def __init__(self, contract: Contract = LINEAR, held: Holdings | None = None) -> None:
        self.contract = contract
        self.position = 0.0
        self.cash = 0.0
        self.fees = 0.0
        self.realised = 0.0
        self.funding = 0.0
        # What a unit counted on average when it was acquired.
        self._average: float | None = None
        if held is not None and held.average_price is not None and held.mark is not None:
            self.position = held.position
            self.cash = -held.position * contract.value(held.mark)
            self._average = contract.value(held.average_price)

    @property
    def average_price(self) -> float | None:
        """Average entry price: that at which the position would have earned nothing; None without one."""
        return None if self._average is None else self.contract.price_of(self._average)

    def earned(self, price: float) -> float:
        """Profit of the position at a price, before fees."""
        return 0.0 if self._average is None else self.position * (self.contract.value(price) - self._average)

    def fund(self, amount: float) -> None:
        """Take in a funding payment, negative where it was paid."""
        self.funding += amount
        self.cash += amount

    def book(self, side: int, price: float, size: float, fee: float) -> None:
        """Take in a fill; ``realised`` is before fees."""
        before, after = self.position, self.position + side * size
        value = self.contract.value(price)
        self.cash -= side * value * size + fee
        self.fees += fee
        average = self._average
        if average is None or before * side >= 0.0:
            held = abs(before)
            self._average = value if average is None else (average * held + value * size) / (held + size)
        else:
            closed = min(size, abs(before))
            self.realised -= side * closed * (value - average)
            if abs(after) < _SMALL:
                after, self._average = 0.0, None
            elif after * before < 0.0:
                self._average = value
        self.position = after
