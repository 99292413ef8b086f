//! A displayed book: quantity per price, as a feed of depth rows describes it.

use crate::book::ladder::Ladder;
use crate::types::{Side, Tick};
use crate::venue::rows::Action;

/// Both sides of a displayed book.
#[derive(Debug, Clone)]
pub(crate) struct Displayed {
    /// Bids and asks.
    pub sides: [Ladder; 2],
    /// Sum of the best prices when the mid was last updated, 0 before.
    sum: Tick,
}

impl Displayed {
    /// An empty book.
    pub(crate) fn new() -> Self {
        Displayed {
            sides: [Ladder::new(Side::Buy), Ladder::new(Side::Sell)],
            sum: 0,
        }
    }

    /// One side.
    pub(crate) fn side(&self, side: Side) -> &Ladder {
        &self.sides[side.index()]
    }

    /// Apply a row; trades change nothing, as depth rows follow them.
    #[inline]
    pub(crate) fn apply(&mut self, action: Action) {
        match action {
            Action::Depth { side, tick, lots } => self.sides[side.index()].set(tick, lots),
            Action::Clear { side, tick } => {
                for s in Side::BOTH
                    .into_iter()
                    .filter(|s| side.is_none_or(|x| x == *s))
                {
                    self.sides[s.index()].clear_to(tick);
                }
            }
            Action::Trade { .. } | Action::Other => {}
        }
    }

    /// Ask minus bid, ticks.
    pub(crate) fn spread(&self) -> Option<Tick> {
        Some(self.side(Side::Sell).best()? - self.side(Side::Buy).best()?)
    }

    /// Mid in ticks when it was last updated; None before the first.
    pub(crate) fn mid(&self) -> Option<f64> {
        (self.sum > 0).then_some(self.sum as f64 * 0.5)
    }

    /// Update the mid; between the rows of one message a book may cross, such a state has no mid, nor has one
    /// with an empty side.
    #[inline]
    pub(crate) fn note_mid(&mut self) {
        if let (Some(bid), Some(ask)) = (self.side(Side::Buy).best(), self.side(Side::Sell).best())
        {
            if bid < ask {
                self.sum = bid + ask;
            }
        }
    }
}

impl Default for Displayed {
    fn default() -> Self {
        Self::new()
    }
}
