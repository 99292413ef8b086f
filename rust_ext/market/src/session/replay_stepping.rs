//! A slice of a recording that stops at every decision.

use crate::error::MarketError;
use crate::session::decision_loop::Plan;
use crate::session::replay_run::{opened, plan_of};
use crate::session::spec::ReplaySpec;
use crate::session::stepper::Stepper;
use crate::venue::any::AnyVenue;
use crate::venue::replay::ReplayVenue;

/// A recording that is brought to the start of an iteration piece by piece.
#[derive(Debug)]
pub struct ReplayOpening<'a> {
    spec: ReplaySpec,
    /// None once the iteration has it.
    venue: Option<Box<ReplayVenue<'a>>>,
}

impl<'a> ReplayOpening<'a> {
    /// Prepare.
    ///
    /// # Errors
    /// One sentence on what is wrong with spec or buffer.
    pub fn new(text: &str, bytes: &'a [u8]) -> Result<Self, MarketError> {
        let (spec, venue) = opened(text, bytes)?;
        Ok(ReplayOpening {
            spec,
            venue: Some(Box::new(venue)),
        })
    }

    /// Run a piece of about `budget` rows; the iteration once the start is reached.
    ///
    /// A recording that has ended by then gives an iteration that is over at once.
    ///
    /// # Errors
    /// Where a row cannot be used.
    pub fn run_piece(&mut self, budget: u64) -> Result<Option<Stepper<'a>>, MarketError> {
        let Some(venue) = &mut self.venue else {
            return Ok(None);
        };
        let (start, last) = (self.spec.start_ns, venue.last());
        if last > start && !venue.build(start, budget as usize)? {
            return Ok(None);
        }
        let plan = Plan {
            end: self.spec.end_ns.min(last).max(start),
            ..plan_of(&self.spec, last)
        };
        let ended = last < self.spec.end_ns;
        let levels = self.spec.maker.depth_levels;
        Ok(self
            .venue
            .take()
            .map(|venue| Stepper::at(AnyVenue::Replay(venue), plan, levels, ended)))
    }
}
