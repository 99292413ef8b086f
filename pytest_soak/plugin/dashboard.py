"""The dashboard beside a run: a thread that reads journals, and nothing that the run waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_soak.config.arguments import port_number

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_soak.observe.server import Dashboard

ANY_PORT = -1


def add_options(parser: pytest.Parser) -> None:
    """Register the option and its ini option."""
    text = "Show the run in the browser while it goes on (default port: 5000, or the next that is free)"
    parser.getgroup("soak").addoption(
        "--soak-dashboard",
        dest="soak_dashboard",
        type=port_number,
        nargs="?",
        const=ANY_PORT,
        default=None,
        metavar="PORT",
        help=text,
    )
    parser.addini("soak_dashboard", "A port; see --soak-dashboard", type="string", default=None)


def wanted(config: pytest.Config) -> int | None:
    """The port that is asked for, ``ANY_PORT`` for one that is free, None where no dashboard is.

    Raises:
        pytest.UsageError: the ini file has something else than a port.
    """
    port: int | None = config.getoption("soak_dashboard", None)
    text = config.getini("soak_dashboard")
    if port is not None or not text:
        return port
    if not (isinstance(text, str) and text.isascii() and text.isdigit() and int(text) < 65_536):
        raise pytest.UsageError(f"ini option soak_dashboard: {text!a} is not a port from 0 to 65535")
    return int(text)


class SoakDashboard:
    """Serves the dashboard from the first test to the end of the session; lives in the controller only."""

    def __init__(self, port: int, run_folder: Callable[[], Path]) -> None:
        self._port = None if port == ANY_PORT else port
        self._run_folder = run_folder
        self._served: Dashboard | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Take the port and begin to serve.

        Raises:
            pytest.UsageError: the port is taken, or what is needed is not installed.
        """
        from pytest_soak.domain.errors import SoakError
        from pytest_soak.observe.server import Dashboard
        from pytest_soak.observe.watching import Watch

        try:
            self._served = Dashboard(Watch(self._run_folder), self._port)
        except SoakError as error:
            raise pytest.UsageError(f"--soak-dashboard: {error}") from None
        self._served.start()

    @pytest.hookimpl(trylast=True)
    def pytest_report_collectionfinish(self) -> str:
        """Say where it is."""
        return f"soak: dashboard at {self._url()}"

    def _url(self) -> str:
        return "-" if self._served is None else self._served.url

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say how to see the run again."""
        terminalreporter.write_line(
            f"dashboard: pytest-soak dashboard {self._run_folder().name} shows it again"
        )

    def pytest_unconfigure(self) -> None:
        """End it with the session."""
        if self._served is not None:
            self._served.stop()
