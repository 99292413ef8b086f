//! Escapes in strings, checked 64 bytes at a time.

use super::lanes::{Lanes, LANES};

/// What the block before leaves to check: the first bytes of this one that must be hexadecimal digits.
#[derive(Clone, Copy, Default)]
pub(crate) struct Escapes {
    digits: u64,
}

impl Escapes {
    /// Bytes that no escape has where they stand; `escaped` are those behind a backslash, in strings.
    #[inline(always)]
    pub(crate) fn check<S: Lanes>(&mut self, escaped: u64, block: &[u8; LANES]) -> u64 {
        if escaped | self.digits == 0 {
            return 0;
        }
        let letters = S::letters(block);
        let long = escaped & letters.unicode;
        let digits = long << 1 | long << 2 | long << 3 | long << 4 | self.digits;
        self.digits = long >> 63 | long >> 62 | long >> 61 | long >> 60;
        (escaped & !(letters.short | long)) | (digits & !letters.hex)
    }
}
