//! What our orders do among those of the others.

use crate::scenario::Contract;
use crate::types::{Lots, NewOrder, Ns, Side, Tick, VenueFill};
use crate::venue::participants::Participants;

impl Participants {
    /// A post-only order of ours; false where it would cross.
    pub(crate) fn place(&mut self, order: NewOrder, now: Ns) -> bool {
        self.seq += 1;
        let placed = self.book.place(order, now, self.seq);
        let shown = self.published.as_ref();
        // What is told of its place is what was seen there; what traded since was not.
        if let Some(lots) = shown.and_then(|s| s.at(order.side, order.tick, self.levels)) {
            self.book.own.tell_ahead(order.id, lots);
        }
        placed
    }

    /// An immediate-or-cancel order of ours. It trades in parts of typical size: others learn from each, and what
    /// is left on the side that it hits follows before the next one comes. It sets off no orders of others: what
    /// looks like one order that sets off the next is one participant's order that is cut (Toth, Palit, Lillo and
    /// Farmer 2015), and ours is cut by ourselves.
    pub(crate) fn take(
        &mut self,
        side: Side,
        lots: Lots,
        limit: Tick,
        now: Ns,
        fills: &mut Vec<VenueFill>,
    ) {
        let (part, price) = (self.part(), self.notional(1));
        let mut left = lots;
        while left > 0 {
            let (asked, from) = (part.min(left), fills.len());
            let traded = self.book.take(side, asked, limit, now, fills);
            if traded == 0 {
                break;
            }
            for fill in &mut fills[from..] {
                fill.left += left - asked;
            }
            left -= traded;
            let notional = traded as f64 * price;
            let moved = self.value.part(side, notional);
            self.book.follow(side.opposite(), moved, &mut self.seq);
            if traded < asked {
                break;
            }
        }
        self.trades += u64::from(left < lots);
    }

    /// What closing lots of ours brings or costs at once, which the resting orders of a side meet: as lots of
    /// the contract count in ticks, None where they do not hold as much. It is what [`Participants::take`] does, prices not rounded.
    pub(crate) fn proceeds(&self, resting: Side, lots: Lots, contract: &Contract) -> Option<f64> {
        let ladder = self.book.sides[resting.index()].ladder();
        let (part, price) = (self.part(), self.notional(1));
        let mut value = self.value.clone();
        let (mut done, mut walked, mut worth, mut factor) = (0, 0.0, 0.0, 1.0);
        while done < lots {
            let traded = part.min(lots - done);
            done += traded;
            let reached = ladder.walk(done, |tick| contract.in_ticks(tick))?;
            worth += (reached - walked) * factor;
            walked = reached;
            let moved = value.part(resting.opposite(), traded as f64 * price);
            factor *= contract.follows(moved);
        }
        Some(worth)
    }

    /// Lots of a typical trade.
    fn part(&self) -> Lots {
        ((self.value.typical_notional() / self.notional(1)) as Lots).max(1)
    }
}
