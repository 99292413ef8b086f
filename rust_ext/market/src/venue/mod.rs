//! What the maker's gateway needs from a market, whether mock or recorded.

pub(crate) mod any;
pub(crate) mod delays;
pub(crate) mod feed;
pub(crate) mod mock;
pub(crate) mod participants;
pub(crate) mod quality;
pub(crate) mod recorder;
pub(crate) mod replay;
pub(crate) mod rows;
pub(crate) mod shown;
pub(crate) mod tape;

use crate::book::ladder::Ladder;
use crate::book::own::OwnOrder;
use crate::flow::value::Moves;
use crate::scenario::Contract;
use crate::venue::delays::Message;
use crate::venue::quality::Quality;

use crate::types::{Lots, NewOrder, Ns, Side, Tick, VenueFill, View};
use crate::venue::rows::RowError;

/// An order of ours that was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cancelled {
    pub placed_at: Ns,
    pub side: Side,
}

/// A market with our own orders in it. Time never goes back.
pub(crate) trait Venue {
    /// Advance the market to a time, inclusive; fills of our orders are appended in order of time.
    ///
    /// # Errors
    /// One sentence where the data behind the market cannot be used.
    fn advance(&mut self, until: Ns, fills: &mut Vec<VenueFill>) -> Result<(), RowError>;

    /// An order of ours arrives; false where it would cross and is rejected.
    fn place(&mut self, order: NewOrder) -> bool;

    /// An order of ours that rested here before goes on; false where it would cross and is dropped.
    fn restore(&mut self, own: OwnOrder) -> bool;

    /// Our orders at the market, oldest first.
    fn resting(&self) -> &[OwnOrder];

    /// A cancellation of ours arrives; None where the order is not there any more.
    fn cancel(&mut self, id: u64) -> Option<Cancelled>;

    /// A request of ours arrives to leave at most `lots` of an order, whose place in the queue stays; what is left
    /// of it, None where the order is not there any more.
    fn reduce(&mut self, id: u64, lots: Lots) -> Option<Lots>;

    /// An immediate-or-cancel order of ours arrives.
    fn take(&mut self, side: Side, lots: Lots, limit: Tick, fills: &mut Vec<VenueFill>);

    /// Mid of the other participants' book in ticks; the last known one where a side is empty.
    fn mid(&self) -> Option<f64>;

    /// Ask minus bid of the other participants' book in ticks.
    fn spread(&self) -> Option<Tick>;

    /// The displayed orders of the other participants on a side.
    fn displayed(&self, side: Side) -> &Ladder;

    /// The book as it can be seen at a time, at or after the last advance; delays of the messages that
    /// have arrived since the last call are appended to `lags`, ms.
    fn see(&mut self, now: Ns, lags: &mut Vec<f64>) -> View;

    /// Draw the delay of one order message.
    fn order_delay(&mut self, message: Message) -> Ns;

    /// Market events and trades so far.
    fn counts(&self) -> (u64, u64);

    /// Best price of ours on a side, and our lots there.
    fn own_best(&self, side: Side) -> Option<(Tick, Lots)>;

    /// The labels that can be on, with their bits.
    fn labels(&self) -> Vec<(String, u64)> {
        Vec::new()
    }

    /// Bits of the labels that are on.
    fn labels_on(&self) -> u64 {
        0
    }

    /// What trades have brought to the price so far, None where nobody answers.
    fn moves(&self) -> Option<Moves> {
        None
    }

    /// What one order of ours brings or costs that trades lots against the orders displayed on a side, as lots of
    /// the contract count in ticks; None where they do not hold as much.
    fn proceeds(&self, resting: Side, lots: Lots, contract: &Contract) -> Option<f64> {
        self.displayed(resting)
            .walk(lots, |tick| contract.in_ticks(tick))
    }

    /// How far the market's data can be trusted since the iteration began, None where they cannot err.
    fn quality(&self, _end: Ns) -> Option<Quality> {
        None
    }
}
