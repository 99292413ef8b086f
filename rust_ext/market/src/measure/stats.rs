//! Samples, their percentile, and what is needed to merge them with others.

use serde::Serialize;

use readers::quantiles;

use crate::measure::limits::LEAST_VALUES;

/// Most classes of a histogram.
const CLASSES: usize = 256;
/// Cells that values are counted in first, where a range of so many is fine enough.
const CELLS: i64 = 1 << 14;
/// From so many values on they are counted in cells and not sorted.
const MANY: usize = 1 << 12;
/// Finest and coarsest width of a class, as powers of one half.
const HALVINGS: std::ops::RangeInclusive<i32> = -60..=20;

/// Counts of values in classes of one width: those of class `at` lie from `at * step` up to the next class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Histogram {
    pub step: f64,
    pub at: Vec<i64>,
    pub counts: Vec<u64>,
}

/// A 95th percentile with its sample size, as reports hold it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Sample {
    pub n: usize,
    pub p95: Option<f64>,
    pub histogram: Histogram,
    /// Values in each batch of the iteration, and those of them above the percentile.
    pub batch_n: Vec<usize>,
    pub batch_above: Vec<usize>,
}

impl Sample {
    /// Sum up values; the percentile is None below [`LEAST_VALUES`] values. `ends` are their numbers by the end of
    /// each batch.
    pub(crate) fn of(values: &[f64], ends: &[usize]) -> Self {
        let n = values.len();
        let p95 = (n >= LEAST_VALUES).then(|| percentile(values, 0.95));
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let batches: Vec<&[f64]> = starts.zip(ends).map(|(a, &b)| &values[a..b]).collect();
        let limit = p95.unwrap_or(f64::INFINITY);
        let above = |batch: &&[f64]| batch.iter().filter(|&&value| value > limit).count();
        let marked = p95.map_or(&batches[..0], |_| &batches[..]);
        Sample {
            n,
            p95,
            histogram: Histogram::of(values),
            batch_n: marked.iter().map(|batch| batch.len()).collect(),
            batch_above: marked.iter().map(above).collect(),
        }
    }
}

impl Histogram {
    /// Count values in the finest classes of which no more than [`CLASSES`] are occupied.
    pub(crate) fn of(values: &[f64]) -> Self {
        let counted = (values.len() >= MANY).then(|| Self::by_cells(values));
        counted
            .flatten()
            .unwrap_or_else(|| Self::by_sorting(values))
    }

    fn by_sorting(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let halvings = HALVINGS
            .rev()
            .find(|&k| Runs::of(&sorted, k).nth(CLASSES).is_none())
            .unwrap_or(*HALVINGS.start());
        let (at, counts) = Runs::of(&sorted, halvings).unzip();
        let step = 0.5f64.powi(halvings);
        Histogram { step, at, counts }
    }

    /// The same by one pass; None where an outlier makes the cells too wide to tell the finest classes.
    fn by_cells(values: &[f64]) -> Option<Self> {
        let (low, high) = extremes(values);
        let ends = |k: i32| (class_of(low, 2f64.powi(k)), class_of(high, 2f64.powi(k)));
        let mut halvings = HALVINGS.rev().find(|&k| {
            let (first, last) = ends(k);
            last.saturating_sub(first) < CELLS
        })?;
        let (first, last) = ends(halvings);
        let mut cells = vec![0u64; (last - first + 1) as usize];
        let scale = 2f64.powi(halvings);
        for &value in values {
            cells[(class_of(value, scale) - first) as usize] += 1;
        }
        let occupied = (first..).zip(cells).filter(|&(_, count)| count > 0);
        let mut classes: Vec<(i64, u64)> = occupied.collect();
        if classes.len() <= CLASSES && halvings < *HALVINGS.end() {
            return None;
        }
        while classes.len() > CLASSES {
            halvings -= 1;
            classes.dedup_by(|next, kept| {
                let same = next.0 >> 1 == kept.0 >> 1;
                kept.1 += if same { next.1 } else { 0 };
                same
            });
            classes.iter_mut().for_each(|class| class.0 >>= 1);
        }
        let (at, counts) = classes.into_iter().unzip();
        let step = 0.5f64.powi(halvings);
        Some(Histogram { step, at, counts })
    }
}

/// Lowest and highest value; infinities of nothing. In lanes, as one comparison need not wait for another.
fn extremes(values: &[f64]) -> (f64, f64) {
    const LANES: usize = 8;
    let (mut lows, mut highs) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
    let rows = values.chunks_exact(LANES);
    for (i, &value) in rows.remainder().iter().enumerate() {
        (lows[i], highs[i]) = (value, value);
    }
    for row in rows {
        for i in 0..LANES {
            lows[i] = if row[i] < lows[i] { row[i] } else { lows[i] };
            highs[i] = if row[i] > highs[i] { row[i] } else { highs[i] };
        }
    }
    let low = lows.into_iter().fold(f64::INFINITY, f64::min);
    (low, highs.into_iter().fold(f64::NEG_INFINITY, f64::max))
}

/// The class of a value; without a call of `floor`, which the oldest processors have no instruction for.
fn class_of(value: f64, scale: f64) -> i64 {
    let scaled = value * scale;
    let towards_zero = scaled as i64;
    towards_zero.saturating_sub(i64::from(towards_zero as f64 > scaled))
}

/// Classes that sorted values fall into, each with its count; the end of a class is found by bisection.
struct Runs<'a> {
    rest: &'a [f64],
    scale: f64,
}

impl<'a> Runs<'a> {
    fn of(sorted: &'a [f64], halvings: i32) -> Self {
        let scale = 2f64.powi(halvings);
        Runs {
            rest: sorted,
            scale,
        }
    }
}

impl Iterator for Runs<'_> {
    type Item = (i64, u64);

    fn next(&mut self) -> Option<Self::Item> {
        let class = class_of(*self.rest.first()?, self.scale);
        let within = |value: &f64| class_of(*value, self.scale) <= class;
        let count = self.rest.partition_point(within);
        self.rest = &self.rest[count..];
        Some((class, count as u64))
    }
}

/// Percentile by linear interpolation between the two nearest ranks, as NumPy's `linear`; 0 of nothing.
pub(crate) fn percentile(values: &[f64], share: f64) -> f64 {
    quantiles(values, &[share]).map_or(0.0, |found| found[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpolates_between_ranks() {
        let values: Vec<f64> = (1..=20).rev().map(f64::from).collect();
        assert_eq!(Sample::of(&values, &[]).p95, Some(19.05));
        let few = Sample::of(&[1.0; LEAST_VALUES - 1], &[LEAST_VALUES - 1]);
        assert_eq!((few.n, few.p95, few.batch_n.len()), (19, None, 0));
        assert_eq!(percentile(&[3.0], 0.95), 3.0);
        assert_eq!(percentile(&[], 0.95), 0.0);
        assert_eq!(percentile(&[5.0, 1.0], 0.0), 1.0);
        assert_eq!(percentile(&[5.0, 1.0], 1.0), 5.0);
    }

    #[test]
    fn batches_say_where_the_tail_was() {
        let mut values = vec![1.0; 40];
        values[35] = 9.0;
        let sample = Sample::of(&values, &[10, 30, 40]);
        assert_eq!(sample.batch_n, [10, 20, 10]);
        assert_eq!(sample.batch_above, [0, 0, 1]);
    }

    #[test]
    fn extremes_are_those_of_all_values() {
        for n in 1..40 {
            for at in 0..n {
                let mut values: Vec<f64> = vec![1.5; n];
                values[at] = -2.0;
                values[(at + 1) % n] = if n > 1 { 7.0 } else { -2.0 };
                let high = if n > 1 { 7.0 } else { -2.0 };
                assert_eq!(extremes(&values), (-2.0, high), "{at} of {n}");
            }
        }
    }

    #[test]
    fn cells_and_sorting_give_the_same_classes() {
        let spread = |i: u32| f64::from(i.wrapping_mul(2_654_435_761)) / f64::from(u32::MAX);
        let uniform =
            |scale: f64, shift: f64| (0..9000).map(|i| spread(i) * scale + shift).collect();
        let samples: [Vec<f64>; 7] = [
            uniform(1.0, 0.0),
            uniform(1e-3, -5e-4),
            uniform(1e9, -3e8),
            uniform(7.0, -1e6),
            (0..9000).map(|i| spread(i).powi(-3)).collect(),
            vec![5.0; 9000],
            (0..9000).map(|i| f64::from(i % 3) - 1.0).collect(),
        ];
        for values in &samples {
            let sorted = Histogram::by_sorting(values);
            assert_eq!(sorted.counts.iter().sum::<u64>(), 9000);
            if let Some(counted) = Histogram::by_cells(values) {
                assert_eq!(counted, sorted);
            }
            assert_eq!(Histogram::of(values), sorted);
        }
        let counted = samples
            .iter()
            .filter_map(|values| Histogram::by_cells(values));
        assert!(counted.count() >= 5);
    }

    #[test]
    fn few_values_are_kept_and_many_fall_into_classes() {
        let few = Histogram::of(&[0.5, -1.25, 0.5]);
        assert_eq!(few.step, 0.5f64.powi(20));
        assert_eq!(few.at, [-5 << 18, 1 << 19]);
        assert_eq!(few.counts, [1, 2]);
        let values: Vec<f64> = (0..10_000).map(|i| f64::from(i) * 0.01).collect();
        let many = Histogram::of(&values);
        assert_eq!(many.step, 0.5);
        assert_eq!((many.at[0], many.counts[0]), (0, 50));
        assert_eq!(many.counts.iter().sum::<u64>(), 10_000);
        assert!(Histogram::of(&[]).at.is_empty());
        let wild: Vec<f64> = (0..600).map(|i| f64::from(i - 300) * 1e15).collect();
        assert!(Histogram::of(&wild).at.len() <= CLASSES);
    }
}
