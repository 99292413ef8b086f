"""Signals that end a soak: the current iteration may finish, a summary is printed, the run can be resumed."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

import pytest

GRACE_SECONDS = 1.0
"""How long the current iteration has to finish before it is interrupted."""

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class SoakSignals:
    """Handlers of a session; those that were installed before are restored at its end.

    The first signal stops the session after the current iteration, or after ``GRACE_SECONDS`` at the latest.
    The second one ends the process at once; the journal stays sound.
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._session: pytest.Session | None = None
        self._got: int | None = None
        self._cut = False
        self._timer: threading.Timer | None = None

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Put the handlers in place; only the main thread can."""
        if threading.current_thread() is not threading.main_thread():
            return
        self._session = session
        for name in _NAMES:
            number = getattr(signal, name, None)
            # What was started to ignore a signal, as nohup does, goes on to ignore it.
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._handle)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """End with the exit status that the signal has in a shell."""
        if self._timer is not None:
            self._timer.cancel()
        if self._got is not None and self._got != signal.SIGINT:
            session.exitstatus = 128 + self._got

    def pytest_unconfigure(self) -> None:
        """Put back the handlers that the process had."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self._cut:
            self._cut = False
            raise KeyboardInterrupt
        if self._got is not None:
            self._end_at_once(number)
        self._got = number
        session = self._session
        if session is None or session.config.pluginmanager.has_plugin("dsession"):
            # No iteration runs in this process; those of the workers end with it.
            raise KeyboardInterrupt
        session.shouldstop = f"{signal.Signals(number).name} received"
        self._timer = threading.Timer(GRACE_SECONDS, self._interrupt)
        self._timer.daemon = True
        self._timer.start()

    def _interrupt(self) -> None:
        self._cut = True
        number, main = self._got or signal.SIGINT, threading.main_thread().ident
        if sys.platform == "win32" or main is None:
            _thread.interrupt_main(signal.Signals(number))
        else:
            # A real signal, as nothing less wakes a main thread that sleeps.
            signal.pthread_kill(main, number)

    @staticmethod
    def _end_at_once(number: int) -> None:
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        os._exit(128 + number)
