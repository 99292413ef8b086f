use super::*;
use crate::scenario::Scenario;
use crate::testing as samples;
use crate::types::rng::Purpose;
use crate::types::Ns;
use crate::world::World;

const FAIR: f64 = 200_000.0;
const DRAWS: u32 = 20_000;

fn share(mut happens: impl FnMut(&mut Stream) -> bool) -> f64 {
    let mut stream = Stream::new(1, Purpose::Flow, 0);
    let n = (0..DRAWS).filter(|_| happens(&mut stream)).count();
    n as f64 / f64::from(DRAWS)
}

fn changed(change: impl Fn(&mut Scenario)) -> Scenario {
    let mut scenario = samples::scenario();
    scenario.shocks.clear();
    scenario.windows.clear();
    change(&mut scenario);
    scenario
}

fn median_lots(flow: &Flow) -> Lots {
    flow.lots(flow.scenario.book.order_notional, FAIR)
}

#[test]
fn a_queue_puts_arrivals_off_and_holds_those_in_it() {
    let flow = Flow::new(&changed(|s| {
        (s.book.arrival_crowding, s.book.cancel_crowding) = (0.5, 2.0);
    }));
    let lots = median_lots(&flow);
    for (orders, joins, gives_up) in [
        (0, 1.0, 1.0),
        (1, 1.0 / 1.5, 1.0 / 3.0),
        (4, 1.0 / 3.0, 1.0 / 9.0),
    ] {
        let found = share(|s| flow.joins(orders * lots, FAIR, s));
        assert!((found - joins).abs() < 0.02, "{orders}: {found}");
        let found = share(|s| flow.gives_up(orders * lots, FAIR, s));
        assert!((found - gives_up).abs() < 0.02, "{orders}: {found}");
    }
    let plain = Flow::new(&changed(|_| {}));
    assert_eq!(share(|s| plain.joins(100 * lots, FAIR, s)), 1.0);
}

/// Share of buys among market orders that are neither informed nor part of a metaorder.
fn buys(scenario: &Scenario, queues: [Lots; 2]) -> f64 {
    let mut flow = Flow::new(scenario);
    let world = World::new(scenario, 1);
    let mut stream = Stream::new(2, Purpose::Flow, 0);
    let arrivals = Arrivals::new(&scenario.flow, 1.0, 0, &mut stream);
    let state = MarketState {
        point: world.now(),
        worth: FAIR,
        believed: FAIR,
        mid: FAIR,
        queues,
    };
    share(|s| flow.trade(&state, &arrivals, s).side == Side::Buy)
}

#[test]
fn noise_hits_the_thinner_queue() {
    let noise = changed(|s| {
        (
            s.flow.informed_share,
            s.flow.metaorder_share,
            s.flow.imbalance_pull,
        ) = (0.0, 0.0, 2.0);
    });
    assert!((buys(&noise, [50, 50]) - 0.5).abs() < 0.02);
    // Asks hold a fifth: odds exp(-2 * 0.2) against exp(-2 * 0.8).
    let expected = 1.0 / (1.0 + libm::exp(-1.2));
    assert!((buys(&noise, [80, 20]) - expected).abs() < 0.02);
    assert!((buys(&noise, [20, 80]) - (1.0 - expected)).abs() < 0.02);
    let blind = changed(|s| (s.flow.informed_share, s.flow.metaorder_share) = (0.0, 0.0));
    assert!((buys(&blind, [80, 20]) - 0.5).abs() < 0.02);
}

#[test]
fn a_metaorder_keeps_its_side_for_its_children() {
    let scenario = changed(|s| {
        (s.flow.informed_share, s.flow.metaorder_share) = (0.0, 1.0);
        (s.flow.metaorder_tail, s.flow.metaorder_max) = (1.05, 50);
    });
    let (mut flow, world) = (Flow::new(&scenario), World::new(&scenario, 1));
    let mut stream = Stream::new(3, Purpose::Flow, 0);
    let arrivals = Arrivals::new(&scenario.flow, 1.0, 0, &mut stream);
    let state = MarketState {
        point: world.now(),
        worth: FAIR,
        believed: FAIR,
        mid: FAIR,
        queues: [1, 1],
    };
    let sides: Vec<Side> = (0..DRAWS)
        .map(|_| flow.trade(&state, &arrivals, &mut stream).side)
        .collect();
    let same = sides.windows(2).filter(|w| w[0] == w[1]).count();
    assert!(same as f64 > 0.8 * f64::from(DRAWS));
}

#[test]
fn anchors_place_orders_round_fair_value_or_evenly_before_the_other_side() {
    let world = World::new(&samples::scenario(), 1);
    let mut stream = Stream::new(4, Purpose::Flow, 0);
    let mut ticks = |scenario: &Scenario, opposite| -> Vec<Tick> {
        let flow = Flow::new(scenario);
        let mut draw = || {
            flow.order(Side::Buy, world.now(), FAIR, opposite, &mut stream)
                .0
        };
        (0..5_000).map(|_| draw()).collect()
    };
    let fair = changed(|_| {});
    let touch = FAIR * (1.0 - fair.book.touch_bps * 1e-4);
    assert!(ticks(&fair, None).iter().all(|t| *t as f64 <= touch));
    let zero = changed(|s| s.book.anchor = Anchor::Opposite);
    let reach = (FAIR * zero.book.max_distance_bps * 1e-4) as Tick;
    let best = 199_000;
    let found = ticks(&zero, Some(best));
    assert!(found.iter().all(|t| (best - reach - 1..best).contains(t)));
    let near = found.iter().filter(|t| best - **t <= reach / 4).count();
    assert!((near as f64 / 5_000.0 - 0.25).abs() < 0.03);
}

#[test]
fn bursts_of_market_orders_drive_limit_orders() {
    let scenario = changed(|s| {
        s.flow.limit_follow = 0.5;
        s.flow.hawkes = Some(crate::scenario::Hawkes {
            branching: 0.9,
            cross_share: 0.5,
            half_lives_s: vec![10.0],
            weights: vec![1.0],
        });
    });
    let (mut flow, world) = (Flow::new(&scenario), World::new(&scenario, 1));
    let mut stream = Stream::new(5, Purpose::Flow, 0);
    let mut arrivals = Arrivals::new(&scenario.flow, 1.0, 0, &mut stream);
    let mut wait = |flow: &Flow| -> Ns {
        let draws = (0..DRAWS).map(|_| flow.wait(world.now(), &mut stream));
        draws.sum::<Ns>() / i64::from(DRAWS)
    };
    flow.follow(&arrivals);
    let calm = wait(&flow);
    let mut more = Stream::new(6, Purpose::Flow, 0);
    for _ in 0..2_000 {
        arrivals.excite(Side::Buy, 0, &mut more);
    }
    flow.follow(&arrivals);
    let factor = 0.5 + 0.5 * arrivals.relative();
    assert!(factor > 2.0);
    let found = calm as f64 / wait(&flow) as f64;
    assert!(
        (found / factor.min(MOST_FOLLOW) - 1.0).abs() < 0.05,
        "{found} and {factor}"
    );
}
