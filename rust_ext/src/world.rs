//! The world of a scenario: fair value and multipliers as a function of (scenario, seed, market time).
//!
//! It lives on a fixed grid of 100 ms that begins at market time 0, whatever part of it an iteration sees.

use crate::rng::{Purpose, Stream};
use crate::scenario::{Effect, Scenario};
use crate::types::{Ns, MS};
use crate::windows::{ln_effect, shock_move, shock_weight, WindowClock, EFFECTS};

/// Step of the grid.
pub const STEP: Ns = 100 * MS;
const STEP_S: f64 = 0.1;

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
    /// Bit i: window kind i is on; bit 8 + j: shock j is on.
    pub labels: u64,
}

/// The walk along the grid.
#[derive(Debug, Clone)]
pub struct World {
    scenario: Scenario,
    stream: Stream,
    clocks: Vec<WindowClock>,
    index: i64,
    ln_fair: f64,
    ln_vol: f64,
    ln_depth: f64,
    now: Point,
    next: Point,
}

impl World {
    /// The world at market time 0.
    pub fn new(scenario: &Scenario, seed: u64) -> Self {
        let mut stream = Stream::new(seed, Purpose::World, 0);
        let clocks = scenario
            .windows
            .iter()
            .map(|w| WindowClock::new(w, &mut stream))
            .collect();
        let fair = scenario.instrument.start_price / scenario.instrument.tick_size;
        let blank = Point {
            fair,
            depth: 1.0,
            spread: 1.0,
            activity: 1.0,
            trading: 1.0,
            informed: 1.0,
            latency: 1.0,
            labels: 0,
        };
        let mut world = World {
            scenario: scenario.clone(),
            stream,
            clocks,
            index: -1,
            ln_fair: libm::log(fair),
            ln_vol: 0.0,
            ln_depth: 0.0,
            now: blank,
            next: blank,
        };
        world.advance();
        world.now = world.next;
        world.advance();
        world
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

    /// Names of the labels in a set of bits.
    pub fn label_names(&self, bits: u64) -> Vec<String> {
        let windows = self.scenario.windows.iter().map(|w| &w.label);
        let shocks = self.scenario.shocks.iter().map(|s| &s.label);
        let mut names: Vec<String> = windows
            .enumerate()
            .chain(shocks.enumerate().map(|(j, l)| (j + 8, l)))
            .filter(|(bit, _)| bits >> bit & 1 == 1)
            .map(|(_, l)| l.clone())
            .collect();
        names.sort();
        names.dedup();
        names
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
        let (log, labels) = self.effects_at(at);
        let effect = log.map(libm::exp);
        self.walk(at, &effect);
        let book = &self.scenario.book;
        let depth = effect[EFFECTS.depth]
            * libm::exp(self.ln_depth * book.depth_log_sd * effect[EFFECTS.flicker]);
        self.next = Point {
            fair: libm::exp(self.ln_fair + self.ln_shock(at)).clamp(1.0, 1e15),
            depth: depth.clamp(1e-3, 1e3),
            spread: effect[EFFECTS.spread].min(100.0),
            activity: effect[EFFECTS.activity].min(10.0),
            trading: (effect[EFFECTS.activity] * effect[EFFECTS.trading]).min(100.0),
            informed: effect[EFFECTS.informed],
            latency: effect[EFFECTS.latency],
            labels,
        };
    }

    fn effects_at(&mut self, at: f64) -> ([f64; EFFECTS.count], u64) {
        let mut log = [0.0; EFFECTS.count];
        let mut labels = 0;
        let mut mix = |weight: f64, effect: &Effect, bit: usize| {
            if weight > 0.0 {
                for (sum, part) in log.iter_mut().zip(ln_effect(effect)) {
                    *sum += weight * part;
                }
            }
            // A trace of a fading effect is no label: from half strength on it is.
            if weight >= 0.5 {
                labels |= 1 << bit;
            }
        };
        let windows = self.clocks.iter_mut().zip(&self.scenario.windows);
        for (i, (clock, window)) in windows.enumerate() {
            mix(
                clock.weight(window, at, &mut self.stream),
                &window.effect,
                i,
            );
        }
        for (j, shock) in self.scenario.shocks.iter().enumerate() {
            mix(shock_weight(shock, at), &shock.effect, 8 + j);
        }
        (log, labels)
    }

    /// One step of volatility, depth and fair value. Every step draws the same number of times from the
    /// stream where no jump falls, so that effects do not shift what comes later.
    fn walk(&mut self, at: f64, effect: &[f64; EFFECTS.count]) {
        let noise = [
            self.stream.normal(),
            self.stream.normal(),
            self.stream.normal(),
        ];
        let jump = self.stream.uniform();
        let size = self.stream.exponential() * self.stream.sign() as f64;
        if at <= 0.0 {
            return;
        }
        let fair = &self.scenario.fair;
        self.ln_vol = ou_step(self.ln_vol, fair.vol_half_life_s, noise[0]);
        self.ln_depth = ou_step(
            self.ln_depth,
            self.scenario.book.depth_half_life_s,
            noise[1],
        );
        let vol =
            fair.vol_bps * effect[EFFECTS.volatility] * libm::exp(self.ln_vol * fair.vol_log_sd);
        let mut bps = vol * STEP_S.sqrt() * noise[2] + fair.drift_bps_per_hour * STEP_S / 3600.0;
        if jump < fair.jumps_per_hour * effect[EFFECTS.jumps] * STEP_S / 3600.0 {
            bps += fair.jump_bps * size;
        }
        self.ln_fair += (bps * 1e-4).clamp(-0.2, 0.2);
    }

    fn ln_shock(&self, at: f64) -> f64 {
        self.scenario
            .shocks
            .iter()
            .map(|shock| libm::log1p(shock_move(shock, at) * 1e-4))
            .sum()
    }
}

/// One step of an Ornstein-Uhlenbeck process whose stationary deviation is 1.
fn ou_step(value: f64, half_life_s: f64, noise: f64) -> f64 {
    let keep = libm::exp(-core::f64::consts::LN_2 * STEP_S / half_life_s);
    value * keep + noise * (1.0 - keep * keep).sqrt()
}

#[cfg(test)]
#[path = "world_tests.rs"]
mod tests;
