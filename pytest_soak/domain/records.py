"""The typed records of a soak: what the journal holds and every JSON artifact is an export of."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from pytest_soak.domain.contract import Contract
from pytest_soak.domain.fills import FillModel
from pytest_soak.domain.holdings import Holdings
from pytest_soak.domain.market_facts import MarketFacts
from pytest_soak.domain.outcome import MISSED
from pytest_soak.domain.position import PositionRule
from pytest_soak.domain.reasons import REASONS
from pytest_soak.domain.settings import GateMode, Strict
from pytest_soak.domain.values import Amount, Count, Histogram, OwnValues

SCHEMA_VERSION = 1
Source = Literal["mock", "replay", "live"]


class Verdict(StrEnum):
    """Judgement of a gate, an iteration or a canary; INCONCLUSIVE is of a whole canary only."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"
    NO_DATA = "NO_DATA"
    INCONCLUSIVE = "INCONCLUSIVE"


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
    """A 95th percentile (linear interpolation) with its sample size; None below 20 samples.

    ``histogram`` holds the values, to be merged with those of other iterations; ``batch_n`` says how many
    there were in each batch, ``batch_above`` how many above the percentile. A report by hand may lack them.
    """

    n: Count
    p95: float | None
    histogram: Histogram | None = None
    batch_n: tuple[Count, ...] = Field(default=(), strict=False)
    batch_above: tuple[Count, ...] = Field(default=(), strict=False)


class Batches(Strict):
    """An iteration cut into stretches of equal market time: what was added in each of them.

    Amounts are in the currency that the contract settles in, the others are counts. The sampling error of a
    KPI is estimated from them. ``funding`` is empty in a report of a market without.
    """

    notional: tuple[float, ...] = Field(strict=False)
    maker_notional: tuple[float, ...] = Field(strict=False)
    gross: tuple[float, ...] = Field(strict=False)
    fees: tuple[float, ...] = Field(strict=False)
    slippage: tuple[float, ...] = Field(strict=False)
    inventory: tuple[float, ...] = Field(strict=False)
    funding: tuple[float, ...] = Field(default=(), strict=False)
    placed: tuple[Count, ...] = Field(strict=False)
    cancelled: tuple[Count, ...] = Field(strict=False)
    attempts: tuple[Count, ...] = Field(strict=False)
    blocked: tuple[Count, ...] = Field(strict=False)
    risk: tuple[Count, ...] = Field(strict=False)


class EdgeTotals(Strict):
    """Sums over one iteration, in the currency that the contract settles in unless said otherwise.

    ``gross``, ``fees``, ``slippage``, ``inventory`` and ``funding`` partition the profit; ``ledger`` is it
    from cash flows and the final position at the last mid, ``liquidation`` that with the position closed for
    the taker fee by a sale that a mock market answers (None: the book is too thin). Positions, of which
    ``position_max`` is the largest, are signed, in units of the contract; what one held at the start gains
    counts from the mid at which the iteration before ended. ``profit_low`` and ``profit_high`` are extremes
    of the cumulative profit at mid, from 0, ``drawdown`` its largest fall from its highest.
    ``quote_notional`` is the notional in quote currency. None: not measured.
    """

    notional: Amount
    maker_notional: Amount
    taker_notional: Amount
    quote_notional: Amount | None = None
    gross: float
    fees: float
    slippage: float
    inventory: float
    funding: float = 0.0
    ledger: float
    liquidation: float | None = None
    position_start: float | None = None
    position_end: float
    position_max: float | None = None
    profit_low: float | None = None
    profit_high: float | None = None
    drawdown: Amount | None = None
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
        return sum(int(getattr(self, reason)) for reason in REASONS)


class OrderCounts(Strict):
    """What became of the maker's orders.

    ``carried`` counts orders of the iteration before that went on, ``dropped`` those that would have crossed
    the book, ``placed`` orders that reached the market (a replacement is a cancel and a place),
    ``cancelled`` those that left it unfilled or partly filled, ``tail_cancelled`` those of them
    that were far and had reached the tail age, ``rejected`` post-only orders that would have crossed.
    ``filled_while_cancelling`` counts fills of orders whose cancel was under way, ``cancels_too_late``
    cancels that found no order any more; None where that was not counted.
    """

    carried: Count = 0
    dropped: Count = 0
    placed: Count
    cancelled: Count
    tail_cancelled: Count
    rejected: Count
    maker_fills: Count
    partial_fills: Count
    taker_fills: Count
    filled_while_cancelling: Count | None = None
    cancels_too_late: Count | None = None


class Markouts(Strict):
    """What the maker fills were worth 0.1, 1, 10 and 60 s later, as sums over those that lived to see it.

    ``profit`` is size x how far the mid had gone beyond the price, in our favour; ``notional`` and ``fills``
    are what it was earned on.
    """

    profit: Annotated[tuple[float, ...], Field(strict=False, min_length=4, max_length=4)]
    notional: Annotated[tuple[Amount, ...], Field(strict=False, min_length=4, max_length=4)]
    fills: Annotated[tuple[Count, ...], Field(strict=False, min_length=4, max_length=4)]


class Course(Strict):
    """How an iteration went over its time; amounts in the currency that the contract settles in.

    ``both_sides_ms`` is for how long both sides were quoted, ``requote_ms`` samples for how long a side that
    had been quoted was not. ``worst_five_minutes`` is the least that was earned in any five minutes of the
    iteration, None where it is shorter. ``label_profit`` is what was earned while each label of the market
    was on, ``(none)`` while none was; labels overlap, so these do not add up to the profit.
    """

    both_sides_ms: Amount
    requote_ms: Sample
    markouts: Markouts
    worst_five_minutes: float | None
    label_profit: dict[str, float]


class EdgeReport(Strict):
    """What one iteration of a strategy on a market left to measure.

    ``carry`` is a JSON value that the strategy gets again in the next iteration, as ``window.carry``; ``own``
    holds what it recorded itself, by name. ``holdings`` are position and orders at the end. ``under`` has the
    report of the same window under each other fill model that a gate asks for, by the model's name; the
    canary adds it.
    """

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
    batches: Batches | None = None
    course: Course | None = None
    market: MarketFacts
    holdings: Holdings | None = None
    carry: Any = None
    own: dict[str, OwnValues] = Field(default_factory=dict)
    under: dict[str, EdgeReport] = Field(default_factory=dict)


class Kpis(Strict):
    """KPIs of one iteration; None where nothing was measured.

    ``label_profit`` is the profit while each label of the market was on, ``own`` what the strategy recorded,
    ``under`` the KPIs under each other fill model that a gate asks for, by the model's name.
    ``samples`` holds the size behind each KPI, ``errors`` the standard error of each that has one, and
    ``skews`` the skewness of that error. ``contract`` is what a unit of quantity is, None where it is one of
    the base currency.
    """

    net_bps: float | None
    gross_bps: float | None
    fees_eff_bps: float | None
    slippage_bps: float | None
    inventory_bps: float | None
    funding_bps: float | None = None
    adverse_bps_p95: float | None
    slippage_bps_p95: float | None
    order_age_p95_ms: float | None
    ws_lag_p95_ms: float | None
    latency_p95_ms: float | None
    risk_ratio: float | None
    risk_rate: float | None
    maker_taker_ratio: float | None
    cancel_ratio: float | None
    blocked_share: float | None = None
    profit: float | None = None
    profit_quote: float | None = None
    notional: float | None = None
    notional_quote: float | None = None
    fills: int | None = None
    filled_while_cancelling: int | None = None
    cancels_too_late: int | None = None
    position_start: float | None = None
    position_end: float | None = None
    position_max: float | None = None
    drawdown: float | None = None
    net_liquidation_bps: float | None = None
    markout_100ms_bps: float | None = None
    markout_1s_bps: float | None = None
    markout_10s_bps: float | None = None
    markout_60s_bps: float | None = None
    quote_uptime: float | None = None
    requote_p50_ms: float | None = None
    requote_p95_ms: float | None = None
    profit_per_hour: float | None = None
    fills_per_hour: float | None = None
    worst_five_minutes: float | None = None
    worst_label_profit: float | None = None
    label_profit: dict[str, float] = Field(default_factory=dict)
    block_shares: dict[str, float]
    samples: dict[str, int]
    errors: dict[str, float] = Field(default_factory=dict)
    skews: dict[str, float] = Field(default_factory=dict)
    own: dict[str, float] = Field(default_factory=dict)
    contract: Contract | None = None
    under: dict[str, Kpis] = Field(default_factory=dict)


class GateResult(Strict):
    """Verdict of one gate: the measured value, its bounds and how far the value lies off.

    ``n`` is the sample behind the value, ``least`` the smallest that is judged. ``error`` is the value's
    standard error and ``margin`` how far it may lie off by chance, both None where they are not known.
    ``decided_in`` says of an INCONCLUSIVE gate how many iterations in all would decide it; ``note`` says why
    a value was not judged as it stands. ``unit`` is None where it is what the table of KPIs says.
    """

    kpi: str
    verdict: Annotated[Verdict, Field(strict=False)]
    measured: float | None
    n: int
    bound: str
    threshold: float | None
    off_by: float | None
    least: int = 0
    error: float | None = None
    margin: float | None = None
    decided_in: int | None = None
    note: str | None = None
    unit: str | None = None

    @property
    def is_beyond_chance(self) -> bool:
        """Whether a miss is more than the sampling error explains; one without a known error is."""
        return self.off_by is None or self.margin is None or self.off_by > self.margin

    @property
    def is_by_chance(self) -> bool:
        """Whether the gate was missed by no more than the sampling error explains."""
        return self.verdict in MISSED and not self.is_beyond_chance


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
    zone_reason: str | None = None
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
    """Where a record comes from: what the run is a function of; ``fills`` where the market names them.

    ``position`` says what became of position and orders at the end.
    """

    source: Source
    canary: str
    profile: str
    profile_hash: str
    scenario: str
    market_hash: str
    fills: Annotated[FillModel | None, Field(strict=False)] = None
    position: Annotated[PositionRule, Field(strict=False)] = PositionRule.FLAT
    seed: int
    strategy: str
    inputs_hash: str
    version: str
    kernel_version: str


class RecordBase(Strict):
    """What a record and its export say in the same words.

    ``iterations`` is how many there were to be when this one was computed; ``extended_after`` names the
    iterations after which more were asked for, ``unread`` the parameters that the strategy never read.
    """

    provenance: Provenance
    iteration: int
    iterations: int
    extended_after: tuple[Count, ...] = Field(default=(), strict=False)
    minutes: float
    parameters_before_hash: str
    parameters_after_hash: str
    unread: tuple[str, ...] = Field(default=(), strict=False)
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
