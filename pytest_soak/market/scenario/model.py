"""The data of a mock market, as a scenario file holds it: every number with its unit and range.

The kernel's copy is generated from these models: ``python -m rust_ext.tables``. Multipliers are relative to
the quiet state of the same scenario; 1 means unchanged.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pytest_soak.domain.contract import LINEAR, Contract
from pytest_soak.domain.funding import NO_FUNDING, Funding
from pytest_soak.domain.latency import Lag, Laws
from pytest_soak.domain.settings import Strict
from pytest_soak.market.scenario.rules import AsMany, Followed, Ordered, Ruled, Within

Multiplier = Annotated[float, Field(ge=0.001, le=1000.0)]
Label = Annotated[str, Field(min_length=1, max_length=64)]
Outage = Literal["none", "feed", "orders", "both"]

_DOWN = "Which line to the maker is down from start to end; what is sent meanwhile arrives after it"


class Effect(Strict):
    """Multipliers while a regime, a window or a shock is on; 0.001 to 1000 each."""

    volatility: Multiplier = Field(default=1.0, description="On volatility")
    depth: Multiplier = Field(
        default=1.0,
        description="On the size of new orders and so, within their lifetime, on what stands in the book",
    )
    flicker: Multiplier = Field(default=1.0, description="On the standard deviation of the log of depth")
    spread: Multiplier = Field(default=1.0, description="On the distances of new orders")
    activity: Multiplier = Field(default=1.0, description="On the rates of limit orders and cancellations")
    trading: Multiplier = Field(
        default=1.0, description="On the rate of market orders (on top of ``activity``)"
    )
    informed: Multiplier = Field(default=1.0, description="On the share of informed market orders")
    jumps: Multiplier = Field(default=1.0, description="On the rate of jumps")
    latency: Multiplier = Field(default=1.0, description="On delays")


class Regime(Strict):
    """A state of the market; the first of the list comes first, its length is exponential."""

    label: Label = Field(description="Label in the report of an iteration that saw it")
    mean_s: float = Field(ge=1.0, le=864_000.0, description="Mean of its length, s")
    weight: float = Field(
        ge=0.0,
        le=1000.0,
        description="Weight among the others when one of them ends; 0: is not entered again",
    )
    drift_bps_per_hour: float = Field(
        default=0.0, ge=-5000.0, le=5000.0, description="Drift on top of that of the fair value, bps per hour"
    )
    effect: Effect = Effect()


class Seasonality(Strict):
    """Time of day: two factors that swing as a cosine, 1 at a quarter of the period after the peak."""

    period_h: float = Field(ge=0.1, le=168.0, description="Period, h")
    peak_h: float = Field(ge=0.0, le=168.0, description="First peak, h")
    activity: float = Field(ge=0.0, le=1.5, description="Log of the factor on ``activity`` at the peak")
    volatility: float = Field(ge=0.0, le=1.5, description="Log of the factor on volatility at the peak")


class RandomWindow(Ruled):
    """Windows that come at random."""

    rules = (
        Ordered("gap_s"),
        Ordered("length_s"),
    )

    label: Label = Field(description="Label in the report of an iteration that saw one")
    gap_s: tuple[
        Annotated[float, Field(ge=1.0, le=86_400.0)], Annotated[float, Field(ge=1.0, le=86_400.0)]
    ] = Field(
        strict=False,
        description="Shortest and longest time from the end of one (or from 0) to the start of the next, s",
    )
    length_s: tuple[
        Annotated[float, Field(ge=0.1, le=86_400.0)], Annotated[float, Field(ge=0.1, le=86_400.0)]
    ] = Field(strict=False, description="Shortest and longest length, s")
    ramp_s: float = Field(
        ge=0.0, le=600.0, description="Time to full effect, and after the end back to none, s"
    )
    outage: Outage = Field(default="none", description=_DOWN)
    effect: Effect = Effect()


class Shock(Strict):
    """One scripted event; time, length, size, sign and path are drawn from the seed, within these ranges."""

    label: Label = Field(description="Label in the report of an iteration that saw it")
    at_s: float = Field(ge=0.0, le=864_000.0, description="Earliest start, s of market time")
    at_width_s: float = Field(default=0.0, ge=0.0, le=86_400.0, description="How much later it may start, s")
    after_previous: bool = Field(
        default=False, description="Whether ``at_s`` counts from the end of the shock listed before"
    )
    length_s: float = Field(ge=0.1, le=86_400.0, description="Length, s")
    length_ratio: float = Field(
        default=1.0, ge=1.0, le=10.0, description="It is up to this times longer or shorter"
    )
    ramp_s: float = Field(default=0.0, ge=0.0, le=600.0, description="Time to full effect, s")
    move_bps: float = Field(
        default=0.0, ge=-3000.0, le=3000.0, description="Move of fair value from start to end, bps"
    )
    move_ratio: float = Field(
        default=1.0, ge=1.0, le=10.0, description="The move is up to this times larger or smaller"
    )
    either_sign: bool = Field(default=False, description="Whether the sign of the move is drawn")
    path_bend: float = Field(
        default=0.0,
        ge=0.0,
        le=2.0,
        description="Largest log of the exponent of time on the way: the move comes early or late",
    )
    path_noise: float = Field(
        default=0.0,
        ge=0.0,
        le=2.0,
        description="Standard deviation of the noise on the way, as a share of the move",
    )
    recovery_share: float = Field(
        default=0.0, ge=0.0, le=1.0, description="Share of the move that comes back afterwards"
    )
    recovery_half_life_s: float = Field(
        default=60.0, ge=1.0, le=86_400.0, description="Half-life of that recovery, s"
    )
    effect_half_life_s: float = Field(
        default=1.0, ge=0.1, le=86_400.0, description="Half-life of the effect after the end, s"
    )
    outage: Outage = Field(default="none", description=_DOWN)
    maker_fee_shift_bps: float = Field(
        default=0.0, ge=-100.0, le=100.0, description="Added to the maker's fee from start to end, bps"
    )
    taker_fee_shift_bps: float = Field(
        default=0.0, ge=-100.0, le=100.0, description="Added to the taker's fee from start to end, bps"
    )
    effect: Effect = Effect()


class Instrument(Ruled):
    """What is traded."""

    rules = (
        Within("tick_size", 1e-6, 1e-3, of="start_price"),
        Within("lot_size", 1e-6, 1e4, of="unit_worth", power=-1, said="start_price"),
    )

    tick_size: float = Field(
        gt=0.0, description="Price step, in quote currency; 0.01 to 10 bps of ``start_price``"
    )
    lot_size: float = Field(
        gt=0.0,
        description="Quantity step, in units of the contract; worth 1e-6 to 10,000 quote at ``start_price``",
    )
    start_price: float = Field(ge=1e-6, le=1e9, description="Fair value at market time 0, in quote currency")
    # Left out where it is the usual one, so that a scenario without it keeps its hash.
    contract: Contract = Field(
        default=LINEAR, exclude_if=lambda given: given == LINEAR, description="What a unit of quantity is"
    )

    @property
    def unit_worth(self) -> float:
        """What one unit is worth at the start, in quote currency."""
        return self.contract.in_quote(self.start_price)


class Fair(Strict):
    """The fair value: GARCH steps with heavy tails and jumps, and a part that reverts to its mean.

    A step of 100 ms is ``vol_bps`` times the multipliers on volatility times a GARCH(1,1) process with
    Student's t innovations, so that regimes scale the variance (SWARCH: Hamilton and Susmel 1994); jumps are
    those of Merton 1976, log-normal in size.
    """

    vol_bps: float = Field(
        ge=0.0, le=50.0, description="Volatility of the quiet state, bps per square root of a second"
    )
    drift_bps_per_hour: float = Field(ge=-500.0, le=500.0, description="Drift, bps per hour")
    tail_df: float = Field(ge=2.1, le=1000.0, description="Degrees of freedom of a step")
    garch_alpha: float = Field(
        ge=0.0, le=0.3, description="Weight of the last squared step in the variance of the next, per 100 ms"
    )
    garch_half_life_s: float = Field(ge=1.0, le=3600.0, description="Half-life of a deviation of variance, s")
    jumps_per_hour: float = Field(ge=0.0, le=36_000.0, description="Jumps per hour in the quiet state")
    jump_mean_bps: float = Field(default=0.0, ge=-100.0, le=100.0, description="Mean of a jump, bps")
    jump_sd_bps: float = Field(ge=0.0, le=100.0, description="Standard deviation of a jump, bps")
    transient_bps: float = Field(
        default=0.0,
        ge=0.0,
        le=500.0,
        description="Standard deviation of the part that reverts to its mean, bps",
    )
    transient_half_life_s: float = Field(
        default=60.0, ge=0.5, le=86_400.0, description="Half-life of that part, s"
    )


class BookProfile(Strict):
    """The standing orders of others.

    With the anchor ``fair`` orders stand from the touch distance on and market orders have reservation
    prices. With ``opposite`` orders are spread evenly up to the largest distance from the best price of the
    other side, and market orders pay any price: with ``vol_bps = 0`` that is the zero-intelligence market of
    Smith, Farmer, Gillemot and Krishnamurthy 2003, whose prices come out of the order flow alone.
    """

    anchor: Literal["fair", "opposite"] = Field(
        default="fair", description="What the prices of new orders refer to"
    )
    orders: int = Field(
        ge=20, le=20_000, description="Standing orders of both sides together in the quiet state"
    )
    touch_bps: float = Field(
        ge=0.0, le=50.0, description="Least distance of a new order from fair value, bps"
    )
    touch_share: float = Field(
        default=0.0,
        ge=0.0,
        le=1.0,
        description="Share of new orders that stand at that distance, where queues are long then",
    )
    scale_bps: float = Field(
        ge=0.001,
        le=50.0,
        description="Scale of the distance beyond the touch of the others (twice this is the mean), bps",
    )
    max_distance_bps: float = Field(ge=10.0, le=200.0, description="Farthest distance of a new order, bps")
    order_notional: float = Field(ge=1.0, le=1e7, description="Median notional of one order, quote units")
    order_log_sd: float = Field(ge=0.0, le=2.0, description="Standard deviation of the log of the order size")
    stale_share: float = Field(
        ge=0.0, le=1.0, description="Share of cancellations that go for orders too near to fair value first"
    )
    stale_ratio: float = Field(
        ge=0.0,
        le=1.0,
        description="An order nearer to fair value than this share of the touch distance is stale",
    )
    depth_log_sd: float = Field(
        ge=0.0,
        le=2.0,
        description="Standard deviation of the log of depth (a fluctuation common to both sides)",
    )
    depth_half_life_s: float = Field(ge=0.1, le=3600.0, description="Half-life of that fluctuation, s")
    spread_log_sd: float = Field(
        default=0.0,
        ge=0.0,
        le=2.0,
        description="Standard deviation of the log of the distances of new orders",
    )
    spread_half_life_s: float = Field(
        default=10.0, ge=0.1, le=3600.0, description="Half-life of that fluctuation, s"
    )
    arrival_crowding: float = Field(
        default=0.0,
        ge=0.0,
        le=10.0,
        description="How much a queue puts off: an order joins a queue of q median orders with probability "
        "1 / (1 + arrival_crowding * q) (queue-reactive: Huang, Lehalle and Rosenbaum 2015)",
    )
    cancel_crowding: float = Field(
        default=0.0,
        ge=0.0,
        le=10.0,
        description="How much a queue holds: an order with q median orders of others at its price is "
        "cancelled with probability 1 / (1 + cancel_crowding * q)",
    )
    # Left out where nothing waits, so that a scenario without it keeps its hash.
    batch_ms: float = Field(
        default=0.0,
        ge=0.0,
        le=1000.0,
        exclude_if=lambda given: given == 0.0,
        description="Time between changes of what stands in the book, ms; those in between wait for the "
        "next, as they do where a recording shows a book by messages; 0: each takes effect at once",
    )


class Hawkes(Ruled):
    """A bivariate Hawkes process with a kernel of up to three exponentials; sides are the aggressor's."""

    rules = (AsMany("weights", of="half_lives_s"),)

    branching: float = Field(
        ge=0.0, le=0.95, description="Further market orders that one brings about directly, on average"
    )
    cross_share: float = Field(ge=0.0, le=1.0, description="Share of them on the other side")
    half_lives_s: Annotated[
        tuple[Annotated[float, Field(ge=0.001, le=3600.0)], ...], Field(min_length=1, max_length=3)
    ] = Field(strict=False, description="Half-lives of the exponentials, s; 1 to 3 of them")
    weights: tuple[Annotated[float, Field(ge=0.001, le=1000.0)], ...] = Field(
        strict=False, description="Their weights, relative to each other"
    )


class Flow(Strict):
    """Order flow."""

    limit_rate_per_s: float = Field(
        ge=10.0, le=20_000.0, description="Arrivals and cancellations of limit orders, 1/s"
    )
    limit_follow: float = Field(
        default=0.0,
        ge=0.0,
        le=1.0,
        description="Share of that rate that goes with the intensity of market orders",
    )
    market_rate_per_s: float = Field(
        ge=0.0, le=1000.0, description="Market orders, 1/s, both sides together, in the long run"
    )
    hawkes: Hawkes | None = Field(
        default=None, description="How market orders excite further ones; none: they come independently"
    )
    imbalance_pull: float = Field(
        default=0.0,
        ge=0.0,
        le=5.0,
        description="How much a thin queue draws uninformed market orders: the odds of a side are multiplied "
        "by the exponential of minus this times its queue's share of both best queues",
    )
    market_notional: float = Field(
        ge=1.0, le=1e7, description="Least notional of a market order, quote units"
    )
    size_tail: float = Field(ge=1.05, le=10.0, description="Pareto exponent of market order sizes")
    size_cap: float = Field(ge=1.0, le=1000.0, description="Largest market order, as a multiple of the least")
    metaorder_share: float = Field(
        ge=0.0,
        le=1.0,
        description="Share of market orders that belong to the running metaorder and have its sign",
    )
    metaorder_tail: float = Field(
        ge=1.05, le=10.0, description="Pareto exponent of the number of children of a metaorder"
    )
    metaorder_max: int = Field(ge=1, le=10_000, description="Most children of a metaorder")
    informed_share: float = Field(
        ge=0.0,
        le=1.0,
        description="Share of market orders that trade towards fair value, whatever the metaorder",
    )
    reservation_bps: float = Field(
        ge=0.001,
        le=100.0,
        description="Mean of the farthest distance from fair value at which a market order still "
        "trades, bps (exponential, so that a quote that is farther away is hit less often)",
    )
    pick_rate_per_s: float = Field(
        ge=0.0, le=1000.0, description="How often somebody looks for quotes that fair value has passed, 1/s"
    )
    pick_margin_bps: float = Field(
        ge=0.0, le=50.0, description="How far fair value must have passed a quote, bps"
    )
    pick_notional: float = Field(
        ge=1.0, le=1e7, description="Notional of an order that picks off such quotes, quote units"
    )


class Impact(Strict):
    """How trades move the fair value, and how slowly the quotes of others follow it.

    A trade is a news of size ``sqrt(notional / typical_notional)`` (concave, as a price impact is: Bouchaud,
    Farmer and Lillo 2009). What follows net flow in its own direction surprises less, so that a metaorder
    moves the price by about the square root of its size (Toth et al. 2011). Left out, trades tell nothing.
    """

    permanent_bps: float = Field(
        default=0.0,
        ge=0.0,
        le=50.0,
        description="Move of fair value by a typical trade that surprises, for good, bps",
    )
    transient_bps: float = Field(
        default=0.0, ge=0.0, le=50.0, description="Part of the move that comes back, on top, bps"
    )
    transient_half_life_s: float = Field(
        default=10.0, ge=0.1, le=3600.0, description="Half-life of that part, s"
    )
    typical_notional: float = Field(
        default=1000.0, ge=1.0, le=1e7, description="Notional of a typical trade, quote units"
    )
    saturation: float = Field(
        default=10.0,
        ge=0.01,
        le=1e6,
        description="A trade that follows a net flow of n typical ones of its side moves fair value by "
        "1 / sqrt(1 + n / saturation) of what it would otherwise",
    )
    memory_half_life_s: float = Field(
        default=600.0, ge=1.0, le=86_400.0, description="Half-life of net flow, s"
    )
    belief_half_life_s: float = Field(
        default=0.0,
        ge=0.0,
        le=60.0,
        description="Half-life of the distance between fair value and what the makers among the others "
        "believe it to be, s; those who trade on fair value are faster (Glosten and Milgrom 1985)",
    )
    flight: float = Field(
        default=0.0,
        ge=0.0,
        le=1.0,
        description="Share of cancellations on a side threatened by recent flow that go for its best "
        "orders, at most (queue-reactive: Huang, Lehalle and Rosenbaum 2015)",
    )


class Latency(Laws):
    """Delays between market and maker."""

    feed_interval_ms: float = Field(
        ge=1.0, le=1000.0, description="Time between two depth messages of the feed, ms"
    )
    feed: Lag
    order: Lag


class Scenario(Ruled):
    """A whole scenario. ``schema_version`` is 1."""

    rules = (Followed("regimes", weight="weight"),)

    schema_version: Literal[1] = 1
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._]{0,63}$")]
    description: str = ""
    instrument: Instrument
    fair: Fair
    book: BookProfile
    flow: Flow
    impact: Impact = Impact()
    latency: Latency
    funding: Funding = Field(default=NO_FUNDING, exclude_if=lambda given: given == NO_FUNDING)
    regimes: Annotated[tuple[Regime, ...], Field(max_length=8, strict=False)] = ()
    seasonality: Seasonality | None = None
    windows: Annotated[tuple[RandomWindow, ...], Field(max_length=8, strict=False)] = ()
    shocks: Annotated[tuple[Shock, ...], Field(max_length=32, strict=False)] = ()
