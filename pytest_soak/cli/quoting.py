"""The reference maker in a scenario and in a recording, side by side, for ``pytest-soak market --maker``."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pytest_soak.domain.sampling import t_quantile

if TYPE_CHECKING:
    from pytest_soak.domain.records import EdgeReport
    from pytest_soak.market import MakerJob, Window
    from pytest_soak.market.reports import Fill
    from pytest_soak.market.scenario.model import Scenario

WINDOW_S = 60.0
WINDOWS = 60
"""Of the scenario; a recording has as many as it is long."""
_SHOWN = (
    *("fills", "net_bps", "net_liquidation_bps", "gross_bps", "inventory_bps", "slippage_bps"),
    *("risk_ratio", "maker_taker_ratio", "drawdown", "profit_quote"),
)
_ALONE = "nobody ahead"

Row = Mapping[str, float]


class _Market(Protocol):
    def run_with_fills(self, job: MakerJob, window: Window) -> tuple[EdgeReport, Sequence[Fill]]: ...


def compared(scenario: Scenario, seed: int, recording: Path | None, profile: str) -> Iterator[str]:
    """Lines of the table: a mean over windows of a minute, with the half-width of its 95 % interval.

    Raises:
        SoakConfigError: naming what is wrong with profile or recording.
    """
    from pytest_soak.config.profiles import load_profile
    from pytest_soak.market import MakerJob, MockMarket, ReplayMarket

    chosen = load_profile(profile, (Path("soak_profiles"),)).profile
    job = MakerJob(parameters=dict(chosen.parameters), maker=chosen.maker, fees=chosen.fees)
    columns = {"scenario": _rows(MockMarket(scenario, seed=seed), job, WINDOWS)}
    if recording is not None:
        replay = ReplayMarket(recording)
        columns["recording"] = _rows(replay, job, max(1, round(replay.duration_ms / (WINDOW_S * 1e3))))
    yield ""
    counts = ", ".join(f"{len(rows)} in the {name}" for name, rows in columns.items())
    yield f"the reference maker with {chosen.name}, per minute: {counts}"
    yield f"{'KPI':25} {' '.join(f'{name:>22}' for name in columns)}"
    for key in (*_SHOWN, _ALONE):
        cells = (_cell([row[key] for row in rows if key in row]) for rows in columns.values())
        yield f"{key:25} {' '.join(f'{cell:>22}' for cell in cells)}"


def _rows(market: _Market, job: MakerJob, windows: int) -> list[Row]:
    return [_row(market, job, index, windows) for index in range(windows)]


def _row(market: _Market, job: MakerJob, index: int, windows: int) -> Row:
    from pytest_soak.domain.kpis import kpis_of
    from pytest_soak.market import Window

    length = WINDOW_S * 1e3
    window = Window(iteration=index + 1, iterations=windows, start_ms=index * length, duration_ms=length)
    report, fills = market.run_with_fills(job, window)
    kpis = kpis_of(report).model_dump()
    row = {key: float(kpis[key]) for key in _SHOWN if kpis[key] is not None}
    rested = [fill for fill in fills if fill["maker"]]
    if rested:
        row[_ALONE] = statistics.fmean(float(fill["queue_ahead_at_placement"] == 0.0) for fill in rested)
    return row


def _cell(values: Sequence[float]) -> str:
    if len(values) < 2:
        return "too few"
    half = t_quantile(0.975, len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    return f"{statistics.fmean(values):.3g} +- {half:.2g}"
