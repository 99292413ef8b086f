"""Archives of Bybit: order books in a zip, trades in a CSV file, and what is refused."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market.recording.reading import read_recording
from pytest_soak.market.recording.rows import GAP
from tests.oracle.recordings import BUY, CLEAR, DEPTH, SELL, SNAPSHOT, TRADE

MS = 1_700_000_000_000
HEAD = "timestamp,symbol,side,size,price,tickDirection,trdMatchID\n"
Levels = Sequence[Sequence[str]]


def _book(at: int, number: int, kind: str = "delta", bids: Levels = (), asks: Levels = ()) -> str:
    data = {"s": "BTCUSDT", "b": list(bids), "a": list(asks), "u": number, "seq": number * 7}
    return json.dumps({"topic": "orderbook.500.BTCUSDT", "type": kind, "ts": MS + at, "data": data}) + "\n"


def _whole(at: int, number: int) -> str:
    return _book(at, number, "snapshot", [["99.0", "1"], ["98.5", "2"]], [["101.0", "3"]])


def _archive(folder: Path, *lines: str, trades: str | None = None) -> Path:
    with zipfile.ZipFile(folder / "a_ob500.data.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a_ob500.data", "".join(lines))
    told = HEAD + (trades or f"{(MS + 5) / 1e3:.4f},BTCUSDT,Buy,0.5,101.0,PlusTick,x\n")
    (folder / "BTCUSDT.csv.gz").write_bytes(gzip.compress(told.encode("utf-8")))
    return folder / "*"


def test_books_and_trades_are_one_recording(tmp_path: Path) -> None:
    lines = (_whole(0, 10), _book(5, 11, asks=[["101.0", "2.5"]]), _book(9, 12, bids=[["99.0", "0"]]))
    read = read_recording(_archive(tmp_path, *lines))
    assert (read.about.format, read.about.symbol, read.about.gaps) == ("bybit", "BTCUSDT", 0)
    assert not read.about.has_receipt
    told = [(int(e) & 0xFF, int(e) & (BUY | SELL)) for e in read.rows["ev"]]
    assert told == [
        *((CLEAR, BUY), (SNAPSHOT, BUY), (SNAPSHOT, BUY), (CLEAR, SELL), (SNAPSHOT, SELL)),
        *((TRADE, BUY), (DEPTH, SELL), (DEPTH, BUY)),
    ]
    assert read.rows["exch_ts"].tolist() == [MS * 10**6] * 5 + [(MS + 5) * 10**6] * 2 + [(MS + 9) * 10**6]


def test_a_missing_delta_is_a_gap_until_a_snapshot(tmp_path: Path) -> None:
    lines = (
        *(_book(0, 5), _whole(1, 10), _book(2, 11), _book(3, 13), _book(4, 14)),
        *(_whole(6, 1), _book(7, 2, bids=[["99.0", "4"]])),
    )
    read = read_recording(_archive(tmp_path, *lines))
    assert (read.about.gaps, read.about.snapshots) == (1, 2)
    assert read.about.ignored == {"delta of a book that is not known": 2}
    kinds = [int(e) & 0xFF for e in read.rows["ev"]]
    assert kinds.count(GAP) == 1
    assert read.rows["exch_ts"][kinds.index(GAP)] == (MS + 2) * 10**6


@pytest.mark.parametrize(
    ("lines", "trades", "said"),
    [
        ((_whole(0, 1), _book(1, 2, "other")), None, "row 2 has type = other; expected snapshot or delta"),
        ((_whole(0, 1), _book(1, 2, bids=[["0", "1"]])), None, "row 2 has b = 0; expected a price above 0"),
        ((_whole(0, 1), "{]\n"), None, "row 2 is no message that is known"),
        (
            (_whole(0, 1),),
            "1,BTCUSDT,Buy\n",
            "row 2 has 3 columns; expected timestamp,symbol,side,size,price",
        ),
        ((_whole(0, 1),), "1,BTCUSDT,Up,1,1\n", "row 2 has side = Up; expected Buy or Sell"),
        ((_whole(0, 1),), "1e3,BTCUSDT,Buy,1,1\n", "row 2 has timestamp = 1e3; expected seconds"),
    ],
)
def test_hostile_lines_are_named(tmp_path: Path, lines: Sequence[str], trades: str | None, said: str) -> None:
    with pytest.raises(SoakConfigError, match=said):
        read_recording(_archive(tmp_path, *lines, trades=trades))


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    _archive(tmp_path, *(_whole(i, i) for i in range(1, 3_000)))
    path = tmp_path / "a_ob500.data.zip"
    held = bytearray(path.read_bytes())
    held[-64] ^= 0xFF  # in the sum of the member
    for content in (bytes(held), path.read_bytes()[:-300]):
        path.write_bytes(content)
        with pytest.raises(SoakConfigError, match=r"a_ob500\.data\.zip is (damaged|truncated)"):
            read_recording(tmp_path / "*")


def test_each_file_asks_for_the_other(tmp_path: Path) -> None:
    _archive(tmp_path, _whole(0, 1))
    for name, said in (
        ("*.zip", "no file of trades beside it"),
        ("*.gz", "no file of order books beside it"),
    ):
        with pytest.raises(SoakConfigError, match=said):
            read_recording(tmp_path / name)
