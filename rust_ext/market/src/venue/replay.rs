//! A recording as a market: others do what they did, our orders wait in the queue and change nothing.
//!
//! An order of ours joins behind the quantity displayed at its price. Trades at its price move the queue and
//! then fill it, at most by what the trade has left; displayed quantity that shrinks below what was ahead
//! caps that. A trade at a worse price fills all that is left of it, as whoever paid that price would have
//! taken ours first; so does a quantity of the other side that is displayed at its price or beyond, as it
//! would have met ours. A trade whose aggressor the recording does not name does nothing.

use crate::book::displayed::Displayed;
use crate::book::own::OwnOrders;
use crate::types::{ns_of_ms, Lots, NewOrder, Ns, Side, Tick, VenueFill, View};
use crate::venue::rows::{Action, RowError, Rows};
use crate::venue::{Cancelled, Venue};

/// A walk along one of the two time axes of a recording.
#[derive(Debug, Clone, Copy)]
struct Cursor {
    row: usize,
    /// Time that has been reached; times never go back.
    at: Ns,
}

/// A recording, from its start on. Time 0 is the first exchange time.
#[derive(Debug, Clone)]
pub(crate) struct ReplayVenue<'a> {
    rows: Rows<'a>,
    zero: Ns,
    last: Ns,
    levels: usize,
    order_delay: Ns,
    exchange: Displayed,
    local: Displayed,
    exchange_cursor: Cursor,
    local_cursor: Cursor,
    lags: Vec<f64>,
    own: OwnOrders,
    now: Ns,
    events: u64,
    trades: u64,
}

impl<'a> ReplayVenue<'a> {
    /// A recording before its first event; None where it holds no exchange event at all.
    pub(crate) fn new(rows: Rows<'a>, levels: usize, order_latency_ms: f64) -> Option<Self> {
        let exchange_time = |row: usize| rows.get(row)?.exchange_time();
        let zero = (0..rows.len()).find_map(exchange_time)?;
        let last = (0..rows.len()).rev().find_map(exchange_time)?;
        let start = Cursor { row: 0, at: 0 };
        Some(ReplayVenue {
            rows,
            zero,
            last: last.saturating_sub(zero).max(0),
            levels,
            order_delay: ns_of_ms(order_latency_ms),
            exchange: Displayed::new(),
            local: Displayed::new(),
            exchange_cursor: start,
            local_cursor: start,
            lags: Vec::new(),
            own: OwnOrders::default(),
            now: 0,
            events: 0,
            trades: 0,
        })
    }

    /// Time of the last exchange event.
    pub(crate) fn last(&self) -> Ns {
        self.last
    }

    /// Build the book towards a time with at most `budget` rows; whether it is reached.
    ///
    /// # Errors
    /// Where a row cannot be used.
    pub(crate) fn build(&mut self, until: Ns, budget: usize) -> Result<bool, RowError> {
        let mut none = Vec::new();
        let done = self.walk_exchange(until, budget, &mut none)?;
        if done {
            self.walk_local(until)?;
            self.lags.clear();
        }
        Ok(done)
    }

    /// Advance to a time with at most `budget` rows; whether it is reached.
    fn walk_exchange(
        &mut self,
        until: Ns,
        budget: usize,
        fills: &mut Vec<VenueFill>,
    ) -> Result<bool, RowError> {
        let stop = self.exchange_cursor.row.saturating_add(budget);
        while let Some(row) = self.rows.get(self.exchange_cursor.row) {
            if self.exchange_cursor.row >= stop {
                return Ok(false);
            }
            if let Some(time) = row.exchange_time() {
                let since = time.saturating_sub(self.zero);
                let before = self.exchange_cursor.at;
                if since.max(before) > until {
                    break;
                }
                if since > before {
                    self.exchange.note_mid();
                    self.exchange_cursor.at = since;
                }
                self.events += 1;
                match self.rows.action(row, self.exchange_cursor.row)? {
                    Action::Depth { side, tick, lots } => self.depth(side, tick, lots, fills),
                    other => self.other(other, fills),
                }
            }
            self.exchange_cursor.row += 1;
        }
        self.exchange.note_mid();
        self.now = until.max(self.now);
        Ok(true)
    }

    /// A quantity that is displayed from now on.
    #[inline]
    fn depth(&mut self, side: Side, tick: Tick, lots: Lots, fills: &mut Vec<VenueFill>) {
        if lots > 0 {
            self.sweep(side.opposite(), tick, 0, fills);
        }
        self.exchange.sides[side.index()].set(tick, lots);
        self.own.cap_ahead(side, tick, lots);
    }

    /// Any other row.
    fn other(&mut self, action: Action, fills: &mut Vec<VenueFill>) {
        if let Action::Trade { side, tick, lots } = action {
            self.trades += 1;
            self.trade(side, tick, lots, fills);
        }
        self.exchange.apply(action);
        if let Action::Clear { side, tick } = action {
            for s in side.map_or(&Side::BOTH[..], |s| &Side::BOTH[s.index()..=s.index()]) {
                self.own.cleared(*s, tick);
            }
        }
    }

    /// A recorded trade: through our price it fills us whole, at our price it moves the queue.
    fn trade(&mut self, side: Option<Side>, tick: Tick, lots: Lots, fills: &mut Vec<VenueFill>) {
        let Some(aggressor) = side else { return };
        let resting = aggressor.opposite();
        self.sweep(resting, tick, 1, fills);
        let stamp = self.stamp(tick);
        let mut left = lots;
        while let Some(ahead) = self.own.least_ahead(resting, tick) {
            let before = ahead.min(left);
            self.own.others_traded(resting, tick, before);
            left -= before;
            let filled = self.own.fill_front(resting, tick, left, stamp, fills);
            left -= filled;
            if left == 0 || filled == 0 {
                break;
            }
        }
    }

    /// Fill our orders on a side whole whose price is better than `tick` by at least `least` ticks.
    #[inline]
    fn sweep(&mut self, resting: Side, tick: Tick, least: Tick, fills: &mut Vec<VenueFill>) {
        let reached = |ours: &Tick| resting.better_by(*ours, tick) >= least;
        while let Some(ours) = self.own.best(resting).filter(reached) {
            let stamp = self.stamp(tick);
            self.own.cap_ahead(resting, ours, 0);
            self.own.fill_front(resting, ours, Lots::MAX, stamp, fills);
        }
    }

    /// Time and mid of a fill by the row in hand.
    fn stamp(&self, tick: Tick) -> (Ns, f64) {
        let mid = self.exchange.mid().unwrap_or(tick as f64);
        (self.exchange_cursor.at, mid)
    }

    fn walk_local(&mut self, until: Ns) -> Result<(), RowError> {
        while let Some(row) = self.rows.get(self.local_cursor.row) {
            if let Some(time) = row.local_time() {
                let since = time.saturating_sub(self.zero);
                let before = self.local_cursor.at;
                if since.max(before) > until {
                    break;
                }
                if since > before {
                    self.local.note_mid();
                    self.local_cursor.at = since;
                }
                self.local
                    .apply(self.rows.action(row, self.local_cursor.row)?);
                self.lags.push(row.lag_ms().max(0.0));
            }
            self.local_cursor.row += 1;
        }
        self.local.note_mid();
        Ok(())
    }
}

impl Venue for ReplayVenue<'_> {
    fn advance(&mut self, until: Ns, fills: &mut Vec<VenueFill>) -> Result<(), RowError> {
        self.walk_exchange(until, usize::MAX, fills)?;
        self.walk_local(until)
    }

    fn place(&mut self, order: NewOrder) -> bool {
        let other = order.side.opposite();
        let limits = [self.exchange.side(other).best(), self.own.best(other)];
        let crosses = |limit: &Tick| order.side.better_by(order.tick, *limit) >= 0;
        if limits.iter().flatten().any(crosses) {
            return false;
        }
        let ahead = self.exchange.side(order.side).get(order.tick);
        self.own.add(order, ahead, self.now, 0);
        true
    }

    fn cancel(&mut self, id: u64) -> Option<Cancelled> {
        let placed_at = self.own.remove(id)?.placed_at;
        Some(Cancelled { placed_at })
    }

    fn take(&mut self, side: Side, lots: Lots, limit: Tick, fills: &mut Vec<VenueFill>) {
        let book = self.exchange.side(side.opposite());
        let mid = self.exchange.mid().unwrap_or(limit as f64);
        let mut left = lots;
        let mut at = book.best();
        while let Some(tick) = at.filter(|t| left > 0 && side.better_by(limit, *t) >= 0) {
            let traded = left.min(book.get(tick));
            left -= traded;
            at = book.worse_than(tick);
            fills.push(VenueFill {
                ts: self.now,
                id: None,
                side,
                tick,
                lots: traded,
                left,
                placed_at: self.now,
                ahead_at_placement: 0,
                mid,
                fee_shift_bps: 0.0,
            });
        }
    }

    fn mid(&self) -> Option<f64> {
        self.exchange.mid()
    }

    fn spread(&self) -> Option<Tick> {
        self.exchange.spread().filter(|ticks| *ticks > 0)
    }

    fn see(&mut self, _now: Ns, lags: &mut Vec<f64>) -> View {
        lags.append(&mut self.lags);
        View {
            at: self.local_cursor.at,
            best: [
                self.local.side(Side::Buy).best(),
                self.local.side(Side::Sell).best(),
            ],
            mid: self.local.mid(),
            liquidity: [
                self.local.sides[0].depth(self.levels),
                self.local.sides[1].depth(self.levels),
            ],
        }
    }

    fn order_delay(&mut self) -> Ns {
        self.order_delay
    }

    fn counts(&self) -> (u64, u64) {
        (self.events, self.trades)
    }
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
