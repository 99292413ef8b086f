//! What a report says of the market, and of how the iteration went over its time.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::measure::markouts::Markouts;
use crate::measure::stats::Sample;
use crate::venue::quality::Quality;

/// What the market did, for the report.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct MarketFacts {
    pub start_ms: f64,
    pub end_ms: f64,
    pub events: u64,
    pub trades: u64,
    pub mid_low: Option<f64>,
    pub mid_high: Option<f64>,
    pub spread_bps_mean: Option<f64>,
    /// Labels that were on, sorted.
    pub labels: Vec<String>,
    /// For how long each of them was on, ms.
    pub label_ms: BTreeMap<String, f64>,
    pub ended: bool,
    #[serde(flatten)]
    pub quality: Option<Quality>,
}

/// How the iteration went over its time, for the report.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CourseFacts {
    /// For how long both sides were quoted, ms.
    pub both_sides_ms: f64,
    /// For how long a side that had been quoted was not, ms.
    pub requote_ms: Sample,
    pub markouts: Markouts,
    /// The least that was earned in any five minutes; None of a shorter iteration.
    pub worst_five_minutes: Option<f64>,
    /// What was earned while each label was on; labels that were never on are left out.
    pub label_profit: BTreeMap<String, f64>,
}
