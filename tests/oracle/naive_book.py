"""A public order book in plain Python: two dictionaries, sorted anew for every reading, exact fractions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

BID, ASK = 1, -1
Level = tuple[Fraction, Fraction]


class NaivePublicBook:
    """Sizes by price, both exact; what is refused raises ValueError before anything is changed."""

    def __init__(self, tick_size: str, lot_size: str | None = None) -> None:
        self.tick = Fraction(tick_size)
        self.lot = None if lot_size is None else Fraction(lot_size)
        self.levels: dict[int, dict[Fraction, Fraction]] = {BID: {}, ASK: {}}
        self.seq: int | None = None

    def apply_snapshot(
        self, bids: Iterable[Sequence[float]], asks: Iterable[Sequence[float]], seq: int | None = None
    ) -> None:
        sides = {BID: [self._level(*row) for row in bids], ASK: [self._level(*row) for row in asks]}
        for rows in sides.values():
            if any(size == 0 for _, size in rows) or len({price for price, _ in rows}) < len(rows):
                raise ValueError("snapshot")
        if sides[BID] and sides[ASK] and max(sides[BID])[0] >= min(sides[ASK])[0]:
            raise ValueError("crossed")
        if seq is not None and seq < 0:
            raise ValueError("seq")
        self.levels = {side: dict(rows) for side, rows in sides.items()}
        self.seq = seq

    def apply_delta(self, side: int, price: float, size: float, seq: int | None = None) -> None:
        self.apply_batch([side], [price], [size], None if seq is None else [seq])

    def apply_batch(
        self,
        sides: Sequence[int],
        prices: Sequence[float],
        sizes: Sequence[float],
        seq: Sequence[int] | int | None = None,
    ) -> None:
        levels = {side: dict(held) for side, held in self.levels.items()}
        for side, price, size in zip(sides, prices, sizes, strict=True):
            if side not in levels:
                raise ValueError("side")
            at, stands = self._level(price, size)
            levels[side].pop(at, None)
            if stands:
                levels[side][at] = stands
        self.seq = self._last_number([seq] if isinstance(seq, int) else seq)
        self.levels = levels

    def _level(self, price: float, size: float) -> Level:
        at = self._multiple(price, self.tick)
        stands = Fraction(size) if self.lot is None else self._multiple(size, self.lot)
        if at < self.tick or stands < 0:
            raise ValueError("range")
        return at, stands

    @staticmethod
    def _multiple(number: float, unit: Fraction) -> Fraction:
        try:
            count = Fraction(number) / unit
        except OverflowError as error:
            raise ValueError("infinite") from error
        if abs(count - round(count)) > Fraction(1, 1000):
            raise ValueError("off the grid")
        return round(count) * unit

    def _last_number(self, given: Sequence[int] | None) -> int | None:
        if given is None:
            if self.seq is not None:
                raise ValueError("missing")
            return None
        last = self.seq
        for row, number in enumerate(given):
            same_update = row > 0 and number == last
            if number < 0 or (last is not None and number != last + 1 and not same_update):
                raise ValueError("gap")
            last = number
        return last

    def side(self, side: int) -> list[Level]:
        return sorted(self.levels[side].items(), reverse=side == BID)

    def best(self, side: int) -> Fraction | None:
        rows = self.side(side)
        return rows[0][0] if rows else None

    def mid(self) -> Fraction | None:
        bid, ask = self.best(BID), self.best(ASK)
        return None if bid is None or ask is None else (bid + ask) / 2

    def spread(self) -> Fraction | None:
        bid, ask = self.best(BID), self.best(ASK)
        return None if bid is None or ask is None else ask - bid

    def microprice(self) -> Fraction | None:
        if not (self.levels[BID] and self.levels[ASK]):
            return None
        (bid, bid_size), (ask, ask_size) = self.side(BID)[0], self.side(ASK)[0]
        return (bid * ask_size + ask * bid_size) / (bid_size + ask_size)

    def imbalance(self, depth: int) -> Fraction | None:
        bids, asks = (sum((size for _, size in self.side(s)[:depth]), Fraction(0)) for s in (BID, ASK))
        return (bids - asks) / (bids + asks) if bids + asks else None

    def vwap(self, side: int, qty: Fraction) -> Fraction | None:
        left, paid = qty, Fraction(0)
        for price, size in self.side(side):
            taken = min(size, left)
            left -= taken
            paid += taken * price
            if not left:
                return paid / qty
        return None
