"""L2Book as a user meets it: what is a property, what is refused and how, arrays in place."""

from __future__ import annotations

import doctest
import sys
import threading
import time
from types import GetSetDescriptorType, MethodDescriptorType
from typing import Any

import numpy as np
import pytest

import pytest_soak
from pytest_soak.domain.errors import SoakError
from pytest_soak.market import L2Book, book

READINGS = (
    ["best_ask", "best_bid", "lot_size", "microprice", "mid", "seq", "spread", "tick_size"],
    ["apply_batch", "apply_delta", "apply_snapshot", "depth", "imbalance", "vwap"],
)


def _book() -> L2Book:
    made = L2Book(0.1)
    made.apply_snapshot([(99.9, 1.0), (99.8, 3.0)], [(100.1, 3.0), (100.3, 4.0)], seq=5)
    return made


def _state(made: L2Book) -> object:
    return made.depth(10**6), made.seq, made.best_bid, made.best_ask


def _columns(rows: int) -> tuple[Any, Any, Any]:
    return np.full(rows, L2Book.BID, np.int8), np.full(rows, 99.5), np.arange(rows, dtype=float)


def test_readings_without_arguments_are_properties_and_the_rest_are_methods() -> None:
    properties, methods = READINGS
    kinds = {name: kind for name, kind in vars(L2Book).items() if not name.startswith("_")}
    assert [n for n, kind in sorted(kinds.items()) if isinstance(kind, GetSetDescriptorType)] == properties
    assert [n for n, kind in sorted(kinds.items()) if isinstance(kind, MethodDescriptorType)] == methods
    assert sorted(set(kinds) - set(properties) - set(methods)) == ["ASK", "BID"]
    assert (L2Book.BID, L2Book.ASK) == (1, -1)


def test_the_documented_example_is_true() -> None:
    outcome = doctest.testmod(book)
    assert outcome.attempted >= 6
    assert outcome.failed == 0


def test_readings_of_a_book() -> None:
    made = _book()
    assert (made.best_bid, made.best_ask, made.mid, made.spread) == (99.9, 100.1, 100.0, 0.2)
    assert (made.microprice, made.tick_size, made.lot_size, made.seq) == (99.95, 0.1, None, 5)
    assert (made.imbalance(1), made.imbalance(2)) == (-0.5, -3 / 11)
    assert made.depth(1) == ([(99.9, 1.0)], [(100.1, 3.0)])
    assert (made.vwap(L2Book.ASK, 4.0), made.vwap(L2Book.ASK, 7.1)) == (100.15, None)
    assert repr(made) == "L2Book(best_bid=99.9, best_ask=100.1)"
    assert type(made).__module__ == "pytest_soak.market.book"


def test_an_empty_book_says_none() -> None:
    made = L2Book(0.5, lot_size=0.25)
    assert (made.best_bid, made.best_ask, made.mid, made.spread, made.microprice) == (None,) * 5
    assert (made.seq, made.imbalance(5), made.vwap(L2Book.BID, 1.0)) == (None, None, None)
    assert (made.depth(3), made.lot_size) == (([], []), 0.25)
    assert repr(made) == "L2Book(best_bid=None, best_ask=None)"


def test_a_snapshot_comes_as_pairs_or_as_a_table() -> None:
    wanted = _state(_book())
    bids, asks = [[99.8, 3], [99.9, 1]], [(100.3, 4), (100.1, 3)]
    for given in ((bids, asks), (iter(bids), iter(asks)), (np.array(bids, float), np.array(asks, float))):
        made = L2Book(0.1)
        made.apply_snapshot(given[0], given[1], seq=5)
        assert _state(made) == wanted
    wide = np.array(asks, float).repeat(2, axis=0)
    made = L2Book(0.1)
    made.apply_snapshot(np.empty((0, 2)), wide[::2])
    assert made.depth(2) == ([], [(100.1, 3.0), (100.3, 4.0)])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda b: b.apply_delta(1, float("nan"), 1.0, 6), "price NaN is not finite"),
        (lambda b: b.apply_delta(1, float("inf"), 1.0, 6), "price inf is not finite"),
        (lambda b: b.apply_delta(1, 99.95, 1.0, 6), "price 99.95 is off tick: not a multiple of 0.1"),
        (lambda b: b.apply_delta(1, -1.0, 1.0, 6), "price -1.0 is not between"),
        (lambda b: b.apply_delta(1, 1e30, 1.0, 6), "is not between one tick and"),
        (lambda b: b.apply_delta(1, 99.0, float("nan"), 6), "size NaN is not finite"),
        (lambda b: b.apply_delta(1, 99.0, -0.5, 6), "size -0.5 is negative"),
        (lambda b: b.apply_delta(1, 99.0, 1e300, 6), "is larger than"),
        (lambda b: b.apply_delta(0, 99.0, 1.0, 6), "side 0 is neither"),
        (lambda b: b.apply_delta(2**70, 99.0, 1.0, 6), "side is outside 64 bits"),
        (lambda b: b.apply_delta(1, 99.0, 1.0, 7), "sequence gap: 7 does not follow 5"),
        (lambda b: b.apply_delta(1, 99.0, 1.0, 5), "sequence gap: 5 does not follow 5"),
        (lambda b: b.apply_delta(1, 99.0, 1.0), "sequence number missing"),
        (lambda b: b.apply_delta(1, 99.0, 1.0, 2**63), "seq is outside 64 bits"),
        (
            lambda b: b.apply_snapshot([(9.0, 1.0)], [(9.0, 1.0)]),
            "crossed snapshot: best bid 9.0 is not below",
        ),
        (lambda b: b.apply_snapshot([(9.0, 1.0), (9.0, 2.0)], []), "bid price 9.0 comes twice"),
        (lambda b: b.apply_snapshot([], [(9.0, 0.0)]), "ask 0: size 0.0 is no size of a level"),
        (lambda b: b.apply_snapshot([(1.0, 2.0, 3.0)], []), "bids: a level is a pair"),
        (lambda b: b.apply_snapshot(np.ones((2, 3)), []), "bids has shape"),
        (lambda b: b.apply_snapshot([], np.ones(4)), "asks has shape"),
        (lambda b: b.apply_snapshot([], [], -1), "sequence number -1 is negative"),
        (lambda b: b.apply_batch(*_columns(3), seq=8), "sequence gap: 8 does not follow 5"),
        (lambda b: b.apply_batch(*_columns(2), seq=np.array([6, 8])), "row 1: sequence gap: 8"),
        (lambda b: b.apply_batch(*_columns(2), seq=np.array([6])), "columns differ in length"),
        (lambda b: b.apply_batch(_columns(2)[0], *_columns(3)[1:], seq=6), "columns differ in length"),
        (lambda b: b.apply_batch(_columns(2)[0], *np.full((2, 2), np.nan), seq=6), "row 0: price NaN"),
        (lambda b: b.apply_batch(*(c[::2] for c in _columns(6)), seq=6), "sides is not a contiguous"),
        (lambda b: b.apply_batch(_columns(4)[0], *np.ones((2, 2, 2)), seq=6), "prices is not a contiguous"),
        (lambda b: b.imbalance(0), "depth 0 is not above 0"),
        (lambda b: b.depth(-1), "n -1 is not above 0"),
        (lambda b: b.vwap(1, 0.0), "size 0.0 is not a finite number above 0"),
        (lambda b: b.vwap(1, float("nan")), "size NaN is not a finite number above 0"),
    ],
)
def test_a_refusal_is_a_clear_error_and_the_book_is_as_it_was(call: Any, words: str) -> None:
    made = _book()
    before = _state(made)
    with pytest.raises(ValueError, match=r"\A[^\n]*\Z") as caught:
        call(made)
    assert words in str(caught.value)
    assert _state(made) == before


@pytest.mark.parametrize(
    "call",
    [
        lambda b: b.apply_delta("bid", 99.0, 1.0, 6),
        lambda b: b.apply_delta(1, "99", 1.0, 6),
        lambda b: b.apply_delta(1, 99.0, 1.0, 6.0),
        lambda b: b.apply_snapshot(None, []),
        lambda b: b.apply_snapshot([(9.0, 1.0)], [9.5]),
        lambda b: b.apply_batch([1], [99.0], [1.0], 6),
        lambda b: b.apply_batch(_columns(2)[0].astype(int), *_columns(2)[1:], seq=6),
        lambda b: b.apply_batch(_columns(2)[0], *(c.astype("f4") for c in _columns(2)[1:]), seq=6),
        lambda b: b.apply_batch(_columns(2)[0], *(c.astype(">f8") for c in _columns(2)[1:]), seq=6),
        lambda b: b.apply_snapshot(np.ones((1, 2), ">f8"), []),
        lambda b: b.apply_batch(*_columns(2), seq=np.array([6, 7], ">i8")),
        lambda b: b.apply_batch(*_columns(2), seq=np.array([6.0, 7.0])),
        lambda b: b.depth(1.5),
    ],
)
def test_a_wrong_type_is_a_type_error_and_the_book_is_as_it_was(call: Any) -> None:
    made = _book()
    before = _state(made)
    with pytest.raises(TypeError):
        call(made)
    assert _state(made) == before


@pytest.mark.parametrize(
    "made",
    [
        lambda: L2Book(0.0),
        lambda: L2Book(float("nan")),
        lambda: L2Book(0.1, lot_size=-1.0),
        lambda: L2Book(0.1, window=0),
        lambda: L2Book(0.1, window=100),
        lambda: L2Book(0.1, window=2**70),
    ],
)
def test_a_book_of_impossible_sizes_is_refused(made: Any) -> None:
    with pytest.raises(ValueError, match=r"tick_size|lot_size|window"):
        made()


def test_one_bad_row_refuses_a_whole_batch_and_is_named() -> None:
    made = _book()
    before = _state(made)
    sides, prices, sizes = _columns(50_000)
    prices[41_234] = 99.55
    with pytest.raises(ValueError, match=r"^row 41234: price 99.55 is off tick"):
        made.apply_batch(sides, prices, sizes, seq=6)
    assert _state(made) == before
    prices[41_234] = 99.5
    made.apply_batch(sides, prices, sizes, seq=6)
    assert (made.seq, made.depth(3)[0][-1]) == (6, (99.5, 49_999.0))


def test_batches_are_read_from_memory_that_nobody_may_write_to() -> None:
    sides, prices, sizes = _columns(10)
    for column in (sides, prices, sizes):
        column.flags.writeable = False
    made = L2Book(0.1)
    made.apply_batch(sides, prices, sizes, seq=np.arange(10, dtype=np.int64))
    assert (made.best_bid, made.seq) == (99.5, 9)
    made.apply_batch(sides.data, prices.data, sizes.data, seq=np.int64(10))
    assert made.seq == 10


def test_other_threads_run_during_a_batch() -> None:
    made = L2Book(0.1)
    columns = _columns(2_000_000)
    done = threading.Event()

    def feed() -> None:
        until = time.monotonic() + 20.0
        while not done.is_set() and time.monotonic() < until:
            made.apply_batch(*columns)

    thread = threading.Thread(target=feed)
    thread.start()
    met = False
    while thread.is_alive() and not met:
        try:
            assert made.best_bid in (None, 99.5)
        except RuntimeError:
            # Only a thread that runs while the batch does can find the book in use.
            met = True
    done.set()
    thread.join()
    assert met


def test_a_kernel_that_is_not_built_says_how_to_build_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(pytest_soak, "_kernel", raising=False)
    monkeypatch.setitem(sys.modules, "pytest_soak._kernel", None)
    monkeypatch.delitem(sys.modules, "pytest_soak.market.book")
    with pytest.raises(SoakError, match="maturin develop"):
        __import__("pytest_soak.market.book")
