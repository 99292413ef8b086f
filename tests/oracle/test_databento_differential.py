"""The reader of Databento's orders against hftbacktest's own converter.

It makes a row of each order, ours one of each level: hftbacktest's market is fed with either, and shows the
same book at all times. Its converter reads files by the package ``databento``, for which a few lines stand in
here that give it the records as a frame. It removes an order as a whole where one is cancelled, so that all
cancellations are of whole orders here; parts are held to plain sums by a test of the crate ``readers``.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import struct
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

from pytest_soak.market.recording.reading import read_recording
from tests.oracle import hft

HFT: Any = hft.hftbacktest()
pl: Any = pytest.importorskip("polars", reason="polars is not installed; hftbacktest's converters need it")

START, MS = 1_700_000_000_000_000_000, 1_000_000
BIDS, ASKS = range(90, 100), range(100, 110)
LAST, SNAPSHOT = 128, 32


class Order(NamedTuple):
    """A record of the schema ``mbo``: the exchange's time, action, side, order, price, size, flags."""

    at: int
    action: str
    side: str
    number: int
    price: int
    size: int
    flags: int = LAST

    @property
    def bytes(self) -> bytes:
        """As it stands in a file, received 1 ms after it was sent."""
        head = struct.pack("<BBHIQ", 14, 0xA0, 1, 7, self.at)
        what = (self.number, self.price * 10**9, self.size, self.flags, 0)
        kind = (self.action.encode(), self.side.encode())
        return head + struct.pack("<QqIBBccQiI", *what, *kind, self.at + MS, 0, 0)


def _stream(changes: int) -> list[Order]:
    """A snapshot of forty orders, then additions, moves, cancellations and trades."""
    draw, resting = np.random.default_rng(4), dict[int, str]()
    told = [Order(START, "R", "N", 0, 0, 0, SNAPSHOT | LAST)]

    def sent(at: int, action: str, number: int, flags: int = LAST) -> None:
        side = resting.setdefault(number, "AB"[int(draw.integers(2))])
        price = int(draw.choice(BIDS if side == "B" else ASKS))
        told.append(Order(at, action, side, number, price, int(draw.integers(1, 9)), flags))

    for number in range(1, 41):
        sent(START, "A", number, SNAPSHOT | LAST)
    for change in range(changes):
        at, kind = START + (change + 1) * 2 * MS, draw.random()
        number = list(resting)[int(draw.integers(len(resting)))]
        if kind < 0.4 or len(resting) < 20:
            sent(at, "A", 100 + change)
        elif kind < 0.7:
            told.append(Order(at, "C", resting.pop(number), number, 1, 99))
        else:
            sent(at, "M" if kind < 0.9 else "T", number)
    return told


def _file(folder: Path, told: list[Order]) -> Path:
    """A file of DBN version 3."""
    metadata = struct.pack("<16sHQQQBBBH53xI", b"XNAS.ITCH", 0, START, START, 0, 1, 0, 0, 71, 0)
    metadata += struct.pack("<I71sIII", 1, b"AAPL", 0, 0, 0)
    path = folder / "a.dbn"
    head = b"DBN\x03" + struct.pack("<I", len(metadata)) + metadata
    path.write_bytes(head + b"".join(order.bytes for order in told))
    return path


def _converted(path: Path, told: list[Order], monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Rows of orders, as hftbacktest's converter makes them."""

    class Frame(pl.DataFrame):  # type: ignore[misc] # polars is not there where types are checked
        index: Any

    columns = dict(zip(Order._fields, zip(*told, strict=True), strict=True))
    frame = Frame(
        {
            **columns,
            "ts_event": pl.Series(columns["at"]).cast(pl.Datetime("ns")),
            "order_id": columns["number"],
            "price": [float(price) for price in columns["price"]],
            "symbol": ["AAPL"] * len(told),
        }
    )
    frame.index = pl.Series([order.at + MS for order in told]).cast(pl.Datetime("ns"))
    package: Any = ModuleType("databento")
    package.DBNStore = SimpleNamespace(from_bytes=lambda _: SimpleNamespace(to_df=lambda: frame))
    monkeypatch.setitem(sys.modules, "databento", package)
    convert = importlib.import_module("hftbacktest.data.utils.databento").convert
    with contextlib.redirect_stdout(io.StringIO()):
        rows: np.ndarray = convert(str(path), "AAPL")
    return rows


def _books(rows: np.ndarray, queue: str) -> list[tuple[float, ...]]:
    """What hftbacktest's market shows between the changes: best prices, and the size of each level."""
    asset = HFT.BacktestAsset().data(rows).linear_asset(1.0).constant_order_latency(0, 0)
    asset = getattr(asset, queue)().no_partial_fill_exchange().trading_value_fee_model(0.0, 0.0)
    market = HFT.HashMapMarketDepthBacktest([asset.tick_size(1.0).lot_size(1.0)])
    books, step = [], MS // 2
    while market.elapse(step) == 0:
        depth, step = market.depth(0), 2 * MS
        sizes = (
            *(depth.bid_qty_at_tick(tick) for tick in BIDS),
            *(depth.ask_qty_at_tick(tick) for tick in ASKS),
        )
        books.append((depth.best_bid, depth.best_ask, *sizes))
    market.close()
    return books


def test_orders_show_the_same_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = _stream(changes=1_500)
    path = _file(tmp_path, told)
    read = read_recording(path)
    assert (read.about.format, read.about.snapshots, read.about.gaps) == ("databento", 1, 0)
    ours = _books(np.array(read.rows), "risk_adverse_queue_model")
    theirs = _books(_converted(path, told, monkeypatch), "l3_fifo_queue_model")
    assert len(ours) >= 1_500
    assert len(set(ours)) > 1_000
    assert ours == theirs
