//! Matching by price and time among other participants' orders and ours.

use crate::book::own::OwnOrders;
use crate::book::resting::RestingOrders;
use crate::types::{Lots, NewOrder, Ns, Side, Tick, VenueFill};
use crate::venue::shown::Print;
use crate::venue::Cancelled;

/// The whole book of a mock market.
#[derive(Debug, Clone)]
pub(crate) struct Matching {
    /// Other participants' orders, bids and asks.
    pub sides: [RestingOrders; 2],
    /// Our orders.
    pub own: OwnOrders,
    /// Mid of the other participants' book in ticks; the last known one where a side is empty.
    pub mid: Option<f64>,
    /// Trades since they were taken last, where they are shown to anybody.
    pub prints: Option<Vec<Print>>,
}

impl Matching {
    /// An empty book.
    pub(crate) fn new() -> Self {
        Matching {
            sides: [
                RestingOrders::new(Side::Buy),
                RestingOrders::new(Side::Sell),
            ],
            own: OwnOrders::default(),
            mid: None,
            prints: None,
        }
    }

    /// Best price of other participants.
    pub(crate) fn others_best(&self, side: Side) -> Option<Tick> {
        self.sides[side.index()].ladder().best()
    }

    /// Best price of all, ours included.
    pub(crate) fn front(&self, side: Side) -> Option<Tick> {
        match (self.others_best(side), self.own.best(side)) {
            (Some(a), Some(b)) => Some(if side.better_by(a, b) > 0 { a } else { b }),
            (a, b) => a.or(b),
        }
    }

    /// Lots at the best price of all, ours included.
    pub(crate) fn front_lots(&self, side: Side) -> Lots {
        let Some(tick) = self.front(side) else {
            return 0;
        };
        let own = self.own.lots_at(side, tick);
        self.sides[side.index()]
            .ladder()
            .get(tick)
            .saturating_add(own)
    }

    /// Update the mid after a change.
    pub(crate) fn note_mid(&mut self) {
        let best = (self.others_best(Side::Buy), self.others_best(Side::Sell));
        if let (Some(bid), Some(ask)) = best {
            self.mid = Some((bid + ask) as f64 * 0.5);
        }
    }

    /// A post-only order of ours; false where it would cross. `seq` is its time priority.
    pub(crate) fn place(&mut self, order: NewOrder, now: Ns, seq: u64) -> bool {
        let crosses = self
            .front(order.side.opposite())
            .is_some_and(|tick| order.side.better_by(order.tick, tick) >= 0);
        if !crosses {
            let ahead = self.sides[order.side.index()].ladder().get(order.tick);
            self.own.add(order, ahead, now, seq);
        }
        !crosses
    }

    /// Cancel an order of ours; None where it is not there.
    pub(crate) fn cancel(&mut self, id: u64) -> Option<Cancelled> {
        self.own.remove(id).map(|own| own.cancelled())
    }

    /// An aggressive order of another participant; returns the lots traded.
    pub(crate) fn aggress(
        &mut self,
        side: Side,
        lots: Lots,
        limit: Tick,
        now: Ns,
        fills: &mut Vec<VenueFill>,
    ) -> Lots {
        let resting = side.opposite();
        let stamp = (now, self.mid.unwrap_or(limit as f64));
        let mut left = lots;
        while left > 0 {
            let Some((tick, traded)) = self.step(resting, left, limit, stamp, fills) else {
                break;
            };
            self.print(now, side, tick, traded);
            left -= traded;
        }
        lots - left
    }

    /// A limit order of another participant trades with those of ours that nobody else stands before; returns the
    /// lots traded.
    pub(crate) fn meet(
        &mut self,
        side: Side,
        lots: Lots,
        limit: Tick,
        now: Ns,
        fills: &mut Vec<VenueFill>,
    ) -> Lots {
        let resting = side.opposite();
        let stamp = (now, self.mid.unwrap_or(limit as f64));
        let others = self.others_best(resting);
        let least = self.own.least_beyond();
        let is_met = |ours: &Tick| {
            resting.better_by(*ours, limit) >= least
                && others.is_none_or(|others| resting.better_by(*ours, others) > 0)
        };
        let mut left = lots;
        while let Some(ours) = self.own.best(resting).filter(is_met).filter(|_| left > 0) {
            let traded = self.own.fill_passed(resting, ours, left, stamp, fills);
            self.print(now, side, ours, traded);
            left -= traded;
        }
        lots - left
    }

    /// An immediate-or-cancel order of ours against other participants' orders; returns the lots traded.
    pub(crate) fn take(
        &mut self,
        side: Side,
        lots: Lots,
        limit: Tick,
        now: Ns,
        fills: &mut Vec<VenueFill>,
    ) -> Lots {
        let resting = side.opposite();
        let mid = self.mid.unwrap_or(limit as f64);
        let mut left = lots;
        while left > 0 {
            let best = self.others_best(resting);
            let Some(tick) = best.filter(|t| side.better_by(limit, *t) >= 0) else {
                break;
            };
            let traded = self.sides[resting.index()].consume(tick, left);
            if traded == 0 {
                break;
            }
            self.own.others_traded(resting, tick, traded);
            self.print(now, side, tick, traded);
            left -= traded;
            fills.push(VenueFill {
                ts: now,
                id: None,
                side,
                tick,
                lots: traded,
                left,
                placed_at: now,
                ahead_at_placement: 0,
                mid,
                fee_shift_bps: 0.0,
            });
        }
        self.note_mid();
        lots - left
    }

    /// Other participants' orders of a side move by a factor on their prices, as those who see a trade requote.
    pub(crate) fn follow(&mut self, side: Side, factor: f64, seq: &mut u64) {
        let own = &mut self.own;
        self.sides[side.index()].reprice(factor, seq, |left| {
            own.others_left(side, left.tick, left.lots, left.seq);
        });
        self.note_mid();
    }

    /// Write a trade down for the feed; what one order does at one price is one trade.
    fn print(&mut self, at: Ns, aggressor: Side, tick: Tick, lots: Lots) {
        let Some(prints) = &mut self.prints else {
            return;
        };
        match prints.last_mut() {
            Some(last) if (last.at, last.aggressor, last.tick) == (at, aggressor, tick) => {
                last.lots += lots;
            }
            _ => prints.push(Print {
                at,
                aggressor,
                tick,
                lots,
            }),
        }
    }

    /// Trade at the best price up to `limit` at which somebody can be filled; the price and the lots traded.
    fn step(
        &mut self,
        resting: Side,
        lots: Lots,
        limit: Tick,
        stamp: (Ns, f64),
        fills: &mut Vec<VenueFill>,
    ) -> Option<(Tick, Lots)> {
        let reached = |tick: &Tick| resting.better_by(*tick, limit) >= 0;
        let others = self.others_best(resting).filter(reached);
        let ours = self
            .own
            .best(resting)
            .filter(reached)
            .filter(|ours| others.is_none_or(|others| resting.better_by(*ours, others) > 0));
        let (tick, traded) = match (ours, others) {
            // Nobody else is at this price, and some who are beyond it will trade.
            (Some(ours), Some(_)) => (
                ours,
                self.own.fill_passed(resting, ours, lots, stamp, fills),
            ),
            (Some(ours), None) => (ours, self.own.fill_front(resting, ours, lots, stamp, fills)),
            (None, others) => (others?, self.trade_at(resting, others?, lots, stamp, fills)),
        };
        (traded > 0).then_some((tick, traded))
    }

    /// Trade at one price in order of time; returns the lots traded, 0 only where nothing is there.
    fn trade_at(
        &mut self,
        side: Side,
        tick: Tick,
        lots: Lots,
        stamp: (Ns, f64),
        fills: &mut Vec<VenueFill>,
    ) -> Lots {
        let ahead = self.own.least_ahead(side, tick).unwrap_or(Lots::MAX);
        if ahead > 0 {
            let traded = self.sides[side.index()].consume(tick, lots.min(ahead));
            self.own.others_traded(side, tick, traded);
            if traded > 0 {
                return traded;
            }
        }
        self.own.fill_front(side, tick, lots, stamp, fills)
    }
}

impl Default for Matching {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
#[path = "matching_tests.rs"]
mod tests;
