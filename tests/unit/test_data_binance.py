"""Raw captures of Binance: rules of sequence of USD-M futures and of spot, gaps, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market import ReplayMarket, Window
from pytest_soak.market.recording.reading import read_recording
from pytest_soak.market.recording.rows import GAP
from tests.data_kit import MS, capture, depth, line, snapshot, trade
from tests.oracle.recordings import CLEAR, DEPTH, SNAPSHOT, TRADE
from tests.recordings_kit import job


def _read(folder: Path, *lines: str) -> Any:
    (folder / "a.txt").write_text("".join(lines), encoding="utf-8")
    return read_recording(folder / "a.txt")


def _kinds(rows: np.ndarray) -> list[int]:
    return [int(event) & 0xFF for event in rows["ev"]]


BOOK = [CLEAR, SNAPSHOT, SNAPSHOT, CLEAR, SNAPSHOT, SNAPSHOT]


def test_usd_m_depth_connects_to_the_snapshot_and_goes_on_by_pu(tmp_path: Path) -> None:
    read = _read(
        tmp_path,
        depth(0, 1, 5, 0, [["97.0", "9"]]),
        depth(10, 6, 12, 5, [["99.0", "4"]]),
        depth(20, 13, 20, 12, [["99.0", "5"]]),
        snapshot(25, 10),
        trade(30),
        depth(40, 24, 30, 20, [], [["101.0", "0"]]),
    )
    about, rows = read.about, read.rows
    assert (about.format, about.symbol, about.snapshots, about.gaps) == ("binance", "BTCUSDT", 1, 0)
    assert about.has_receipt
    of_exchange = rows[(rows["ev"] & np.uint64(1 << 31)) != 0]
    # What reaches over the snapshot is kept, what it holds is not; all of it is seen with the snapshot.
    assert _kinds(of_exchange) == [*BOOK, DEPTH, DEPTH, TRADE, DEPTH]
    assert of_exchange["qty"][6:8].tolist() == [4.0, 5.0]
    received = rows["local_ts"][(rows["ev"] & np.uint64(1 << 30)) != 0]
    assert set(received[:8].tolist()) == {(MS + 27) * 1_000_000}


def test_spot_depth_goes_on_by_its_own_numbers(tmp_path: Path) -> None:
    read = _read(
        tmp_path,
        snapshot(0, 10, spot=True),
        depth(10, 5, 10, None, [["97.0", "9"]]),
        depth(20, 9, 11, None, [["99.0", "4"]]),
        depth(30, 12, 14, None, [["99.0", "5"]]),
        depth(40, 16, 17, None, [["99.0", "6"]]),
        trade(50),
    )
    assert (read.about.snapshots, read.about.gaps) == (1, 1)
    assert _kinds(read.rows)[:9] == [*BOOK, DEPTH, DEPTH, GAP]
    # The snapshot has no time of the exchange: it is known with the depth that it connects to.
    assert read.rows["exch_ts"][0] == (MS + 20) * 1_000_000


def test_a_snapshot_that_is_too_old_or_not_needed_is_not_used(tmp_path: Path) -> None:
    read = _read(
        tmp_path,
        snapshot(0, 10),
        depth(10, 30, 40, 29),
        snapshot(20, 35),
        depth(30, 41, 50, 40, [["99.0", "4"]]),
        snapshot(40, 50),
        trade(50),
    )
    assert read.about.snapshots == 1
    assert read.about.ignored == {"snapshot of a known book": 1, "snapshot older than the depth after it": 1}


def test_what_is_not_used_is_counted(tmp_path: Path) -> None:
    read = _read(
        tmp_path,
        snapshot(0, 10),
        depth(1, 9, 12, 8),
        depth(2, 9, 12, 8),
        trade(3, X="MARKET"),
        trade(4, X="INSURANCE_FUND"),
        line(5, {"e": "aggTrade", "s": "BTCUSDT"}),
        line(6, {"e": "bookTicker", "u": 3, "b": "99.0", "a": "101.0"}),
        line(7, {"result": None, "id": 1}),
    )
    assert read.about.ignored == {
        "repeated depth": 1,
        "trade of INSURANCE_FUND": 1,
        "aggTrade": 1,
        "bookTicker": 1,
        "message without a kind": 1,
    }


@pytest.mark.parametrize(
    ("healed", "withheld"), [(True, [False, True, False, False]), (False, [False] + [True] * 3)]
)
def test_a_gap_withholds_the_kpis_until_a_snapshot_heals_it(
    tmp_path: Path, healed: bool, withheld: list[bool]
) -> None:
    _read(tmp_path, *capture(healed=healed))
    market = ReplayMarket(tmp_path / "a.txt")
    assert any("messages are missing at 1 places" in note for note in market.notes)
    found = [
        market.run_maker(
            job(), Window(iteration=i + 1, iterations=4, start_ms=i * 6e4, duration_ms=6e4)
        ).market
        for i in range(4)
    ]
    assert [any("messages are missing" in why for why in facts.withheld) for facts in found] == withheld
    assert [facts.gaps for facts in found] == [0, 1, 0, 0]
    gap_ms = [facts.gap_ms or 0.0 for facts in found]
    assert gap_ms[1] == pytest.approx(5_000.0 if healed else 55_100.0)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("12345 {}", "is in no known format"),
        (f"{MS} {{", r"row 1 is no message that is known \(EOF"),
        (f"{MS} [1]", "is in no known format"),
        (depth(0, 1, 2, 0, [["x", "1"]]), "row 1 has b = x; expected a price above 0"),
        (depth(0, 1, 2, 0, [["1"]]), r"row 1 has b = .*; expected pairs of price and quantity"),
        (depth(0, -1, 2, 0), "row 1 has U = -1; expected a whole number"),
        (trade(0, m="perhaps"), "row 1 has m = perhaps; expected true or false"),
        (trade(0, T=5), "row 1 has T = 5; expected a time since 1970 of 13, 16 or 19 digits"),
        (trade(0) + trade(1, s="ETHUSDT"), "row 2 is of ETHUSDT after BTCUSDT; expected one instrument"),
        (trade(0) + "\x00\xff\n", r"row 2 has time of receipt = "),
    ],
)
def test_hostile_lines_are_named(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "a.txt").write_bytes(line.encode("latin-1"))
    with pytest.raises(SoakConfigError, match=said):
        read_recording(tmp_path / "a.txt")


def test_captures_cut_anywhere_are_one_stream(tmp_path: Path) -> None:
    lines = capture(healed=True)[:400]
    whole = _read(tmp_path, *lines)
    for number, (begin, end) in enumerate(((0, 77), (77, 200), (200, 400))):
        part = tmp_path / "parts" / f"{9 - number}.txt"
        part.parent.mkdir(exist_ok=True)
        part.write_text("".join(lines[begin:end]), encoding="utf-8")
    assert (read_recording(tmp_path / "parts" / "*.txt").rows == whole.rows).all()
