//! The mock market: others' order flow round a fair value, with our own orders among theirs.

use crate::feed::Feed;
use crate::flow::{draw_lag, Event, Flow};
use crate::matching::Matching;
use crate::rng::{Purpose, Stream};
use crate::scenario::{Latency, Scenario};
use crate::types::{ns_of_ms, Lots, NewOrder, Ns, Side, Tick, VenueFill, View};
use crate::venue::{Cancelled, Venue};
use crate::world::{Point, World};

/// A mock market from some market time on.
#[derive(Debug, Clone)]
pub struct MockVenue {
    world: World,
    flow: Flow,
    latency: Latency,
    stream: Stream,
    delays: Stream,
    book: Matching,
    levels: usize,
    now: Ns,
    next_event: Ns,
    next_feed: Ns,
    feed: Feed,
    seq: u64,
    events: u64,
    trades: u64,
    labels: u64,
}

impl MockVenue {
    /// A market whose world has reached `begin`; the book is filled from the stationary profile.
    ///
    /// `key` tells the order flow of one iteration from that of another; `levels` is how many levels
    /// count as visible liquidity.
    pub fn new(
        scenario: &Scenario,
        world: World,
        seed: u64,
        key: u64,
        begin: Ns,
        levels: usize,
    ) -> Self {
        let mut venue = MockVenue {
            flow: Flow::new(scenario),
            latency: scenario.latency.clone(),
            stream: Stream::new(seed, Purpose::Flow, key),
            delays: Stream::new(seed, Purpose::Delays, key),
            book: Matching::new(),
            levels,
            now: begin,
            next_event: begin,
            next_feed: begin,
            feed: Feed::default(),
            seq: 0,
            events: 0,
            trades: 0,
            labels: 0,
            world,
        };
        venue.fill_book();
        venue.book.note_mid();
        venue
    }

    /// Time until which the market has lived.
    pub fn now(&self) -> Ns {
        self.now
    }

    /// Forget what was counted so far, so that a burn-in leaves no trace in a report.
    pub fn forget_counts(&mut self) {
        self.events = 0;
        self.trades = 0;
        self.labels = self.world.now().labels;
    }

    /// Names of the windows and shocks that were on since the counts began.
    pub fn label_names(&self) -> Vec<String> {
        self.world.label_names(self.labels)
    }

    fn fill_book(&mut self) {
        let point = *self.world.now();
        let fair = self.fair();
        let orders = self.flow.target() as usize;
        for _ in 0..orders {
            for side in Side::BOTH {
                self.arrive(side, &point, fair);
            }
        }
    }

    fn fair(&self) -> f64 {
        self.world.fair_at(self.now)
    }

    fn event(&mut self, fills: &mut Vec<VenueFill>) {
        self.events += 1;
        let point = *self.world.now();
        let fair = self.fair();
        let standing = [self.book.sides[0].len(), self.book.sides[1].len()];
        let mid = self.book.mid.unwrap_or(fair);
        match self
            .flow
            .next(&point, fair, mid, standing, &mut self.stream)
        {
            Event::Arrive(side) => self.arrive(side, &point, fair),
            Event::Leave { side, stale } => self.leave(side, stale, &point, fair),
            Event::Trade { side, lots, limit } => {
                self.trades += u64::from(self.book.aggress(side, lots, limit, self.now, fills) > 0);
            }
            Event::Pick { lots } => self.pick(lots, fair, fills),
        }
        self.book.note_mid();
    }

    fn arrive(&mut self, side: Side, point: &Point, fair: f64) {
        let (wanted, lots) = self.flow.order(side, point, fair, &mut self.stream);
        let other = side.opposite();
        // Standing orders never cross: such an order waits one tick before the other side, ours included.
        let limits = [self.book.others_best(other), self.book.own.best(other)];
        let tick = limits.iter().flatten().fold(wanted, |tick, limit| {
            if side.better_by(tick, *limit) >= 0 {
                limit - side.sign()
            } else {
                tick
            }
        });
        if tick < 1 {
            return;
        }
        self.seq += 1;
        let seq = self.seq;
        self.book.sides[side.index()].add(tick, lots, seq);
    }

    fn leave(&mut self, side: Side, stale: bool, point: &Point, fair: f64) {
        let at_best = stale
            && self
                .book
                .others_best(side)
                .is_some_and(|tick| self.flow.is_stale(side, tick, point, fair));
        let gone = if at_best {
            self.book.sides[side.index()].cancel_best()
        } else {
            self.book.sides[side.index()].cancel_random(&mut self.stream)
        };
        if let Some(gone) = gone {
            self.book
                .own
                .others_left(side, gone.tick, gone.lots, gone.seq);
        }
    }

    fn pick(&mut self, lots: Lots, fair: f64, fills: &mut Vec<VenueFill>) {
        for side in Side::BOTH {
            let limit = self.flow.pick_limit(side, fair);
            if self.book.aggress(side, lots, limit, self.now, fills) > 0 {
                self.trades += 1;
                return;
            }
        }
    }

    fn feed_message(&mut self) {
        let view = View {
            at: self.next_feed,
            best: [
                self.book.others_best(Side::Buy),
                self.book.others_best(Side::Sell),
            ],
            mid: self.book.mid,
            liquidity: [
                self.book.sides[0].ladder().depth(self.levels),
                self.book.sides[1].ladder().depth(self.levels),
            ],
        };
        let factor = self.world.now().latency;
        let lag = draw_lag(&self.latency.feed, factor, &mut self.delays);
        self.feed.send(view, lag);
        self.next_feed += ns_of_ms(self.latency.feed_interval_ms);
    }
}

impl Venue for MockVenue {
    fn advance(&mut self, until: Ns, fills: &mut Vec<VenueFill>) -> Result<(), String> {
        loop {
            let change = self.world.next_change();
            let next = self.next_event.min(self.next_feed).min(change);
            if next > until {
                break;
            }
            self.now = next;
            if next == change {
                self.world.advance_towards(next, 1);
                self.labels |= self.world.now().labels;
            } else if next == self.next_feed {
                self.feed_message();
            } else {
                self.event(fills);
                self.next_event = next + self.flow.wait(self.world.now(), &mut self.stream);
            }
        }
        self.now = until.max(self.now);
        Ok(())
    }

    fn place(&mut self, order: NewOrder) -> bool {
        self.seq += 1;
        self.book.place(order, self.now, self.seq)
    }

    fn cancel(&mut self, id: u64) -> Option<Cancelled> {
        self.book.cancel(id)
    }

    fn take(&mut self, side: Side, lots: Lots, limit: Tick, fills: &mut Vec<VenueFill>) {
        let taken = self.book.take(side, lots, limit, self.now, fills);
        self.trades += u64::from(taken > 0);
    }

    fn mid(&self) -> Option<f64> {
        self.book.mid
    }

    fn spread(&self) -> Option<Tick> {
        Some(self.book.others_best(Side::Sell)? - self.book.others_best(Side::Buy)?)
    }

    fn see(&mut self, now: Ns, lags: &mut Vec<f64>) -> View {
        self.feed.see(now, lags)
    }

    fn order_delay(&mut self) -> Ns {
        draw_lag(
            &self.latency.order,
            self.world.now().latency,
            &mut self.delays,
        )
    }

    fn counts(&self) -> (u64, u64) {
        (self.events, self.trades)
    }
}
