//! One event of a recording, and its row of 64 bytes as hftbacktest 2 lays it out.

/// Nanoseconds since 1970.
pub(crate) type Ns = i64;

pub(crate) use crate::rows::{BUY, CLEAR, DEPTH, EXCHANGE, GAP, LOCAL, ROW, SELL, SNAPSHOT, TRADE};

/// What happened, when it happened, and when the receiver was told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Event {
    /// Kind and side.
    pub what: u64,
    pub exchange: Ns,
    pub local: Ns,
    pub price: f64,
    pub quantity: f64,
}

impl Event {
    pub(crate) fn kind(&self) -> u64 {
        self.what & 0xff
    }

    /// The row, seen on the clocks that `clocks` names.
    pub(crate) fn row(&self, clocks: u64) -> [u8; ROW] {
        let words = [
            self.what | clocks,
            self.exchange as u64,
            self.local as u64,
            self.price.to_bits(),
            self.quantity.to_bits(),
        ];
        let mut row = [0; ROW];
        for (bytes, word) in row.chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        row
    }
}

/// The times of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    pub exchange: Ns,
    pub local: Ns,
}

impl Times {
    pub(crate) fn event(self, what: u64, price: f64, quantity: f64) -> Event {
        Event {
            what,
            exchange: self.exchange,
            local: self.local,
            price,
            quantity,
        }
    }

    /// A side is emptied: up to a price, or all of it where the price is 0.
    pub(crate) fn clear(self, side: u64, up_to: f64) -> Event {
        self.event(CLEAR | side, up_to, 0.0)
    }

    /// The book is not known from here on.
    pub(crate) fn gap(self) -> Event {
        self.event(GAP, 0.0, 0.0)
    }
}
