//! Events in the order of both clocks: what overtook another becomes an exchange row and a local row.
//!
//! Each row is written once where both orders agree, as hftbacktest's `correct_event_order` does. Events are
//! held back for [`HELD_NS`] of both clocks and at most [`MOST_HELD`] of them, which bounds the memory.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::recorded::error::{DataError, DataResult};
use crate::recorded::event::{Event, Ns, EXCHANGE, GAP, LOCAL, ROW};
use crate::recorded::places::Place;

/// How far a row may come after another that is later on one of the clocks.
const HELD_NS: Ns = 10_000_000_000;
const MOST_HELD: usize = 1 << 19;

/// Where rows go.
pub(crate) type Sink<'s> = dyn FnMut(&[u8; ROW]) -> DataResult<()> + 's;

/// One of the two clocks: events that wait, the latest of all, and the last that was written.
#[derive(Default)]
struct Axis {
    waiting: BinaryHeap<Reverse<(Ns, u64)>>,
    newest: Ns,
    written: Ns,
}

impl Axis {
    fn add(&mut self, at: Ns, number: u64) {
        self.newest = self.newest.max(at);
        self.waiting.push(Reverse((at, number)));
    }

    fn first(&self) -> Option<(Ns, u64)> {
        self.waiting.peek().map(|Reverse(first)| *first)
    }

    fn take(&mut self) {
        if let Some(Reverse((at, _))) = self.waiting.pop() {
            self.written = at;
        }
    }
}

/// The events that are held back.
#[derive(Default)]
pub(crate) struct Order {
    held: VecDeque<(Event, u8)>,
    /// Number of the first one held.
    first: u64,
    exchange: Axis,
    local: Axis,
    /// Rows that were written.
    pub rows: u64,
    /// Events that became two rows.
    pub split: u64,
}

impl Order {
    /// Take in an event, in the order of receipt.
    pub(crate) fn add(&mut self, mut event: Event, place: &Place) -> DataResult<()> {
        if event.kind() == GAP {
            event.exchange = event.exchange.max(self.exchange.written);
            event.local = event.local.max(self.local.written);
        }
        for (at, axis, clock) in [
            (event.exchange, &self.exchange, "exchange's"),
            (event.local, &self.local, "receiver's"),
        ] {
            if at < axis.written {
                let late = (axis.newest - at) as f64 / 1e9;
                let text = format!(
                    "is {late:.6} s older on the {clock} clock than a row before it; expected rows in the \
                     order of time, at most 10 s late"
                );
                return Err(DataError::row(place, text));
            }
        }
        let number = self.first + self.held.len() as u64;
        self.exchange.add(event.exchange, number);
        self.local.add(event.local, number);
        self.held.push_back((event, 2));
        Ok(())
    }

    /// Write what no event to come can precede, or all that is left.
    pub(crate) fn write(&mut self, to: &mut Sink<'_>, all: bool) -> DataResult<()> {
        loop {
            let full = self.held.len() > MOST_HELD;
            let (exchange, local) = (self.exchange.first(), self.local.first());
            let (clocks, number) = match (exchange, local) {
                (None, None) => return Ok(()),
                (Some((_, number)), None) if all => (EXCHANGE, number),
                (None, Some((_, number))) if all => (LOCAL, number),
                (Some(e), Some(l)) => {
                    let settled = e.0.saturating_add(HELD_NS) <= self.exchange.newest
                        && l.0.saturating_add(HELD_NS) <= self.local.newest;
                    if !(all || full || settled) {
                        return Ok(());
                    }
                    self.earlier(e.1, l.1)
                }
                _ => return Ok(()),
            };
            self.write_one(number, clocks, to)?;
        }
    }

    /// Which of the events at the head of both clocks comes first, and on which of them.
    fn earlier(&self, exchange: u64, local: u64) -> (u64, u64) {
        if exchange == local {
            return (EXCHANGE | LOCAL, exchange);
        }
        let (e, l) = (self.event(exchange), self.event(local));
        if (e.exchange, e.local) <= (l.exchange, l.local) {
            (EXCHANGE, exchange)
        } else {
            (LOCAL, local)
        }
    }

    fn event(&self, number: u64) -> &Event {
        &self.held[(number - self.first) as usize].0
    }

    fn write_one(&mut self, number: u64, clocks: u64, to: &mut Sink<'_>) -> DataResult<()> {
        let place = (number - self.first) as usize;
        if clocks & EXCHANGE != 0 {
            self.exchange.take();
        }
        if clocks & LOCAL != 0 {
            self.local.take();
        }
        let (event, left) = &mut self.held[place];
        let row = event.row(clocks);
        if clocks == (EXCHANGE | LOCAL) {
            *left = 0;
        } else {
            self.split += u64::from(*left == 2);
            *left -= 1;
        }
        self.rows += 1;
        while self.held.front().is_some_and(|(_, left)| *left == 0) {
            self.held.pop_front();
            self.first += 1;
        }
        to(&row)
    }
}
