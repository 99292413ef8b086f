//! The gateway between a strategy and a market: messages with their delays, and everything that is measured.

use crate::venue::rows::RowError;
use std::collections::VecDeque;

use crate::book::own::OwnOrder;
use crate::measure::markouts::{Marked, HORIZONS};
use crate::measure::Measure;
use crate::types::{ms_of_ns, Lots, NewOrder, Notification, Ns, Request, VenueFill, View};
use crate::venue::delays::Message;
use crate::venue::Venue;

#[derive(Debug, Clone)]
struct Sent {
    arrives: Ns,
    sent: Ns,
    request: Request,
}

#[derive(Debug, Clone)]
struct Answer {
    arrives: Ns,
    /// Time at which the request of ours was sent; None for a fill.
    sent: Option<Ns>,
    notification: Notification,
}

/// A market, the connection to it, and the measures.
#[derive(Debug, Clone)]
pub(crate) struct Gateway<V> {
    pub venue: V,
    pub measure: Measure,
    now: Ns,
    outbox: VecDeque<Sent>,
    inbox: VecDeque<Answer>,
    /// Fills that the mid is looked at after, by horizon, in order of time.
    marks: [VecDeque<(Ns, Marked)>; HORIZONS.len()],
    fills: Vec<VenueFill>,
    /// Number of the newest order that was sent.
    last_order: u64,
}

impl<V: Venue> Gateway<V> {
    /// A gateway at a market that has reached `now`.
    pub(crate) fn new(venue: V, measure: Measure, now: Ns) -> Self {
        Gateway {
            venue,
            measure,
            now,
            outbox: VecDeque::new(),
            inbox: VecDeque::new(),
            marks: Default::default(),
            fills: Vec::new(),
            last_order: 0,
        }
    }

    /// Go on with orders that rested before, the newest of which had the number `last`.
    pub(crate) fn restore(&mut self, resting: Vec<OwnOrder>, last: u64) {
        self.last_order = last;
        for own in resting {
            let side = own.order.side;
            let accepted = self.venue.restore(own);
            self.measure.carried(self.now, side, accepted);
        }
    }

    /// Number of the newest order that was sent.
    pub(crate) fn last_order(&self) -> u64 {
        self.last_order
    }

    /// Advance the market and all messages to a time, inclusive.
    ///
    /// # Errors
    /// Those of the market.
    pub(crate) fn advance(&mut self, until: Ns) -> Result<(), RowError> {
        loop {
            let arrival = self.outbox.front().map_or(Ns::MAX, |s| s.arrives);
            let (mark, horizon) = self.next_mark();
            let next = arrival.min(mark).min(until);
            self.venue.advance(next, &mut self.fills)?;
            self.now = next;
            self.book_fills(None);
            if mark == next {
                self.settle_mark(horizon);
            } else if arrival == next {
                self.deliver();
            } else {
                return Ok(());
            }
        }
    }

    /// Send a request now.
    pub(crate) fn send(&mut self, request: Request) {
        if let Request::Quote {
            place: Some(order), ..
        }
        | Request::Limit { order, .. } = request
        {
            self.last_order = order.id;
        }
        let delayed = self.now + self.venue.order_delay(message_of(&request));
        // One connection: a message cannot overtake the one before it.
        let arrives = self
            .outbox
            .back()
            .map_or(delayed, |s| delayed.max(s.arrives));
        self.outbox.push_back(Sent {
            arrives,
            sent: self.now,
            request,
        });
    }

    /// Next notification that has arrived by now.
    pub(crate) fn poll(&mut self) -> Option<Notification> {
        if self.inbox.front()?.arrives > self.now {
            return None;
        }
        let answer = self.inbox.pop_front()?;
        if let Some(sent) = answer.sent {
            self.measure
                .latency_ms
                .push(ms_of_ns(answer.arrives - sent));
        }
        Some(answer.notification)
    }

    /// The book as it is seen now.
    pub(crate) fn see(&mut self) -> View {
        self.venue.see(self.now, &mut self.measure.ws_lag_ms)
    }

    /// A funding payment is due.
    pub(crate) fn fund(&mut self, rate: f64) {
        let Some(mid) = self.venue.mid() else { return };
        let amount = self.measure.fund(mid, rate);
        if amount != 0.0 {
            self.answer(self.now, None, Notification::Funded { amount });
        }
    }

    fn answer(&mut self, at: Ns, sent: Option<Ns>, notification: Notification) {
        let message = match notification {
            Notification::Filled { .. } => Message::Fill,
            _ => Message::Ack,
        };
        let delayed = at + self.venue.order_delay(message);
        let arrives = self
            .inbox
            .back()
            .map_or(delayed, |a| delayed.max(a.arrives));
        self.inbox.push_back(Answer {
            arrives,
            sent,
            notification,
        });
    }

    /// When the mid is to be looked at next, and for which horizon.
    fn next_mark(&self) -> (Ns, usize) {
        let mut next = (Ns::MAX, 0);
        for (horizon, marks) in self.marks.iter().enumerate() {
            let due = marks.front().map_or(Ns::MAX, |(due, _)| *due);
            if due < next.0 {
                next = (due, horizon);
            }
        }
        next
    }

    fn settle_mark(&mut self, horizon: usize) {
        if let (Some((_, marked)), Some(mid)) = (self.marks[horizon].pop_front(), self.venue.mid())
        {
            self.measure.marked(horizon, &marked, mid);
        }
    }

    fn deliver(&mut self) {
        let Some(sent) = self.outbox.pop_front() else {
            return;
        };
        let (mut rejected, mut placed, mut ended) = (None, None, None);
        let mut take = false;
        match sent.request {
            Request::Quote { cancel, place } => {
                if let Some(asked) = cancel {
                    let found = self.venue.cancel(asked.id);
                    match found {
                        Some(order) => self.measure.cancelled(self.now, &order, asked.tail),
                        None => self.measure.cancel_came_late(),
                    }
                    ended = Some((asked.id, found.is_some()));
                }
                if let Some(order) = place {
                    let accepted = self.venue.place(order);
                    self.measure.placed(self.now, order.side, accepted);
                    rejected = (!accepted).then_some(order.id);
                    placed = accepted.then_some(order.id);
                }
            }
            Request::Take {
                side,
                lots,
                limit,
                mid_at_decision,
            } => {
                take = true;
                self.venue.take(side, lots, limit, &mut self.fills);
                self.book_fills(Some(mid_at_decision));
            }
            Request::Reduce { id, lots } => {
                let left = self.venue.reduce(id, lots);
                let answer = Notification::Reduced { id, left };
                self.answer(self.now, Some(sent.sent), answer);
                return;
            }
            Request::Limit {
                order,
                mid_at_decision,
            } => {
                take = true;
                let left = self.cross(order, mid_at_decision);
                if left > 0 {
                    let accepted = self.venue.place(NewOrder {
                        lots: left,
                        ..order
                    });
                    self.measure.placed(self.now, order.side, accepted);
                    rejected = (!accepted).then_some(order.id);
                    placed = accepted.then_some(order.id);
                }
            }
        }
        let notification = Notification::Processed {
            weight: sent.request.weight(),
            take,
            rejected,
            placed,
            cancelled: ended,
        };
        self.answer(self.now, Some(sent.sent), notification);
    }

    /// Take what a limit order crosses; lots that are left of it.
    fn cross(&mut self, order: NewOrder, mid_at_decision: f64) -> Lots {
        self.venue
            .take(order.side, order.lots, order.tick, &mut self.fills);
        let taken: Lots = self
            .fills
            .iter()
            .filter(|fill| fill.id.is_none())
            .map(|fill| fill.lots)
            .sum();
        self.book_fills(Some(mid_at_decision));
        order.lots - taken
    }

    /// Whether a cancellation of an order is under way.
    fn is_being_cancelled(&self, id: u64) -> bool {
        let cancels = |sent: &Sent| matches!(sent.request, Request::Quote { cancel: Some(asked), .. } if asked.id == id);
        self.outbox.iter().any(cancels)
    }

    fn book_fills(&mut self, mid_at_decision: Option<f64>) {
        let mut fills = std::mem::take(&mut self.fills);
        for fill in fills.drain(..) {
            let (place, fee) = self.measure.filled(&fill, mid_at_decision);
            if fill.id.is_some_and(|id| self.is_being_cancelled(id)) {
                self.measure.filled_while_cancelling();
            }
            let marked = Marked {
                fill: place,
                sign: fill.side.sign() as f64,
                maker: fill.id.is_some(),
                mid: fill.mid,
                tick: fill.tick as f64,
                lots: fill.lots as f64,
            };
            for (marks, after) in self.marks.iter_mut().zip(HORIZONS) {
                marks.push_back((fill.ts + after, marked));
            }
            let notification = Notification::Filled {
                id: fill.id,
                side: fill.side,
                lots: fill.lots,
                tick: fill.tick,
                at: fill.ts,
                fee,
            };
            self.answer(fill.ts, None, notification);
        }
        self.fills = fills;
    }
}

/// Whose law the way of a request has.
fn message_of(request: &Request) -> Message {
    match request {
        Request::Quote { place: None, .. } => Message::Cancel,
        _ => Message::New,
    }
}

#[cfg(test)]
#[path = "gateway_tests.rs"]
mod tests;
