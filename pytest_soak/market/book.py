"""The order book of the kernel: sizes by price, fed with snapshots, single updates and batches.

    >>> from pytest_soak.market import L2Book
    >>> book = L2Book(tick_size=0.1)
    >>> book.apply_snapshot(bids=[(99.9, 1.0), (99.8, 3.0)], asks=[(100.1, 3.0)], seq=5)
    >>> book.apply_delta(L2Book.ASK, 100.2, 2.0, seq=6)
    >>> book.best_bid, book.best_ask, book.mid, book.microprice
    (99.9, 100.1, 100.0, 99.95)
    >>> book.depth(1)
    ([(99.9, 1.0)], [(100.1, 3.0)])

Properties, each None where a side that it needs is empty (prices in quote currency):

- ``best_bid``, ``best_ask``: the highest bid and the lowest ask.
- ``mid``: halfway between them. ``spread``: ask minus bid; not positive while the book is crossed.
- ``microprice``: (bid x size of the ask + ask x size of the bid) / (both sizes), of the best levels.
- ``seq``: number of the last update, None where updates bear none. ``tick_size``; ``lot_size`` or None.

Methods that read:

- ``imbalance(depth)``: (bids - asks) / (bids + asks) over the sizes of the ``depth`` best levels per side,
  -1 to 1; None where both sides are empty.
- ``depth(n)``: the ``n`` best bids and the ``n`` best asks, best first, as two lists of (price, size).
- ``vwap(side, qty)``: average price of the best ``qty`` that stand on a side of the book, so what buying
  ``qty`` would cost for ``L2Book.ASK``; None where the side holds less.

Methods that change; a side is ``L2Book.BID`` (1) or ``L2Book.ASK`` (-1), a size is the one that stands from
now on, and 0 removes the level:

- ``apply_snapshot(bids, asks, seq=None)``: replaces the book. A side is an iterable of (price, size) or a
  float64 array of shape (levels, 2), in any order.
- ``apply_delta(side, price, size, seq=None)``: one update.
- ``apply_batch(sides, prices, sizes, seq=None)``: rows in their order, all of them or none. The arrays are
  contiguous: int8, float64, float64. They are read in place, without the GIL; no other thread may write to
  them or use the book until the call returns. ``seq`` is one number for the batch as a whole, or an int64
  array with a number per row, where rows of one update share theirs.

Sequence numbers: once an update bears one, each further update must bear the next. A snapshot sets the
number, or ends the counting where it bears none.

``L2Book(tick_size, lot_size=None, *, window=65536)``: prices are multiples of ``tick_size``, up to 2^40 of
them, sizes multiples of ``lot_size``, up to 2^50 of them, or any numbers up to 2^50 where there is none.
``window`` is the number of ticks per side (256 to 2^20, rounded up to a power of two) that are kept in arrays
round the best price; a tick takes 16 bytes for both sides. Levels outside wait in an ordered map, which is
slower and not limited.

Errors: ValueError for NaN, infinity, a negative size, a price off tick or below one tick, a size off lot, a
price that comes twice or bids that reach the asks in a snapshot, a sequence number that does not follow,
columns of different lengths; TypeError for arguments of a wrong type. After an error the book is exactly as
before, also after one in the middle of a batch. Updates may cross the book, as feeds send the two halves of a
move one after the other.
"""

from __future__ import annotations

from pytest_soak.domain.errors import SoakError

try:
    from pytest_soak._kernel import L2Book
except ImportError as error:
    raise SoakError(
        f"L2Book is in the compiled kernel, which cannot be loaded ({error}); "
        "in a source tree build it with: maturin develop --release"
    ) from error

__all__ = ["L2Book"]
