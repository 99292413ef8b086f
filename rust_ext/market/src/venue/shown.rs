//! What a feed shows beside the best prices: the levels of both sides, and trades.

use crate::book::ladder::Ladder;
use crate::types::{Lots, Ns, Side, Tick};

/// A trade as a feed tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Print {
    pub at: Ns,
    pub aggressor: Side,
    pub tick: Tick,
    pub lots: Lots,
}

/// Levels as they stand, best first, and the trades since they were taken last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    pub levels: [Vec<(Tick, Lots)>; 2],
    pub prints: Vec<Print>,
    /// Changes whenever the levels may have.
    pub version: u64,
}

impl Shown {
    /// The best `levels` of two sides.
    pub(crate) fn of(sides: [&Ladder; 2], levels: usize) -> Self {
        let mut shown = Shown::default();
        shown.look(sides, levels);
        shown
    }

    /// Take in levels anew.
    pub(crate) fn look(&mut self, sides: [&Ladder; 2], levels: usize) {
        self.version += 1;
        for (side, out) in sides.into_iter().zip(&mut self.levels) {
            out.clear();
            let mut at = side.best();
            while let Some(tick) = at.filter(|_| out.len() < levels) {
                out.push((tick, side.get(tick)));
                at = side.worse_than(tick);
            }
        }
    }

    /// Take in the levels that are shown already.
    pub(crate) fn look_at(&mut self, shown: &Shown) {
        self.version += 1;
        self.levels.clone_from(&shown.levels);
    }

    /// Take over a newer message, and leave it what stood here before.
    pub(crate) fn receive(&mut self, newer: &mut Shown) {
        self.version += 1;
        std::mem::swap(&mut self.levels, &mut newer.levels);
        self.prints.append(&mut newer.prints);
    }

    /// Lots at a price; None where it lies behind the `most` levels that are shown at most.
    pub(crate) fn at(&self, side: Side, tick: Tick, most: usize) -> Option<Lots> {
        let levels = &self.levels[side.index()];
        if let Some((_, lots)) = levels.iter().find(|level| level.0 == tick) {
            return Some(*lots);
        }
        let within = |worst: &(Tick, Lots)| side.better_by(tick, worst.0) > 0;
        (levels.len() < most || levels.last().is_some_and(within)).then_some(0)
    }

    /// Lots that traded at a price against a side.
    pub(crate) fn traded(&self, resting: Side, tick: Tick) -> Lots {
        let hit = |p: &&Print| p.aggressor != resting && p.tick == tick;
        self.prints.iter().filter(hit).map(|p| p.lots).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_behind_the_levels_are_not_known() {
        let mut bids = Ladder::new(Side::Buy);
        for tick in [90, 95, 99] {
            bids.set(tick, tick * 2);
        }
        let asks = Ladder::new(Side::Sell);
        let shown = Shown::of([&bids, &asks], 2);
        assert_eq!(shown.levels[0], [(99, 198), (95, 190)]);
        assert_eq!(shown.at(Side::Buy, 95, 2), Some(190));
        assert_eq!(shown.at(Side::Buy, 97, 2), Some(0));
        assert_eq!(shown.at(Side::Buy, 90, 2), None);
        assert_eq!(shown.at(Side::Sell, 101, 2), Some(0));
    }
}
