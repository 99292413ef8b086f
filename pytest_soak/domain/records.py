"""The typed records of a soak: what the journal holds and every JSON artifact is an export of."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import Annotated, Any, Literal, TypeAlias

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


Value: TypeAlias = float | None


def _kpi(unit: str, meaning: str, better: Literal["up", "down"] | None, default: Any = ...) -> Any:
    """A KPI that a gate can judge; ``better`` is the direction in which it improves, None: in neither."""
    return Field(default, description=meaning, json_schema_extra={"unit": unit, "better": better})


_added = partial(_kpi, default=None)
"""The same where a record that was written before the KPI existed lacks it."""


class Kpis(Strict):
    """KPIs of one iteration; None where nothing was measured.

    ``label_profit`` is the profit while each label of the market was on, ``own`` what the strategy recorded,
    ``under`` the KPIs under each other fill model that a gate asks for, by the model's name.
    ``samples`` holds the size behind each KPI, ``errors`` the standard error of each that has one, and
    ``skews`` the skewness of that error. ``contract`` is what a unit of quantity is, None where it is one of
    the base currency.
    """

    net_bps: Value = _kpi(
        "bps", "profit per traded notional: gross + fees + slippage + inventory + funding", "up"
    )
    gross_bps: Value = _kpi("bps", "maker fills: side x (mid at fill - price); earned is positive", "up")
    fees_eff_bps: Value = _kpi("bps", "minus the fees paid, so a rebate is positive", "up")
    slippage_bps: Value = _kpi("bps", "taker fills: side x (mid at decision - price); crossing costs", "up")
    inventory_bps: Value = _kpi("bps", "position x change of mid between fills", "up")
    funding_bps: Value = _added("bps", "funding received less funding paid; 0 where there is none", "up")
    adverse_bps_p95: Value = _kpi(
        "bps", "95th percentile of the cost of a maker fill marked 1 s later; part of inventory", "down"
    )
    slippage_bps_p95: Value = _kpi("bps", "95th percentile of the cost of a taker fill", "down")
    order_age_p95_ms: Value = _kpi("ms", "95th percentile of an order's age at its cancel or last fill", None)
    ws_lag_p95_ms: Value = _kpi("ms", "95th percentile of the delay of market data", "down")
    latency_p95_ms: Value = _kpi("ms", "95th percentile of an order's round trip", "down")
    risk_ratio: Value = _kpi("ratio", "attempts blocked for risk / all blocked attempts", "down")
    risk_rate: Value = _kpi("ratio", "attempts blocked for risk / all attempts", "down")
    maker_taker_ratio: Value = _kpi("ratio", "maker notional / all traded notional", "up")
    cancel_ratio: Value = _kpi("ratio", "orders cancelled / orders placed", "down")
    blocked_share: Value = _added("ratio", "blocked attempts / all attempts", "down")
    profit: Value = _added("quote", "profit at mid, from cash flows and the position at the end", "up")
    profit_quote: Value = _added("quote", "profit in quote currency, at the last mid of each iteration", "up")
    notional: Value = _added("quote", "traded notional", None)
    notional_quote: Value = _added("quote", "traded notional in quote currency", None)
    fills: int | None = _added("count", "fills, as maker and as taker", None)
    filled_while_cancelling: int | None = _added(
        "count", "fills of orders whose cancel was under way", "down"
    )
    cancels_too_late: int | None = _added(
        "count", "cancels that arrived after the order had been filled", "down"
    )
    position_start: Value = _added("base", "position at the start; long is positive", None)
    position_end: Value = _added("base", "position at the end; long is positive", None)
    position_max: Value = _added("base", "position of the largest size, with its sign", None)
    drawdown: Value = _added(
        "quote", "largest fall of the cumulative profit at mid below its highest", "down"
    )
    net_liquidation_bps: Value = _added(
        "bps", "net_bps with the final position sold into a book that answers, taker fee paid", "up"
    )
    markout_100ms_bps: Value = _added(
        "bps", "maker fills: side x (mid 0.1 s after - price), by notional; earned is positive", "up"
    )
    markout_1s_bps: Value = _added(
        "bps", "maker fills: side x (mid 1 s after - price), by notional; earned is positive", "up"
    )
    markout_10s_bps: Value = _added(
        "bps", "maker fills: side x (mid 10 s after - price), by notional; earned is positive", "up"
    )
    markout_60s_bps: Value = _added(
        "bps", "maker fills: side x (mid 60 s after - price), by notional; earned is positive", "up"
    )
    quote_uptime: Value = _added("ratio", "time with both sides quoted / all time", "up")
    requote_p50_ms: Value = _added(
        "ms", "median time that a side was without a quote, where it had one", "down"
    )
    requote_p95_ms: Value = _added(
        "ms", "95th percentile of the time that a side was without a quote", "down"
    )
    profit_per_hour: Value = _added("quote/h", "profit per hour of market time", "up")
    fills_per_hour: Value = _added("1/h", "fills per hour of market time", None)
    worst_five_minutes: Value = _added("quote", "least profit in any five minutes of an iteration", "up")
    worst_label_profit: Value = _added("quote", "least profit while any one label of the market was on", "up")
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
