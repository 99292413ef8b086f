"""Signals that end a soak: the current iteration may finish, a summary is printed, the run can be resumed."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any, cast

import pytest

from pytest_soak.plugin.stopping import SoakStop

GRACE_SECONDS = 1.0
"""How long the current iteration has to finish before it is interrupted."""

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class SoakSignals:
    """Handlers of a session; those that were installed before are restored at its end.

    The first signal stops the session after the current iteration, or after ``GRACE_SECONDS`` at the latest.
    The second one ends the process at once; the journal stays sound. Workers of pytest-xdist have handlers of
    their own, as a terminal and a supervisor signal every process of a session; their controller counts the
    signals, and ends when the workers have.
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._session: pytest.Session | None = None
        self._got: int | None = None
        self._cut = self._was_cut = self._over = False
        self._timer: threading.Timer | None = None
        self._workers: SoakStop | None = None

    @pytest.hookimpl(tryfirst=True)
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
    def pytest_keyboard_interrupt(self) -> None:
        """What ran has stopped: what pytest does about it, as the summary, is not to be cut."""
        self._over = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """End with the exit status that the signal has in a shell."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
        output = getattr(session.config, "workeroutput", None)
        if output is not None and self._was_cut:
            # xdist takes a worker that was interrupted for one that crashed, and starts another.
            output |= {"exitstatus": int(pytest.ExitCode.OK), "shouldstop": session.shouldstop}
        elif output is None and self._got not in (None, signal.SIGINT):
            session.exitstatus = 128 + self._got

    def pytest_unconfigure(self) -> None:
        """Put back the handlers that the process had."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        session = self._session
        if session is None:
            raise KeyboardInterrupt
        reason = f"{signal.Signals(number).name} received"
        if self._cut:
            self._cut = False
            if not self._over:
                self._was_cut, session.shouldstop = True, session.shouldstop or reason
                raise KeyboardInterrupt
        elif self._got is None:
            self._got, session.shouldstop = number, reason
            self._stop(session, reason)
        elif not hasattr(session.config, "workerinput"):
            self._end_at_once(number)

    def _stop(self, session: pytest.Session, reason: str) -> None:
        cut, manager = self.interrupt, session.config.pluginmanager
        distributed = manager.get_plugin("dsession")
        if distributed is not None:
            # No iteration runs in this process; its loop goes on until the workers have ended.
            distributed.shouldstop = reason
            self._workers = workers = cast("SoakStop", manager.get_plugin("soak_stop"))
            workers.stop()
            cut = workers.cut
        self._timer = threading.Timer(GRACE_SECONDS, cut)
        self._timer.daemon = True
        self._timer.start()

    def interrupt(self) -> None:
        """Interrupt what the main thread does, once; to be called in another thread."""
        if self._cut or self._was_cut or self._over:
            return
        self._cut = True
        # One that is ignored would do nothing.
        number = self._got or next(iter(self._before), signal.SIGINT)
        main = threading.main_thread().ident
        if sys.platform == "win32" or main is None:
            _thread.interrupt_main(signal.Signals(number))
        else:
            # A real signal, as nothing less wakes a main thread that sleeps.
            signal.pthread_kill(main, number)

    def _end_at_once(self, number: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._workers is not None:
            self._workers.end()
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        if self._workers is not None:
            self._workers.forget()
        os._exit(128 + number)
