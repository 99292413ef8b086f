//! An iteration cut into batches of equal market time: what the sampling error of its figures is estimated from.

use serde::Serialize;

use crate::maker::Attempts;
use crate::measure::accounting::Totals;
use crate::measure::limits::BATCHES;
use crate::measure::orders::OrderCounts;
use crate::types::Ns;

/// Kinds of samples: adverse move, slippage, order age, lag of the feed, latency.
pub(crate) const SAMPLES: usize = 5;

/// Everything counted since the iteration began.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Snapshot {
    pub totals: Totals,
    pub orders: OrderCounts,
    pub attempts: Attempts,
    /// Sizes of the samples.
    pub sizes: [usize; SAMPLES],
}

/// What each batch added, by column.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(crate) struct Columns {
    notional: Vec<f64>,
    maker_notional: Vec<f64>,
    gross: Vec<f64>,
    fees: Vec<f64>,
    slippage: Vec<f64>,
    inventory: Vec<f64>,
    funding: Vec<f64>,
    placed: Vec<u64>,
    cancelled: Vec<u64>,
    attempts: Vec<u64>,
    blocked: Vec<u64>,
    risk: Vec<u64>,
}

/// Snapshots at the ends of the batches so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Batches {
    start: Ns,
    length: Ns,
    ends: Vec<Snapshot>,
}

impl Batches {
    /// Batches from `start` to `end`; none where there is nothing between.
    pub(crate) fn new(start: Ns, end: Ns) -> Self {
        Batches {
            start,
            length: (end - start).max(0),
            ends: Vec::new(),
        }
    }

    /// Whether a batch ends at or before `now`; the last one ends with the iteration.
    pub(crate) fn due(&self, now: Ns) -> bool {
        let k = self.ends.len() + 1;
        k < BATCHES && self.length > 0 && now >= self.start + self.length / BATCHES as Ns * k as Ns
    }

    /// End a batch.
    pub(crate) fn take(&mut self, snapshot: Snapshot) {
        self.ends.push(snapshot);
    }

    /// The snapshots with that of the iteration's end; None where the iteration had no length.
    pub(crate) fn closed(&self, end: Snapshot) -> Option<Vec<Snapshot>> {
        let mut ends = self.ends.clone();
        ends.resize(BATCHES, end);
        (self.length > 0).then_some(ends)
    }
}

impl Columns {
    /// Differences between snapshots that follow each other.
    pub(crate) fn of(ends: &[Snapshot]) -> Self {
        let mut columns = Columns::default();
        let mut before = Snapshot::default();
        for &now in ends {
            columns.add(&before, &now);
            before = now;
        }
        columns
    }

    fn add(&mut self, before: &Snapshot, now: &Snapshot) {
        let (b, n) = (&before.totals, &now.totals);
        self.notional.push(n.notional - b.notional);
        self.maker_notional
            .push(n.maker_notional - b.maker_notional);
        self.gross.push(n.gross - b.gross);
        self.fees.push(n.fees - b.fees);
        self.slippage.push(n.slippage - b.slippage);
        self.inventory.push(n.inventory - b.inventory);
        self.funding.push(n.funding - b.funding);
        self.placed.push(now.orders.placed - before.orders.placed);
        self.cancelled
            .push(now.orders.cancelled - before.orders.cancelled);
        let (b, n) = (&before.attempts, &now.attempts);
        self.attempts.push(n.all - b.all);
        self.blocked.push(n.blocked() - b.blocked());
        self.risk.push(n.blocks.risk - b.blocks.risk);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(attempts: u64) -> Snapshot {
        Snapshot {
            attempts: Attempts {
                all: attempts,
                ..Attempts::default()
            },
            ..Snapshot::default()
        }
    }

    #[test]
    fn batches_end_in_time_and_the_last_with_the_iteration() {
        let mut batches = Batches::new(100, 300);
        assert!(!batches.due(109));
        assert!(batches.due(110));
        for k in 1..BATCHES as u64 {
            assert!(batches.due(100 + 10 * k as Ns));
            batches.take(snapshot(k * k));
        }
        assert!(!batches.due(300));
        let ends = batches.closed(snapshot(1000)).expect("it has a length");
        let columns = Columns::of(&ends);
        assert_eq!(columns.attempts.len(), BATCHES);
        assert_eq!(columns.attempts[..3], [1, 3, 5]);
        assert_eq!(columns.attempts.iter().sum::<u64>(), 1000);
        assert!(Batches::new(100, 100).closed(snapshot(0)).is_none());
    }

    #[test]
    fn batches_that_were_never_reached_are_empty() {
        let mut batches = Batches::new(0, 2000);
        batches.take(snapshot(5));
        let columns = Columns::of(&batches.closed(snapshot(7)).expect("it has a length"));
        assert_eq!(columns.attempts[..3], [5, 2, 0]);
    }
}
