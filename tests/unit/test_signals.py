"""Handlers of signals: the first stops, the second ends at once, and what was there before comes back."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_soak.plugin.signals import SoakSignals


class _EndedError(Exception):
    """In place of the end of the process."""


NAMES = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@pytest.fixture(autouse=True)
def _handled() -> Iterator[None]:
    """Handlers as of a process in the foreground; one in the background ignores interrupts."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in NAMES}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def session(**plugins: object) -> Any:
    config = SimpleNamespace(pluginmanager=SimpleNamespace(get_plugin=plugins.get))
    return SimpleNamespace(config=config, shouldstop=False, exitstatus=2)


class Workers:
    """What the controller asks of its workers, noted."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Callable[[], None]:
        return lambda: self.asked.append(name)


def raised(number: int) -> None:
    signal.raise_signal(number)


def test_first_and_second_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(status: int) -> None:
        raise _EndedError(status)

    monkeypatch.setattr(os, "_exit", ended)
    before = signal.getsignal(signal.SIGTERM)
    handlers, here = SoakSignals(), session()
    handlers.pytest_sessionstart(here)
    try:
        raised(signal.SIGTERM)
        assert here.shouldstop == "SIGTERM received"
        with pytest.raises(_EndedError, match="143"):
            raised(signal.SIGTERM)
        handlers.pytest_sessionfinish(here)
        assert here.exitstatus == 143
    finally:
        handlers.pytest_unconfigure()
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_second_interrupt_does_not_wait() -> None:
    handlers, here = SoakSignals(), session()
    handlers.pytest_sessionstart(here)
    try:
        raised(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            raised(signal.SIGINT)
        handlers.pytest_sessionfinish(here)
        assert here.exitstatus == 2
    finally:
        handlers.pytest_unconfigure()


def test_a_controller_stops_its_workers_and_goes_on_until_they_have_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pytest_soak.plugin.signals.GRACE_SECONDS", 0.0)
    workers, loop = Workers(), SimpleNamespace(shouldstop=False)
    handlers, here = SoakSignals(), session(dsession=loop, soak_stop=workers)
    handlers.pytest_sessionstart(here)
    try:
        raised(signal.SIGTERM)
        assert loop.shouldstop == here.shouldstop == "SIGTERM received"
        handlers._timer.join()  # type: ignore[union-attr]
        assert workers.asked == ["stop", "cut"]
        with pytest.raises(KeyboardInterrupt):
            raised(signal.SIGINT)
        assert workers.asked == ["stop", "cut", "end"]
        # Nothing that runs later would remove the files.
        monkeypatch.setattr(os, "_exit", lambda _: workers.asked.append("exit"))
        raised(signal.SIGTERM)
        assert workers.asked[3:] == ["end", "forget", "exit"]
        handlers.pytest_sessionfinish(here)
        assert here.exitstatus == 143
    finally:
        handlers.pytest_unconfigure()


def test_what_pytest_does_as_it_ends_is_not_cut() -> None:
    """Telling why a session was stopped may take longer than an iteration has to finish."""
    handlers, here = SoakSignals(), session()
    handlers.pytest_sessionstart(here)
    try:
        raised(signal.SIGTERM)
        handlers.pytest_keyboard_interrupt()
        in_another_thread(handlers.interrupt)
        handlers.pytest_sessionfinish(here)
        assert here.exitstatus == 143
    finally:
        handlers.pytest_unconfigure()


def test_a_worker_is_cut_once_and_never_ends_by_itself() -> None:
    """Its group has the signal too, and xdist must not take it for one that crashed."""
    handlers, here = SoakSignals(), session()
    here.config.workerinput, here.config.workeroutput = {}, {"exitstatus": 2, "shouldstop": False}
    handlers.pytest_sessionstart(here)
    try:
        raised(signal.SIGTERM)
        raised(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            in_another_thread(handlers.interrupt)
        in_another_thread(handlers.interrupt)
        handlers.pytest_sessionfinish(here)
        assert here.config.workeroutput == {"exitstatus": 0, "shouldstop": "SIGTERM received"}
        assert here.exitstatus == 2
    finally:
        handlers.pytest_unconfigure()


def test_a_cut_goes_by_a_signal_that_is_not_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    handlers, here = SoakSignals(), session()
    handlers.pytest_sessionstart(here)
    try:
        with pytest.raises(KeyboardInterrupt):
            in_another_thread(handlers.interrupt)
    finally:
        handlers.pytest_unconfigure()


def in_another_thread(action: Callable[[], None]) -> None:
    thread = threading.Thread(target=action)
    thread.start()
    thread.join()
    # A handler runs between two steps of the main thread.
    time.sleep(0.01)


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        handlers = SoakSignals()
        handlers.pytest_sessionstart(session())
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
        handlers.pytest_unconfigure()
    finally:
        signal.signal(signal.SIGTERM, before)
