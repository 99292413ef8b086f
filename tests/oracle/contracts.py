"""Accounts of linear and inverse contracts in exact fractions, from what is owned and owed alone.

Whoever buys an inverse contract owes its quote currency and gets the coins that it buys. No formula of the
kernel is used here: neither its worth of a unit nor its signs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from pytest_soak.domain.contract import Contract
from pytest_soak.domain.settings import FeeSettings

BPS = Fraction(1, 10_000)


@dataclass
class Books:
    """What is owned of both currencies, and the parts of the profit in what the contract settles in."""

    contract: Contract
    fees: FeeSettings
    traded: Fraction = Fraction(0)
    base: Fraction = Fraction(0)
    quote: Fraction = Fraction(0)
    position: Fraction = Fraction(0)
    notional: Fraction = Fraction(0)
    mid: Fraction | None = None
    parts: dict[str, Fraction] = field(default_factory=dict)

    def fill(self, fill: Mapping[str, Any]) -> None:
        price, mid = Fraction(fill["price"]), Fraction(fill["mid_at_fill"])
        decided, side = Fraction(fill["mid_at_decision"]), int(fill["side"])
        units = side * Fraction(fill["qty"])
        self.hold_to(mid)
        paid = self._swap(units, price)
        self._add(
            "gross" if fill["maker"] else "slippage", self._worth(*paid, mid if fill["maker"] else decided)
        )
        if not fill["maker"]:
            self._add("inventory", self._worth(*paid, mid) - self._worth(*paid, decided))
        notional = abs(self._settled(*paid))
        fee = notional * self._bps(maker=bool(fill["maker"])) * BPS
        self._add("fees", -fee)
        self._pay(fee)
        self.base, self.quote = self.base + paid[0], self.quote + paid[1]
        self.position += units
        self.notional += notional
        self.traded += abs(paid[1])

    def fund(self, mid: float, rate: float) -> None:
        self.hold_to(Fraction(mid))
        size = abs(self.position) * Fraction(self.contract.size)
        worth = size / Fraction(mid) if self.contract.is_inverse else size * Fraction(mid)
        owed = (1 if self.position > 0 else -1) * worth * Fraction(rate)
        self._add("funding", -owed)
        self._pay(owed)

    def hold_to(self, mid: Fraction) -> None:
        if self.mid is not None:
            held = self._held()
            self._add("inventory", self._worth(*held, mid) - self._worth(*held, self.mid))
        self.mid = mid

    def profit(self, mid: float) -> Fraction:
        return self._worth(self.base, self.quote, Fraction(mid))

    def _held(self) -> tuple[Fraction, Fraction]:
        """What the position is apart from money: base currency, or a debt of quote currency."""
        size = self.position * Fraction(self.contract.size)
        return (Fraction(0), -size) if self.contract.is_inverse else (size, Fraction(0))

    def _swap(self, units: Fraction, price: Fraction) -> tuple[Fraction, Fraction]:
        """Base and quote currency that change hands."""
        size = units * Fraction(self.contract.size)
        return (size / price, -size) if self.contract.is_inverse else (size, -size * price)

    def _worth(self, base: Fraction, quote: Fraction, mid: Fraction) -> Fraction:
        return base + quote / mid if self.contract.is_inverse else base * mid + quote

    def _settled(self, base: Fraction, quote: Fraction) -> Fraction:
        return base if self.contract.is_inverse else quote

    def _pay(self, amount: Fraction) -> None:
        if self.contract.is_inverse:
            self.base -= amount
        else:
            self.quote -= amount

    def _bps(self, *, maker: bool) -> Fraction:
        found: Any = self.fees
        for tier in self.fees.tiers:
            if Fraction(tier.from_notional) <= self.traded:
                found = tier
        return Fraction(found.maker_bps if maker else found.taker_bps)

    def _add(self, part: str, amount: Fraction) -> None:
        self.parts[part] = self.parts.get(part, Fraction(0)) + amount


def booked(
    books: Books, fills: Iterable[Mapping[str, Any]], payments: Sequence[tuple[float, float]], rate: float
) -> Books:
    """Book fills and funding payments (time and mid) in order of time."""
    due = list(payments)
    for fill in fills:
        while due and due[0][0] < fill["ts_ms"]:
            books.fund(due.pop(0)[1], rate)
        books.fill(fill)
    for _, mid in due:
        books.fund(mid, rate)
    return books
