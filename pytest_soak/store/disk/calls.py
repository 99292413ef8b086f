"""The calls to the operating system that writing takes."""

from __future__ import annotations

import errno
import os
import sys
import time
from pathlib import Path

_BINARY = getattr(os, "O_BINARY", 0)
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)


class Disk:
    """One method per call, so that a test can make any of them fail."""

    windows = sys.platform == "win32"

    def create(self, path: Path) -> int:
        """Open a new file for writing; it must not exist."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY | _NO_FOLLOW, 0o666)

    def open_to_append(self, path: Path) -> int:
        """Open a file, new or not, for writing at its end."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _BINARY | _NO_FOLLOW, 0o666)

    def size(self, descriptor: int) -> int:
        """Size of an open file in bytes."""
        return os.fstat(descriptor).st_size

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
        source.replace(target)

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
