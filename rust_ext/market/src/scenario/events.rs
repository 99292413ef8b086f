//! What comes and goes in a scenario: effects, and the regimes, hours, windows and shocks that bring them.

pub(crate) use super::tables::{Effect, Outage, RandomWindow, Regime, Seasonality, Shock, EFFECTS};

impl Outage {
    /// Whether feed and orders are down.
    pub(crate) fn lines(self) -> [bool; 2] {
        [
            matches!(self, Outage::Feed | Outage::Both),
            matches!(self, Outage::Orders | Outage::Both),
        ]
    }
}
