use proptest::prelude::*;
use readers::rows::{BUY, DEPTH, EXCHANGE, LOCAL, SELL, TRADE};

use super::*;
use crate::error::MarketError;
use crate::session::replay_run::Replay;
use crate::testing as samples;

const BOTH: u64 = EXCHANGE | LOCAL;

fn row(ev: u64, ts: Ns, px: f64, qty: f64) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(ev.to_le_bytes());
    bytes.extend(ts.to_le_bytes());
    bytes.extend((ts + 3).to_le_bytes());
    bytes.extend(px.to_le_bytes());
    bytes.extend(qty.to_le_bytes());
    bytes.resize(64, 0);
    bytes
}

fn recording(rows: &[(u64, Ns, f64, f64)]) -> Vec<u8> {
    rows.iter()
        .flat_map(|(ev, ts, px, qty)| row(BOTH | ev, *ts, *px, *qty))
        .collect()
}

fn venue(bytes: &[u8]) -> ReplayVenue<'_> {
    let rows = Rows::new(bytes, 1.0, 1.0).expect("whole rows");
    ReplayVenue::new(
        rows,
        5,
        Delays::Constant(1_000_000),
        (0, true),
        1_000_000_000,
    )
    .expect("it has events")
}

fn bid(tick: Tick, lots: Lots) -> NewOrder {
    NewOrder {
        id: 1,
        side: Side::Buy,
        tick,
        lots,
    }
}

/// 100/102 with 10 on each side; the clock begins at 1000.
fn opening() -> Vec<(u64, Ns, f64, f64)> {
    vec![
        (DEPTH | BUY, 1000, 100.0, 10.0),
        (DEPTH | SELL, 1000, 102.0, 10.0),
    ]
}

fn fills_of(later: &[(u64, Ns, f64, f64)], order: NewOrder) -> Vec<(Ns, Lots, Lots)> {
    filled_by(FillModel::Queue, later, order)
}

fn filled_by(
    model: FillModel,
    later: &[(u64, Ns, f64, f64)],
    order: NewOrder,
) -> Vec<(Ns, Lots, Lots)> {
    let mut rows = opening();
    rows.extend_from_slice(later);
    let bytes = recording(&rows);
    let mut market = venue(&bytes);
    market.fill_by(model, 1.0);
    let mut fills = Vec::new();
    market.advance(5, &mut fills).expect("usable rows");
    assert!(market.place(order));
    market.advance(1_000_000, &mut fills).expect("usable rows");
    fills.iter().map(|f| (f.ts, f.lots, f.left)).collect()
}

#[test]
fn trades_move_the_queue_and_then_fill() {
    let sells = [
        (TRADE | SELL, 1010, 100.0, 6.0),
        (TRADE | SELL, 1020, 100.0, 4.0),
        (TRADE | SELL, 1030, 100.0, 1.0),
        (TRADE | SELL, 1040, 100.0, 9.0),
    ];
    assert_eq!(fills_of(&sells, bid(100, 3)), [(30, 1, 2), (40, 2, 0)]);
    let buys = [(TRADE | BUY, 1010, 100.0, 50.0)];
    assert!(fills_of(&buys, bid(100, 3)).is_empty());
}

#[test]
fn each_model_asks_for_something_else() {
    let all = |rows: &[(u64, Ns, f64, f64)], tick: Tick| {
        [
            FillModel::Touch,
            FillModel::Queue,
            FillModel::Pessimistic,
            FillModel::Through,
        ]
        .map(|model| filled_by(model, rows, bid(tick, 3)).first().map(|f| f.0))
    };
    // 10 are ahead, of which 8 leave; then trades come at the price, and one beyond it.
    let rows = [
        (DEPTH | BUY, 1010, 100.0, 2.0),
        (TRADE | SELL, 1020, 100.0, 1.0),
        (TRADE | SELL, 1030, 100.0, 4.0),
        (TRADE | SELL, 1040, 100.0, 7.0),
        (TRADE | SELL, 1050, 99.0, 1.0),
    ];
    assert_eq!(all(&rows, 100), [Some(20), Some(30), Some(40), Some(50)]);
    // The other side at the price would have met an order there; one that has to be passed waits.
    let met = [
        (DEPTH | SELL, 1010, 101.0, 1.0),
        (DEPTH | SELL, 1020, 100.0, 1.0),
    ];
    assert_eq!(all(&met, 101), [Some(10), Some(10), Some(10), Some(20)]);
    // An order that came while the book was not known waits behind what is displayed then.
    let anew = [
        (CLEAR | BUY, 1004, 100.0, 0.0),
        (SNAPSHOT | BUY, 1012, 100.0, 5.0),
        (TRADE | SELL, 1020, 100.0, 6.0),
        (TRADE | SELL, 1030, 99.0, 1.0),
    ];
    assert_eq!(all(&anew, 100), [Some(20), Some(20), Some(20), Some(30)]);
}

#[test]
fn displayed_quantity_caps_what_is_ahead() {
    let rows = [
        (DEPTH | BUY, 1010, 100.0, 2.0),
        (DEPTH | BUY, 1011, 100.0, 50.0),
        (TRADE | SELL, 1020, 100.0, 3.0),
    ];
    assert_eq!(fills_of(&rows, bid(100, 3)), [(20, 1, 2)]);
    let cleared = [
        (CLEAR | BUY, 1010, 100.0, 0.0),
        (TRADE | SELL, 1020, 100.0, 3.0),
    ];
    assert_eq!(fills_of(&cleared, bid(100, 3)), []);
    let shown_anew = [
        (CLEAR | BUY, 1010, 100.0, 0.0),
        (SNAPSHOT | BUY, 1012, 100.0, 2.0),
        (TRADE | SELL, 1020, 100.0, 3.0),
    ];
    assert_eq!(fills_of(&shown_anew, bid(100, 3)), [(20, 1, 2)]);
    let gone = [
        (CLEAR | BUY, 1010, 100.0, 0.0),
        (SNAPSHOT | BUY, 1012, 99.0, 2.0),
        (TRADE | SELL, 1020, 100.0, 3.0),
    ];
    assert_eq!(fills_of(&gone, bid(100, 3)), [(20, 3, 0)]);
}

#[test]
fn a_trade_through_our_price_fills_the_whole_rest() {
    let rows = [(TRADE | SELL, 1010, 99.0, 1.0)];
    assert_eq!(fills_of(&rows, bid(100, 30)), [(10, 30, 0)]);
    assert_eq!(fills_of(&rows, bid(101, 30)), [(10, 30, 0)]);
}

#[test]
fn the_other_side_reaching_our_price_fills_the_whole_rest() {
    let reach = |px: f64, qty: f64| fills_of(&[(DEPTH | SELL, 1010, px, qty)], bid(101, 7));
    assert_eq!(reach(101.0, 1.0), [(10, 7, 0)]);
    assert_eq!(reach(100.0, 1.0), [(10, 7, 0)]);
    assert_eq!(reach(102.0, 1.0), []);
    assert_eq!(reach(101.0, 0.0), []);
}

#[test]
fn orders_that_cross_are_rejected_and_taking_changes_nothing() {
    let bytes = recording(&opening());
    let mut market = venue(&bytes);
    let mut fills = Vec::new();
    market.advance(5, &mut fills).expect("usable rows");
    assert!(!market.place(bid(102, 1)));
    for _ in 0..2 {
        fills.clear();
        market.take(Side::Buy, 15, 102, &mut fills);
        assert_eq!((fills.len(), fills[0].lots, fills[0].left), (1, 10, 5));
        assert_eq!(fills[0].mid, 101.0);
    }
}

#[test]
fn the_local_side_lags_behind_the_exchange() {
    let mut rows = opening();
    rows.push((DEPTH | BUY, 1010, 101.0, 4.0));
    let bytes = recording(&rows);
    let mut market = venue(&bytes);
    market.advance(12, &mut Vec::new()).expect("usable rows");
    let mut lags = Vec::new();
    assert_eq!(market.see(12, &mut lags).best[0], Some(100));
    assert_eq!(market.mid(), Some(101.5));
    market.advance(13, &mut Vec::new()).expect("usable rows");
    let view = market.see(13, &mut lags);
    assert_eq!(
        (view.best[0], view.mid, view.liquidity[0]),
        (Some(101), Some(101.5), 14)
    );
    assert_eq!(lags, [3e-6; 3]);
}

fn replay(bytes: &[u8], start_ns: Ns, end_ns: Ns) -> Result<serde_json::Value, MarketError> {
    let mut spec = samples::maker_json();
    spec["start_ns"] = start_ns.into();
    spec["end_ns"] = end_ns.into();
    spec["tick_size"] = 0.1.into();
    spec["lot_size"] = 0.001.into();
    spec["record_fills"] = true.into();
    let mut run = Replay::new(&spec.to_string(), bytes)?;
    loop {
        if let Some(report) = run.run_piece(3)? {
            return Ok(serde_json::from_str(&report).expect("it is JSON"));
        }
    }
}

#[test]
fn a_slice_says_where_the_recording_ended() {
    let bytes = recording(&opening());
    let mut long = bytes.clone();
    long.extend(row(BOTH | DEPTH | BUY, 1000 + 5_000_000, 100.5, 1.0));
    let inside = replay(&long, 0, 5_000_000).expect("it runs");
    assert_eq!(inside["market"]["ended"], false);
    let over = replay(&long, 1_000_000, 9_000_000).expect("it runs");
    assert_eq!(
        (&over["market"]["ended"], &over["market"]["end_ms"]),
        (&true.into(), &5.0.into())
    );
    let after = replay(&long, 6_000_000, 9_000_000).expect("it runs");
    assert_eq!(after["market"]["ended"], true);
    assert_eq!(after["market"]["events"], 0);
    assert!(after["totals"]["mid_end"].is_null());
}

#[test]
fn unusable_data_is_refused_with_its_row() {
    let refused = |bytes: &[u8], says: &str| {
        let error = replay(bytes, 0, 10_000)
            .expect_err("it must be refused")
            .to_string();
        assert!(error.contains(says), "{error}");
    };
    let later = (DEPTH | BUY, 9000, 5.0, 1.0);
    refused(&[0; 63], "not a multiple of 64");
    refused(&[], "no event of the exchange side");
    refused(
        &recording(&[(DEPTH | BUY, 1, f64::NAN, 1.0), later]),
        "row 0: price NaN",
    );
    refused(
        &recording(&[(DEPTH | BUY, 1, 5.0, -1.0), later]),
        "row 0: quantity -1",
    );
    refused(
        &recording(&[(DEPTH, 1, 5.0, 1.0), later]),
        "row 0: depth without a side",
    );
}

proptest! {
    #[test]
    fn any_bytes_give_a_report_or_an_error(
        rows in prop::collection::vec(
            (prop_oneof![any::<u64>(), Just(BOTH | BUY | DEPTH), Just(BOTH | SELL | TRADE), Just(BOTH | CLEAR)],
             prop_oneof![any::<i64>(), 0i64..20_000_000], prop_oneof![any::<f64>(), 1.0f64..10.0],
             prop_oneof![any::<f64>(), 0.0f64..10.0]), 1..40),
    ) {
        let bytes: Vec<u8> = rows.iter().flat_map(|(ev, ts, px, qty)| {
            let mut bytes = row(*ev, 0, *px, *qty);
            bytes[8..16].copy_from_slice(&ts.to_le_bytes());
            bytes
        }).collect();
        let _ = replay(&bytes, 0, 30_000_000);
    }
}
