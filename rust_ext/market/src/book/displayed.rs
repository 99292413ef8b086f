//! A displayed book: quantity per price, as a feed of depth rows describes it.
//!
//! A feed may leave a bid at or above an ask. Then the newer side wins, as in hftbacktest: the levels of the
//! older side that it reaches are hidden. They show again once the rows no longer contradict each other, where
//! hftbacktest lets them be forgotten: what is shown is all that the rows say wherever they can all be true.

use std::collections::BTreeMap;

use crate::book::ladder::Ladder;
use crate::types::{Lots, Ns, Side, Tick, View};
use crate::venue::rows::Action;

/// Both sides of a displayed book. They never cross.
#[derive(Debug, Clone)]
pub(crate) struct Displayed {
    sides: [Ladder; 2],
    /// Levels that the newer side has reached.
    hidden: [BTreeMap<Tick, Lots>; 2],
    crossed: bool,
    /// Whether they leave a bid at an ask and none above.
    locked: bool,
    /// Sum of the best prices when the mid was noted last, 0 before.
    sum: Tick,
}

impl Displayed {
    /// An empty book.
    pub(crate) fn new() -> Self {
        Displayed {
            sides: [Ladder::new(Side::Buy), Ladder::new(Side::Sell)],
            hidden: [BTreeMap::new(), BTreeMap::new()],
            crossed: false,
            locked: false,
            sum: 0,
        }
    }

    /// One side.
    pub(crate) fn side(&self, side: Side) -> &Ladder {
        &self.sides[side.index()]
    }

    /// Bids and asks.
    pub(crate) fn sides(&self) -> &[Ladder; 2] {
        &self.sides
    }

    /// What is seen of it at a time, with the lots on so many levels.
    pub(crate) fn view(&self, at: Ns, levels: usize) -> View {
        View {
            at,
            best: [self.sides[0].best(), self.sides[1].best()],
            mid: self.mid(),
            liquidity: [self.sides[0].depth(levels), self.sides[1].depth(levels)],
        }
    }

    /// Whether the rows leave a bid at or above an ask.
    #[inline]
    pub(crate) fn is_crossed(&self) -> bool {
        self.crossed
    }

    /// Whether the rows leave a bid at an ask, and none above.
    pub(crate) fn is_locked(&self) -> bool {
        self.crossed & self.locked
    }

    /// Whether there are bids and asks.
    #[inline]
    pub(crate) fn has_both_sides(&self) -> bool {
        self.sides[0].best().is_some() & self.sides[1].best().is_some()
    }

    /// A row says what stands at a price.
    #[inline]
    pub(crate) fn set(&mut self, side: Side, tick: Tick, lots: Lots) {
        self.sides[side.index()].set(tick, lots);
        let reaches = (lots > 0) & self.sides[1 - side.index()].is_met_by(tick);
        if reaches | self.crossed {
            self.set_crossed(side, tick, reaches);
        }
    }

    /// Take in what a row says; trades change nothing, as depth rows follow them.
    #[inline]
    pub(crate) fn apply(&mut self, action: Action) {
        match action {
            Action::Depth { side, tick, lots } => self.set(side, tick, lots),
            Action::Clear { side, tick } => self.clear(side, tick),
            Action::Trade { .. } | Action::Gap | Action::Other { .. } | Action::OffGrid => {}
        }
    }

    fn clear(&mut self, side: Option<Side>, tick: Option<Tick>) {
        for s in Side::BOTH {
            if side.is_none_or(|only| only == s) {
                self.sides[s.index()].clear_to(tick);
                self.hidden[s.index()]
                    .retain(|at, _| tick.is_some_and(|bound| s.better_by(*at, bound) < 0));
            }
        }
        self.heal();
    }

    #[cold]
    #[inline(never)]
    fn set_crossed(&mut self, side: Side, tick: Tick, reaches: bool) {
        self.hidden[side.index()].remove(&tick);
        let other = 1 - side.index();
        while let Some(at) = self.sides[other].best() {
            if !reaches || side.better_by(tick, at) < 0 {
                break;
            }
            let lots = self.sides[other].get(at);
            self.hidden[other].insert(at, lots);
            self.sides[other].set(at, 0);
        }
        self.heal();
    }

    /// Show what is hidden once no row contradicts another.
    fn heal(&mut self) {
        let [bids, asks] = &self.hidden;
        let bid = self.sides[0]
            .best()
            .max(bids.last_key_value().map(|l| *l.0));
        let ask = [self.sides[1].best(), asks.first_key_value().map(|l| *l.0)];
        let ask = ask.into_iter().flatten().min();
        self.crossed = bid.zip(ask).is_some_and(|(bid, ask)| bid >= ask);
        self.locked = bid == ask;
        if !self.crossed {
            for (ladder, hidden) in self.sides.iter_mut().zip(&mut self.hidden) {
                for (tick, lots) in std::mem::take(hidden) {
                    ladder.set(tick, lots);
                }
            }
        }
    }

    /// Ask minus bid, ticks.
    pub(crate) fn spread(&self) -> Option<Tick> {
        Some(self.side(Side::Sell).best()? - self.side(Side::Buy).best()?)
    }

    /// Mid in ticks when it was last updated; None before the first.
    pub(crate) fn mid(&self) -> Option<f64> {
        (self.sum > 0).then_some(self.sum as f64 * 0.5)
    }

    /// Note the mid, as between the rows of one message a book is neither the old nor the new one. Where a side
    /// is empty the last one stands.
    #[inline]
    pub(crate) fn note_mid(&mut self) {
        if let (Some(bid), Some(ask)) = (self.side(Side::Buy).best(), self.side(Side::Sell).best())
        {
            self.sum = bid + ask;
        }
    }
}

impl Default for Displayed {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn book(rows: &[(Side, Tick, Lots)]) -> Displayed {
        let mut book = Displayed::new();
        for (side, tick, lots) in rows {
            book.set(*side, *tick, *lots);
        }
        book
    }

    #[test]
    fn the_newer_side_wins_and_hidden_levels_show_again() {
        let opening = [
            (Side::Buy, 99, 5),
            (Side::Sell, 101, 5),
            (Side::Sell, 103, 5),
        ];
        let mut crossed = book(&opening);
        crossed.set(Side::Buy, 102, 1);
        assert!(crossed.is_crossed());
        assert_eq!(crossed.side(Side::Sell).best(), Some(103));
        crossed.set(Side::Sell, 101, 4);
        assert_eq!(crossed.side(Side::Buy).best(), Some(99));
        assert!(crossed.is_crossed());
        crossed.set(Side::Buy, 102, 0);
        assert!(!crossed.is_crossed());
        assert_eq!(crossed.side(Side::Sell).get(101), 4);
    }

    proptest! {
        #[test]
        fn what_is_shown_never_crosses_and_is_all_where_nothing_contradicts(
            rows in prop::collection::vec((any::<bool>(), 1i64..12, 0i64..3), 1..80),
        ) {
            let mut shown = Displayed::new();
            let mut said = [BTreeMap::new(), BTreeMap::new()];
            for (buys, tick, lots) in rows {
                let side = if buys { Side::Buy } else { Side::Sell };
                shown.set(side, tick, lots);
                said[side.index()].insert(tick, lots);
                said[side.index()].retain(|_, lots: &mut Lots| *lots > 0);
                let bid = said[0].last_key_value().map(|l| *l.0);
                let ask = said[1].first_key_value().map(|l| *l.0);
                let crossed = bid.zip(ask).is_some_and(|(bid, ask)| bid >= ask);
                prop_assert_eq!(shown.is_crossed(), crossed);
                prop_assert!(shown.spread().is_none_or(|spread| spread > 0));
                if !crossed {
                    prop_assert_eq!(shown.side(Side::Buy).best(), bid);
                    prop_assert_eq!(shown.side(Side::Sell).best(), ask);
                }
                if lots > 0 {
                    prop_assert_eq!(shown.side(side).get(tick), lots);
                }
            }
        }
    }
}
