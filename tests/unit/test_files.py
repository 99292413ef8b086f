from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path

import pytest

from pytest_soak.domain.errors import SoakConfigError, SoakStoreError
from pytest_soak.store.disk import files
from tests.store_kit import FaultyDisk

POSIX_ONLY = pytest.mark.skipif(sys.platform == "win32", reason="rights and pipes of POSIX")


class HeldOpenError(OSError):
    """What Windows raises while another process holds a file open."""

    winerror = 32


class NoRightToLinkError(OSError):
    """What Windows raises where a user may not make symbolic links."""

    winerror = 1314


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def use(monkeypatch: pytest.MonkeyPatch, disk: FaultyDisk, *, windows: bool = False) -> FaultyDisk:
    monkeypatch.setattr(files, "disk", disk)
    if windows:
        monkeypatch.setattr(disk, "windows", True)
        disk.instead["pause"] = lambda _seconds: None
    return disk


def test_a_file_is_created_and_replaced_and_nothing_else_remains(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for data in (b"one", b"", b"three\n" * 100_000):
        files.write_atomic(path, data)
        assert path.read_bytes() == data
        assert names_in(tmp_path) == ["a.json"]


@POSIX_ONLY
def test_a_file_has_the_rights_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        files.write_atomic(tmp_path / "a", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_the_order_of_calls_is_the_one_that_survives_a_power_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = use(monkeypatch, FaultyDisk())
    files.write_atomic(tmp_path / "a", b"x")
    assert disk.log == ["create", "write", "sync", "close", "replace", "open_folder", "sync_folder", "close"]


def test_a_short_write_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = use(monkeypatch, FaultyDisk(short=True))
    files.write_atomic(tmp_path / "a", b"abc")
    files.append_line(tmp_path / "b", "de")
    assert (tmp_path / "a").read_bytes() == b"abc"
    assert (tmp_path / "b").read_bytes() == b"de\n"
    assert disk.log.count("write") == 6


def test_a_write_of_nothing_is_an_error_and_no_endless_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, FaultyDisk(instead={"write": lambda _descriptor, _data: 0}))
    with pytest.raises(SoakStoreError, match="wrote nothing"):
        files.write_atomic(tmp_path / "a", b"x")


def test_a_full_disk_is_called_so_with_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    use(monkeypatch, FaultyDisk(fail_at=2, error=full))
    path = tmp_path / "a"
    with pytest.raises(SoakStoreError) as caught:
        files.write_atomic(path, b"x")
    assert str(caught.value).startswith(f"{path} could not be written: the disk is full: ")
    assert caught.value.__cause__ is full
    assert names_in(tmp_path) == []


def test_a_folder_that_cannot_be_synchronised_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", refuse)
    files.write_atomic(tmp_path / "a", b"x")
    assert (tmp_path / "a").read_bytes() == b"x"


def test_lines_are_appended(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    files.append_line(path, "one")
    files.append_lines(path, ("two", "three"))
    files.append_lines(path, ())
    assert path.read_bytes() == b"one\ntwo\nthree\n"


def test_the_folder_of_a_log_is_synchronised_with_its_first_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = use(monkeypatch, FaultyDisk())
    for count in (1, 1):
        files.append_line(tmp_path / "a", "one")
        assert disk.log.count("sync_folder") == count


@pytest.mark.parametrize("fail_at", [4, 5, 6])
def test_a_part_of_a_line_is_taken_back(
    fail_at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.append_line(tmp_path / "a", "old")
    disk = use(monkeypatch, FaultyDisk(fail_at=fail_at, short=True))
    with pytest.raises(SoakStoreError):
        files.append_line(tmp_path / "a", "new")
    assert disk.log.count("write") >= 2
    assert (tmp_path / "a").read_bytes() == b"old\n"


@POSIX_ONLY
def test_a_planted_link_is_not_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"safe")
    for name in ("a", "b"):
        (tmp_path / name).symlink_to(victim)
    files.write_atomic(tmp_path / "a", b"new")
    with pytest.raises(SoakStoreError):
        files.append_line(tmp_path / "b", "new")
    assert victim.read_bytes() == b"safe"
    assert (tmp_path / "a").read_bytes() == b"new"
    assert not (tmp_path / "a").is_symlink()


def test_folders_are_made_with_those_above(tmp_path: Path) -> None:
    files.make_folder(tmp_path / "a" / "b" / "c")
    files.make_folder(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SoakStoreError, match="could not be created"):
        files.make_folder(tmp_path / "file" / "x")
    with pytest.raises(SoakStoreError, match="something else of that name"):
        files.make_folder(tmp_path / "file")


def test_removing_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    files.remove(tmp_path / "a")
    files.remove(tmp_path / "a")
    assert names_in(tmp_path) == []
    (tmp_path / "folder").mkdir()
    with pytest.raises(SoakStoreError, match="could not be removed"):
        files.remove(tmp_path / "folder")


def test_sweeping_takes_only_what_a_killed_write_left(tmp_path: Path) -> None:
    for name in (".tmp-0123", "a.json", ".gitignore"):
        (tmp_path / name).write_bytes(b"")
    files.sweep(tmp_path)
    assert names_in(tmp_path) == [".gitignore", "a.json"]


def test_a_folder_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it has to be, one sentence; where nothing depends on it, it is let be."""
    refused = OSError(errno.EIO, "Input/output error")

    def refuse(_: Path) -> list[Path]:
        raise refused

    assert files.listed(tmp_path / "gone") == []
    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(SoakStoreError, match="could not be listed: Input/output error"):
        files.sweep(tmp_path)
    files.sweep_old(tmp_path)


def test_latest_is_relative_and_replaced(tmp_path: Path) -> None:
    link = tmp_path / "soak" / "latest"
    for name in ("one", "two"):
        run = tmp_path / "soak" / "runs" / name
        files.make_folder(run)
        (run / "RUN.json").write_text(name, encoding="utf-8")
        files.link_latest(run, link)
        assert link.is_symlink()
        assert (link / "RUN.json").read_text(encoding="utf-8") == name
    moved = (tmp_path / "soak").rename(tmp_path / "elsewhere")
    assert (moved / "latest" / "RUN.json").read_text(encoding="utf-8") == "two"
    assert names_in(moved) == ["latest", "runs"]


def test_latest_replaces_a_dangling_link_but_nothing_of_the_users(tmp_path: Path) -> None:
    link, target = tmp_path / "latest", tmp_path / "run"
    target.mkdir()
    link.symlink_to(tmp_path / "gone")
    files.link_latest(target, link)
    assert link.resolve() == target.resolve()
    link.unlink()
    for mine in ("file", "folder"):
        if mine == "file":
            link.write_bytes(b"mine")
        else:
            link.unlink()
            link.mkdir()
        with pytest.raises(SoakStoreError, match="it is not a link, so it is left alone"):
            files.link_latest(target, link)
        assert names_in(tmp_path) == ["latest", "run"]


def test_without_the_right_to_link_windows_gets_a_junction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = use(monkeypatch, FaultyDisk(fail_at=1, error=NoRightToLinkError(1, "no right")), windows=True)
    made: list[tuple[Path, Path]] = []

    def junction(target: Path, link: Path) -> None:
        made.append((target, link))
        link.symlink_to(target, target_is_directory=True)

    disk.instead["junction"] = junction
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        disk.calls = 0
        files.link_latest(tmp_path / name, tmp_path / "latest")
        assert (tmp_path / "latest").resolve() == (tmp_path / name).resolve()
    assert [target for target, _ in made] == [(tmp_path / n).resolve() for n in ("one", "two")]


def test_a_file_that_a_reader_holds_open_on_windows_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"old")
    disk = use(monkeypatch, FaultyDisk(fail_at=5, error=HeldOpenError(13, "in use")), windows=True)
    files.write_atomic(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert disk.log == ["create", "write", "sync", "close", "replace", "pause", "replace", "open_folder"]


@pytest.mark.parametrize(
    ("error", "windows", "attempts"),
    [
        (HeldOpenError(13, "in use"), True, len(files.RETRY_PAUSES) + 1),
        (HeldOpenError(13, "in use"), False, 1),
        (OSError(errno.EACCES, "denied"), True, 1),
        (NoRightToLinkError(1, "no right"), True, 1),
    ],
    ids=["held open", "not on windows", "no windows error", "another windows error"],
)
def test_the_attempts_are_bounded_and_for_windows_only(
    error: OSError, windows: bool, attempts: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"old")
    disk = use(monkeypatch, FaultyDisk(), windows=windows)
    tries: list[Path] = []

    def replace(source: Path, target: Path) -> None:
        tries.append(source)
        raise error

    disk.instead["replace"] = replace
    with pytest.raises(SoakStoreError):
        files.write_atomic(tmp_path / "a", b"new")
    assert len(tries) == attempts
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names_in(tmp_path) == ["a"]
    assert sum(files.RETRY_PAUSES) == pytest.approx(2.48)


def test_a_junction_outside_windows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Windows only"):
        FaultyDisk().junction(tmp_path, tmp_path / "x")


def test_a_writable_folder_is_made_and_left_empty(tmp_path: Path) -> None:
    files.check_writable(tmp_path / "a" / "b")
    assert names_in(tmp_path / "a" / "b") == []


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"mine")
    for folder in (tmp_path / "a", tmp_path / "a" / "b"):
        with pytest.raises(SoakConfigError) as caught:
            files.check_writable(folder)
        assert str(caught.value).startswith(f"artifacts cannot be kept in {folder}: ")
    assert (tmp_path / "a").read_bytes() == b"mine"


@POSIX_ONLY
def test_a_folder_without_write_rights_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a"
    folder.mkdir(mode=0o555)
    if os.geteuid() == 0:
        # Rights do not bind root; the system's answer is what matters here.
        use(monkeypatch, FaultyDisk(fail_at=1, error=PermissionError(errno.EACCES, "Permission denied")))
    with pytest.raises(SoakConfigError, match=r"artifacts cannot be kept in .*Permission denied"):
        files.check_writable(folder)
