//! Samples, their percentile, and what is needed to merge them with others.

use serde::Serialize;

use readers::quantiles;

/// Least sample size from which a percentile is reported.
pub(crate) const LEAST: usize = 20;

/// Most classes of a histogram.
const CLASSES: usize = 256;
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
    /// Sum up values; the percentile is None below [`LEAST`] values. `ends` are their numbers by the end of
    /// each batch.
    pub(crate) fn of(values: &[f64], ends: &[usize]) -> Self {
        let n = values.len();
        let p95 = (n >= LEAST).then(|| percentile(values, 0.95));
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let batches: Vec<&[f64]> = starts.zip(ends).map(|(a, &b)| &values[a..b]).collect();
        let above = |batch: &&[f64]| batch.iter().filter(|&&v| Some(v) > p95).count();
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
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let halvings = HALVINGS
            .rev()
            .find(|&k| occupied(&sorted, k) <= CLASSES)
            .unwrap_or(*HALVINGS.start());
        let (mut at, mut counts) = (Vec::new(), Vec::<u64>::new());
        for &value in &sorted {
            let class = class_of(value, halvings);
            if at.last() == Some(&class) {
                counts[at.len() - 1] += 1;
            } else {
                at.push(class);
                counts.push(1);
            }
        }
        let step = 0.5f64.powi(halvings);
        Histogram { step, at, counts }
    }
}

fn class_of(value: f64, halvings: i32) -> i64 {
    (value * 2f64.powi(halvings)).floor() as i64
}

/// Number of classes that sorted values fall into, or one more than allowed.
fn occupied(sorted: &[f64], halvings: i32) -> usize {
    let (mut found, mut rest) = (0, sorted);
    while let Some(&first) = rest.first() {
        found += 1;
        if found > CLASSES {
            break;
        }
        let class = class_of(first, halvings);
        rest = &rest[rest.partition_point(|&v| class_of(v, halvings) <= class)..];
    }
    found
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
        let few = Sample::of(&[1.0; LEAST - 1], &[LEAST - 1]);
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
