//! The mock market: others' order flow round a fair value, with our own orders among theirs.

use std::collections::VecDeque;

use crate::crowd::Crowd;
use crate::flow::{draw_lag, Event, Flow};
use crate::own::OwnOrders;
use crate::rng::{Purpose, Stream};
use crate::scenario::{Latency, Scenario};
use crate::types::{ms_of_ns, ns_of_ms, Lots, NewOrder, Ns, Side, Tick, VenueFill, View};
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
    sides: [Crowd; 2],
    own: OwnOrders,
    levels: usize,
    now: Ns,
    next_event: Ns,
    next_feed: Ns,
    feed: VecDeque<(Ns, View)>,
    seen: View,
    mid: Option<f64>,
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
            sides: [Crowd::new(Side::Buy), Crowd::new(Side::Sell)],
            own: OwnOrders::default(),
            levels,
            now: begin,
            next_event: begin,
            next_feed: begin,
            feed: VecDeque::new(),
            seen: View::default(),
            mid: None,
            seq: 0,
            events: 0,
            trades: 0,
            labels: 0,
            world,
        };
        venue.fill_book();
        venue.note_mid();
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
        let orders = self.flow.target(&point) as usize;
        for _ in 0..orders {
            for side in Side::BOTH {
                self.arrive(side, &point, fair);
            }
        }
    }

    fn fair(&self) -> f64 {
        self.world.fair_at(self.now)
    }

    fn crowd(&mut self, side: Side) -> &mut Crowd {
        &mut self.sides[side.index()]
    }

    fn others_best(&self, side: Side) -> Option<Tick> {
        self.sides[side.index()].ladder().best()
    }

    fn note_mid(&mut self) {
        if let (Some(bid), Some(ask)) = (self.others_best(Side::Buy), self.others_best(Side::Sell))
        {
            self.mid = Some((bid + ask) as f64 * 0.5);
        }
    }

    fn event(&mut self, fills: &mut Vec<VenueFill>) {
        self.events += 1;
        let point = *self.world.now();
        let fair = self.fair();
        let standing = [self.sides[0].len(), self.sides[1].len()];
        let mid = self.mid.unwrap_or(fair);
        match self
            .flow
            .next(&point, fair, mid, standing, &mut self.stream)
        {
            Event::Arrive(side) => self.arrive(side, &point, fair),
            Event::Leave { side, stale } => self.leave(side, stale, &point, fair),
            Event::Trade { side, lots, limit } => {
                self.trades += u64::from(self.aggress(side, lots, limit, fills) > 0);
            }
            Event::Pick { lots } => self.pick(lots, fair, fills),
        }
        self.note_mid();
    }

    fn arrive(&mut self, side: Side, point: &Point, fair: f64) {
        let (wanted, lots) = self.flow.order(side, point, fair, &mut self.stream);
        let other = side.opposite();
        // Standing orders never cross: such an order waits one tick before the other side, ours included.
        let limits = [self.others_best(other), self.own.best(other)];
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
        self.crowd(side).add(tick, lots, seq);
    }

    fn leave(&mut self, side: Side, stale: bool, point: &Point, fair: f64) {
        let at_best = stale
            && self
                .others_best(side)
                .is_some_and(|tick| self.flow.is_stale(side, tick, point, fair));
        let gone = if at_best {
            self.sides[side.index()].cancel_best()
        } else {
            self.sides[side.index()].cancel_random(&mut self.stream)
        };
        if let Some(gone) = gone {
            self.own.others_left(side, gone.tick, gone.lots, gone.seq);
        }
    }

    fn pick(&mut self, lots: Lots, fair: f64, fills: &mut Vec<VenueFill>) {
        for side in Side::BOTH {
            let limit = self.flow.pick_limit(side, fair);
            if self.aggress(side, lots, limit, fills) > 0 {
                self.trades += 1;
                return;
            }
        }
    }

    /// An aggressive order of somebody else; returns the lots traded.
    fn aggress(&mut self, side: Side, lots: Lots, limit: Tick, fills: &mut Vec<VenueFill>) -> Lots {
        let resting = side.opposite();
        let stamp = (self.now, self.mid.unwrap_or(limit as f64));
        let mut left = lots;
        while left > 0 {
            let Some(tick) = self
                .front(resting)
                .filter(|t| side.better_by(limit, *t) >= 0)
            else {
                break;
            };
            let before = left;
            left -= self.trade_at(resting, tick, left, stamp, fills);
            if left == before {
                break;
            }
        }
        lots - left
    }

    fn front(&self, side: Side) -> Option<Tick> {
        match (self.others_best(side), self.own.best(side)) {
            (Some(a), Some(b)) => Some(if side.better_by(a, b) > 0 { a } else { b }),
            (a, b) => a.or(b),
        }
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
            let traded = self.crowd(side).consume(tick, lots.min(ahead));
            self.own.others_traded(side, tick, traded);
            if traded > 0 {
                return traded;
            }
        }
        self.own.fill_front(side, tick, lots, stamp, fills)
    }

    fn feed_message(&mut self) {
        let view = View {
            at: self.next_feed,
            best: [self.others_best(Side::Buy), self.others_best(Side::Sell)],
            mid: self.mid,
            liquidity: [
                self.sides[0].ladder().depth(self.levels),
                self.sides[1].ladder().depth(self.levels),
            ],
        };
        let factor = self.world.now().latency;
        let lag = draw_lag(&self.latency.feed, factor, &mut self.delays);
        // One connection: a message cannot overtake the one before it.
        let last = self.feed.back().map_or(0, |(at, _)| *at);
        self.feed
            .push_back(((self.next_feed + lag).max(last), view));
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
        let other = order.side.opposite();
        let crosses = self
            .front(other)
            .is_some_and(|tick| order.side.better_by(order.tick, tick) >= 0);
        if crosses {
            return false;
        }
        self.seq += 1;
        let ahead = self.sides[order.side.index()].ladder().get(order.tick);
        self.own.add(order, ahead, self.now, self.seq);
        true
    }

    fn cancel(&mut self, id: u64) -> Option<Cancelled> {
        let placed_at = self.own.remove(id)?.placed_at;
        Some(Cancelled { placed_at })
    }

    fn take(&mut self, side: Side, lots: Lots, limit: Tick, fills: &mut Vec<VenueFill>) {
        let resting = side.opposite();
        let mid = self.mid.unwrap_or(limit as f64);
        let mut left = lots;
        while left > 0 {
            let best = self.others_best(resting);
            let Some(tick) = best.filter(|t| side.better_by(limit, *t) >= 0) else {
                break;
            };
            let traded = self.crowd(resting).consume(tick, left);
            if traded == 0 {
                break;
            }
            self.own.others_traded(resting, tick, traded);
            left -= traded;
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
            });
        }
        self.trades += u64::from(left < lots);
        self.note_mid();
    }

    fn mid(&self) -> Option<f64> {
        self.mid
    }

    fn spread(&self) -> Option<Tick> {
        Some(self.others_best(Side::Sell)? - self.others_best(Side::Buy)?)
    }

    fn see(&mut self, now: Ns, lags: &mut Vec<f64>) -> View {
        while self.feed.front().is_some_and(|(at, _)| *at <= now) {
            if let Some((at, view)) = self.feed.pop_front() {
                lags.push(ms_of_ns(at - view.at));
                self.seen = view;
            }
        }
        self.seen
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
