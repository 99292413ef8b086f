//! When and on what an iteration ran, and what is held at its end.

use std::collections::BTreeMap;

use crate::session::holdings::Holdings;
use crate::types::Ns;
use crate::venue::quality::Quality;

/// When and on what an iteration ran.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frame {
    pub source: &'static str,
    pub start: Ns,
    pub end: Ns,
    pub events: u64,
    pub trades: u64,
    /// For how long each label was on, ms.
    pub label_ms: BTreeMap<String, f64>,
    pub ended: bool,
    /// Last mid, ticks.
    pub mid: Option<f64>,
    /// What closing the position against the displayed book brings, as lots count in ticks.
    pub proceeds: Option<f64>,
    /// What was found in the data, None where they are no recording's.
    pub quality: Option<Quality>,
    /// What is held but for the position.
    pub holdings: Holdings,
}
