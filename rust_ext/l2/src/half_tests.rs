use proptest::prelude::*;

use super::*;
use crate::naive::NaiveHalf;

fn keys() -> impl Strategy<Value = i64> {
    prop_oneof![
        6 => -40i64..40,
        3 => -700i64..700,
        1 => -100_000i64..100_000,
        1 => prop_oneof![Just(1i64 << 40), Just(-(1i64 << 40))],
    ]
}

fn steps() -> impl Strategy<Value = Vec<(i64, f64)>> {
    let size = prop_oneof![2 => Just(0.0), 3 => 0.5f64..9.0];
    prop::collection::vec((keys(), size), 0..300)
}

/// What has to hold between calls, beside the answers being right.
fn check(half: &Half) {
    let width = half.sizes.len() as i64;
    assert_eq!(half.base % 64, 0);
    if let Some(best) = half.best() {
        assert!(half.covers(best));
    }
    assert!(half.below.keys().all(|key| *key < half.base));
    for (slot, size) in half.sizes.iter().enumerate() {
        let there = half.bits[slot / 64] >> (slot % 64) & 1 == 1;
        assert_eq!(there, *size > 0.0, "slot {slot} of {width}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn agrees_with_a_map(steps in steps()) {
        let (mut half, mut naive) = (Half::new(LEAST_WINDOW), NaiveHalf::default());
        for (key, size) in steps {
            half.set(key, size);
            naive.set(key, size);
            prop_assert_eq!(half.best(), naive.0.keys().next_back().copied());
            prop_assert_eq!(half.get(key), size);
        }
        check(&half);
        prop_assert_eq!(half.levels().collect::<Vec<_>>(), naive.levels());
    }

    #[test]
    fn settling_late_finds_the_same(steps in steps(), every in 1usize..60) {
        let (mut half, mut naive) = (Half::new(LEAST_WINDOW), NaiveHalf::default());
        for chunk in steps.chunks(every) {
            for (key, size) in chunk {
                half.put(*key, *size);
                naive.set(*key, *size);
            }
            half.settle();
            prop_assert_eq!(half.best(), naive.0.keys().next_back().copied());
        }
        check(&half);
        prop_assert_eq!(half.levels().collect::<Vec<_>>(), naive.levels());
    }

    #[test]
    fn a_reset_forgets_what_was(before in steps(), after in steps()) {
        let mut half = Half::new(LEAST_WINDOW);
        for (key, size) in before {
            half.set(key, size);
        }
        let mut naive = NaiveHalf::default();
        for (key, size) in after {
            naive.set(key, size);
        }
        half.reset(&naive.levels());
        check(&half);
        prop_assert_eq!(half.levels().collect::<Vec<_>>(), naive.levels());
    }
}

#[test]
fn a_best_price_that_walks_takes_its_window_along() {
    let (mut half, mut naive) = (Half::new(LEAST_WINDOW), NaiveHalf::default());
    for key in [-5_000]
        .into_iter()
        .chain(-4_000..4_000)
        .chain((-4_000..4_000).rev())
    {
        for (at, size) in [(key, 1.0), (key - 3, 0.0), (key + 3, 0.0), (key - 400, 2.0)] {
            half.set(at, size);
            naive.set(at, size);
            assert_eq!(half.best(), naive.0.keys().next_back().copied());
        }
    }
    check(&half);
    assert_eq!(half.levels().collect::<Vec<_>>(), naive.levels());
}

#[test]
fn the_last_level_gone_leaves_nothing() {
    let mut half = Half::new(LEAST_WINDOW);
    half.set(7, 1.0);
    half.set(-9_999, 2.0);
    assert_eq!(half.outside(), 1);
    half.set(7, 0.0);
    assert_eq!((half.best(), half.outside()), (Some(-9_999), 0));
    half.set(-9_999, 0.0);
    assert_eq!((half.best(), half.levels().count()), (None, 0));
    check(&half);
}
