//! Our own orders as they stand at the market, with their place in the queue.

use crate::book::chance::{Lot, Place};
use crate::book::fills::{FillModel, UNKNOWN};
use crate::book::ladder::Ladder;
use crate::types::{Lots, NewOrder, Ns, Side, Tick, VenueFill};
use crate::venue::Cancelled;

/// One of our orders at the market.
#[derive(Debug, Clone)]
pub(crate) struct OwnOrder {
    pub order: NewOrder,
    /// Lots of other participants that trade before us at this price.
    pub ahead: Lots,
    pub ahead_at_placement: Lots,
    /// Estimate of the same, for models by a law alone.
    pub place: Place,
    pub placed_at: Ns,
    /// Time priority among other participants' orders.
    pub seq: u64,
}

impl OwnOrder {
    /// What is said of it once it was cancelled.
    pub(crate) fn cancelled(&self) -> Cancelled {
        Cancelled {
            placed_at: self.placed_at,
            side: self.order.side,
        }
    }

    /// So many `lots` are displayed at its price.
    fn cap(&mut self, lots: Lots, model: FillModel, lot: Lot) {
        if model.gains_by_cancels() {
            self.ahead = self.ahead.min(lots);
        }
        if let Some(law) = model.law() {
            self.place.show(law, lot.of(lots));
        }
        if self.ahead_at_placement == UNKNOWN {
            self.ahead_at_placement = lots;
            self.ahead = self.ahead.min(model.behind(lots));
            self.place = Place::after(lot.of(lots));
        }
    }
}

/// All of them; a handful at most.
#[derive(Debug, Clone)]
pub(crate) struct OwnOrders {
    orders: Vec<OwnOrder>,
    model: FillModel,
    /// Ticks beyond a price at which the other side fills an order there; of the model, asked for at every row.
    least_beyond: Tick,
    lot: Lot,
    /// What is known of each side without a look at the orders.
    known: [Known; 2],
}

impl Default for OwnOrders {
    fn default() -> Self {
        OwnOrders {
            orders: Vec::new(),
            model: FillModel::default(),
            least_beyond: FillModel::default().least_beyond(),
            lot: Lot::new(1.0),
            known: Default::default(),
        }
    }
}

/// The best price of a side, and where there may be orders: a bit for each remainder of a price by 64.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    best: Option<Tick>,
    places: u64,
}

impl Known {
    fn of(side: Side, orders: &[OwnOrder]) -> Self {
        let mut known = Known::default();
        for own in orders.iter().filter(|o| o.order.side == side) {
            let tick = own.order.tick;
            if known.best.is_none_or(|best| side.better_by(tick, best) > 0) {
                known.best = Some(tick);
            }
            known.places |= place_of(tick);
        }
        known
    }
}

fn place_of(tick: Tick) -> u64 {
    1 << (tick & 63)
}

impl OwnOrders {
    /// Fill by another model from the next order on; a lot is so many base units.
    pub(crate) fn fill_by(&mut self, model: FillModel, lot: f64) {
        self.model = model;
        self.least_beyond = model.least_beyond();
        self.lot = Lot::new(lot);
    }

    /// Ticks beyond a price at which the other side has to be displayed so that an order there is filled.
    #[inline]
    pub(crate) fn least_beyond(&self) -> Tick {
        self.least_beyond
    }

    /// Whether a law says where orders stand.
    pub(crate) fn is_by_law(&self) -> bool {
        self.model.law().is_some()
    }

    /// Put an order at the end of its queue.
    pub(crate) fn add(&mut self, order: NewOrder, ahead: Lots, placed_at: Ns, seq: u64) {
        self.orders.push(OwnOrder {
            order,
            ahead: self.model.behind(ahead),
            ahead_at_placement: ahead,
            place: Place::after(self.lot.of(ahead)),
            placed_at,
            seq,
        });
        self.look();
    }

    /// Go on with an order where it stood in its queue; at most `most` lots are displayed at its price.
    pub(crate) fn restore(&mut self, most: Lots, own: OwnOrder) {
        let ahead = if own.ahead == UNKNOWN {
            self.model.behind(UNKNOWN)
        } else if self.model.gains_by_cancels() {
            own.ahead.min(most)
        } else {
            own.ahead
        };
        self.orders.push(OwnOrder { ahead, ..own });
        self.look();
    }

    /// Say when an order was placed in the first place.
    pub(crate) fn date(&mut self, id: u64, placed_at: Ns) {
        for own in self.orders.iter_mut().filter(|own| own.order.id == id) {
            own.placed_at = placed_at;
        }
    }

    /// Say what was displayed at the price of an order when it was placed.
    pub(crate) fn tell_ahead(&mut self, id: u64, lots: Lots) {
        for own in self.orders.iter_mut().filter(|own| own.order.id == id) {
            own.ahead_at_placement = lots;
        }
    }

    /// All of them, oldest first.
    pub(crate) fn all(&self) -> &[OwnOrder] {
        &self.orders
    }

    /// Recompute after orders were added or removed.
    fn look(&mut self) {
        self.known = Side::BOTH.map(|side| Known::of(side, &self.orders));
    }

    /// Whether an order of ours may stand at a price.
    #[inline]
    fn may_be_at(&self, side: Side, tick: Tick) -> bool {
        self.known[side.index()].places & place_of(tick) != 0
    }

    /// Take an order out.
    pub(crate) fn remove(&mut self, id: u64) -> Option<OwnOrder> {
        let at = self.orders.iter().position(|o| o.order.id == id)?;
        Some(self.take_out(at))
    }

    /// Leave at most `lots` of an order where it stands; what is left of it, None where it is not there.
    pub(crate) fn reduce(&mut self, id: u64, lots: Lots) -> Option<Lots> {
        let own = self.orders.iter_mut().find(|o| o.order.id == id)?;
        own.order.lots = own.order.lots.min(lots);
        Some(own.order.lots)
    }

    fn take_out(&mut self, at: usize) -> OwnOrder {
        let own = self.orders.remove(at);
        self.look();
        own
    }

    /// Best price of ours on a side.
    #[inline]
    pub(crate) fn best(&self, side: Side) -> Option<Tick> {
        self.known[side.index()].best
    }

    /// Best price of ours on a side, and our lots there.
    pub(crate) fn at_best(&self, side: Side) -> Option<(Tick, Lots)> {
        self.best(side).map(|tick| (tick, self.lots_at(side, tick)))
    }

    /// Our lots at a price.
    pub(crate) fn lots_at(&self, side: Side, tick: Tick) -> Lots {
        let there = self.on(side).filter(|own| own.order.tick == tick);
        there.map(|own| own.order.lots).sum()
    }

    /// Our orders on a side, oldest first.
    pub(crate) fn on(&self, side: Side) -> impl Iterator<Item = &OwnOrder> {
        self.orders.iter().filter(move |o| o.order.side == side)
    }

    /// Our orders at one price, oldest first.
    fn at_mut(&mut self, side: Side, tick: Tick) -> impl Iterator<Item = &mut OwnOrder> {
        self.orders
            .iter_mut()
            .filter(move |o| o.order.side == side && o.order.tick == tick)
    }

    /// Others' lots at a price were cancelled; those with a smaller `seq` than ours were ahead of us.
    pub(crate) fn others_left(&mut self, side: Side, tick: Tick, lots: Lots, seq: u64) {
        if !self.model.gains_by_cancels() {
            return;
        }
        for own in self.at_mut(side, tick).filter(|o| seq < o.seq) {
            own.ahead = (own.ahead - lots).max(0);
        }
    }

    /// Others' lots at the front of a queue traded.
    pub(crate) fn others_traded(&mut self, side: Side, tick: Tick, lots: Lots) {
        let model = self.model;
        for own in self.at_mut(side, tick) {
            own.ahead = model.after_trade(own.ahead, lots);
        }
    }

    /// The displayed quantity at a price shrank to `lots`: not more can be ahead of us.
    #[inline]
    pub(crate) fn cap_ahead(&mut self, side: Side, tick: Tick, lots: Lots) {
        if !self.may_be_at(side, tick) {
            return;
        }
        let (model, lot) = (self.model, self.lot);
        for own in self.at_mut(side, tick) {
            own.cap(lots, model, lot);
        }
    }

    /// A side is displayed anew: at no price can more be ahead of us than is displayed there.
    pub(crate) fn cap_to(&mut self, side: Side, displayed: &Ladder) {
        for own in self.orders.iter_mut().filter(|o| o.order.side == side) {
            own.cap(displayed.get(own.order.tick), self.model, self.lot);
        }
    }

    /// A side was cleared: no more is displayed than what is left of it.
    pub(crate) fn forget(&mut self, side: Side, displayed: &Ladder) {
        for own in self.orders.iter_mut().filter(|o| o.order.side == side) {
            let left = self.lot.of(displayed.get(own.order.tick));
            own.place.forget_above(left);
        }
    }

    /// Others trade at a price, where a law says whose turn it is: fill what the trade leaves to ours.
    pub(crate) fn trade_by_law(
        &mut self,
        side: Side,
        tick: Tick,
        lots: Lots,
        stamp: (Ns, f64),
        fills: &mut Vec<VenueFill>,
    ) {
        let (lot, mut left, mut at) = (self.lot, lots, 0);
        while at < self.orders.len() {
            let own = &mut self.orders[at];
            if own.order.side != side || own.order.tick != tick {
                at += 1;
                continue;
            }
            let turn = own.place.trade(lots, lot).min(left);
            if turn == 0 {
                at += 1;
                continue;
            }
            own.place.lead();
            let full = own.order.lots <= turn;
            left -= self.fill(at, turn, stamp, fills);
            // A full order has left the list.
            at += usize::from(!full);
        }
    }

    /// Fill the first order at a price, if nothing is ahead of it, by at most `lots`; returns the lots filled.
    pub(crate) fn fill_front(
        &mut self,
        side: Side,
        tick: Tick,
        lots: Lots,
        (ts, mid): (Ns, f64),
        fills: &mut Vec<VenueFill>,
    ) -> Lots {
        let turn = |o: &OwnOrder| o.order.side == side && o.order.tick == tick && o.ahead == 0;
        match self.orders.iter().position(turn).filter(|_| lots > 0) {
            Some(at) => self.fill(at, lots, (ts, mid), fills),
            None => 0,
        }
    }

    /// Fill the first order at a price, beyond which the market has gone, by at most `lots`; returns the lots
    /// filled.
    pub(crate) fn fill_passed(
        &mut self,
        side: Side,
        tick: Tick,
        lots: Lots,
        stamp: (Ns, f64),
        fills: &mut Vec<VenueFill>,
    ) -> Lots {
        let there = |o: &OwnOrder| o.order.side == side && o.order.tick == tick;
        let Some(at) = self.orders.iter().position(there).filter(|_| lots > 0) else {
            return 0;
        };
        if self.orders[at].ahead_at_placement == UNKNOWN {
            self.orders[at].ahead_at_placement = 0;
        }
        self.fill(at, lots, stamp, fills)
    }

    fn fill(
        &mut self,
        at: usize,
        lots: Lots,
        (ts, mid): (Ns, f64),
        fills: &mut Vec<VenueFill>,
    ) -> Lots {
        let own = &mut self.orders[at];
        let (side, tick) = (own.order.side, own.order.tick);
        let take = own.order.lots.min(lots);
        own.order.lots -= take;
        fills.push(VenueFill {
            ts,
            id: Some(own.order.id),
            side,
            tick,
            lots: take,
            left: own.order.lots,
            placed_at: own.placed_at,
            ahead_at_placement: own.ahead_at_placement,
            mid,
            fee_shift_bps: 0.0,
        });
        if own.order.lots == 0 {
            self.take_out(at);
        }
        take
    }

    /// Smallest quantity ahead of ours at a price; None where we are not there.
    pub(crate) fn least_ahead(&self, side: Side, tick: Tick) -> Option<Lots> {
        self.on(side)
            .filter(|o| o.order.tick == tick)
            .map(|o| o.ahead)
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(lots: Lots, ahead: Lots) -> OwnOrders {
        let mut own = OwnOrders::default();
        let order = NewOrder {
            id: 1,
            side: Side::Buy,
            tick: 5,
            lots,
        };
        own.add(order, ahead, 0, 100);
        own
    }

    proptest! {
        #[test]
        fn queue_position_never_grows_and_never_turns_negative(
            start in 0i64..50,
            steps in prop::collection::vec((0u8..3, 0i64..20, 0u64..200), 1..50),
        ) {
            let mut own = one(10, start);
            let mut last = start;
            for (kind, lots, seq) in steps {
                match kind {
                    0 => own.others_left(Side::Buy, 5, lots, seq),
                    1 => own.others_traded(Side::Buy, 5, lots),
                    _ => own.cap_ahead(Side::Buy, 5, lots),
                }
                let now = own.least_ahead(Side::Buy, 5).unwrap_or(-1);
                prop_assert!(0 <= now && now <= last);
                last = now;
            }
        }
    }

    #[test]
    fn nobody_is_filled_before_his_turn() {
        let mut own = one(10, 3);
        let mut fills = Vec::new();
        assert_eq!(own.fill_front(Side::Buy, 5, 4, (1, 5.5), &mut fills), 0);
        own.others_left(Side::Buy, 5, 9, 200);
        assert_eq!(own.least_ahead(Side::Buy, 5), Some(3));
        own.others_traded(Side::Buy, 5, 3);
        assert_eq!(own.fill_front(Side::Buy, 5, 0, (1, 5.5), &mut fills), 0);
        assert_eq!(own.fill_front(Side::Buy, 5, 4, (1, 5.5), &mut fills), 4);
        assert_eq!(own.fill_front(Side::Buy, 5, 40, (2, 5.5), &mut fills), 6);
        let left: Vec<Lots> = fills.iter().map(|f| f.left).collect();
        assert_eq!(left, [6, 0]);
        assert_eq!(own.best(Side::Buy), None);
    }
}
