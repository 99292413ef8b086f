from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market import ReplayMarket
from pytest_soak.market.recording.checks import check_rows
from pytest_soak.market.recording.reading import read_recording
from pytest_soak.market.recording.rows import FIELDS
from tests.oracle.recordings import (
    BOTH,
    BUY,
    CLEAR,
    DEPTH,
    EPOCH_NS,
    EXCHANGE,
    LAYOUT,
    LOCAL,
    SELL,
    SNAPSHOT,
    TRADE,
    good_rows,
    random_rows,
    real_recording,
    row,
    rows_of,
    write_npz,
)
from tests.oracle.replays import rows_for


def test_layout_of_reader_and_writer_agree() -> None:
    assert np.dtype(list(FIELDS)) == LAYOUT
    assert LAYOUT.itemsize == 64


def test_good_npz_is_read_whole(tmp_path: Path) -> None:
    rows = good_rows()
    market = ReplayMarket(write_npz(tmp_path / "day.npz", rows))
    assert market.name == "day.npz"
    assert market.source == "replay"
    assert market.duration_ms == 500.0
    described = market.describe()
    assert described["rows"] == len(rows)
    assert described["tick_size"] == pytest.approx(0.1, abs=1e-15)
    assert described["lot_size"] == pytest.approx(0.002, abs=1e-15)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_rows_are_those_that_were_written(tmp_path: Path, save: Callable[..., None]) -> None:
    rows = random_rows(5)
    save(tmp_path / "a.npz", data=rows)
    recording = read_recording(tmp_path / "a.npz")
    assert np.array_equal(recording.rows, rows)
    assert bytes(recording.buffer) == rows.tobytes()


def test_npy_is_memory_mapped_and_equal(tmp_path: Path) -> None:
    rows = random_rows(6)
    np.save(tmp_path / "a.npy", rows)
    recording = read_recording(tmp_path / "a.npy")
    assert isinstance(recording.rows, np.memmap)
    assert bytes(recording.buffer) == rows.tobytes()


def test_identity_is_the_content_and_not_the_place(tmp_path: Path) -> None:
    rows = good_rows()
    first = write_npz(tmp_path / "a.npz", rows)
    second = tmp_path / "b.npz"
    second.write_bytes(first.read_bytes())
    assert ReplayMarket(first).describe() == ReplayMarket(second).describe()
    rows["qty"][0] += 0.002
    changed = ReplayMarket(write_npz(tmp_path / "c.npz", rows))
    assert changed.describe()["sha256"] != ReplayMarket(first).describe()["sha256"]


def test_given_tick_and_lot_size_win(tmp_path: Path) -> None:
    market = ReplayMarket(write_npz(tmp_path / "a.npz", good_rows()), tick_size=0.05, lot_size=0.001)
    assert market.describe()["tick_size"] == 0.05
    assert market.describe()["lot_size"] == 0.001


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_tick_size_is_refused(tmp_path: Path, value: float) -> None:
    with pytest.raises(SoakConfigError, match=r"tick_size = .* is not a number above 0"):
        ReplayMarket(write_npz(tmp_path / "a.npz", good_rows()), tick_size=value)


@pytest.mark.parametrize("unit", ["0.5", "0.25", "0.01", "5", "0.0000001"])
def test_tick_size_is_inferred_from_decimal_prices(tmp_path: Path, unit: str) -> None:
    size = float(unit)
    events = [row(0.0, DEPTH, BUY, k * size, 1.0) for k in (1000, 1003, 1004, 1010)]
    events.append(row(0.0, DEPTH, SELL, 1011 * size, 3.0))
    events.append(row(1.0, TRADE, BUY, 1011 * size, 3.0))
    facts = check_rows(rows_of(events), tmp_path, None, None)
    assert facts.tick_size == size
    assert facts.lot_size == 1.0


def test_binary_dust_on_prices_does_not_hide_the_tick(tmp_path: Path) -> None:
    events = [row(0.0, DEPTH, BUY, 0.1 + 0.2 + k * 0.1, 0.1 * 3) for k in range(40)]
    events.append(row(0.0, DEPTH, SELL, 4.7, 0.1))
    events.append(row(1.0, TRADE, BUY, 4.7, 0.1))
    facts = check_rows(rows_of(events), tmp_path, None, None)
    assert (facts.tick_size, facts.lot_size) == (0.1, 0.1)


def test_prices_without_a_decimal_tick_ask_for_one(tmp_path: Path) -> None:
    rows = good_rows()
    rows["px"] *= np.pi
    with pytest.raises(SoakConfigError, match=r"no tick_size can be inferred.*tick_size=\.\.\."):
        ReplayMarket(write_npz(tmp_path / "a.npz", rows))
    with pytest.raises(SoakConfigError, match=r"row 0 is depth with .*not a multiple of tick_size = 0.1"):
        ReplayMarket(tmp_path / "a.npz", tick_size=0.1)


def test_local_rows_may_step_back_in_exchange_time(tmp_path: Path) -> None:
    rows = good_rows()
    late = rows[-1:].copy()
    late["ev"] = LOCAL | BUY | DEPTH
    late["exch_ts"] -= 86_000_000
    market = ReplayMarket(write_npz(tmp_path / "a.npz", np.concatenate([rows, late])))
    assert market.duration_ms == 500.0


def test_clear_rows_need_no_price(tmp_path: Path) -> None:
    rows = good_rows()
    clear = rows[:1].copy()
    clear["ev"] = BOTH | BUY | CLEAR
    clear["px"] = 0.0
    assert ReplayMarket(write_npz(tmp_path / "a.npz", np.concatenate([clear, rows]))).duration_ms == 500.0


Change = Callable[[np.ndarray], object]


def _set(field: str, index: int, value: float) -> Change:
    return lambda rows: rows[field].__setitem__(index, value)


def _mask(bits: int) -> Change:
    return lambda rows: rows["ev"].__iand__(np.uint64(~bits & 0xFFFF_FFFF))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set("px", 3, float("nan")), r"row 3 has px = nan; expected a finite price"),
        (_set("px", 3, float("inf")), r"row 3 has px = inf; expected a finite price"),
        (_set("px", 2, 0.0), r"row 2 has px = 0.0; expected a price above 0"),
        (_set("qty", 1, float("nan")), r"row 1 has qty = nan; expected a finite quantity"),
        (_set("qty", 1, -0.5), r"row 1 has qty = -0.5; expected a quantity of at least 0"),
        (_set("exch_ts", 7, EPOCH_NS - 1), r"row 7 .* expected exch_ts never to step back"),
        (_mask(BUY), r"row 0 is depth with ev = 0xc0000004; expected one side"),
        (_mask(EXCHANGE), r"no rows of the exchange's side"),
    ],
)
def test_wrong_row_is_named(tmp_path: Path, change: Change, message: str) -> None:
    rows = good_rows()
    change(rows)
    with pytest.raises(SoakConfigError, match=message) as caught:
        ReplayMarket(write_npz(tmp_path / "bad.npz", rows))
    assert "bad.npz" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_wrong_row_is_named_beyond_the_first_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_soak.market.recording.rows.CHUNK_ROWS", 3)
    rows = good_rows()
    rows["px"][7] = np.nan
    with pytest.raises(SoakConfigError, match="row 7 has px"):
        check_rows(rows, tmp_path, None, None)
    rows = good_rows()
    rows["exch_ts"][6] = EPOCH_NS - 5
    with pytest.raises(SoakConfigError, match="row 6 of the exchange's side"):
        check_rows(rows, tmp_path, None, None)


@pytest.mark.parametrize(("kinds", "missing"), [((DEPTH, SNAPSHOT), "trade"), ((TRADE,), "depth")])
def test_recording_needs_depth_and_trades(tmp_path: Path, kinds: tuple[int, ...], missing: str) -> None:
    rows = good_rows()
    rows = rows[np.isin(rows["ev"] & 0xFF, kinds)]
    with pytest.raises(SoakConfigError, match=f"has no {missing} rows.*both depth and trades"):
        ReplayMarket(write_npz(tmp_path / "a.npz", rows))


def test_real_recording_has_the_known_facts() -> None:
    market = ReplayMarket(real_recording())
    described = market.describe()
    assert described["rows"] == 491_973
    assert described["tick_size"] == 0.1
    assert described["lot_size"] == 0.001
    assert market.duration_ms == 344_756.0


def test_memory_does_not_follow_the_rows(tmp_path: Path) -> None:
    """Mapped rows are the system's to take back; what is held of them while they are checked is not."""
    path, block = tmp_path / "long.npy", rows_for(1).copy()
    span = int(block["local_ts"][-1] - block["exch_ts"][0]) + 1_000_000
    times = 48_000_000 // block.nbytes
    head = np.lib.format.header_data_from_array_1_0(block) | {"shape": (len(block) * times,)}
    with path.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, head)
        for _ in range(times):
            stream.write(block.tobytes())
            block["exch_ts"] += span
            block["local_ts"] += span
    del block
    tracemalloc.start()
    try:
        market = ReplayMarket(path)
        assert market.describe()["rows"] == head["shape"][0]
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert path.stat().st_size > 47_000_000
    assert held < 20_000_000
