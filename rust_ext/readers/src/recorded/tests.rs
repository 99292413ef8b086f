//! Packing, order and hostile bytes, over the formats.

use std::io::Write;
use std::path::PathBuf;

use flate2::write::GzEncoder;
use flate2::Compression;
use proptest::prelude::*;
use ruzstd::encoding::{compress_to_vec, CompressionLevel};

use crate::recorded::event::{EXCHANGE, LOCAL};
use crate::recorded::source::Found;
use crate::recorded::testing::{Folder, Row};

const T: u64 = 1_700_000_000_000_000;
const BOOK: &str = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n";
const TRADES: &str = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n";

fn book(rows: &[(u64, u64)]) -> String {
    let mut text = BOOK.to_owned();
    for side in ["bid", "ask"] {
        text += &format!(
            "x,BTC,{T},{T},true,{side},{},1\n",
            if side == "bid" { 99 } else { 101 }
        );
    }
    for (number, (sent, received)) in rows.iter().enumerate() {
        let (sent, received) = (T + sent, T + received);
        text += &format!("x,BTC,{sent},{received},false,bid,98,{number}\n");
    }
    text
}

fn pair(folder: &Folder, name: &str, book: &[u8]) -> [PathBuf; 2] {
    let at = T + 1;
    let trades = format!("{TRADES}x,BTC,{at},{at},1,buy,101,1\n");
    [
        folder.file(name, book),
        folder.file("trades.csv", trades.as_bytes()),
    ]
}

fn of_clock(rows: &[Row], clock: u64) -> Vec<Row> {
    let seen = rows.iter().filter(|row| row.0 & clock != 0);
    seen.map(|row| (row.0 & !(EXCHANGE | LOCAL), row.1, row.2, row.3, row.4))
        .collect()
}

#[test]
fn frames_of_zstd_are_read_one_after_the_other() {
    let folder = Folder::new();
    let text = book(&(0..2_000).map(|i| (i, i)).collect::<Vec<_>>());
    let plain = folder
        .read(&pair(&folder, "book.csv", text.as_bytes()))
        .expect("rows");
    let (first, second) = text.as_bytes().split_at(text.len() / 3);
    let mut packed = compress_to_vec(first, CompressionLevel::Fastest);
    // A frame that is skipped.
    packed.extend([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    packed.extend(compress_to_vec(second, CompressionLevel::Fastest));
    let found = folder
        .read(&pair(&folder, "book.csv.zst", &packed))
        .expect("rows");
    assert_eq!(found, plain);
    let cut = &packed[..packed.len() - 20];
    let error = folder
        .read(&pair(&folder, "cut.zst", cut))
        .expect_err("it is cut");
    assert!(error.to_string().contains("cut.zst is "), "{error}");
}

#[test]
fn a_window_of_zstd_that_would_fill_the_memory_is_refused() {
    let folder = Folder::new();
    // No single segment, the largest window that a frame can name, one raw block.
    let bomb = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff, 0x09, 0x00, 0x00, b'x'];
    let error = folder
        .read(&[folder.file("bomb.zst", &bomb)])
        .expect_err("it is refused");
    assert!(error.to_string().contains("bomb.zst is damaged"), "{error}");
}

#[test]
fn what_unpacks_to_far_more_than_it_has_is_refused() {
    let folder = Folder::new();
    let gzip = |text: &[u8]| {
        let mut packer = GzEncoder::new(Vec::new(), Compression::new(9));
        packer.write_all(text).expect("packed");
        packer.finish().expect("packed")
    };
    let zstd = |text: &[u8]| compress_to_vec(text, CompressionLevel::Fastest);
    let mut blank = vec![b' '; 1 << 20];
    blank.push(b'\n');
    let bomb = |packed: &dyn Fn(&[u8]) -> Vec<u8>| {
        // Members and frames follow each other: one that is blank is packed once.
        let head = packed(book(&[]).as_bytes());
        [head, packed(&blank).repeat(64)].concat()
    };
    for (name, packed) in [("bomb.gz", bomb(&gzip)), ("bomb.zst", bomb(&zstd))] {
        let error = folder
            .read(&pair(&folder, name, &packed))
            .expect_err("it is refused")
            .to_string();
        let said = "expected at most 100 times its size in the file";
        assert!(
            error.contains(" inflates from ") && error.ends_with(said),
            "{error}"
        );
    }
}

#[test]
fn rows_that_take_more_than_there_is_room_for_are_refused() {
    let folder = Folder::new();
    let text = book(&[(5, 5), (6, 6)]);
    let files = pair(&folder, "book.csv", text.as_bytes());
    let (about, _) = folder.read(&files).expect("rows");
    let size = about.rows * 64;
    folder.read_into(&files, size).expect("they fit");
    let error = folder
        .read_into(&files, size - 1)
        .expect_err("they do not fit");
    let said = format!("they take more than the {} bytes", size - 64);
    assert!(error.to_string().contains(&said), "{error}");
}

#[test]
fn kinds_of_messages_are_counted_one_by_one_up_to_a_number() {
    let mut found = Found::default();
    for kind in 0..1_000 {
        found.ignore(&kind.to_string());
        found.ignore("0");
    }
    assert_eq!((found.ignored.len(), found.ignored["0"]), (101, 1_001));
    assert_eq!(found.ignored.values().sum::<u64>(), 2_000);
}

#[test]
fn a_line_without_an_end_is_refused() {
    let folder = Folder::new();
    let mut endless = book(&[]).into_bytes();
    endless.resize(endless.len() + (17 << 20), b'7');
    let files = pair(&folder, "endless.csv", &endless);
    let error = folder.read(&files).expect_err("it is refused");
    assert!(
        error
            .to_string()
            .contains("row 4 is longer than 16777216 bytes"),
        "{error}"
    );
}

#[test]
fn a_message_without_an_end_is_refused() {
    let folder = Folder::new();
    let text = book(&vec![(5, 5); (1 << 20) + 2]);
    let error = folder
        .read(&pair(&folder, "still.csv", text.as_bytes()))
        .expect_err("it is refused");
    assert!(
        error.to_string().contains("do the times stand still?"),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Both clocks see every event once, in the order of their time; those of one time in that of the file.
    #[test]
    fn events_are_in_the_order_of_both_clocks(steps in prop::collection::vec((0_u64..3, 0_u64..9), 0..200)) {
        let mut received = 0;
        let rows: Vec<(u64, u64)> = steps.iter().map(|(step, delay)| {
            received += step;
            (received + 9 - delay, received + 9)
        }).collect();
        let folder = Folder::new();
        let text = book(&rows);
        let (about, found) = folder.read(&pair(&folder, "book.csv", text.as_bytes())).expect("rows");
        prop_assert_eq!(about.rows as usize, found.len());
        let (exchange, local) = (of_clock(&found, EXCHANGE), of_clock(&found, LOCAL));
        // The quantity is the number of the event in the file.
        let numbers = |rows: &[Row]| rows[5..].iter().map(|row| row.4 as usize).collect::<Vec<_>>();
        let sorted = |key: fn(&(u64, u64)) -> u64| {
            let mut order: Vec<usize> = (0..rows.len()).collect();
            order.sort_by_key(|number| key(&rows[*number]));
            order
        };
        prop_assert_eq!(numbers(&exchange), sorted(|row| row.0));
        prop_assert_eq!(numbers(&local), sorted(|row| row.1));
        prop_assert_eq!(about.reordered as usize + rows.len() + 5, found.len());
    }

    /// Whatever bytes stand in a file, its reader says rows or one sentence.
    #[test]
    fn hostile_bytes_end_in_a_sentence(
        start in prop::sample::select(vec![
            BOOK.as_bytes(), b"1700000000000000000 {\"e\":\"trade\",", b"DBN\x01\x40\x00\x00\x00",
            b"timestamp,symbol,side,size,price\n", b"{\"topic\":\"orderbook.1\",", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd",
            b"PK\x03\x04", b"",
        ]),
        name in prop::sample::select(vec!["a.bin", "A_message_1.csv", "A_orderbook_1.csv"]),
        noise in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"0123456789,.-\n{}[]\":".to_vec())], 0..400),
    ) {
        let folder = Folder::new();
        let content = [start, &noise].concat();
        if let Err(error) = folder.read(&[folder.file(name, &content)]) {
            let text = error.to_string();
            prop_assert!(text.starts_with("recording ") && !text.contains('\n'), "{}", text);
        }
    }
}
