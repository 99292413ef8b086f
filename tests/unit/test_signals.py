"""Handlers of signals: the first stops, the second ends at once, and what was there before comes back."""

from __future__ import annotations

import os
import signal
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_soak.plugin.signals import SoakSignals


class _EndedError(Exception):
    """In place of the end of the process."""


def session(*, distributed: bool = False) -> Any:
    manager = SimpleNamespace(has_plugin=lambda name: distributed and name == "dsession")
    return SimpleNamespace(config=SimpleNamespace(pluginmanager=manager), shouldstop=False, exitstatus=2)


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


def test_with_workers_nothing_in_this_process_is_waited_for() -> None:
    handlers = SoakSignals()
    handlers.pytest_sessionstart(session(distributed=True))
    try:
        with pytest.raises(KeyboardInterrupt):
            raised(signal.SIGTERM)
    finally:
        handlers.pytest_unconfigure()


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        handlers = SoakSignals()
        handlers.pytest_sessionstart(session())
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
        handlers.pytest_unconfigure()
    finally:
        signal.signal(signal.SIGTERM, before)
