//! What tests and benchmarks run on: sample specs, and parts of the market that are private otherwise.

use serde_json::{json, Value};

use crate::error::MarketError;
use crate::session::market::Market;

pub use crate::book::ladder::Ladder;
#[cfg(test)]
use crate::scenario::Scenario;

/// A quiet scenario with one shock and one kind of window.
pub fn scenario_json() -> Value {
    json!({
        "schema_version": 1, "name": "sample",
        "instrument": {"tick_size": 0.01, "lot_size": 0.001, "start_price": 2000.0},
        "fair": {"vol_bps": 0.5, "drift_bps_per_hour": 0.0, "tail_df": 5.0, "garch_alpha": 0.03,
                 "garch_half_life_s": 60.0, "jumps_per_hour": 60.0, "jump_sd_bps": 2.5},
        "book": {"orders": 400, "touch_bps": 2.4, "scale_bps": 5.0, "max_distance_bps": 60.0,
                 "order_notional": 1600.0, "order_log_sd": 0.7, "stale_share": 0.5, "stale_ratio": 0.8,
                 "depth_log_sd": 0.3, "depth_half_life_s": 2.0},
        "flow": {"limit_rate_per_s": 900.0, "market_rate_per_s": 20.0, "market_notional": 500.0,
                 "size_tail": 1.6, "size_cap": 50.0, "metaorder_share": 0.5, "metaorder_tail": 1.5,
                 "metaorder_max": 30, "informed_share": 0.2, "reservation_bps": 1.5,
                 "pick_rate_per_s": 10.0, "pick_margin_bps": 0.3, "pick_notional": 3000.0},
        "latency": {"feed_interval_ms": 10.0,
            "feed": {"median_ms": 4.0, "log_sd": 0.5, "spike_probability": 0.01, "spike_ms": 20.0,
                     "spike_tail": 2.0, "max_ms": 400.0},
            "order": {"median_ms": 5.0, "log_sd": 0.4, "spike_probability": 0.02, "spike_ms": 50.0,
                      "spike_tail": 1.5, "max_ms": 500.0}},
        "windows": [{"label": "burst", "gap_s": [20.0, 40.0], "length_s": [5.0, 10.0], "ramp_s": 1.0,
                     "effect": {"volatility": 4.0, "trading": 4.0, "depth": 0.3, "flicker": 5.0}}],
        "shocks": [{"label": "fall", "at_s": 30.0, "length_s": 10.0, "ramp_s": 2.0, "move_bps": -200.0,
                    "recovery_share": 0.5, "recovery_half_life_s": 60.0, "effect_half_life_s": 10.0,
                    "effect": {"spread": 5.0}}]
    })
}

/// The same, parsed.
#[cfg(test)]
pub(crate) fn scenario() -> Scenario {
    serde_json::from_value(scenario_json()).expect("the sample scenario is valid")
}

/// Parameters, maker settings and fees.
pub fn maker_json() -> Value {
    json!({
        "parameters": {"min_interval_ms": 60.0, "replace_rate_per_min": 280.0,
            "base_spread_bps_delta": 0.14, "impact_cap_ratio": 0.1, "max_delta_ratio": 0.14,
            "tail_age_ms": 600.0},
        "maker": {"base_half_spread_bps": 2.6, "skew_bps": 3.0, "requote_bps": 0.15, "far_bps": 0.8,
            "ticks_per_bps": 0.0,
            "position_limit_notional": 50000.0, "max_order_notional": 6000.0,
            "min_order_notional": 10.0, "exit_ratio": 0.1, "decision_interval_ms": 10.0,
            "decision_horizon_ms": 500.0, "max_in_flight": 4, "depth_levels": 10,
            "liquidity_memory_ms": 5000.0, "order_latency_ms": 5.0},
        "fees": {"maker_bps": -0.5, "taker_bps": 2.5}
    })
}

/// A market of the sample scenario.
#[cfg(test)]
pub(crate) fn market(seed: u64) -> Market {
    Market::new(&scenario_json().to_string(), seed).expect("the sample scenario is valid")
}

/// A whole iteration: the scenario, the seed, and the spec of [`crate::Simulation`].
pub fn simulate_json(seed: u64, start_ms: f64, duration_ms: f64) -> Value {
    let mut spec = maker_json();
    spec["scenario"] = scenario_json();
    spec["seed"] = json!(seed);
    spec["start_ms"] = json!(start_ms);
    spec["duration_ms"] = json!(duration_ms);
    spec["record_fills"] = json!(true);
    spec
}

/// The market of a whole iteration, and the spec that it is asked with.
///
/// # Errors
/// See [`Market::new`].
pub fn market_and_spec(whole: &Value) -> Result<(Market, String), MarketError> {
    let mut spec = whole.clone();
    let keys = spec.as_object_mut().expect("an iteration is an object");
    let scenario = keys.remove("scenario").expect("it has a scenario");
    let seed = keys.remove("seed").and_then(|seed| seed.as_u64());
    let market = Market::new(&scenario.to_string(), seed.expect("it has a seed"))?;
    Ok((market, spec.to_string()))
}
