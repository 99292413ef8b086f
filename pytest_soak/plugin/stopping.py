"""Stopping all workers soon where the session stops: by ``-x``, ``--maxfail`` or a signal."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pytest_soak.plugin.collection import case_of

_INPUT = "soak_stop"


class SoakStop:
    """The controller's part: makes a file that workers look for before each soak item.

    xdist tells workers to stop by a message behind those that hand out items, so each would first run the
    whole of its canary.
    """

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
            self._stop()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Stop workers that still run something, for which xdist waits now."""
        self._stop()

    def pytest_unconfigure(self) -> None:
        """Remove the file."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _stop(self) -> None:
        # Where the file cannot be made, workers stop as they do without it: at the end of their canary.
        with suppress(OSError):
            self._path.touch()


class SoakStopped:
    """A worker's part."""

    def __init__(self, worker: Mapping[str, Any]) -> None:
        self._path = Path(worker[_INPUT])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> object | None:
        """Run no soak item after the session has stopped."""
        if case_of(item) is None or not self._path.exists():
            return None
        item.session.shouldstop = "the session stops"
        return True
