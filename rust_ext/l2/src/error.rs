//! Why a book refuses something.

use crate::half::{LEAST_WINDOW, MOST_WINDOW};

/// Why a book refuses an update or a question.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BookError {
    /// A tick or lot size out of range.
    #[error("{name} {size:?} is not in 1e-9 .. 1e9")]
    Step { name: &'static str, size: f64 },
    /// A window out of range.
    #[error("window {0} is not in {least} .. {most}", least = LEAST_WINDOW, most = MOST_WINDOW)]
    Window(usize),
    /// A sign that is no side.
    #[error("side {0} is neither 1 (bid) nor -1 (ask)")]
    Side(i64),
    /// A price that is infinite or not a number.
    #[error("price {0:?} is not finite")]
    PriceNotFinite(f64),
    /// A price below one tick or above 2^40 of them.
    #[error("price {price:?} is not between one tick and 2^40 ticks of {tick_size:?}")]
    PriceOutOfRange { price: f64, tick_size: f64 },
    /// A price between two ticks.
    #[error("price {price:?} is off tick: not a multiple of {tick_size:?}")]
    OffTick { price: f64, tick_size: f64 },
    /// A size that is infinite or not a number.
    #[error("size {0:?} is not finite")]
    SizeNotFinite(f64),
    /// A size below 0.
    #[error("size {0:?} is negative")]
    SizeNegative(f64),
    /// A size above 2^50 lots.
    #[error("size {0:?} is larger than 2^50 lots")]
    SizeTooLarge(f64),
    /// A size that is no whole number of lots.
    #[error("size {size:?} is off lot: not a multiple of {lot_size:?}")]
    OffLot { size: f64, lot_size: f64 },
    /// A level of a snapshot whose size is 0.
    #[error("size {0:?} is no size of a level")]
    EmptyLevel(f64),
    /// A price that comes twice in one side of a snapshot.
    #[error("{side} price {price:?} comes twice in the snapshot")]
    Duplicate { side: &'static str, price: f64 },
    /// A snapshot whose bids reach its asks.
    #[error("crossed snapshot: best bid {bid:?} is not below best ask {ask:?}")]
    Crossed { bid: f64, ask: f64 },
    /// A size to trade that is not a number above 0.
    #[error("size {0:?} is not a finite number above 0")]
    NoQuantity(f64),
    /// A sequence number below 0.
    #[error("sequence number {0} is negative")]
    SequenceNegative(i64),
    /// An update without a number after one with a number.
    #[error("sequence number missing: the last one was {last}")]
    SequenceMissing { last: i64 },
    /// A number that does not follow the last one.
    #[error("sequence gap: {given} does not follow {last}")]
    SequenceGap { last: i64, given: i64 },
    /// Columns of a batch that differ in length.
    #[error("columns differ in length: {sides} sides, {prices} prices, {sizes} sizes, {numbers} sequence numbers")]
    Lengths {
        sides: usize,
        prices: usize,
        sizes: usize,
        numbers: usize,
    },
    /// A row of a batch, or a level of a snapshot, that is refused.
    #[error("{place} {row}: {cause}")]
    Row {
        place: &'static str,
        row: usize,
        cause: Box<BookError>,
    },
}

impl BookError {
    /// The same, naming the row that it is about.
    pub(crate) fn in_row(self, place: &'static str, row: usize) -> Self {
        BookError::Row {
            place,
            row,
            cause: Box::new(self),
        }
    }
}
