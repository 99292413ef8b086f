//! How often each reason code is in a sequence of them; Python names the codes.

use crate::reasons::REASONS;

/// Lanes of counters, and how many steps these hold before they would overflow.
const WIDTH: usize = 64;
const STEPS: usize = 255;

/// Counts of the codes of reasons; whatever is missing to the length are other codes.
pub fn count_codes(codes: &[u8]) -> [u64; REASONS] {
    #[cfg(target_arch = "x86_64")]
    if super::avx2::available() {
        // SAFETY: the processor has the features that the function is compiled for.
        return unsafe { count_avx2(codes) };
    }
    count(codes)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn count_avx2(codes: &[u8]) -> [u64; REASONS] {
    count(codes)
}

#[inline(always)]
fn count(codes: &[u8]) -> [u64; REASONS] {
    let mut totals = [0; 4];
    for piece in codes.chunks(WIDTH * STEPS) {
        let rows = piece.chunks_exact(WIDTH);
        for &code in rows.remainder() {
            if let Some(total) = totals.get_mut(usize::from(code)) {
                *total += 1;
            }
        }
        add_rows(&mut totals, rows);
    }
    totals
}

#[inline(always)]
fn add_rows(totals: &mut [u64; REASONS], rows: std::slice::ChunksExact<'_, u8>) {
    // Bytes as counters: as many in a register as codes, so that each step is a compare and a subtraction.
    let mut lanes = [[0u8; WIDTH]; REASONS];
    for row in rows {
        for i in 0..WIDTH {
            for (code, counters) in lanes.iter_mut().enumerate() {
                counters[i] = counters[i].wrapping_add(u8::from(row[i] == code as u8));
            }
        }
    }
    for (total, counters) in totals.iter_mut().zip(lanes) {
        *total += counters.iter().map(|&n| u64::from(n)).sum::<u64>();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand_core::{RngCore, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    proptest! {
        #[test]
        fn counts_are_those_of_one_by_one(seed in any::<u64>(), length in 0usize..40_000) {
            let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
            let codes: Vec<u8> = (0..length).map(|_| (random.next_u64() % (REASONS as u64 + 2)) as u8).collect();
            let naive: [u64; REASONS] = std::array::from_fn(|k| codes.iter().filter(|c| usize::from(**c) == k).count() as u64);
            prop_assert_eq!(count_codes(&codes), naive);
            prop_assert_eq!(count(&codes), naive);
        }
    }

    #[test]
    fn no_counter_overflows_where_all_codes_are_the_same() {
        let last = REASONS - 1;
        let codes = vec![last as u8; WIDTH * STEPS * 2 + 7];
        let counts = count_codes(&codes);
        assert_eq!(counts[last], codes.len() as u64);
        assert_eq!(counts.iter().sum::<u64>(), codes.len() as u64);
    }
}
