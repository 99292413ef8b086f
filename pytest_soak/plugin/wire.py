"""What travels from a worker to the terminal: typed rows, and the plain values that a report can carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pytest_soak.domain.records import GateResult, IterationRecord


@dataclass(frozen=True, kw_only=True, slots=True)
class GateSeen:
    """A gate as the terminal shows it."""

    kpi: str
    verdict: str
    measured: float | None
    bound: str

    @classmethod
    def of(cls, gate: GateResult) -> Self:
        """Reduce a gate's result."""
        return cls(kpi=gate.kpi, verdict=gate.verdict.value, measured=gate.measured, bound=gate.bound)

    def to_wire(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> Self:
        """What :meth:`to_wire` gave."""
        return cls(**values)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One measured iteration; None is what was not measured.

    ``gates`` are those that are not OK; ``by_chance`` says that each miss is within its sampling error.
    ``test`` names the test where others have a canary of the same name, else it is empty.
    """

    canary: str
    source: str
    profile: str
    scenario: str
    seed: int
    strategy: str
    iteration: int
    iterations: int
    minutes: float
    net: float | None
    profit: float | None
    fills: int | None
    position: float | None
    risk: float | None
    adverse: float | None
    zone: str | None
    drivers: Sequence[str]
    verdict: str
    gates: Sequence[GateSeen]
    by_chance: bool
    warmup: bool
    gate_mode: str
    reverted: str | None
    before: Mapping[str, float]
    after: Mapping[str, float]
    refused: Mapping[str, Sequence[str]]
    labels: Sequence[str]
    market_notes: Sequence[str]
    ended: bool
    start_ms: float
    end_ms: float
    test: str = ""

    @property
    def is_missed(self) -> bool:
        """Whether an iteration after the warm-up missed a gate, whatever the gate mode made of it."""
        from pytest_soak.domain.outcome import MISSED

        return self.verdict in MISSED and not self.warmup

    @property
    def changes(self) -> list[tuple[str, float, float]]:
        """Name, old and new value of every parameter that the next iteration has changed."""
        return [(n, old, self.after[n]) for n, old in self.before.items() if old != self.after[n]]

    @classmethod
    def of(cls, record: IterationRecord, planned: int, test: str = "") -> Self:
        """Reduce a record, of a canary that is to have so many iterations, to what the terminal shows."""
        from pytest_soak.domain.outcome import is_by_chance

        decision, kpis, origin, market = record.decision, record.kpis, record.provenance, record.market
        gates = [gate for gate in record.gates if gate.verdict.value != "OK"]
        return cls(
            canary=origin.canary,
            source=origin.source,
            profile=origin.profile,
            scenario=origin.scenario,
            seed=origin.seed,
            strategy=origin.strategy,
            iteration=record.iteration,
            iterations=planned,
            minutes=record.minutes,
            net=kpis.net_bps,
            profit=kpis.profit,
            fills=kpis.fills,
            position=kpis.position_end,
            risk=kpis.risk_ratio,
            adverse=kpis.adverse_bps_p95,
            zone=None if decision.zone is None else decision.zone.value,
            drivers=list(decision.drivers),
            verdict=record.verdict.value,
            gates=[GateSeen.of(gate) for gate in gates],
            by_chance=is_by_chance(gates),
            warmup=record.warmup,
            gate_mode=record.gate_mode.value,
            reverted=decision.reverted,
            before=dict(record.parameters_before),
            after=dict(record.parameters_after),
            refused=_refused(record),
            labels=list(market.labels),
            market_notes=[*market.withheld, *market.notes],
            ended=market.ended,
            start_ms=market.start_ms,
            end_ms=market.end_ms,
            test=test,
        )

    def to_wire(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> Self:
        """What :meth:`to_wire` gave."""
        gates = [GateSeen.from_wire(gate) for gate in values["gates"]]
        return cls(**{**values, "gates": gates})


@dataclass(frozen=True, kw_only=True, slots=True)
class CanaryGates:
    """The verdict over a whole canary."""

    verdict: str
    gates: Sequence[GateSeen]

    @classmethod
    def of(cls, gates: Sequence[GateResult], verdict: str) -> Self:
        """Reduce the pooled gates."""
        return cls(verdict=verdict, gates=[GateSeen.of(gate) for gate in gates])

    def to_wire(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> Self:
        """What :meth:`to_wire` gave."""
        return cls(verdict=values["verdict"], gates=[GateSeen.from_wire(gate) for gate in values["gates"]])


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemNote:
    """What one item computed: rows of its canary, and the canary's verdict where it judged one."""

    key: str
    folder: str
    rows: Sequence[Row]
    gates: CanaryGates | None

    def to_wire(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> Self:
        """What :meth:`to_wire` gave."""
        gates = values["gates"]
        return cls(
            key=values["key"],
            folder=values["folder"],
            rows=[Row.from_wire(row) for row in values["rows"]],
            gates=None if gates is None else CanaryGates.from_wire(gates),
        )


def _refused(record: IterationRecord) -> dict[str, list[str]]:
    """Per guard, the parameters that it held."""
    refused: dict[str, set[str]] = {}
    for opinion in record.decision.opinions:
        if opinion.action.value == "refuse":
            refused.setdefault(opinion.guard, set()).add(opinion.parameter or "all")
    return {guard: sorted(names) for guard, names in refused.items()}
