//! How an iteration went over its time: when both sides were quoted, how long a side was without a quote, its
//! worst five minutes, and what was earned while each label was on.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use crate::measure::markouts::Markouts;
use crate::measure::stats::Sample;
use crate::types::{ms_of_ns, Ns, Side};

/// Samples of the market in five minutes, one every 100 ms.
const FIVE_MINUTES: usize = 3000;
/// Name of the time in which no label was on.
pub(crate) const UNLABELLED: &str = "(none)";

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

/// A label that has been on: its bits, and the profit while it was.
#[derive(Debug, Clone)]
struct Labelled {
    name: String,
    bits: u64,
    profit: Option<f64>,
}

/// What is followed while an iteration runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Course {
    live: [u32; 2],
    /// Since when a side has had no order of ours, where it had one before.
    gone: [Option<Ns>; 2],
    both_since: Option<Ns>,
    both: Ns,
    /// How long a side that had an order of ours was without one, ms.
    pub gaps_ms: Vec<f64>,
    profits: VecDeque<f64>,
    worst: Option<f64>,
    labels: Vec<Labelled>,
    unlabelled: Option<f64>,
    on: u64,
    profit_before: f64,
}

impl Course {
    /// Nothing yet; `labels` are those of the market with their bits.
    pub(crate) fn new(labels: Vec<(String, u64)>) -> Self {
        let labelled = |(name, bits)| Labelled {
            name,
            bits,
            profit: None,
        };
        Course {
            labels: labels.into_iter().map(labelled).collect(),
            ..Course::default()
        }
    }

    /// An order of ours is on a side from now on.
    pub(crate) fn placed(&mut self, now: Ns, side: Side) {
        let at = side.index();
        self.live[at] += 1;
        if self.live[at] > 1 {
            return;
        }
        let gap = self.gone[at].take().map(|since| now - since);
        // A replacement in one message leaves no gap.
        self.gaps_ms
            .extend(gap.filter(|gap| *gap > 0).map(ms_of_ns));
        if self.live[1 - at] > 0 {
            self.both_since = Some(now);
        }
    }

    /// An order of ours is no longer on a side.
    pub(crate) fn left(&mut self, now: Ns, side: Side) {
        let at = side.index();
        self.live[at] = self.live[at].saturating_sub(1);
        if self.live[at] == 0 {
            self.gone[at] = Some(now);
            self.both += self.both_since.take().map_or(0, |since| now - since);
        }
    }

    /// For how long both sides were quoted by now, ms.
    pub(crate) fn both_ms(&self, now: Ns) -> f64 {
        ms_of_ns(self.both + self.both_since.map_or(0, |since| now - since))
    }

    /// Note the profit at a sample of the market, and the labels that are on from now on.
    pub(crate) fn sample(&mut self, profit: f64, on: u64) {
        self.profits.push_back(profit);
        if self.profits.len() > FIVE_MINUTES {
            let before = self.profits.pop_front().unwrap_or_default();
            let made = profit - before;
            self.worst = Some(self.worst.map_or(made, |worst| worst.min(made)));
        }
        if on != self.on {
            self.settle(profit);
            self.on = on;
        }
    }

    /// The worst profit over five minutes; None of a shorter iteration.
    pub(crate) fn worst_five_minutes(&self) -> Option<f64> {
        self.worst
    }

    /// Profit by label at the end; labels that were never on are left out. Empty where the market has none.
    pub(crate) fn by_label(&mut self, profit: f64) -> BTreeMap<String, f64> {
        self.settle(profit);
        let all = self.labels.iter();
        let mut found: BTreeMap<String, f64> = all
            .filter_map(|label| Some((label.name.clone(), label.profit?)))
            .collect();
        if let (Some(rest), false) = (self.unlabelled, self.labels.is_empty()) {
            found.insert(UNLABELLED.to_owned(), rest);
        }
        found
    }

    /// What was earned since the labels last changed belongs to those that were on.
    fn settle(&mut self, profit: f64) {
        let made = profit - self.profit_before;
        self.profit_before = profit;
        let on = self.on;
        let mut any = false;
        for label in self.labels.iter_mut().filter(|label| label.bits & on != 0) {
            label.profit = Some(label.profit.unwrap_or_default() + made);
            any = true;
        }
        if !any {
            self.unlabelled = Some(self.unlabelled.unwrap_or_default() + made);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::MS;

    #[test]
    fn both_sides_and_gaps_are_timed_to_the_nanosecond() {
        let mut course = Course::new(Vec::new());
        course.placed(10 * MS, Side::Buy);
        course.placed(20 * MS, Side::Sell);
        assert_eq!(course.both_ms(25 * MS), 5.0);
        // A replacement in one message.
        course.left(30 * MS, Side::Buy);
        course.placed(30 * MS, Side::Buy);
        course.left(50 * MS, Side::Sell);
        assert_eq!(course.both_ms(90 * MS), 30.0);
        course.placed(57 * MS, Side::Sell);
        // A second order on a side changes nothing.
        course.placed(58 * MS, Side::Sell);
        course.left(59 * MS, Side::Sell);
        assert_eq!(course.both_ms(60 * MS), 33.0);
        assert_eq!(course.gaps_ms, [7.0]);
    }

    #[test]
    fn profit_belongs_to_the_labels_that_were_on() {
        let mut course = Course::new(vec![("calm".to_owned(), 1), ("fall".to_owned(), 6)]);
        for (profit, on) in [(0.0, 1), (3.0, 1), (5.0, 3), (1.0, 0), (2.0, 0)] {
            course.sample(profit, on);
        }
        let found = course.by_label(4.0);
        let told = [("(none)", 3.0), ("calm", 1.0), ("fall", -4.0)];
        assert_eq!(found, told.map(|(n, p)| (n.to_owned(), p)).into());
        assert_eq!(Course::new(Vec::new()).by_label(1.0), BTreeMap::new());
    }

    #[test]
    fn the_worst_five_minutes_need_five_minutes() {
        let mut course = Course::new(Vec::new());
        for n in 0..FIVE_MINUTES {
            course.sample(n as f64, 0);
        }
        assert_eq!(course.worst_five_minutes(), None);
        course.sample(FIVE_MINUTES as f64, 0);
        assert_eq!(course.worst_five_minutes(), Some(3000.0));
        course.sample(-50.0, 0);
        assert_eq!(course.worst_five_minutes(), Some(-51.0));
        course.sample(9e9, 0);
        assert_eq!(course.worst_five_minutes(), Some(-51.0));
    }
}
