"""Stopping all workers soon where the session stops: by ``-x``, ``--maxfail`` or a signal.

The controller makes files that workers look for, as xdist tells workers to stop by a message behind those
that hand out items, and a file can be made where a signal is handled.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pytest_soak.plugin.collection import case_of

_INPUT = "soak_stop"
_CUT = ".cut"
_END = ".end"
LOOK_SECONDS = 0.1
"""How often a worker looks whether its item in hand is to be cut."""


class SoakStop:
    """The controller's part."""

    def __init__(self, config: pytest.Config) -> None:
        self._most: int = config.getvalue("maxfail")
        self._failed = 0
        self._path = Path(tempfile.gettempdir()) / f"pytest-soak-stop-{secrets.token_hex(8)}"

    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker which file to look for."""
        node.workerinput[_INPUT] = str(self._path)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Stop at as many failures as pytest and xdist do."""
        self._failed += report.failed and not hasattr(report, "wasxfail")
        if self._most and self._failed >= self._most:
            self.stop()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Stop workers that still run something, for which xdist waits now."""
        self.stop()

    def pytest_unconfigure(self) -> None:
        """Remove the files."""
        self.forget()

    def forget(self) -> None:
        """Remove the files; later looks for them find none."""
        for path in (self._path, self._path.with_suffix(_CUT), self._path.with_suffix(_END)):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def stop(self) -> None:
        """Stop all workers after their items in hand."""
        _touch(self._path)

    def cut(self) -> None:
        """Interrupt what workers still have in hand."""
        _touch(self._path.with_suffix(_CUT))

    def end(self) -> None:
        """End all workers at once, before this process goes on to its own end."""
        _touch(self._path.with_suffix(_END))


def _touch(path: Path) -> None:
    # Where the file cannot be made, workers stop as they do without it: at the end of their canary.
    with suppress(OSError):
        path.touch()


class SoakStopped:
    """A worker's part; ``interrupt`` interrupts what its main thread does."""

    def __init__(self, worker: Mapping[str, Any], interrupt: Callable[[], None]) -> None:
        self._path = Path(worker[_INPUT])
        self._interrupt = interrupt
        self._parent = os.getppid()
        self._over = threading.Event()

    def pytest_sessionstart(self) -> None:
        """Begin to look for an order to cut the item in hand."""
        threading.Thread(target=self._look, daemon=True).start()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Look no more."""
        self._over.set()

    def _look(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            # A controller that ended at once took its files with it.
            if os.getppid() != self._parent or self._path.with_suffix(_END).exists():
                os._exit(int(pytest.ExitCode.INTERRUPTED))
            if self._path.with_suffix(_CUT).exists():
                self._interrupt()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> object | None:
        """Run no soak item after the session has stopped."""
        if case_of(item) is None or not self._path.exists():
            return None
        item.session.shouldstop = "the session stops"
        return True
