//! What trades tell, and how fast others learn it.

use serde::Deserialize;

use crate::types::check::{all, CheckResult};

/// How trades move the fair value, and how slowly the quotes of others follow it.
///
/// A trade is a news of size `sqrt(notional / typical_notional)` (concave, as a price impact is: Bouchaud,
/// Farmer and Lillo 2009); what follows net flow in its own direction surprises less, so that a metaorder moves
/// the price by about the square root of its size (Toth et al. 2011). Without this section nothing is learned.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Impact {
    /// Move of fair value by a typical trade that surprises, for good, bps; 0 to 50.
    pub permanent_bps: f64,
    /// Part of the move that comes back, on top, bps; 0 to 50.
    pub transient_bps: f64,
    /// Half-life of that part, s; 0.1 to 3600.
    pub transient_half_life_s: f64,
    /// Notional of a typical trade, quote units; 1 to 1e7.
    pub typical_notional: f64,
    /// A trade that follows a net flow of `n` typical ones of its side moves fair value by
    /// `1 / sqrt(1 + n / saturation)` of what it would else; 0.01 to 1e6.
    pub saturation: f64,
    /// Half-life of net flow, s; 1 to 86400.
    pub memory_half_life_s: f64,
    /// Half-life of the distance between fair value and what the makers among the others believe it to be, s;
    /// 0 to 60. Those who trade on fair value itself are faster (Glosten and Milgrom 1985).
    pub belief_half_life_s: f64,
    /// Share of cancellations on a side threatened by recent flow that go for its best orders, at the most;
    /// 0 to 1 (queue-reactive, Huang, Lehalle and Rosenbaum 2015).
    pub flight: f64,
}

impl Default for Impact {
    fn default() -> Self {
        Impact {
            permanent_bps: 0.0,
            transient_bps: 0.0,
            transient_half_life_s: 10.0,
            typical_notional: 1000.0,
            saturation: 10.0,
            memory_half_life_s: 600.0,
            belief_half_life_s: 0.0,
            flight: 0.0,
        }
    }
}

impl Impact {
    /// Check all fields; the error names the key and the accepted range.
    pub(crate) fn check(&self) -> CheckResult {
        all(
            "scenario.impact",
            &[
                ("permanent_bps", self.permanent_bps, 0.0, 50.0),
                ("transient_bps", self.transient_bps, 0.0, 50.0),
                (
                    "transient_half_life_s",
                    self.transient_half_life_s,
                    0.1,
                    3600.0,
                ),
                ("typical_notional", self.typical_notional, 1.0, 1e7),
                ("saturation", self.saturation, 0.01, 1e6),
                ("memory_half_life_s", self.memory_half_life_s, 1.0, 86_400.0),
                ("belief_half_life_s", self.belief_half_life_s, 0.0, 60.0),
                ("flight", self.flight, 0.0, 1.0),
            ],
        )
    }
}
