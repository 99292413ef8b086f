"""Readers of recorded data against hftbacktest's own converters, row by row.

Two differences are meant. Where a book begins anew, a side is emptied as a whole here, and down to the last
price of the snapshot there: both are compared with that price left out. What came before the first snapshot
is left out here.
"""

from __future__ import annotations

import contextlib
import gzip
import importlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytest_soak import cli
from pytest_soak.market.recording.reading import read_recording
from tests.oracle import hft
from tests.oracle.recordings import BUY, CLEAR, SELL, SNAPSHOT, real_recording

hft.hftbacktest()


def _converted(module: str, *args: Any, **options: Any) -> np.ndarray:
    convert = importlib.import_module(f"hftbacktest.data.utils.{module}").convert
    with contextlib.redirect_stdout(io.StringIO()):
        rows: np.ndarray = convert(*args, **options)
    return rows


def _bare(rows: np.ndarray, shift_ns: int = 0) -> np.ndarray:
    """The fields that both have, without the price of rows that empty a side."""
    bare = np.array(rows[["ev", "exch_ts", "local_ts", "px", "qty"]])
    bare["px"][(bare["ev"] & np.uint64(0xFF)) == CLEAR] = 0.0
    bare["local_ts"] += shift_ns
    return bare


def _of_clock(rows: np.ndarray, bit: int) -> np.ndarray:
    of_clock: np.ndarray = rows[(rows["ev"] & np.uint64(1 << bit)) != 0]
    return of_clock


def _shift(rows: np.ndarray) -> int:
    """What hftbacktest adds to local times, so that nothing is received before it was sent."""
    return max(0, -int((rows["local_ts"] - rows["exch_ts"]).min()))


def test_tardis(tmp_path: Path) -> None:
    assert (
        cli.main(["record", "feed_outage", str(tmp_path / "a.csv.gz"), "--form=tardis", "--minutes=1"]) == 0
    )
    ours = read_recording(tmp_path / "a_*.csv.gz").rows
    names = [str(tmp_path / f"a_{what}.csv.gz") for what in ("trades", "incremental_book_L2")]
    theirs = _converted("tardis", names, buffer_size=len(ours) + 10)
    assert len(ours) > 10_000
    assert (_bare(ours, _shift(ours)) == _bare(theirs)).all()


def _real_capture() -> Path:
    path = real_recording().with_suffix(".gz")
    if not path.is_file():
        pytest.skip(f"no recorded data: {path} is not there")
    return path


def test_binance() -> None:
    """All rows from the moment on at which the book is known, on both clocks."""
    path = _real_capture()
    read = read_recording(path)
    ours = _bare(read.rows, _shift(read.rows))
    theirs = _bare(_converted("binancefutures", str(path), buffer_size=len(ours) + 10_000))
    assert read.about.gaps == 0
    begin = ours["exch_ts"][0] + 1_000_000_000
    for bit, name in ((31, "exch_ts"), (30, "local_ts")):
        one, other = _of_clock(ours, bit), _of_clock(theirs, bit)
        one, other = (rows[rows[name] > begin + 2_000_000_000] for rows in (one, other))
        both = np.uint64((1 << 31) | (1 << 30))
        for rows in (one, other):
            rows["ev"] |= both
        assert len(one) > 400_000
        assert (one == other).all()


def _bybit(folder: Path) -> tuple[Path, Path]:
    """An archive of order books, which begin anew once, and trades between their times."""
    draw, start = np.random.default_rng(3), 1_700_000_000_000
    books, trades = [], ["timestamp,symbol,side,size,price,tickDirection,trdMatchID"]
    for number in range(3_000):
        kind = "delta" if number % 2_000 else "snapshot"
        count = 50 if kind == "snapshot" else int(draw.integers(1, 4))
        sides = {
            key: [[f"{price / 10}", f"{size / 1000}"] for price, size in zip(prices, sizes, strict=True)]
            for key, prices, sizes in (
                ("b", 600_000 - np.sort(draw.permutation(99)[:count]), draw.integers(1, 9_000, count)),
                ("a", 600_001 + np.sort(draw.permutation(99)[:count]), draw.integers(1, 9_000, count)),
            )
        }
        told = {"s": "BTCUSDT", **sides, "u": number + 10, "seq": number}
        at = start + 7 * number
        books.append(json.dumps({"topic": "orderbook.500.BTCUSDT", "type": kind, "ts": at, "data": told}))
        side, size = ("Buy", "Sell")[int(draw.integers(2))], int(draw.integers(1, 99)) / 1000
        trades.append(f"{(at + 3) / 1e3:.4f},BTCUSDT,{side},{size},60000.0,PlusTick,x{number}")
    archive = folder / "a_ob500.data.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr("a_ob500.data", "\n".join(books) + "\n")
    told_trades = folder / "BTCUSDT.csv.gz"
    told_trades.write_bytes(gzip.compress(("\n".join(trades) + "\n").encode("ascii")))
    return archive, told_trades


def test_bybit(tmp_path: Path) -> None:
    """All rows, of one message in any order; snapshots have no side there, and times are floats."""
    files = _bybit(tmp_path)
    ours = _bare(read_recording(tmp_path / "*").rows)
    theirs = _bare(_converted("bybithistmktdata", *map(str, files), buffer_size=len(ours) + 10))
    assert len(ours) == len(theirs) > 10_000
    for rows in (ours, theirs):
        rows["exch_ts"] = rows["local_ts"] = (rows["exch_ts"] + 500_000) // 1_000_000
        snapshots = (rows["ev"] & np.uint64(0xFF)) == SNAPSHOT
        rows["ev"][snapshots] &= ~np.uint64(BUY | SELL)
        rows.sort(order=["exch_ts", "ev", "px", "qty"])
    assert (ours == theirs).all()
