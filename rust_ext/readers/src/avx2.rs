//! For x86-64 with AVX2; the caller has checked that the processor has it.

use super::lanes::{opaque, Lanes, Letters, Masks, Symbols, LANES, SHORT, SPACES};
use std::arch::x86_64::*;

pub(crate) struct Avx2;

/// Whether this processor runs what the functions marked with these features need.
pub(crate) fn available() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("pclmulqdq")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
}

type Pair = (__m256i, __m256i);

/// SAFETY of this module: every function is inlined into a caller that runs behind `available`.
#[inline(always)]
fn load(block: &[u8; LANES]) -> Pair {
    let at = block.as_ptr().cast::<__m256i>();
    // SAFETY: unaligned loads of the two halves of 64 readable bytes.
    unsafe { (_mm256_loadu_si256(at), _mm256_loadu_si256(at.add(1))) }
}

#[inline(always)]
fn bits(v: Pair) -> u64 {
    // SAFETY: see `load`.
    let (low, high) = unsafe { (_mm256_movemask_epi8(v.0), _mm256_movemask_epi8(v.1)) };
    opaque(u64::from(low as u32) | (u64::from(high as u32) << 32))
}

#[inline(always)]
fn map(v: Pair, f: impl Fn(__m256i) -> __m256i) -> Pair {
    (f(v.0), f(v.1))
}

#[inline(always)]
fn equal(v: Pair, byte: u8) -> u64 {
    // SAFETY: see `load`.
    bits(map(v, |x| unsafe {
        _mm256_cmpeq_epi8(x, _mm256_set1_epi8(byte as i8))
    }))
}

#[inline(always)]
fn at_most(v: Pair, byte: u8) -> u64 {
    // SAFETY: see `load`.
    bits(map(v, |x| unsafe {
        _mm256_cmpeq_epi8(_mm256_min_epu8(x, _mm256_set1_epi8(byte as i8)), x)
    }))
}

/// Which bytes are the one that the table has at the place of their low four bits.
#[inline(always)]
fn found(v: Pair, table: [i8; 16]) -> u64 {
    let at = table.as_ptr().cast::<__m128i>();
    // SAFETY: see `load`; the table is 16 readable bytes. A byte of 0x80 and above looks up a zero, which it
    // is not equal to.
    bits(map(v, |x| unsafe {
        let table = _mm256_broadcastsi128_si256(_mm_loadu_si128(at));
        _mm256_cmpeq_epi8(x, _mm256_shuffle_epi8(table, x))
    }))
}

impl Lanes for Avx2 {
    #[inline(always)]
    fn masks(block: &[u8; LANES]) -> Masks {
        let v = load(block);
        // SAFETY: see `load`.
        let lower = map(v, |x| unsafe { _mm256_or_si256(x, _mm256_set1_epi8(0x20)) });
        let from_zero = map(v, |x| unsafe {
            _mm256_sub_epi8(x, _mm256_set1_epi8(b'0' as i8))
        });
        let bit5 = map(v, |x| unsafe { _mm256_slli_epi16::<2>(x) });
        Masks {
            quote: equal(v, b'"'),
            backslash: equal(v, b'\\'),
            open: equal(lower, b'{'),
            close: equal(lower, b'}'),
            curly: bits(bit5),
            colon: equal(v, b':'),
            comma: equal(v, b','),
            space: found(v, SPACES),
            newline: equal(v, b'\n'),
            control: at_most(v, 0x1f),
            digit: at_most(from_zero, 9),
            zero: equal(v, b'0'),
            high: bits(v),
        }
    }

    #[inline(always)]
    fn symbols(block: &[u8; LANES]) -> Symbols {
        let v = load(block);
        // SAFETY: see `load`.
        let lower = map(v, |x| unsafe { _mm256_or_si256(x, _mm256_set1_epi8(0x20)) });
        Symbols {
            minus: equal(v, b'-'),
            plus: equal(v, b'+'),
            dot: equal(v, b'.'),
            exponent: equal(lower, b'e'),
        }
    }

    #[inline(always)]
    fn letters(block: &[u8; LANES]) -> Letters {
        let v = load(block);
        // SAFETY: see `load`.
        let lower = map(v, |x| unsafe { _mm256_or_si256(x, _mm256_set1_epi8(0x20)) });
        let from_zero = map(v, |x| unsafe {
            _mm256_sub_epi8(x, _mm256_set1_epi8(b'0' as i8))
        });
        let from_a = map(lower, |x| unsafe {
            _mm256_sub_epi8(x, _mm256_set1_epi8(b'a' as i8))
        });
        Letters {
            short: found(v, SHORT) | equal(v, b'b') | equal(v, b'r'),
            unicode: equal(v, b'u'),
            hex: at_most(from_zero, 9) | at_most(from_a, 5),
        }
    }

    #[inline(always)]
    fn equals(block: &[u8; LANES], byte: u8) -> u64 {
        equal(load(block), byte)
    }

    #[inline(always)]
    fn prefix_xor(bits: u64) -> u64 {
        // SAFETY: see `load`. A carry-less product with all ones is the running parity.
        unsafe {
            let product =
                _mm_clmulepi64_si128::<0>(_mm_set_epi64x(0, bits as i64), _mm_set1_epi8(-1));
            _mm_cvtsi128_si64(product) as u64
        }
    }
}
