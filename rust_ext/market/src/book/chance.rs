//! Where an order stands in a queue of which only the length is known: the models of hftbacktest by probability.
//!
//! A displayed quantity that shrinks by more than was traded was cancelled, ahead of the order or behind it.
//! A law says how likely behind, from the quantities there; the rest of the cancelled quantity was ahead.

use serde::{Deserialize, Serialize};

use crate::types::check::{in_range, CheckResult};

use crate::types::Lots;

/// How likely a cancelled quantity was behind the order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Law {
    /// `f(behind) / (f(behind) + f(ahead))` with `f(x) = ln(1 + x)`: `LogProbQueueFunc`.
    Log,
    /// `f(behind) / f(behind + ahead)` with the same: `LogProbQueueFunc2`.
    LogOfSum,
    /// `f(behind) / (f(behind) + f(ahead))` with `f(x) = x^n`: `PowerProbQueueFunc`.
    Power(f64),
    /// `f(behind) / f(behind + ahead)` with the same: `PowerProbQueueFunc2`.
    PowerOfSum(f64),
    /// `1 - f(ahead / (ahead + behind))` with the same: `PowerProbQueueFunc3`.
    PowerOfShare(f64),
}

impl Law {
    fn behind(self, ahead: f64, behind: f64) -> f64 {
        let ln = |x: f64| (1.0 + x).ln();
        match self {
            Law::Log => ln(behind) / (ln(behind) + ln(ahead)),
            Law::LogOfSum => ln(behind) / ln(behind + ahead),
            Law::Power(n) => behind.powf(n) / (behind.powf(n) + ahead.powf(n)),
            Law::PowerOfSum(n) => behind.powf(n) / (behind + ahead).powf(n),
            Law::PowerOfShare(n) => 1.0 - (ahead / (ahead + behind)).powf(n),
        }
    }
}

/// Lots as quantities in base units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Lot {
    size: f64,
    /// Lots of a base unit, where that is a whole number.
    per_unit: Option<f64>,
}

impl Lot {
    pub(crate) fn new(size: f64) -> Self {
        let per_unit = (1.0 / size).round();
        let is_whole = per_unit >= 1.0 && (per_unit * size - 1.0).abs() < 1e-9;
        Lot {
            size,
            per_unit: is_whole.then_some(per_unit),
        }
    }

    /// So many lots, as the double next to their decimal fraction: the one that a recording holds.
    pub(crate) fn of(self, lots: Lots) -> f64 {
        match self.per_unit {
            Some(per_unit) => lots as f64 / per_unit,
            None => lots as f64 * self.size,
        }
    }
}

/// An order's place in its queue, in base units as the laws are not all free of scale.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    ahead: f64,
    /// Traded since the quantity at the price was last displayed.
    traded: f64,
    displayed: f64,
}

impl Place {
    /// Whether a queue can be like that.
    pub(crate) fn check(&self, key: &str) -> CheckResult {
        for units in [self.ahead, self.traded, self.displayed] {
            in_range(key, units, f64::MIN, f64::MAX)?;
        }
        Ok(())
    }

    /// The end of a queue of this length.
    pub(crate) fn after(displayed: f64) -> Self {
        Place {
            ahead: displayed,
            traded: 0.0,
            displayed,
        }
    }

    /// Not more is known to be displayed than this, after the book was cleared.
    pub(crate) fn forget_above(&mut self, displayed: f64) {
        self.displayed = self.displayed.min(displayed);
    }

    /// Another quantity is displayed at the price.
    pub(crate) fn show(&mut self, law: Law, displayed: f64) {
        let before = std::mem::replace(&mut self.displayed, displayed);
        let cancelled = before - displayed - std::mem::take(&mut self.traded);
        if cancelled >= 0.0 {
            let behind = before - self.ahead;
            let likely = law.behind(self.ahead, behind);
            let likely = if likely.is_infinite() { 1.0 } else { likely };
            // What cannot have been behind, as less stood there, was ahead.
            let beyond = (behind - likely * cancelled).min(0.0);
            self.ahead = self.ahead - (1.0 - likely) * cancelled + beyond;
        }
        // Also where the law is no number: nothing stood anywhere, or less than nothing was left ahead, which
        // has no power of a broken exponent. The order is then the last of its queue, as in hftbacktest.
        self.ahead = self.ahead.min(displayed);
    }

    /// Others trade at the price; lots of the trade that are left for the order.
    pub(crate) fn trade(&mut self, lots: Lots, lot: Lot) -> Lots {
        self.ahead -= lot.of(lots);
        self.traded += lot.of(lots);
        // Less than half a lot is nothing, of what is ahead as of what is left.
        (-self.ahead / lot.size).round().max(0.0) as Lots
    }

    /// The order is filled in part: it is the first of its queue.
    pub(crate) fn lead(&mut self) {
        self.ahead = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LAWS: [Law; 5] = [
        Law::Log,
        Law::LogOfSum,
        Law::Power(2.0),
        Law::PowerOfSum(2.0),
        Law::PowerOfShare(2.0),
    ];

    #[test]
    fn laws_are_those_of_their_formulas() {
        // 3 ahead, 1 behind.
        let expected = [
            2f64.ln() / (2f64.ln() + 4f64.ln()),
            2f64.ln() / 5f64.ln(),
            1.0 / 10.0,
            1.0 / 16.0,
            1.0 - 9.0 / 16.0,
        ];
        for (law, likely) in LAWS.into_iter().zip(expected) {
            assert!((law.behind(3.0, 1.0) - likely).abs() < 1e-15, "{law:?}");
        }
    }

    #[test]
    fn what_was_traded_is_not_taken_for_cancelled() {
        for law in LAWS {
            let mut place = Place::after(4.0);
            assert_eq!(place.trade(1, Lot::new(1.0)), 0);
            place.show(law, 3.0);
            assert_eq!(place.ahead, 3.0, "{law:?}");
            assert_eq!(place.trade(5, Lot::new(1.0)), 2);
        }
    }

    #[test]
    fn an_empty_queue_has_nobody_ahead() {
        for law in LAWS {
            let mut place = Place::after(0.0);
            place.show(law, 0.0);
            assert_eq!(place.ahead, 0.0, "{law:?}");
            assert_eq!(place.trade(2, Lot::new(1.0)), 2);
        }
    }

    proptest! {
        #[test]
        fn a_queue_that_is_displayed_anew_never_grows_ahead(
            start in 0u8..50,
            law in 0usize..5,
            shown in prop::collection::vec(0u8..50, 1..30),
        ) {
            let mut place = Place::after(f64::from(start));
            for quantity in shown {
                let before = place.ahead;
                place.show(LAWS[law], f64::from(quantity));
                prop_assert!(place.ahead <= before.min(f64::from(quantity)) + 1e-9);
                // A law may take more from what is ahead than stands there, as in hftbacktest, and then means
                // nothing any more; the next trade fills the order, by no more than it traded.
                if place.ahead < 0.0 {
                    break;
                }
            }
        }
    }
}
