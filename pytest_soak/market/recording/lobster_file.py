"""Writing rows as a pair of LOBSTER's files: messages, and the book after each of them.

A trade is a message of type 4; the depth that it left is a message of its own after it, as rows tell it. A
level that grows is an order placed (type 1), one that shrinks an order reduced (2) or deleted (3).
Prices are in units of 1/10000. Sizes are decimals where a lot is less than one: LOBSTER's own are whole.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market.recording.times import SECOND_NS

if TYPE_CHECKING:
    from pytest_soak.market.recording.rows import Rows

LEVELS = 10
MOCK = "_mock_"
"""In the names of files that hold a mock market."""
_NO_LEVEL = 9_999_999_999
_PLACED, _REDUCED, _DELETED, _EXECUTED = 1, 2, 3, 4


def lobster_files(rows: Rows, symbol: str, file: Path) -> Iterator[tuple[Path, bytes, int]]:
    """The two files of rows: ``SYMBOL_DAY_NAME_mock_message_10.csv`` and ``..._orderbook_10.csv``.

    Beside the content stands the number of lines. NAME is that of ``file``, beside which they lie. The ten
    best levels are written, and messages that change one of them; times are seconds after midnight of the
    day on which the recording begins, in UTC.

    Raises:
        SoakConfigError: where a price is no multiple of 1/10000.
    """
    import numpy as np

    day = np.datetime64(int(rows["exch_ts"][0]), "ns").astype("datetime64[D]")
    messages, books = [], []
    for message, book in _Book(day.astype("datetime64[ns]").astype(int)).lines(rows):
        messages.append(message)
        books.append(book)
    name = f"{symbol}_{day}_{file.name.removesuffix('.csv')}"
    for what, lines in (("message", messages), ("orderbook", books)):
        yield file.with_name(f"{name}{MOCK}{what}_{LEVELS}.csv"), "".join(lines).encode("ascii"), len(lines)


class _Book:
    """The book as rows tell it: quantity by price in 1/10000, bids first."""

    def __init__(self, midnight_ns: int) -> None:
        self._midnight_ns = midnight_ns
        self._sides: tuple[dict[int, float], dict[int, float]] = ({}, {})
        # Prices of each side, the best one first: those of bids as negative numbers.
        self._order: tuple[list[int], list[int]] = ([], [])
        self._shown = ""

    def lines(self, rows: Rows) -> Iterator[tuple[str, str]]:
        """A line of a message and one of the book for each row that is seen in the best levels."""
        from pytest_soak.market.recording.rows import SELL, SNAPSHOT, TRADE

        columns = (rows["ev"].tolist(), rows["exch_ts"].tolist(), rows["px"].tolist(), rows["qty"].tolist())
        listed = list(zip(*columns, strict=True))
        opening = True
        for number, (event, at, px, qty) in enumerate(listed):
            kind, price, at = event & 0xFF, _units(px), at - self._midnight_ns
            side = int(event & SELL != 0)
            if kind == TRADE:
                # Of the order that was met: on the other side of the aggressor.
                yield _message(at, _EXECUTED, number, qty, price, 1 - side), self._line()
                continue
            more = qty - self._sides[side].get(price, 0.0)
            self._set(side, price, qty)
            after = listed[number + 1][0] & 0xFF if number + 1 < len(listed) else None
            if kind == SNAPSHOT and after == SNAPSHOT:
                continue
            book = self._line()
            if opening or book != self._shown:
                kind = _PLACED if more > 0.0 else _REDUCED if qty > 0.0 else _DELETED
                yield _message(at, kind, number, round(abs(more), 12), price, side), book
            opening, self._shown = False, book

    def _set(self, side: int, price: int, qty: float) -> None:
        rank = price if side else -price
        order = self._order[side]
        place = bisect_left(order, rank)
        known = place < len(order) and order[place] == rank
        if qty > 0.0:
            self._sides[side][price] = qty
            if not known:
                order.insert(place, rank)
        elif known:
            del order[place]
            del self._sides[side][price]

    def _line(self) -> str:
        bids = [-rank for rank in self._order[0][:LEVELS]]
        asks = self._order[1][:LEVELS]
        fields = []
        for level in range(LEVELS):
            for levels, side, none in ((asks, 1, _NO_LEVEL), (bids, 0, -_NO_LEVEL)):
                price = levels[level] if level < len(levels) else none
                fields.append(f"{price},{_number(self._sides[side].get(price, 0.0))}")
        return ",".join(fields) + "\n"


def _message(at: int, kind: int, number: int, size: float, price: int, side: int) -> str:
    seconds, ns = divmod(at, SECOND_NS)
    direction = -1 if side else 1
    return f"{seconds}.{ns:09d},{kind},{number},{_number(size)},{price},{direction}\n"


def _units(px: float) -> int:
    units = round(px * 10_000)
    if abs(units / 10_000 - px) > 1e-9:
        raise SoakConfigError(f"a price of {px} is not a multiple of 1/10000, LOBSTER's unit of price")
    return units


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)
