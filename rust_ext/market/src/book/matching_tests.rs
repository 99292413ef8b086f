use proptest::prelude::*;

use super::*;
use crate::book::fills::FillModel;

fn order(id: u64, side: Side, tick: Tick, lots: Lots) -> NewOrder {
    NewOrder {
        id,
        side,
        tick,
        lots,
    }
}

#[test]
fn price_goes_before_time_and_time_before_us() {
    let mut book = Matching::new();
    assert!(
        book.sides[1].add(101, 5, 1) && book.sides[1].add(102, 5, 2) && book.sides[0].add(99, 5, 3)
    );
    book.note_mid();
    assert!(book.place(order(1, Side::Sell, 101, 4), 0, 4));
    assert!(book.sides[1].add(101, 7, 5));
    let mut fills = Vec::new();
    assert_eq!(book.aggress(Side::Buy, 7, 200, 10, &mut fills), 7);
    assert_eq!(fills.len(), 1);
    let fill = fills[0];
    assert_eq!((fill.lots, fill.left, fill.ahead_at_placement), (2, 2, 5));
    assert_eq!((fill.mid, fill.ts), (100.0, 10));
    // Two more are ours, then the one who came after us, then the next price.
    assert_eq!(book.aggress(Side::Buy, 10, 200, 11, &mut fills), 10);
    assert_eq!((fills.len(), fills[1].lots, fills[1].left), (2, 2, 0));
    assert_eq!(book.others_best(Side::Sell), Some(102));
}

#[test]
fn a_quote_inside_the_spread_is_hit_first_and_moves_no_mid() {
    let mut book = Matching::new();
    assert!(book.sides[0].add(90, 5, 1) && book.sides[1].add(110, 5, 2));
    book.note_mid();
    assert!(book.place(order(7, Side::Buy, 95, 3), 0, 3));
    assert!(
        !book.place(order(8, Side::Sell, 95, 3), 0, 4),
        "a post-only order crossed"
    );
    assert_eq!(book.front(Side::Buy), Some(95));
    assert_eq!(book.mid, Some(100.0));
    let mut fills = Vec::new();
    assert_eq!(book.aggress(Side::Sell, 4, 80, 5, &mut fills), 4);
    assert_eq!((fills[0].tick, fills[0].lots), (95, 3));
    assert_eq!(book.sides[0].ladder().get(90), 4);
}

/// A bid of 4 behind 5 at 99, of which `leave` cancel; what each of two sales of 3 down to `limit` fills.
fn sold(model: FillModel, leave: bool, limit: Tick) -> (Vec<(Tick, Lots)>, [Lots; 2]) {
    let mut book = Matching::new();
    book.own.fill_by(model, 1.0);
    assert!(book.sides[0].add(99, 5, 1) && book.sides[0].add(98, 50, 2));
    assert!(book.sides[1].add(101, 5, 3));
    book.note_mid();
    assert!(book.place(order(1, Side::Buy, 99, 4), 0, 4));
    if leave {
        let left = book.sides[0].cancel_best().expect("it stands");
        book.own
            .others_left(Side::Buy, left.tick, left.lots, left.seq);
    }
    let mut fills = Vec::new();
    let traded = [3, 3].map(|lots| book.aggress(Side::Sell, lots, limit, 1, &mut fills));
    (fills.iter().map(|f| (f.tick, f.lots)).collect(), traded)
}

#[test]
fn each_model_asks_for_something_else() {
    let at_price = |model, leave| sold(model, leave, 99);
    assert_eq!(
        at_price(FillModel::Touch, false),
        (vec![(99, 3), (99, 1)], [3, 3])
    );
    assert_eq!(at_price(FillModel::Queue, false), (vec![(99, 1)], [3, 3]));
    assert_eq!(
        at_price(FillModel::Pessimistic, false),
        (vec![(99, 1)], [3, 3])
    );
    assert_eq!(at_price(FillModel::Through, false), (vec![], [3, 2]));
    // Whoever was ahead has left: the queue model is first, the others wait for trades that do not come.
    assert_eq!(
        at_price(FillModel::Queue, true),
        (vec![(99, 3), (99, 1)], [3, 1])
    );
    assert_eq!(at_price(FillModel::Pessimistic, true), (vec![], [0, 0]));
    assert_eq!(at_price(FillModel::Through, true), (vec![], [0, 0]));
    // A sale that reaches the next price meets our bid first, whatever the model.
    for model in [FillModel::Pessimistic, FillModel::Through] {
        assert_eq!(sold(model, true, 98), (vec![(99, 3), (99, 1)], [3, 3]));
        assert_eq!(sold(model, false, 98).1, [3, 3]);
    }
}

#[test]
fn taking_pays_prices_up_to_the_limit() {
    let mut book = Matching::new();
    assert!(book.sides[1].add(101, 5, 1) && book.sides[1].add(103, 5, 2));
    let mut fills = Vec::new();
    assert_eq!(book.take(Side::Buy, 8, 102, 0, &mut fills), 5);
    assert_eq!(book.take(Side::Buy, 3, 103, 0, &mut fills), 3);
    let seen: Vec<_> = fills.iter().map(|f| (f.tick, f.lots, f.left)).collect();
    assert_eq!(seen, [(101, 5, 3), (103, 3, 0)]);
}

proptest! {
    /// What is traded is what has left the book, ours and others', whatever the order of events.
    #[test]
    fn quantity_is_conserved(steps in prop::collection::vec((0u8..4, any::<bool>(), 0i64..20, 1i64..9), 1..150)) {
        let mut book = Matching::new();
        let (mut stood, mut own_stood, mut id) = (0, 0, 0);
        let mut fills = Vec::new();
        for (n, (kind, buy, offset, lots)) in steps.into_iter().enumerate() {
            let side = if buy { Side::Buy } else { Side::Sell };
            let tick = if buy { 99 - offset } else { 101 + offset };
            let before = fills.len();
            match kind {
                0 => {
                    prop_assert!(book.sides[side.index()].add(tick, lots, n as u64));
                    stood += lots;
                }
                1 => {
                    id += 1;
                    prop_assert!(book.place(order(id, side, tick, lots), 0, n as u64));
                    own_stood += lots;
                }
                _ => {
                    let traded = book.aggress(side, lots, if buy { 200 } else { 1 }, 0, &mut fills);
                    let ours: Lots = fills[before..].iter().map(|f| f.lots).sum();
                    prop_assert!(traded <= lots);
                    stood -= traded - ours;
                    own_stood -= ours;
                }
            }
            let others: Lots = book.sides.iter().map(|s| s.ladder().depth(1000)).sum();
            let own: Lots = Side::BOTH.iter().flat_map(|s| book.own.on(*s)).map(|o| o.order.lots).sum();
            prop_assert_eq!((others, own), (stood, own_stood));
            prop_assert!(fills.iter().all(|f| f.lots > 0));
        }
    }
}

/// What a sale of 5 down to `limit` fills of a bid of ours of 4 at 99, behind which others bid at `others`.
fn met(model: FillModel, others: Tick, limit: Tick) -> (Lots, Vec<VenueFill>) {
    let mut book = Matching::new();
    book.own.fill_by(model, 1.0);
    assert!(book.sides[0].add(others, 5, 1) && book.sides[1].add(101, 5, 2));
    book.note_mid();
    assert!(book.place(order(1, Side::Buy, 99, 4), 0, 3));
    let mut fills = Vec::new();
    let traded = book.meet(Side::Sell, 5, limit, 7, &mut fills);
    assert_eq!(book.sides[0].ladder().get(others), 5);
    (traded, fills)
}

#[test]
fn a_limit_order_meets_ours_where_nobody_else_stands_before() {
    let (traded, fills) = met(FillModel::Queue, 98, 99);
    assert_eq!((traded, fills.len()), (4, 1));
    assert_eq!((fills[0].tick, fills[0].mid), (99, 99.5));
    // It does not reach ours, or others stand at our price, or it is only displayed there.
    assert_eq!(met(FillModel::Queue, 98, 100).0, 0);
    assert_eq!(met(FillModel::Queue, 99, 90).0, 0);
    assert_eq!(met(FillModel::Through, 98, 99).0, 0);
    assert_eq!(met(FillModel::Through, 97, 98).0, 4);
}
