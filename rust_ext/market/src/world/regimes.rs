//! Which regime is on, and the time of day.

use core::f64::consts::PI;

use crate::scenario::events::{Regime, Seasonality};
use crate::types::rng::Stream;
use crate::world::STEP_S;

/// The regime that is on: a semi-Markov chain on the grid of the world.
#[derive(Debug, Clone, Default)]
pub(crate) struct RegimeClock {
    now: usize,
}

impl RegimeClock {
    /// Place of the present regime in the list; 0 where the list is empty.
    pub(crate) fn now(&self) -> usize {
        self.now
    }

    /// One step of the grid; draws twice, whatever happens.
    pub(crate) fn step(&mut self, regimes: &[Regime], stream: &mut Stream) {
        let (leaves, next) = (stream.uniform(), stream.uniform());
        let Some(regime) = regimes.get(self.now) else {
            return;
        };
        if regimes.len() > 1 && leaves < -libm::expm1(-STEP_S / regime.mean_s) {
            self.now = self.successor(regimes, next);
        }
    }

    fn successor(&self, regimes: &[Regime], uniform: f64) -> usize {
        let others = || regimes.iter().enumerate().filter(|(i, _)| *i != self.now);
        let mut left = uniform * others().map(|(_, r)| r.weight).sum::<f64>();
        for (i, regime) in others() {
            left -= regime.weight;
            if left < 0.0 {
                return i;
            }
        }
        self.now
    }
}

/// Logs of the factors on activity and volatility at a market time, s.
pub(crate) fn ln_season(season: &Seasonality, at: f64) -> [f64; 2] {
    let phase = 2.0 * PI * (at / 3600.0 - season.peak_h) / season.period_h;
    let swing = libm::cos(phase);
    [season.activity * swing, season.volatility * swing]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::events::Effect;
    use crate::types::rng::Purpose;

    fn regime(label: &str, mean_s: f64, weight: f64) -> Regime {
        Regime {
            label: label.to_owned(),
            mean_s,
            weight,
            drift_bps_per_hour: 0.0,
            effect: Effect::default(),
        }
    }

    #[test]
    fn regimes_last_their_mean_and_follow_by_weight() {
        let regimes = [
            regime("a", 10.0, 1.0),
            regime("b", 30.0, 3.0),
            regime("c", 5.0, 0.0),
        ];
        let mut clock = RegimeClock::default();
        let mut stream = Stream::new(1, Purpose::Regimes, 0);
        let (mut steps, mut entries) = ([0u32; 3], [0u32; 3]);
        for _ in 0..1_000_000 {
            let before = clock.now();
            clock.step(&regimes, &mut stream);
            steps[clock.now()] += 1;
            entries[clock.now()] += u32::from(clock.now() != before);
        }
        assert_eq!(steps[2], 0, "a weight of 0 is never entered");
        for (i, mean_s) in [(0, 10.0), (1, 30.0)] {
            let mean = f64::from(steps[i]) / f64::from(entries[i]) * STEP_S;
            assert!((mean / mean_s - 1.0).abs() < 0.1, "{i}: {mean}");
        }
    }

    #[test]
    fn one_regime_stays_and_none_is_no_error() {
        let mut stream = Stream::new(1, Purpose::Regimes, 0);
        for regimes in [vec![], vec![regime("only", 1.0, 0.0)]] {
            let mut clock = RegimeClock::default();
            for _ in 0..1000 {
                clock.step(&regimes, &mut stream);
            }
            assert_eq!(clock.now(), 0);
        }
    }

    #[test]
    fn a_season_peaks_at_its_hour() {
        let season = Seasonality {
            period_h: 24.0,
            peak_h: 14.0,
            activity: 0.5,
            volatility: 0.3,
        };
        let at = |hour: f64| ln_season(&season, hour * 3600.0);
        assert!((at(14.0)[0] - 0.5).abs() < 1e-12 && (at(38.0)[1] - 0.3).abs() < 1e-12);
        assert!((at(2.0)[0] + 0.5).abs() < 1e-12 && at(20.0)[0].abs() < 1e-12);
    }
}
