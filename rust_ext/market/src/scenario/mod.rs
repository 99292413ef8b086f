//! The data of a mock market: everything that a scenario file says, with unit and range of each number.
//!
//! Multipliers are relative to the quiet state of the same scenario; 1 means unchanged.

mod check;
pub(crate) mod events;
mod impact;

pub use check::ScenarioError;
pub(crate) use impact::Impact;
use serde::Deserialize;

use crate::scenario::events::{RandomWindow, Regime, Seasonality, Shock};

/// A whole scenario. `schema_version` is 1.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Version of this schema; must be 1.
    pub schema_version: u32,
    /// Name, as the command line knows it; 1 to 64 characters.
    pub name: String,
    /// One or two sentences for a reader.
    #[serde(default)]
    pub description: String,
    pub instrument: Instrument,
    pub fair: Fair,
    pub book: BookProfile,
    pub flow: Flow,
    /// What trades tell; nothing where it is left out.
    #[serde(default)]
    pub impact: Impact,
    pub latency: Latency,
    /// States between which the market switches; at most 8, none is one state without effect.
    #[serde(default)]
    pub regimes: Vec<Regime>,
    /// Time of day; None where every hour is alike.
    #[serde(default)]
    pub seasonality: Option<Seasonality>,
    /// Kinds of random windows (bursts, gaps, outages); at most 8.
    #[serde(default)]
    pub windows: Vec<RandomWindow>,
    /// Scripted events; at most 32.
    #[serde(default)]
    pub shocks: Vec<Shock>,
}

/// What is traded.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instrument {
    /// Price step, in quote currency; 0.01 to 1 bps of `start_price`.
    pub tick_size: f64,
    /// Quantity step, in base currency; worth 1e-6 to 100 quote units at `start_price`.
    pub lot_size: f64,
    /// Fair value at market time 0, in quote currency; 1e-6 to 1e9.
    pub start_price: f64,
}

/// The fair value: GARCH(1,1) steps with Student's t innovations, scaled by the regime (Hamilton and Susmel
/// 1994), with the jumps of Merton 1976 and, where wanted, a part that reverts to its mean.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fair {
    /// Volatility of the quiet state, bps per square root of a second; 0 to 50.
    pub vol_bps: f64,
    /// Drift, bps per hour; -500 to 500.
    pub drift_bps_per_hour: f64,
    /// Degrees of freedom of a step; 2.1 to 1000.
    pub tail_df: f64,
    /// Weight of the last squared step in the variance of the next, per 100 ms; 0 to 0.3.
    pub garch_alpha: f64,
    /// Half-life of a deviation of variance, s; 1 to 3600.
    pub garch_half_life_s: f64,
    /// Jumps per hour in the quiet state; 0 to 3600.
    pub jumps_per_hour: f64,
    /// Mean of a jump, bps; -100 to 100.
    #[serde(default)]
    pub jump_mean_bps: f64,
    /// Standard deviation of a jump, bps; 0 to 100.
    pub jump_sd_bps: f64,
    /// Standard deviation of the part that reverts to its mean, bps; 0 to 500.
    #[serde(default)]
    pub transient_bps: f64,
    /// Half-life of that part, s; 0.5 to 86400.
    #[serde(default = "a_minute")]
    pub transient_half_life_s: f64,
}

/// What the prices of new orders refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Anchor {
    /// Fair value: orders stand from the touch distance on, market orders have reservation prices.
    Fair,
    /// The best price of the other side: orders are spread evenly up to the largest distance, market orders
    /// pay any price. With `vol_bps` 0 that is the zero-intelligence market of Smith, Farmer, Gillemot and
    /// Krishnamurthy 2003, whose prices come out of the order flow alone.
    Opposite,
}

/// The resting orders of other participants.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookProfile {
    /// What the prices of new orders refer to.
    #[serde(default = "fair")]
    pub anchor: Anchor,
    /// Resting orders of both sides together in the quiet state; 20 to 20000.
    pub orders: u32,
    /// Least distance of a new order from fair value, bps; 0.1 to 50.
    pub touch_bps: f64,
    /// Scale of the distance beyond the touch (twice this is the mean), bps; 0.1 to 50.
    pub scale_bps: f64,
    /// Farthest distance of a new order, bps; 10 to 200.
    pub max_distance_bps: f64,
    /// Median notional of one order, quote units; 1 to 1e7.
    pub order_notional: f64,
    /// Standard deviation of the log of the order size; 0 to 2.
    pub order_log_sd: f64,
    /// Share of cancellations that go for orders too near to fair value first; 0 to 1.
    pub stale_share: f64,
    /// An order nearer to fair value than this share of the touch distance is stale; 0 to 1.
    pub stale_ratio: f64,
    /// Standard deviation of the log of depth (a fluctuation common to both sides); 0 to 2.
    pub depth_log_sd: f64,
    /// Half-life of that fluctuation, s; 0.1 to 3600.
    pub depth_half_life_s: f64,
    /// Standard deviation of the log of the distances of new orders; 0 to 2.
    #[serde(default)]
    pub spread_log_sd: f64,
    /// Half-life of that fluctuation, s; 0.1 to 3600.
    #[serde(default = "ten_seconds")]
    pub spread_half_life_s: f64,
    /// How much a queue puts off: an order joins a queue of `q` median orders with probability
    /// `1 / (1 + arrival_crowding * q)` (queue-reactive, Huang, Lehalle and Rosenbaum 2015); 0 to 10.
    #[serde(default)]
    pub arrival_crowding: f64,
    /// How much a queue holds: an order behind or before `q` median orders of others at its price is
    /// cancelled with probability `1 / (1 + cancel_crowding * q)`, so that the rate of a queue grows less than
    /// in proportion to its length; 0 to 10.
    #[serde(default)]
    pub cancel_crowding: f64,
}

/// Order flow.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Arrivals and cancellations of limit orders, 1/s; 10 to 20000.
    pub limit_rate_per_s: f64,
    /// Share of that rate that goes with the intensity of market orders; 0 to 1.
    #[serde(default)]
    pub limit_follow: f64,
    /// Market orders, 1/s, both sides together, in the long run; 0 to 1000.
    pub market_rate_per_s: f64,
    /// How market orders excite further ones; None where they come independently (Poisson).
    #[serde(default)]
    pub hawkes: Option<Hawkes>,
    /// How much a thin queue draws uninformed market orders towards it: the odds of a side are
    /// multiplied by the exponential of minus this times its queue's share of both best queues; 0 to 5.
    #[serde(default)]
    pub imbalance_pull: f64,
    /// Least notional of a market order, quote units; 1 to 1e7.
    pub market_notional: f64,
    /// Pareto exponent of market order sizes; 1.05 to 10.
    pub size_tail: f64,
    /// Largest market order, as a multiple of the least; 1 to 1000.
    pub size_cap: f64,
    /// Share of market orders that belong to the running metaorder and have its sign; 0 to 1.
    pub metaorder_share: f64,
    /// Pareto exponent of the number of children of a metaorder; 1.05 to 10.
    pub metaorder_tail: f64,
    /// Most children of a metaorder; 1 to 10000.
    pub metaorder_max: u32,
    /// Share of market orders that trade towards fair value, whatever the metaorder; 0 to 1.
    pub informed_share: f64,
    /// Mean of the farthest distance from fair value at which a market order still trades, bps
    /// (exponential, so that a quote that is farther away is hit less often); 0.05 to 100.
    pub reservation_bps: f64,
    /// How often a participant looks for quotes that fair value has passed, 1/s; 0 to 1000.
    pub pick_rate_per_s: f64,
    /// How far fair value must have passed a quote, bps; 0 to 50.
    pub pick_margin_bps: f64,
    /// Notional of an order that picks off such quotes, quote units; 1 to 1e7.
    pub pick_notional: f64,
}

/// A bivariate Hawkes process with a kernel of up to three exponentials; sides are the aggressor's.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hawkes {
    /// Further market orders that one brings about in the mean, directly; 0 to 0.95.
    pub branching: f64,
    /// Share of them on the other side; 0 to 1.
    pub cross_share: f64,
    /// Half-lives of the exponentials, s; 1 to 3 of them, 0.001 to 3600 each.
    pub half_lives_s: Vec<f64>,
    /// Their weights, relative to each other; 0.001 to 1000 each.
    pub weights: Vec<f64>,
}

/// Delays between market and maker.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// Time between two depth messages of the feed, ms; 1 to 1000.
    pub feed_interval_ms: f64,
    /// From the market to the maker's eyes.
    pub feed: Lag,
    /// One way of an order or of its answer.
    pub order: Lag,
}

/// Distribution of a delay: log-normal, now and then with a Pareto spike on top.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lag {
    /// Median, ms; 0 to 1000.
    pub median_ms: f64,
    /// Standard deviation of the log; 0 to 2.
    pub log_sd: f64,
    /// Probability of a spike per message; 0 to 1.
    pub spike_probability: f64,
    /// Least size of a spike, ms; 0 to 10000.
    pub spike_ms: f64,
    /// Pareto exponent of spikes; 0.5 to 10.
    pub spike_tail: f64,
    /// Ceiling of the whole delay, ms; 0 to 60000.
    pub max_ms: f64,
}

fn fair() -> Anchor {
    Anchor::Fair
}

fn a_minute() -> f64 {
    60.0
}

fn ten_seconds() -> f64 {
    10.0
}
