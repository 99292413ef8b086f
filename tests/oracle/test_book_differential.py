"""The kernel's book and a naive book accept, refuse and hold the same."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_soak.market import L2Book
from tests.oracle.naive_book import ASK, BID, NaivePublicBook

Call = Callable[[Any], None]

some = settings(max_examples=150, deadline=None)
sides = st.sampled_from([BID, ASK])
near = st.integers(min_value=995, max_value=1005)
far = st.sampled_from([1, 2, 700, 1300, 1_000_000, 2**40])
prices = st.builds(lambda tick: tick / 10, near | near | near | far)
sizes = st.builds(lambda lots: lots / 1000, st.just(0) | st.integers(1, 9999) | st.integers(1, 9999))
not_numbers = [float("nan"), float("inf"), float("-inf"), -0.1, -5.0]
bad_prices = st.sampled_from([*not_numbers, 0.0, 0.04, 100.05, 5e-324])
bad_sizes = st.sampled_from(not_numbers)
bad_sides = st.sampled_from([0, 2, -2, 127, -128])
# How an update is numbered: as it should be, or in a way that is mostly wrong.
numbering = st.sampled_from(["next"] * 12 + ["none", "first", "same", "gap", "negative"])


def _number(kind: str, last: int | None) -> int | None:
    if kind == "next":
        return None if last is None else last + 1
    known = -1 if last is None else last
    return {"none": None, "first": known + 1, "same": known, "gap": known + 3, "negative": -1}[kind]


def _mostly(good: st.SearchStrategy[Any], bad: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 99).flatmap(lambda n: bad if n == 99 else good)


rows = st.tuples(_mostly(sides, bad_sides), _mostly(prices, bad_prices), _mostly(sizes, bad_sizes))


@st.composite
def _deltas(draw: st.DrawFn) -> Call:
    row, kind = draw(rows), draw(numbering)
    return lambda book: book.apply_delta(*row, _number(kind, book.seq))


@st.composite
def _snapshots(draw: st.DrawFn) -> Call:
    middle = draw(near)
    steps = st.lists(st.integers(1, 9) | st.integers(1, 900), unique=True, max_size=8)
    bids = [((middle - step) / 10, draw(sizes) or 1.0) for step in draw(steps)]
    asks = [((middle + step) / 10, draw(sizes) or 1.0) for step in draw(steps)]
    for side in (bids, asks):
        # Now and then a level too many: off the grid, of size 0, there already, across the other side.
        side += draw(_mostly(st.just([]), st.lists(st.tuples(prices, sizes | bad_sizes), max_size=1)))
    seq = draw(st.none() | st.integers(-1, 6))
    return lambda book: book.apply_snapshot(bids, asks, seq)


@st.composite
def _batches(draw: st.DrawFn) -> Call:
    table = draw(st.lists(rows, max_size=40))
    sides = np.array([row[0] for row in table], dtype=np.int8)
    prices, sizes = (np.array([row[i] for row in table], dtype=np.float64) for i in (1, 2))
    each, kind = draw(st.booleans()), draw(numbering)
    steps = draw(st.lists(_mostly(st.integers(0, 1), st.integers(-1, 3)), min_size=40, max_size=40))

    def call(book: Any) -> None:
        seq = _number(kind, book.seq)
        if each and seq is not None:
            column = seq + np.cumsum(np.array([0, *steps], dtype=np.int64))[: len(table)]
            numbers = column if isinstance(book, L2Book) else column.tolist()
        else:
            numbers = seq
        if isinstance(book, L2Book):
            book.apply_batch(sides, prices, sizes, numbers)
        else:
            book.apply_batch(sides.tolist(), prices.tolist(), sizes.tolist(), numbers)

    return call


calls = st.lists(st.one_of(_deltas(), _deltas(), _batches(), _batches(), _snapshots()), max_size=30)


def _accepts(book: L2Book | NaivePublicBook, call: Call) -> bool:
    try:
        call(book)
    except ValueError:
        return False
    return True


def _float(number: Fraction | None) -> float | None:
    return None if number is None else float(number)


def _near(number: Fraction | None, exact: float = 0.0) -> object:
    """About a number, to twelve digits, or to ``exact`` where that is less."""
    return None if number is None else pytest.approx(float(number), rel=1e-12, abs=max(1e-12, exact))


def _compare(book: L2Book, naive: NaivePublicBook) -> None:
    held = [[(float(p), float(q)) for p, q in naive.side(side)] for side in (BID, ASK)]
    assert book.depth(1_000_000) == (held[0], held[1])
    assert (book.best_bid, book.best_ask) == (_float(naive.best(BID)), _float(naive.best(ASK)))
    assert (book.mid, book.spread, book.seq) == (_float(naive.mid()), _float(naive.spread()), naive.seq)
    assert book.microprice == _near(naive.microprice())
    for depth in (1, 3, 1000):
        assert book.imbalance(depth) == _near(naive.imbalance(depth))
    for side in (BID, ASK):
        total = sum((size for _, size in naive.side(side)), Fraction(0))
        # An average of prices is as exact as the largest of them.
        exact = max((float(price) for price, _ in naive.side(side)), default=0.0) * 1e-14
        for qty in (Fraction(1, 1000), total / 2, total, total + 1):
            if qty and (qty * 1000).denominator == 1:
                assert book.vwap(side, float(qty)) == _near(naive.vwap(side, qty), exact)


@some
@given(calls=calls, window=st.sampled_from([256, 1024, 65536]))
def test_the_book_is_a_naive_book(calls: list[Call], window: int) -> None:
    book, naive = L2Book(0.1, 0.001, window=window), NaivePublicBook("0.1", "0.001")
    for call in calls:
        accepted = _accepts(naive, call)
        assert _accepts(book, call) == accepted
        _compare(book, naive)


@some
@given(
    table=st.lists(st.tuples(sides, near, st.floats(0.0, 2.0**50)), max_size=60),
    tick=st.sampled_from(["0.1", "0.25", "0.05", "2.5", "1e-8", "100", "0.3"]),
)
@example(table=[(BID, 1000, -0.0), (BID, 1000, 5e-324)], tick="0.25")
def test_sizes_without_a_lot_are_kept_to_the_last_bit(table: list[Any], tick: str) -> None:
    book, naive = L2Book(float(tick)), NaivePublicBook(tick)
    for side, ticks, size in table:
        price = float(ticks * Fraction(tick))
        book.apply_delta(side, price, size)
        naive.apply_delta(side, price, size)
    for mine, side in zip(book.depth(10_000), (BID, ASK), strict=True):
        assert [size for _, size in mine] == [float(size) for _, size in naive.side(side)]
        assert [price for price, _ in mine] == pytest.approx(
            [float(p) for p, _ in naive.side(side)], rel=1e-15
        )


@some
@given(
    bid=st.integers(1, 10**6),
    gap=st.integers(1, 10**6),
    shares=st.tuples(st.floats(1e-300, 1e15), st.floats(1e-300, 1e15)),
)
def test_mid_and_microprice_lie_between_the_best_prices(
    bid: int, gap: int, shares: tuple[float, float]
) -> None:
    book = L2Book(0.01)
    book.apply_snapshot([(bid / 100, shares[0])], [((bid + gap) / 100, shares[1])])
    assert book.best_bid is not None
    assert book.best_ask is not None
    for price in (book.mid, book.microprice):
        assert price is not None
        assert book.best_bid <= price <= book.best_ask
