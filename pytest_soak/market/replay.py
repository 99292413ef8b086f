"""Replay: the reference maker over recorded L2 data, one iteration a slice of the recording."""

from __future__ import annotations

import math
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_soak import kernel
from pytest_soak.domain.contract import LINEAR, Contract
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.fills import FillModel
from pytest_soak.domain.funding import NO_FUNDING, Funding
from pytest_soak.domain.parameters import DEFAULTS
from pytest_soak.domain.settings import MakerSettings
from pytest_soak.market import terms
from pytest_soak.market.protocols import MakerJob, Window, fills_described, job_asked
from pytest_soak.market.recording.checks import Facts, check_rows
from pytest_soak.market.recording.judging import LEAST_SILENCE_MS, Trust, judged
from pytest_soak.market.recording.reading import read_recording
from pytest_soak.market.recording.rows import Recording, sample
from pytest_soak.market.recording.times import MOST_KNOWN_SKEW_NS, MOST_SKEW_NS
from pytest_soak.market.reports import report_and_fills, report_of
from pytest_soak.market.steps import Steps
from pytest_soak.market.tape import tape_of_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_soak.domain.market_facts import MarketFacts
    from pytest_soak.domain.records import EdgeReport, Source
    from pytest_soak.domain.settings import FeeSettings
    from pytest_soak.market.reports import Fill
    from pytest_soak.market.stepping import Simulation
    from pytest_soak.market.tape import Tape

_NS_PER_MS = 1_000_000
_MOST_PRICES = 10_000
DEFAULT_TRUST = Trust()


class ReplayMarket:
    """A recording of any format; it is read and checked once, on construction.

    Args:
        path: a file, several with commas between them, or a glob.
        tick_size: smallest price step in quote currency; inferred from the prices where not given.
        lot_size: smallest quantity step in base currency; inferred from the quantities where not given.
        trust: what a slice may hold before its KPIs are withheld.
        fills: what it takes to fill a resting order.
        contract: what a unit of quantity is; where not given that of the scenario that the file was made
            from, or one unit of the base currency.
        funding: what one side pays to the other, at multiples of its interval since 1970 in UTC; nothing
            where not given.

    Raises:
        SoakConfigError: naming the file and what was expected of it.
    """

    def __init__(
        self,
        path: Path,
        *,
        tick_size: float | None = None,
        lot_size: float | None = None,
        trust: Trust = DEFAULT_TRUST,
        fills: FillModel = FillModel.QUEUE,
        contract: Contract | None = None,
        funding: Funding | None = None,
    ) -> None:
        for name, value in (("tick_size", tick_size), ("lot_size", lot_size)):
            if value is not None and not (math.isfinite(value) and value > 0.0):
                raise SoakConfigError(f"{name} = {value!r} of recording {path} is not a number above 0")
        self._trust = trust
        self.fills = fills
        self._recording: Recording = read_recording(path)
        self.contract: Contract = contract or terms.contract_of_origin(self._recording.origin) or LINEAR
        self.funding: Funding = funding or NO_FUNDING
        about = self._recording.about
        # What a reader converted has its unit of time from the format.
        skew = MOST_KNOWN_SKEW_NS if about.messages else MOST_SKEW_NS
        self._facts: Facts = check_rows(self._recording.rows, path, tick_size, lot_size, most_skew_ns=skew)
        if not self._facts.has_delays:
            self._recording = self._recording.without_receipt()

    def under(self, fills: FillModel) -> ReplayMarket:
        """The same recording, read once, with orders that fill by this model."""
        other = copy(self)
        other.fills = fills
        return other

    @property
    def recording(self) -> Recording:
        """The rows, and what was found while they were read."""
        return self._recording

    @property
    def facts(self) -> Facts:
        """What the checks found."""
        return self._facts

    @property
    def source(self) -> Source:
        """``replay``, or ``mock`` where the file was made from a scenario."""
        return "replay" if self._recording.origin is None else "mock"

    @property
    def name(self) -> str:
        """File name of the recording."""
        return self._recording.path.name

    @property
    def duration_ms(self) -> float:
        """Market time from the first to the last row of the exchange's side."""
        return (self._facts.last_ns - self._facts.first_ns) / _NS_PER_MS

    @property
    def steps(self) -> Steps:
        """Tick and lot, and the median price of some rows."""
        import numpy as np

        prices = sample(self._recording.rows, _MOST_PRICES)["px"]
        price = float(np.median(prices[prices > 0.0])) if (prices > 0.0).any() else math.inf
        return Steps(self._facts.tick_size, self._facts.lot_size, price, self.contract)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a header says of the whole recording: tick and lot size, and what was repaired or left out."""
        facts = self._facts
        return (
            f"{self.name}: {self._recording.about.format}, tick {facts.tick_size:g} (from the "
            f"{facts.tick_from}), lot {facts.lot_size:g} (from the {facts.lot_from})",
            *terms.noted(self.name, self.contract, self.funding),
            *(f"{self.name}: {note}" for note in self._recording.about.notes()),
            *(f"{self.name}: {finding}" for finding in facts.findings),
        )

    def describe(self) -> dict[str, object]:
        """Hash of the file, what was made of its rows, what is trusted; its origin where it was made.

        Where the file lies does not matter.
        """
        made = {} if self._recording.origin is None else {"origin": self._recording.origin}
        return {
            **made,
            **fills_described(self.fills),
            **terms.described(self.contract, self.funding),
            "source": self.source,
            "sha256": self._recording.sha256,
            "rows": self._facts.rows,
            "tick_size": self._facts.tick_size,
            "lot_size": self._facts.lot_size,
            "local_shift_ns": self._facts.local_shift_ns,
            "has_receipt": self._recording.about.has_receipt,
            "most_silence_ms": self._trust.silence_ms,
            "most_crossed_share": self._trust.crossed_share,
            "most_jump_bps": self._trust.jump_bps,
            "most_off_book_share": self._trust.off_book_share,
            "most_through_share": self._trust.through_share,
        }

    def tape(self) -> Tape:
        """The recording written down, without a maker in it."""
        return tape_of_rows(self._recording, self._facts)

    def slice_for(self, window: Window) -> tuple[int, int]:
        """Start and end of the window in ns since the first row."""
        return round(window.start_ms * _NS_PER_MS), round(window.end_ms * _NS_PER_MS)

    def spec(self, job: MakerJob, window: Window, *, record_fills: bool = False) -> dict[str, object]:
        """What the kernel is asked for in this window."""
        start_ns, end_ns = self.slice_for(window)
        return {
            "start_ns": start_ns,
            "end_ns": end_ns,
            "tick_size": self._facts.tick_size,
            "lot_size": self._facts.lot_size,
            "contract": self.contract.model_dump(),
            "funding": self.funding.model_dump(),
            "epoch_ns": self._facts.first_ns,
            "local_shift_ns": self._facts.local_shift_ns,
            "has_receipt": self._recording.about.has_receipt,
            "silence_ns": round(LEAST_SILENCE_MS * _NS_PER_MS),
            **job_asked(job, window, self.fills, record_fills=record_fills),
        }

    def run_maker(self, job: MakerJob, window: Window) -> EdgeReport:
        """Run the reference maker over the window's slice.

        A recording is never looped: a window that begins at or after its end gives a report without
        amounts, samples and mids whose ``market.ended`` is true.

        Raises:
            SoakConfigError: where the kernel refuses parameters or settings.
        """
        series: dict[str, bytes] = {}
        report = report_of(self._replayed(self.spec(job, window), series))
        if window.recorder is not None:
            window.recorder.take(series)
        return self._judged(report, job.maker)

    def run_with_fills(self, job: MakerJob, window: Window) -> tuple[EdgeReport, Sequence[Fill]]:
        """Run the reference maker over the window's slice, and tell each of its fills as well.

        Raises:
            SoakConfigError: where the kernel refuses parameters or settings.
        """
        answer = self._replayed(self.spec(job, window, record_fills=True))
        report, fills = report_and_fills(answer)
        return self._judged(report, job.maker), fills

    def facts_of_whole(self, job: MakerJob) -> MarketFacts:
        """What the whole recording is like as one iteration, whose delays are not kept: memory is bounded.

        Raises:
            SoakConfigError: where the kernel refuses parameters or settings.
        """
        window = Window(iteration=1, iterations=1, start_ms=0.0, duration_ms=self.duration_ms)
        spec = {**self.spec(job, window), "has_receipt": False}
        report = report_of(self._replayed(spec))
        return self._judged(report, job.maker).market

    def _replayed(self, spec: Mapping[str, object], series: dict[str, bytes] | None = None) -> bytes:
        """What the kernel answers; the rows that it went through are not kept in memory."""
        recording = self._recording
        try:
            return kernel.replay(spec, recording.buffer, series, recording.release)
        finally:
            recording.release()

    def simulation(
        self, window: Window, fees: FeeSettings, *, maker: MakerSettings | None = None
    ) -> Simulation:
        """Open a slice for a strategy written in Python, which is asked at every decision.

        A window that begins at or after the recording's end is over at once.

        Args:
            window: the stretch of market time.
            fees: what fills are charged.
            maker: of these settings ``decision_interval_ms``, ``depth_levels``, ``order_latency_ms`` and
                ``latency`` count; the others are those of the reference maker, which does not run.

        Raises:
            SoakConfigError: where the kernel refuses window or settings.
        """
        from pytest_soak.market.stepping import Simulation

        settings = maker or MakerSettings()
        job = MakerJob(parameters=DEFAULTS, maker=settings, fees=fees)
        recording = self._recording
        opened = kernel.open_replay(self.spec(job, window), recording.buffer, recording.release)
        recording.release()
        keep = None if window.recorder is None else window.recorder.take
        return Simulation(
            opened, lambda report: self._judged(report, settings), keep=keep, contract=self.contract
        )

    def _judged(self, report: EdgeReport, maker: MakerSettings) -> EdgeReport:
        if report.source != self.source:
            report = report.model_copy(update={"source": self.source})
        return judged(report, self._facts, maker, self._trust)
