//! Seeded random streams: one generator per purpose, keyed by numbers, the same on every platform.

use rand_core::{RngCore, SeedableRng};
use rand_distr::{Distribution, Exp1, StandardNormal};
use rand_xoshiro::{SplitMix64, Xoshiro256PlusPlus};

/// What a stream is for; streams of one seed are independent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    World = 1,
    Flow = 2,
    Delays = 3,
    Regimes = 4,
    Windows = 5,
    Shocks = 6,
}

/// One random stream.
#[derive(Debug, Clone)]
pub(crate) struct Stream(Xoshiro256PlusPlus);

impl Stream {
    /// The stream of (seed, purpose, key).
    pub(crate) fn new(seed: u64, purpose: Purpose, key: u64) -> Self {
        let mut state = seed;
        for part in [purpose as u64, key] {
            state = SplitMix64::seed_from_u64(state).next_u64() ^ part;
        }
        Stream(Xoshiro256PlusPlus::seed_from_u64(state))
    }

    /// Uniform in [0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform integer in [0, n); 0 where n is 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let wide = u128::from(self.0.next_u64()) * n as u128;
        (wide >> 64) as usize
    }

    /// Standard normal.
    pub(crate) fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    /// Exponential of mean 1.
    pub(crate) fn exponential(&mut self) -> f64 {
        Exp1.sample(&mut self.0)
    }

    /// Pareto of least value 1 and the given exponent, cut at `cap`.
    pub(crate) fn pareto(&mut self, exponent: f64, cap: f64) -> f64 {
        let u = 1.0 - self.uniform();
        libm::exp(-libm::log(u) / exponent).min(cap)
    }

    /// Uniform between two bounds.
    pub(crate) fn between(&mut self, bounds: [f64; 2]) -> f64 {
        bounds[0] + (bounds[1] - bounds[0]) * self.uniform()
    }

    /// +1 or -1.
    pub(crate) fn sign(&mut self) -> i64 {
        if self.0.next_u64() >> 63 == 0 {
            1
        } else {
            -1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_a_function_of_its_keys() {
        let draw = |seed, purpose, key| Stream::new(seed, purpose, key).uniform();
        assert_eq!(draw(1, Purpose::Flow, 7), draw(1, Purpose::Flow, 7));
        assert_ne!(draw(1, Purpose::Flow, 7), draw(2, Purpose::Flow, 7));
        assert_ne!(draw(1, Purpose::Flow, 7), draw(1, Purpose::World, 7));
        assert_ne!(draw(1, Purpose::Flow, 7), draw(1, Purpose::Flow, 8));
    }

    #[test]
    fn distributions_have_their_means() {
        let mut s = Stream::new(3, Purpose::World, 0);
        let n = 100_000;
        let mean = |f: &mut dyn FnMut() -> f64| (0..n).map(|_| f()).sum::<f64>() / f64::from(n);
        assert!((mean(&mut || s.uniform()) - 0.5).abs() < 0.01);
        assert!(mean(&mut || s.normal()).abs() < 0.02);
        assert!((mean(&mut || s.exponential()) - 1.0).abs() < 0.02);
        assert!((mean(&mut || s.pareto(3.0, 1e9)) - 1.5).abs() < 0.02);
        assert!(mean(&mut || s.sign() as f64).abs() < 0.02);
        assert!((mean(&mut || s.below(10) as f64) - 4.5).abs() < 0.05);
    }
}
