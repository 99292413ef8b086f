"""CSV files of Tardis: a round trip by way of ``pytest-soak record``, and what is refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from pytest_soak import cli
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market import ReplayMarket, load_scenario
from pytest_soak.market.recording.reading import read_recording
from pytest_soak.market.tape import rows_of_scenario
from tests.oracle.recordings import BOTH, BUY, CLEAR, DEPTH, SELL, SNAPSHOT, TRADE

BOOK = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"
TRADES = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount"
T = 1_700_000_000_000_000


def _book(*rows: str) -> str:
    return "\n".join((BOOK, *rows)) + "\n"


def _row(at: int, what: str, side: str, price: object, amount: object, lag: int = 1_000) -> str:
    return f"deribit,BTC,{T + at},{T + at + lag},{what},{side},{price},{amount}"


SHOWN = (_row(0, "true", "bid", 99, 1), _row(0, "true", "ask", 101, 2))


def _written(folder: Path, book: str, trades: str | None = None) -> Path:
    (folder / "book.csv").write_text(book, encoding="utf-8")
    told = trades or "\n".join((TRADES, _row(10, "1", "buy", 101, 1))) + "\n"
    (folder / "trades.csv").write_text(told, encoding="utf-8")
    return folder / "*.csv"


def test_a_recorded_scenario_comes_back_field_by_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "calm.csv.gz"
    assert cli.main(["record", "calm", str(path), "--form=tardis", "--minutes=2", "--seed=3"]) == 0
    said = [line.rpartition(": ")[2].split()[0] for line in capsys.readouterr().out.splitlines()]
    source = rows_of_scenario(load_scenario("calm"), seed=3, duration_s=120.0)
    read = read_recording(tmp_path / "calm_*.csv.gz")
    assert (read.about.format, read.about.symbol, read.origin) == ("tardis", "calm-s3", "calm-s3")
    rows = read.rows
    both, kind = np.uint64(BOTH), rows["ev"] & np.uint64(0xFF)
    for kinds, written in zip(((DEPTH, SNAPSHOT), (TRADE,)), said, strict=True):
        wanted = source[np.isin(source["ev"] & np.uint64(0xFF), kinds)]
        # An event that became a row of each clock counts once, by its row of the exchange.
        found = rows[np.isin(kind, kinds) & ((rows["ev"] & np.uint64(1 << 31)) != 0)]
        assert len(found) == len(wanted) == int(written) > 20
        # A snapshot is told side by side.
        if SNAPSHOT in kinds:
            shown = int((wanted["ev"] & np.uint64(0xFF) == SNAPSHOT).sum())
            order = np.argsort((wanted["ev"][:shown] & np.uint64(SELL)) != 0, kind="stable")
            wanted = np.concatenate([wanted[:shown][order], wanted[shown:]])
        assert (found["ev"] | both == wanted["ev"] | both).all()
        for name, scale in (("exch_ts", 1_000), ("local_ts", 1_000)):
            assert (found[name] // scale == wanted[name] // scale).all()
        for name in ("px", "qty"):
            assert (found[name] == wanted[name]).all()
    assert set(kind.tolist()) == {DEPTH, TRADE, CLEAR, SNAPSHOT}
    market = ReplayMarket(tmp_path / "calm_*.csv.gz")
    assert market.source == "mock"


def test_one_time_of_receipt_is_one_message_and_trades_come_first(tmp_path: Path) -> None:
    book = _book(*SHOWN, _row(10, "false", "ask", 101, 1), _row(20, "false", "bid", 98, 3))
    read = read_recording(_written(tmp_path, book))
    kinds = (read.rows["ev"] & np.uint64(0xFF)).tolist()
    assert kinds == [CLEAR, SNAPSHOT, CLEAR, SNAPSHOT, TRADE, DEPTH, DEPTH]
    assert (read.about.messages, read.about.snapshots, read.about.rows) == (4, 1, 7)


def test_a_later_snapshot_begins_the_book_anew(tmp_path: Path) -> None:
    book = _book(*SHOWN, _row(20, "false", "bid", 98, 3), *(s.replace(str(T), str(T + 9)) for s in SHOWN))
    again = book.replace(str(T + 9), str(T + 30)).replace(str(T + 9 + 1_000), str(T + 1_030))
    read = read_recording(_written(tmp_path, again))
    sides = [int(e) & (BUY | SELL) for e in read.rows["ev"] if int(e) & 0xFF == CLEAR]
    assert sides == [BUY, SELL, BUY, SELL]
    assert read.about.snapshots == 2


def test_rows_before_the_first_snapshot_are_left_out(tmp_path: Path) -> None:
    book = _book(_row(-50, "false", "bid", 98, 3), *SHOWN, _row(20, "false", "bid", 98, 3))
    read = read_recording(_written(tmp_path, book))
    assert read.about.before_snapshot == 1
    assert read.rows["exch_ts"].min() == T * 1_000


def test_what_overtook_another_is_put_in_the_order_of_both_clocks(tmp_path: Path) -> None:
    book = _book(*SHOWN, _row(30, "false", "bid", 98, 3), _row(20, "false", "bid", 97, 1, lag=1_020))
    rows = read_recording(_written(tmp_path, book)).rows
    for bit, name in ((1 << 31, "exch_ts"), (1 << 30, "local_ts")):
        of_clock = rows[(rows["ev"] & np.uint64(bit)) != 0]
        assert (np.diff(of_clock[name]) >= 0).all()
        assert len(of_clock) == 7


@pytest.mark.parametrize(
    ("book", "said"),
    [
        (
            BOOK.replace(",is_snapshot", "") + "\n",
            "book.csv: row 1 has no column id; expected exchange, symbol",
        ),
        (_book("deribit,BTC,1"), r"book.csv: row 2 has 3 columns; expected 8"),
        (_book(_row(0, "true", "bid", "nan", 1)), "row 2 has price = nan; expected a price above 0"),
        (_book(_row(0, "true", "bid", "-1", 1)), "row 2 has price = -1; expected a price above 0"),
        (_book(_row(0, "true", "bid", "1e400", 1)), "row 2 has price = 1e400; expected a price above 0"),
        (
            _book(_row(0, "true", "bid", 99, "inf")),
            "row 2 has amount = inf; expected a quantity of 0 to 1e15",
        ),
        (_book(_row(0, "maybe", "bid", 99, 1)), "row 2 has is_snapshot = maybe; expected true or false"),
        (_book(_row(0, "true", "buy", 99, 1)), "row 2 has side = buy; expected bid or ask"),
        (
            _book(_row(0, "true", "bid", 99, 1).replace(str(T), "9" * 30)),
            "row 2 has timestamp = 9{30}; expected",
        ),
        (
            _book(*SHOWN, _row(0, "true", "ask", 1, 1).replace("BTC", "ETH")),
            "row 4 is of ETH after BTC; expected one",
        ),
        (
            _book(*SHOWN, _row(60_000_000, "false", "ask", 9, 1), _row(9, "false", "ask", 9, 1)),
            "is 59.99.* s older",
        ),
        (_book(_row(0, "false", "bid", 99, 1)), "no snapshot of the book"),
    ],
)
def test_hostile_rows_are_named(tmp_path: Path, book: str, said: str) -> None:
    with pytest.raises(SoakConfigError, match=said):
        read_recording(_written(tmp_path, book))


def test_a_file_alone_asks_for_the_other(tmp_path: Path) -> None:
    _written(tmp_path, _book(*SHOWN))
    with pytest.raises(SoakConfigError, match=r"book\.csv has no file of trades beside it; expected both"):
        read_recording(tmp_path / "book.csv")


def test_a_cut_gzip_file_is_truncated(tmp_path: Path) -> None:
    _written(tmp_path, _book(*SHOWN))
    many = _book(*SHOWN, *(_row(i, "false", "bid", 90 + i % 9, i) for i in range(20_000)))
    (tmp_path / "book.csv").write_bytes(gzip.compress(many.encode("utf-8"))[:-2_000])
    with pytest.raises(SoakConfigError, match=r"book\.csv is truncated: it ends within its compressed data"):
        read_recording(tmp_path / "*.csv")


def test_lists_and_globs_are_one_recording(tmp_path: Path) -> None:
    _written(tmp_path, _book(*SHOWN))
    both = Path(f"{tmp_path / 'book.csv'},{tmp_path / 'trades.csv'}")
    by_list, by_glob = read_recording(both), read_recording(tmp_path / "*.csv")
    assert by_list.sha256 == by_glob.sha256
    assert (by_list.rows == by_glob.rows).all()
    for wrong, said in (
        (tmp_path / "*.zst", "no file fits"),
        (Path(f"{both},{tmp_path / 'gone.csv'}"), "does not exist"),
        (Path(f"{both},{tmp_path / 'book.csv'}"), "names a file twice"),
    ):
        with pytest.raises(SoakConfigError, match=said):
            read_recording(wrong)
