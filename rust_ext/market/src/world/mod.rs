//! The world of a scenario: fair value and multipliers as a function of (scenario, seed, market time).
//!
//! It is defined on a fixed grid of 100 ms that starts at market time 0, whatever an iteration covers.

pub(crate) mod fair;
pub(crate) mod labels;
pub(crate) mod layers;
pub(crate) mod regimes;
pub(crate) mod script;
pub(crate) mod windows;

use crate::scenario::Scenario;
use crate::types::rng::{Purpose, Stream};
use crate::types::{Ns, MS, SECOND};
use crate::world::fair::{ou_step, FairWalk};
use crate::world::layers::{Layers, Mix};
use crate::world::script::{drawn, Path};
use crate::world::windows::{shock_move, EFFECTS};

/// Step of the grid.
pub(crate) const STEP: Ns = 100 * MS;
/// The same in seconds.
pub(crate) const STEP_S: f64 = STEP as f64 / SECOND as f64;

/// A time before all others: a line is up.
pub(crate) const UP: Ns = Ns::MIN / 2;

/// Fair value and multipliers at one grid point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Fair value, in ticks.
    pub fair: f64,
    /// Multiplier on quantity in the book.
    pub depth: f64,
    /// Multiplier on distances of new orders.
    pub spread: f64,
    /// Multiplier on the rates of limit orders and cancellations.
    pub activity: f64,
    /// Multiplier on the rate of market orders, `activity` included.
    pub trading: f64,
    /// Multiplier on the share of informed market orders.
    pub informed: f64,
    /// Multiplier on delays.
    pub latency: f64,
    /// Volatility of the fair value, relative to its usual one.
    pub volatility: f64,
    /// When feed and orders are up again; [`UP`] where they are up.
    pub back_at: [Ns; 2],
    /// Added to the fees of maker and taker, bps.
    pub fee_shift: [f64; 2],
    /// Bits of what is on; see [`crate::world::layers::label_bits`].
    pub labels: u64,
}

impl Point {
    /// A point without effects.
    fn blank(fair: f64) -> Self {
        Point {
            fair,
            depth: 1.0,
            spread: 1.0,
            activity: 1.0,
            trading: 1.0,
            informed: 1.0,
            latency: 1.0,
            volatility: 1.0,
            back_at: [UP; 2],
            fee_shift: [0.0, 0.0],
            labels: 0,
        }
    }
}

/// The walk along the grid.
#[derive(Debug, Clone)]
pub struct World {
    /// With the shocks as the seed draws them.
    scenario: Scenario,
    paths: Vec<Path>,
    stream: Stream,
    layers: Layers,
    index: i64,
    fair: FairWalk,
    ln_depth: f64,
    ln_spread: f64,
    now: Point,
    next: Point,
}

impl World {
    /// The world at market time 0.
    pub fn new(scenario: &Scenario, seed: u64) -> Self {
        let fair = scenario.instrument.start_price / scenario.instrument.tick_size;
        let (shocks, paths) = drawn(&scenario.shocks, seed);
        let mut world = World {
            scenario: Scenario {
                shocks,
                ..scenario.clone()
            },
            paths,
            stream: Stream::new(seed, Purpose::World, 0),
            layers: Layers::new(scenario, seed),
            index: -1,
            fair: FairWalk::new(fair),
            ln_depth: 0.0,
            ln_spread: 0.0,
            now: Point::blank(fair),
            next: Point::blank(fair),
        };
        world.advance();
        world.now = world.next;
        world.advance();
        world
    }

    /// The scenario that this is the world of.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Grid point at or before the present; times before 0 are as time 0.
    pub fn now(&self) -> &Point {
        &self.now
    }

    /// Index of the present grid point.
    pub fn index(&self) -> i64 {
        self.index - 1
    }

    /// Time at which the next grid point becomes the present one.
    pub fn next_change(&self) -> Ns {
        self.index * STEP
    }

    /// Fair value in ticks at a time of the present step, by linear interpolation.
    pub fn fair_at(&self, time: Ns) -> f64 {
        let share = (time - self.index() * STEP) as f64 / STEP as f64;
        self.now.fair + (self.next.fair - self.now.fair) * share.clamp(0.0, 1.0)
    }

    /// Move on by at most `steps` grid points, not beyond the one that holds `time`; whether it is reached.
    pub fn advance_towards(&mut self, time: Ns, steps: u32) -> bool {
        for _ in 0..steps {
            if self.next_change() > time {
                return true;
            }
            self.advance();
        }
        self.next_change() > time
    }

    /// Compute the grid point after the next one; the next one becomes the present.
    fn advance(&mut self) {
        self.now = self.next;
        self.index += 1;
        let at = self.index as f64 * STEP_S;
        let mix = self.layers.at(&self.scenario, at);
        let effect = mix.log.map(libm::exp);
        self.walk(at, &mix, &effect);
        let book = &self.scenario.book;
        // What flickers more only thins: where depth has been withdrawn it does not rise above the normal.
        let flicker = effect[EFFECTS.flicker];
        let flicker = if self.ln_depth > 0.0 {
            flicker.min(1.0)
        } else {
            flicker
        };
        let depth = effect[EFFECTS.depth] * libm::exp(self.ln_depth * book.depth_log_sd * flicker);
        let spread = effect[EFFECTS.spread] * libm::exp(self.ln_spread * book.spread_log_sd);
        let ln_fair = self.fair.ln_price(&self.scenario.fair) + self.ln_shock(at);
        self.next = Point {
            fair: libm::exp(ln_fair).clamp(1.0, 1e15),
            depth: depth.clamp(1e-3, 1e3),
            spread: spread.clamp(1e-3, 100.0),
            activity: effect[EFFECTS.activity].min(10.0),
            trading: (effect[EFFECTS.activity] * effect[EFFECTS.trading]).min(100.0),
            informed: effect[EFFECTS.informed],
            latency: effect[EFFECTS.latency],
            volatility: effect[EFFECTS.volatility] * self.fair.relative_volatility(),
            back_at: mix
                .back_at
                .map(|s| s.map_or(UP, |s| (s * SECOND as f64) as Ns)),
            fee_shift: mix.fee_shift,
            labels: mix.labels,
        };
    }

    /// One step of fair value, depth and spread. Every step draws the same number of times from the stream,
    /// so that effects do not shift what comes later.
    fn walk(&mut self, at: f64, mix: &Mix, effect: &[f64; EFFECTS.count]) {
        if at <= 0.0 {
            return;
        }
        let (fair, book) = (&self.scenario.fair, &self.scenario.book);
        let (volatility, jumps) = (effect[EFFECTS.volatility], effect[EFFECTS.jumps]);
        self.fair
            .step(fair, volatility, jumps, mix.drift, &mut self.stream);
        let noise = [self.stream.normal(), self.stream.normal()];
        self.ln_depth = ou_step(self.ln_depth, book.depth_half_life_s, noise[0]);
        self.ln_spread = ou_step(self.ln_spread, book.spread_half_life_s, noise[1]);
    }

    fn ln_shock(&self, at: f64) -> f64 {
        self.scenario
            .shocks
            .iter()
            .zip(&self.paths)
            .filter(|(shock, _)| shock.move_bps != 0.0)
            .map(|(shock, path)| libm::log1p(shock_move(shock, path, at) * 1e-4))
            .sum()
    }
}

#[cfg(test)]
mod tests;
