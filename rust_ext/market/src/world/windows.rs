//! When windows and shocks are on, and how strongly.

use core::f64::consts::LN_2;

pub(crate) use crate::scenario::events::EFFECTS;
use crate::scenario::events::{Effect, RandomWindow, Shock};
use crate::types::rng::Stream;
use crate::world::script::Path;

/// Logs of the multipliers.
pub(crate) fn ln_effect(e: &Effect) -> [f64; EFFECTS.count] {
    e.values().map(libm::log)
}

/// Start and end of the current or next window of one kind, s.
#[derive(Debug, Clone)]
pub(crate) struct WindowClock {
    begin: f64,
    end: f64,
}

impl WindowClock {
    /// The first window.
    pub(crate) fn new(window: &RandomWindow, stream: &mut Stream) -> Self {
        let begin = stream.between(window.gap_s);
        WindowClock {
            begin,
            end: begin + stream.between(window.length_s),
        }
    }

    /// Strength at a time, 0 to 1; times must not decrease.
    pub(crate) fn weight(&mut self, window: &RandomWindow, at: f64, stream: &mut Stream) -> f64 {
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

    /// End of the window that is on at a time, ramps aside.
    pub(crate) fn end_of(&self, at: f64) -> Option<f64> {
        (self.begin..self.end).contains(&at).then_some(self.end)
    }
}

/// Whether a shock is on at a time.
pub(crate) fn shock_is_on(shock: &Shock, at: f64) -> bool {
    (shock.at_s..shock.at_s + shock.length_s).contains(&at)
}

/// Strength of a shock's effect at a time, 0 to 1.
pub(crate) fn shock_weight(shock: &Shock, at: f64) -> f64 {
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
pub(crate) fn shock_move(shock: &Shock, path: &Path, at: f64) -> f64 {
    let since_end = at - shock.at_s - shock.length_s;
    if since_end <= 0.0 {
        return shock.move_bps * path.at((at - shock.at_s) / shock.length_s);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::events::Outage;
    use crate::types::rng::Purpose;

    fn shock() -> Shock {
        Shock {
            label: "s".to_owned(),
            at_s: 100.0,
            at_width_s: 0.0,
            after_previous: false,
            length_s: 50.0,
            length_ratio: 1.0,
            ramp_s: 10.0,
            move_bps: -500.0,
            move_ratio: 1.0,
            either_sign: false,
            path_bend: 0.0,
            path_noise: 0.0,
            recovery_share: 0.6,
            recovery_half_life_s: 200.0,
            effect_half_life_s: 30.0,
            outage: Outage::None,
            maker_fee_shift_bps: 0.0,
            taker_fee_shift_bps: 0.0,
            effect: Effect::default(),
        }
    }

    #[test]
    fn a_shock_rises_holds_and_fades() {
        let s = shock();
        assert!(!shock_is_on(&s, 99.9) && shock_is_on(&s, 100.0) && !shock_is_on(&s, 150.0));
        assert_eq!(shock_weight(&s, 99.9), 0.0);
        assert_eq!(shock_weight(&s, 105.0), 0.5);
        assert_eq!(shock_weight(&s, 150.0), 1.0);
        assert!((shock_weight(&s, 180.0) - 0.5).abs() < 1e-12);
        assert_eq!(shock_move(&s, &Path::STRAIGHT, 100.0), 0.0);
        assert_eq!(shock_move(&s, &Path::STRAIGHT, 125.0), -250.0);
        assert_eq!(shock_move(&s, &Path::STRAIGHT, 150.0), -500.0);
        assert!((shock_move(&s, &Path::STRAIGHT, 350.0) + 350.0).abs() < 1e-9);
        assert!((shock_move(&s, &Path::STRAIGHT, 1e6) + 200.0).abs() < 1e-9);
    }

    #[test]
    fn random_windows_keep_their_gaps_and_lengths() {
        let window = RandomWindow {
            label: "w".to_owned(),
            gap_s: [20.0, 30.0],
            length_s: [5.0, 8.0],
            ramp_s: 1.0,
            outage: Outage::None,
            effect: Effect::default(),
        };
        let mut stream = Stream::new(4, Purpose::World, 0);
        let mut clock = WindowClock::new(&window, &mut stream);
        let (mut on, mut since, mut seen) = (false, 0, 0);
        for step in 0..100_000 {
            let now_on = clock.weight(&window, f64::from(step) * 0.1, &mut stream) > 0.0;
            if now_on != on {
                let length = f64::from(step - since) * 0.1;
                let bounds = if on { (5.8, 9.2) } else { (18.8, 30.2) };
                assert!(
                    bounds.0 <= length && length <= bounds.1,
                    "{on} for {length}"
                );
                (on, since, seen) = (now_on, step, seen + 1);
            }
        }
        assert!(seen > 400);
    }
}
