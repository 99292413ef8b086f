//! One iteration on the mock market: the world advances to the start, the book burns in, the maker runs.

use crate::book::fills::FillModel;
use crate::error::MarketError;
use crate::flow::value::Moves;
use crate::measure::terms::Terms;
use crate::session::decision_loop::Plan;
use crate::session::market::Market;
use crate::session::payments::Payments;
use crate::session::run::Run;
use crate::session::spec::{SimulateSpec, SpecError};
use crate::types::{ns_of_ms, Ns, SECOND};
use crate::venue::mock::MockVenue;
use crate::venue::tape::Column;
use crate::venue::Venue;
use crate::world::World;

/// How long the book evolves before the maker starts.
const BURN_IN: Ns = 5 * SECOND;
/// Grid points of the world that count as one piece of work.
const WORLD_STEPS: u32 = 100_000;

/// A market on its way to a market time: its world advances there, then its book burns in.
#[derive(Debug)]
pub(crate) struct Approach<'m> {
    market: &'m Market,
    /// None once the venue has it.
    world: Option<World>,
    start: Ns,
    levels: usize,
    /// Whether the feed shows levels and trades.
    shows: bool,
    fills: FillModel,
    moves: Option<Moves>,
    venue: Option<MockVenue>,
}

impl<'m> Approach<'m> {
    /// Prepare; `levels` is how many levels count as visible liquidity.
    pub(crate) fn new(market: &'m Market, start: Ns, levels: usize) -> Self {
        Approach {
            market,
            world: Some(market.world_before(opening_time(start))),
            start,
            levels,
            shows: false,
            fills: FillModel::default(),
            moves: None,
            venue: None,
        }
    }

    /// Run a piece; the market once it has reached its time.
    ///
    /// # Errors
    /// None is known.
    pub(crate) fn run_piece(&mut self) -> Result<Option<MockVenue>, MarketError> {
        if let Some(mut world) = self.world.take() {
            if world.advance_towards(opening_time(self.start), WORLD_STEPS) {
                self.market.keep(&world);
                self.venue = Some(self.open(world));
            } else {
                self.world = Some(world);
            }
            return Ok(None);
        }
        let Some(venue) = &mut self.venue else {
            return Ok(None);
        };
        let next = (venue.now() + SECOND).min(self.start);
        venue.advance(next, &mut Vec::new())?;
        if next < self.start {
            return Ok(None);
        }
        venue.forget_counts();
        venue.see(next, &mut Vec::new());
        Ok(self.venue.take())
    }

    fn open(&self, world: World) -> MockVenue {
        let mut venue = MockVenue::new(
            world,
            self.market.seed(),
            self.start as u64,
            self.start - BURN_IN,
            self.levels,
            self.moves,
        );
        if self.shows {
            venue.show();
        }
        venue.fill_by(self.fills);
        venue
    }
}

/// When the book of a market that is wanted at a time is filled; times before 0 are as time 0.
fn opening_time(start: Ns) -> Ns {
    (start - BURN_IN).max(0)
}

/// A market that is brought to the start of an iteration piece by piece.
#[derive(Debug)]
pub struct Opening<'m> {
    spec: SimulateSpec,
    plan: Plan,
    approach: Approach<'m>,
}

impl<'m> Opening<'m> {
    /// Prepare.
    ///
    /// # Errors
    /// One sentence on what is wrong with the spec.
    pub fn new(market: &'m Market, text: &str) -> Result<Self, MarketError> {
        let spec = SimulateSpec::parse(text)?;
        let instrument = &market.scenario().instrument;
        spec.holdings
            .check((instrument.tick_size, instrument.lot_size))
            .map_err(SpecError::from)?;
        let start = ns_of_ms(spec.start_ms);
        let plan = Plan {
            source: "mock",
            start,
            end: start + ns_of_ms(spec.duration_ms),
            tick_size: instrument.tick_size,
            lot_size: instrument.lot_size,
            decision_interval: Plan::interval_of(&spec.maker),
            terms: Terms {
                fees: spec.fees.clone(),
                contract: instrument.contract.clone(),
                traded: spec.traded,
            },
            funding: Payments::new(&market.scenario().funding, 0),
            record: spec.record_fills,
            series_step: spec.series_step_ms.map(ns_of_ms),
            holdings: spec.holdings.clone(),
        };
        let levels = spec.maker.depth_levels as usize;
        let mut approach = Approach::new(market, start, levels);
        approach.fills = spec.fills;
        approach.moves = spec.holdings.moves;
        Ok(Opening {
            approach,
            spec,
            plan,
        })
    }

    /// Have the feed show levels and trades, as a strategy that steps wants them.
    pub fn showing(mut self) -> Self {
        self.approach.shows = true;
        self
    }

    /// What is asked for.
    pub fn spec(&self) -> &SimulateSpec {
        &self.spec
    }

    /// When and on what it will run.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Run a piece; the market once it has reached the start.
    ///
    /// # Errors
    /// None is known.
    pub fn run_piece(&mut self) -> Result<Option<MockVenue>, MarketError> {
        self.approach.run_piece()
    }
}

/// An iteration of the reference maker that is computed piece by piece.
#[derive(Debug)]
pub struct Simulation<'m> {
    opening: Opening<'m>,
    run: Option<Run<MockVenue>>,
}

impl<'m> Simulation<'m> {
    /// Prepare.
    ///
    /// # Errors
    /// One sentence on what is wrong with the spec.
    pub fn new(market: &'m Market, text: &str) -> Result<Self, MarketError> {
        Ok(Simulation {
            opening: Opening::new(market, text)?,
            run: None,
        })
    }

    /// Run a piece of about `budget` market events; the report once it is complete.
    ///
    /// # Errors
    /// One sentence; none is known to occur after a spec was accepted.
    pub fn run_piece(&mut self, budget: u64) -> Result<Option<String>, MarketError> {
        let Some(run) = &mut self.run else {
            if let Some(venue) = self.opening.run_piece()? {
                let spec = self.opening.spec();
                let (parameters, maker) = (spec.parameters.clone(), spec.maker.clone());
                self.run = Some(Run::new(
                    venue,
                    self.opening.plan().clone(),
                    parameters,
                    maker,
                ));
            }
            return Ok(None);
        };
        if !run.run_piece(budget)? {
            return Ok(None);
        }
        let labels = run.venue_mut().label_ms();
        Ok(Some(run.report(labels, false)?))
    }

    /// The series of a complete run as columns, nothing where none was asked for.
    pub fn take_series(&mut self) -> Vec<Column> {
        self.run.as_mut().map_or_else(Vec::new, Run::take_series)
    }
}

#[cfg(test)]
#[path = "simulate_tests.rs"]
mod tests;
