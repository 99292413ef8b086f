//! The data of a mock market: everything that a scenario file says, with unit and range of each number.
//!
//! Multipliers are relative to the quiet state of the same scenario; 1 means unchanged.

use serde::Deserialize;

/// A whole scenario. `schema_version` is 1.
#[derive(Debug, Clone, Deserialize)]
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
    pub latency: Latency,
    /// Kinds of random windows (bursts, gaps); at most 8.
    #[serde(default)]
    pub windows: Vec<RandomWindow>,
    /// Scripted events; at most 32.
    #[serde(default)]
    pub shocks: Vec<Shock>,
}

/// What is traded.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instrument {
    /// Price step, in quote currency; 0.01 to 1 bps of `start_price`.
    pub tick_size: f64,
    /// Quantity step, in base currency; worth 1e-6 to 100 quote units at `start_price`.
    pub lot_size: f64,
    /// Fair value at market time 0, in quote currency; 1e-6 to 1e9.
    pub start_price: f64,
}

/// The fair value: log-normal steps with stochastic volatility, and jumps.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fair {
    /// Volatility of the quiet state, bps per square root of a second; 0 to 50.
    pub vol_bps: f64,
    /// Drift, bps per hour; -500 to 500.
    pub drift_bps_per_hour: f64,
    /// Standard deviation of the log of volatility; 0 to 1.5.
    pub vol_log_sd: f64,
    /// Half-life of a deviation of volatility, s; 1 to 3600.
    pub vol_half_life_s: f64,
    /// Jumps per hour in the quiet state; 0 to 3600.
    pub jumps_per_hour: f64,
    /// Mean absolute size of a jump, bps; 0 to 100.
    pub jump_bps: f64,
}

/// The standing orders of others.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookProfile {
    /// Standing orders of both sides together in the quiet state; 20 to 20000.
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
}

/// Order flow.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Arrivals and cancellations of limit orders, 1/s; 10 to 20000.
    pub limit_rate_per_s: f64,
    /// Market orders, 1/s; 0 to 1000.
    pub market_rate_per_s: f64,
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
    /// How often somebody looks for quotes that fair value has passed, 1/s; 0 to 1000.
    pub pick_rate_per_s: f64,
    /// How far fair value must have passed a quote, bps; 0 to 50.
    pub pick_margin_bps: f64,
    /// Notional of an order that picks off such quotes, quote units; 1 to 1e7.
    pub pick_notional: f64,
}

/// Delays between market and maker.
#[derive(Debug, Clone, Deserialize)]
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
#[derive(Debug, Clone, Deserialize)]
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

/// Multipliers while a window or a shock is on; 0.001 to 1000 each.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Effect {
    /// On volatility.
    pub volatility: f64,
    /// On the size of new orders, and so, within their lifetime, on the quantity that stands in the book.
    pub depth: f64,
    /// On the standard deviation of the log of depth.
    pub flicker: f64,
    /// On the distances of new orders.
    pub spread: f64,
    /// On the rates of limit orders and cancellations.
    pub activity: f64,
    /// On the rate of market orders (on top of `activity`).
    pub trading: f64,
    /// On the share of informed market orders.
    pub informed: f64,
    /// On the rate of jumps.
    pub jumps: f64,
    /// On delays.
    pub latency: f64,
}

impl Default for Effect {
    fn default() -> Self {
        Effect {
            volatility: 1.0,
            depth: 1.0,
            flicker: 1.0,
            spread: 1.0,
            activity: 1.0,
            trading: 1.0,
            informed: 1.0,
            jumps: 1.0,
            latency: 1.0,
        }
    }
}

/// Windows that come at random.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomWindow {
    /// Label in the report of an iteration that saw one; 1 to 64 characters.
    pub label: String,
    /// Least and largest time from the end of one (or from 0) to the begin of the next, s; 1 to 86400.
    pub gap_s: [f64; 2],
    /// Least and largest length, s; 0.1 to 86400.
    pub length_s: [f64; 2],
    /// Time to full effect, and after the end back to none, s; 0 to 600.
    pub ramp_s: f64,
    pub effect: Effect,
}

/// One scripted event.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shock {
    /// Label in the report of an iteration that saw it; 1 to 64 characters.
    pub label: String,
    /// Begin, s of market time; 0 to 864000.
    pub at_s: f64,
    /// Length, s; 0.1 to 86400.
    pub length_s: f64,
    /// Time to full effect, s; 0 to 600.
    pub ramp_s: f64,
    /// Move of fair value from begin to end, bps; -3000 to 3000.
    pub move_bps: f64,
    /// Share of the move that comes back afterwards; 0 to 1.
    pub recovery_share: f64,
    /// Half-life of that recovery, s; 1 to 86400.
    pub recovery_half_life_s: f64,
    /// Half-life of the effect after the end, s; 0.1 to 86400.
    pub effect_half_life_s: f64,
    pub effect: Effect,
}
