//! Counts of what became of our orders.

use serde::Serialize;

use crate::types::VenueFill;

/// What became of our orders.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct OrderCounts {
    /// Taken over from before, and dropped as they would cross.
    pub carried: u64,
    pub dropped: u64,
    pub placed: u64,
    pub cancelled: u64,
    pub tail_cancelled: u64,
    pub rejected: u64,
    pub maker_fills: u64,
    pub partial_fills: u64,
    pub taker_fills: u64,
    /// Fills of orders whose cancellation was under way, and cancellations that came too late.
    pub filled_while_cancelling: u64,
    pub cancels_too_late: u64,
}

impl OrderCounts {
    /// A fill.
    pub(crate) fn filled(&mut self, fill: &VenueFill) {
        if fill.id.is_some() {
            self.maker_fills += 1;
            self.partial_fills += u64::from(fill.left > 0);
        } else {
            self.taker_fills += 1;
        }
    }

    /// An order was cancelled, by the tail rule or otherwise.
    pub(crate) fn cancelled(&mut self, tail: bool) {
        self.cancelled += 1;
        self.tail_cancelled += u64::from(tail);
    }

    /// Fills, as maker and as taker.
    pub(crate) fn fills(&self) -> u64 {
        self.maker_fills + self.taker_fills
    }
}
