//! A recording as a market: others do what they did, our orders wait in the queue and change nothing.
//!
//! An order of ours joins behind the quantity displayed at its price. Trades at its price move the queue and
//! then fill it, at most by what the trade has left; displayed quantity that shrinks below what was ahead
//! caps that. A trade at a worse price fills all that is left of it, as whoever paid that price would have
//! taken ours first; so does a quantity of the other side that is displayed at its price or beyond, as it
//! would have met ours. A trade that names no aggressor does nothing, nor does one far from the mid or off
//! the price grid. Where a side is cleared, what was ahead of ours stays ahead until the next book caps it.

use readers::rows::{CLEAR, SNAPSHOT};

use crate::book::displayed::Displayed;
use crate::book::fills::{FillModel, UNKNOWN};
use crate::book::ladder::Ladder;
use crate::book::own::{OwnOrder, OwnOrders};
use crate::types::{Lots, NewOrder, Ns, Side, Tick, VenueFill, View};
use crate::venue::delays::{Delays, Message};
use crate::venue::quality::{Quality, Watch};
use crate::venue::rows::{Action, Cursor, RowError, Rows};
use crate::venue::shown::{Print, Shown};
use crate::venue::{Cancelled, Venue};

/// A trade further from the mid than this share of it does not belong to this book.
const FAR: f64 = 0.05;
/// A row is a cache line: so many rows ahead it is asked for, as the book's own work takes less than a fetch.
const AHEAD: usize = 16;

/// A recording, from its start on. Time 0 is the first exchange time.
#[derive(Debug, Clone)]
pub(crate) struct ReplayVenue<'a> {
    rows: Rows<'a>,
    zero: Ns,
    last: Ns,
    levels: usize,
    delays: Delays,
    /// Added to every local time; and whether these are times of receipt at all.
    local_clock: (Ns, bool),
    watch: Watch,
    /// Row of the last trade.
    last_trade: Option<usize>,
    /// Sides that were cleared and are not known yet, and when a row last said something of it.
    rebuilding: Option<(Ns, [bool; 2])>,
    exchange: Displayed,
    local: Displayed,
    exchange_cursor: Cursor,
    local_cursor: Cursor,
    lags: Vec<f64>,
    own: OwnOrders,
    /// What was received, where it is shown.
    shown: Option<Box<Shown>>,
    now: Ns,
    events: u64,
    trades: u64,
}

impl<'a> ReplayVenue<'a> {
    /// A recording before its first event; None where it holds no exchange event at all.
    pub(crate) fn new(
        rows: Rows<'a>,
        levels: usize,
        delays: Delays,
        local_clock: (Ns, bool),
        least_silence: Ns,
    ) -> Option<Self> {
        let exchange_time = |row: usize| rows.get(row)?.exchange_time();
        let zero = (0..rows.len()).find_map(exchange_time)?;
        let last = (0..rows.len()).rev().find_map(exchange_time)?;
        let start = Cursor { row: 0, at: 0 };
        Some(ReplayVenue {
            rows,
            zero,
            last: last.saturating_sub(zero).max(0),
            levels,
            delays,
            local_clock,
            watch: Watch::new(0, 0, least_silence),
            last_trade: None,
            rebuilding: None,
            exchange: Displayed::new(),
            local: Displayed::new(),
            exchange_cursor: start,
            local_cursor: start,
            lags: Vec::new(),
            own: OwnOrders::default(),
            shown: None,
            now: 0,
            events: 0,
            trades: 0,
        })
    }

    /// Fill orders of ours by another model than the queue; a lot is so many base units.
    pub(crate) fn fill_by(&mut self, model: FillModel, lot_size: f64) {
        self.own.fill_by(model, lot_size);
    }

    /// Time of the last exchange event.
    pub(crate) fn last(&self) -> Ns {
        self.last
    }

    /// What was received; from the first call on levels and trades are.
    pub(crate) fn shown(&mut self) -> &mut Shown {
        let sides = [&self.local.sides()[0], &self.local.sides()[1]];
        self.shown
            .get_or_insert_with(|| Box::new(Shown::of(sides, self.levels)))
    }

    /// Build the book towards a time with at most `budget` rows; whether it is reached.
    ///
    /// # Errors
    /// Where a row cannot be used.
    pub(crate) fn build(&mut self, until: Ns, budget: usize) -> Result<bool, RowError> {
        let mut none = Vec::new();
        let done = self.walk_exchange(until, budget, &mut none)?;
        // Both clocks go together: rows behind them are not read again, and their memory may be given back.
        let reached = if done { until } else { self.exchange_cursor.at };
        self.walk_local(reached, false)?;
        if done {
            self.watch = self.watch.begun(until, self.exchange_cursor.at);
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
            self.rows.expect(self.exchange_cursor.row + AHEAD);
            if let Some(time) = row.exchange_time() {
                let since = time.saturating_sub(self.zero);
                let before = self.exchange_cursor.at;
                if since.max(before) > until {
                    break;
                }
                if since > before {
                    self.exchange.note_mid();
                    self.watch.pass(since, &self.exchange);
                    self.delays.see(since, &self.exchange);
                    self.exchange_cursor.at = since;
                }
                self.events += 1;
                if self.rebuilding.is_some() {
                    self.rebuild(row.kind());
                }
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
            let least = self.own.least_beyond();
            self.sweep(side.opposite(), tick, least, fills);
        }
        self.exchange.set(side, tick, lots);
        self.watch.depth(side, tick, self.exchange_cursor.at);
        if self.exchange.is_crossed() & (lots > 0) {
            self.watch.cross(side, tick, &self.exchange);
        }
        self.own.cap_ahead(side, tick, lots);
    }

    /// Any other row.
    fn other(&mut self, action: Action, fills: &mut Vec<VenueFill>) {
        match action {
            Action::Trade { side, tick, lots } => {
                self.trades += 1;
                let repeats = self.repeats_a_trade();
                if self.is_far(tick) {
                    self.watch.ignore("trade far from the mid".to_owned());
                } else {
                    let now = self.exchange_cursor.at;
                    self.watch
                        .trade((side, tick, lots), now, &self.exchange, repeats);
                    self.trade(side, tick, lots, fills);
                }
            }
            Action::Clear { side, .. } => {
                let mut open = self.rebuilding.map_or([false; 2], |(_, open)| open);
                self.watch.clear(side);
                for s in Side::BOTH {
                    open[s.index()] |= side.is_none_or(|only| only == s);
                }
                self.rebuilding = Some((self.exchange_cursor.at, open));
                self.exchange.apply(action);
                for s in Side::BOTH {
                    self.own.forget(s, self.exchange.side(s));
                }
            }
            Action::Gap => self.watch.gap(),
            Action::OffGrid => self.watch.ignore("trade off the grid".to_owned()),
            Action::Other { kind } => self.watch.ignore(format!("kind {kind}")),
            Action::Depth { .. } => {}
        }
    }

    /// Whether the row in hand is the trade before it once more; it is the trade before from now on.
    fn repeats_a_trade(&mut self) -> bool {
        let row = self.exchange_cursor.row;
        let before = self.last_trade.replace(row);
        before.is_some_and(|before| self.rows.get(before) == self.rows.get(row))
    }

    fn is_far(&self, tick: Tick) -> bool {
        let off = |mid: f64| (tick as f64 - mid).abs() > FAR * mid;
        self.exchange.mid().is_some_and(off)
    }

    /// A row of a kind comes while the book is rebuilt: the new book is whole once time has gone on after its
    /// first levels and something else than a snapshot comes.
    #[cold]
    #[inline(never)]
    fn rebuild(&mut self, kind: u64) {
        let Some((said, mut open)) = self.rebuilding else {
            return;
        };
        let now = self.exchange_cursor.at;
        if now == said {
            return;
        }
        let mut empty = false;
        for side in Side::BOTH {
            let ladder = self.exchange.side(side);
            let known = ladder.best().is_some();
            empty |= open[side.index()] && !known;
            if open[side.index()] && known && kind != SNAPSHOT {
                self.own.cap_to(side, ladder);
                open[side.index()] = false;
            }
        }
        let goes_on = empty || matches!(kind, CLEAR | SNAPSHOT);
        let said = if goes_on { now } else { said };
        self.rebuilding = open.contains(&true).then_some((said, open));
    }

    /// A recorded trade: through our price it fills us whole, at our price it moves the queue.
    fn trade(&mut self, side: Option<Side>, tick: Tick, lots: Lots, fills: &mut Vec<VenueFill>) {
        let Some(aggressor) = side else {
            return;
        };
        let resting = aggressor.opposite();
        self.sweep(resting, tick, 1, fills);
        let stamp = self.stamp(tick);
        if self.own.is_by_law() {
            self.own.trade_by_law(resting, tick, lots, stamp, fills);
            return;
        }
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
            self.own.fill_passed(resting, ours, Lots::MAX, stamp, fills);
        }
    }

    /// Whether an order of ours would trade at once.
    fn crosses(&self, order: NewOrder) -> bool {
        let other = order.side.opposite();
        let limits = [self.exchange.side(other).best(), self.own.best(other)];
        let crosses = |limit: &Tick| order.side.better_by(order.tick, *limit) >= 0;
        limits.iter().flatten().any(crosses)
    }

    /// Lots that others display at the price of an order, where its side is known.
    fn displayed_at(&self, order: NewOrder) -> Lots {
        match self.rebuilding {
            Some((_, open)) if open[order.side.index()] => UNKNOWN,
            _ => self.exchange.side(order.side).get(order.tick),
        }
    }

    /// Time and mid of a fill by the row in hand.
    fn stamp(&self, tick: Tick) -> (Ns, f64) {
        let at = self.exchange_cursor.at;
        (at, self.exchange.mid().unwrap_or(tick as f64))
    }

    fn walk_local(&mut self, until: Ns, measure: bool) -> Result<(), RowError> {
        while let Some(row) = self.rows.get(self.local_cursor.row) {
            if let Some(time) = row.local_time() {
                let since = time
                    .saturating_add(self.local_clock.0)
                    .saturating_sub(self.zero);
                let before = self.local_cursor.at;
                if since.max(before) > until {
                    break;
                }
                if since > before {
                    self.local.note_mid();
                    self.local_cursor.at = since;
                }
                self.watch.hear(row.sent().saturating_sub(self.zero));
                let action = self.rows.action(row, self.local_cursor.row)?;
                self.local.apply(action);
                if let (Some(shown), Action::Trade { side, tick, lots }) = (&mut self.shown, action)
                {
                    let sent = row.exchange_time().unwrap_or(time);
                    let at = sent.saturating_sub(self.zero);
                    shown.prints.extend(side.map(|aggressor| Print {
                        at,
                        aggressor,
                        tick,
                        lots,
                    }));
                }
                // A clock that is known to be off measures no delay.
                if measure & (self.local_clock == (0, true)) {
                    self.lags.push(row.lag_ms().max(0.0));
                }
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
        self.walk_local(until, true)
    }

    fn place(&mut self, order: NewOrder) -> bool {
        if self.crosses(order) {
            return false;
        }
        self.own.add(order, self.displayed_at(order), self.now, 0);
        true
    }

    fn restore(&mut self, own: OwnOrder) -> bool {
        if self.crosses(own.order) {
            return false;
        }
        self.own.restore(self.displayed_at(own.order), own);
        true
    }

    fn resting(&self) -> &[OwnOrder] {
        self.own.all()
    }

    fn cancel(&mut self, id: u64) -> Option<Cancelled> {
        self.own.remove(id).map(|own| own.cancelled())
    }

    fn reduce(&mut self, id: u64, lots: Lots) -> Option<Lots> {
        self.own.reduce(id, lots)
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

    fn displayed(&self, side: Side) -> &Ladder {
        self.exchange.side(side)
    }

    fn see(&mut self, _now: Ns, lags: &mut Vec<f64>) -> View {
        lags.append(&mut self.lags);
        if let Some(shown) = &mut self.shown {
            let [bids, asks] = self.local.sides();
            shown.look([bids, asks], self.levels);
        }
        self.local.view(self.local_cursor.at, self.levels)
    }

    fn order_delay(&mut self, message: Message) -> Ns {
        self.delays.draw(message)
    }

    fn counts(&self) -> (u64, u64) {
        (self.events, self.trades)
    }

    fn own_best(&self, side: Side) -> Option<(Tick, Lots)> {
        self.own.at_best(side)
    }

    fn quality(&self, end: Ns) -> Option<Quality> {
        let next = self.rows.next_sent(self.local_cursor.row, self.zero, end);
        Some(self.watch.until(end, next, &self.exchange))
    }
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
