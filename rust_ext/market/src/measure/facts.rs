//! What a report says of the market.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::scenario::Contract;
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
    /// What a unit of quantity is; None where it is one of the base currency.
    pub contract: Option<Contract>,
    #[serde(flatten)]
    pub quality: Option<Quality>,
}
