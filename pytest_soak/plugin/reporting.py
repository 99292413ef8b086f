"""The report of a run at its end; what goes wrong with it fails no soak."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_soak.plugin.errors import usage_error
from pytest_soak.plugin.options import ini_text
from pytest_soak.store.runs.layout import MANIFEST_NAME

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_soak.plugin.terminal import SoakTerminal

KINDS = ("html", "md", "off")
MOST_CANARIES = 1_000
"""Canaries of which a report is written at the end of a run; for more there is the command."""


def add_options(parser: pytest.Parser) -> None:
    """Register the option and its ini option."""
    text = "Report at the end of a run: a page and Markdown, Markdown, none (default: html)"
    parser.getgroup("soak").addoption(
        "--soak-report", dest="soak_report", choices=KINDS, default=None, metavar="|".join(KINDS), help=text
    )
    parser.addini("soak_report", f"{text}; see --soak-report", type="string", default=None)


def wanted(config: pytest.Config) -> str:
    """What kind of report is asked for.

    Raises:
        pytest.UsageError: the ini file asks for another kind.
    """
    kind = config.getoption("soak_report", None) or ini_text(config, "soak_report") or "html"
    if kind not in KINDS:
        raise usage_error(f"ini option soak_report: {kind!a} is not one of {', '.join(KINDS)}")
    return str(kind)


class SoakReport:
    """Writes ``report.md`` and ``report.html`` into the run's folder; lives in the controller only."""

    def __init__(self, kind: str, terminal: SoakTerminal, run_folder: Callable[[], Path]) -> None:
        self._kind = kind
        self._terminal = terminal
        self._run_folder = run_folder
        self._said = ""

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Write the report of what the journals hold, also where the run was cut short."""
        canaries = self._terminal.count
        folder = self._run_folder()
        if self._kind == "off" or not canaries or not (folder / MANIFEST_NAME).is_file():
            return
        if canaries > MOST_CANARIES:
            self._said = f"report: pytest-soak report {folder.name} writes it, of {canaries} canaries"
            return
        from pytest_soak.domain.errors import SoakError
        from pytest_soak.domain.text import printable
        from pytest_soak.observe.writing import write_at_end

        try:
            self._said = f"report: {printable(write_at_end(folder, page=self._kind == 'html'))}"
        except (SoakError, OSError) as error:
            self._said = f"report: not written: {printable(str(error))}"

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say where it is."""
        if self._said:
            terminalreporter.write_line(self._said)
