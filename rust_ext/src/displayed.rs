//! A displayed book: quantity per price, as a feed of depth rows describes it.

use crate::ladder::Ladder;
use crate::rows::Action;
use crate::types::{Side, Tick};

/// Both sides of a displayed book.
#[derive(Debug, Clone)]
pub struct Displayed {
    /// Bids and asks.
    pub sides: [Ladder; 2],
    /// Mid in ticks; the last known one where a side is empty.
    pub mid: Option<f64>,
}

impl Displayed {
    /// An empty book.
    pub fn new() -> Self {
        Displayed {
            sides: [Ladder::new(Side::Buy), Ladder::new(Side::Sell)],
            mid: None,
        }
    }

    /// One side.
    pub fn side(&self, side: Side) -> &Ladder {
        &self.sides[side.index()]
    }

    /// Take in what a row says; trades change nothing, as depth rows follow them.
    pub fn apply(&mut self, action: Action) {
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
    pub fn spread(&self) -> Option<Tick> {
        Some(self.side(Side::Sell).best()? - self.side(Side::Buy).best()?)
    }

    /// Note the mid; between the rows of one message a book may cross, such a state has no mid.
    pub fn note_mid(&mut self) {
        if let (Some(bid), Some(ask)) = (self.side(Side::Buy).best(), self.side(Side::Sell).best())
        {
            if bid < ask {
                self.mid = Some((bid + ask) as f64 * 0.5);
            }
        }
    }
}

impl Default for Displayed {
    fn default() -> Self {
        Self::new()
    }
}
