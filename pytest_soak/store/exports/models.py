"""Models of the files that are exports of a journal, and of a run's own file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from pytest_soak.domain.records import GateResult, IterationRecord, Kpis, Opinion, Verdict, Zone
from pytest_soak.domain.settings import Strict
from pytest_soak.store.journal.wall import UtcTime, WallClock

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class IterationSummary(IterationRecord):
    """``ITER_SUMMARY_<n>.json``: a record, its hash, and wall-clock figures that the hash leaves out."""

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


class TuningReport(Strict):
    """``TUNING_REPORT.json``: the decisions of a canary, one row per iteration."""

    schema_version: Literal[1] = 1
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


class RunManifest(Strict):
    """``RUN.json``: what a run was asked to do, and with which versions.

    ``settings`` are the session's, as JSON values; ``created_at`` is ISO 8601 in UTC.
    """

    schema_version: Literal[1] = 1
    run_id: str
    created_at: UtcTime
    settings: dict[str, Any]
    versions: dict[str, str]
