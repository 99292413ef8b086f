//! The mock market: others' order flow round a fair value, with our own orders among theirs.

use crate::venue::rows::RowError;
use std::collections::BTreeMap;

use crate::book::fills::FillModel;
use crate::book::ladder::Ladder;
use crate::book::own::OwnOrder;
use crate::flow::draw_lag;
use crate::flow::value::Moves;
use crate::scenario::{Contract, Latency};
use crate::types::rng::{Purpose, Stream};
use crate::types::{ns_of_ms, Lots, NewOrder, Ns, Side, Tick, VenueFill, View};
use crate::venue::delays::{delay_factor, Message};
use crate::venue::feed::Feed;
use crate::venue::participants::{Moment, Participants};
use crate::venue::recorder::Recorder;
use crate::venue::shown::Shown;
use crate::venue::tape::Tape;
use crate::venue::{Cancelled, Venue};
use crate::world::labels::LabelClock;
use crate::world::layers::label_bits;
use crate::world::{Point, World};

/// Lines between market and maker, as places in [`Point::back_at`].
const FEED: usize = 0;
const ORDERS: usize = 1;

/// A mock market from some market time on.
#[derive(Debug, Clone)]
pub struct MockVenue {
    world: World,
    participants: Participants,
    latency: Latency,
    delays: Stream,
    now: Ns,
    next_feed: Ns,
    feed: Feed,
    labels: LabelClock,
}

impl MockVenue {
    /// A market whose world has reached `begin`; the book is filled from the stationary profile.
    ///
    /// `key` tells the order flow of one iteration from that of another; `levels` is how many levels
    /// count as visible liquidity. `moves` are what trades had brought before.
    pub fn new(
        world: World,
        seed: u64,
        key: u64,
        begin: Ns,
        levels: usize,
        moves: Option<Moves>,
    ) -> Self {
        let scenario = world.scenario();
        let moment = Moment {
            now: begin,
            point: world.now(),
            fair: world.fair_at(begin),
        };
        MockVenue {
            participants: Participants::new(scenario, seed, key, moment, moves, levels),
            latency: scenario.latency.clone(),
            delays: Stream::new(seed, Purpose::Delays, key),
            now: begin,
            next_feed: begin,
            feed: Feed::default(),
            labels: LabelClock::new(scenario, world.now().labels, begin),
            world,
        }
    }

    /// Market time that has been reached.
    pub fn now(&self) -> Ns {
        self.now
    }

    /// Forget what was counted so far, so that a burn-in leaves no trace in a report.
    pub fn forget_counts(&mut self) {
        self.participants.forget_counts();
        self.labels.restart(self.now);
    }

    /// Record from now on.
    pub fn record(&mut self, tape: Tape) {
        self.participants.record(tape);
    }

    /// What was recorded.
    pub fn take_tape(&mut self) -> Option<Tape> {
        self.participants.take_tape()
    }

    /// Feed messages that were sent and not yet seen.
    #[cfg(test)]
    pub(crate) fn unseen(&self) -> usize {
        self.feed.unseen()
    }

    /// Factor on delays now.
    fn delay_factor(&self) -> f64 {
        let now = self.world.now();
        now.latency * delay_factor(now.volatility, self.latency.volatility_power)
    }

    /// Fill orders of ours by another model than the queue.
    pub(crate) fn fill_by(&mut self, model: FillModel) {
        self.participants.book.own.fill_by(model, 1.0);
    }

    /// Show levels and trades in every message of the feed from now on.
    pub(crate) fn show(&mut self) {
        self.participants.book.prints = Some(Vec::new());
    }

    /// What the messages that were seen show; nothing unless [`MockVenue::show`] was called.
    pub(crate) fn shown(&mut self) -> &mut Shown {
        &mut self.feed.shown
    }

    /// Write down rows of a recording from now on.
    pub fn record_rows(&mut self) {
        let instrument = &self.world.scenario().instrument;
        let recorder = Recorder::new(instrument.tick_size, instrument.lot_size);
        self.participants.record_rows(recorder, self.now);
    }

    /// The rows that were recorded.
    pub fn take_rows(&mut self) -> Vec<u8> {
        self.participants.take_rows()
    }

    /// Market time for which each label was on since the counts began, ms.
    pub fn label_ms(&mut self) -> BTreeMap<String, f64> {
        self.labels.read(self.now)
    }

    /// The next grid point of the world becomes the present one.
    fn change(&mut self) {
        let before: Point = *self.world.now();
        let moment = Moment {
            now: self.now,
            point: &before,
            fair: self.world.fair_at(self.now),
        };
        self.world.advance_towards(self.now, 1);
        let point = self.world.now();
        self.participants.change(moment, point);
        self.labels.change(point.labels, self.now);
    }

    fn process_event(&mut self, fills: &mut Vec<VenueFill>) {
        let before = fills.len();
        let moment = Moment {
            now: self.now,
            point: self.world.now(),
            fair: self.world.fair_at(self.now),
        };
        self.participants.process_event(moment, fills);
        self.charge(&mut fills[before..]);
    }

    /// Fills of ours pay the fees of the moment.
    fn charge(&self, fills: &mut [VenueFill]) {
        let [maker, taker] = self.world.now().fee_shift;
        for fill in fills {
            fill.fee_shift_bps = if fill.id.is_some() { maker } else { taker };
        }
    }

    /// How long a line is still down.
    fn down_for(&self, line: usize) -> Ns {
        (self.world.now().back_at[line] - self.now).max(0)
    }

    fn feed_message(&mut self) {
        let feed = &mut self.feed;
        let mut shown = self.participants.book.prints.as_mut().map(|prints| {
            let mut shown = feed.blank();
            std::mem::swap(&mut shown.prints, prints);
            shown
        });
        if let Some(shown) = &mut shown {
            self.participants.show(shown);
        }
        let view = self.participants.view(self.next_feed);
        let factor = self.delay_factor();
        let lag = draw_lag(&self.latency.feed, factor, &mut self.delays);
        let arrival = self.feed.send(view, shown, lag + self.down_for(FEED));
        self.participants.deliver(arrival);
        self.next_feed += ns_of_ms(self.latency.feed_interval_ms);
    }
}

impl Venue for MockVenue {
    fn advance(&mut self, until: Ns, fills: &mut Vec<VenueFill>) -> Result<(), RowError> {
        loop {
            let change = self.world.next_change();
            let next = self.participants.next().min(self.next_feed).min(change);
            if next > until {
                break;
            }
            self.now = next;
            if next == change {
                self.change();
            } else if next == self.next_feed {
                self.feed_message();
            } else {
                self.process_event(fills);
            }
        }
        self.now = until.max(self.now);
        Ok(())
    }

    fn place(&mut self, order: NewOrder) -> bool {
        self.participants.place(order, self.now)
    }

    /// The book was filled anew, so the order joins the end of the queue at its price.
    fn restore(&mut self, own: OwnOrder) -> bool {
        let placed = self.place(own.order);
        self.participants.book.own.date(own.order.id, own.placed_at);
        placed
    }

    fn resting(&self) -> &[OwnOrder] {
        self.participants.book.own.all()
    }

    fn cancel(&mut self, id: u64) -> Option<Cancelled> {
        self.participants.book.cancel(id)
    }

    fn reduce(&mut self, id: u64, lots: Lots) -> Option<Lots> {
        self.participants.book.own.reduce(id, lots)
    }

    fn take(&mut self, side: Side, lots: Lots, limit: Tick, fills: &mut Vec<VenueFill>) {
        let before = fills.len();
        self.participants.take(side, lots, limit, self.now, fills);
        self.charge(&mut fills[before..]);
    }

    fn mid(&self) -> Option<f64> {
        self.participants.book.mid
    }

    fn spread(&self) -> Option<Tick> {
        let book = &self.participants.book;
        Some(book.others_best(Side::Sell)? - book.others_best(Side::Buy)?)
    }

    fn displayed(&self, side: Side) -> &Ladder {
        self.participants.book.sides[side.index()].ladder()
    }

    fn see(&mut self, now: Ns, lags: &mut Vec<f64>) -> View {
        self.feed.see(now, lags)
    }

    fn order_delay(&mut self, message: Message) -> Ns {
        let factor = self.delay_factor();
        draw_lag(self.latency.law(message), factor, &mut self.delays) + self.down_for(ORDERS)
    }

    fn counts(&self) -> (u64, u64) {
        self.participants.counts()
    }

    fn own_best(&self, side: Side) -> Option<(Tick, Lots)> {
        self.participants.book.own.at_best(side)
    }

    fn labels(&self) -> Vec<(String, u64)> {
        label_bits(self.world.scenario())
    }

    fn labels_on(&self) -> u64 {
        self.world.now().labels
    }

    fn moves(&self) -> Option<Moves> {
        Some(self.participants.moves(self.world.fair_at(self.now)))
    }

    fn proceeds(&self, resting: Side, lots: Lots, contract: &Contract) -> Option<f64> {
        self.participants.proceeds(resting, lots, contract)
    }
}
