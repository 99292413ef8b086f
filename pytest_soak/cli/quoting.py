"""The reference maker in a scenario and in a recording, side by side, for ``pytest-soak market --maker``."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pytest_soak.config.limits import PROFILES
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.sampling import t_quantile

if TYPE_CHECKING:
    from pytest_soak.domain.records import EdgeReport
    from pytest_soak.domain.settings import Profile
    from pytest_soak.market import MakerJob, Window
    from pytest_soak.market.reports import Fill
    from pytest_soak.market.scenario.model import Scenario

WINDOW_S = 30.0
WINDOWS = 120
"""Of the scenario; a recording has as many as it is long."""
_SHOWN = (
    *("fills", "net_bps", "net_liquidation_bps", "gross_bps", "inventory_bps", "slippage_bps"),
    *("risk_ratio", "maker_taker_ratio", "drawdown", "profit_quote"),
)
_ALONE = "nobody ahead"
_OF_SIZE = ("fills", "drawdown", "profit_quote")
"""KPIs that a recording has otherwise for how it fills: see docs/explanation/fills.md."""
_DISTANCE = "base_spread_bps_delta"
_SHARE = 0.975

Row = Mapping[str, float]


class _Market(Protocol):
    def run_with_fills(self, job: MakerJob, window: Window) -> tuple[EdgeReport, Sequence[Fill]]: ...


class Estimate(NamedTuple):
    """A mean over windows, with the half-width of its 95 % interval."""

    mean: float
    half: float

    def __str__(self) -> str:
        return f"{self.mean:.3g} +- {self.half:.2g}"

    def agrees(self, other: Estimate) -> bool:
        """Whether the 95 % interval of the difference holds 0."""
        return abs(self.mean - other.mean) <= math.hypot(self.half, other.half)


class Slices(NamedTuple):
    """A market, and the windows in which the maker quotes in it."""

    market: _Market
    start_s: float
    windows: int


def compared(
    scenario: Scenario, seed: int, recording: Path | None, profile: str, from_s: float = 0.0
) -> Iterator[str]:
    """Lines of the tables, one for each distance of quoting, and what differs.

    Args:
        scenario: the market that is simulated.
        seed: of that market.
        recording: the market that is replayed, if any.
        profile: of the maker.
        from_s: time of the recording at which the maker begins.

    Raises:
        SoakConfigError: naming what is wrong with profile or recording.
    """
    from pytest_soak.config.profiles import load_profile
    from pytest_soak.market import MockMarket

    chosen = load_profile(profile, (Path(PROFILES),)).profile
    columns = {"scenario": Slices(MockMarket(scenario, seed=seed), 0.0, WINDOWS)}
    if recording is not None:
        columns["recording"] = slices_of(recording, from_s)
    counts = ", ".join(f"{slices.windows} in the {name}" for name, slices in columns.items())
    yield ""
    yield f"the reference maker with {chosen.name}, in windows of {WINDOW_S:g} s: {counts}"
    differ: list[str] = []
    told = 0
    for delta in distances(chosen.parameters[_DISTANCE]):
        found = {name: estimates(slices, chosen, delta) for name, slices in columns.items()}
        yield ""
        yield f"{f'{_DISTANCE} {delta:g}':28} {' '.join(f'{name:>22}' for name in found)}"
        for key in (*_SHOWN, _ALONE):
            cells = [estimates.get(key) for estimates in found.values()]
            mark = ""
            known = [cell for cell in cells if cell is not None]
            if len(known) == 2:
                told += 1
                if not known[0].agrees(known[1]):
                    mark = "  differs"
                    differ.append(f"{key} at {delta:g}: {known[0]} in the scenario, {known[1]} recorded")
            texts = ("too few" if cell is None else str(cell) for cell in cells)
            yield f"{key:28} {' '.join(f'{text:>22}' for text in texts)}{mark}"
    if recording is not None:
        yield from _verdict(told, differ)


def distances(delta: float) -> tuple[float, ...]:
    """The distances of quoting: the profile's, the widest that a tuner may set, and half way to it."""
    from pytest_soak.domain.parameters import PARAMETERS

    widest = PARAMETERS[_DISTANCE].high
    return tuple(dict.fromkeys((delta, round((delta + widest) / 2.0, 6), widest)))


def _verdict(told: int, differ: Sequence[str]) -> Iterator[str]:
    yield ""
    if not told:
        yield "scenario and recording cannot be compared: no KPI was measured in both"
    elif differ:
        yield f"scenario and recording differ in {len(differ)} of {told} KPIs (95 % intervals):"
        yield from (f"  {line}" for line in differ)
        if any(line.startswith(_OF_SIZE) for line in differ):
            yield "a recording fills all of an order that trades go beyond, a scenario what each trade is:"
            yield f"  within a wide spread {', '.join(_OF_SIZE)} may differ for that alone"
    else:
        yield f"scenario and recording agree in all {told} KPIs, within 95 % intervals of the difference"


def slices_of(recording: Path, from_s: float) -> Slices:
    """The windows of a recording from a time on.

    Raises:
        SoakConfigError: naming the recording, which has ended by then.
    """
    from pytest_soak.market import ReplayMarket

    replay = ReplayMarket(recording)
    left_s = replay.duration_ms / 1e3 - from_s
    if left_s <= 0.0:
        raise SoakConfigError(
            f"--replay-from = {from_s:g}; accepted is what leaves some of recording {recording}, which ends "
            f"at {replay.duration_ms / 1e3:.6g} s"
        )
    return Slices(replay, from_s, max(1, int(left_s / WINDOW_S)))


def estimates(slices: Slices, profile: Profile, delta: float) -> dict[str, Estimate]:
    """Means of KPIs over windows in which the maker quotes at a distance; what two windows at least have."""
    from pytest_soak.market import MakerJob

    parameters = {**profile.parameters, _DISTANCE: delta}
    job = MakerJob(parameters=parameters, maker=profile.maker, fees=profile.fees)
    rows = [_row(slices, job, index) for index in range(slices.windows)]
    values = {key: [row[key] for row in rows if key in row] for key in (*_SHOWN, _ALONE)}
    return {key: _estimate(known) for key, known in values.items() if len(known) >= 2}


def _row(slices: Slices, job: MakerJob, index: int) -> Row:
    from pytest_soak.domain.kpis import kpis_of
    from pytest_soak.market import Window

    length = WINDOW_S * 1e3
    window = Window(
        iteration=index + 1,
        iterations=slices.windows,
        start_ms=slices.start_s * 1e3 + index * length,
        duration_ms=length,
    )
    report, fills = slices.market.run_with_fills(job, window)
    kpis = kpis_of(report).model_dump()
    row = {key: float(kpis[key]) for key in _SHOWN if kpis[key] is not None}
    rested = [fill for fill in fills if fill["maker"]]
    if rested:
        row[_ALONE] = statistics.fmean(float(fill["queue_ahead_at_placement"] == 0.0) for fill in rested)
    return row


def _estimate(values: Sequence[float]) -> Estimate:
    half = t_quantile(_SHARE, len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    return Estimate(statistics.fmean(values), half)
