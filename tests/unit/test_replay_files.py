from __future__ import annotations

import io
import os
import re
import struct
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market import ReplayMarket, Window
from pytest_soak.market.recording import numpy_file
from pytest_soak.market.recording import rows as recording_rows
from pytest_soak.market.recording.reading import read_recording
from tests import recordings_kit as kit
from tests.oracle.recordings import (
    LAYOUT,
    good_rows,
    random_rows,
    write_npz,
)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(SoakConfigError, match=r"gone\.npz does not exist"):
        ReplayMarket(tmp_path / "gone.npz")
    with pytest.raises(SoakConfigError, match="is not a file"):
        ReplayMarket(tmp_path)


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_empty_file(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    with pytest.raises(SoakConfigError, match=f"recording .*{re.escape(name)} is empty"):
        ReplayMarket(tmp_path / name)


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
    with pytest.raises(SoakConfigError, match=r"a\.npz is truncated, damaged or not an \.npz file"):
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


@pytest.mark.parametrize("share", [0.003, 0.1, 0.3, 0.6, 0.9])
@pytest.mark.parametrize("bit", [1, 7])
def test_damage_anywhere_in_compressed_rows_is_noticed(tmp_path: Path, share: float, bit: int) -> None:
    whole = bytearray(write_npz(tmp_path / "a.npz", random_rows(3)).read_bytes())
    for place in range(int(share * len(whole)), int(share * len(whole)) + 4):
        whole[place] ^= 1 << bit
    (tmp_path / "a.npz").write_bytes(whole)
    with pytest.raises(SoakConfigError, match=r"a\.npz"):
        ReplayMarket(tmp_path / "a.npz")


def test_member_shorter_than_its_directory_says_is_truncated(tmp_path: Path) -> None:
    rows, path = good_rows(), tmp_path / "a.npz"
    member = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        member, {"descr": LAYOUT.descr, "fortran_order": False, "shape": (len(rows) + 1,)}
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.npy", member.getvalue() + rows.tobytes())
    whole = bytearray(path.read_bytes())
    place = whole.rfind(b"PK\x01\x02") + 24
    (size,) = struct.unpack_from("<I", whole, place)
    struct.pack_into("<I", whole, place, size + 64)
    path.write_bytes(whole)
    with pytest.raises(SoakConfigError, match=r"a\.npz is truncated"):
        ReplayMarket(path)


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
    with pytest.raises(SoakConfigError, match=r"not an \.npz file"):
        ReplayMarket(tmp_path / "a.npz")


def test_header_that_is_no_header_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", 8) + b"{'a': 1}")
    with pytest.raises(SoakConfigError, match="not a readable numpy array"):
        ReplayMarket(tmp_path / "a.npy")


@pytest.mark.parametrize(
    "header",
    [
        b"{'descr': [('ev', '<u8')], 'fortran_order': False, 'shape': (-1,)}",
        b"{'descr': ((((((, 'fortran_order'",
        b"\xff\xfe\x00 no header",
    ],
)
def test_foreign_headers_are_refused(tmp_path: Path, header: bytes) -> None:
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
    with pytest.raises(SoakConfigError, match=r"a\.npy"):
        ReplayMarket(tmp_path / "a.npy")


def test_negative_number_of_rows_is_refused(tmp_path: Path) -> None:
    member = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        member, {"descr": LAYOUT.descr, "fortran_order": False, "shape": (-1,)}
    )
    (tmp_path / "a.npy").write_bytes(member.getvalue() + good_rows().tobytes())
    with pytest.raises(SoakConfigError, match=r"has no rows \(it announces -1\)"):
        ReplayMarket(tmp_path / "a.npy")


def test_archive_that_inflates_beyond_measure_is_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", data=np.zeros(1_200_000, dtype=LAYOUT))
    with pytest.raises(SoakConfigError, match=r"inflates from .* expected at most 100 times"):
        ReplayMarket(tmp_path / "a.npz")
    # What else the archive holds makes the rows no smaller.
    with zipfile.ZipFile(tmp_path / "a.npz", "a") as archive:
        archive.writestr("padding.bin", bytes(800_000))
    with pytest.raises(SoakConfigError, match=r"inflates from .* expected at most 100 times"):
        ReplayMarket(tmp_path / "a.npz")


def test_damaged_lzma_is_refused(tmp_path: Path) -> None:
    member = io.BytesIO()
    np.save(member, random_rows(2))
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("data.npy", member.getvalue())
    whole = bytearray((tmp_path / "a.npz").read_bytes())
    whole[len(whole) // 3 : len(whole) // 3 + 40] = bytes(40)
    (tmp_path / "a.npz").write_bytes(whole)
    with pytest.raises(SoakConfigError, match="damaged"):
        ReplayMarket(tmp_path / "a.npz")


def test_many_rows_of_an_archive_are_mapped_and_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_npz(tmp_path / "big.npz", good_rows())
    held = read_recording(path)
    monkeypatch.setattr(numpy_file, "_MOST_IN_MEMORY", 64)
    mapped = read_recording(path)
    assert isinstance(mapped.rows, np.memmap)
    assert not isinstance(held.rows, np.memmap)
    assert bytes(mapped.buffer) == bytes(held.buffer)
    one, other = (market.run_maker(kit.job(), WHOLE) for market in _mapped_and_held(path, monkeypatch))
    assert one == other


@pytest.mark.skipif(sys.platform != "linux", reason="resident pages are read in /proc")
def test_mapped_rows_that_were_looked_at_are_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit on a process may count them."""
    np.save(tmp_path / "a.npy", np.ones(1 << 18, dtype=LAYOUT))
    rows = np.load(tmp_path / "a.npy", mmap_mode="r")
    monkeypatch.setattr("pytest_soak.market.recording.rows.CHUNK_ROWS", 1 << 14)
    before = _resident_of_files()
    assert sum(chunk.tobytes().count(1) > 0 for _, chunk in recording_rows.chunks(rows)) == 16
    assert _resident_of_files() - before < rows.nbytes / 4
    rows.tobytes()
    assert _resident_of_files() - before > rows.nbytes / 2


@pytest.mark.skipif(sys.platform != "linux", reason="resident pages are read in /proc")
def test_a_replay_gives_back_rows_while_it_goes_over_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening, count = good_rows(), 300_000
    rows = np.resize(opening[:1], count + len(opening))
    rows[: len(opening)] = opening
    rows["qty"][len(opening) :] += np.arange(count) % 2
    for clock in ("exch_ts", "local_ts"):
        rows[clock][len(opening) :] = opening[clock][-1] + np.arange(1, count + 1) * 1_000_000
    np.save(tmp_path / "a.npy", rows)
    market = ReplayMarket(tmp_path / "a.npy")
    before, seen, give_back = _resident_of_files(), [0], recording_rows.release

    def noted(rows: recording_rows.Rows) -> None:
        seen[-1] = max(seen[-1], _resident_of_files() - before)
        give_back(rows)

    monkeypatch.setattr(recording_rows, "release", noted)
    monkeypatch.setattr(recording_rows, "CHUNK_ROWS", 1 << 15)
    late = Window(iteration=1, iterations=1, start_ms=299_000.0, duration_ms=1_000.0)
    for work in (
        lambda: market.run_maker(kit.job(), late),
        lambda: market.simulation(late, kit.job().fees),
        market.tape,
        lambda: market.steps,
    ):
        seen.append(0)
        work()
    assert max(seen) < rows.nbytes * 2 / 3, seen


def _resident_of_files() -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssFile:"))


def _mapped_and_held(path: Path, monkeypatch: pytest.MonkeyPatch) -> list[ReplayMarket]:
    mapped = ReplayMarket(path)
    monkeypatch.undo()
    return [mapped, ReplayMarket(path)]


WHOLE = Window(iteration=1, iterations=1, start_ms=0.0, duration_ms=1_000.0)


def test_rows_that_would_fill_the_disk_are_refused_before_any_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_npz(tmp_path / "big.npz", good_rows())
    monkeypatch.setattr(numpy_file, "_MOST_IN_MEMORY", 64)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1))
    with pytest.raises(SoakConfigError, match=r"big\.npz: its rows take \d+ bytes, of which .* may hold 0"):
        read_recording(path)


def test_full_disk_while_rows_are_inflated_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_npz(tmp_path / "big.npz", good_rows())
    monkeypatch.setattr(numpy_file, "_MOST_IN_MEMORY", 64)

    def full() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(SoakConfigError, match=r"big\.npz cannot be read: No space left on device"):
        read_recording(path)
