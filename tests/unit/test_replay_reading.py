from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market import ReplayMarket
from pytest_soak.market.checks import check_rows
from pytest_soak.market.recording import FIELDS, read_recording
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
    TRADE,
    ladder,
    random_rows,
    real_recording,
    row,
    rows_of,
    write_npz,
)


def good_rows() -> np.ndarray:
    events = ladder(0.0, 60_000.05, [1.5, 2.25, 0.008])
    events.append(row(10.0, TRADE, SELL, 60_000.0, 0.004))
    events.append(row(10.0, DEPTH, BUY, 60_000.0, 1.496))
    events.append(row(500.0, DEPTH, SELL, 60_000.1, 0.0))
    return rows_of(events)


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
    events.append(row(1.0, TRADE, BUY, 1011 * size, 3.0))
    facts = check_rows(rows_of(events), tmp_path, None, None)
    assert facts.tick_size == size
    assert facts.lot_size == 1.0


def test_binary_dust_on_prices_does_not_hide_the_tick(tmp_path: Path) -> None:
    events = [row(0.0, DEPTH, BUY, 0.1 + 0.2 + k * 0.1, 0.1 * 3) for k in range(40)]
    events.append(row(1.0, TRADE, BUY, 0.7, 0.1))
    facts = check_rows(rows_of(events), tmp_path, None, None)
    assert (facts.tick_size, facts.lot_size) == (0.1, 0.1)


def test_prices_without_a_decimal_tick_ask_for_one(tmp_path: Path) -> None:
    rows = good_rows()
    rows["px"] *= np.pi
    with pytest.raises(SoakConfigError, match=r"no tick_size can be inferred.*tick_size=\.\.\."):
        ReplayMarket(write_npz(tmp_path / "a.npz", rows))
    assert ReplayMarket(tmp_path / "a.npz", tick_size=0.1).describe()["tick_size"] == 0.1


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
    monkeypatch.setattr("pytest_soak.market.checks._CHUNK_ROWS", 3)
    rows = good_rows()
    rows["px"][7] = np.nan
    with pytest.raises(SoakConfigError, match="row 7 has px"):
        check_rows(rows, tmp_path, None, None)
    rows = good_rows()
    rows["exch_ts"][6] = EPOCH_NS - 5
    with pytest.raises(SoakConfigError, match="row 6 of the exchange's side"):
        check_rows(rows, tmp_path, None, None)


@pytest.mark.parametrize(("kind", "missing"), [(DEPTH, "trade"), (TRADE, "depth")])
def test_recording_needs_depth_and_trades(tmp_path: Path, kind: int, missing: str) -> None:
    rows = good_rows()
    rows = rows[(rows["ev"] & 0xFF) == kind]
    with pytest.raises(SoakConfigError, match=f"has no {missing} rows.*both depth and trades"):
        ReplayMarket(write_npz(tmp_path / "a.npz", rows))


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(SoakConfigError, match=r"gone\.npz does not exist"):
        ReplayMarket(tmp_path / "gone.npz")
    with pytest.raises(SoakConfigError, match="is not a file"):
        ReplayMarket(tmp_path)


def test_unreadable_file_names_the_cause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_npz(tmp_path / "a.npz", good_rows())

    def refuse(*_: object, **__: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SoakConfigError, match=r"a\.npz cannot be read: Permission denied"):
        ReplayMarket(path)


def test_recording_beyond_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_npz(tmp_path / "a.npz", good_rows())

    def refuse(*_: object, **__: object) -> object:
        raise MemoryError

    monkeypatch.setattr(np, "empty", refuse)
    with pytest.raises(SoakConfigError, match=r"a\.npz does not fit into memory"):
        ReplayMarket(path)


def test_foreign_npz_says_what_it_holds(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", bids=np.zeros(3), asks=np.zeros(3))
    with pytest.raises(SoakConfigError, match="no array 'data'; it holds 'bids', 'asks'"):
        ReplayMarket(tmp_path / "a.npz")


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(4),
        np.zeros((2, 2), dtype=LAYOUT),
        np.zeros(4, dtype=LAYOUT.newbyteorder(">")),
        np.zeros(4, dtype=[("ev", "<u8"), ("px", "<f8")]),
    ],
)
def test_foreign_rows_are_refused_with_the_layout(tmp_path: Path, array: np.ndarray) -> None:
    np.savez(tmp_path / "a.npz", data=array)
    np.save(tmp_path / "a.npy", array)
    for name in ("a.npz", "a.npy"):
        with pytest.raises(SoakConfigError, match=r"has shape .* expected one dimension of 64-byte rows"):
            ReplayMarket(tmp_path / name)


def test_empty_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SoakConfigError, match="has no rows"):
        ReplayMarket(write_npz(tmp_path / "a.npz", np.zeros(0, dtype=LAYOUT)))


def test_pickled_array_is_refused_unopened(tmp_path: Path) -> None:
    marker = tmp_path / "executed"

    class Bomb:
        def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
            return (os.mkdir, (str(marker),))

    np.savez(tmp_path / "a.npz", data=np.array([Bomb()], dtype=object))
    with pytest.raises(SoakConfigError, match="expected one dimension of 64-byte rows"):
        ReplayMarket(tmp_path / "a.npz")
    assert not marker.exists()


@pytest.mark.parametrize("keep", [0, 3, 30, 200, 0.5, 0.99])
def test_truncated_npz_is_refused(tmp_path: Path, keep: float) -> None:
    whole = write_npz(tmp_path / "a.npz", random_rows(1)).read_bytes()
    size = int(keep * len(whole)) if isinstance(keep, float) else keep
    (tmp_path / "a.npz").write_bytes(whole[:size])
    with pytest.raises(SoakConfigError, match=r"a\.npz is truncated, damaged or no \.npz file"):
        ReplayMarket(tmp_path / "a.npz")


def test_truncated_npy_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", good_rows())
    whole = (tmp_path / "a.npy").read_bytes()
    for size in (8, 60, len(whole) - 64, len(whole) - 1):
        (tmp_path / "a.npy").write_bytes(whole[:size])
        with pytest.raises(SoakConfigError, match=r"a\.npy"):
            ReplayMarket(tmp_path / "a.npy")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_flipped_byte_is_noticed(tmp_path: Path, save: Callable[..., None]) -> None:
    save(tmp_path / "a.npz", data=random_rows(2))
    whole = bytearray((tmp_path / "a.npz").read_bytes())
    whole[len(whole) // 2] ^= 0x10
    (tmp_path / "a.npz").write_bytes(whole)
    with pytest.raises(SoakConfigError, match="damaged"):
        ReplayMarket(tmp_path / "a.npz")


def test_announced_size_beyond_the_file_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": LAYOUT.descr, "fortran_order": False, "shape": (10**15,)}
    )
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("data.npy", header.getvalue())
    with pytest.raises(SoakConfigError, match="announces 1000000000000000 rows"):
        ReplayMarket(tmp_path / "a.npz")


def test_text_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_text("price,qty\n1,2\n", encoding="utf-8")
    with pytest.raises(SoakConfigError, match=r"no \.npz file"):
        ReplayMarket(tmp_path / "a.npz")


def test_header_that_is_no_header_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", 8) + b"{'a': 1}")
    with pytest.raises(SoakConfigError, match="not a readable numpy array"):
        ReplayMarket(tmp_path / "a.npy")


def test_real_recording_has_the_known_facts() -> None:
    market = ReplayMarket(real_recording())
    described = market.describe()
    assert described["rows"] == 491_973
    assert described["tick_size"] == 0.1
    assert described["lot_size"] == 0.001
    assert market.duration_ms == 344_756.0
