from __future__ import annotations

from pathlib import Path

import pytest

from pytest_soak.domain.errors import SoakStoreError
from pytest_soak.store.disk import files
from tests.store_kit import FaultyDisk


def test_several_files_are_on_the_disk_before_the_first_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FaultyDisk()
    monkeypatch.setattr(files, "disk", disk)
    files.write_each(tmp_path, {"a": b"x", "b": b"y"})
    end = ["open_folder", "sync_folder", "close"]
    assert disk.log == ["create", "write"] * 2 + ["sync", "close"] * 2 + ["replace"] * 2 + end


def test_more_files_than_may_be_open_are_written(tmp_path: Path) -> None:
    contents = {f"{n}.json": b"%d" % n for n in range(2 * files.MOST_AT_ONCE + 1)}
    files.write_each(tmp_path, contents)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == contents


def test_a_fault_before_the_first_of_several_is_replaced_changes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"old")
    for fail_at in range(1, 9):
        disk = FaultyDisk(fail_at=fail_at)
        monkeypatch.setattr(files, "disk", disk)
        with pytest.raises(SoakStoreError):
            files.write_each(tmp_path, {"a": b"x", "b": b"y"})
        assert disk.fired
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"old", "b": b"old"}
