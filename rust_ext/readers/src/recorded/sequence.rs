//! When a book that is told by differences is whole: Binance's rules of sequence.
//!
//! A snapshot of number L is followed by the first difference that reaches over it; each further one follows
//! the one before. Differences that came before the snapshot wait for it. Where one is missing, the book is
//! not known until the next snapshot that connects.

use std::collections::VecDeque;

use crate::recorded::event::{Event, Ns, Times, BUY, SELL};
use crate::recorded::source::Found;

/// Levels of differences that wait for a snapshot, in all.
const MOST_WAITING: usize = 1 << 18;

/// A change of the book, told by numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Difference {
    /// Number of its first and last update.
    pub first: u64,
    pub last: u64,
    /// Last number of the difference before, where the exchange tells it (USD-M).
    pub before: Option<u64>,
    pub exchange: Ns,
    pub levels: Vec<Event>,
}

/// The whole book as it was after an update.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Snapshot {
    pub last: u64,
    /// Time at the exchange, where the snapshot tells it (USD-M).
    pub exchange: Option<Ns>,
    pub bids: Vec<Event>,
    pub asks: Vec<Event>,
}

/// What is known of the book.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
    /// Number of the last update and its time at the exchange, while the book is known.
    known: Option<(u64, Ns)>,
    waiting: VecDeque<Difference>,
    levels: usize,
    snapshot: Option<Snapshot>,
}

impl Sequence {
    /// A difference is received at a time.
    pub(crate) fn difference(
        &mut self,
        new: Difference,
        local: Ns,
        found: &mut Found,
        out: &mut Vec<Event>,
    ) {
        match self.known {
            Some((last, _)) if new.last <= last => found.ignore("repeated depth"),
            Some((last, _)) if new.follows(last) => self.apply(new, local, out),
            Some((_, exchange)) => {
                found.gaps += 1;
                out.push(Times { exchange, local }.gap());
                self.known = None;
                self.wait(new);
            }
            None => {
                self.wait(new);
                self.connect(local, found, out);
            }
        }
    }

    /// A snapshot is received at a time.
    pub(crate) fn snapshot(
        &mut self,
        new: Snapshot,
        local: Ns,
        found: &mut Found,
        out: &mut Vec<Event>,
    ) {
        if self.known.is_some() {
            found.ignore("snapshot of a known book");
            return;
        }
        self.snapshot = Some(new);
        self.connect(local, found, out);
    }

    fn wait(&mut self, new: Difference) {
        self.levels += new.levels.len() + 1;
        self.waiting.push_back(new);
        while self.levels > MOST_WAITING {
            self.next_waiting();
        }
    }

    fn next_waiting(&mut self) -> Option<Difference> {
        let next = self.waiting.pop_front()?;
        self.levels -= next.levels.len() + 1;
        Some(next)
    }

    /// Begin with the snapshot, once a difference reaches over it.
    fn connect(&mut self, local: Ns, found: &mut Found, out: &mut Vec<Event>) {
        let Some(snapshot) = &self.snapshot else {
            return;
        };
        let number = snapshot.last;
        while self.waiting.front().is_some_and(|d| d.is_before(number)) {
            self.next_waiting();
        }
        let Some(first) = self.waiting.front() else {
            return;
        };
        let connects = first.reaches_over(number);
        let exchange = first.exchange;
        let Some(snapshot) = self.snapshot.take() else {
            return;
        };
        if !connects {
            found.ignore("snapshot older than the depth after it");
            return;
        }
        let exchange = snapshot.exchange.map_or(exchange, |at| at.min(exchange));
        found.snapshots += 1;
        let times = Times { exchange, local };
        for (side, levels) in [(BUY, snapshot.bids), (SELL, snapshot.asks)] {
            out.push(times.clear(side, 0.0));
            out.extend(levels.into_iter().map(|level| Event {
                exchange,
                local,
                ..level
            }));
        }
        if let Some(first) = self.next_waiting() {
            self.apply(first, local, out);
        }
        for next in std::mem::take(&mut self.waiting) {
            self.difference(next, local, found, out);
        }
        self.levels = self.waiting.iter().map(|d| d.levels.len() + 1).sum();
    }

    fn apply(&mut self, new: Difference, local: Ns, out: &mut Vec<Event>) {
        self.known = Some((new.last, new.exchange));
        out.extend(new.levels.into_iter().map(|level| Event { local, ..level }));
    }
}

impl Difference {
    fn follows(&self, last: u64) -> bool {
        match self.before {
            Some(before) => before == last,
            None => self.first == last + 1,
        }
    }

    /// Whether a snapshot holds all of it.
    fn is_before(&self, snapshot: u64) -> bool {
        match self.before {
            Some(_) => self.last < snapshot,
            None => self.last <= snapshot,
        }
    }

    fn reaches_over(&self, snapshot: u64) -> bool {
        match self.before {
            Some(before) => self.first <= snapshot || before == snapshot,
            None => self.first <= snapshot + 1,
        }
    }
}
