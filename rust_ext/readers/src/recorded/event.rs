//! One event of a recording, and its row of 64 bytes as hftbacktest 2 lays it out.

/// Nanoseconds since 1970.
pub(crate) type Ns = i64;

/// Bytes of a row.
pub(crate) const ROW: usize = 64;
pub(crate) const EXCHANGE: u64 = 1 << 31;
pub(crate) const LOCAL: u64 = 1 << 30;
pub(crate) const BUY: u64 = 1 << 29;
pub(crate) const SELL: u64 = 1 << 28;
pub(crate) const DEPTH: u64 = 1;
pub(crate) const TRADE: u64 = 2;
pub(crate) const CLEAR: u64 = 3;
pub(crate) const SNAPSHOT: u64 = 4;
/// Messages were lost: from here on the book is not known, until it is cleared and shown anew.
pub(crate) const GAP: u64 = 110;

/// What happened, when it happened, and when the receiver heard of it.
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
