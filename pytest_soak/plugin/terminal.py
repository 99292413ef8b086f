"""What a soak prints: a line per iteration while it runs, a table at the end, and what to do next."""

from __future__ import annotations

import contextlib
import textwrap
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_soak.engine.case import GATES
from pytest_soak.plugin.closing import lost_line, missing_line, next_step, short, verdict_line
from pytest_soak.plugin.collection import case_of, chain_key, is_of_canary, is_of_iteration, unit_of
from pytest_soak.plugin.session import SETTINGS
from pytest_soak.plugin.wire import CanaryGates, ItemNote, Row
from pytest_soak.store.runs.layout import JOURNAL_NAME, MANIFEST_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from pytest_soak.domain.outcome import Outcome
    from pytest_soak.plugin.bulk import Measured
    from pytest_soak.plugin.progress import Progress

_COLOURS = {"OK": "green", "WARN": "yellow", "INCONCLUSIVE": "yellow", "-": "yellow"}
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
        self._failed: Counter[str] = Counter()
        self._canaries = 0
        self._is_announced = False
        self._reports: dict[str, list[pytest.TestReport]] = {}
        self._planned = 0
        self._lost: list[str] = []
        self._progress: Progress | None = None
        self._began = time.monotonic()
        self._keeps_times = bool(config.getoption("durations", None))

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

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note how much is to be run; of many canaries each has to be brief."""
        cases = [case for case in map(case_of, session.items) if case is not None]
        self._canaries = len({chain_key(item) for item in session.items} - {None})
        self._planned = sum(
            case.settings.planned if case.part is None else case.part != GATES for case in cases
        )
        self._began = time.monotonic()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """Note how much the workers are to run, as they have collected it; each of them has collected all."""
        self._planned = sum(map(is_of_iteration, ids))
        self._canaries = len({unit_of(nodeid) for nodeid in ids if is_of_canary(nodeid)})
        self._began = time.monotonic()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Print what a worker is about to run, and the lines of the iterations of an item."""
        groups = getattr(report, "soak_groups", None)
        if groups and not self._is_announced:
            self._is_announced = True
            self._write(groups, None)
            self._count_deselected(getattr(report, "soak_deselected", 0))
        soak = getattr(report, "soak", None)
        if soak:
            self._failed[soak["key"]] += report.when == "call" and report.failed
            self._take(ItemNote.from_wire(soak))

    def _count_deselected(self, count: int) -> None:
        """Have pytest's last line count what workers left out; each of them has left out the same."""
        if count and self._reporter is not None:
            self._reporter.stats.setdefault("deselected", [SimpleNamespace()] * count)

    @pytest.hookimpl(specname="pytest_runtest_logreport", wrapper=True, tryfirst=True)
    def pytest_soak_forget(self, report: pytest.TestReport) -> Generator[None]:
        """Once everybody has seen a report, keep of it what pytest's own summary takes.

        pytest keeps every report until the session ends.
        """
        yield
        if getattr(report, "soak", None):
            del report.soak
        if report.passed and is_of_canary(report.nodeid):
            self._forget_properties(report)
            stats = {} if self._reporter is None else self._reporter.stats
            quiet = stats.get("", ())
            # Set-up and teardown count for nothing but the slowest durations.
            if quiet and quiet[-1] is report and not self._keeps_times:
                quiet.pop()

    def _forget_properties(self, report: pytest.TestReport) -> None:
        # pytest-html writes the row of an item's call when its tear-down is reported.
        reports = self._reports.setdefault(report.nodeid, [])
        reports.append(report)
        if report.when == "teardown":
            for seen in self._reports.pop(report.nodeid):
                seen.user_properties = []

    def _take(self, note: ItemNote) -> None:
        self._folders[note.key] = note.folder
        seen = self._rows.setdefault(note.key, {})
        for row in note.rows:
            if row.iteration not in seen:
                seen[row.iteration] = row
                self._tell(note.key, row)
        if not seen:
            del self._rows[note.key]
        if note.gates is not None:
            self._gates[note.key] = note.gates

    def _tell(self, key: str, row: Row) -> None:
        """An iteration's own lines, or in a long soak the line that says how far it is."""
        # Here, as a session without a soak does not need the domain.
        from pytest_soak.plugin.lines import live_lines
        from pytest_soak.plugin.progress import LIVE_ITERATIONS, Progress

        if self._planned <= LIVE_ITERATIONS or self._config.get_verbosity() > 0:
            brief = max(self._canaries, len(self._rows)) > _MAX_TABLES
            self._write(live_lines(row, brief=brief), row.verdict)
            return
        if self._progress is None:
            self._progress = Progress(self._planned, self._canaries, self._began)
        self._progress.tell(key, row, self._write_progress)

    def _write_progress(self, text: str) -> bool:
        """Write how far it is; whether that stays in place, where the next text takes its place."""
        reporter = self._reporter
        if reporter is None or self._config.get_verbosity() < -1:
            return False
        from pytest_soak.domain.text import printable

        if not getattr(reporter, "isatty", False):
            self._write([text], None)
            return False
        width = reporter._tw.fullwidth - 1
        # Past pytest's writer, which takes a return for more text; what it writes next covers this.
        reporter._tw._file.write(f"\r{printable(text)[:width]:<{width}}\r")
        reporter.flush()
        return True

    def _write(self, lines: Sequence[str], verdict: str | None) -> None:
        reporter = self._reporter
        if reporter is None or self._config.get_verbosity() < -1:
            return
        from pytest_soak.domain.text import printable

        lines = [printable(line) for line in lines]
        path = reporter.currentfspath
        # A line that begins in the first column needs no other in front of it; the writer alone knows.
        if reporter._tw.width_of_current_line == 0:
            reporter.currentfspath = None
        reporter.ensure_newline()
        reporter.write_line(lines[0], **_colour(verdict))
        for line in lines[1:]:
            reporter.write_line(line)
        if self._config.get_verbosity(pytest.Config.VERBOSITY_TEST_CASES) <= 0:
            # Else the reporter would write the file's name again before the next item.
            reporter.currentfspath = path

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a session whose records are no longer there: without them nothing has passed."""
        if not self._folders:
            return
        from pytest_soak.store.disk import places

        kept = [self._run_folder() / MANIFEST_NAME]
        kept += [Path(self._folders[key]) / JOURNAL_NAME for key in self._rows]
        self._lost = [short(path) for path in kept if not places.is_file(path)]
        if self._lost and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any, exitstatus: int) -> None:
        """Write the summary table and the last line."""
        resume = self._resume(exitstatus)
        if self._rows:
            self._write_summary(terminalreporter, exitstatus)
        elif resume:
            terminalreporter.write_line(resume)

    def _resume(self, exitstatus: int) -> str:
        """How to go on with a run that was stopped; empty for every other."""
        if exitstatus != pytest.ExitCode.INTERRUPTED and exitstatus <= _SIGNALLED:
            return ""
        # Here, as a session without a soak does not need the disk.
        from pytest_soak.store.disk import places

        if places.is_file(self._run_folder() / MANIFEST_NAME):
            return f"next: go on where it stopped: pytest --soak-resume={self._run_folder().name}"
        return ""

    def _write_summary(self, terminalreporter: Any, exitstatus: int) -> None:
        terminalreporter.ensure_newline()
        terminalreporter.section("soak summary")
        from pytest_soak.plugin.bulk import canary_lines, matrix_lines

        canaries = self.canaries()
        is_bulk = len(canaries) > _MAX_TABLES
        worth = [canary for canary in canaries if not is_bulk or canary.verdict not in ("OK", "WARN")]
        for canary in worth[:_MAX_TABLES]:
            self._write_table(terminalreporter, canary)
        if len(canaries) > 1:
            self._write_all(terminalreporter, [("", None), *matrix_lines(canaries), ("", None)])
            self._write_all(terminalreporter, canary_lines(canaries, most=_MAX_TABLES))
        for last in [*self._unread(canaries), *self.closing(canaries, exitstatus)]:
            for line in textwrap.wrap(
                last, _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
            ):
                terminalreporter.write_line(line)

    def _unread(self, canaries: Sequence[Measured]) -> list[str]:
        """A line for each of the first canaries whose tuner moved what its strategy never read."""
        from pytest_soak.domain.text import printable
        from pytest_soak.plugin.lines import unread_line

        lines = [printable(line) for line in (unread_line(canary.rows) for canary in canaries) if line]
        more = len(lines) - _MAX_TABLES
        return lines if more <= 0 else [*lines[:_MAX_TABLES], f"and so in {more} more canaries"]

    @property
    def count(self) -> int:
        """How many canaries have begun, those that measured nothing included."""
        return len(self._folders)

    def canaries(self) -> list[Measured]:
        """What was measured so far, the worst canary first."""
        from pytest_soak.plugin.bulk import worst_first

        return worst_first([self._measured(key) for key in self._rows])

    def _measured(self, key: str) -> Measured:
        from pytest_soak.plugin.bulk import Measured

        rows = [self._rows[key][n] for n in sorted(self._rows[key])]
        return Measured(key, rows, self._gates.get(key), self._folders[key], self._failed[key])

    def _write_table(self, reporter: Any, canary: Measured) -> None:
        from pytest_soak.plugin.lines import gates_lines, parameter_lines, spark_lines, table_lines

        first = canary.rows[0]
        head = (
            f"{canary.title} ({first.strategy}, {first.source}, "
            f"{first.iterations} x {first.minutes:.3g} min, gates {first.gate_mode})"
        )
        self._write_all(reporter, [(head, None)])
        self._write_all(reporter, [(line, None) for line in spark_lines(canary.rows)])
        self._write_all(reporter, table_lines(canary.rows))
        if canary.gates is not None:
            lines = gates_lines(canary.gates, first.gate_mode)
            self._write_all(reporter, [(line, canary.gates.verdict) for line in lines])
            why = verdict_line(canary.outcome)
            self._write_all(reporter, [] if why is None else [(why, canary.verdict)])
        self._write_all(reporter, [(line, None) for line in parameter_lines(canary.rows)])

    def _write_all(self, reporter: Any, lines: Iterable[tuple[str, str | None]]) -> None:
        from pytest_soak.domain.text import printable

        for line, verdict in lines:
            reporter.write_line(printable(line), **_colour(verdict))

    def closing(self, canaries: Sequence[Measured], exitstatus: int) -> list[str]:
        """What is missing, then what to do next; the canaries come worst first."""
        from pytest_soak.domain.text import printable

        outcomes = [canary.outcome for canary in canaries]
        if self._lost:
            return [printable(lost_line(self._lost))]
        resume = self._resume(exitstatus)
        # Where the last line says how to go on, the first need not.
        missing = missing_line(*self._missing(outcomes), "" if resume else self._run_folder().name)
        if resume:
            return [printable(line) for line in (missing, resume) if line is not None]
        worst = canaries[0]
        place = Path(worst.folder)
        missed = worst.missed
        start = place / f"ITER_SUMMARY_{missed[0].iteration}.json" if missed else place
        report = place / "TUNING_REPORT.json" if len(canaries) == 1 else place.parent
        failed = any(self._failed.values())
        step = next_step(outcomes, failed=failed, start_at=short(start), report=short(report))
        return [printable(line) for line in (missing, step) if line is not None]

    def _missing(self, outcomes: Sequence[Outcome]) -> tuple[int, int]:
        """Iterations that are missing, and those that were planned, of canaries that never began included."""
        planned = max(self._planned, sum(outcome.planned for outcome in outcomes))
        missing = planned - sum(outcome.done for outcome in outcomes)
        if missing > 0 and self._config.stash[SETTINGS].resume is None:
            # xdist drops reports that arrive after it has stopped.
            with contextlib.suppress(OSError):
                kept = sum(1 for _ in self._run_folder().glob("*/ITER_SUMMARY_*.json"))
                missing = min(missing, planned - kept)
        return missing, planned


def _colour(verdict: str | None) -> dict[str, bool]:
    return {} if verdict is None else {_COLOURS.get(verdict, "red"): True}
