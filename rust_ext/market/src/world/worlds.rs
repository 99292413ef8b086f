//! Worlds that were walked before: iterations follow each other, and each begins where the last one ended.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::scenario::Scenario;
use crate::types::Ns;
use crate::world::{World, STEP};

/// Worlds that are remembered.
const MOST: usize = 8;

static KNOWN: Mutex<Vec<(u64, World)>> = Mutex::new(Vec::new());

/// The world of a scenario and seed at market time 0, or farther on where it was walked before, but not
/// beyond `time`.
pub(crate) fn recall(scenario: &Scenario, seed: u64, time: Ns) -> World {
    let known = lock();
    let fits =
        |(s, w): &&(u64, World)| *s == seed && w.index() * STEP <= time && w.scenario() == scenario;
    let farthest = known.iter().filter(fits).max_by_key(|(_, w)| w.index());
    farthest.map_or_else(|| World::new(scenario, seed), |(_, w)| w.clone())
}

/// Keep a world for later; it takes the place of an earlier state of the same one.
pub(crate) fn remember(world: &World, seed: u64) {
    let mut known = lock();
    known.retain(|(s, w)| *s != seed || w.scenario() != world.scenario());
    if known.len() >= MOST {
        known.remove(0);
    }
    known.push((seed, world.clone()));
}

/// A panic elsewhere leaves whole worlds behind, as they are replaced whole.
fn lock() -> MutexGuard<'static, Vec<(u64, World)>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing as samples;
    use crate::types::SECOND;

    fn walked(seed: u64, time: Ns) -> World {
        let mut world = recall(&samples::scenario(), seed, time);
        while !world.advance_towards(time, 1000) {}
        world
    }

    #[test]
    fn a_world_that_was_walked_before_is_the_same() {
        let seed = 0xC0FFEE;
        let mut fresh = World::new(&samples::scenario(), seed);
        while !fresh.advance_towards(40 * SECOND, 1000) {}
        remember(&walked(seed, 25 * SECOND), seed);
        assert_eq!(recall(&samples::scenario(), seed, 40 * SECOND).index(), 250);
        assert_eq!(walked(seed, 40 * SECOND).now(), fresh.now());
        // One that is asked for an earlier time begins anew.
        assert_eq!(recall(&samples::scenario(), seed, 5 * SECOND).index(), 0);
        assert_eq!(
            recall(&samples::scenario(), seed + 1, 40 * SECOND).index(),
            0
        );
        let mut other = samples::scenario();
        other.fair.vol_bps += 0.1;
        assert_eq!(recall(&other, seed, 40 * SECOND).index(), 0);
    }
}
