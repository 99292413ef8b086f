//! 64 bytes at a time: which of them are quotes, brackets, digits; bit `i` stands for byte `i`.

/// Bytes in a block.
pub(crate) const LANES: usize = 64;

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

/// The bytes that escapes are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letters {
    /// What stands behind a backslash on its own: `"`, `\\`, `/`, b, f, n, r, t.
    pub short: u64,
    /// `u`.
    pub unicode: u64,
    /// Hexadecimal digits.
    pub hex: u64,
}

/// One way to classify a block.
pub trait Lanes {
    fn masks(block: &[u8; LANES]) -> Masks;
    fn symbols(block: &[u8; LANES]) -> Symbols;
    fn letters(block: &[u8; LANES]) -> Letters;
    /// Which bytes are this one.
    fn equals(block: &[u8; LANES], byte: u8) -> u64;
    /// Bit `i` of the result is the parity of bits `0..=i`.
    fn prefix_xor(bits: u64) -> u64;
}

/// White space, and what stands behind a backslash on its own but for b and r, by their low four bits; in
/// the other places are bytes that do not belong there.
#[cfg(target_arch = "x86_64")]
pub(super) const SPACES: [i8; 16] = [32, 0, 0, 0, 0, 0, 0, 0, 0, 9, 10, 0, 0, 13, 0, 0];
#[cfg(target_arch = "x86_64")]
pub(super) const SHORT: [i8; 16] = {
    let mut table = [0; 16];
    table[0] = 1;
    table[b'"' as usize & 15] = b'"' as i8;
    table[b'/' as usize & 15] = b'/' as i8;
    table[b'\\' as usize & 15] = b'\\' as i8;
    table[b'f' as usize & 15] = b'f' as i8;
    table[b'n' as usize & 15] = b'n' as i8;
    table[b't' as usize & 15] = b't' as i8;
    table
};

/// For every processor; the compiler vectorises the comparisons.
pub(crate) struct Portable;

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
    fn letters(block: &[u8; LANES]) -> Letters {
        Letters {
            short: gather(block, |b| {
                (b == b'"')
                    | (b == b'\\')
                    | (b == b'/')
                    | (b == b'b')
                    | (b == b'f')
                    | (b == b'n')
                    | (b == b'r')
                    | (b == b't')
            }),
            unicode: gather(block, |b| b == b'u'),
            hex: gather(block, |b| {
                (b.wrapping_sub(b'0') < 10) | ((b | 0x20).wrapping_sub(b'a') < 6)
            }),
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

/// The same number, of which the compiler no longer knows that it was a vector of truths: else it takes
/// apart the arithmetic on masks, bit by bit, at several times the cost of a block.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn opaque(mut bits: u64) -> u64 {
    // SAFETY: no instruction at all.
    unsafe {
        std::arch::asm!("/* {0} */", inout(reg) bits, options(pure, nomem, nostack, preserves_flags));
    }
    bits
}
