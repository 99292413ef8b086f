//! On what terms fills are booked.

use crate::scenario::Contract;
use crate::session::spec::{FeeTier, Fees};

/// Fees, the contract that is traded, and what was traded in iterations before, in quote currency.
#[derive(Debug, Clone)]
pub struct Terms {
    pub fees: Fees,
    pub contract: Contract,
    pub traded: f64,
}

impl Terms {
    /// Fee of a fill once so much was traded in this iteration, bps.
    pub(crate) fn fee_bps(&self, maker: bool, traded: f64) -> f64 {
        let so_far = self.traded + traded;
        let reached = |tier: &&FeeTier| tier.from_notional <= so_far;
        let (maker_bps, taker_bps) = self
            .fees
            .tiers
            .iter()
            .rev()
            .find(reached)
            .map_or((self.fees.maker_bps, self.fees.taker_bps), |tier| {
                (tier.maker_bps, tier.taker_bps)
            });
        if maker {
            maker_bps
        } else {
            taker_bps
        }
    }
}

impl From<Fees> for Terms {
    /// The usual contract, and nothing traded before.
    fn from(fees: Fees) -> Self {
        Terms {
            fees,
            contract: Contract::default(),
            traded: 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_tier_that_is_reached_counts() {
        let tier = |from_notional, maker_bps, taker_bps| FeeTier {
            from_notional,
            maker_bps,
            taker_bps,
        };
        let mut terms = Terms::from(Fees {
            maker_bps: 1.0,
            taker_bps: 5.0,
            tiers: vec![tier(100.0, 0.5, 4.0), tier(1000.0, -0.25, 3.0)],
        });
        assert_eq!(terms.fee_bps(true, 99.0), 1.0);
        assert_eq!(terms.fee_bps(true, 100.0), 0.5);
        assert_eq!(terms.fee_bps(false, 999.0), 4.0);
        terms.traded = 900.0;
        assert_eq!(terms.fee_bps(true, 100.0), -0.25);
    }
}
