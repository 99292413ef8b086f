//! When funding is paid.

use crate::scenario::Funding;
use crate::types::{Ns, SECOND};

/// Payments at each multiple of an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Payments {
    /// Share of a position's notional that longs pay to shorts.
    pub rate: f64,
    interval: Ns,
    /// Time of the exchange at market time 0.
    epoch: Ns,
}

impl Payments {
    /// Those of a market whose time 0 is this one at the exchange.
    pub(crate) fn new(funding: &Funding, epoch: Ns) -> Self {
        Payments {
            rate: funding.rate,
            interval: (funding.interval_h * 3600.0 * SECOND as f64).round() as Ns,
            epoch,
        }
    }

    /// The first one after a market time; never where nobody pays.
    pub(crate) fn after(&self, time: Ns) -> Ns {
        if self.rate == 0.0 {
            return Ns::MAX;
        }
        let since = self.epoch.saturating_add(time).rem_euclid(self.interval);
        time.saturating_add(self.interval - since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payments_fall_on_multiples_of_the_interval_at_the_exchange() {
        let funding = Funding {
            rate: 1e-4,
            interval_h: 8.0,
        };
        let hour = 3600 * SECOND;
        let payments = Payments::new(&funding, 7 * hour);
        assert_eq!(payments.after(0), hour);
        assert_eq!(payments.after(hour - 1), hour);
        assert_eq!(payments.after(hour), 9 * hour);
        assert_eq!(Payments::new(&funding, -3 * hour).after(0), 3 * hour);
        assert_eq!(Payments::new(&Funding::default(), 0).after(0), Ns::MAX);
    }
}
