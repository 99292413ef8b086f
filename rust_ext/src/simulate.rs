//! One iteration on the mock market: the world walks to the begin, the book burns in, the maker runs.

use crate::mock::MockVenue;
use crate::run::{Plan, Run};
use crate::spec::SimulateSpec;
use crate::types::{ns_of_ms, Ns, SECOND};
use crate::venue::Venue;
use crate::world::World;

/// How long the book lives before the maker begins.
const BURN_IN: Ns = 5 * SECOND;
/// Grid points of the world that count as one piece of work.
const WORLD_STEPS: u32 = 100_000;

#[derive(Debug)]
enum Stage {
    World(Box<World>),
    BurnIn(Box<MockVenue>),
    Maker(Box<Run<MockVenue>>),
}

/// An iteration that is computed piece by piece.
#[derive(Debug)]
pub struct Simulation {
    spec: SimulateSpec,
    start: Ns,
    end: Ns,
    stage: Stage,
}

impl Simulation {
    /// Prepare.
    ///
    /// # Errors
    /// One sentence on what is wrong with the spec.
    pub fn new(text: &str) -> Result<Self, String> {
        let spec = SimulateSpec::parse(text)?;
        let start = ns_of_ms(spec.start_ms);
        let end = start + ns_of_ms(spec.duration_ms);
        let stage = Stage::World(Box::new(World::new(&spec.scenario, spec.seed)));
        Ok(Simulation {
            spec,
            start,
            end,
            stage,
        })
    }

    /// Do a piece of work of about `budget` market events; the report once all is done.
    ///
    /// # Errors
    /// One sentence; none is known to occur after a spec was accepted.
    pub fn go_on(&mut self, budget: u64) -> Result<Option<String>, String> {
        let begin = self.start - BURN_IN;
        match &mut self.stage {
            Stage::World(world) => {
                if world.advance_towards(begin.max(0), WORLD_STEPS) {
                    let venue = open(&self.spec, world, self.start);
                    self.stage = Stage::BurnIn(Box::new(venue));
                }
                Ok(None)
            }
            Stage::BurnIn(venue) => {
                let next = (venue.now() + SECOND).min(self.start);
                venue.advance(next, &mut Vec::new())?;
                if next == self.start {
                    venue.forget_counts();
                    venue.see(next, &mut Vec::new());
                    let run =
                        Run::new((**venue).clone(), plan_of(&self.spec, self.start, self.end));
                    self.stage = Stage::Maker(Box::new(run));
                }
                Ok(None)
            }
            Stage::Maker(run) => {
                if !run.go_on(budget)? {
                    return Ok(None);
                }
                let labels = run.venue().label_names();
                run.report(labels, false).map(Some)
            }
        }
    }
}

fn open(spec: &SimulateSpec, world: &World, start: Ns) -> MockVenue {
    MockVenue::new(
        &spec.scenario,
        world.clone(),
        spec.seed,
        start as u64,
        start - BURN_IN,
        spec.maker.depth_levels as usize,
    )
}

fn plan_of(spec: &SimulateSpec, start: Ns, end: Ns) -> Plan {
    Plan {
        source: "mock",
        start,
        end,
        tick_size: spec.scenario.instrument.tick_size,
        lot_size: spec.scenario.instrument.lot_size,
        parameters: spec.parameters.clone(),
        maker: spec.maker.clone(),
        fees: spec.fees,
        record: spec.record_fills,
    }
}
