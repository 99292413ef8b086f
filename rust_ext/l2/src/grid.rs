//! Prices and sizes as counts of ticks and lots.

use super::error::BookError;

/// Largest count of ticks: up to here the rounding of a price stays below `TOLERANCE`.
pub(crate) const MOST_TICKS: f64 = (1u64 << 40) as f64;
/// Largest count of lots: sums of 8 levels of it are exact.
pub(crate) const MOST_LOTS: f64 = (1u64 << 50) as f64;
/// How far a number may lie from a whole count, in ticks or lots.
const TOLERANCE: f64 = 1e-3;
/// Adding and subtracting it rounds a double below 2^51 to a whole number, on every processor and in vectors.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// Multiples of a tick size or a lot size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid {
    size: f64,
    /// Counts in one unit.
    factor: f64,
    /// The factor is a whole number, as 10 for a tick of 0.1.
    whole: bool,
}

impl Grid {
    /// The multiples of `size`; `name` is for the error.
    ///
    /// # Errors
    /// Where `size` is not in 1e-9 .. 1e9.
    pub(crate) fn new(name: &'static str, size: f64) -> Result<Self, BookError> {
        if !(1e-9..=1e9).contains(&size) {
            return Err(BookError::Step { name, size });
        }
        let inverse = 1.0 / size;
        let near = inverse.round();
        let whole = near >= 1.0 && (near * size - 1.0).abs() < 1e-12;
        Ok(Grid {
            size,
            factor: if whole { near } else { inverse },
            whole,
        })
    }

    /// The size of one tick or lot.
    pub(crate) fn size(&self) -> f64 {
        self.size
    }

    /// How many ticks or lots a number is, not rounded.
    #[inline(always)]
    pub(crate) fn count(&self, number: f64) -> f64 {
        number * self.factor
    }

    /// The number that a count stands for: for a tick of 0.1 the double nearest to the decimal.
    pub(crate) fn value(&self, count: f64) -> f64 {
        if self.whole {
            count / self.factor
        } else {
            count * self.size
        }
    }
}

/// A count as a whole number of doubles below 2^51.
#[inline(always)]
pub(crate) fn rounded(count: f64) -> f64 {
    (count + ROUNDER) - ROUNDER
}

/// A count as an integer; any integer where it is not in range.
#[inline(always)]
pub(crate) fn integer(count: f64) -> i64 {
    ((count + ROUNDER).to_bits() as i64).wrapping_sub(ROUNDER.to_bits() as i64)
}

/// Whether a count is a whole number but for the rounding of decimals.
#[inline(always)]
pub(crate) fn is_whole(count: f64) -> bool {
    (count - rounded(count)).abs() <= TOLERANCE
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_that_are_no_sizes_are_refused() {
        for size in [f64::NAN, f64::INFINITY, 0.0, -0.1, 1e-10, 1e10] {
            assert!(Grid::new("tick_size", size).is_err(), "{size}");
        }
    }

    #[test]
    fn a_count_goes_back_to_the_decimal_that_it_came_from() {
        for (size, price) in [
            (0.1, 61_234.3),
            (0.01, 0.07),
            (0.05, 1.15),
            (2.5, 7.5),
            (1e-8, 3e-8),
        ] {
            let grid = Grid::new("tick_size", size).unwrap();
            assert_eq!(grid.value(rounded(grid.count(price))), price);
        }
    }

    proptest! {
        #[test]
        fn multiples_are_whole_and_halves_are_not(n in 1i64..(1 << 40), digits in 0u32..9) {
            let grid = Grid::new("tick_size", 1.0 / 10f64.powi(digits as i32)).unwrap();
            let number = n as f64 / 10f64.powi(digits as i32);
            prop_assert!(is_whole(grid.count(number)));
            prop_assert_eq!(integer(grid.count(number)), n);
            prop_assert_eq!(grid.value(n as f64), number);
            prop_assert!(!is_whole(grid.count(number) + 0.5));
        }
    }
}
