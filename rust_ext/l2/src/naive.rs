//! Two ordered maps, for the tests: nothing windowed, nothing kept up to date.

use std::collections::BTreeMap;

use super::{Book, BookSide};

/// Sizes by key, as `Half` keeps them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct NaiveHalf(pub BTreeMap<i64, f64>);

impl NaiveHalf {
    pub(crate) fn set(&mut self, key: i64, size: f64) {
        if size > 0.0 {
            self.0.insert(key, size);
        } else {
            self.0.remove(&key);
        }
    }

    pub(crate) fn levels(&self) -> Vec<(i64, f64)> {
        self.0
            .iter()
            .rev()
            .map(|(key, size)| (*key, *size))
            .collect()
    }
}

/// All levels of a side, best first.
pub(crate) type Levels = Vec<(f64, f64)>;

/// All that a book holds.
#[derive(Debug, PartialEq)]
pub(crate) struct Shown {
    pub bids: Levels,
    pub asks: Levels,
    pub seq: Option<i64>,
}

impl Shown {
    pub(crate) fn of(book: &Book) -> Self {
        let [bids, asks] = [BookSide::Bid, BookSide::Ask].map(|side| book.depth(side, usize::MAX));
        Shown {
            bids,
            asks,
            seq: book.seq(),
        }
    }

    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.bids.is_empty() && self.asks.is_empty() && self.seq.is_none()
    }
}
