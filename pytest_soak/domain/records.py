"""The typed records of a soak: what the journal holds and every JSON artifact is an export of."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from pytest_soak.domain.settings import GateMode, Strict

SCHEMA_VERSION = 1
Source = Literal["mock", "replay", "live"]
Count = Annotated[int, Field(ge=0)]
Amount = Annotated[float, Field(ge=0.0)]


class Verdict(StrEnum):
    """Judgement of a gate, an iteration or a canary."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"
    NO_DATA = "NO_DATA"


class Zone(StrEnum):
    """Zone of the tuner, by risk ratio."""

    AGGRESSIVE = "AGGRESSIVE"
    MODERATE = "MODERATE"
    HOLD = "HOLD"
    NORMALIZE = "NORMALIZE"


class Action(StrEnum):
    """What a guard says of a parameter's proposed change."""

    ALLOW = "allow"
    REFUSE = "refuse"
    REVERT = "revert"
    STOP = "stop"


class Sample(Strict):
    """A 95th percentile (linear interpolation) with its sample size; None below 20 samples."""

    n: Count
    p95: float | None


class EdgeTotals(Strict):
    """Sums over one iteration, in quote currency unless said otherwise.

    ``gross``, ``fees``, ``slippage`` and ``inventory`` are contributions to profit and partition it;
    ``ledger`` is the same profit from cash flows and the final position at the last mid.
    """

    notional: Amount
    maker_notional: Amount
    taker_notional: Amount
    gross: float
    fees: float
    slippage: float
    inventory: float
    ledger: float
    position_end: float
    mid_start: float | None
    mid_end: float | None


class Blocks(Strict):
    """Blocked attempts by reason."""

    min_interval: Count
    throttle: Count
    concurrency: Count
    risk: Count

    @property
    def total(self) -> int:
        """All blocked attempts."""
        return self.min_interval + self.throttle + self.concurrency + self.risk


class OrderCounts(Strict):
    """What became of the maker's orders.

    ``placed`` counts orders that reached the market (a replacement is a cancel and a place),
    ``cancelled`` those that left it unfilled or partly filled, ``tail_cancelled`` those of them
    that were far and had reached the tail age, ``rejected`` post-only orders that would have crossed.
    """

    placed: Count
    cancelled: Count
    tail_cancelled: Count
    rejected: Count
    maker_fills: Count
    partial_fills: Count
    taker_fills: Count


class MarketFacts(Strict):
    """What the market did in the iteration; times are milliseconds of market time since the run began.

    ``mid_low`` and ``mid_high`` are of the mids at the maker's decisions, in quote currency; ``ended`` says
    that a recording ended in or before the iteration, whose ``end_ms`` is then where it ended. ``labels`` are
    those of the regimes, windows and shocks that were on, ``label_ms`` says for how long each of them was.
    """

    start_ms: float
    end_ms: float
    events: Count
    trades: Count
    mid_low: float | None
    mid_high: float | None
    spread_bps_mean: float | None
    labels: tuple[str, ...] = Field(default=(), strict=False)
    label_ms: dict[str, float] = Field(default_factory=dict)
    ended: bool = False


class EdgeReport(Strict):
    """What one iteration of a strategy on a market left to measure."""

    schema_version: Literal[1] = 1
    source: Source
    totals: EdgeTotals
    adverse_bps: Sample
    slippage_bps: Sample
    order_age_ms: Sample
    ws_lag_ms: Sample
    latency_ms: Sample
    attempts: Count
    blocks: Blocks
    orders: OrderCounts
    market: MarketFacts


class Kpis(Strict):
    """KPIs of one iteration; None where nothing was measured. ``samples`` holds the size behind each."""

    net_bps: float | None
    gross_bps: float | None
    fees_eff_bps: float | None
    slippage_bps: float | None
    inventory_bps: float | None
    adverse_bps_p95: float | None
    slippage_bps_p95: float | None
    order_age_p95_ms: float | None
    ws_lag_p95_ms: float | None
    latency_p95_ms: float | None
    risk_ratio: float | None
    risk_rate: float | None
    maker_taker_ratio: float | None
    cancel_ratio: float | None
    block_shares: dict[str, float]
    samples: dict[str, int]


class GateResult(Strict):
    """Verdict of one gate: the measured value, its bounds and how far the value lies off."""

    kpi: str
    verdict: Annotated[Verdict, Field(strict=False)]
    measured: float | None
    n: int
    bound: str
    threshold: float | None
    off_by: float | None


class Opinion(Strict):
    """What one guard said of one parameter (None: of the whole proposal)."""

    guard: str
    parameter: str | None
    action: Annotated[Action, Field(strict=False)]
    reason: str
    message: str = ""
    until_iteration: int | None = None


class DecisionBase(Strict):
    """What was proposed, what each guard said, and why something was not applied.

    ``key`` identifies the decision by (run, iteration, hash of the base, deltas). ``reverted`` names the
    profile whose values replaced those in force.
    """

    zone: Annotated[Zone | None, Field(strict=False)]
    drivers: tuple[str, ...] = Field(strict=False)
    proposal: dict[str, float]
    proposed_by: str
    opinions: tuple[Opinion, ...] = Field(strict=False)
    guards_off: tuple[str, ...] = Field(strict=False)
    applied: bool
    reverted: str | None
    skipped_reason: str | None
    base_hash: str
    key: str


class Decision(DecisionBase):
    """From proposal to applied change.

    ``after`` equals ``before`` plus ``applied_deltas``, value by value, unless the parameters were reverted.
    """

    applied_deltas: dict[str, float]


class Provenance(Strict):
    """Where a record comes from: everything that the run is a function of."""

    source: Source
    canary: str
    profile: str
    profile_hash: str
    scenario: str
    market_hash: str
    seed: int
    strategy: str
    inputs_hash: str
    version: str
    kernel_version: str


class RecordBase(Strict):
    """What a record and its export say in the same words."""

    provenance: Provenance
    iteration: int
    iterations: int
    minutes: float
    parameters_before_hash: str
    parameters_after_hash: str
    attempts: int
    blocks: Blocks
    market: MarketFacts
    gate_mode: Annotated[GateMode, Field(strict=False)]
    warmup: bool
    gates: tuple[GateResult, ...] = Field(strict=False)
    edge_hash: str


class IterationRecord(RecordBase):
    """One iteration, whole, as the journal holds it."""

    schema_version: Literal[1] = 1
    parameters_before: dict[str, float]
    parameters_after: dict[str, float]
    kpis: Kpis
    verdict: Annotated[Verdict, Field(strict=False)]
    decision: Decision
