//! Where own orders stand in their queues, as far as a strategy can know: from the book and the trades received.

use crate::types::Side;
use crate::types::{Lots, NewOrder, Tick};
use crate::venue::shown::Shown;

#[derive(Debug, Clone, Copy)]
struct Estimate {
    order: NewOrder,
    /// None until its price was among the levels shown.
    ahead: Option<Lots>,
}

/// Estimates for all resting orders. An order joins behind what is displayed; trades at its price move it ahead,
/// and not more can be ahead of it than is displayed. Cancellations are taken to be of those behind it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Estimates {
    sent: Vec<NewOrder>,
    resting: Vec<Estimate>,
}

impl Estimates {
    /// An order was sent that may come to rest.
    pub(crate) fn sent(&mut self, order: NewOrder) {
        self.sent.push(order);
    }

    /// An order is at the market; those that were sent before it and have not come to rest never will.
    pub(crate) fn placed(&mut self, id: u64) {
        let order = self.sent.iter().find(|o| o.id == id).copied();
        self.resting
            .extend(order.map(|order| Estimate { order, ahead: None }));
        self.sent.retain(|o| o.id > id);
    }

    /// Lots of an order were filled, so that nothing is ahead of it.
    pub(crate) fn filled(&mut self, id: u64, lots: Lots) {
        for e in self.resting.iter_mut().filter(|e| e.order.id == id) {
            e.order.lots -= lots;
            e.ahead = Some(0);
        }
        self.resting.retain(|e| e.order.lots > 0);
    }

    /// An order of ours has so many lots left.
    pub(crate) fn left(&mut self, id: u64, lots: Lots) {
        for e in self.resting.iter_mut().filter(|e| e.order.id == id) {
            e.order.lots = lots;
        }
    }

    /// An order is no longer at the market.
    pub(crate) fn ended(&mut self, id: u64) {
        self.resting.retain(|e| e.order.id != id);
    }

    /// A newer book and the trades before it were received.
    pub(crate) fn see(&mut self, shown: &Shown, levels: usize) {
        for e in &mut self.resting {
            let (side, tick): (Side, Tick) = (e.order.side, e.order.tick);
            let most = shown.at(side, tick, levels);
            let left = e.ahead.map(|lots| (lots - shown.traded(side, tick)).max(0));
            e.ahead = match (left, most) {
                (Some(left), Some(most)) => Some(left.min(most)),
                (left, most) => left.or(most),
            };
        }
    }

    /// Lots ahead of an order; None where that is not known.
    pub(crate) fn ahead(&self, id: u64) -> Option<Lots> {
        self.resting.iter().find(|e| e.order.id == id)?.ahead
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::venue::shown::Print;

    #[test]
    fn trades_and_the_displayed_quantity_move_an_order_ahead() {
        let mut estimates = Estimates::default();
        for id in [1, 2] {
            estimates.sent(NewOrder {
                id,
                side: Side::Buy,
                tick: 99,
                lots: 5,
            });
        }
        estimates.placed(2);
        let mut shown = Shown::default();
        shown.levels[0] = vec![(99, 50)];
        estimates.see(&shown, 1);
        assert_eq!((estimates.ahead(1), estimates.ahead(2)), (None, Some(50)));
        shown.prints = vec![
            Print {
                at: 1,
                aggressor: Side::Sell,
                tick: 99,
                lots: 20,
            };
            1
        ];
        shown.levels[0] = vec![(99, 80)];
        estimates.see(&shown, 1);
        assert_eq!(estimates.ahead(2), Some(30));
        shown.prints.clear();
        shown.levels[0] = vec![(99, 7)];
        estimates.see(&shown, 1);
        assert_eq!(estimates.ahead(2), Some(7));
        // Behind the levels shown it stays where it was.
        shown.levels[0] = vec![(100, 7)];
        estimates.see(&shown, 1);
        assert_eq!(estimates.ahead(2), Some(7));
        estimates.filled(2, 2);
        assert_eq!(estimates.ahead(2), Some(0));
        estimates.filled(2, 3);
        assert_eq!(estimates.ahead(2), None);
    }
}
