//! Validation of a scenario: every number within the range that its field documents.

use crate::scenario::events::{RandomWindow, Regime, Seasonality, Shock};
use crate::scenario::{BookProfile, Fair, Flow, Hawkes, Instrument, Lag, Latency, Scenario};
use crate::types::check::{all, count, in_range, label, CheckResult, RangeError};
use crate::types::json::JsonError;

/// Why a scenario is not accepted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ScenarioError {
    /// It is no JSON of this form.
    #[error("the scenario is not accepted: {0}")]
    Json(#[from] JsonError),
    /// A number or text is out of range.
    #[error(transparent)]
    Range(#[from] RangeError),
    /// A regime that none can follow.
    #[error(
        "scenario.regimes: nothing can follow {0:?}; expected another regime of a weight above 0"
    )]
    LastRegime(String),
}

impl Scenario {
    /// Check all fields; the error names the key and the accepted range.
    pub fn check(&self) -> Result<(), ScenarioError> {
        count(
            "scenario.schema_version",
            u64::from(self.schema_version),
            1,
            1,
        )?;
        label("scenario.name", &self.name)?;
        count(
            "number of scenario.windows",
            self.windows.len() as u64,
            0,
            8,
        )?;
        count("number of scenario.shocks", self.shocks.len() as u64, 0, 32)?;
        count(
            "number of scenario.regimes",
            self.regimes.len() as u64,
            0,
            8,
        )?;
        self.instrument.check()?;
        self.fair.check()?;
        self.book.check()?;
        self.flow.check()?;
        self.impact.check()?;
        self.latency.check()?;
        self.check_regimes()?;
        self.seasonality
            .as_ref()
            .map_or(Ok(()), Seasonality::check)?;
        self.windows.iter().try_for_each(RandomWindow::check)?;
        self.shocks.iter().try_for_each(Shock::check)?;
        Ok(())
    }

    /// Every regime must have one that can follow it.
    fn check_regimes(&self) -> Result<(), ScenarioError> {
        self.regimes.iter().try_for_each(Regime::check)?;
        for (i, regime) in self.regimes.iter().enumerate() {
            let mut others = self.regimes.iter().enumerate().filter(|(j, _)| *j != i);
            if self.regimes.len() > 1 && others.all(|(_, other)| other.weight <= 0.0) {
                return Err(ScenarioError::LastRegime(regime.label.clone()));
            }
        }
        Ok(())
    }
}

impl Instrument {
    fn check(&self) -> CheckResult {
        let key = "scenario.instrument";
        let price = self.start_price;
        in_range(&format!("{key}.start_price"), price, 1e-6, 1e9)?;
        all(
            key,
            &[
                ("tick_size", self.tick_size, 1e-6 * price, 1e-4 * price),
                ("lot_size", self.lot_size, 1e-6 / price, 100.0 / price),
            ],
        )
    }
}

impl Fair {
    fn check(&self) -> CheckResult {
        all(
            "scenario.fair",
            &[
                ("vol_bps", self.vol_bps, 0.0, 50.0),
                ("drift_bps_per_hour", self.drift_bps_per_hour, -500.0, 500.0),
                ("tail_df", self.tail_df, 2.1, 1000.0),
                ("garch_alpha", self.garch_alpha, 0.0, 0.3),
                ("garch_half_life_s", self.garch_half_life_s, 1.0, 3600.0),
                ("jumps_per_hour", self.jumps_per_hour, 0.0, 3600.0),
                ("jump_mean_bps", self.jump_mean_bps, -100.0, 100.0),
                ("jump_sd_bps", self.jump_sd_bps, 0.0, 100.0),
                ("transient_bps", self.transient_bps, 0.0, 500.0),
                (
                    "transient_half_life_s",
                    self.transient_half_life_s,
                    0.5,
                    86_400.0,
                ),
            ],
        )
    }
}

impl BookProfile {
    fn check(&self) -> CheckResult {
        count("scenario.book.orders", u64::from(self.orders), 20, 20_000)?;
        all(
            "scenario.book",
            &[
                ("touch_bps", self.touch_bps, 0.1, 50.0),
                ("scale_bps", self.scale_bps, 0.1, 50.0),
                ("max_distance_bps", self.max_distance_bps, 10.0, 200.0),
                ("order_notional", self.order_notional, 1.0, 1e7),
                ("order_log_sd", self.order_log_sd, 0.0, 2.0),
                ("stale_share", self.stale_share, 0.0, 1.0),
                ("stale_ratio", self.stale_ratio, 0.0, 1.0),
                ("depth_log_sd", self.depth_log_sd, 0.0, 2.0),
                ("depth_half_life_s", self.depth_half_life_s, 0.1, 3600.0),
                ("spread_log_sd", self.spread_log_sd, 0.0, 2.0),
                ("spread_half_life_s", self.spread_half_life_s, 0.1, 3600.0),
                ("arrival_crowding", self.arrival_crowding, 0.0, 10.0),
                ("cancel_crowding", self.cancel_crowding, 0.0, 10.0),
            ],
        )
    }
}

impl Flow {
    fn check(&self) -> CheckResult {
        count(
            "scenario.flow.metaorder_max",
            u64::from(self.metaorder_max),
            1,
            10_000,
        )?;
        self.hawkes.as_ref().map_or(Ok(()), Hawkes::check)?;
        all(
            "scenario.flow",
            &[
                ("limit_rate_per_s", self.limit_rate_per_s, 10.0, 20_000.0),
                ("limit_follow", self.limit_follow, 0.0, 1.0),
                ("imbalance_pull", self.imbalance_pull, 0.0, 5.0),
                ("market_rate_per_s", self.market_rate_per_s, 0.0, 1000.0),
                ("market_notional", self.market_notional, 1.0, 1e7),
                ("size_tail", self.size_tail, 1.05, 10.0),
                ("size_cap", self.size_cap, 1.0, 1000.0),
                ("metaorder_share", self.metaorder_share, 0.0, 1.0),
                ("metaorder_tail", self.metaorder_tail, 1.05, 10.0),
                ("informed_share", self.informed_share, 0.0, 1.0),
                ("reservation_bps", self.reservation_bps, 0.05, 100.0),
                ("pick_rate_per_s", self.pick_rate_per_s, 0.0, 1000.0),
                ("pick_margin_bps", self.pick_margin_bps, 0.0, 50.0),
                ("pick_notional", self.pick_notional, 1.0, 1e7),
            ],
        )
    }
}

impl Hawkes {
    fn check(&self) -> CheckResult {
        let key = "scenario.flow.hawkes";
        in_range(&format!("{key}.branching"), self.branching, 0.0, 0.95)?;
        in_range(&format!("{key}.cross_share"), self.cross_share, 0.0, 1.0)?;
        let exponentials = self.half_lives_s.len() as u64;
        count(&format!("number of {key}.half_lives_s"), exponentials, 1, 3)?;
        let weights = self.weights.len() as u64;
        count(
            &format!("number of {key}.weights"),
            weights,
            exponentials,
            exponentials,
        )?;
        for (half_life, weight) in self.half_lives_s.iter().zip(&self.weights) {
            in_range(&format!("{key}.half_lives_s"), *half_life, 1e-3, 3600.0)?;
            in_range(&format!("{key}.weights"), *weight, 1e-3, 1000.0)?;
        }
        Ok(())
    }
}

impl Latency {
    fn check(&self) -> CheckResult {
        in_range(
            "scenario.latency.feed_interval_ms",
            self.feed_interval_ms,
            1.0,
            1000.0,
        )?;
        self.feed.check("scenario.latency.feed")?;
        self.order.check("scenario.latency.order")
    }
}

impl Lag {
    fn check(&self, prefix: &str) -> CheckResult {
        all(
            prefix,
            &[
                ("median_ms", self.median_ms, 0.0, 1000.0),
                ("log_sd", self.log_sd, 0.0, 2.0),
                ("spike_probability", self.spike_probability, 0.0, 1.0),
                ("spike_ms", self.spike_ms, 0.0, 10_000.0),
                ("spike_tail", self.spike_tail, 0.5, 10.0),
                ("max_ms", self.max_ms, 0.0, 60_000.0),
            ],
        )
    }
}
