use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn naive_best(map: &BTreeMap<Tick, Lots>, side: Side) -> Option<Tick> {
    match side {
        Side::Buy => map.keys().next_back().copied(),
        Side::Sell => map.keys().next().copied(),
    }
}

fn naive_order(map: &BTreeMap<Tick, Lots>, side: Side) -> Vec<(Tick, Lots)> {
    let mut rows: Vec<_> = map.iter().map(|(t, q)| (*t, *q)).collect();
    if side == Side::Buy {
        rows.reverse();
    }
    rows
}

fn walk(ladder: &Ladder) -> Vec<(Tick, Lots)> {
    let mut rows = Vec::new();
    let mut at = ladder.best();
    while let Some(tick) = at {
        rows.push((tick, ladder.get(tick)));
        at = ladder.worse_than(tick);
    }
    rows
}

fn tick_strategy() -> impl Strategy<Value = Tick> {
    prop_oneof![
        4 => -50i64..50,
        2 => 39_000i64..39_050,
        1 => -500_000i64..500_000,
    ]
}

proptest! {
    #[test]
    fn agrees_with_a_naive_map(
        buy in any::<bool>(),
        steps in prop::collection::vec((tick_strategy(), 0i64..4, 0u8..20), 1..200),
    ) {
        let side = if buy { Side::Buy } else { Side::Sell };
        let mut ladder = Ladder::new(side);
        let mut map = BTreeMap::new();
        for (tick, lots, kind) in steps {
            if kind == 0 {
                ladder.clear_to(Some(tick));
                map.retain(|t, _| side.better_by(*t, tick) < 0);
            } else if lots > 0 {
                ladder.set(tick, lots);
                map.insert(tick, lots);
            } else {
                ladder.set(tick, 0);
                map.remove(&tick);
            }
            prop_assert_eq!(ladder.best(), naive_best(&map, side));
        }
        prop_assert_eq!(walk(&ladder), naive_order(&map, side));
        let top: Lots = naive_order(&map, side).iter().take(10).map(|(_, q)| q).sum();
        prop_assert_eq!(ladder.depth(10), top);
        ladder.clear_to(None);
        prop_assert_eq!(ladder.best(), None);
    }
}

#[test]
fn a_walk_takes_the_best_levels_first_and_needs_all_of_it() {
    let mut bids = Ladder::new(Side::Buy);
    [(100, 5), (98, 3), (90, 2)]
        .into_iter()
        .for_each(|(tick, lots)| bids.set(tick, lots));
    assert_eq!(bids.walk(0, |tick| tick), Some(0.0));
    assert_eq!(bids.walk(6, |tick| tick), Some(598.0));
    assert_eq!(bids.walk(10, |tick| tick), Some(974.0));
    assert_eq!(bids.walk(11, |tick| tick), None);
}
