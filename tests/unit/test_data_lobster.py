"""Pairs of LOBSTER's files: a round trip by way of ``pytest-soak record``, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pytest_soak import cli
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market import ReplayMarket, load_scenario
from pytest_soak.market.recording.reading import read_recording
from pytest_soak.market.tape import rows_of_scenario
from tests.oracle.recordings import BUY, CLEAR, DEPTH, SELL, SNAPSHOT, TRADE

LEVELS = 10
Seen = tuple[int, int, int, float, float]


def _best(book: dict[float, float], side: int) -> dict[float, float]:
    return {px: book[px] for px in sorted(book, reverse=side == BUY)[:LEVELS]}


def _through_a_window(rows: np.ndarray) -> list[Seen]:
    """What a market shows whoever sees its ten best levels: kind, side, time, price, quantity."""
    books: dict[int, dict[float, float]] = {BUY: {}, SELL: {}}
    seen: list[Seen] = []
    opening = True
    for event, at, px, qty in zip(
        *(rows[name].tolist() for name in ("ev", "exch_ts", "px", "qty")), strict=True
    ):
        # Prices of the mock carry the rounding of their computation, those of LOBSTER are whole units.
        kind, side, px = event & 0xFF, event & (BUY | SELL), round(px, 4)
        if kind != SNAPSHOT and opening:
            opening = False
            first = int(rows["exch_ts"][0])
            for of_side in (BUY, SELL):
                seen.append((CLEAR, of_side, first, 0.0, 0.0))
                seen += [(SNAPSHOT, of_side, first, p, q) for p, q in _best(books[of_side], of_side).items()]
        if kind == TRADE:
            seen.append((TRADE, side, at, px, qty))
            continue
        before = _best(books[side], side)
        books[side][px] = qty
        if qty == 0.0:
            del books[side][px]
        if opening:
            continue
        after = _best(books[side], side)
        seen += [(DEPTH, side, at, p, 0.0) for p in before if p not in after]
        seen += [(DEPTH, side, at, p, q) for p, q in after.items() if before.get(p) != q]
    return seen


def test_a_recorded_scenario_comes_back_field_by_field(tmp_path: Path) -> None:
    assert (
        cli.main(["record", "calm", str(tmp_path / "x.csv"), "--form=lobster", "--minutes=1", "--seed=3"])
        == 0
    )
    source = rows_of_scenario(load_scenario("calm"), seed=3, duration_s=60.0)
    read = read_recording(tmp_path / "*.csv")
    assert (read.about.format, read.about.symbol, read.origin) == ("lobster", "calm-s3", "calm-s3")
    assert not read.about.has_receipt
    rows = read.rows
    found = [
        (
            int(row["ev"]) & 0xFF,
            int(row["ev"]) & (BUY | SELL),
            int(row["exch_ts"]),
            float(row["px"]),
            float(row["qty"]),
        )
        for row in rows
    ]
    wanted = _through_a_window(source[:9_000])
    assert len(wanted) > 500
    assert found[: len(wanted)] == wanted
    assert (rows["local_ts"] == rows["exch_ts"]).all()
    market = ReplayMarket(tmp_path / "*.csv")
    assert market.source == "mock"
    assert any("times of receipt are not known" in note for note in market.notes)


def _pair(folder: Path, messages: str, book: str, day: str = "2012-06-21") -> Path:
    (folder / f"AAPL_{day}_34200000_57600000_message_1.csv").write_text(messages, encoding="utf-8")
    (folder / f"AAPL_{day}_34200000_57600000_orderbook_1.csv").write_text(book, encoding="utf-8")
    return folder / "*.csv"


BOOK = "1010000,5,990000,7\n"


def test_messages_are_trades_and_pictures_of_the_book(tmp_path: Path) -> None:
    messages = (
        "34200.5,1,1,7,990000,1\n"
        "34200.6,4,2,2,1010000,-1\n"
        "34200.7,5,0,3,1000000,1\n"
        "34200.8,6,0,9,1000000,1\n"
        "34200.9,7,0,0,-1,-1\n"
        "34201,3,1,7,990000,1\n"
    )
    book = BOOK + "1010000,3,990000,7\n" * 4 + "1010000,3,-9999999999,0\n"
    read = read_recording(_pair(tmp_path, messages, book))
    told = [(int(e) & 0xFF, int(e) & (BUY | SELL)) for e in read.rows["ev"]]
    assert told == [
        *((CLEAR, BUY), (SNAPSHOT, BUY), (CLEAR, SELL), (SNAPSHOT, SELL)),
        *((TRADE, BUY), (DEPTH, SELL), (TRADE, 0), (DEPTH, BUY)),
    ]
    assert read.rows["px"].tolist() == [0.0, 99.0, 0.0, 101.0, 101.0, 101.0, 100.0, 99.0]
    assert read.about.ignored == {"auction": 1, "halt": 1}
    day = np.datetime64("2012-06-21T09:30:00.5", "ns").astype(int)
    assert read.rows["exch_ts"][0] == day


@pytest.mark.parametrize("day", ["1970-01-01", "1999-12-31", "2000-02-29", "2024-03-01", "2099-12-31"])
def test_the_day_is_that_of_the_name(tmp_path: Path, day: str) -> None:
    read = read_recording(_pair(tmp_path, "0,1,1,7,990000,1\n", BOOK, day))
    assert read.rows["exch_ts"][0] == np.datetime64(day, "ns").astype(int)


@pytest.mark.parametrize(
    ("messages", "book", "said"),
    [
        ("1,1,1,7\n", BOOK, "row 1 has 4 columns; expected time, type, order, size, price and direction"),
        ("1,9,1,7,990000,1\n", BOOK, "row 1 has type = 9; expected a number from 1 to 7"),
        ("1e9,1,1,7,990000,1\n", BOOK, "row 1 has time = 1e9; expected seconds"),
        ("1,4,1,7,990000,2\n", BOOK, "row 1 has direction = 2; expected 1 or -1"),
        ("1,4,1,7,-5,1\n", BOOK, "row 1 has price = -5; expected a price above 0"),
        ("1,1,1,7,990000,1\n", "1010000,5,990000\n", "row 1 ends within a level"),
        ("1,1,1,7,990000,1\n", "1010000,nan,990000,7\n", "row 1 has size = nan; expected a quantity"),
        (
            "1,1,1,7,990000,1\n",
            "1,5,2,7,3,5,4,7\n",
            "row 1 has bids out of order; expected the best price first",
        ),
        ("1,1,1,7,990000,1\n" * 2, BOOK, "row 2 has no row of the other file"),
        ("1,1,1,7,990000,1\n", BOOK * 2, "row 2 has no row of the other file"),
    ],
)
def test_hostile_rows_are_named(tmp_path: Path, messages: str, book: str, said: str) -> None:
    with pytest.raises(SoakConfigError, match=said):
        read_recording(_pair(tmp_path, messages, book))


def test_a_file_alone_asks_for_the_other(tmp_path: Path) -> None:
    _pair(tmp_path, "1,1,1,7,990000,1\n", BOOK)
    for name, said in (
        ("*message*", "has no AAPL.*orderbook_1.csv beside it"),
        ("*orderbook*", "no file of messages"),
    ):
        with pytest.raises(SoakConfigError, match=said):
            read_recording(tmp_path / name)
