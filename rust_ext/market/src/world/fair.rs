//! The fair value: a GARCH walk with heavy tails and jumps, and a part that reverts to its mean.

use core::f64::consts::{LN_2, PI};

use crate::scenario::Fair;
use crate::types::rng::Stream;
use crate::world::STEP_S;

/// Ceilings of one step: standard deviations of an innovation, times the mean variance, log move.
const MOST_DEVIATIONS: f64 = 50.0;
const MOST_VARIANCE: f64 = 400.0;
const MOST_MOVE: f64 = 0.2;

/// What is left after one step of a deviation with a half-life, s.
pub(crate) fn persistence(half_life_s: f64) -> f64 {
    libm::exp(-LN_2 * STEP_S / half_life_s)
}

/// One step of an Ornstein-Uhlenbeck process whose stationary deviation is 1.
pub(crate) fn ou_step(value: f64, half_life_s: f64, noise: f64) -> f64 {
    let keep = persistence(half_life_s);
    value * keep + noise * (1.0 - keep * keep).sqrt()
}

/// The state of the fair value.
#[derive(Debug, Clone)]
pub(crate) struct FairWalk {
    ln: f64,
    /// Variance of the next step, relative to its mean.
    variance: f64,
    /// Reverting part, in standard deviations.
    transient: f64,
}

impl FairWalk {
    /// A walk that starts at a price.
    pub(crate) fn new(price: f64) -> Self {
        FairWalk {
            ln: libm::log(price),
            variance: 1.0,
            transient: 0.0,
        }
    }

    /// Log of the price.
    pub(crate) fn ln_price(&self, fair: &Fair) -> f64 {
        self.ln + self.transient * fair.transient_bps * 1e-4
    }

    /// Standard deviation of the next step, relative to its mean.
    pub(crate) fn relative_volatility(&self) -> f64 {
        self.variance.sqrt()
    }

    /// One step of 100 ms; `volatility` and `jumps` are multipliers, `drift` is bps per hour on top.
    ///
    /// Every step draws the same number of times, so that multipliers do not shift what comes later.
    pub(crate) fn step(
        &mut self,
        fair: &Fair,
        volatility: f64,
        jumps: f64,
        drift: f64,
        stream: &mut Stream,
    ) {
        let innovation = student_t(fair.tail_df, stream);
        let (jump, size, reverting) = (stream.uniform(), stream.normal(), stream.normal());
        let shock = innovation * self.variance.sqrt();
        let mut bps = fair.vol_bps * volatility * STEP_S.sqrt() * shock;
        bps += (fair.drift_bps_per_hour + drift) * STEP_S / 3600.0;
        if jump < fair.jumps_per_hour * jumps * STEP_S / 3600.0 {
            bps += fair.jump_mean_bps + fair.jump_sd_bps * size;
        }
        self.ln += (bps * 1e-4).clamp(-MOST_MOVE, MOST_MOVE);
        let keep = persistence(fair.garch_half_life_s);
        let next = 1.0 - keep
            + fair.garch_alpha * shock * shock
            + (keep - fair.garch_alpha) * self.variance;
        self.variance = next.min(MOST_VARIANCE);
        self.transient = ou_step(self.transient, fair.transient_half_life_s, reverting);
    }
}

/// Student's t scaled to variance 1, from two uniforms (Bailey 1994).
fn student_t(df: f64, stream: &mut Stream) -> f64 {
    let (u, v) = (1.0 - stream.uniform(), stream.uniform());
    let t = (df * libm::expm1(-2.0 / df * libm::log(u))).sqrt() * libm::cos(2.0 * PI * v);
    (t * ((df - 2.0) / df).sqrt()).clamp(-MOST_DEVIATIONS, MOST_DEVIATIONS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing as samples;
    use crate::types::rng::Purpose;

    fn moments(values: &[f64]) -> (f64, f64) {
        let n = values.len() as f64;
        let variance = values.iter().map(|x| x * x).sum::<f64>() / n;
        let fourth = values.iter().map(|x| x.powi(4)).sum::<f64>() / n;
        (variance, fourth / variance / variance)
    }

    #[test]
    fn innovations_have_unit_variance_and_the_tails_of_their_degrees() {
        let mut stream = Stream::new(1, Purpose::World, 0);
        let mut draw =
            |df| -> Vec<f64> { (0..200_000).map(|_| student_t(df, &mut stream)).collect() };
        let (variance, kurtosis) = moments(&draw(1000.0));
        assert!((variance - 1.0).abs() < 0.02 && (kurtosis - 3.0).abs() < 0.1);
        let (variance, kurtosis) = moments(&draw(9.0));
        // 3 + 6 / (df - 4)
        assert!((variance - 1.0).abs() < 0.03 && (kurtosis - 4.2).abs() < 0.4);
        assert!(moments(&draw(3.0)).1 > 9.0);
    }

    fn steps(change: &dyn Fn(&mut Fair)) -> Vec<f64> {
        let mut fair = samples::scenario().fair;
        fair.jumps_per_hour = 0.0;
        change(&mut fair);
        let mut walk = FairWalk::new(1000.0);
        let mut stream = Stream::new(2, Purpose::World, 0);
        let mut last = walk.ln_price(&fair);
        let mut step = || {
            walk.step(&fair, 1.0, 1.0, 0.0, &mut stream);
            let before = std::mem::replace(&mut last, walk.ln_price(&fair));
            (last - before) * 1e4
        };
        (0..100_000).map(|_| step()).collect()
    }

    #[test]
    fn volatility_is_that_of_the_scenario_and_clusters_with_alpha() {
        let plain = steps(&|f| (f.tail_df, f.garch_alpha) = (1000.0, 0.0));
        let wanted = samples::scenario().fair.vol_bps.powi(2) * STEP_S;
        let (variance, kurtosis) = moments(&plain);
        assert!((variance / wanted - 1.0).abs() < 0.05 && (kurtosis - 3.0).abs() < 0.1);
        let clustered = steps(&|f| (f.tail_df, f.garch_alpha) = (1000.0, 0.04));
        assert!((moments(&clustered).0 / wanted - 1.0).abs() < 0.3);
        let memory = |x: &[f64]| {
            let a: Vec<f64> = x.iter().map(|v| v.abs()).collect();
            let mean = a.iter().sum::<f64>() / a.len() as f64;
            let at = |lag: usize| -> f64 {
                let pairs = a.iter().zip(&a[lag..]);
                pairs.map(|(p, q)| (p - mean) * (q - mean)).sum()
            };
            at(50) / at(0)
        };
        assert!(memory(&clustered) > 0.1 && memory(&plain).abs() < 0.02);
    }

    #[test]
    fn a_reverting_part_stays_near_its_mean() {
        let moved =
            steps(&|f| (f.vol_bps, f.transient_bps, f.transient_half_life_s) = (0.0, 5.0, 2.0));
        let mut at = 0.0;
        let levels: Vec<f64> = moved
            .iter()
            .map(|step| {
                at += step;
                at
            })
            .collect();
        let (variance, _) = moments(&levels);
        assert!((variance.sqrt() - 5.0).abs() < 0.3);
    }
}
