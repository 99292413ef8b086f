//! What is on at a time: regime, hour, windows and shocks, and all of their effects together.

use crate::scenario::events::Outage;
use crate::scenario::Scenario;
use crate::types::rng::{Purpose, Stream};
use crate::world::regimes::{ln_season, RegimeClock};
use crate::world::windows::{ln_effect, shock_is_on, shock_weight, WindowClock, EFFECTS};

/// First bit of the labels of shocks; windows come before.
const SHOCK_BIT: usize = 8;
/// First bit of the labels of regimes.
const REGIME_BIT: usize = 40;

/// Logs of all multipliers.
type Logs = [f64; EFFECTS.count];

/// Effects of everything that is on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mix {
    /// Logs of the multipliers, in the order of [`EFFECTS`].
    pub log: Logs,
    /// Bits of what is on at half strength or more; see [`label_bits`].
    pub labels: u64,
    /// Drift of the regime, bps per hour.
    pub drift: f64,
    /// When feed and orders are up again, s; None where they are up.
    pub back_at: [Option<f64>; 2],
    /// Added to the fees of maker and taker, bps.
    pub fee_shift: [f64; 2],
}

/// The clocks of a scenario, and the logs of its effects.
#[derive(Debug, Clone)]
pub(crate) struct Layers {
    windows: Vec<WindowClock>,
    regime: RegimeClock,
    logs: [Vec<Logs>; 3],
    window_stream: Stream,
    regime_stream: Stream,
}

impl Layers {
    /// The clocks at market time 0.
    pub(crate) fn new(scenario: &Scenario, seed: u64) -> Self {
        let mut window_stream = Stream::new(seed, Purpose::Windows, 0);
        Layers {
            windows: scenario
                .windows
                .iter()
                .map(|w| WindowClock::new(w, &mut window_stream))
                .collect(),
            regime: RegimeClock::default(),
            logs: [
                scenario
                    .windows
                    .iter()
                    .map(|w| ln_effect(&w.effect))
                    .collect(),
                scenario
                    .shocks
                    .iter()
                    .map(|s| ln_effect(&s.effect))
                    .collect(),
                scenario
                    .regimes
                    .iter()
                    .map(|r| ln_effect(&r.effect))
                    .collect(),
            ],
            window_stream,
            regime_stream: Stream::new(seed, Purpose::Regimes, 0),
        }
    }

    /// What is on at a grid point, s; grid points must be asked for in order.
    pub(crate) fn at(&mut self, scenario: &Scenario, at: f64) -> Mix {
        let mut mix = Mix::default();
        self.mix_windows(scenario, at, &mut mix);
        for (j, (shock, log)) in scenario.shocks.iter().zip(&self.logs[1]).enumerate() {
            mix.add(shock_weight(shock, at), log, SHOCK_BIT + j);
            if shock_is_on(shock, at) {
                mix.down(shock.outage, shock.at_s + shock.length_s);
                mix.fee_shift[0] += shock.maker_fee_shift_bps;
                mix.fee_shift[1] += shock.taker_fee_shift_bps;
            }
        }
        if at > 0.0 {
            self.regime.step(&scenario.regimes, &mut self.regime_stream);
        }
        let now = self.regime.now();
        if let (Some(regime), Some(log)) = (scenario.regimes.get(now), self.logs[2].get(now)) {
            mix.add(1.0, log, REGIME_BIT + now);
            mix.drift = regime.drift_bps_per_hour;
        }
        if let Some(season) = &scenario.seasonality {
            let [activity, volatility] = ln_season(season, at);
            mix.log[EFFECTS.activity] += activity;
            mix.log[EFFECTS.volatility] += volatility;
        }
        mix
    }

    fn mix_windows(&mut self, scenario: &Scenario, at: f64, mix: &mut Mix) {
        let clocks = self.windows.iter_mut().zip(&self.logs[0]);
        for (i, (window, (clock, log))) in scenario.windows.iter().zip(clocks).enumerate() {
            mix.add(clock.weight(window, at, &mut self.window_stream), log, i);
            if let Some(end) = clock.end_of(at) {
                mix.down(window.outage, end);
            }
        }
    }
}

impl Mix {
    fn add(&mut self, weight: f64, log: &Logs, bit: usize) {
        if weight > 0.0 {
            for (sum, part) in self.log.iter_mut().zip(log) {
                *sum += weight * part;
            }
        }
        // A trace of a fading effect is no label: from half strength on it is.
        if weight >= 0.5 {
            self.labels |= 1 << bit;
        }
    }

    fn down(&mut self, outage: Outage, until: f64) {
        for (back, down) in self.back_at.iter_mut().zip(outage.lines()) {
            if down {
                *back = Some(back.map_or(until, |b| b.max(until)));
            }
        }
    }
}

/// The labels of a scenario with the bits that stand for them, sorted by label; equal labels are one.
pub(crate) fn label_bits(scenario: &Scenario) -> Vec<(String, u64)> {
    let windows = scenario.windows.iter().map(|w| &w.label).enumerate();
    let shocks = scenario.shocks.iter().map(|s| &s.label).enumerate();
    let regimes = scenario.regimes.iter().map(|r| &r.label).enumerate();
    let all = windows
        .chain(shocks.map(|(j, l)| (SHOCK_BIT + j, l)))
        .chain(regimes.map(|(k, l)| (REGIME_BIT + k, l)));
    let mut bits = std::collections::BTreeMap::new();
    for (bit, label) in all {
        *bits.entry(label.clone()).or_insert(0) |= 1 << bit;
    }
    bits.into_iter().collect()
}

#[cfg(test)]
#[path = "layers_tests.rs"]
mod tests;
