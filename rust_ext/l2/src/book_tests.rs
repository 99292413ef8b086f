use super::*;
use crate::naive::Shown;

fn book() -> Book {
    let mut book = Book::new(0.1, None, 256).unwrap();
    let bids = [(99.8, 3.0), (99.9, 1.0), (1.0, 7.0)];
    let asks = [(100.3, 4.0), (100.1, 3.0)];
    book.apply_snapshot(&bids, &asks, Some(5)).unwrap();
    book
}

#[test]
fn readings_follow_their_definitions() {
    let book = book();
    assert_eq!(book.best(BookSide::Bid), Some((99.9, 1.0)));
    assert_eq!(book.best(BookSide::Ask), Some((100.1, 3.0)));
    assert_eq!(book.mid(), Some(100.0));
    assert_eq!(book.spread(), Some(0.2));
    assert_eq!(book.microprice(), Some(99.95));
    assert_eq!(book.imbalance(1), Some(-0.5));
    assert_eq!(book.imbalance(2), Some(-3.0 / 11.0));
    assert_eq!(book.depth(BookSide::Bid, 2), [(99.9, 1.0), (99.8, 3.0)]);
    assert_eq!(book.vwap(BookSide::Ask, 4.0), Ok(Some(100.15)));
    assert_eq!(book.vwap(BookSide::Bid, 11.5), Ok(None));
    assert_eq!(book.outside(BookSide::Bid), 1);
}

#[test]
fn an_empty_side_has_no_readings() {
    let mut book = Book::new(0.1, None, 256).unwrap();
    assert_eq!((book.mid(), book.imbalance(3)), (None, None));
    book.apply_delta(BookSide::Ask, 5.0, 2.0, None).unwrap();
    assert_eq!(
        (book.mid(), book.spread(), book.microprice()),
        (None, None, None)
    );
    assert_eq!(book.imbalance(3), Some(-1.0));
    assert_eq!(book.vwap(BookSide::Bid, 1.0), Ok(None));
}

#[test]
fn what_is_refused_changes_nothing() {
    let mut book = book();
    let before = Shown::of(&book);
    let refused = |outcome: Result<(), BookError>, words: &str| {
        let error = outcome.unwrap_err().to_string();
        assert!(error.contains(words), "{error} does not say {words}");
    };
    for (price, words) in [
        (f64::NAN, "not finite"),
        (f64::NEG_INFINITY, "not finite"),
        (0.0, "between one tick"),
        (-3.0, "between one tick"),
        (1e300, "between one tick"),
        (99.95, "off tick"),
    ] {
        refused(book.apply_delta(BookSide::Bid, price, 1.0, Some(6)), words);
        refused(book.apply_snapshot(&[(price, 1.0)], &[], None), words);
    }
    for (size, words) in [
        (f64::NAN, "not finite"),
        (f64::INFINITY, "not finite"),
        (-1.0, "negative"),
        (1e300, "larger"),
    ] {
        refused(book.apply_delta(BookSide::Ask, 99.0, size, Some(6)), words);
        refused(book.apply_snapshot(&[], &[(9.0, size)], None), words);
    }
    for (seq, words) in [
        (Some(7), "gap"),
        (Some(5), "gap"),
        (Some(-1), "negative"),
        (None, "missing"),
    ] {
        refused(book.apply_delta(BookSide::Ask, 99.0, 1.0, seq), words);
    }
    refused(
        book.apply_snapshot(&[(5.0, 1.0)], &[(5.0, 1.0)], None),
        "crossed",
    );
    refused(
        book.apply_snapshot(&[(6.0, 1.0)], &[(5.0, 1.0)], None),
        "crossed",
    );
    refused(book.apply_snapshot(&[(5.0, 0.0)], &[], None), "no size");
    refused(
        book.apply_snapshot(&[(5.0, 1.0), (5.0, 2.0)], &[], None),
        "twice",
    );
    refused(
        book.apply_snapshot(&[(5.0, 1.0)], &[], Some(-1)),
        "negative",
    );
    assert_eq!(Shown::of(&book), before);
}

#[test]
fn lots_make_sums_exact() {
    let mut book = Book::new(0.5, Some(0.1), 256).unwrap();
    for (price, size) in [(1.0, 0.1), (1.5, 0.2), (2.0, 0.3)] {
        book.apply_delta(BookSide::Bid, price, size, None).unwrap();
    }
    assert_eq!(book.vwap(BookSide::Bid, 0.6).unwrap(), Some(5.0 / 3.0));
    assert_eq!(book.vwap(BookSide::Bid, 0.7).unwrap(), None);
    assert_eq!(book.depth(BookSide::Bid, 1), [(2.0, 0.3)]);
    let off = book
        .apply_delta(BookSide::Bid, 1.0, 0.25, None)
        .unwrap_err()
        .to_string();
    assert!(off.contains("off lot"));
}

#[test]
fn the_rounding_of_sums_hides_no_size() {
    let mut book = Book::new(0.5, None, 256).unwrap();
    for price in [1.0, 1.5, 2.0, 2.5] {
        book.apply_delta(BookSide::Bid, price, 0.1, None).unwrap();
    }
    // 0.4 less four times 0.1 is 3e-17, not 0.
    assert_eq!(book.vwap(BookSide::Bid, 0.4), Ok(Some(1.75)));
    assert_eq!(book.vwap(BookSide::Bid, 0.401), Ok(None));
}

#[test]
fn numbers_begin_with_the_first_that_is_given_and_end_at_a_snapshot() {
    let mut book = Book::new(0.5, None, 256).unwrap();
    book.apply_delta(BookSide::Bid, 1.0, 1.0, None).unwrap();
    book.apply_delta(BookSide::Bid, 1.0, 1.0, Some(i64::MAX))
        .unwrap();
    assert!(book
        .apply_delta(BookSide::Bid, 1.0, 1.0, Some(i64::MAX))
        .is_err());
    book.apply_snapshot(&[], &[], None).unwrap();
    assert_eq!(book.seq(), None);
    book.apply_delta(BookSide::Bid, 1.0, 1.0, None).unwrap();
}

#[test]
fn a_window_out_of_range_is_refused() {
    assert!(Book::new(0.5, None, 255).is_err());
    assert!(Book::new(0.5, None, (1 << 20) + 1).is_err());
}
