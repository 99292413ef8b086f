"""What GitHub Actions shows of a soak: a table in the step's summary, and an annotation per canary."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_soak.domain.errors import SoakConfigError

if TYPE_CHECKING:
    from pytest_soak.plugin.bulk import Measured
    from pytest_soak.plugin.terminal import SoakTerminal
    from pytest_soak.plugin.wire import GateSeen

# GitHub refuses a summary of more than 1 MiB; so many rows of such cells stay below it, whatever they hold.
_MOST_ROWS = 500
_MOST_IN_CELL = 60
_HEAD = ("profile", "scenario", "seed", "strategy", "net bps", "risk", "profit", "verdict", "missed first")


class SoakGithub:
    """Tells GitHub Actions what the terminal collected; lives in the controller only."""

    def __init__(self, config: pytest.Config, terminal: SoakTerminal) -> None:
        self._config = config
        self._terminal = terminal
        self._problem = ""

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Append the table to the file that ``GITHUB_STEP_SUMMARY`` names; warn where that cannot be done."""
        file = os.environ.get("GITHUB_STEP_SUMMARY", "")
        canaries = self._terminal.canaries() if file else []
        if not canaries:
            return
        text = summary_text(canaries, self._terminal.closing(canaries, exitstatus))
        try:
            _append(Path(file), text)
        except (SoakConfigError, OSError) as error:
            self._warn(f"GITHUB_STEP_SUMMARY: the summary of the soak was not written: {error}")

    def _warn(self, problem: str) -> None:
        from pytest_soak.domain.text import printable

        warning = pytest.PytestWarning(printable(problem))
        try:
            self._config.issue_config_time_warning(warning, stacklevel=2)
        except pytest.PytestWarning:
            # Under -W error, and a report that is not there fails no soak.
            self._problem = f"warning: {warning}"

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Write the annotations, each at the start of a line, where GitHub looks for them."""
        if self._problem:
            terminalreporter.write_line(self._problem)
        if os.environ.get("GITHUB_ACTIONS") != "true":
            return
        for line in commands(self._terminal.canaries()):
            terminalreporter.ensure_newline()
            terminalreporter.write_line(line)


def _append(file: Path, text: str) -> None:
    from pytest_soak.config.paths import Kind, kind_of, shown

    kind = kind_of(file)
    # To open a FIFO would wait for who reads it.
    if kind not in (Kind.FILE, Kind.MISSING):
        raise SoakConfigError(f"{shown(file)} {kind.value}")
    with file.open("a", encoding="utf-8", errors="replace", newline="\n") as stream:
        stream.write(text)


def summary_text(canaries: Sequence[Measured], closing: Sequence[str]) -> str:
    """A Markdown table with a row per canary, in the order given, then the last lines of the terminal."""
    from pytest_soak.observe.markdown import escaped, table

    rows = [_cells(canary) for canary in canaries[:_MOST_ROWS]]
    lines = ["### pytest-soak", "", *table(_HEAD, rows, most=_MOST_IN_CELL)]
    if len(canaries) > _MOST_ROWS:
        lines += ["", f"({len(canaries) - _MOST_ROWS} more canaries, none of which is worse)"]
    for last in closing:
        lines += ["", escaped(last)]
    return "\n".join(["", *lines, "", ""])


def _cells(canary: Measured) -> list[str]:
    from pytest_soak.domain.text import money, number

    row = canary.rows[0]
    profits = [row.profit for row in canary.rows if row.profit is not None]
    return [
        row.profile,
        row.scenario,
        str(row.seed),
        f"{row.strategy} in {row.test}" if row.test else row.strategy,
        number(canary.pooled("net_bps"), "+.2f"),
        number(canary.pooled("risk_ratio"), ".1%"),
        money(sum(profits) if len(profits) == len(canary.rows) else None),
        canary.verdict,
        canary.first_missed or "-",
    ]


def commands(canaries: Sequence[Measured]) -> list[str]:
    """A workflow command per canary that has something to say, in the order given."""
    levels = ((canary, _level(canary)) for canary in canaries)
    return [_command(level, canary) for canary, level in levels if level is not None]


def _level(canary: Measured) -> str | None:
    """An error for a gate that was missed in hard mode, a warning for what does not fail."""
    from pytest_soak.domain.outcome import MISSED, UNJUDGED

    mode = canary.rows[0].gate_mode
    if mode == "off":
        return None
    if canary.verdict in MISSED:
        return "error" if mode == "hard" else "warning"
    if canary.verdict == UNJUDGED:
        return "warning" if any(row.is_missed for row in canary.rows) else None
    return "warning" if canary.verdict in ("INCONCLUSIVE", "WARN") else None


def _command(level: str, canary: Measured) -> str:
    from pytest_soak.domain.text import printable

    title = printable(f"soak {canary.verdict}: {canary.title}")
    gates = () if canary.gates is None else canary.gates.gates
    said = [f"over the run: {_gate_text(gate)}" for gate in gates if gate.verdict != "OK"]
    # Where the gates item did not judge the whole, also iterations whose miss chance may explain.
    missed = canary.missed or [row for row in canary.rows if row.is_missed and canary.gates is None]
    for row in missed[:1]:
        more = f" (and {len(missed) - 1} more)" if len(missed) > 1 else ""
        said.append(f"iteration {row.iteration}{more}: {', '.join(map(_gate_text, row.gates))}")
    message = printable(f"strategy {canary.rows[0].strategy}; {'; '.join(said)}")
    return f"::{level} title={escaped_property(title)}::{escaped_data(message)}"


def _gate_text(gate: GateSeen) -> str:
    from pytest_soak.plugin.lines import gate_text

    return f"{gate.verdict} {gate_text(gate)}"


def escaped_data(text: str) -> str:
    """Text as the message of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escaped_property(text: str) -> str:
    """Text as the value of a workflow command's property."""
    return escaped_data(text).replace(":", "%3A").replace(",", "%2C")
