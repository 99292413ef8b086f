"""A run against an earlier one at its end, as ``pytest-soak compare`` does, and limits on what got worse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pytest_soak.config.arguments import path
from pytest_soak.plugin import reporting
from pytest_soak.plugin.closing import short
from pytest_soak.plugin.errors import usage_error
from pytest_soak.plugin.options import ini_value
from pytest_soak.store.runs.layout import MANIFEST_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from pytest_soak.observe.limits import Limit
    from pytest_soak.observe.reading import RunReading

PAGE_NAME = "baseline.html"
_OPTIONS = (
    ("baseline", "RUN", path, "Compare with this run at the end: its folder or name, or an artifacts folder"),
    (
        "baseline_fail",
        "LIMITS",
        str,
        "How much a KPI may get worse than in the baseline, as net_bps:-5%%,risk_ratio:+0.02; beyond that "
        "the session fails",
    ),
)


def add_options(parser: pytest.Parser) -> None:
    """Register the options and their ini options."""
    for name, metavar, parse, text in _OPTIONS:
        option = f"--soak-{name.replace('_', '-')}"
        parser.getgroup("soak").addoption(
            option, dest=f"soak_{name}", type=parse, default=None, metavar=metavar, help=text
        )
        parser.addini(f"soak_{name}", f"{text}; see {option}".replace("%%", "%"), type="string", default=None)


def wanted(config: pytest.Config, artifacts: Path, run_folder: Callable[[], Path]) -> SoakBaseline | None:
    """The plugin for what the options ask for; None where they ask for none.

    Raises:
        pytest.UsageError: there is no such run, a journal of it cannot be read, or a limit is not valid.
    """
    place, limits = (_given(config, name, parse) for name, _, parse, _ in _OPTIONS)
    if place is None:
        if limits is not None:
            raise usage_error(f"{limits.source} {limits.value}: name the run with --soak-baseline")
        return None
    from pytest_soak.domain.errors import SoakError
    from pytest_soak.observe.limits import parse_limits
    from pytest_soak.observe.reading import open_run

    source = place.source if limits is None else limits.source
    try:
        parsed = () if limits is None else parse_limits(limits.value)
        source = place.source
        baseline = open_run(place.value, artifacts)
        for name in baseline.canary_names():
            baseline.inputs_of(name)
    except SoakError as error:
        raise usage_error(f"{source}: {error}") from None
    asked = place.source.startswith("--")
    return SoakBaseline(baseline, parsed, run_folder, draws=reporting.wanted(config) == "html", asked=asked)


class _Given(NamedTuple):
    source: str
    value: str


def _given(config: pytest.Config, name: str, parse: Callable[[str], object]) -> _Given | None:
    """What an option says, and where: the command line wins, then the ini file."""
    value = config.getoption(f"soak_{name}", None)
    if value:
        return _Given(f"--soak-{name.replace('_', '-')}", str(value))
    found = ini_value(config, f"soak_{name}", parse)
    return None if found is None else _Given(f"ini option soak_{name}", str(found))


class SoakBaseline:
    """Compares at the end of the session; lives in the controller only."""

    def __init__(
        self,
        baseline: RunReading,
        limits: Sequence[Limit],
        run_folder: Callable[[], Path],
        *,
        draws: bool,
        asked: bool,
    ) -> None:
        self._baseline = baseline
        self._limits = limits
        self._run_folder = run_folder
        self._draws = draws
        self._asked = asked
        self._lines: list[str] = []

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Compare; a limit that is failed, or could not be judged, fails a session that was green."""
        failed = self._is_failed()
        if failed and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _is_failed(self) -> bool:
        from pytest_soak.domain.errors import SoakError

        folder = self._run_folder()
        if not (folder / MANIFEST_NAME).is_file():
            if not self._asked:
                # What a project sets for every session says nothing of one without a soak.
                return False
            self._lines = ["no iteration was run, so there is nothing to compare"]
            return bool(self._limits)
        try:
            return self._compared(folder)
        except (SoakError, OSError) as error:
            self._lines = [f"not compared: {error}"]
            return bool(self._limits)

    def _compared(self, folder: Path) -> bool:
        from pytest_soak.observe import html
        from pytest_soak.observe.compared import lines, values
        from pytest_soak.observe.comparison import compare
        from pytest_soak.observe.limits import is_failed, judge
        from pytest_soak.observe.reading import open_run

        comparison = compare(self._baseline, open_run(folder, folder))
        judged = list(judge(comparison, self._limits))
        self._lines = list(lines(comparison, judged))
        if self._draws and html.is_installed():
            picture = folder / PAGE_NAME
            html.write_page(values(comparison, judged), picture, html.COMPARISON)
            self._lines.append(f"picture: {short(picture)}")
        return is_failed(comparison, self._limits, judged)

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say how the run differs."""
        if not self._lines:
            return
        terminalreporter.section("soak baseline")
        for line in self._printable():
            terminalreporter.write_line(line)

    def _printable(self) -> Iterator[str]:
        from pytest_soak.domain.text import printable

        yield from (printable(line) for line in self._lines)
