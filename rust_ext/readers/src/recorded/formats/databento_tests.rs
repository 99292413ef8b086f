//! DBN files, written by the official crate.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dbn::encode::{dbn::Encoder, EncodeRecord};
use dbn::{MboMsg, Mbp10Msg, Metadata, RecordHeader, SType, Schema};
use proptest::prelude::*;

use crate::recorded::event::{BUY, CLEAR, DEPTH, EXCHANGE, GAP, LOCAL, SELL, SNAPSHOT, TRADE};
use crate::recorded::testing::{Folder, Row};

const T: u64 = 1_700_000_000_000_000_000;
const UNIT: i64 = 1_000_000_000;

fn file(
    folder: &Folder,
    schema: Schema,
    write: impl FnOnce(&mut Encoder<&mut Vec<u8>>),
) -> PathBuf {
    let metadata = Metadata::builder()
        .dataset("XNAS.ITCH".to_owned())
        .schema(Some(schema))
        .start(T)
        .stype_in(Some(SType::RawSymbol))
        .stype_out(SType::InstrumentId)
        .symbols(vec!["AAPL".to_owned()])
        .build();
    let mut bytes = Vec::new();
    write(&mut Encoder::new(&mut bytes, &metadata).expect("metadata"));
    folder.file("a.dbn", &bytes)
}

/// Action, side, order, price, size and flags, one a microsecond.
type Order = (u8, u8, u64, i64, u32, u8);

fn orders(folder: &Folder, all: &[Order]) -> PathBuf {
    file(folder, Schema::Mbo, |to| {
        for (number, (action, side, id, price, size, flags)) in all.iter().enumerate() {
            let at = T + number as u64 * 1_000;
            let record = MboMsg {
                hd: RecordHeader::new::<MboMsg>(dbn::rtype::MBO, 1, 7, at),
                order_id: *id,
                price: price * UNIT,
                size: *size,
                flags: dbn::FlagSet::new(*flags),
                action: *action as _,
                side: *side as _,
                ts_recv: at + 500,
                ..MboMsg::default()
            };
            to.encode_record(&record).expect("a record");
        }
    })
}

fn told(rows: &[Row]) -> Vec<(u64, f64, f64)> {
    let seen = rows.iter().filter(|row| row.0 & EXCHANGE != 0);
    seen.map(|row| (row.0 & !(EXCHANGE | LOCAL), row.3, row.4))
        .collect()
}

#[test]
fn orders_are_summed_by_price() {
    let folder = Folder::new();
    let shown = dbn::flags::SNAPSHOT;
    let path = orders(
        &folder,
        &[
            (b'R', b'N', 0, 0, 0, shown),
            (b'A', b'B', 1, 99, 5, shown),
            (b'A', b'A', 2, 101, 4, 0),
            (b'A', b'B', 3, 99, 2, 0),
            (b'T', b'A', 0, 99, 1, 0),
            (b'F', b'B', 1, 99, 1, 0),
            (b'C', b'B', 1, 99, 1, 0),
            (b'M', b'B', 3, 98, 6, 0),
            (b'C', b'B', 1, 99, 4, dbn::flags::MAYBE_BAD_BOOK),
        ],
    );
    let (about, rows) = folder.read(&[path]).expect("rows");
    assert_eq!(
        (about.snapshots, about.gaps, about.symbol.as_deref()),
        (1, 1, Some("AAPL"))
    );
    assert!(about.has_receipt);
    let wanted = [
        (CLEAR | BUY, 0.0, 0.0),
        (CLEAR | SELL, 0.0, 0.0),
        (SNAPSHOT | BUY, 99.0, 5.0),
        (DEPTH | SELL, 101.0, 4.0),
        (DEPTH | BUY, 99.0, 7.0),
        (TRADE | SELL, 99.0, 1.0),
        (DEPTH | BUY, 99.0, 6.0),
        (DEPTH | BUY, 99.0, 4.0),
        (DEPTH | BUY, 98.0, 6.0),
        (GAP, 0.0, 0.0),
        (DEPTH | BUY, 99.0, 0.0),
    ];
    assert_eq!(told(&rows), wanted);
    assert_eq!((rows[3].1, rows[3].2), (T as i64 + 2_000, T as i64 + 2_500));
    // Records of a snapshot have the old times of their orders.
    assert_eq!(rows[0].1, T as i64 + 500);
}

#[test]
fn pictures_are_compared() {
    let folder = Folder::new();
    let path = file(&folder, Schema::Mbp10, |to| {
        for (number, (bid, size)) in [(99, 5), (99, 3), (98, 3)].into_iter().enumerate() {
            let mut record = Mbp10Msg {
                hd: RecordHeader::new::<Mbp10Msg>(dbn::rtype::MBP_10, 1, 7, T + number as u64),
                price: 99 * UNIT,
                size: 2,
                action: if number == 1 { b'T' } else { b'A' } as _,
                side: b'A' as _,
                ts_recv: T + number as u64 + 9,
                ..Mbp10Msg::default()
            };
            record.levels[0].bid_px = bid * UNIT;
            record.levels[0].bid_sz = size;
            record.levels[0].ask_px = 101 * UNIT;
            record.levels[0].ask_sz = 4;
            to.encode_record(&record).expect("a record");
        }
    });
    let (about, rows) = folder.read(&[path]).expect("rows");
    assert_eq!((about.snapshots, about.messages), (1, 3));
    let wanted = [
        (CLEAR | BUY, 0.0, 0.0),
        (SNAPSHOT | BUY, 99.0, 5.0),
        (CLEAR | SELL, 0.0, 0.0),
        (SNAPSHOT | SELL, 101.0, 4.0),
        (TRADE | SELL, 99.0, 2.0),
        (DEPTH | BUY, 99.0, 3.0),
        (DEPTH | BUY, 99.0, 0.0),
        (DEPTH | BUY, 98.0, 3.0),
    ];
    assert_eq!(told(&rows), wanted);
}

#[test]
fn what_shows_no_book_or_claims_too_much_is_refused() {
    let folder = Folder::new();
    let trades = file(&folder, Schema::Trades, |_| {});
    let error = folder.read(&[trades]).expect_err("it is refused");
    assert!(error
        .to_string()
        .ends_with("is of trades, which does not show the book; expected mbo or mbp-10"));
    let bomb = folder.file("a.dbn", b"DBN\x01\xff\xff\xff\x7f and no more");
    let error = folder.read(&[bomb]).expect_err("it is refused");
    assert!(
        error
            .to_string()
            .contains("announces 2147483647 bytes of metadata"),
        "{error}"
    );
    let flat = orders(
        &folder,
        &[(b'R', b'N', 0, 0, 0, 0), (b'A', b'B', 1, 0, 5, 0)],
    );
    let error = folder.read(&[flat]).expect_err("it is refused");
    assert!(
        error
            .to_string()
            .contains("row 2 has price = 0; expected a price above 0"),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The book of the rows is the sum of the orders that rest, at the end of any stream.
    #[test]
    fn rows_end_in_the_sum_of_the_orders(
        all in prop::collection::vec((prop::sample::select(b"AMC".to_vec()), any::<bool>(), 0_u64..6, 1_i64..5, 1_u32..9), 0..80)
    ) {
        let side = |bid| if bid { b'B' } else { b'A' };
        let mut stream: Vec<Order> = vec![(b'R', b'N', 0, 0, 0, 0)];
        let mut resting: BTreeMap<u64, (bool, i64, u32)> = BTreeMap::new();
        for (action, bid, id, price, size) in all {
            stream.push((action, side(bid), id, price, size, 0));
            match (action, resting.get_mut(&id)) {
                (b'C', Some((_, _, left))) => {
                    *left = left.saturating_sub(size);
                    if *left == 0 {
                        resting.remove(&id);
                    }
                }
                (b'C', None) => {}
                _ => {
                    resting.insert(id, (bid, price, size));
                }
            }
        }
        let folder = Folder::new();
        let (_, rows) = folder.read(&[orders(&folder, &stream)]).expect("rows");
        let mut shown: BTreeMap<(bool, i64), f64> = BTreeMap::new();
        for (what, price, quantity) in told(&rows) {
            if what & 0xff == DEPTH {
                shown.insert((what & BUY != 0, price as i64), quantity);
            }
        }
        shown.retain(|_, quantity| *quantity > 0.0);
        let mut sums: BTreeMap<(bool, i64), f64> = BTreeMap::new();
        for (bid, price, size) in resting.into_values() {
            *sums.entry((bid, price)).or_default() += f64::from(size);
        }
        prop_assert_eq!(shown, sums);
    }
}
