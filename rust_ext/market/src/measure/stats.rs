//! Samples and their percentile.

use serde::Serialize;

use readers::quantiles;

/// Least sample size from which a percentile is reported.
pub(crate) const LEAST: usize = 20;

/// A 95th percentile with its sample size, as reports hold it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Sample {
    pub n: usize,
    pub p95: Option<f64>,
}

impl Sample {
    /// Sum up values; the percentile is None below [`LEAST`] values.
    pub(crate) fn of(values: &[f64]) -> Self {
        let n = values.len();
        let p95 = (n >= LEAST).then(|| percentile(values, 0.95));
        Sample { n, p95 }
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
        assert_eq!(Sample::of(&values).p95, Some(19.05));
        let few: Vec<f64> = vec![1.0; LEAST - 1];
        assert_eq!(Sample::of(&few), Sample { n: 19, p95: None });
        assert_eq!(percentile(&[3.0], 0.95), 3.0);
        assert_eq!(percentile(&[], 0.95), 0.0);
        assert_eq!(percentile(&[5.0, 1.0], 0.0), 1.0);
        assert_eq!(percentile(&[5.0, 1.0], 1.0), 5.0);
    }
}
