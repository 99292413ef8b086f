"""The mock market: a scenario and a seed, simulated by the kernel."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from pytest_soak import kernel
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.fills import COMPARED, FillModel
from pytest_soak.domain.parameters import DEFAULTS
from pytest_soak.domain.settings import MakerSettings
from pytest_soak.market.protocols import MakerJob, fills_described, job_asked
from pytest_soak.market.reports import report_and_fills, report_of
from pytest_soak.market.scenario.loading import Scenario
from pytest_soak.market.steps import Steps
from pytest_soak.market.terms import noted, scenario_on

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_soak import _kernel
    from pytest_soak.domain.contract import Contract
    from pytest_soak.domain.funding import Funding
    from pytest_soak.domain.records import EdgeReport
    from pytest_soak.domain.settings import FeeSettings
    from pytest_soak.market.protocols import Window
    from pytest_soak.market.reports import Fill
    from pytest_soak.market.stepping import Simulation


class MockMarket:
    """A market whose state at any market time is a function of scenario and seed.

    Args:
        scenario: what the market is like and what happens in it.
        seed: from 0 to 2**64 - 1; another seed is another market of the same kind.
        fills: what it takes to fill a resting order.
        contract: what a unit of quantity is, a lot being one such contract; the scenario's where not given.
        funding: what one side pays to the other; the scenario's where not given.

    Raises:
        SoakConfigError: where the seed is out of range, or the contract is too large for the scenario.
    """

    source: Literal["mock"] = "mock"

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        *,
        fills: FillModel = FillModel.QUEUE,
        contract: Contract | None = None,
        funding: Funding | None = None,
    ) -> None:
        if not 0 <= seed < kernel.SEEDS:
            raise SoakConfigError(
                f"seed {seed} is out of range; accepted is a whole number from 0 to {kernel.SEEDS - 1}"
            )
        if contract is not None or funding is not None:
            scenario = scenario_on(scenario, contract, funding)
        self._scenario = scenario
        self._seed = seed
        self.fills = self._known(fills)

    @property
    def name(self) -> str:
        """Name of the scenario."""
        return self._scenario.name

    @property
    def notes(self) -> tuple[str, ...]:
        """What a header says of contract and funding; nothing of the usual ones."""
        return tuple(noted(self.name, self.contract, self.funding))

    @property
    def steps(self) -> Steps:
        """Tick and lot of the scenario, and the price at which it starts."""
        of = self._scenario.instrument
        return Steps(of.tick_size, of.lot_size, of.start_price, of.contract)

    @property
    def contract(self) -> Contract:
        """What a unit of quantity is."""
        return self._scenario.instrument.contract

    @property
    def funding(self) -> Funding:
        """What one side pays to the other, at multiples of its interval of market time."""
        return self._scenario.funding

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

    def under(self, fills: FillModel) -> MockMarket:
        """The same market, with orders that fill by this model; what was compiled is shared."""
        other = copy(self)
        other.fills = self._known(fills)
        return other

    def _known(self, fills: FillModel) -> FillModel:
        if fills.is_by_law:
            accepted = ", ".join(COMPARED)
            raise SoakConfigError(
                f"fills = {fills.value!r} estimates a place in the queue, which market {self.name} knows; "
                f"accepted are {accepted} here, and {fills.value} with --soak-replay"
            )
        return fills

    def spec(self, job: MakerJob, window: Window, *, record_fills: bool = False) -> dict[str, object]:
        """What the kernel's market is asked for in this window."""
        return {
            "start_ms": window.start_ms,
            "duration_ms": window.duration_ms,
            **job_asked(job, window, self.fills, record_fills=record_fills),
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
        return Simulation(opened, keep=lambda series: self._keep(window, series), contract=self.contract)
