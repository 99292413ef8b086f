"""Models of the files that are exports of a journal, and of a run's own file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from pytest_soak.config.arguments import (
    LEAST_STEP,
    MAX_ITERATIONS,
    MAX_MINUTES,
    MOST_STEP,
)
from pytest_soak.domain.contract import LEAST_SIZE, MOST_SIZE, Kind
from pytest_soak.domain.fills import PATTERN
from pytest_soak.domain.funding import funding_of
from pytest_soak.domain.position import PositionRule
from pytest_soak.domain.records import DecisionBase, GateResult, Kpis, Opinion, RecordBase, Verdict, Zone
from pytest_soak.domain.settings import Count, GateMode, Strict
from pytest_soak.domain.whole import MAX_SEED
from pytest_soak.store.journal.wall import UtcTime, WallClock

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class KpiSummary(Kpis):
    """The KPIs of an iteration and the verdict on them."""

    kpi_verdict: Annotated[Verdict, Field(strict=False)]


class TuningSummary(DecisionBase):
    """The decision at the end of an iteration; ``deltas`` are the changes that were applied."""

    deltas: dict[str, float]


class IterationSummary(RecordBase):
    """``ITER_SUMMARY_<n>.json``: a record in the names that readers of the file build on.

    ``overrides`` are the parameters that were in force, ``next_overrides`` those of the next iteration.
    ``record_sha256`` is the hash of the record in the journal; ``wall`` is left out of it.
    """

    schema_version: Literal[2] = 2
    summary: KpiSummary
    tuning: TuningSummary
    overrides: dict[str, float]
    next_overrides: dict[str, float]
    record_sha256: Hash
    wall: WallClock


class TuningRow(Strict):
    """What was proposed, said and done at the end of one iteration."""

    iteration: int
    verdict: Annotated[Verdict, Field(strict=False)]
    zone: Annotated[Zone | None, Field(strict=False)]
    drivers: tuple[str, ...] = Field(strict=False)
    proposed_by: str
    proposal: dict[str, float]
    opinions: tuple[Opinion, ...] = Field(strict=False)
    guards_off: tuple[str, ...] = Field(strict=False)
    applied: bool
    applied_deltas: dict[str, float]
    reverted: str | None
    skipped_reason: str | None


class BoundUse(Strict):
    """In how many iterations a parameter lay at its lower and at its upper bound."""

    low: int
    high: int


class TuningDigest(Strict):
    """What the decisions of a canary came to.

    ``verdicts`` counts the iterations after the warm-up by verdict, ``verdict`` is the worst of them (None
    where there are none); ``extended_after`` names the iterations after which more were asked for;
    ``stopped`` counts, by guard and parameter, the proposed changes that were refused;
    ``at_bound`` has the parameters that lay at a bound.
    """

    run: str
    canary: str
    profile: str
    strategy: str
    iterations: int
    extended_after: tuple[int, ...] = Field(strict=False)
    verdict: Annotated[Verdict | None, Field(strict=False)]
    verdicts: dict[str, int]
    parameters_first: dict[str, float]
    parameters_last: dict[str, float]
    stopped: dict[str, dict[str, int]]
    at_bound: dict[str, BoundUse]


class TuningReport(Strict):
    """``TUNING_REPORT.json``: what the decisions of a canary came to, then one row per iteration.

    ``summary`` is None before the first iteration.
    """

    schema_version: Literal[2] = 2
    summary: TuningDigest | None
    iterations: tuple[TuningRow, ...] = Field(strict=False)


class RuntimeOverrides(Strict):
    """``runtime_overrides.json``: the parameters of the next iteration, and their hash."""

    schema_version: Literal[1] = 1
    parameters: dict[str, float]
    sha256: Hash


class MeasuredEvent(Strict):
    """Line of ``audit.jsonl``: an iteration was measured and judged."""

    schema_version: Literal[1] = 1
    iteration: int
    event: Literal["measured"] = "measured"
    verdict: Annotated[Verdict, Field(strict=False)]
    kpis: Kpis
    parameters: dict[str, float]
    record_sha256: Hash


class GateEvent(Strict):
    """Line of ``audit.jsonl``: what one gate said."""

    schema_version: Literal[1] = 1
    iteration: int
    event: Literal["gate"] = "gate"
    gate: GateResult


class GuardEvent(Strict):
    """Line of ``audit.jsonl``: what one guard said of one parameter or of the whole proposal."""

    schema_version: Literal[1] = 1
    iteration: int
    event: Literal["guard"] = "guard"
    opinion: Opinion


class AppliedEvent(Strict):
    """Line of ``audit.jsonl``: a change was applied."""

    schema_version: Literal[1] = 1
    iteration: int
    event: Literal["applied"] = "applied"
    deltas: dict[str, float]
    key: str
    parameters: dict[str, float]


class SkippedEvent(Strict):
    """Line of ``audit.jsonl``: a proposal, or a part of it, was not applied."""

    schema_version: Literal[1] = 1
    iteration: int
    event: Literal["skipped"] = "skipped"
    reason: str
    proposal: dict[str, float]


class RevertedEvent(Strict):
    """Line of ``audit.jsonl``: the parameters became those of a safe profile."""

    schema_version: Literal[1] = 1
    iteration: int
    event: Literal["reverted"] = "reverted"
    profile: str
    deltas: dict[str, float]
    key: str
    parameters: dict[str, float]


AuditEvent = Annotated[
    MeasuredEvent | GateEvent | GuardEvent | AppliedEvent | SkippedEvent | RevertedEvent,
    Field(discriminator="event"),
]


Text = Annotated[str, Field(min_length=1)]
Seed = Annotated[int, Field(ge=0, lt=MAX_SEED + 1)]
FolderName = Annotated[str, Field(pattern=r"^[^/\\\x00-\x1f.][^/\\\x00-\x1f]*$", max_length=255)]


def _listed(value: Any) -> Any:
    """A run that knew one recording only has it as a text, not in a list."""
    return [value] if isinstance(value, str) else value


def _readable(funding: str | None) -> str | None:
    """Refuse a rate and an interval that nobody can read again."""
    if funding is not None:
        funding_of(funding)
    return funding


class RunSettings(Strict):
    """What a run is a function of, as its session was asked; None means that nobody said so.

    A setting with a default came later than the others: a run of an older version does not name it, and was
    what the default says. A new setting needs one, so that such a run is still shown and resumed.
    """

    iterations: Count
    profiles: Annotated[tuple[Text, ...] | None, Field(strict=False)]
    scenarios: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]
    seeds: Annotated[tuple[Seed, ...], Field(strict=False, min_length=1)]
    overrides: Annotated[tuple[Text, ...], Field(strict=False)]
    minutes: Annotated[float | None, Field(gt=0.0, le=MAX_MINUTES)]
    gate: Annotated[GateMode | None, Field(strict=False)]
    fills: Annotated[str, Field(pattern=PATTERN)] | None = None
    position: Annotated[PositionRule, Field(strict=False)] = PositionRule.FLAT
    replay: Annotated[tuple[Text, ...] | None, Field(strict=False), BeforeValidator(_listed)]
    tick_size: Annotated[float | None, Field(ge=LEAST_STEP, le=MOST_STEP)] = None
    lot_size: Annotated[float | None, Field(ge=LEAST_STEP, le=MOST_STEP)] = None
    contract: Kind | None = None
    contract_size: Annotated[float | None, Field(ge=LEAST_SIZE, le=MOST_SIZE)] = None
    funding: Annotated[str | None, AfterValidator(_readable)] = None
    tune: bool
    environment: str | None


class RunManifest(Strict):
    """``RUN.json``: what a run was asked to do, with which versions, and the folders of its canaries.

    ``created_at`` is ISO 8601 in UTC. ``extensions`` are iterations that were added later. ``recordings``
    holds the SHA-256 of each recording, ``scenarios`` that of the content of each scenario, ``profiles`` the
    content of each profile, by the name or path that it was asked for.
    """

    schema_version: Literal[1] = 1
    run_id: str
    created_at: UtcTime
    settings: RunSettings
    extensions: Annotated[tuple[Annotated[Count, Field(le=MAX_ITERATIONS)], ...], Field(strict=False)] = ()
    versions: dict[str, str]
    canaries: tuple[FolderName, ...] = Field(default=(), strict=False)
    recordings: dict[str, Hash] = Field(default_factory=dict)
    scenarios: dict[str, Hash] = Field(default_factory=dict)
    profiles: dict[str, dict[str, Any]] = Field(default_factory=dict)
