//! How long each label of a scenario was on.

use std::collections::BTreeMap;

use crate::scenario::Scenario;
use crate::types::{ms_of_ns, Ns};
use crate::world::layers::label_bits;

/// Time per label since the counts began.
#[derive(Debug, Clone)]
pub(crate) struct LabelClock {
    names: Vec<(String, u64)>,
    on: Vec<Ns>,
    bits: u64,
    since: Ns,
}

impl LabelClock {
    /// Nothing counted yet at `now`, when the labels in `bits` are on.
    pub(crate) fn new(scenario: &Scenario, bits: u64, now: Ns) -> Self {
        let names = label_bits(scenario);
        LabelClock {
            on: vec![0; names.len()],
            names,
            bits,
            since: now,
        }
    }

    /// Forget what was counted before `now`.
    pub(crate) fn restart(&mut self, now: Ns) {
        self.on.fill(0);
        self.since = now;
    }

    /// The labels change at `now`.
    pub(crate) fn change(&mut self, bits: u64, now: Ns) {
        if bits != self.bits {
            self.count(now);
            self.bits = bits;
        }
    }

    /// Market time for which each label was on, ms; labels that were not on are left out.
    pub(crate) fn read(&mut self, now: Ns) -> BTreeMap<String, f64> {
        self.count(now);
        let all = self.names.iter().zip(&self.on);
        all.filter(|(_, on)| **on > 0)
            .map(|((name, _), on)| (name.clone(), ms_of_ns(*on)))
            .collect()
    }

    fn count(&mut self, now: Ns) {
        for ((_, bits), on) in self.names.iter().zip(&mut self.on) {
            if self.bits & bits != 0 {
                *on += now - self.since;
            }
        }
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing as samples;

    #[test]
    fn time_is_counted_per_label() {
        // Labels of the sample: window burst, shock fall.
        let mut clock = LabelClock::new(&samples::scenario(), 1, 0);
        clock.restart(100);
        clock.change(1, 150);
        clock.change(0, 1_000_100);
        clock.change(1 << 8, 3_000_100);
        assert_eq!(
            clock.read(5_000_100),
            BTreeMap::from([("burst".to_owned(), 1.0), ("fall".to_owned(), 2.0)])
        );
        clock.restart(5_000_100);
        assert_eq!(clock.read(5_000_100), BTreeMap::new());
    }
}
