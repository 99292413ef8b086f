"""Readers of recorded data against hftbacktest's own converters, row by row.

Two differences are meant. Where a book begins anew, a side is emptied as a whole here, and down to the last
price of the snapshot there: both are compared with that price left out. What came before the first snapshot
is left out here.
"""

from __future__ import annotations

import contextlib
import importlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytest_soak import cli
from pytest_soak.market.recording.reading import read_recording
from tests.oracle import hft
from tests.oracle.recordings import CLEAR, real_recording

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
