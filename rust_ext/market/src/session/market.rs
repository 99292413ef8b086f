//! A mock market: a scenario, a seed, and its world as far as it was computed.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::scenario::{Scenario, ScenarioError};
use crate::types::json::parse;
use crate::types::Ns;
use crate::world::layers::label_bits;
use crate::world::{World, STEP};

/// A market whose state at any market time is a function of scenario and seed.
///
/// Iterations follow each other, so the world is kept where the last one opened, and the next one continues
/// from there. One that starts earlier is computed from market time 0.
#[derive(Debug)]
pub struct Market {
    scenario: Scenario,
    seed: u64,
    walked: Mutex<World>,
}

impl Market {
    /// Read and validate a scenario, as JSON.
    ///
    /// # Errors
    /// One sentence on what is wrong with the scenario.
    pub fn new(scenario: &str, seed: u64) -> Result<Self, ScenarioError> {
        let scenario: Scenario = parse(scenario)?;
        scenario.check("scenario")?;
        Ok(Market {
            walked: Mutex::new(World::new(&scenario, seed)),
            scenario,
            seed,
        })
    }

    pub(crate) fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The labels that can be on, with the bits that stand for them in a series.
    pub fn labels(&self) -> Vec<(String, u64)> {
        label_bits(&self.scenario)
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// The world, as far as it was computed but not beyond `time`.
    pub(crate) fn world_before(&self, time: Ns) -> World {
        let walked = self.lock();
        if walked.index() * STEP <= time {
            return walked.clone();
        }
        World::new(&self.scenario, self.seed)
    }

    /// Keep a world of this market for later.
    pub(crate) fn keep(&self, world: &World) {
        *self.lock() = world.clone();
    }

    /// A panic elsewhere leaves a whole world behind, as it is replaced whole.
    fn lock(&self) -> MutexGuard<'_, World> {
        self.walked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing as samples;
    use crate::types::SECOND;

    fn walked(market: &Market, time: Ns) -> World {
        let mut world = market.world_before(time);
        while !world.advance_towards(time, 1000) {}
        world
    }

    #[test]
    fn a_world_that_was_walked_before_is_the_same() {
        let market = samples::market(0xC0FFEE);
        let fresh = walked(&market, 40 * SECOND);
        market.keep(&walked(&market, 25 * SECOND));
        assert_eq!(market.world_before(40 * SECOND).index(), 250);
        assert_eq!(walked(&market, 40 * SECOND).now(), fresh.now());
        // One that is asked for an earlier time begins anew.
        assert_eq!(market.world_before(5 * SECOND).index(), 0);
    }
}
