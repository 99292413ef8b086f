"""Dashboard and exporter beside a run: threads that read journals, and nothing that the run waits for."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import pytest

from pytest_soak.config.arguments import port_number
from pytest_soak.config.limits import DASHBOARD_PORT, EXPORTER_PORT
from pytest_soak.plugin.errors import usage_error
from pytest_soak.plugin.options import ini_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_soak.observe.watching import Watch

ANY_PORT = -1


class Served(Protocol):
    """What serves a run on a port of this machine."""

    url: str

    def start(self) -> None:
        """Serve in a thread of its own."""

    def stop(self) -> None:
        """End the thread and free the port."""


def _dashboard(watch: Watch, port: int | None) -> Any:
    from pytest_soak.observe.server import Dashboard

    return Dashboard(watch, port)


def _exporter(watch: Watch, port: int | None) -> Any:
    from pytest_soak.observe.exporter import Exporter

    return Exporter(watch, EXPORTER_PORT if port is None else port)


class _Kind(NamedTuple):
    name: str
    what: str
    help: str
    make: Callable[[Watch, int | None], Served]


_KINDS = (
    _Kind(
        "dashboard",
        "dashboard",
        f"Show the run in the browser while it runs (default port: {DASHBOARD_PORT} or the next free one)",
        _dashboard,
    ),
    _Kind(
        "prometheus",
        "metrics",
        f"Serve the run's metrics to Prometheus (default port: {EXPORTER_PORT})",
        _exporter,
    ),
)


def add_options(parser: pytest.Parser) -> None:
    """Register an option and an ini option for each."""
    for kind in _KINDS:
        parser.getgroup("soak").addoption(
            f"--soak-{kind.name}",
            dest=f"soak_{kind.name}",
            type=port_number,
            nargs="?",
            const=ANY_PORT,
            default=None,
            metavar="PORT",
            help=kind.help,
        )
        parser.addini(f"soak_{kind.name}", f"A port; see --soak-{kind.name}", type="string", default=None)


def wanted(config: pytest.Config, run_folder: Callable[[], Path]) -> Iterator[tuple[str, SoakServed]]:
    """Plugins to register, by name, for what the options ask for.

    Raises:
        pytest.UsageError: the ini file has something else than a port.
    """
    watch = cache(lambda: _watch(run_folder))
    for kind in _KINDS:
        port = _port(config, kind.name)
        if port is not None:
            yield f"soak_{kind.name}", SoakServed(kind, None if port == ANY_PORT else port, watch)


def _watch(run_folder: Callable[[], Path]) -> Watch:
    from pytest_soak.observe.watching import Watch

    return Watch(run_folder)


def _port(config: pytest.Config, name: str) -> int | None:
    port: int | None = config.getoption(f"soak_{name}", None)
    return ini_value(config, f"soak_{name}", port_number) if port is None else port


class SoakServed:
    """Serves one of them from the start to the end of the session; lives in the controller only.

    All of them have one watch: what one has read, the others do not read again.
    """

    def __init__(self, kind: _Kind, port: int | None, watch: Callable[[], Watch]) -> None:
        self._kind = kind
        self._port = port
        self._watch = watch
        self._served: Served | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Take the port and begin to serve.

        Raises:
            pytest.UsageError: the port is taken, or what is needed is not installed.
        """
        from pytest_soak.domain.errors import SoakError

        try:
            self._served = self._kind.make(self._watch(), self._port)
        except SoakError as error:
            raise usage_error(f"--soak-{self._kind.name}: {error}") from None
        self._served.start()

    @pytest.hookimpl(trylast=True)
    def pytest_report_collectionfinish(self) -> str:
        """Say where it is."""
        return f"soak: {self._kind.what} at {'-' if self._served is None else self._served.url}"

    def pytest_unconfigure(self) -> None:
        """End it with the session."""
        if self._served is not None:
            self._served.stop()
