"""The mock market: a scenario and a seed, simulated by the kernel."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from pytest_soak import kernel
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.fills import FillModel
from pytest_soak.domain.parameters import DEFAULTS
from pytest_soak.domain.settings import MakerSettings
from pytest_soak.market.protocols import MakerJob, fills_described, holdings_asked
from pytest_soak.market.reports import report_and_fills, report_of
from pytest_soak.market.scenario.loading import Scenario

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_soak import _kernel
    from pytest_soak.domain.records import EdgeReport
    from pytest_soak.domain.settings import FeeSettings
    from pytest_soak.market.protocols import Window
    from pytest_soak.market.reports import Fill
    from pytest_soak.market.stepping import Simulation

_SEEDS = 1 << 64  # an unsigned word of the kernel


class MockMarket:
    """A market whose state at any market time is a function of scenario and seed.

    Args:
        scenario: what the market is like and what happens in it.
        seed: from 0 to 2**64 - 1; another seed is another market of the same kind.
        fills: what it takes to fill a resting order.

    Raises:
        SoakConfigError: where the seed is out of range.
    """

    source: Literal["mock"] = "mock"

    def __init__(self, scenario: Scenario, seed: int, *, fills: FillModel = FillModel.QUEUE) -> None:
        if not 0 <= seed < _SEEDS:
            raise SoakConfigError(
                f"seed {seed} is out of range; accepted is a whole number from 0 to {_SEEDS - 1}"
            )
        self._scenario = scenario
        self._seed = seed
        self.fills = fills

    @property
    def name(self) -> str:
        """Name of the scenario."""
        return self._scenario.name

    def describe(self) -> dict[str, object]:
        """The whole scenario, as it was resolved, the seed, and how orders fill where not by their queue."""
        return {
            **fills_described(self.fills),
            "source": self.source,
            "scenario": self._scenario.model_dump(mode="json"),
            "seed": self._seed,
        }

    @cached_property
    def compiled(self) -> _kernel.Market:
        """The kernel's market, made at first use: it reads the scenario once and keeps the world it walked.

        Raises:
            SoakConfigError: where the kernel refuses the scenario.
        """
        return kernel.open_market(self._scenario.model_dump(mode="json"), self._seed)

    def spec(self, job: MakerJob, window: Window, *, record_fills: bool = False) -> dict[str, object]:
        """What the kernel's market is asked for in this window."""
        return {
            "start_ms": window.start_ms,
            "duration_ms": window.duration_ms,
            "parameters": dict(job.parameters),
            "maker": job.maker.model_dump(),
            "fees": job.fees.model_dump(),
            "fills": self.fills.value,
            **holdings_asked(window),
            "record_fills": record_fills,
            "series_step_ms": None if window.recorder is None else window.recorder.step_ms,
        }

    def run_maker(self, job: MakerJob, window: Window) -> EdgeReport:
        """Run the reference maker in the window.

        Raises:
            SoakConfigError: where the kernel refuses scenario, parameters or settings.
        """
        series: dict[str, bytes] = {}
        report = report_of(kernel.simulate(self.compiled, self.spec(job, window), series))
        self._keep(window, series)
        return report

    def _keep(self, window: Window, series: Mapping[str, bytes]) -> None:
        if window.recorder is not None:
            window.recorder.take(series, self.compiled.labels())

    def run_with_fills(self, job: MakerJob, window: Window) -> tuple[EdgeReport, Sequence[Fill]]:
        """Run the reference maker in the window, and tell each of its fills as well.

        Raises:
            SoakConfigError: where the kernel refuses scenario, parameters or settings.
        """
        return report_and_fills(kernel.simulate(self.compiled, self.spec(job, window, record_fills=True)))

    def simulation(
        self, window: Window, fees: FeeSettings, *, maker: MakerSettings | None = None
    ) -> Simulation:
        """Open a window for a strategy written in Python, which is asked at every decision.

        Args:
            window: the stretch of market time.
            fees: what fills are charged.
            maker: of these settings ``decision_interval_ms`` and ``depth_levels`` count; the others are
                those of the reference maker, which does not run.

        Raises:
            SoakConfigError: where the kernel refuses scenario, window or settings.
        """
        from pytest_soak.market.stepping import Simulation

        job = MakerJob(parameters=DEFAULTS, maker=maker or MakerSettings(), fees=fees)
        opened = kernel.open_simulation(self.compiled, self.spec(job, window))
        return Simulation(opened, keep=lambda series: self._keep(window, series))
