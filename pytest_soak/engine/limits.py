"""A limit on the wall-clock time of one iteration, so that a strategy that hangs does not hold up a run."""

from __future__ import annotations

import ctypes
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from pytest_soak.engine.hangs import HANGS


class IterationTimeoutError(TimeoutError):
    """An iteration took longer than it may; its traceback ends where the strategy was."""


@contextmanager
def limited(seconds: float | None, what: str) -> Iterator[None]:
    """End the body with ``IterationTimeoutError`` once it has taken ``seconds``; None means no limit.

    On the main thread of a POSIX system an alarm does it, which also ends a call that waits. Elsewhere the
    exception comes at the next line of Python. Where neither ends it, in compiled code or as the strategy
    catches the exception and goes on, the process ends after ``grace(seconds)`` more.
    """
    if seconds is None:
        yield
        return
    message = f"{what} was ended after {seconds:g} s (--soak-iteration-timeout)"
    has_alarm = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    ended = _alarm(seconds, message) if has_alarm else _watched(seconds, message)
    with HANGS.ended_after(seconds + grace(seconds)), ended:
        yield


def grace(seconds: float) -> float:
    """How long the exception has to end an iteration that may take ``seconds``."""
    return max(1.0, seconds / 10)


@contextmanager
def _alarm(seconds: float, message: str) -> Iterator[None]:
    def end(_signal: int, _frame: FrameType | None) -> None:
        raise IterationTimeoutError(message)

    handler = signal.signal(signal.SIGALRM, end)
    began, (others, interval) = time.monotonic(), signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, handler)
        if others:
            # Another alarm, such as that of pytest-timeout, goes on; a late one rings at once.
            left = max(1e-6, others - (time.monotonic() - began))
            signal.setitimer(signal.ITIMER_REAL, left, interval)


class _Late(BaseException):
    """Raised in a thread from outside, where only a class can be named."""


@contextmanager
def _watched(seconds: float, message: str) -> Iterator[None]:
    thread, over, lock = threading.get_ident(), False, threading.Lock()

    def end() -> None:
        with lock:
            if not over:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(_Late))

    watch = threading.Timer(seconds, end)
    watch.daemon = True
    watch.start()
    try:
        yield
    except _Late as late:
        raise IterationTimeoutError(message).with_traceback(late.__traceback__) from None
    finally:
        watch.cancel()
        with lock:
            over = True
