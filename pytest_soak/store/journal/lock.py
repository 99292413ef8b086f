"""The lock of a canary: the right to advance it, held by one process at a time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock

from pytest_soak.domain.errors import SoakStateError, SoakStoreError
from pytest_soak.store.disk import files, places

LOCK_SECONDS = 120.0


def release(lock: filelock.BaseFileLock) -> None:
    """Free a lock, asking twice: one that stays held would keep out the process that holds it, too.

    Raises:
        SoakStoreError: the system refused both times.
    """
    try:
        lock.release()
    except OSError:
        try:
            lock.release()
        except OSError as error:
            raise SoakStoreError(
                f"{lock.lock_file} could not be unlocked: {error.strerror or error}"
            ) from None


class CanaryLock:
    """A lock file beside a journal, and a file that names the process that holds it.

    The system frees the lock of a process that was killed.
    """

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._file = journal.with_name(f"{journal.name}.lock")
        self._pid_file = journal.with_name(f"{journal.name}.pid")
        # A connection stays in its thread, so the lock need not tell threads apart.
        self._lock = filelock.FileLock(self._file, thread_local=False)

    @contextlib.contextmanager
    def held(self, timeout: float, check: Callable[[], None]) -> Iterator[None]:
        """Hold the lock, waiting ``timeout`` seconds for another process; ``check`` is asked twice.

        Raises:
            SoakStateError: another process still holds it, or something else is in the place of a file.
            SoakStoreError: the disk refused.
        """
        places.refuse_unless_files(self._file, self._pid_file)
        # Before the lock too, as taking it would make the folder of a journal that is missing.
        check()
        self._acquire(timeout)
        try:
            check()
            pid = f"pid {os.getpid()}"
            if self._holder() != pid:
                files.write_atomic(self._pid_file, f"{pid}\n".encode("ascii"))
            yield
        finally:
            release(self._lock)

    def _acquire(self, timeout: float) -> None:
        try:
            self._lock.acquire(timeout=timeout)
        except filelock.Timeout:
            raise SoakStateError(
                f"{self._journal}: another process ({self._holder()}) works on this canary, and did so "
                f"for all of {timeout:g} s; wait for it, or give this run its own --soak-artifacts"
            ) from None
        except OSError as error:
            raise SoakStoreError(f"{self._file} could not be locked: {error.strerror or error}") from None

    def _holder(self) -> str:
        try:
            return self._pid_file.read_text(encoding="ascii").strip()[:40] or "pid unknown"
        except (OSError, ValueError):
            return "pid unknown"
