"""A naive order book of a recording: dictionaries and sorting, nothing kept up to date."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import groupby

import numpy as np

from tests.oracle.recordings import BUY, CLEAR, DEPTH, EPOCH_NS, EXCHANGE, LOCAL, SELL, SNAPSHOT, TRADE


class NaiveBook:
    """Quantities in lots by price in ticks, for each side."""

    def __init__(self) -> None:
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}

    def side(self, bits: int) -> dict[int, int]:
        return self.bids if bits & BUY else self.asks

    def set(self, bits: int, tick: int, lots: int) -> None:
        levels = self.side(bits)
        if lots > 0:
            levels[tick] = lots
        else:
            levels.pop(tick, None)

    def apply(self, event: Happening) -> None:
        if event.is_depth:
            self.set(event.bits, event.tick, event.lots)
        elif event.is_clear:
            for bits, worse in ((BUY, -1), (SELL, 1)):
                if event.bits & bits or not event.bits & (BUY | SELL):
                    levels = self.side(bits)
                    for tick in [t for t in levels if not event.tick or (t - event.tick) * worse <= 0]:
                        del levels[tick]

    def best(self) -> tuple[int, int] | None:
        if not self.bids or not self.asks:
            return None
        return sorted(self.bids)[-1], sorted(self.asks)[0]


class Happening:
    """One row of the exchange's side in ticks and lots; ``at_ns`` counts from the recording's begin."""

    def __init__(self, row: np.void, tick_size: float, lot_size: float) -> None:
        self.bits = int(row["ev"])
        self.kind = self.bits & 0xFF
        self.at_ns = int(row["exch_ts"])
        self.tick = round(float(row["px"]) / tick_size)
        self.lots = round(float(row["qty"]) / lot_size)

    @property
    def is_depth(self) -> bool:
        return self.kind in (DEPTH, SNAPSHOT)

    @property
    def is_trade(self) -> bool:
        return self.kind == TRADE

    @property
    def is_clear(self) -> bool:
        return self.kind == CLEAR

    @property
    def hits_bids(self) -> bool:
        return self.is_trade and bool(self.bits & SELL)


def happenings(rows: np.ndarray, tick_size: float, lot_size: float) -> list[Happening]:
    """What the exchange saw, in its order, timed from the first row."""
    found = [Happening(r, tick_size, lot_size) for r in rows[(rows["ev"] & EXCHANGE) != 0]]
    first = found[0].at_ns if found else EPOCH_NS
    for item in found:
        item.at_ns -= first
    return found


def local_happenings(rows: np.ndarray, tick_size: float, lot_size: float) -> list[Happening]:
    """What the receiver saw, in its order, timed by its clock from the exchange's first row."""
    first = int(rows["exch_ts"][(rows["ev"] & EXCHANGE) != 0][0])
    seen = rows[(rows["ev"] & LOCAL) != 0]
    found = [Happening(r, tick_size, lot_size) for r in seen]
    for item, at in zip(found, seen["local_ts"], strict=True):
        item.at_ns = int(at) - first
    return found


def book_at(events: list[Happening], at_ns: int) -> NaiveBook:
    """The book after everything at or before ``at_ns``."""
    book = NaiveBook()
    for event in events:
        if event.at_ns > at_ns:
            break
        book.apply(event)
    return book


class MidPath:
    """The mid in ticks at any time of a recording.

    It stands where a side is empty, or where the rows of one time leave the book crossed.
    """

    def __init__(self, events: list[Happening]) -> None:
        book = NaiveBook()
        self.times: list[int] = []
        self.mids: list[float] = []
        for at_ns, group in groupby(events, key=lambda event: event.at_ns):
            for event in group:
                book.apply(event)
            best = book.best()
            if best and best[0] < best[1]:
                self.times.append(at_ns)
                self.mids.append((best[0] + best[1]) / 2)

    def at(self, at_ns: int) -> float | None:
        """The mid after everything that happened at or before ``at_ns``."""
        index = bisect_right(self.times, at_ns)
        return self.mids[index - 1] if index else None

    def before(self, at_ns: int) -> float | None:
        """The mid after everything that happened before ``at_ns``."""
        index = bisect_left(self.times, at_ns)
        return self.mids[index - 1] if index else None
