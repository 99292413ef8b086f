use super::*;
use crate::testing as samples;
use crate::types::SECOND;
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
