//! Samples and their percentile.

use serde::Serialize;

/// Least sample size from which a percentile is reported.
pub const LEAST: usize = 20;

/// A 95th percentile with its sample size, as reports hold it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sample {
    pub n: usize,
    pub p95: Option<f64>,
}

impl Sample {
    /// Sum up values; the percentile is None below [`LEAST`] values.
    pub fn of(values: &mut [f64]) -> Self {
        let n = values.len();
        let p95 = (n >= LEAST).then(|| percentile(values, 0.95));
        Sample { n, p95 }
    }
}

/// Percentile by linear interpolation between the two nearest ranks, as NumPy's `linear`; 0 of nothing.
///
/// The values are reordered.
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
    let Some(last) = values.len().checked_sub(1) else {
        return 0.0;
    };
    let rank = share * last as f64;
    let low = (rank.floor() as usize).min(last);
    let (_, a, above) = values.select_nth_unstable_by(low, f64::total_cmp);
    let a = *a;
    let b = above.iter().copied().reduce(f64::min).unwrap_or(a);
    let t = rank - low as f64;
    let step = b - a;
    if t >= 0.5 {
        b - step * (1.0 - t)
    } else {
        a + step * t
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpolates_between_ranks() {
        let mut values: Vec<f64> = (1..=20).rev().map(f64::from).collect();
        assert_eq!(Sample::of(&mut values).p95, Some(19.05));
        let mut few: Vec<f64> = vec![1.0; LEAST - 1];
        assert_eq!(Sample::of(&mut few), Sample { n: 19, p95: None });
        assert_eq!(percentile(&mut [3.0], 0.95), 3.0);
        assert_eq!(percentile(&mut [], 0.95), 0.0);
        assert_eq!(percentile(&mut [5.0, 1.0], 0.0), 1.0);
        assert_eq!(percentile(&mut [5.0, 1.0], 1.0), 5.0);
    }
}
