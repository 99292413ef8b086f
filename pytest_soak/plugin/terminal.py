"""What a soak prints: a line per iteration while it runs, a table at the end, and what to do next."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_soak.plugin.wire import TABLE_HEAD, gates_lines, is_missed, live_lines, shortened, table_line
from pytest_soak.store.runs.layout import LATEST_NAME, MANIFEST_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_COLOURS = {"OK": "green", "WARN": "yellow", "INCONCLUSIVE": "yellow", "FAIL": "red", "NO_DATA": "red"}
_MAX_TABLES = 4
_WIDTH = 80
_SIGNALLED = 128


class SoakTerminal:
    """Collects what reports carry and writes it to pytest's terminal; lives in the controller only."""

    def __init__(self, config: pytest.Config, run_folder: Callable[[], Path]) -> None:
        self._config = config
        self._run_folder = run_folder
        self._rows: dict[str, dict[int, dict[str, Any]]] = {}
        self._gates: dict[str, dict[str, Any]] = {}
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
        if not soak:
            return
        self._folders[soak["key"]] = soak["folder"]
        for row in soak["rows"]:
            seen = self._rows.setdefault(soak["key"], {})
            if row["iteration"] not in seen:
                seen[row["iteration"]] = row
                self._write(live_lines(row), row["verdict"])
        if soak["gates"] is not None:
            self._gates[soak["key"]] = soak["gates"]

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
        last = self._resume or self._next_step()
        for line in textwrap.wrap(
            last, _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        ):
            terminalreporter.write_line(line)

    def _write_table(self, reporter: Any, key: str) -> None:
        rows = [self._rows[key][n] for n in sorted(self._rows[key])]
        first = rows[0]
        reporter.write_line(
            f"{key} ({first['source']}, {first['iterations']} x {first['minutes']:.3g} min, "
            f"gates {first['gate_mode']})"
        )
        reporter.write_line(TABLE_HEAD)
        shown = shortened(rows)
        for row in shown:
            reporter.write_line(table_line(row), **{_COLOURS[row["verdict"]]: True})
        if len(shown) < len(rows):
            reporter.write_line(f"      ({len(rows) - len(shown)} more iterations in the journal)")
        gates = self._gates.get(key)
        if gates is not None:
            for line in gates_lines(gates):
                reporter.write_line(line, **{_COLOURS[gates["verdict"]]: True})
        reporter.write_line("parameters at the end:")
        values = [f"{name} {value:g}" for name, value in rows[-1]["parameters"].items()]
        for part in (values[:3], values[3:]):
            reporter.write_line("  " + ", ".join(part))

    def _write_canaries(self, reporter: Any) -> None:
        reporter.write_line("")
        reporter.write_line(f"{'canary':<48} {'iterations':>10} {'missed':>7}  verdict")
        for key, by_number in self._rows.items():
            missed = sum(is_missed(row) for row in by_number.values())
            verdict = self._gates.get(key, {}).get("verdict", "-")
            reporter.write_line(f"{key[:48]:<48} {len(by_number):>10} {missed:>7}  {verdict}")

    def _next_step(self) -> str:
        folder = next(iter(self._folders.values()))
        place = Path(folder) if len(self._folders) == 1 else Path(folder).parent
        missed = [row for rows in self._rows.values() for row in rows.values() if is_missed(row)]
        verdicts = {row["verdict"] for row in missed} | {g["verdict"] for g in self._gates.values()}
        if missed and len(self._folders) == 1:
            place = place / f"ITER_SUMMARY_{missed[0]['iteration']}.json"
        if "FAIL" in verdicts:
            return f"next: not fit to trade as it is; start at {_short(place)}"
        if "INCONCLUSIVE" in verdicts:
            return f"next: no verdict, more iterations would decide; what there is: {_short(place)}"
        if "NO_DATA" in verdicts:
            return f"next: no verdict, not everything was measured; start at {_short(place)}"
        if self._failed:
            return f"next: the gates held but items failed for other reasons; see above, and {_short(place)}"
        if len(self._gates) < len(self._folders):
            return f"next: no verdict, as the run was not whole; what there is: {_short(place)}"
        place = place / "TUNING_REPORT.json" if len(self._folders) == 1 else place
        return f"next: all gates held; what was tuned: {_short(place)}"


def _short(path: Path) -> str:
    """A path by way of ``latest`` where that leads there, relative to the working directory if below it."""
    here = Path.cwd()
    for parent in path.parents:
        latest = parent / LATEST_NAME
        if latest.exists() and path.resolve().is_relative_to(latest.resolve()):
            path = latest / path.resolve().relative_to(latest.resolve())
            break
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()
