"""An inner pytest run for every test here, and a strategy whose measurements a test writes down."""

from __future__ import annotations

import importlib
import json
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pytest_soak.guards import BUILT_IN

# An inner run in this process forgets the modules that it was the first to import, and would import them
# again for every test, each time with classes of their own.
for _module in (
    "importlib.readers",
    "numpy",
    "pytest_soak.observe.writing",
    "pytest_soak.plugin.bulk",
    "pytest_soak.plugin.defaults",
    "pytest_soak.plugin.foreign",
    "pytest_soak.plugin.frames",
    "pytest_soak.plugin.groups",
    "pytest_soak.plugin.items",
    "pytest_soak.plugin.lines",
    "pytest_soak.plugin.output",
    "pytest_soak.plugin.preflight",
    "pytest_soak.plugin.progress",
    *BUILT_IN.values(),
):
    importlib.import_module(_module)

# A strategy that measures what the test says: per iteration (net_bps, risk_ratio, adverse_bps_p95).
SCRIPTED = """
import json
from pytest_soak.domain.records import (
    Blocks, EdgeReport, EdgeTotals, MarketFacts, OrderCounts, Sample,
)

SCRIPT = json.loads({script!r})


class Scripted:
    name = "scripted"

    def describe(self):
        return {{"script": SCRIPT}}

    def run(self, market, parameters, window):
        net, risk, adverse = SCRIPT[min(window.iteration, len(SCRIPT)) - 1]
        notional = 0.0 if net is None else 100_000.0
        profit = 0.0 if net is None else net / 1e4 * notional
        blocks = 0 if risk is None else 1000
        at_risk = 0 if risk is None else round(risk * blocks)
        sample = Sample(n=100, p95=50.0)
        return EdgeReport(
            source="mock",
            totals=EdgeTotals(
                notional=notional, maker_notional=notional, taker_notional=0.0, gross=profit, fees=0.0,
                slippage=0.0, inventory=0.0, ledger=profit, position_end=0.0, mid_start=100.0, mid_end=100.0,
            ),
            adverse_bps=Sample(n=0 if adverse is None else 100, p95=adverse),
            slippage_bps=Sample(n=0, p95=None),
            order_age_ms=sample, ws_lag_ms=sample, latency_ms=sample,
            attempts=2 * blocks,
            blocks=Blocks(min_interval=blocks - at_risk, throttle=0, concurrency=0, risk=at_risk),
            orders=OrderCounts(
                placed=500, cancelled=400, tail_cancelled=10, rejected=0,
                maker_fills=0 if net is None else 100, partial_fills=0, taker_fills=0,
            ),
            market=MarketFacts(
                start_ms=window.start_ms, end_ms=window.start_ms + window.duration_ms, events=1000,
                trades=100, mid_low=99.0, mid_high=101.0, spread_bps_mean=2.0,
            ),
        )


def pytest_soak_make_strategy(profile):
    return Scripted()
"""

Script = Sequence[tuple[float | None, float | None, float | None]]
Scripted = Callable[[Script], None]


@pytest.fixture
def gate_warnings(pytester: pytest.Pytester) -> None:
    """An inner run in this process inherits that warnings are errors; those of gates stay warnings."""
    pytester.makeini("[pytest]\nfilterwarnings = always::pytest_soak.SoakGateWarning\n")


@pytest.fixture
def scripted(pytester: pytest.Pytester, gate_warnings: None) -> Scripted:
    """Write a ``conftest.py`` whose strategy measures the given values, the last of them for ever."""

    def write(script: Script) -> None:
        pytester.makeconftest(SCRIPTED.format(script=json.dumps(script)))

    return write


class Once:
    """Inner runs that tests of a file begin with: run for the first, the others get a copy of its folder.

    A run is another one where its words or the files that it begins with differ.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._known: dict[object, tuple[pytest.RunResult, Path]] = {}

    def __call__(
        self, run: Callable[..., pytest.RunResult], folder: Path, *words: str, **named: Any
    ) -> pytest.RunResult:
        """What ``run`` gives for these words in the folder of a test, which holds what it leaves."""
        found = sorted(path for path in folder.rglob("*") if path.is_file())
        before = tuple((path.relative_to(folder), path.read_bytes()) for path in found)
        key = (run.__name__, words, before)
        if key not in self._known:
            result = run(*words, **named)
            kept = self._place / str(len(self._known))
            shutil.copytree(folder, kept, symlinks=True)
            self._known[key] = (result, kept)
            return result
        result, kept = self._known[key]
        shutil.copytree(kept, folder, symlinks=True, dirs_exist_ok=True)
        return result


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Runs that tests of this file share."""
    return Once(tmp_path_factory.mktemp("once"))


_OUTSIDE = (
    "MM_RUNTIME_OVERRIDES_JSON",
    "SOAK_SLEEP_SECONDS",
    "PYTEST_ADDOPTS",
    "GITHUB_ACTIONS",
    "GITHUB_STEP_SUMMARY",
)


@pytest.fixture(autouse=True)
def _no_outside_influence(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "pytester" in request.fixturenames:
        # Made first, as it forgets the options that are set here.
        request.getfixturevalue("pytester")
    for name in _OUTSIDE:
        monkeypatch.delenv(name, raising=False)
    # The page of a report takes a copy of the charts' script each time; a process that begins with these
    # plugins takes twice as long to begin (pytest-randomly loads hypothesis, pytest-html jinja2, anyio ssl).
    unused = ("hypothesispytest", "randomly", "benchmark", "html", "html_fixtures", "metadata", "anyio")
    words = ["-o soak_report=md", *(f"-p no:{name}" for name in unused)]
    monkeypatch.setenv("PYTEST_ADDOPTS", " ".join(words))
    # numpy starts a thread per core as it is imported, which costs a process of its own a quarter of that.
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")


@contextmanager
def default_action(number: int) -> Iterator[None]:
    """Give a process that is started here the default action of a signal.

    A parent that ignores the signal, such as a job in the background, would hand that down.
    """
    before = signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(number, before)


def canary_folder(root: Path, artifacts: str = "artifacts/soak") -> Path:
    """Folder of the newest run's only canary, by way of ``latest`` and the manifest there."""
    latest = root / artifacts / "latest"
    (name,) = json.loads((latest / "RUN.json").read_text(encoding="utf-8"))["canaries"]
    return latest / str(name)


def summary(root: Path, iteration: int, folder: str | None = None) -> dict[str, Any]:
    """Content of an iteration's summary file; of the newest run's only canary, where no folder is named."""
    place = canary_folder(root) if folder is None else root / folder
    text = (place / f"ITER_SUMMARY_{iteration}.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content
