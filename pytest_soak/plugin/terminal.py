"""What a soak prints: a line per iteration while it runs, a table at the end, and what to do next."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_soak.plugin.closing import Outcome, missing_line, next_step
from pytest_soak.plugin.wire import CanaryGates, ItemNote, Row
from pytest_soak.store.runs.layout import LATEST_NAME, MANIFEST_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_COLOURS = {"OK": "green", "WARN": "yellow", "INCONCLUSIVE": "yellow", "FAIL": "red", "NO_DATA": "red"}
_ORDER = ("FAIL", "NO_DATA", "INCONCLUSIVE", None)
_MAX_TABLES = 4
_WIDTH = 80
_SIGNALLED = 128


class SoakTerminal:
    """Collects what reports carry and writes it to pytest's terminal; lives in the controller only."""

    def __init__(self, config: pytest.Config, run_folder: Callable[[], Path]) -> None:
        self._config = config
        self._run_folder = run_folder
        self._rows: dict[str, dict[int, Row]] = {}
        self._gates: dict[str, CanaryGates] = {}
        self._folders: dict[str, str] = {}
        self._failed: list[str] = []
        self._resume = ""

    @property
    def _reporter(self) -> Any:
        return self._config.pluginmanager.get_plugin("terminalreporter")

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Leave out the progress letter of an item that prints its own line."""
        quiet = self._config.get_verbosity(pytest.Config.VERBOSITY_TEST_CASES) <= 0
        if quiet and report.when == "call" and getattr(report, "soak", None) and not report.skipped:
            return report.outcome, "", report.outcome.upper()
        return None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Print the lines of the iterations that an item computed."""
        soak = getattr(report, "soak", None)
        if report.when == "call" and report.failed and soak is not None:
            self._failed.append(report.nodeid)
        if soak:
            self._take(ItemNote.from_wire(soak))

    def _take(self, note: ItemNote) -> None:
        # Here, as a session without a soak has no use for the domain.
        from pytest_soak.plugin.lines import live_lines

        self._folders[note.key] = note.folder
        seen = self._rows.setdefault(note.key, {})
        for row in note.rows:
            if row.iteration not in seen:
                seen[row.iteration] = row
                self._write(live_lines(row), row.verdict)
        if not seen:
            del self._rows[note.key]
        if note.gates is not None:
            self._gates[note.key] = note.gates

    def _write(self, lines: Sequence[str], verdict: str) -> None:
        reporter = self._reporter
        if reporter is None or self._config.get_verbosity() < -1:
            return
        path = reporter.currentfspath
        # A line that begins in the first column needs no other in front of it; the writer alone knows.
        if reporter._tw.width_of_current_line == 0:
            reporter.currentfspath = None
        reporter.ensure_newline()
        reporter.write_line(lines[0], **{_COLOURS[verdict]: True})
        for line in lines[1:]:
            reporter.write_line(line)
        if self._config.get_verbosity(pytest.Config.VERBOSITY_TEST_CASES) <= 0:
            # Else the reporter would write the file's name again before the next item.
            reporter.currentfspath = path

    def pytest_terminal_summary(self, terminalreporter: Any, exitstatus: int) -> None:
        """Write the summary table and the last line."""
        begun = (self._run_folder() / MANIFEST_NAME).is_file()
        stopped = exitstatus == pytest.ExitCode.INTERRUPTED or exitstatus > _SIGNALLED
        if stopped and begun:
            self._resume = f"next: go on where it stopped: pytest --soak-resume={self._run_folder().name}"
        if self._rows:
            self._write_summary(terminalreporter)
        elif self._resume:
            terminalreporter.write_line(self._resume)

    def _write_summary(self, terminalreporter: Any) -> None:
        terminalreporter.ensure_newline()
        terminalreporter.section("soak summary")
        self._rows = dict(sorted(self._rows.items()))
        for key in list(self._rows)[:_MAX_TABLES]:
            self._write_table(terminalreporter, key)
        if len(self._rows) > 1:
            self._write_canaries(terminalreporter)
        for last in self._closing():
            for line in textwrap.wrap(
                last, _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
            ):
                terminalreporter.write_line(line)

    def _write_table(self, reporter: Any, key: str) -> None:
        from pytest_soak.plugin.lines import gates_lines, parameter_lines, table_lines

        rows = [self._rows[key][n] for n in sorted(self._rows[key])]
        first = rows[0]
        reporter.write_line(
            f"{key} ({first.strategy}, {first.source}, {first.iterations} x {first.minutes:.3g} min, "
            f"gates {first.gate_mode})"
        )
        for line, verdict in table_lines(rows):
            reporter.write_line(line, **({} if verdict is None else {_COLOURS[verdict]: True}))
        gates = self._gates.get(key)
        if gates is not None:
            for line in gates_lines(gates, first.gate_mode):
                reporter.write_line(line, **{_COLOURS[gates.verdict]: True})
        for line in parameter_lines(rows):
            reporter.write_line(line)

    def _write_canaries(self, reporter: Any) -> None:
        reporter.write_line("")
        reporter.write_line(f"{'canary':<48} {'iterations':>10} {'missed':>7}  verdict")
        for key, by_number in self._rows.items():
            missed = sum(row.is_missed for row in by_number.values())
            verdict = self._gates[key].verdict if key in self._gates else "-"
            reporter.write_line(f"{key[:48]:<48} {len(by_number):>10} {missed:>7}  {verdict}")

    def _outcome(self, key: str) -> Outcome:
        rows = list(self._rows[key].values())
        judged = [row for row in rows if not row.warmup]
        return Outcome(
            planned=rows[0].iterations,
            done=len(rows),
            gate_mode=rows[0].gate_mode,
            verdicts=tuple(row.verdict for row in judged if not row.by_chance),
            by_chance=sum(row.by_chance for row in judged),
            pooled=self._gates[key].verdict if key in self._gates else None,
        )

    def _closing(self) -> list[str]:
        """What is missing, then what to do next."""
        outcomes = {key: self._outcome(key) for key in self._rows}
        missing = missing_line(list(outcomes.values()), self._run_folder().name)
        if self._resume:
            return [self._resume]
        worst = min(outcomes, key=lambda key: _ORDER.index(outcomes[key].worst))
        place = Path(self._folders[worst])
        missed = [row for _, row in sorted(self._rows[worst].items()) if row.is_missed]
        missed = [row for row in missed if row.verdict == outcomes[worst].worst and not row.by_chance]
        start = place / f"ITER_SUMMARY_{missed[0].iteration}.json" if missed else place
        report = place / "TUNING_REPORT.json" if len(outcomes) == 1 else place.parent
        if len(outcomes) > 1 and outcomes[worst].worst is None:
            start = place.parent
        step = next_step(
            list(outcomes.values()), failed=bool(self._failed), start_at=_short(start), report=_short(report)
        )
        return [step] if missing is None else [missing, step]


def _short(path: Path) -> str:
    """A path by way of ``latest`` where that leads there, relative to the working directory if below it."""
    here = Path.cwd()
    for parent in path.parents:
        latest = parent / LATEST_NAME
        if latest.exists() and path.resolve().is_relative_to(latest.resolve()):
            path = latest / path.resolve().relative_to(latest.resolve())
            break
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()
