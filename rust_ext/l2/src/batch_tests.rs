use proptest::prelude::*;

use super::*;
use crate::naive::{NaiveHalf, Shown};

type Row = (i8, f64, f64);

fn columns(rows: &[Row]) -> (Vec<i8>, Vec<f64>, Vec<f64>) {
    let sides = rows.iter().map(|r| r.0).collect();
    let prices = rows.iter().map(|r| r.1).collect();
    (sides, prices, rows.iter().map(|r| r.2).collect())
}

fn apply(book: &mut Book, rows: &[Row], numbers: Numbers<'_>) -> Result<(), BookError> {
    let (sides, prices, sizes) = columns(rows);
    book.apply_batch(Batch {
        sides: &sides,
        prices: &prices,
        sizes: &sizes,
        numbers,
    })
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let side = prop_oneof![Just(1i8), Just(-1i8)];
    let tick = prop_oneof![8 => 900i64..1_100, 2 => 1i64..60_000];
    let lots = prop_oneof![Just(0i64), 1i64..50];
    let row = (side, tick, lots).prop_map(|(s, t, q)| (s, t as f64 / 10.0, q as f64 / 1000.0));
    prop::collection::vec(row, 0..200)
}

fn worst_row() -> impl Strategy<Value = Row> {
    let number = prop_oneof![
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(-1.0),
        Just(0.05),
        Just(1e300)
    ];
    prop_oneof![
        number.clone().prop_map(|price| (1i8, price, 1.0)),
        number
            .prop_filter("a size", |n| *n != 0.05)
            .prop_map(|size| (-1i8, 1.0, size)),
        (-128i8..=127)
            .prop_filter("no side", |s| *s != 1 && *s != -1)
            .prop_map(|side| (side, 1.0, 1.0)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_batch_is_its_rows_one_by_one_and_a_map(first in rows(), second in rows(), lots in any::<bool>()) {
        let lot_size = lots.then_some(0.001);
        let mut book = Book::new(0.1, lot_size, 256).expect("good steps");
        let mut single = book.clone();
        let mut naive = [NaiveHalf::default(), NaiveHalf::default()];
        for rows in [&first, &second] {
            apply(&mut book, rows, Numbers::Without).expect("good rows");
            for (side, price, size) in rows {
                let side = BookSide::of(i64::from(*side)).expect("a side");
                single.apply_delta(side, *price, *size, None).expect("a good row");
                let tick = (price * 10.0).round() as i64;
                naive[usize::from(side == BookSide::Ask)].set(tick * side.sign(), *size);
            }
        }
        prop_assert_eq!(Shown::of(&book), Shown::of(&single));
        for (side, half) in [BookSide::Bid, BookSide::Ask].into_iter().zip(&naive) {
            let levels: Vec<_> = half.levels().iter()
                .map(|(key, size)| ((key * side.sign()) as f64 / 10.0, *size)).collect();
            prop_assert_eq!(book.depth(side, usize::MAX), levels);
        }
    }

    #[test]
    fn one_bad_row_anywhere_refuses_all(good in rows(), bad in worst_row(), at in any::<prop::sample::Index>()) {
        let mut book = Book::new(0.1, None, 256).expect("good steps");
        apply(&mut book, &[(1, 99.0, 1.0), (-1, 101.0, 1.0)], Numbers::One(3)).expect("good rows");
        let before = Shown::of(&book);
        let mut rows = good;
        let at = at.index(rows.len() + 1);
        rows.insert(at, bad);
        let error = apply(&mut book, &rows, Numbers::One(4)).unwrap_err().to_string();
        prop_assert!(error.starts_with(&format!("row {at}: ")), "{}", error);
        prop_assert_eq!(Shown::of(&book), before);
    }
}

#[test]
fn a_bad_row_of_a_late_chunk_is_named() {
    let mut rows = vec![(1i8, 10.0, 1.0); 5 * CHUNK];
    rows[4 * CHUNK + 7].1 = f64::NAN;
    rows[4 * CHUNK + 9].2 = f64::NAN;
    let mut book = Book::new(0.5, None, 256).expect("it is accepted");
    let error = apply(&mut book, &rows, Numbers::Without)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        format!("row {}: price NaN is not finite", 4 * CHUNK + 7)
    );
    assert!(Shown::of(&book).is_empty());
}

#[test]
fn numbers_of_rows_follow_one_another() {
    let rows = [(1i8, 10.0, 1.0); 3];
    let mut book = Book::new(0.5, None, 256).expect("it is accepted");
    for (given, words) in [
        ([4, 4, 6], "row 2: sequence gap: 6 does not follow 4"),
        ([4, 3, 4], "row 1: sequence gap: 3 does not follow 4"),
        ([-1, 0, 1], "row 0: sequence number -1 is negative"),
        ([i64::MAX, i64::MIN, 0], "row 1: sequence gap"),
    ] {
        let error = apply(&mut book, &rows, Numbers::Each(&given))
            .unwrap_err()
            .to_string();
        assert!(error.contains(words), "{error}");
        assert!(Shown::of(&book).is_empty());
    }
    apply(&mut book, &rows, Numbers::Each(&[4, 4, 5])).expect("it is accepted");
    assert_eq!(book.seq(), Some(5));
    assert!(apply(&mut book, &rows, Numbers::Each(&[5, 6, 7]))
        .unwrap_err()
        .to_string()
        .contains("row 0"));
    assert!(apply(&mut book, &rows, Numbers::Without)
        .unwrap_err()
        .to_string()
        .contains("missing"));
    apply(&mut book, &rows, Numbers::One(6)).expect("it is accepted");
    apply(&mut book, &[], Numbers::One(7)).expect("it is accepted");
    apply(&mut book, &[], Numbers::Each(&[])).expect("it is accepted");
    assert_eq!(book.seq(), Some(7));
}

#[test]
fn columns_of_different_lengths_are_refused() {
    let mut book = Book::new(0.5, None, 256).expect("it is accepted");
    let (sides, prices, sizes) = columns(&[(1, 10.0, 1.0), (1, 11.0, 1.0)]);
    for (s, p, q, n) in [(1, 2, 2, 2), (2, 1, 2, 2), (2, 2, 1, 2), (2, 2, 2, 1)] {
        let numbers = &[1i64, 2][..n];
        let batch = Batch {
            sides: &sides[..s],
            prices: &prices[..p],
            sizes: &sizes[..q],
            numbers: Numbers::Each(numbers),
        };
        assert!(book
            .apply_batch(batch)
            .unwrap_err()
            .to_string()
            .contains("differ in length"));
    }
    assert!(Shown::of(&book).is_empty());
}
