//! What comes and goes in a scenario: effects, and the regimes, hours, windows and shocks that bring them.

use serde::Deserialize;

use crate::types::check::{all, in_range, label, pair, CheckResult};

/// Multipliers while a regime, a window or a shock is on; 0.001 to 1000 each.
#[derive(Debug, Clone, PartialEq, Deserialize)]
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

/// Which line between market and maker is down; what is sent meanwhile arrives once it is up again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outage {
    #[default]
    None,
    Feed,
    Orders,
    Both,
}

impl Outage {
    /// Whether feed and orders are down.
    pub fn lines(self) -> [bool; 2] {
        [
            matches!(self, Outage::Feed | Outage::Both),
            matches!(self, Outage::Orders | Outage::Both),
        ]
    }
}

/// A state of the market.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regime {
    /// Label in the report of an iteration that saw it; 1 to 64 characters.
    pub label: String,
    /// Mean of its length, which is exponential, s; 1 to 864000.
    pub mean_s: f64,
    /// Weight among the others when one of them ends; 0 to 1000. The first regime of the list comes first.
    pub weight: f64,
    /// Drift on top of that of the fair value, bps per hour; -5000 to 5000.
    #[serde(default)]
    pub drift_bps_per_hour: f64,
    #[serde(default)]
    pub effect: Effect,
}

/// Time of day: two factors that swing as a cosine, 1 at a quarter of the period after the peak.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seasonality {
    /// Period, h; 0.1 to 168.
    pub period_h: f64,
    /// First peak, h; 0 to 168.
    pub peak_h: f64,
    /// Log of the factor on `activity` at the peak; 0 to 1.5.
    pub activity: f64,
    /// Log of the factor on volatility at the peak; 0 to 1.5.
    pub volatility: f64,
}

/// Windows that come at random.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomWindow {
    /// Label in the report of an iteration that saw one; 1 to 64 characters.
    pub label: String,
    /// Least and largest time from the end of one (or from 0) to the start of the next, s; 1 to 86400.
    pub gap_s: [f64; 2],
    /// Least and largest length, s; 0.1 to 86400.
    pub length_s: [f64; 2],
    /// Time to full effect, and after the end back to none, s; 0 to 600.
    pub ramp_s: f64,
    /// Which line is down from begin to end.
    #[serde(default)]
    pub outage: Outage,
    #[serde(default)]
    pub effect: Effect,
}

/// One scripted event. Time, length, size, sign and path are drawn from the seed, within the ranges given.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shock {
    /// Label in the report of an iteration that saw it; 1 to 64 characters.
    pub label: String,
    /// Earliest begin, s of market time; 0 to 864000.
    pub at_s: f64,
    /// How much later it may begin, s; 0 to 86400.
    #[serde(default)]
    pub at_width_s: f64,
    /// Whether `at_s` counts from the end of the shock listed before.
    #[serde(default)]
    pub after_previous: bool,
    /// Length, s; 0.1 to 86400.
    pub length_s: f64,
    /// It is up to this times longer or shorter; 1 to 10.
    #[serde(default = "one")]
    pub length_ratio: f64,
    /// Time to full effect, s; 0 to 600.
    pub ramp_s: f64,
    /// Move of fair value from begin to end, bps; -3000 to 3000.
    pub move_bps: f64,
    /// The move is up to this times larger or smaller; 1 to 10.
    #[serde(default = "one")]
    pub move_ratio: f64,
    /// Whether the sign of the move is drawn.
    #[serde(default)]
    pub either_sign: bool,
    /// Largest size of the log of the exponent of time on the way, so that the move comes early or late; 0 to 2.
    #[serde(default)]
    pub path_bend: f64,
    /// Standard deviation of the noise on the way, as a share of the move; 0 to 2.
    #[serde(default)]
    pub path_noise: f64,
    /// Share of the move that comes back afterwards; 0 to 1.
    pub recovery_share: f64,
    /// Half-life of that recovery, s; 1 to 86400.
    pub recovery_half_life_s: f64,
    /// Half-life of the effect after the end, s; 0.1 to 86400.
    pub effect_half_life_s: f64,
    /// Which line is down from begin to end.
    #[serde(default)]
    pub outage: Outage,
    /// Added to the maker's fee from begin to end, bps; -100 to 100.
    #[serde(default)]
    pub maker_fee_shift_bps: f64,
    /// Added to the taker's fee from begin to end, bps; -100 to 100.
    #[serde(default)]
    pub taker_fee_shift_bps: f64,
    #[serde(default)]
    pub effect: Effect,
}

fn one() -> f64 {
    1.0
}

impl Effect {
    fn check(&self, prefix: &str) -> CheckResult {
        let rows = [
            ("volatility", self.volatility),
            ("depth", self.depth),
            ("flicker", self.flicker),
            ("spread", self.spread),
            ("activity", self.activity),
            ("trading", self.trading),
            ("informed", self.informed),
            ("jumps", self.jumps),
            ("latency", self.latency),
        ]
        .map(|(key, value)| (key, value, 0.001, 1000.0));
        all(prefix, &rows)
    }
}

impl Regime {
    /// Check all fields; the error names the key and the accepted range.
    pub fn check(&self) -> CheckResult {
        label("scenario.regimes.label", &self.label)?;
        all(
            "scenario.regimes",
            &[
                ("mean_s", self.mean_s, 1.0, 864_000.0),
                ("weight", self.weight, 0.0, 1000.0),
                (
                    "drift_bps_per_hour",
                    self.drift_bps_per_hour,
                    -5000.0,
                    5000.0,
                ),
            ],
        )?;
        self.effect.check("scenario.regimes.effect")
    }
}

impl Seasonality {
    /// Check all fields; the error names the key and the accepted range.
    pub fn check(&self) -> CheckResult {
        all(
            "scenario.seasonality",
            &[
                ("period_h", self.period_h, 0.1, 168.0),
                ("peak_h", self.peak_h, 0.0, 168.0),
                ("activity", self.activity, 0.0, 1.5),
                ("volatility", self.volatility, 0.0, 1.5),
            ],
        )
    }
}

impl RandomWindow {
    /// Check all fields; the error names the key and the accepted range.
    pub fn check(&self) -> CheckResult {
        label("scenario.windows.label", &self.label)?;
        pair("scenario.windows.gap_s", self.gap_s, 1.0, 86_400.0)?;
        pair("scenario.windows.length_s", self.length_s, 0.1, 86_400.0)?;
        in_range("scenario.windows.ramp_s", self.ramp_s, 0.0, 600.0)?;
        self.effect.check("scenario.windows.effect")
    }
}

impl Shock {
    /// Check all fields; the error names the key and the accepted range.
    pub fn check(&self) -> CheckResult {
        label("scenario.shocks.label", &self.label)?;
        all(
            "scenario.shocks",
            &[
                ("at_s", self.at_s, 0.0, 864_000.0),
                ("at_width_s", self.at_width_s, 0.0, 86_400.0),
                ("length_s", self.length_s, 0.1, 86_400.0),
                ("length_ratio", self.length_ratio, 1.0, 10.0),
                ("ramp_s", self.ramp_s, 0.0, 600.0),
                ("move_bps", self.move_bps, -3000.0, 3000.0),
                ("move_ratio", self.move_ratio, 1.0, 10.0),
                ("path_bend", self.path_bend, 0.0, 2.0),
                ("path_noise", self.path_noise, 0.0, 2.0),
                ("recovery_share", self.recovery_share, 0.0, 1.0),
                (
                    "recovery_half_life_s",
                    self.recovery_half_life_s,
                    1.0,
                    86_400.0,
                ),
                ("effect_half_life_s", self.effect_half_life_s, 0.1, 86_400.0),
                (
                    "maker_fee_shift_bps",
                    self.maker_fee_shift_bps,
                    -100.0,
                    100.0,
                ),
                (
                    "taker_fee_shift_bps",
                    self.taker_fee_shift_bps,
                    -100.0,
                    100.0,
                ),
            ],
        )?;
        self.effect.check("scenario.shocks.effect")
    }
}
