//! One pass over values that brackets order statistics, so that only few values need sorting.

/// Values a step of a pass looks at together.
const ROW: usize = 16;
/// Values that stay in the first-level cache while all bands look at them.
const PIECE: usize = 1024;

/// An interval of values, and what a pass found below and in it.
pub(crate) struct Band {
    low: f64,
    high: f64,
    below_low: u64,
    up_to_low: u64,
    /// Values above the low end and up to the high end.
    inside: Vec<f64>,
}

impl Band {
    /// The closed interval from `low` to `high`.
    pub(crate) fn new(low: f64, high: f64) -> Band {
        Band {
            low,
            high,
            below_low: 0,
            up_to_low: 0,
            inside: Vec::new(),
        }
    }

    /// The value of a rank, counted from 0 over all values; None where it lies outside of the band.
    pub(crate) fn value(&mut self, rank: usize) -> Option<f64> {
        let rank = rank as u64;
        if rank < self.below_low {
            return None;
        }
        if rank < self.up_to_low {
            return Some(self.low);
        }
        let place = usize::try_from(rank - self.up_to_low).ok()?;
        if place >= self.inside.len() {
            return None;
        }
        let (_, value, _) = self.inside.select_nth_unstable_by(place, f64::total_cmp);
        Some(*value)
    }

    #[inline(always)]
    fn look_at(&mut self, piece: &[f64]) {
        let (low, high) = (self.low, self.high);
        for row in piece.chunks(ROW) {
            let (mut below, mut up_to, mut any) = (0u64, 0u64, 0u64);
            for &x in row {
                below += u64::from(x < low);
                up_to += u64::from(x <= low);
                any |= u64::from((x > low) & (x <= high));
            }
            self.below_low += below;
            self.up_to_low += up_to;
            if any != 0 {
                let hits = row.iter().filter(|x| **x > low && **x <= high);
                self.inside.extend(hits);
            }
        }
    }
}

/// Let all bands see all values; true where a value is not a number.
pub(crate) fn pass(values: &[f64], bands: &mut [Band]) -> bool {
    #[cfg(target_arch = "x86_64")]
    if super::avx2::available() {
        // SAFETY: the processor has the features that the function is compiled for.
        return unsafe { avx2::pass(values, bands) };
    }
    pass_with(values, bands, Band::look_at)
}

#[inline(always)]
fn pass_with(values: &[f64], bands: &mut [Band], look_at: impl Fn(&mut Band, &[f64])) -> bool {
    let mut nans = 0u64;
    for piece in values.chunks(PIECE) {
        nans += piece.iter().map(|x| u64::from(x.is_nan())).sum::<u64>();
        for band in bands.iter_mut() {
            look_at(band, piece);
        }
    }
    nans > 0
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    //! The same with masks of four comparisons at a time.

    use super::{Band, ROW};
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx2,bmi1")]
    pub(super) fn pass(values: &[f64], bands: &mut [Band]) -> bool {
        super::pass_with(values, bands, |band, piece| {
            let rows = piece.chunks_exact(ROW);
            let rest = rows.remainder();
            look_at(band, rows);
            band.look_at(rest);
        })
    }

    #[inline]
    #[target_feature(enable = "avx2,bmi1")]
    fn look_at(band: &mut Band, rows: std::slice::ChunksExact<'_, f64>) {
        let (low, high) = (_mm256_set1_pd(band.low), _mm256_set1_pd(band.high));
        let (mut below, mut up_to) = (_mm256_setzero_si256(), _mm256_setzero_si256());
        for row in rows {
            let mut inside = 0u32;
            for (place, four) in row.chunks_exact(4).enumerate() {
                // SAFETY: an unaligned load of four readable values.
                let x = unsafe { _mm256_loadu_pd(four.as_ptr()) };
                let is_up_to = _mm256_cmp_pd::<_CMP_LE_OQ>(x, low);
                let is_below = _mm256_cmp_pd::<_CMP_LT_OQ>(x, low);
                let is_inside = _mm256_andnot_pd(is_up_to, _mm256_cmp_pd::<_CMP_LE_OQ>(x, high));
                // A comparison that holds is -1.
                up_to = _mm256_sub_epi64(up_to, _mm256_castpd_si256(is_up_to));
                below = _mm256_sub_epi64(below, _mm256_castpd_si256(is_below));
                inside |= (_mm256_movemask_pd(is_inside) as u32) << (4 * place);
            }
            while inside != 0 {
                band.inside
                    .push(row[inside.trailing_zeros() as usize % ROW]);
                inside &= inside - 1;
            }
        }
        band.below_low += sum(below);
        band.up_to_low += sum(up_to);
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn sum(v: __m256i) -> u64 {
        let mut lanes = [0u64; 4];
        // SAFETY: an unaligned store to 32 bytes.
        unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), v) };
        lanes.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_band_knows_the_ranks_in_it(
            values in prop::collection::vec((-20i32..20).prop_map(f64::from), 0..200),
            ends in (-25i32..25, 0i32..9),
        ) {
            let (low, high) = (f64::from(ends.0), f64::from(ends.0 + ends.1));
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            let mut bands = [Band::new(low, high), Band::new(low, high)];
            prop_assert!(!pass(&values, &mut bands[..1]));
            prop_assert!(!pass_with(&values, &mut bands[1..], Band::look_at));
            for (rank, value) in sorted.iter().enumerate() {
                let expected = (low..=high).contains(value).then_some(*value);
                prop_assert_eq!(bands[0].value(rank), expected);
                prop_assert_eq!(bands[1].value(rank), expected);
            }
            prop_assert_eq!(bands[0].value(values.len()), None);
        }
    }

    #[test]
    fn what_is_no_number_is_noticed_wherever_it_is() {
        for at in [0, 15, 16, 1023, 1024, 2000] {
            let mut values = vec![1.0; 2001];
            values[at] = f64::NAN;
            assert!(pass(&values, &mut []));
            assert!(pass_with(&values, &mut [], Band::look_at));
        }
    }
}
