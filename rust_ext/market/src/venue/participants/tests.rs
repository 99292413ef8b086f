use super::*;
use crate::scenario::Contract;
use crate::testing as samples;
use crate::types::{NewOrder, View, SECOND};
use crate::world::World;

/// A market some seconds old in which trades tell something, or nothing.
fn market(seed: u64, permanent_bps: f64) -> Participants {
    let mut scenario = samples::scenario();
    scenario.impact.permanent_bps = permanent_bps;
    scenario.impact.transient_bps = permanent_bps / 2.0;
    scenario.impact.belief_half_life_s = 1.0;
    let world = World::new(&scenario, seed);
    let point = *world.now();
    let moment = |now: Ns| Moment {
        now,
        point: &point,
        fair: world.fair_at(now),
    };
    let mut market = Participants::new(&scenario, seed, 1, moment(0), None, 10);
    let mut fills = Vec::new();
    while market.next() < 3 * SECOND {
        let now = market.next();
        market.process_event(moment(now), &mut fills);
    }
    market
}

fn worth(fills: &[VenueFill]) -> f64 {
    fills.iter().map(|f| f.lots as f64 * f.tick as f64).sum()
}

/// What is paid for lots that are bought in a number of orders one right after the other.
fn paid(market: &Participants, lots: Lots, orders: Lots) -> (f64, Participants) {
    let (mut market, mut fills) = (market.clone(), Vec::new());
    for _ in 0..orders {
        market.take(Side::Buy, lots / orders, Tick::MAX, 3 * SECOND, &mut fills);
    }
    assert_eq!(fills.iter().map(|f| f.lots).sum::<Lots>(), lots);
    (worth(&fills), market)
}

#[test]
fn one_order_fetches_what_the_valuation_says() {
    for seed in 1..9 {
        let market = market(seed, 3.0);
        for (side, lots) in [(Side::Buy, 9_000), (Side::Sell, 27_000)] {
            let said = market
                .proceeds(side.opposite(), lots, &Contract::default())
                .expect("they stand there");
            let (mut then, mut fills) = (market.clone(), Vec::new());
            let limit = if side == Side::Buy { Tick::MAX } else { 1 };
            then.take(side, lots, limit, 3 * SECOND, &mut fills);
            let lefts: Vec<Lots> = fills.iter().map(|f| f.left).collect();
            assert!(lefts.windows(2).all(|pair| pair[1] < pair[0]) && lefts.last() == Some(&0));
            // Prices are rounded to ticks of 0.05 bps.
            assert!((worth(&fills) / said - 1.0).abs() < 1e-5, "seed {seed}");
        }
        assert_eq!(
            market.proceeds(Side::Buy, Lots::MAX / 4, &Contract::default()),
            None
        );
    }
}

#[test]
fn an_order_meets_its_own_impact_however_it_is_cut() {
    for seed in 1..9 {
        let (told, silent) = (market(seed, 3.0), market(seed, 0.0));
        let lots = 12_000;
        let cost = |market: &Participants, orders: Lots| {
            let (paid, after) = paid(market, lots, orders);
            let mid = market.book.mid.expect("there is one");
            ((paid / (lots as f64 * mid) - 1.0) * 1e4, after)
        };
        let (whole, after) = cost(&told, 1);
        let (cut, _) = cost(&told, 24);
        let (walked, _) = cost(&silent, 1);
        assert!(whole > walked + 10.0, "seed {seed}: {whole} and {walked}");
        // Each of 24 orders is a typical one; the 24 parts of one order are the same.
        assert!((whole - cut).abs() < 0.5, "seed {seed}: {whole} and {cut}");
        // What is left has followed: nothing is offered at the prices that were paid.
        let (before, now) = (told.book.front(Side::Sell), after.book.front(Side::Sell));
        let moved =
            (now.expect("it stands") as f64 / before.expect("it stands") as f64 - 1.0) * 1e4;
        assert!(moved > whole - walked, "seed {seed}: {moved}");
    }
}

#[test]
fn an_order_of_ours_sets_off_no_orders_of_others() {
    let market = market(1, 3.0);
    let (_, after) = paid(&market, 4_000, 1);
    assert_eq!(after.arrivals.next(), market.arrivals.next());
    assert_eq!(after.arrivals.relative(), market.arrivals.relative());
}

/// Levels of both sides.
type Levels = [Vec<(Tick, Lots)>; 2];

/// What is seen after each event of some seconds in which changes wait for so long, and when it was seen.
fn seen(batch_ms: f64) -> Vec<(Ns, View, Levels)> {
    let mut scenario = samples::scenario();
    scenario.book.batch_ms = batch_ms;
    scenario.flow.reservation_bps = 10.0;
    let world = World::new(&scenario, 3);
    let point = *world.now();
    let moment = |now: Ns| Moment {
        now,
        point: &point,
        fair: world.fair_at(now),
    };
    let mut market = Participants::new(&scenario, 3, 1, moment(0), None, 5);
    let (mut fills, mut all) = (Vec::new(), Vec::new());
    while market.next() < 2 * SECOND {
        let now = market.next();
        market.process_event(moment(now), &mut fills);
        let mut shown = Shown::default();
        market.show(&mut shown);
        all.push((now, market.view(0), shown.levels));
    }
    assert!(market.counts().1 > 10, "nobody traded");
    all
}

#[test]
fn what_is_seen_changes_with_batches_alone() {
    let every = 50_000_000;
    let all = seen(50.0);
    let moves = |all: &[(Ns, View, _)]| {
        let pairs = all.windows(2).filter(|pair| pair[0].1.mid != pair[1].1.mid);
        pairs.map(|pair| pair[1].0).collect::<Vec<Ns>>()
    };
    let changed = all
        .windows(2)
        .filter(|p| (p[0].1, &p[0].2) != (p[1].1, &p[1].2));
    assert!(changed.clone().count() > 20);
    assert!(changed.clone().all(|pair| pair[1].0 % every == 0));
    assert!(!moves(&all).is_empty() && moves(&all).iter().all(|at| at % every == 0));
    let batches = all.iter().filter(|one| one.0 > 0 && one.0 % every == 0);
    assert_eq!(batches.count(), 39);
    // Where nothing waits they change at any time.
    assert!(moves(&seen(0.0)).iter().any(|at| at % every != 0));
    // What is seen is what the levels show.
    for (_, view, levels) in &all {
        let best = levels
            .each_ref()
            .map(|side| side.first().map(|level| level.0));
        let depth = levels
            .each_ref()
            .map(|side| side.iter().map(|level| level.1).sum::<Lots>());
        assert_eq!((view.best, view.liquidity), (best, depth));
    }
}

#[test]
fn an_order_of_ours_is_told_to_stand_behind_what_was_seen() {
    let mut scenario = samples::scenario();
    scenario.book.batch_ms = 50.0;
    let world = World::new(&scenario, 3);
    let point = *world.now();
    let moment = Moment {
        now: 0,
        point: &point,
        fair: world.fair_at(0),
    };
    let mut market = Participants::new(&scenario, 3, 1, moment, None, 5);
    let best = market.book.others_best(Side::Buy).expect("it stands");
    let seen = market.book.front_lots(Side::Buy);
    let mut fills = Vec::new();
    // Half of it is traded before the next batch.
    market.aggress(Side::Sell, seen / 2, best, 1, &mut fills);
    let order = NewOrder {
        id: 7,
        side: Side::Buy,
        tick: best,
        lots: 5,
    };
    assert!(market.place(order, 2));
    let own = &market.book.own.all()[0];
    assert_eq!((own.ahead_at_placement, own.ahead), (seen, seen - seen / 2));
}

#[test]
fn a_batch_fills_an_order_of_ours_that_is_in_its_way_once() {
    let mut scenario = samples::scenario();
    scenario.book.batch_ms = 50.0;
    scenario.flow.market_rate_per_s = 0.0;
    scenario.flow.pick_rate_per_s = 0.0;
    let world = World::new(&scenario, 3);
    let point = *world.now();
    let moment = |now: Ns, fair: f64| Moment {
        now,
        point: &point,
        fair,
    };
    let fair = world.fair_at(0);
    let mut market = Participants::new(&scenario, 3, 1, moment(0, fair), None, 5);
    let mid = market.book.mid;
    // Alone above all other bids, and then the value falls far below it.
    let best = market.book.others_best(Side::Buy).expect("it stands");
    let order = NewOrder {
        id: 7,
        side: Side::Buy,
        tick: best + 1,
        lots: 40_000,
    };
    assert!(market.place(order, 0));
    let mut fills = Vec::new();
    while fills.is_empty() && market.next() < 60 * SECOND {
        let fallen = moment(market.next(), fair * 0.98);
        market.process_event(fallen, &mut fills);
    }
    assert_eq!(fills.len(), 1);
    assert_eq!((fills[0].id, fills[0].tick), (Some(7), best + 1));
    assert_eq!(fills[0].ts % 50_000_000, 0);
    assert_eq!(Some(fills[0].mid), mid);
    assert_eq!(fills[0].lots + fills[0].left, 40_000);
}
