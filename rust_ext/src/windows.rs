//! When windows and shocks are on, and how strongly.

use core::f64::consts::LN_2;

use crate::rng::Stream;
use crate::scenario::{Effect, RandomWindow, Shock};

/// Places of the multipliers in an array.
pub struct Places {
    pub volatility: usize,
    pub depth: usize,
    pub flicker: usize,
    pub spread: usize,
    pub activity: usize,
    pub trading: usize,
    pub informed: usize,
    pub jumps: usize,
    pub latency: usize,
    pub count: usize,
}

/// The one table of places, in the order of [`ln_effect`].
pub const EFFECTS: Places = Places {
    volatility: 0,
    depth: 1,
    flicker: 2,
    spread: 3,
    activity: 4,
    trading: 5,
    informed: 6,
    jumps: 7,
    latency: 8,
    count: 9,
};

/// Logs of the multipliers.
pub fn ln_effect(e: &Effect) -> [f64; EFFECTS.count] {
    [
        e.volatility,
        e.depth,
        e.flicker,
        e.spread,
        e.activity,
        e.trading,
        e.informed,
        e.jumps,
        e.latency,
    ]
    .map(libm::log)
}

/// Begin and end of the present or coming window of one kind, s.
#[derive(Debug, Clone)]
pub struct WindowClock {
    begin: f64,
    end: f64,
}

impl WindowClock {
    /// The first window.
    pub fn new(window: &RandomWindow, stream: &mut Stream) -> Self {
        let begin = stream.between(window.gap_s);
        WindowClock {
            begin,
            end: begin + stream.between(window.length_s),
        }
    }

    /// Strength at a time, 0 to 1; times must not decrease.
    pub fn weight(&mut self, window: &RandomWindow, at: f64, stream: &mut Stream) -> f64 {
        if at >= self.end + window.ramp_s {
            *self = {
                let next = WindowClock::new(window, stream);
                WindowClock {
                    begin: self.end + next.begin,
                    end: self.end + next.end,
                }
            };
        }
        if at < self.begin {
            return 0.0;
        }
        let rise = ramp(at - self.begin, window.ramp_s);
        let fall = ramp(self.end + window.ramp_s - at, window.ramp_s);
        rise.min(fall)
    }
}

/// Strength of a shock's effect at a time, 0 to 1.
pub fn shock_weight(shock: &Shock, at: f64) -> f64 {
    if at < shock.at_s {
        return 0.0;
    }
    let since_end = at - shock.at_s - shock.length_s;
    let rise = ramp(at - shock.at_s, shock.ramp_s);
    if since_end <= 0.0 {
        return rise;
    }
    rise * libm::exp(-LN_2 * since_end / shock.effect_half_life_s)
}

/// Move of fair value that a shock has brought by a time, bps.
pub fn shock_move(shock: &Shock, at: f64) -> f64 {
    let since_end = at - shock.at_s - shock.length_s;
    if since_end <= 0.0 {
        return shock.move_bps * ((at - shock.at_s) / shock.length_s).clamp(0.0, 1.0);
    }
    let recovered = 1.0 - libm::exp(-LN_2 * since_end / shock.recovery_half_life_s);
    shock.move_bps * (1.0 - shock.recovery_share * recovered)
}

fn ramp(since: f64, length: f64) -> f64 {
    if length <= 0.0 {
        return f64::from(u8::from(since >= 0.0));
    }
    (since / length).clamp(0.0, 1.0)
}
