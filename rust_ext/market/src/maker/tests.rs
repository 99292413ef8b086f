use super::*;
use crate::testing as samples;
use crate::types::MS;

const TICK: f64 = 0.01;
const LOT: f64 = 0.001;
/// Lots that are worth one quote unit at the mid of `view`.
const PER_UNIT: f64 = 1.0 / (2000.0 * LOT);

fn maker(change: impl Fn(&mut Parameters, &mut MakerSettings)) -> Maker {
    let json = samples::maker_json();
    let mut p: Parameters = serde_json::from_value(json["parameters"].clone()).expect("valid");
    let mut m: MakerSettings = serde_json::from_value(json["maker"].clone()).expect("valid");
    change(&mut p, &mut m);
    Maker::new(p, m, TICK, LOT, 0)
}

/// A book round 2000 with `depth` quote units on each side.
fn view(mid_shift: Tick, depth: f64) -> View {
    let mid = 200_000 + mid_shift;
    View {
        at: 0,
        best: [Some(mid - 100), Some(mid + 100)],
        mid: Some(mid as f64),
        liquidity: [(depth * PER_UNIT) as Lots; 2],
    }
}

fn decide(maker: &mut Maker, ms: i64, view: &View) -> Vec<Request> {
    let mut out = Vec::new();
    maker.decide(ms * MS, view, &mut out);
    out
}

fn placed(requests: &[Request]) -> Vec<NewOrder> {
    let order = |r: &Request| match r {
        Request::Quote { place, .. } => *place,
        Request::Take { .. } | Request::Limit { .. } | Request::Reduce { .. } => None,
    };
    requests.iter().filter_map(order).collect()
}

fn processed(maker: &mut Maker, ms: i64, weight: u32) {
    let notification = Notification::Processed {
        weight,
        take: false,
        rejected: None,
        placed: None,
        cancelled: None,
    };
    maker.notification(ms * MS, notification);
}

fn filled(maker: &mut Maker, ms: i64, id: u64, side: Side, units: f64) {
    let lots = (units * PER_UNIT) as Lots;
    let id = Some(id);
    maker.notification(
        ms * MS,
        Notification::Filled {
            id,
            side,
            lots,
            tick: 1,
            at: ms * MS,
            fee: 0.0,
        },
    );
}

/// Let a maker quote both sides, with a pause between them; it is at rest at 100 ms.
fn at_rest(maker: &mut Maker, view: &View) -> Vec<NewOrder> {
    let mut orders = placed(&decide(maker, 0, view));
    orders.extend(placed(&decide(maker, 90, view)));
    processed(maker, 100, 2);
    assert_eq!(orders.len(), 2, "one order per side");
    orders
}

#[test]
fn quotes_stand_half_a_spread_from_the_mid_and_are_sized_by_liquidity() {
    let mut m = maker(|_, _| {});
    let orders = at_rest(&mut m, &view(0, 20_000.0));
    for order in orders {
        // 2.74 bps of 200,000 ticks are 54.8, rounded away from the mid.
        assert_eq!(-order.side.better_by(order.tick, 200_000), 55);
        assert_eq!(order.lots, 1000);
    }
    let mut wide = maker(|p, _| p.base_spread_bps_delta = 0.25);
    let order = at_rest(&mut wide, &view(0, 20_000.0))[0];
    assert_eq!(-order.side.better_by(order.tick, 200_000), 57);
    let mut small = maker(|p, _| p.impact_cap_ratio = 0.08);
    assert_eq!(at_rest(&mut small, &view(0, 20_000.0))[0].lots, 800);
}

#[test]
fn distances_in_ticks_are_the_same_at_any_price() {
    let in_ticks = |bps: f64| {
        maker(move |p, s| {
            (s.base_half_spread_bps, s.ticks_per_bps) = (0.001, 6.0);
            p.base_spread_bps_delta = bps;
        })
    };
    for at in [10_000, 200_000, 5_000_000] {
        let one_tick = View {
            best: [Some(at), Some(at + 1)],
            mid: Some(at as f64 + 0.5),
            ..view(0, 20_000.0)
        };
        // 0.49, 0.97 and 1.51 ticks, of which the touch is half a tick away.
        for (bps, behind) in [(0.08, 0), (0.16, 1), (0.25, 2)] {
            let orders = placed(&decide(&mut in_ticks(bps), 0, &one_tick));
            assert_eq!(orders.len(), 1);
            for order in orders {
                let touch = one_tick.best[order.side.index()].expect("two sides");
                assert_eq!(-order.side.better_by(order.tick, touch), behind, "{bps}");
            }
        }
    }
}

#[test]
fn a_quote_in_ticks_stays_until_it_is_off_by_more() {
    let mut m = maker(|_, s| {
        (s.requote_bps, s.ticks_per_bps, s.base_half_spread_bps) = (0.2, 6.0, 0.05);
    });
    at_rest(&mut m, &view(0, 20_000.0));
    assert_eq!(placed(&decide(&mut m, 1_000, &view(1, 20_000.0))), []);
    assert_ne!(placed(&decide(&mut m, 2_000, &view(2, 20_000.0))), []);
}

#[test]
fn a_quote_never_crosses_what_is_seen() {
    let mut m = maker(|_, s| s.base_half_spread_bps = 0.001);
    let tight = View {
        best: [Some(199_999), Some(200_000)],
        mid: Some(199_999.5),
        ..view(0, 20_000.0)
    };
    filled(&mut m, 0, 99, Side::Sell, 50_000.0);
    let order = placed(&decide(&mut m, 10_000, &tight));
    assert!(
        order
            .iter()
            .all(|o| o.side == Side::Buy && o.tick <= 199_999),
        "{order:?}"
    );
    assert!(!order.is_empty());
}

#[test]
fn a_sooner_attempt_is_blocked_by_the_interval() {
    let mut m = maker(|_, _| {});
    assert_eq!(decide(&mut m, 0, &view(0, 20_000.0)).len(), 1);
    assert_eq!(m.attempts().blocks.min_interval, 1);
    assert!(decide(&mut m, 59, &view(0, 20_000.0)).is_empty());
    assert_eq!(m.attempts().blocks.min_interval, 2);
    assert_eq!(decide(&mut m, 60, &view(0, 20_000.0)).len(), 1);
    assert_eq!(m.attempts().all, 4);
}

#[test]
fn without_a_token_it_is_the_throttle() {
    let mut m = maker(|p, _| {
        p.min_interval_ms = 0.0;
        p.replace_rate_per_min = 60.0;
    });
    assert_eq!(decide(&mut m, 0, &view(0, 20_000.0)).len(), 2);
    processed(&mut m, 1, 2);
    assert!(decide(&mut m, 10, &view(50, 20_000.0)).is_empty());
    assert_eq!(m.attempts().blocks.throttle, 2);
    assert_eq!(placed(&decide(&mut m, 1010, &view(50, 20_000.0))).len(), 1);
}

#[test]
fn too_many_unacknowledged_requests_block() {
    let mut m = maker(|p, s| {
        p.min_interval_ms = 0.0;
        s.max_in_flight = 2;
    });
    assert_eq!(decide(&mut m, 0, &view(0, 20_000.0)).len(), 2);
    assert!(decide(&mut m, 10, &view(50, 20_000.0)).is_empty());
    assert_eq!(m.attempts().blocks.concurrency, 2);
    processed(&mut m, 20, 1);
    assert_eq!(decide(&mut m, 20, &view(50, 20_000.0)).len(), 1);
}

#[test]
fn liquidity_that_has_vanished_blocks_for_risk_sooner_with_a_larger_cap() {
    let risky_at = |cap: f64, seen: f64| {
        let mut m = maker(|p, _| p.impact_cap_ratio = cap);
        let _ = at_rest(&mut m, &view(0, 20_000.0));
        decide(&mut m, 200, &view(50, 20_000.0 * seen));
        m.attempts().blocks.risk > 0
    };
    assert!(!risky_at(0.08, 0.65) && risky_at(0.08, 0.55));
    assert!(!risky_at(0.12, 0.75) && risky_at(0.12, 0.62));
}

#[test]
fn a_change_of_position_within_the_horizon_blocks_the_same_side() {
    let mut m = maker(|_, s| s.skew_bps = 0.0);
    let v = view(0, 20_000.0);
    let orders = at_rest(&mut m, &v);
    let bid = orders.iter().find(|o| o.side == Side::Buy).expect("a bid");
    // 14 % of 50,000 are 7,000: after buying 5,500 there is no room for 2,000 more.
    filled(&mut m, 200, bid.id, Side::Buy, 5_500.0);
    let before = m.attempts().blocks.risk;
    let sent = placed(&decide(&mut m, 300, &v));
    assert!(sent.iter().all(|o| o.side == Side::Sell));
    assert_eq!(m.attempts().blocks.risk, before + 1);
    // Half a second later the change is history.
    let sent = placed(&decide(&mut m, 800, &v));
    assert!(sent.iter().any(|o| o.side == Side::Buy));
}

#[test]
fn the_position_limit_blocks_what_would_exceed_it() {
    let mut m = maker(|_, s| s.exit_ratio = 1.0);
    filled(&mut m, 0, 99, Side::Buy, 49_000.0);
    let v = view(0, 20_000.0);
    decide(&mut m, 5_000, &v);
    let sent = placed(&decide(&mut m, 5_100, &v));
    assert!(sent.iter().all(|o| o.side == Side::Sell));
    assert!(m.attempts().blocks.risk >= 1);
}

#[test]
fn a_position_moves_both_quotes_against_itself() {
    let mut m = maker(|_, s| s.exit_ratio = 1.0);
    filled(&mut m, 0, 99, Side::Buy, 25_000.0);
    let v = view(0, 20_000.0);
    let mut orders = placed(&decide(&mut m, 5_000, &v));
    orders.extend(placed(&decide(&mut m, 5_100, &v)));
    let tick = |side| orders.iter().find(|o| o.side == side).map(|o| o.tick);
    // Half of the limit and a skew of 3 bps: 1.5 bps, 30 ticks lower.
    assert_eq!(tick(Side::Buy), Some(200_000 - 85));
    assert_eq!(tick(Side::Sell), Some(200_000 + 25));
}

#[test]
fn a_far_order_is_cancelled_at_the_tail_age_and_not_before() {
    let mut m = maker(|p, _| p.tail_age_ms = 600.0);
    let v = view(0, 20_000.0);
    let orders = at_rest(&mut m, &v);
    // There is little liquidity left, so that moving the quotes is blocked for risk; they are 2.5 bps off.
    let thin = view(50, 2_000.0);
    assert!(decide(&mut m, 600, &thin).is_empty());
    let sent = decide(&mut m, 601, &thin);
    let first = orders[0].id;
    let tail = |r: &Request| matches!(r, Request::Quote { cancel: Some(c), place: None } if c.tail && c.id == first);
    assert_eq!(sent.len(), 1);
    assert!(tail(&sent[0]), "{sent:?}");
    assert!(
        decide(&mut m, 620, &view(5, 2_000.0)).is_empty(),
        "0.25 bps is not far"
    );
}

#[test]
fn beyond_the_exit_ratio_it_takes_once_at_a_time_and_within_a_price() {
    let mut m = maker(|_, s| s.exit_ratio = 0.3);
    filled(&mut m, 0, 99, Side::Sell, 20_000.0);
    let takes = |requests: Vec<Request>| -> Vec<Request> {
        requests
            .into_iter()
            .filter(|r| matches!(r, Request::Take { .. }))
            .collect()
    };
    let v = view(0, 20_000.0);
    let sent = takes(decide(&mut m, 1000, &v));
    let Some(Request::Take {
        side, lots, limit, ..
    }) = sent.first().copied()
    else {
        panic!("no exit in {sent:?}");
    };
    assert_eq!((side, lots), (Side::Buy, 3500));
    assert!(limit > 200_000 && limit < 200_100);
    assert!(takes(decide(&mut m, 1010, &v)).is_empty());
    let done = Notification::Processed {
        weight: 1,
        take: true,
        rejected: None,
        placed: None,
        cancelled: None,
    };
    m.notification(1020 * MS, done);
    assert_eq!(takes(decide(&mut m, 1020, &v)).len(), 1);
}

#[test]
fn without_enough_liquidity_there_is_no_quote() {
    let mut m = maker(|_, s| s.min_order_notional = 100.0);
    assert!(decide(&mut m, 0, &view(0, 900.0)).is_empty());
    assert_eq!(m.attempts().all, 0);
    assert!(!decide(&mut m, 10, &view(0, 900_000.0)).is_empty());
}

#[test]
fn a_rejected_order_is_tried_again() {
    let mut m = maker(|_, _| {});
    let v = view(0, 20_000.0);
    let orders = at_rest(&mut m, &v);
    assert!(decide(&mut m, 200, &v).is_empty());
    let notification = Notification::Processed {
        weight: 0,
        take: false,
        rejected: Some(orders[0].id),
        placed: None,
        cancelled: None,
    };
    m.notification(250 * MS, notification);
    let again = placed(&decide(&mut m, 260, &v));
    assert_eq!((again.len(), again[0].side), (1, orders[0].side));
}
