//! The path of an iteration in columns: the market, our quotes and what we made, at equal steps of time.

use crate::maker::reasons::Reason;
use crate::maker::Attempts;
use crate::measure::accounting::Totals;
use crate::types::{ms_of_ns, Ns, MS};
use crate::venue::tape::Column;

/// The market and our own quotes at a moment; prices in ticks and sizes in lots, NaN and 0 where there is none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    pub mid: Option<f64>,
    pub labels: u64,
    /// Price and size by side: the best of the others, and our best.
    pub best: [Quoted; 2],
    pub own: [Quoted; 2],
}

/// Price and size of a best quote.
pub(crate) type Quoted = Option<(i64, i64)>;

const PRICES: [&str; 5] = ["mid", "bid", "ask", "own_bid", "own_ask"];
const SIZES: [&str; 4] = ["bid_size", "ask_size", "own_bid_size", "own_ask_size"];
const AMOUNTS: [&str; 7] = [
    "position",
    "cash",
    "gross",
    "fees",
    "slippage",
    "inventory",
    "funding",
];
/// Columns of counts; blocks by reason follow them.
const COUNTS: [&str; 2] = ["labels", "attempts"];

/// Columns that grow by a row per step; none where no step is given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Series {
    step: Option<Ns>,
    next: Ns,
    time_ms: Vec<f64>,
    prices: [Vec<f64>; PRICES.len()],
    sizes: [Vec<f64>; SIZES.len()],
    amounts: [Vec<f64>; AMOUNTS.len()],
    counts: [Vec<u64>; COUNTS.len() + Reason::NAMES.len()],
}

impl Series {
    /// Columns with a row every `step` from `start` on.
    pub(crate) fn new(step: Option<Ns>, start: Ns) -> Self {
        Series {
            step: step.map(|step| step.max(MS)),
            next: start,
            ..Series::default()
        }
    }

    /// Whether anything is recorded.
    pub(crate) fn is_on(&self) -> bool {
        self.step.is_some()
    }

    /// Whether a row is due.
    pub(crate) fn is_due(&self, now: Ns) -> bool {
        self.step.is_some() && now >= self.next
    }

    /// Add a row; `tick` and `lot` are the sizes of a tick and of a lot.
    pub(crate) fn add(
        &mut self,
        now: Ns,
        seen: &Seen,
        (tick, lot): (f64, f64),
        made: (&Totals, f64, f64),
        attempts: Attempts,
    ) {
        while self.next <= now {
            self.next += self.step.unwrap_or(Ns::MAX / 2);
        }
        let price = |quoted: Quoted| quoted.map_or(f64::NAN, |(t, _)| t as f64 * tick);
        let size = |quoted: Quoted| quoted.map_or(0.0, |(_, lots)| lots as f64 * lot);
        let mid = seen.mid.map_or(f64::NAN, |mid| mid * tick);
        let [bid, ask] = seen.best;
        let [own_bid, own_ask] = seen.own;
        self.time_ms.push(ms_of_ns(now));
        let prices = [mid, price(bid), price(ask), price(own_bid), price(own_ask)];
        push(&mut self.prices, prices);
        push(&mut self.sizes, [bid, ask, own_bid, own_ask].map(size));
        let (totals, position, cash) = made;
        push(
            &mut self.amounts,
            [
                position,
                cash,
                totals.gross,
                totals.fees,
                totals.slippage,
                totals.inventory,
                totals.funding,
            ],
        );
        let mut counts = [0; COUNTS.len() + Reason::NAMES.len()];
        counts[..COUNTS.len()].copy_from_slice(&[seen.labels, attempts.all]);
        counts[COUNTS.len()..].copy_from_slice(&attempts.blocks.by_reason());
        push(&mut self.counts, counts);
    }

    /// The columns, and nothing is left.
    pub(crate) fn take(&mut self) -> Vec<Column> {
        let mut columns = vec![("time_ms", doubles(&self.time_ms))];
        let floats = PRICES.iter().zip(&self.prices);
        let floats = floats.chain(SIZES.iter().zip(&self.sizes));
        let floats = floats.chain(AMOUNTS.iter().zip(&self.amounts));
        columns.extend(floats.map(|(name, values)| (*name, doubles(values))));
        let counts = COUNTS.iter().chain(&Reason::NAMES).zip(&self.counts);
        let bytes = |values: &[u64]| values.iter().flat_map(|v| v.to_le_bytes()).collect();
        columns.extend(counts.map(|(name, values)| (*name, bytes(values))));
        *self = Series::default();
        columns
    }
}

/// Numbers as bytes.
pub(crate) fn doubles(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn push<T, const N: usize>(columns: &mut [Vec<T>; N], values: [T; N]) {
    for (column, value) in columns.iter_mut().zip(values) {
        column.push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_a_step_apart_and_columns_of_one_length() {
        let mut series = Series::new(Some(250 * MS), 100 * MS);
        let seen = Seen {
            mid: Some(100.5),
            labels: 5,
            best: [Some((100, 7)), None],
            own: [None, Some((103, 2))],
        };
        for k in 1..=10 {
            let now = k * 100 * MS;
            if series.is_due(now) {
                let totals = Totals::default();
                series.add(
                    now,
                    &seen,
                    (0.5, 0.1),
                    (&totals, 1.0, -2.0),
                    Attempts::default(),
                );
            }
        }
        let columns = series.take();
        assert!(columns.iter().all(|(_, bytes)| bytes.len() == 8 * 4));
        let values = |name: &str| -> Vec<f64> {
            let bytes = &columns.iter().find(|c| c.0 == name).expect("it is there").1;
            let words = bytes.chunks_exact(8);
            words
                .map(|w| f64::from_le_bytes(w.try_into().expect("8 bytes")))
                .collect()
        };
        assert_eq!(values("time_ms"), [100.0, 400.0, 600.0, 900.0]);
        assert_eq!(values("bid")[0], 50.0);
        assert!(values("ask")[0].is_nan());
        assert_eq!(values("own_ask_size")[0], 0.2);
        assert!(!Series::new(None, 0).is_due(0));
    }
}
