use super::*;
use crate::scenario::events::{Effect, Regime};
use crate::testing as samples;
use crate::world::STEP_S;

fn sample() -> Scenario {
    let mut scenario = samples::scenario();
    scenario.windows.clear();
    scenario
}

#[test]
fn effects_multiply() {
    let mut scenario = sample();
    scenario.regimes = vec![Regime {
        label: "wild".to_owned(),
        mean_s: 1e5,
        weight: 1.0,
        drift_bps_per_hour: 40.0,
        effect: Effect {
            spread: 2.0,
            ..Effect::default()
        },
    }];
    let mut layers = Layers::new(&scenario, 1);
    let mut mix = layers.at(&scenario, 0.0);
    assert!((libm::exp(mix.log[EFFECTS.spread]) - 2.0).abs() < 1e-12);
    assert_eq!((mix.drift, mix.labels), (40.0, 1 << REGIME_BIT));
    for step in 1..=350 {
        mix = layers.at(&scenario, f64::from(step) * STEP_S);
    }
    // The shock of the sample is at its height and multiplies the spread by 5.
    assert!((libm::exp(mix.log[EFFECTS.spread]) - 10.0).abs() < 1e-9);
    assert_eq!(mix.labels, 1 << REGIME_BIT | 1 << SHOCK_BIT);
}

#[test]
fn lines_are_down_and_fees_shift_between_begin_and_end() {
    let mut scenario = sample();
    scenario.shocks[0].outage = Outage::Feed;
    scenario.shocks[0].maker_fee_shift_bps = 0.7;
    scenario.shocks[0].taker_fee_shift_bps = -0.2;
    let mut layers = Layers::new(&scenario, 1);
    let before = layers.at(&scenario, 29.9);
    assert_eq!((before.back_at, before.fee_shift), ([None; 2], [0.0; 2]));
    let during = layers.at(&scenario, 30.0);
    assert_eq!(
        (during.back_at, during.fee_shift),
        ([Some(40.0), None], [0.7, -0.2])
    );
    let after = layers.at(&scenario, 40.0);
    assert_eq!((after.back_at, after.fee_shift), ([None; 2], [0.0; 2]));
}

#[test]
fn equal_labels_are_one() {
    let mut scenario = samples::scenario();
    scenario.shocks[0].label = "burst".to_owned();
    assert_eq!(label_bits(&scenario), [("burst".to_owned(), 1 | 1 << 8)]);
}
