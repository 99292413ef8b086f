//! 64 bytes at a time: which of them are quotes, brackets, digits; bit `i` stands for byte `i`.

/// Bytes in a block.
pub const LANES: usize = 64;

/// Classes of the bytes of one block. Nothing here knows whether a byte is inside of a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Masks {
    pub quote: u64,
    pub backslash: u64,
    /// `{` and `[`.
    pub open: u64,
    /// `}` and `]`.
    pub close: u64,
    /// Meaningful under `open` and `close` only: curly, not square.
    pub curly: u64,
    pub colon: u64,
    pub comma: u64,
    pub space: u64,
    pub newline: u64,
    /// Below 0x20.
    pub control: u64,
    pub digit: u64,
    pub zero: u64,
    /// Not ASCII.
    pub high: u64,
}

impl Masks {
    /// Only the bytes in `kept`; the others count as white space.
    #[inline(always)]
    pub fn clipped(&self, kept: u64) -> Masks {
        Masks {
            quote: self.quote & kept,
            backslash: self.backslash & kept,
            open: self.open & kept,
            close: self.close & kept,
            curly: self.curly,
            colon: self.colon & kept,
            comma: self.comma & kept,
            space: self.space | !kept,
            newline: self.newline & kept,
            control: self.control & kept,
            digit: self.digit & kept,
            zero: self.zero & kept,
            high: self.high & kept,
        }
    }
}

/// The bytes that stand in numbers beside digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbols {
    pub minus: u64,
    pub plus: u64,
    pub dot: u64,
    /// `e` and `E`.
    pub exponent: u64,
}

/// One way to classify a block.
pub trait Lanes {
    fn masks(block: &[u8; LANES]) -> Masks;
    fn symbols(block: &[u8; LANES]) -> Symbols;
    /// Which bytes are this one.
    fn equals(block: &[u8; LANES], byte: u8) -> u64;
    /// Bit `i` of the result is the parity of bits `0..=i`.
    fn prefix_xor(bits: u64) -> u64;
}

/// For every processor; the compiler vectorises the comparisons.
pub struct Portable;

/// Puts the truth of 64 bytes into 64 bits: a multiplication gathers the low bits of eight bytes.
#[inline(always)]
fn gather(block: &[u8; LANES], is: impl Fn(u8) -> bool) -> u64 {
    let mut flags = [0u8; LANES];
    for (flag, &byte) in flags.iter_mut().zip(block) {
        *flag = u8::from(is(byte));
    }
    let mut bits = 0;
    for (i, eight) in flags.chunks_exact(8).enumerate() {
        let mut word = [0u8; 8];
        word.copy_from_slice(eight);
        let byte = u64::from_le_bytes(word).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits |= byte << (8 * i);
    }
    bits
}

impl Lanes for Portable {
    #[inline(always)]
    fn masks(block: &[u8; LANES]) -> Masks {
        Masks {
            quote: gather(block, |b| b == b'"'),
            backslash: gather(block, |b| b == b'\\'),
            open: gather(block, |b| b | 0x20 == b'{'),
            close: gather(block, |b| b | 0x20 == b'}'),
            curly: gather(block, |b| b & 0x20 != 0),
            colon: gather(block, |b| b == b':'),
            comma: gather(block, |b| b == b','),
            space: gather(block, |b| {
                (b == b' ') | (b == b'\n') | (b == b'\r') | (b == b'\t')
            }),
            newline: gather(block, |b| b == b'\n'),
            control: gather(block, |b| b < 0x20),
            digit: gather(block, |b| b.wrapping_sub(b'0') < 10),
            zero: gather(block, |b| b == b'0'),
            high: gather(block, |b| b >= 0x80),
        }
    }

    #[inline(always)]
    fn symbols(block: &[u8; LANES]) -> Symbols {
        Symbols {
            minus: gather(block, |b| b == b'-'),
            plus: gather(block, |b| b == b'+'),
            dot: gather(block, |b| b == b'.'),
            exponent: gather(block, |b| b | 0x20 == b'e'),
        }
    }

    #[inline(always)]
    fn equals(block: &[u8; LANES], byte: u8) -> u64 {
        gather(block, |b| b == byte)
    }

    #[inline(always)]
    fn prefix_xor(bits: u64) -> u64 {
        let mut all = bits;
        for shift in [1, 2, 4, 8, 16, 32] {
            all ^= all << shift;
        }
        all
    }
}

#[cfg(target_arch = "x86_64")]
pub mod avx2 {
    //! For x86-64 with AVX2; whoever calls has made sure that the processor has it.

    use super::{Lanes, Masks, Symbols, LANES};
    use std::arch::x86_64::*;

    pub struct Avx2;

    /// Whether this processor runs what the functions marked with these features need.
    pub fn available() -> bool {
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

    /// The same number, of which the compiler no longer knows that it was a vector of truths: else it takes
    /// apart the arithmetic on masks, bit by bit, at several times the cost of a block.
    #[inline(always)]
    fn opaque(mut bits: u64) -> u64 {
        // SAFETY: no instruction at all.
        unsafe {
            std::arch::asm!("/* {0} */", inout(reg) bits, options(pure, nomem, nostack, preserves_flags));
        }
        bits
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

    #[inline(always)]
    fn spaces(v: Pair) -> u64 {
        // Indexed by the low four bits: the one white space with these, or a byte with others.
        // SAFETY: see `load`. A byte of 0x80 and above looks up a zero, which it is not equal to.
        bits(map(v, |x| unsafe {
            let half = _mm_setr_epi8(32, 0, 0, 0, 0, 0, 0, 0, 0, 9, 10, 0, 0, 13, 0, 0);
            let table = _mm256_broadcastsi128_si256(half);
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
                space: spaces(v),
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
}
