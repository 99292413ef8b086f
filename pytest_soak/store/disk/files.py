"""Every write of this package: a file is there whole or as it was before, and survives a power cut.

A write goes to a temporary file in the same folder, which is synchronised to the disk and then replaces
the target; then the folder is synchronised. Several files of a folder take these steps together. A failed
synchronisation is a failed write, since the system may have dropped the data by then. On Windows, where a
virus scanner or a reader can hold the target open for a moment, a replacement is tried again for a bounded
time.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from pytest_soak.domain.errors import SoakConfigError, SoakStoreError

T = TypeVar("T")

TEMPORARY_PREFIX = ".tmp-"
MOST_AT_ONCE = 16
"""Files that are open at the same time at most."""
OLD_SECONDS = 24 * 3600.0
"""Age from which a temporary file beside the runs is taken for a killed process's."""
RETRY_PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 0.9)

_BINARY = getattr(os, "O_BINARY", 0)
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
_BUSY = frozenset({5, 32, 33})
_NO_RIGHT_TO_LINK = 1314
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC})


class Disk:
    """One method per call, so that a test can make any of them fail."""

    windows = sys.platform == "win32"

    def create(self, path: Path) -> int:
        """Open a new file for writing; it must not exist."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY | _NO_FOLLOW, 0o666)

    def open_to_append(self, path: Path) -> int:
        """Open a file, new or not, for writing at its end; a FIFO is not waited for."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _BINARY | _NO_FOLLOW | _NO_WAIT
        return os.open(path, flags, 0o666)

    def size(self, descriptor: int) -> int:
        """Size of an open file in bytes; OSError for anything but a plain file."""
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "there is something else in the place of a file")
        return found.st_size

    def identity(self, path: Path) -> tuple[int, int]:
        """Device and number of the file at a path."""
        found = path.lstat()
        return found.st_dev, found.st_ino

    def write(self, descriptor: int, data: memoryview) -> int:
        """Write some of the data; return how much."""
        return os.write(descriptor, data)

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut an open file."""
        os.ftruncate(descriptor, size)

    def sync(self, descriptor: int) -> None:
        """Wait until an open file is on the disk."""
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        """Close a file."""
        os.close(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        """Rename over a target."""
        os.replace(source, target)  # noqa: PTH105 - Path.replace parses the target again for its result

    def unlink(self, path: Path) -> None:
        """Remove a file or a link."""
        path.unlink()

    def remove_folder(self, path: Path) -> None:
        """Remove an empty folder, or a junction."""
        path.rmdir()

    def make_folder(self, path: Path) -> None:
        """Make one folder."""
        path.mkdir()

    def symlink(self, target: str, link: Path) -> None:
        """Make a symbolic link to a folder."""
        link.symlink_to(target, target_is_directory=True)

    def junction(self, target: Path, link: Path) -> None:
        """Make a junction to a folder, which on Windows takes no special right."""
        if sys.platform == "win32":
            import _winapi

            _winapi.CreateJunction(str(target), str(link))
        else:
            raise OSError(errno.ENOTSUP, "junctions exist on Windows only", str(link))

    def open_folder(self, path: Path) -> int | None:
        """Open a folder to synchronise it; None where the system cannot."""
        return None if self.windows else os.open(path, os.O_RDONLY)

    def sync_folder(self, descriptor: int) -> None:
        """Wait until an open folder is on the disk; some network file systems cannot and say EINVAL."""
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise

    def pause(self, seconds: float) -> None:
        """Wait before another attempt."""
        time.sleep(seconds)


disk = Disk()


def write_atomic(path: Path, data: bytes) -> None:
    """Write a whole file, or leave it as it was.

    Raises:
        SoakStoreError: names path and cause. Where only the last step failed, the new content is in place.
    """
    write_each(path.parent, {path.name: data})


def write_each(folder: Path, contents: Mapping[str, bytes], *, removed: Sequence[str] = ()) -> None:
    """Write several files of one folder, each whole or not at all, then remove those named in ``removed``.

    The folder is synchronised once.

    Raises:
        SoakStoreError: names path and cause; each file is by then in place or as it was.
    """
    names = list(contents)
    for begin in range(0, len(names), MOST_AT_ONCE):
        some = names[begin : begin + MOST_AT_ONCE]
        _write_together({folder / name: contents[name] for name in some})
    for name in removed:
        _unlink(folder / name)
    with _explained(folder):
        _sync_folder(folder)


def append_lines(path: Path, lines: Sequence[str]) -> None:
    """Append lines; a failure leaves the file without any part of them, as far as the disk allows.

    The folder is synchronised where the file is new or empty; otherwise its entry is there already.

    Raises:
        SoakStoreError: names path and cause.
    """
    data = "".join(f"{line}\n" for line in lines).encode("utf-8")
    with _explained(path):
        descriptor = disk.open_to_append(path)
        try:
            size = disk.size(descriptor)
            try:
                _write_all(descriptor, data)
                disk.sync(descriptor)
            except BaseException:
                with contextlib.suppress(OSError):
                    disk.truncate(descriptor, size)
                raise
        finally:
            disk.close(descriptor)
        if not size:
            _sync_folder(path.parent)


def append_line(path: Path, line: str) -> None:
    """Append one line; see ``append_lines``."""
    append_lines(path, (line,))


def make_folder(path: Path) -> None:
    """Make a folder and those above it that are missing.

    Raises:
        SoakStoreError: names path and cause.
    """
    with _explained(path, "created"):
        missing = [folder for folder in (path, *path.parents) if not folder.is_dir()]
        for folder in reversed(missing):
            # Another process may make the same folder at the same time.
            with contextlib.suppress(FileExistsError):
                disk.make_folder(folder)
            if not folder.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, "there is something else of that name", str(folder))
            _sync_folder(folder.parent)


def place_shared(source: Path, path: Path, shared: Path | None) -> None:
    """Put a copy of a large file at a path: a hard link to the one copy in the folder ``shared``, if given.

    Where the file system has no hard links, or the folder is on another one, the path gets a copy of its own.

    Raises:
        SoakStoreError: names the file and what the system said.
    """
    if shared is not None:
        kept = shared / path.name
        make_folder(shared)
        if not kept.exists():
            write_atomic(kept, source.read_bytes())
        with contextlib.suppress(OSError):
            path.hardlink_to(kept)
            return
    write_atomic(path, source.read_bytes())


def remove(path: Path) -> None:
    """Remove a file or a link; one that is not there is as good.

    Raises:
        SoakStoreError: names path and cause.
    """
    _unlink(path)
    with _explained(path, "removed"):
        _sync_folder(path.parent)


def _unlink(path: Path) -> None:
    with _explained(path, "removed"), contextlib.suppress(FileNotFoundError):
        _patiently(lambda: disk.unlink(path))


def listed(folder: Path, prefix: str = "") -> list[Path]:
    """What is in a folder, by name; nothing where there is no folder.

    Raises:
        SoakStoreError: names path and cause.
    """
    with _explained(folder, "listed"), contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return sorted(path for path in folder.iterdir() if path.name.startswith(prefix))
    return []


def sweep(folder: Path) -> None:
    """Remove temporary files that a killed process left; only while no other process writes there.

    Raises:
        SoakStoreError: names path and cause.
    """
    for path in listed(folder, TEMPORARY_PREFIX):
        remove(path)


def sweep_old(folder: Path) -> None:
    """Remove temporary files and links of killed processes that are older than a day, as far as possible.

    A younger one may be another process's that is at work.
    """
    limit = time.time() - OLD_SECONDS
    with contextlib.suppress(SoakStoreError):
        for path in listed(folder, TEMPORARY_PREFIX):
            with contextlib.suppress(OSError):
                if path.lstat().st_mtime < limit:
                    _unlink_link(path)


def link_latest(target: Path, link: Path) -> None:
    """Point ``link`` at the folder ``target``, replacing an earlier link; the link is relative.

    On Windows, without the right to make symbolic links, it is a directory junction.

    Raises:
        SoakStoreError: names path and cause; also if ``link`` is a regular file or folder.
    """
    with _explained(link, "pointed at the newest run"):
        if _is_there(link) and not is_link(link):
            raise FileExistsError(errno.EEXIST, "it is not a link, so it is left alone")
        temporary = _temporary(link)
        try:
            _make_link(target, temporary)
            _replace_link(temporary, link)
        except BaseException:
            _discard(temporary)
            raise
        _sync_folder(link.parent)


def check_writable(folder: Path) -> None:
    """Make a folder and prove that a file can be written in it.

    Raises:
        SoakConfigError: names folder and cause.
    """
    try:
        make_folder(folder)
        probe = _temporary(folder / "probe")
        write_atomic(probe, b"\n" * 4096)
        remove(probe)
    except SoakStoreError as error:
        raise SoakConfigError(f"artifacts cannot be kept in {folder}: {error}") from error


@contextlib.contextmanager
def _explained(path: Path, what: str = "written") -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        # A name that holds a NUL is a wrong value, not an error of the system.
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        full = "the disk is full: " if getattr(error, "errno", None) in _FULL else ""
        raise SoakStoreError(f"{path} could not be {what}: {full}{reason}") from error


def _temporary(path: Path) -> Path:
    return path.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}")


def _write_together(contents: Mapping[Path, bytes]) -> None:
    """Replace files once all of them are on the disk.

    All are written before the first is waited for, so that the system can write them at once.
    """
    drafts = {path: _temporary(path) for path in contents}
    descriptors: list[int] = []
    try:
        for path, data in contents.items():
            with _explained(path):
                descriptors.append(disk.create(drafts[path]))
                _write_all(descriptors[-1], data)
                _start_writeback(descriptors[-1])
        for path in drafts:
            with _explained(path):
                disk.sync(descriptors[0])
                disk.close(descriptors.pop(0))
        for path, temporary in drafts.items():
            with _explained(path):
                _patiently(partial(disk.replace, temporary, path))
    except BaseException:
        for descriptor in descriptors:
            with contextlib.suppress(OSError):
                disk.close(descriptor)
        for temporary in drafts.values():
            _discard(temporary)
        raise


def _start_writeback(descriptor: int) -> None:
    """Let the system begin to write a file to the disk, where it takes such a hint."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        written = disk.write(descriptor, rest)
        if written <= 0:
            raise OSError(errno.EIO, "the system wrote nothing")
        rest = rest[written:]


def _sync_folder(folder: Path) -> None:
    descriptor = disk.open_folder(folder)
    if descriptor is None:
        return
    try:
        disk.sync_folder(descriptor)
    finally:
        disk.close(descriptor)


def _patiently(action: Callable[[], T]) -> T:
    """Do something that on Windows fails for as long as another process holds the file open."""
    for seconds in RETRY_PAUSES:
        try:
            return action()
        except OSError as error:
            if not disk.windows or getattr(error, "winerror", None) not in _BUSY:
                raise
        disk.pause(seconds)
    return action()


def _discard(path: Path) -> None:
    """Remove what a failed write left, where that is possible; the failure is what is reported."""
    with contextlib.suppress(OSError):
        if _is_there(path):
            _unlink_link(path)


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)


def is_link(path: Path) -> bool:
    """Whether a path is a symbolic link, or on Windows a junction."""
    return path.is_symlink() or _is_junction(path)


def _is_junction(path: Path) -> bool:
    tag = getattr(path.lstat(), "st_reparse_tag", 0)
    return bool(tag) and tag == getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", None)


def _make_link(target: Path, link: Path) -> None:
    # Not Path.relative_to, which cannot climb; resolved, as links above would change what ".." means.
    relative = os.path.relpath(target.resolve(), link.parent.resolve())
    try:
        disk.symlink(relative, link)
    except OSError as error:
        if not disk.windows or getattr(error, "winerror", None) != _NO_RIGHT_TO_LINK:
            raise
        disk.junction(target.resolve(), link)


def _replace_link(source: Path, link: Path) -> None:
    if disk.windows and _is_there(link):
        # Windows does not rename over a folder, and both kinds of link count as one.
        _unlink_link(link)
    _patiently(lambda: disk.replace(source, link))


def _unlink_link(path: Path) -> None:
    # Windows removes links to folders as folders.
    if disk.windows and _is_folder_itself(path):
        disk.remove_folder(path)
    else:
        disk.unlink(path)


def _is_folder_itself(path: Path) -> bool:
    attributes = getattr(path.lstat(), "st_file_attributes", 0)
    return bool(attributes & getattr(stat, "FILE_ATTRIBUTE_DIRECTORY", 0))
