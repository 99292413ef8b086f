"""What travels from a worker to the terminal: typed rows, and the plain values that a report can carry."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pytest_soak.domain.parameters import ParameterTable
    from pytest_soak.domain.records import GateResult, IterationRecord


@dataclass(frozen=True, kw_only=True, slots=True)
class GateSeen:
    """A gate as the terminal shows it; ``note`` says why a value that was measured is not what it judged."""

    kpi: str
    verdict: str
    measured: float | None
    bound: str
    is_by_chance: bool = False
    is_as_measured: bool = False
    note: str | None = None

    @classmethod
    def of(cls, gate: GateResult) -> Self:
        """Reduce a gate's result."""
        from pytest_soak.domain.gates import is_as_measured

        return cls(
            kpi=gate.kpi,
            verdict=gate.verdict.value,
            measured=gate.measured,
            bound=gate.bound,
            is_by_chance=gate.is_by_chance,
            is_as_measured=is_as_measured(gate),
            note=None if gate.measured is None else gate.note,
        )

    def to_wire(self) -> dict[str, Any]:
        """Plain values."""
        return _plain(self)

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> Self:
        """What :meth:`to_wire` gave."""
        return cls(**{name: _shared(value) for name, value in values.items()})


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One measured iteration; None is what was not measured.

    ``gates`` are those that are not OK. ``bounds`` has those of parameters that are not the built-in ones.
    ``few_blocks`` says that too few attempts were blocked for their risk to count.
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
    unread: Sequence[str] = ()
    few_blocks: bool = False
    bounds: Mapping[str, Sequence[float]] = field(default_factory=dict)

    @property
    def is_missed(self) -> bool:
        """Whether an iteration after the warm-up missed a gate, whatever the gate mode made of it."""
        from pytest_soak.domain.outcome import MISSED

        return self.verdict in MISSED and not self.warmup

    @property
    def by_chance(self) -> bool:
        """Whether each miss is within its sampling error."""
        from pytest_soak.domain.outcome import is_by_chance

        return is_by_chance(self.gates)

    @property
    def counted(self) -> str:
        """What its verdict counts for, over the canary."""
        from pytest_soak.domain.outcome import counted_verdict

        return counted_verdict(self.verdict, self.gates)

    @property
    def changes(self) -> list[tuple[str, float, float]]:
        """Name, old and new value of every parameter that the next iteration has changed."""
        return [(n, old, self.after[n]) for n, old in self.before.items() if old != self.after[n]]

    @classmethod
    def of(
        cls, record: IterationRecord, planned: int, test: str = "", table: ParameterTable | None = None
    ) -> Self:
        """Reduce a record, of a canary with ``planned`` iterations, to what the terminal shows."""
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
            profit=kpis.profit_quote,
            fills=kpis.fills,
            position=kpis.position_end,
            risk=kpis.risk_ratio,
            adverse=kpis.adverse_bps_p95,
            zone=None if decision.zone is None else decision.zone.value,
            drivers=tuple(decision.drivers),
            verdict=record.verdict.value,
            gates=tuple(map(GateSeen.of, gates)),
            warmup=record.warmup,
            gate_mode=record.gate_mode.value,
            reverted=decision.reverted,
            before=dict(record.parameters_before),
            after=dict(record.parameters_after),
            refused=_refused(record),
            unread=tuple(record.unread),
            few_blocks=decision.zone_reason is not None and bool(kpis.risk_ratio),
            labels=tuple(market.labels),
            market_notes=(*market.withheld, *market.notes),
            ended=market.ended,
            start_ms=market.start_ms,
            end_ms=market.end_ms,
            test=test,
            bounds={} if table is None else {name: table[name].bounds for name in table.changes()},
        )

    def to_wire(self) -> dict[str, Any]:
        """Plain values."""
        return _plain(self) | {"gates": [gate.to_wire() for gate in self.gates]}

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> Self:
        """What :meth:`to_wire` gave."""
        gates = tuple(map(GateSeen.from_wire, values["gates"]))
        shared = {name: _shared(value) for name, value in values.items() if name != "gates"}
        return cls(**shared, gates=gates)


@dataclass(frozen=True, kw_only=True, slots=True)
class CanaryGates:
    """The verdict over a whole canary."""

    verdict: str
    gates: Sequence[GateSeen]

    @classmethod
    def of(cls, gates: Sequence[GateResult], verdict: str) -> Self:
        """Reduce the pooled gates."""
        return cls(verdict=verdict, gates=tuple(map(GateSeen.of, gates)))

    def to_wire(self) -> dict[str, Any]:
        """Plain values."""
        return {"verdict": self.verdict, "gates": [gate.to_wire() for gate in self.gates]}

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> Self:
        """What :meth:`to_wire` gave."""
        return cls(verdict=values["verdict"], gates=tuple(map(GateSeen.from_wire, values["gates"])))


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemNote:
    """What one item computed: rows of its canary, and the canary's verdict where it judged one."""

    key: str
    folder: str
    rows: Sequence[Row]
    gates: CanaryGates | None

    def to_wire(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "key": self.key,
            "folder": self.folder,
            "rows": [row.to_wire() for row in self.rows],
            "gates": None if self.gates is None else self.gates.to_wire(),
        }

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


@lru_cache(maxsize=256)
def _mapping(pairs: tuple[tuple[str, Any], ...]) -> Mapping[str, Any]:
    return dict(pairs)


@lru_cache(maxsize=256)
def _sequence(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return values


def _shared(value: Any) -> Any:
    """A value that may be the same object as an equal one of another row: thousands of them are kept."""
    if isinstance(value, str):
        return sys.intern(value)
    if isinstance(value, Mapping):
        return _mapping(tuple((sys.intern(key), _shared(held)) for key, held in value.items()))
    if isinstance(value, list | tuple):
        return _sequence(tuple(map(_shared, value)))
    return value


def _plain(values: GateSeen | Row) -> dict[str, Any]:
    """Fields as they are; ``dataclasses.asdict`` would copy each of them, at each iteration."""
    return {field.name: getattr(values, field.name) for field in fields(values)}


def _refused(record: IterationRecord) -> dict[str, tuple[str, ...]]:
    """Per guard, the parameters that it held."""
    refused: dict[str, set[str]] = {}
    for opinion in record.decision.opinions:
        if opinion.action.value == "refuse":
            refused.setdefault(opinion.guard, set()).add(opinion.parameter or "all")
    return {guard: tuple(sorted(names)) for guard, names in refused.items()}
