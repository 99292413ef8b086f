"""What is at a path, without following a link: asked before anything there is opened."""

from __future__ import annotations

import stat
from pathlib import Path

from pytest_soak.domain.errors import SoakStateError, SoakStoreError
from pytest_soak.store.disk import files

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def refuse_unless_files(*paths: Path) -> None:
    """Refuse a path where something other than a plain file is; nothing at all is accepted too.

    To open a FIFO would wait for ever, and to open a link would write somewhere else.

    Raises:
        SoakStateError: names the first such path, what is there and what is accepted.
    """
    for path in paths:
        kind = other_kind(path)
        if kind is not None:
            raise SoakStateError(f"{path}: there is {kind} in the place of a file; move it away")


def other_kind(path: Path) -> str | None:
    """What is at a path in words, None where it is a plain file or nothing."""
    try:
        found = path.lstat()
    except (OSError, ValueError):
        return None
    if stat.S_ISREG(found.st_mode):
        return None
    return "a link" if is_link(path) else _KINDS.get(stat.S_IFMT(found.st_mode), "something else")


def is_there(path: Path) -> bool:
    """Whether anything is at a path; not where the disk does not say."""
    try:
        return path.exists()
    except OSError:
        return False


def is_file(path: Path) -> bool:
    """Whether a plain file is at a path, links followed; not where the disk does not say."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_folder(path: Path) -> bool:
    """Whether a folder is at a path, and no link to one; not where the disk does not say."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode) and not is_link(path)
    except OSError:
        return False


def is_link(path: Path) -> bool:
    """Whether a path is a symbolic link, or on Windows a junction."""
    try:
        return files.is_link(path)
    except OSError:
        return False


def identity(path: Path) -> tuple[int, int] | None:
    """Device and number of the file at a path, None where there is none.

    A file that was moved away, deleted or replaced no longer has the identity it was opened with, while a
    descriptor of it can still be written.

    Raises:
        SoakStoreError: the disk refused to say.
    """
    try:
        return files.disk.identity(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SoakStoreError(f"{path} could not be looked at: {error.strerror or error}") from None


def holds_only_zeros(path: Path, most: int) -> bool:
    """Whether a file of at most ``most`` bytes holds zeros alone, as one extended but not written does."""
    if path.stat().st_size > most:
        return False
    return not path.read_bytes().strip(b"\0")
