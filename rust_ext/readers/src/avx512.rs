//! For x86-64 with AVX-512; the caller has checked that the processor has it.

use super::lanes::{opaque, Lanes, Letters, Masks, Symbols, LANES, SHORT, SPACES};
use std::arch::x86_64::*;

pub(crate) struct Avx512;

/// Whether this processor runs what the functions marked with these features need.
///
/// The permutation of bytes (VBMI) is not used. It tells apart the processors that do not lower their
/// clock for these instructions from the first ones, which do.
pub(crate) fn available() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vbmi")
        && super::avx2::available()
}

/// SAFETY of this module: every function is inlined into a caller that runs behind `available`.
#[inline(always)]
fn load(block: &[u8; LANES]) -> __m512i {
    // SAFETY: an unaligned load of 64 readable bytes.
    unsafe { _mm512_loadu_si512(block.as_ptr().cast()) }
}

#[inline(always)]
fn all(byte: u8) -> __m512i {
    // SAFETY: see `load`.
    unsafe { _mm512_set1_epi8(byte as i8) }
}

#[inline(always)]
fn equal(v: __m512i, byte: u8) -> u64 {
    // SAFETY: see `load`.
    opaque(unsafe { _mm512_cmpeq_epi8_mask(v, all(byte)) })
}

#[inline(always)]
fn at_most(v: __m512i, byte: u8) -> u64 {
    // SAFETY: see `load`.
    opaque(unsafe { _mm512_cmple_epu8_mask(v, all(byte)) })
}

/// The bytes with the bit of small letters set, which makes large ones small.
#[inline(always)]
fn lower(v: __m512i) -> __m512i {
    // SAFETY: see `load`.
    unsafe { _mm512_or_si512(v, all(0x20)) }
}

#[inline(always)]
fn minus(v: __m512i, byte: u8) -> __m512i {
    // SAFETY: see `load`.
    unsafe { _mm512_sub_epi8(v, all(byte)) }
}

/// Which bytes are the one that the table has at the place of their low four bits.
#[inline(always)]
fn found(v: __m512i, table: [i8; 16]) -> u64 {
    // SAFETY: see `load`; the table is 16 readable bytes. A byte of 0x80 and above looks up a zero, which it
    // is not equal to.
    opaque(unsafe {
        let table = _mm512_broadcast_i32x4(_mm_loadu_si128(table.as_ptr().cast()));
        _mm512_cmpeq_epi8_mask(v, _mm512_shuffle_epi8(table, v))
    })
}

impl Lanes for Avx512 {
    #[inline(always)]
    fn masks(block: &[u8; LANES]) -> Masks {
        let v = load(block);
        let low = lower(v);
        // SAFETY: see `load`.
        let (bit5, bit7) = unsafe { (_mm512_test_epi8_mask(v, all(0x20)), _mm512_movepi8_mask(v)) };
        Masks {
            quote: equal(v, b'"'),
            backslash: equal(v, b'\\'),
            open: equal(low, b'{'),
            close: equal(low, b'}'),
            curly: opaque(bit5),
            colon: equal(v, b':'),
            comma: equal(v, b','),
            space: found(v, SPACES),
            newline: equal(v, b'\n'),
            control: at_most(v, 0x1f),
            digit: at_most(minus(v, b'0'), 9),
            zero: equal(v, b'0'),
            high: opaque(bit7),
        }
    }

    #[inline(always)]
    fn symbols(block: &[u8; LANES]) -> Symbols {
        let v = load(block);
        Symbols {
            minus: equal(v, b'-'),
            plus: equal(v, b'+'),
            dot: equal(v, b'.'),
            exponent: equal(lower(v), b'e'),
        }
    }

    #[inline(always)]
    fn letters(block: &[u8; LANES]) -> Letters {
        let v = load(block);
        let low = lower(v);
        Letters {
            short: found(v, SHORT) | equal(v, b'b') | equal(v, b'r'),
            unicode: equal(v, b'u'),
            hex: at_most(minus(v, b'0'), 9) | at_most(minus(low, b'a'), 5),
        }
    }

    #[inline(always)]
    fn equals(block: &[u8; LANES], byte: u8) -> u64 {
        equal(load(block), byte)
    }

    #[inline(always)]
    fn prefix_xor(bits: u64) -> u64 {
        super::avx2::Avx2::prefix_xor(bits)
    }
}
