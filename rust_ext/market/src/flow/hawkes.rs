//! When market orders come: a bivariate Hawkes process with a kernel of exponentials.
//!
//! An order of a side adds `branching * weight * decay` per exponential to the intensities, `1 - cross_share`
//! of it to its own side; each part decays exponentially (Hawkes 1971; simulated by thinning, Ogata 1981). A
//! multiplier on the rate acts as a faster clock, so that it changes the rate and leaves the branching ratio.

use core::f64::consts::LN_2;

use crate::scenario::Flow;
use crate::types::rng::Stream;
use crate::types::{Ns, Side, SECOND};

/// Exponentials at most.
const MOST: usize = 3;
/// A time that is never reached.
const NEVER: Ns = Ns::MAX / 2;

/// One exponential of the kernel, and what is left of it on both sides, 1/s.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    decay: f64,
    own: f64,
    cross: f64,
    left: [f64; 2],
}

/// The intensities of both sides and the time of the next candidate.
#[derive(Debug, Clone)]
pub(crate) struct Arrivals {
    base: f64,
    mean: f64,
    parts: [Part; MOST],
    factor: f64,
    at: Ns,
    next: Ns,
    /// Sum of both intensities when the candidate was drawn.
    bound: f64,
}

impl Arrivals {
    /// Arrivals of a flow at their mean intensity at time `now`; `factor` multiplies the rate.
    pub(crate) fn new(flow: &Flow, factor: f64, now: Ns, stream: &mut Stream) -> Self {
        let mut parts = [Part::default(); MOST];
        let half = flow.market_rate_per_s * 0.5;
        let mut branching = 0.0;
        if let Some(h) = &flow.hawkes {
            branching = h.branching;
            let whole: f64 = h.weights.iter().sum();
            let kernel = h.half_lives_s.iter().zip(&h.weights);
            for (part, (half_life, weight)) in parts.iter_mut().zip(kernel) {
                let share = branching * weight / whole;
                let decay = LN_2 / half_life;
                *part = Part {
                    decay,
                    own: share * (1.0 - h.cross_share) * decay,
                    cross: share * h.cross_share * decay,
                    left: [half * share; 2],
                };
            }
        }
        let mut arrivals = Arrivals {
            base: half * (1.0 - branching),
            mean: flow.market_rate_per_s,
            parts,
            factor,
            at: now,
            next: NEVER,
            bound: 0.0,
        };
        arrivals.draw(stream);
        arrivals
    }

    /// Time of the next candidate.
    pub(crate) fn next(&self) -> Ns {
        self.next
    }

    /// Intensity of a side at the time last evaluated, 1/s, multiplier aside.
    pub(crate) fn intensity(&self, side: Side) -> f64 {
        let left = self.parts.iter().map(|p| p.left[side.index()]);
        self.base + left.sum::<f64>()
    }

    /// Intensity of both sides relative to its mean; 1 where nothing comes at all.
    pub(crate) fn relative(&self) -> f64 {
        if self.mean > 0.0 {
            self.both() / self.mean
        } else {
            1.0
        }
    }

    /// The multiplier on the rate changes at `now`, before the next candidate.
    pub(crate) fn change(&mut self, factor: f64, now: Ns, stream: &mut Stream) {
        self.decay_to(now);
        self.factor = factor;
        self.draw(stream);
    }

    /// The time of the candidate has come: whether there is an order. If not, the next one is drawn.
    pub(crate) fn accept(&mut self, stream: &mut Stream) -> bool {
        let bound = self.bound;
        self.decay_to(self.next);
        if stream.uniform() * bound < self.both() {
            return true;
        }
        self.draw(stream);
        false
    }

    /// An order of a side has come; the next candidate is drawn.
    pub(crate) fn excite(&mut self, side: Side, now: Ns, stream: &mut Stream) {
        self.decay_to(now);
        for part in &mut self.parts {
            part.left[side.index()] += part.own;
            part.left[side.opposite().index()] += part.cross;
        }
        self.draw(stream);
    }

    fn both(&self) -> f64 {
        self.intensity(Side::Buy) + self.intensity(Side::Sell)
    }

    fn decay_to(&mut self, now: Ns) {
        let elapsed = (now - self.at) as f64 / SECOND as f64 * self.factor;
        for part in &mut self.parts {
            if part.left[0] + part.left[1] > 0.0 {
                let keep = libm::exp(-part.decay * elapsed);
                part.left = part.left.map(|left| left * keep);
            }
        }
        self.at = now;
    }

    /// Between events the intensity only falls, so that the present one bounds it.
    fn draw(&mut self, stream: &mut Stream) {
        self.bound = self.both();
        let rate = self.bound * self.factor;
        self.next = if rate > 0.0 {
            let wait = stream.exponential() / rate * SECOND as f64;
            self.at + (wait.min(NEVER as f64 / 2.0) as Ns).max(1)
        } else {
            NEVER
        };
    }
}

#[cfg(test)]
#[path = "hawkes_tests.rs"]
mod tests;
