"""What a market and a strategy are to the canary, and the maker that ships with the package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.fills import FillModel

if TYPE_CHECKING:
    from pytest_soak.domain.contract import Contract
    from pytest_soak.domain.funding import Funding
    from pytest_soak.domain.holdings import Holdings
    from pytest_soak.domain.records import EdgeReport, Source
    from pytest_soak.domain.settings import FeeSettings, MakerSettings


@dataclass(slots=True)
class SeriesRecorder:
    """Takes the path of a window from the market; what it holds changes nothing in a report.

    ``columns`` are numbers of 8 bytes each, little-endian, by the columns' names; ``labels`` names the bits
    of the column of that name. None where the market recorded nothing.
    """

    step_ms: float
    columns: Mapping[str, bytes] | None = None
    labels: Sequence[tuple[str, int]] = ()

    def take(self, columns: Mapping[str, bytes], labels: Sequence[tuple[str, int]] = ()) -> None:
        """Hold what the market recorded; of several simulations in a window the last one counts."""
        if columns:
            self.columns, self.labels = columns, labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The stretch of market time that one iteration covers, in ms since the run began.

    ``iteration`` counts from 1. What happens in the market depends on the window's times alone. ``carry`` is
    what the strategy put into its report of the iteration before, None in the first. ``holdings`` are the
    position and the orders that the iteration begins with, None where it begins without. ``seed`` is the
    canary's. ``recorder`` takes the window's path, where that is wanted. ``traded`` is the notional in quote
    currency of the iterations before, 0 where no fee depends on it.
    """

    iteration: int
    iterations: int
    start_ms: float
    duration_ms: float
    carry: Any = field(default=None, hash=False)
    holdings: Holdings | None = None
    seed: int = 0
    traded: float = 0.0
    recorder: SeriesRecorder | None = field(default=None, compare=False, repr=False)

    @property
    def end_ms(self) -> float:
        """Where the window ends, in ms of market time; that moment is no longer part of it."""
        return self.start_ms + self.duration_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class MakerJob:
    """The reference maker as it runs in one iteration: tunable parameters, its other settings, fees."""

    parameters: Mapping[str, float]
    maker: MakerSettings
    fees: FeeSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketRequest:
    """What a canary asks of the hook that makes its market.

    ``replay`` names a recording that takes the place of the scenario, ``tick_size`` and ``lot_size`` its
    steps of price and quantity, None where they were not given; ``minutes`` is the market time
    of one iteration, None where it was not given; ``scenario_dirs`` hold a project's own scenarios. ``fills``
    is what it takes to fill a resting order. ``contract`` and ``funding`` take the place of those of the
    scenario or the file, None where they were not given.
    """

    scenario: str
    seed: int
    replay: Path | None
    iterations: int
    minutes: float | None
    scenario_dirs: tuple[Path, ...] = ()
    tick_size: float | None = None
    lot_size: float | None = None
    fills: FillModel = FillModel.QUEUE
    contract: Contract | None = None
    funding: Funding | None = None


def job_asked(job: MakerJob, window: Window, fills: FillModel, *, record_fills: bool) -> dict[str, object]:
    """What a kernel's spec says of a maker and its window, whatever the market."""
    held: dict[str, object] = {}
    if window.holdings is not None:
        held["holdings"] = window.holdings.model_dump(exclude={"orders": {"__all__": {"client_id"}}})
    return {
        "parameters": dict(job.parameters),
        "maker": job.maker.model_dump(),
        "fees": job.fees.model_dump(),
        "traded": window.traded,
        "fills": fills.value,
        **held,
        "record_fills": record_fills,
        "series_step_ms": None if window.recorder is None else window.recorder.step_ms,
    }


def fills_described(fills: FillModel) -> dict[str, object]:
    """What a market's identity says of its fill model: nothing of the default."""
    return {} if fills is FillModel.QUEUE else {"fills": fills.value}


def market_under(market: Market, fills: FillModel) -> Market:
    """A market whose orders fill by a model: itself, or what its ``under(fills)`` makes.

    Raises:
        SoakConfigError: it cannot be had so.
    """
    if getattr(market, "fills", None) is fills:
        return market
    make = getattr(market, "under", None)
    made: Market | None = make(fills) if callable(make) else None
    if made is None or getattr(made, "fills", None) is not fills:
        raise SoakConfigError(
            f"a gate asks for a KPI under {fills.value!r}, but market {market.name} has no method "
            "under(fills) that gives the same market with such fills; accepted is one that has, or no gate "
            "on KPI@MODEL"
        )
    return made


class Market(Protocol):
    """Where a strategy is soaked.

    ``name`` is the scenario's name or the file name of the recording. A market that can fill orders by more
    than one model says in ``fills`` by which it does, and gives itself with another by ``under(fills)``.
    """

    @property
    def source(self) -> Source:
        """Provenance of every record that is measured here."""
        ...

    @property
    def name(self) -> str:
        """Short name for records and the terminal."""
        ...

    def describe(self) -> dict[str, object]:
        """Identity of the market as JSON values: equal identities give equal reports."""
        ...

    def run_maker(self, job: MakerJob, window: Window) -> EdgeReport:
        """Run the reference maker in one window; a pure function of market, job, and the window's times and
        holdings.
        """
        ...


class Strategy(Protocol):
    """The system under test.

    ``run`` is called once per iteration and must be a pure function of its arguments: what it remembers goes
    into the ``carry`` of its report.
    """

    @property
    def name(self) -> str:
        """Short name for records and the terminal."""
        ...

    def describe(self) -> dict[str, object]:
        """Identity of the strategy as JSON values: equal identities behave equally."""
        ...

    def run(self, market: Market, parameters: Mapping[str, float], window: Window) -> EdgeReport:
        """Trade one window of the market with these parameters and report what there was to measure."""
        ...


@dataclass(frozen=True, slots=True)
class ReferenceMaker:
    """The maker of the kernel: quotes both sides, driven by all six parameters."""

    maker: MakerSettings
    fees: FeeSettings

    @property
    def name(self) -> str:
        """``reference_maker``."""
        return "reference_maker"

    def describe(self) -> dict[str, object]:
        """Name, settings and fees."""
        return {"name": self.name, "maker": self.maker.model_dump(), "fees": self.fees.model_dump()}

    def run(self, market: Market, parameters: Mapping[str, float], window: Window) -> EdgeReport:
        """Run the kernel's maker on the market."""
        return market.run_maker(MakerJob(parameters=parameters, maker=self.maker, fees=self.fees), window)
