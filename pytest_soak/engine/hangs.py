"""The last resort against a strategy that hangs where no exception reaches it: its process ends.

Compiled code, a loop of Numba say, and a call of C that never returns run no line of Python, so that no
signal handler and no other thread of Python comes to its turn. ``faulthandler`` has a thread that needs
none: it writes the tracebacks of all threads and ends the process with exit code 1. What was committed stays
in the journal, so that the run can be resumed; under pytest-xdist another worker takes over.
"""

from __future__ import annotations

import faulthandler
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_STDERR = 2


class Hangs:
    """Deadlines of this process; faulthandler has one timer, which is set to the earliest.

    A timer of another, as pytest's ``faulthandler_timeout``, is off from then on.
    """

    def __init__(self) -> None:
        self._descriptor = _STDERR
        self._lock = threading.Lock()
        self._due: dict[object, float] = {}

    def keep_stderr(self) -> None:
        """Write to what standard error is now, also while it is captured later."""
        self.forget_stderr()
        with suppress(OSError):
            self._descriptor = os.dup(_STDERR)

    def forget_stderr(self) -> None:
        """Write to standard error as it is at the time."""
        if self._descriptor != _STDERR:
            os.close(self._descriptor)
            self._descriptor = _STDERR

    @contextmanager
    def ended_after(self, seconds: float) -> Iterator[None]:
        """End the process where the body has not ended by then."""
        key = object()
        with self._lock:
            self._due[key] = time.monotonic() + seconds
            self._set()
        try:
            yield
        finally:
            with self._lock:
                del self._due[key]
                self._set()

    def _set(self) -> None:
        if self._due:
            left = max(1e-3, min(self._due.values()) - time.monotonic())
            faulthandler.dump_traceback_later(left, exit=True, file=self._descriptor)
        else:
            faulthandler.cancel_dump_traceback_later()


HANGS = Hangs()
"""Those of this process."""
