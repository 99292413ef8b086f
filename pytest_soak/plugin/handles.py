"""What a soak test works with: one measured iteration, and the KPI gates as assertions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_soak.domain.gates import describe, headline, is_as_measured, judge_canary, verdict_of
from pytest_soak.domain.kpis import pooled
from pytest_soak.domain.outcome import MISSED
from pytest_soak.domain.records import EdgeReport, GateResult, IterationRecord, Kpis, Verdict, Zone
from pytest_soak.domain.settings import GateMode
from pytest_soak.domain.text import printable
from pytest_soak.domain.warned import warn_only
from pytest_soak.engine.canary import Canary
from pytest_soak.store.exports.artifacts import summary_name

_EXCUSE = ", within its sampling error, so the item does not fail"
_AS_MEASURED = ", no sampling error is known, so it is judged as measured"


class GateError(AssertionError):
    """A KPI gate was missed in hard mode."""

    # pytest writes an exception's module in front of its text, and cuts the line at the terminal's width.
    __module__ = "builtins"


class SoakGateWarning(UserWarning):
    """A KPI gate warned, or was missed where a miss does not fail the item.

    ``causes`` has a pair per gate: verdict and KPI, then the whole text; equal causes of a canary can so be
    counted together.
    """

    def __init__(self, text: str, canary: str = "", causes: Sequence[Sequence[str]] = ()) -> None:
        # All of it in ``args``, from which a worker's warning is made again in the controller.
        text, canary = printable(text), printable(canary)
        causes = [[printable(part) for part in cause] for cause in causes]
        super().__init__(text, canary, causes)
        self.canary = canary
        self.causes = [(cause, said) for cause, said in causes]

    def __str__(self) -> str:
        """The text alone."""
        return str(self.args[0])


def enforce(gates: Sequence[GateResult], where: str, file: Path, *, canary: str, hard: bool) -> None:
    """Assert gates: raise on a miss if ``hard``, warn on any other gate that is not OK.

    A miss that is within the sampling error does not raise; it warns and names the reason.

    Raises:
        GateError: names KPI, measured value, threshold, how far off, and the file to open.
    """
    __tracebackhide__ = True
    missed = sorted(
        (gate for gate in gates if gate.verdict in MISSED and gate.is_beyond_chance),
        key=lambda gate: MISSED.index(gate.verdict),
    )
    open_gates = [gate for gate in gates if gate.verdict is not Verdict.OK]
    if not open_gates:
        return
    if missed and hard:
        where, place = printable(where), printable(str(file))
        lines = "\n".join(f"  {_said(gate)}" for gate in missed)
        # pytest's summary cuts the first line at the terminal's width.
        more = f" (+{len(missed) - 1} more)" if len(missed) > 1 else ""
        raise GateError(
            f"{headline(missed[0])}{more}\n{where} missed {len(missed)} gate(s):\n{lines}\n  see {place}"
        )
    said = [f"{gate.verdict}: {_said(gate)}" for gate in open_gates]
    causes = [
        (f"{gate.verdict} {gate.kpi}", f"{where}: {text}")
        for gate, text in zip(open_gates, said, strict=True)
    ]
    warn_only(SoakGateWarning(f"{where}: {'; '.join(said)}", canary, causes), stacklevel=3)


def _said(gate: GateResult) -> str:
    if is_as_measured(gate):
        return f"{describe(gate)}{_AS_MEASURED}"
    return f"{describe(gate)}{_EXCUSE if gate.is_by_chance else ''}"


class SoakIteration:
    """One iteration of a canary: its record, and its gates as assertions.

    It is computed when it is first looked at, together with the iterations before it that are missing.
    """

    def __init__(self, canary: Canary, number: int) -> None:
        self.canary = canary
        self.number = number
        self.computed: list[IterationRecord] = []

    def run(self) -> IterationRecord:
        """Advance the canary to this iteration and return its record."""
        self.computed.extend(self.canary.advance_to(self.number))
        return self.canary.record(self.number)

    @property
    def record(self) -> IterationRecord:
        """The whole record, as ``ITER_SUMMARY_<n>.json`` holds it."""
        return self.run()

    @property
    def kpis(self) -> Kpis:
        """Measured KPIs; None where nothing was measured."""
        return self.record.kpis

    @property
    def verdict(self) -> Verdict:
        """Verdict of the gates."""
        return self.record.verdict

    @property
    def zone(self) -> Zone | None:
        """Zone of the tuner."""
        return self.record.decision.zone

    @property
    def parameters(self) -> Mapping[str, float]:
        """Parameters that were in force while the iteration ran."""
        return self.record.parameters_before

    @property
    def edge(self) -> EdgeReport:
        """The edge report behind the KPIs: sums, counts and percentiles."""
        self.run()
        return self.canary.edge(self.number)

    @property
    def file(self) -> Path:
        """The summary file of this iteration."""
        return self.canary.spec.folder / summary_name(self.number)

    def check_gates(self) -> None:
        """Assert the KPI gates of the profile.

        In hard mode a missed gate raises; in a warm-up iteration and in soft mode it warns; with the
        gates off nothing happens.

        Raises:
            GateError: where a gate is missed in hard mode, after the warm-up.
        """
        __tracebackhide__ = True
        record = self.record
        if record.gate_mode is GateMode.OFF:
            return
        hard = record.gate_mode is GateMode.HARD and not record.warmup
        where = f"iteration {self.number} of {self.canary.spec.name}"
        enforce(record.gates, where, self.file, canary=self.canary.spec.folder.name, hard=hard)


class SoakGates:
    """The whole canary's verdict: the gates over all iterations after the warm-up, pooled."""

    def __init__(self, canary: Canary) -> None:
        self.canary = canary
        self.computed: list[IterationRecord] = []
        self._gates: tuple[GateResult, ...] | None = None

    def run(self) -> tuple[GateResult, ...]:
        """Advance the canary to its end and judge its pooled KPIs, once."""
        if self._gates is None:
            self.computed.extend(self.canary.advance_to(self.canary.planned))
            self._gates = self._judged()
        return self._gates

    @property
    def verdict(self) -> Verdict:
        """Verdict of the pooled gates."""
        return verdict_of(self.run())

    def check_gates(self) -> None:
        """Assert the pooled gates, by the canary's gate mode.

        Raises:
            GateError: where a gate is missed, or nothing was left to judge after the warm-up.
        """
        __tracebackhide__ = True
        spec = self.canary.spec
        if spec.gate_mode is GateMode.OFF:
            return
        gates = self.run()
        warmup = spec.profile.gates.warmup_iterations
        hard = spec.gate_mode is GateMode.HARD
        planned = self.canary.planned
        if planned <= warmup:
            nothing = f"NO_DATA: {planned} of {planned} are warm-up"
            text = (
                f"{spec.name}: {planned} iteration(s) and a warm-up of {warmup} leave nothing to judge; "
                "run more iterations, or lower gates.warmup_iterations in the profile"
            )
            if hard:
                raise GateError(f"{nothing}\n{printable(text)}")
            warn_only(SoakGateWarning(text, spec.folder.name, [(nothing, text)]), stacklevel=2)
            return
        file = spec.folder / "TUNING_REPORT.json"
        where = f"{spec.name} over iterations {warmup + 1} to {planned}"
        enforce(gates, where, file, canary=spec.folder.name, hard=hard)

    def _judged(self) -> tuple[GateResult, ...]:
        spec = self.canary.spec
        first = spec.profile.gates.warmup_iterations + 1
        return judge_canary(
            pooled(self.canary.edges(first)),
            spec.profile.gates,
            self.canary.planned - first + 1,
            extensions=len(self.canary.record(self.canary.planned).extended_after),
            least_blocked_share=spec.profile.tuner.least_blocked_share,
        )
