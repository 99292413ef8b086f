//! Any calls at all: the book accepts what the rules allow, holds what two maps hold, and a refusal changes
//! nothing. In `rust_ext`: `cargo fuzz run book`, with `RUSTC_BOOTSTRAP=1` on a stable toolchain.
#![no_main]

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;

use l2::{Batch, Book, BookError, BookSide, Numbers};

/// A power of two, so that the model counts ticks and lots without rounding.
const UNIT: f64 = 0.5;

#[derive(Arbitrary, Debug, Clone, Copy)]
enum Number {
    Near(u8),
    Far(u32),
    Quarters(i16),
    Any(f64),
}

impl Number {
    fn value(self) -> f64 {
        match self {
            Number::Near(n) => (500.0 + f64::from(n)) * UNIT,
            Number::Far(n) => f64::from(n) * UNIT,
            Number::Quarters(n) => f64::from(n) * UNIT / 4.0,
            Number::Any(number) => number,
        }
    }
}

#[derive(Arbitrary, Debug, Clone, Copy)]
struct Row {
    ask: bool,
    odd_side: Option<i8>,
    price: Number,
    size: Option<Number>,
    step: bool,
}

impl Row {
    fn parts(self) -> (i8, f64, f64) {
        let side = self.odd_side.unwrap_or(if self.ask { -1 } else { 1 });
        (
            side,
            self.price.value(),
            self.size.map_or(0.0, Number::value),
        )
    }
}

#[derive(Arbitrary, Debug)]
enum Call {
    Delta(Row, Seq),
    Batch(Vec<Row>, Seq),
    Rows(Vec<Row>),
    Snapshot(Vec<(Number, Number)>, Vec<(Number, Number)>, Option<i64>),
}

#[derive(Arbitrary, Debug, Clone, Copy)]
enum Seq {
    Next,
    Given(Option<i64>),
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Model {
    /// Bids, asks: size in units by tick.
    sides: [BTreeMap<i64, u64>; 2],
    seq: Option<i64>,
}

fn count(number: f64, least: f64, most: f64) -> Option<f64> {
    let units = number / UNIT;
    let whole = units.round();
    let good = number.is_finite() && (whole - units).abs() <= 1e-3;
    (good && (least..=most).contains(&units)).then_some(whole)
}

fn level(price: f64, size: f64) -> Option<(i64, u64)> {
    let tick = count(price, 0.5, (1u64 << 40) as f64)?;
    let lots = count(size, 0.0, (1u64 << 50) as f64)?;
    Some((tick as i64, lots as u64))
}

fn follows(last: Option<i64>, given: Option<i64>) -> bool {
    match (last, given) {
        (last, None) => last.is_none(),
        (None, Some(seq)) => seq >= 0,
        (Some(last), Some(seq)) => seq > last && seq - last == 1,
    }
}

impl Model {
    fn apply(&self, rows: &[(i8, f64, f64)]) -> Option<Self> {
        let mut next = self.clone();
        for (side, price, size) in rows {
            let (tick, lots) = level(*price, *size)?;
            let side = match side {
                1 => 0,
                -1 => 1,
                _ => return None,
            };
            next.sides[side].remove(&tick);
            if lots > 0 {
                next.sides[side].insert(tick, lots);
            }
        }
        Some(next)
    }

    fn numbered(&self, rows: &[(i8, f64, f64)], seq: Option<i64>) -> Option<Self> {
        let next = follows(self.seq, seq).then(|| self.apply(rows)).flatten()?;
        Some(Model { seq, ..next })
    }

    fn snapshot(bids: &[(f64, f64)], asks: &[(f64, f64)], seq: Option<i64>) -> Option<Self> {
        let mut sides = [BTreeMap::new(), BTreeMap::new()];
        for (side, rows) in sides.iter_mut().zip([bids, asks]) {
            for (price, size) in rows {
                let (tick, lots) = level(*price, *size)?;
                if lots == 0 || side.insert(tick, lots).is_some() {
                    return None;
                }
            }
        }
        let crossed = match (sides[0].keys().next_back(), sides[1].keys().next()) {
            (Some(bid), Some(ask)) => bid >= ask,
            _ => false,
        };
        (!crossed && seq.is_none_or(|n| n >= 0)).then_some(Model { sides, seq })
    }

    fn of(book: &Book) -> Self {
        let sides = [BookSide::Bid, BookSide::Ask].map(|side| {
            let levels = book.depth(side, usize::MAX).into_iter();
            levels
                .map(|(price, size)| ((price / UNIT) as i64, (size / UNIT) as u64))
                .collect()
        });
        Model {
            sides,
            seq: book.seq(),
        }
    }
}

fn batch(book: &mut Book, rows: &[(i8, f64, f64)], numbers: Numbers<'_>) -> Result<(), BookError> {
    let sides: Vec<_> = rows.iter().map(|r| r.0).collect();
    let prices: Vec<_> = rows.iter().map(|r| r.1).collect();
    let sizes: Vec<_> = rows.iter().map(|r| r.2).collect();
    book.apply_batch(Batch {
        sides: &sides,
        prices: &prices,
        sizes: &sizes,
        numbers,
    })
}

fn resolved(seq: Seq, last: Option<i64>) -> Option<i64> {
    match seq {
        Seq::Next => last.map(|n| n.saturating_add(1)),
        Seq::Given(seq) => seq,
    }
}

/// Make the call; what the book answered, and the model afterwards where it should have accepted.
fn make(book: &mut Book, model: &Model, call: &Call) -> (Result<(), BookError>, Option<Model>) {
    let parts = |rows: &[Row]| rows.iter().map(|row| row.parts()).collect::<Vec<_>>();
    match call {
        Call::Delta(row, seq) => {
            let (row, seq) = (row.parts(), resolved(*seq, model.seq));
            let side = BookSide::of(i64::from(row.0));
            let said = side.and_then(|side| book.apply_delta(side, row.1, row.2, seq));
            (said, model.numbered(&[row], seq))
        }
        Call::Batch(rows, seq) => {
            let (rows, seq) = (parts(rows), resolved(*seq, model.seq));
            let numbers = seq.map_or(Numbers::Without, Numbers::One);
            (batch(book, &rows, numbers), model.numbered(&rows, seq))
        }
        Call::Rows(rows) => {
            let first = model.seq.map_or(0, |n| n.saturating_add(1));
            let mut last = first;
            let mut numbers = Vec::new();
            for row in rows {
                last = last.saturating_add(i64::from(row.step && !numbers.is_empty()));
                numbers.push(last);
            }
            let rows = parts(rows);
            let wanted = if rows.is_empty() {
                Some(model.clone())
            } else {
                let next = model.numbered(&rows, Some(first));
                next.map(|next| Model {
                    seq: Some(last),
                    ..next
                })
            };
            (batch(book, &rows, Numbers::Each(&numbers)), wanted)
        }
        Call::Snapshot(bids, asks, seq) => {
            let [bids, asks] = [bids, asks].map(|rows| {
                rows.iter()
                    .map(|(p, q)| (p.value(), q.value()))
                    .collect::<Vec<_>>()
            });
            let said = book.apply_snapshot(&bids, &asks, *seq);
            (said, Model::snapshot(&bids, &asks, *seq))
        }
    }
}

fn read_everything(book: &Book, size: f64) {
    let (bid, ask) = (book.best(BookSide::Bid), book.best(BookSide::Ask));
    assert_eq!(book.mid().is_some(), bid.is_some() && ask.is_some());
    assert_eq!(book.spread().is_some(), book.microprice().is_some());
    assert!(book
        .imbalance(3)
        .is_none_or(|share| (-1.0..=1.0).contains(&share)));
    if let (Some((bid, _)), Some((ask, _)), Some(micro)) = (bid, ask, book.microprice()) {
        assert!(bid.min(ask) <= micro && micro <= bid.max(ask));
    }
    for side in [BookSide::Bid, BookSide::Ask] {
        let worst = book.depth(side, usize::MAX).last().map(|level| level.0);
        if let (Ok(Some(price)), Some((best, _)), Some(worst)) =
            (book.vwap(side, size), book.best(side), worst)
        {
            let slack = best.max(worst) * 1e-12;
            assert!(best.min(worst) - slack <= price && price <= best.max(worst) + slack);
        }
    }
}

fuzz_target!(|input: (Vec<Call>, bool, f64)| {
    let (calls, narrow, size) = input;
    // Without a lot size the book keeps any size; with one it keeps whole lots, as the model does.
    let Ok(mut book) = Book::new(UNIT, Some(UNIT), if narrow { 256 } else { 1 << 12 }) else {
        unreachable!("both windows are in range")
    };
    let mut model = Model::default();
    for call in &calls {
        let (said, wanted) = make(&mut book, &model, call);
        assert_eq!(said.is_ok(), wanted.is_some(), "{call:?}: {said:?}");
        model = wanted.unwrap_or(model);
        assert_eq!(Model::of(&book), model, "{call:?}");
        read_everything(&book, size);
    }
});
