"""What this process holds: memory, files, threads, and what a folder takes on the disk."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from pytest_soak.store.journal.wall import Resources


class Meter:
    """Measures from where it is made on; a sample takes a fraction of a millisecond."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cpu = time.process_time()

    def sample(self) -> Resources:
        """What is held now, and the CPU time since the meter was made."""
        process = psutil.Process()
        return Resources(
            process=process.pid,
            cpu_seconds=round(max(0.0, time.process_time() - self._cpu), 6),
            rss_bytes=_measured(lambda: int(process.memory_info().rss)),
            open_files=_measured(lambda: _open_files(process)),
            threads=_measured(process.num_threads),
            disk_bytes=_measured(lambda: _size(self._folder)),
        )


def _open_files(process: psutil.Process) -> int:
    if sys.platform == "win32":
        return process.num_handles()
    return process.num_fds()


def _measured(measure: Callable[[], int]) -> int | None:
    """A measurement; None where the system refuses it, as a soak does not end for want of one."""
    try:
        return measure()
    except (psutil.Error, OSError, RuntimeError):
        return None


def _size(folder: Path) -> int:
    """Bytes of the files of a folder; one that goes while it is looked at counts nothing."""
    total = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                total += entry.stat(follow_symlinks=False).st_size
            except FileNotFoundError:
                continue
    return total
