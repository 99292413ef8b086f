//! The other participants of a mock market: their orders arrive, are cancelled, and trade with each other's
//! and with ours.

mod batch;
mod ours;
mod seen;

use crate::book::matching::Matching;
use crate::flow::hawkes::Arrivals;
use crate::flow::value::{Moves, Value};
use crate::flow::{Event, Flow, MarketState};
use crate::scenario::contract::LotWorth;
use crate::scenario::Scenario;
use crate::types::rng::{Purpose, Stream};
use crate::types::{Lots, Ns, Side, Tick, VenueFill};
use crate::venue::participants::batch::{merge, Batch};
use crate::venue::recorder::Recorder;
use crate::venue::shown::Shown;
use crate::venue::tape::{Tape, Trade};
use crate::world::Point;

/// When something happens, and what the world is like then; fair value in ticks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub now: Ns,
    pub point: &'a Point,
    pub fair: f64,
}

/// The book with all participants that send orders to it.
#[derive(Debug, Clone)]
pub(crate) struct Participants {
    pub book: Matching,
    flow: Flow,
    arrivals: Arrivals,
    value: Value,
    lot: LotWorth,
    stream: Stream,
    next_event: Ns,
    batch: Batch,
    /// The book after the last batch, which is what everybody sees; None where nothing waits.
    published: Option<Shown>,
    /// Levels of a side that are seen.
    levels: usize,
    seq: u64,
    events: u64,
    trades: u64,
    /// What is recorded for analysis of the market itself.
    tape: Option<Box<Tape>>,
    /// The same as rows of a recording.
    recorder: Option<Box<Recorder>>,
    /// Side whose resting orders were hit in the event in hand.
    hit: Option<Side>,
    /// Prices of a side whose quantity has changed and is not written down yet.
    unsaid: [Vec<Tick>; 2],
}

impl Participants {
    /// Participants whose book is filled from the stationary profile; `key` tells one iteration from another.
    ///
    /// Where trades had brought `moves` before, they stay as they are until [`Participants::forget_counts`].
    pub(crate) fn new(
        scenario: &Scenario,
        seed: u64,
        key: u64,
        moment: Moment,
        moves: Option<Moves>,
        levels: usize,
    ) -> Self {
        let mut stream = Stream::new(seed, Purpose::Flow, key);
        let (trading, now) = (moment.point.trading, moment.now);
        let unmoved = Value::new(&scenario.impact, moment.fair, now);
        let mut value = match moves {
            Some(moves) => unmoved.after(moves),
            None => unmoved,
        };
        let moment = Moment {
            fair: value.believed(moment.fair, now),
            ..moment
        };
        let flow = Flow::new(scenario);
        let mut participants = Participants {
            book: Matching::new(),
            batch: Batch::after(flow.batch(), now),
            published: None,
            levels,
            flow,
            arrivals: Arrivals::new(&scenario.flow, trading, now, &mut stream),
            value,
            lot: LotWorth::of(&scenario.instrument),
            stream,
            next_event: now,
            seq: 0,
            events: 0,
            trades: 0,
            tape: None,
            recorder: None,
            hit: None,
            unsaid: Default::default(),
        };
        for _ in 0..participants.flow.target() as usize {
            for side in Side::BOTH {
                participants.arrive(side, moment, &mut Vec::new());
            }
        }
        participants.book.note_mid();
        participants.publish();
        participants
    }

    /// What trades have brought so far where the world says `fair`.
    pub(crate) fn moves(&self, fair: f64) -> Moves {
        self.value.moves(fair)
    }

    /// Market events and trades so far.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.events, self.trades)
    }

    /// Reset the counts, at the begin of what is measured.
    pub(crate) fn forget_counts(&mut self) {
        (self.events, self.trades) = (0, 0);
        self.value.release();
    }

    /// When the next event may happen.
    pub(crate) fn next(&self) -> Ns {
        self.next_event
            .min(self.arrivals.next())
            .min(self.batch.next)
    }

    /// Process what is due at [`Participants::next`].
    pub(crate) fn process_event(&mut self, moment: Moment, fills: &mut Vec<VenueFill>) {
        let releases = self.batch.next <= self.next_event.min(self.arrivals.next());
        if releases {
            self.release(moment, fills);
        } else if self.arrivals.next() <= self.next_event {
            if self.arrivals.accept(&mut self.stream) {
                self.market_order(moment, fills);
            }
        } else {
            self.event(moment, fills);
            self.next_event = moment.now + self.flow.wait(moment.point, &mut self.stream);
        }
        self.write_rows(moment.now, releases);
    }

    /// The world changes at this moment, to `point`; the state before it is recorded.
    pub(crate) fn change(&mut self, moment: Moment, point: &Point) {
        if let Some(mut tape) = self.tape.take() {
            let worth = self.value.of(moment.fair);
            tape.sample(self.seen(tape.levels()), worth, moment.point.labels);
            self.tape = Some(tape);
        }
        self.value.step();
        let trading = point.trading;
        self.arrivals.change(trading, moment.now, &mut self.stream);
        self.flow.follow(&self.arrivals);
    }

    /// An event of limit orders, or somebody looks for quotes that fair value has passed.
    fn event(&mut self, moment: Moment, fills: &mut Vec<VenueFill>) {
        self.events += 1;
        let worth = self.value.of(moment.fair);
        let moment = self.believing(moment);
        if !self.flow.is_of_limits(moment.point, &mut self.stream) {
            let lots = self.flow.picked(moment.fair, &mut self.stream);
            self.pick(lots, worth, moment.now, fills);
        } else if self.batch.is_on() {
            self.batch.held += 1;
        } else {
            self.limit_event(moment, fills);
        }
        self.note_mid();
    }

    /// What waited takes effect at once.
    fn release(&mut self, moment: Moment, fills: &mut Vec<VenueFill>) {
        let (moment, from) = (self.believing(moment), fills.len());
        for _ in 0..self.batch.held {
            self.limit_event(moment, fills);
        }
        merge(fills, from);
        self.batch = Batch::after(self.batch.every, moment.now);
        self.book.note_mid();
        self.publish();
    }

    fn limit_event(&mut self, moment: Moment, fills: &mut Vec<VenueFill>) {
        let standing = [self.book.sides[0].len(), self.book.sides[1].len()];
        match self.flow.limit_event(standing, &mut self.stream) {
            Event::Arrive(side) => self.arrive(side, moment, fills),
            Event::Leave { side, stale } => self.leave(side, stale, moment),
        }
    }

    /// The moment as the makers among the others believe it to be.
    fn believing<'a>(&mut self, moment: Moment<'a>) -> Moment<'a> {
        Moment {
            fair: self.value.believed(moment.fair, moment.now),
            ..moment
        }
    }

    /// Note the mid, unless what will change it waits.
    fn note_mid(&mut self) {
        if !self.batch.is_on() {
            self.book.note_mid();
        }
    }

    fn market_order(&mut self, moment: Moment, fills: &mut Vec<VenueFill>) {
        self.events += 1;
        let believed = self.value.believed(moment.fair, moment.now);
        let state = MarketState {
            point: moment.point,
            worth: self.value.of(moment.fair),
            believed,
            mid: self.book.mid.unwrap_or(believed),
            queues: Side::BOTH.map(|side| self.book.front_lots(side)),
        };
        let order = self.flow.trade(&state, &self.arrivals, &mut self.stream);
        let traded = self.aggress(order.side, order.lots, order.limit, moment.now, fills);
        if !order.informed {
            self.tell(order.side, traded);
        }
        self.note_mid();
        self.arrivals
            .excite(order.side, moment.now, &mut self.stream);
        self.flow.follow(&self.arrivals);
    }

    /// A trade that is no answer to fair value tells something of it.
    fn tell(&mut self, side: Side, lots: Lots) {
        if lots > 0 {
            self.value.trade(side, self.notional(lots));
        }
    }

    fn notional(&self, lots: Lots) -> f64 {
        lots as f64 * self.lot.times(self.book.mid.unwrap_or(0.0)) * self.lot.one
    }

    /// An aggressive order of another participant; the lots that it traded.
    fn aggress(
        &mut self,
        side: Side,
        lots: Lots,
        limit: Tick,
        now: Ns,
        fills: &mut Vec<VenueFill>,
    ) -> Lots {
        let (mid, price) = (self.book.mid, self.book.front(side.opposite()));
        let queue = match self.tape {
            Some(_) => self.book.front_lots(side.opposite()),
            None => 0,
        };
        let traded = self.book.aggress(side, lots, limit, now, fills);
        self.trades += u64::from(traded > 0);
        if traded > 0 {
            self.hit = Some(side.opposite());
        }
        if let (Some(tape), true) = (&mut self.tape, traded > 0) {
            tape.trade(Trade {
                at: now,
                side,
                lots: traded,
                price,
                mid,
                queue,
            });
        }
        traded
    }

    fn arrive(&mut self, side: Side, moment: Moment, fills: &mut Vec<VenueFill>) {
        let (point, fair) = (moment.point, moment.fair);
        let other = side.opposite();
        let opposite = self.book.others_best(other);
        let (wanted, lots) = self
            .flow
            .order(side, point, fair, opposite, &mut self.stream);
        let lots = if self.batch.is_on() {
            // What is displayed anew at our price or beyond has met us first.
            lots - self.book.meet(side, lots, wanted, moment.now, fills)
        } else {
            lots
        };
        if lots == 0 {
            return;
        }
        // Resting orders never cross: such an order waits one tick before the other side, ours included.
        let limits = [opposite, self.book.own.best(other)];
        let tick = limits.iter().flatten().fold(wanted, |tick, limit| {
            if side.better_by(tick, *limit) >= 0 {
                limit - side.sign()
            } else {
                tick
            }
        });
        let ahead = self.book.sides[side.index()].ladder().get(tick);
        if tick < 1 || !self.flow.joins(ahead, fair, &mut self.stream) {
            return;
        }
        self.seq += 1;
        let seq = self.seq;
        self.book.sides[side.index()].add(tick, lots, seq);
    }

    fn leave(&mut self, side: Side, stale: bool, moment: Moment) {
        let (point, fair) = (moment.point, moment.fair);
        let threat = self.value.threat(side);
        let flees = threat > 0.0 && self.stream.uniform() < threat;
        let resting = &mut self.book.sides[side.index()];
        let at_best = flees
            || stale
                && resting
                    .ladder()
                    .best()
                    .is_some_and(|tick| self.flow.is_stale(side, tick, point, fair));
        let cancelled = if at_best {
            resting.cancel_best()
        } else {
            let chosen = resting.choose(&mut self.stream);
            chosen
                .filter(|c| self.flow.gives_up(c.beside, fair, &mut self.stream))
                .map(|c| resting.cancel(c))
        };
        if let Some(cancelled) = cancelled {
            self.book
                .own
                .others_left(side, cancelled.tick, cancelled.lots, cancelled.seq);
        }
    }

    fn pick(&mut self, lots: Lots, worth: f64, now: Ns, fills: &mut Vec<VenueFill>) {
        for side in Side::BOTH {
            let limit = self.flow.pick_limit(side, worth);
            if self.aggress(side, lots, limit, now, fills) > 0 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
