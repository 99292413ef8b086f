"""What a unit of quantity is: a part of the base currency, or an amount of the quote currency."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from pydantic import Field

from pytest_soak.domain.settings import Strict

LEAST_SIZE, MOST_SIZE = 1e-9, 1e9
Kind: TypeAlias = Literal["linear", "inverse"]
KINDS: tuple[str, ...] = get_args(Kind)


class Contract(Strict):
    """A linear contract is some base currency and settles in quote currency; an inverse one is an amount of
    quote currency and settles in base currency, the coin.

    Profit, cash, fees and notional are amounts of the currency that it settles in. What a unit that is held
    counts is :meth:`value`, so that every amount of an account follows from the same sums in both.
    """

    kind: Kind = Field(
        default="linear", description="Linear settles in quote currency, inverse in base currency"
    )
    size: float = Field(
        default=1.0,
        ge=LEAST_SIZE,
        le=MOST_SIZE,
        description="What one unit of quantity is: so much base currency, quote currency where it is inverse",
    )

    @property
    def is_inverse(self) -> bool:
        """Whether it settles in base currency."""
        return self.kind == "inverse"

    def value(self, price: float) -> float:
        """What one unit that is held counts at a price, in the currency it settles in."""
        return -self.size / price if self.is_inverse else self.size * price

    def price_of(self, value: float) -> float:
        """The price at which a unit counts so much."""
        return -self.size / value if self.is_inverse else value / self.size

    def in_quote(self, price: float) -> float:
        """Notional of one unit at a price, in quote currency."""
        return self.size if self.is_inverse else self.size * price

    def notional(self, price: float) -> float:
        """Notional of one unit at a price, in the currency it settles in."""
        return abs(self.value(price))

    def units(self, notional: float, price: float) -> float:
        """How many units have a notional in quote currency at a price."""
        return notional / self.in_quote(price)

    def to_quote(self, amount: float, price: float) -> float:
        """An amount of the currency it settles in, in quote currency at a price."""
        return amount * price if self.is_inverse else amount


LINEAR = Contract()
"""One unit is one of the base currency."""
