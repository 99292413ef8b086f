//! Numbers and the words true, false and null, checked 64 bytes at a time.

use super::lanes::{Lanes, Masks, Symbols, LANES};

/// Where runs end: the first byte outside of `run` at or after each bit of `from`, and what is carried
/// into the next block. Each bit of `from` is at the start of its run or outside of any.
#[inline(always)]
pub(crate) fn run_end(from: u64, run: u64) -> (u64, u64) {
    // An addition carries a bit through the ones of its run into the first zero.
    let (sum, over) = run.overflowing_add(from & run);
    ((sum | from) & !run, u64::from(over))
}

/// What the bytes before this block were; each is 0 or 1, `word` a mask of this block's first bytes.
#[derive(Clone, Copy, Default)]
pub(crate) struct Numbers {
    leading_zero: u64,
    digit: u64,
    first_minus: u64,
    /// A dot or a sign, behind which there must be a digit.
    mark: u64,
    /// A dot or digits behind one.
    fraction: u64,
    exponent: u64,
    exponent_sign: u64,
    exponent_run: u64,
    word: u64,
}

impl Numbers {
    /// Bytes that no number or word allows where they stand.
    ///
    /// `scalar` are the bytes outside of strings that are neither white space nor punctuation, `start`
    /// the first of each run of them; `text` begins with the block and goes on for at least 8 bytes.
    #[inline(always)]
    pub(crate) fn check<S: Lanes>(
        &mut self,
        scalar: u64,
        start: u64,
        masks: &Masks,
        text: &[u8],
        block: &[u8; LANES],
    ) -> u64 {
        let symbols = S::symbols(block);
        let decimal = masks.digit | symbols.minus | symbols.dot;
        if (scalar & !decimal) | self.exponents() | self.word == 0 {
            return self.numbers::<false>(scalar, start, masks, symbols);
        }
        let numeric = decimal | symbols.plus | symbols.exponent;
        let (word, wrong) = self.words(scalar, start & !numeric, text);
        let number = scalar & !word;
        wrong | (number & !numeric) | self.numbers::<true>(number, start, masks, symbols)
    }

    #[inline(always)]
    fn exponents(&self) -> u64 {
        self.exponent | self.exponent_sign | self.exponent_run
    }

    /// Bytes of numbers that these do not allow where they stand; without `EXPONENTS` there are none.
    #[inline(always)]
    fn numbers<const EXPONENTS: bool>(
        &mut self,
        number: u64,
        start: u64,
        masks: &Masks,
        symbols: Symbols,
    ) -> u64 {
        let only = |bits: u64| if EXPONENTS { number & bits } else { 0 };
        let d = number & masks.digit;
        let t = number & symbols.dot;
        let e = only(symbols.exponent);
        let minus = number & symbols.minus;
        let s = minus | only(symbols.plus);
        let first_minus = minus & start;
        let after_d = d << 1 | self.digit;
        let after_e = e << 1 | self.exponent;
        let after_mark = (t | s) << 1 | self.mark;
        let leading = masks.zero & number & (start | first_minus << 1 | self.first_minus);
        let (end, over) = run_end(t << 1 | self.fraction, d);
        let mut wrong = ((t | e) & !after_d)
            | (after_mark & !d)
            | (after_e & !(d | s))
            | (s & !(after_e | first_minus))
            | ((leading << 1 | self.leading_zero) & d)
            | (end & t);
        let exponent_sign = after_e & s;
        let mut exponent_run = 0;
        if EXPONENTS {
            let after_sign = exponent_sign << 1 | self.exponent_sign;
            let (end, run) = run_end((after_e & !s) | after_sign | self.exponent_run, d);
            wrong |= end & (t | e);
            exponent_run = run;
        }
        *self = Numbers {
            leading_zero: leading >> 63,
            digit: d >> 63,
            first_minus: first_minus >> 63,
            mark: (t | s) >> 63,
            fraction: over | t >> 63,
            exponent: e >> 63,
            exponent_sign: exponent_sign >> 63,
            exponent_run,
            word: self.word,
        };
        wrong
    }

    /// Bytes of words, and those where a word should be and is not.
    #[inline(always)]
    fn words(&mut self, scalar: u64, starts: u64, text: &[u8]) -> (u64, u64) {
        let (mut word, mut wrong) = (self.word, 0);
        self.word = 0;
        let mut left = starts & scalar & !word;
        while left != 0 {
            let at = left.trailing_zeros();
            let bit = left & left.wrapping_neg();
            left ^= bit;
            match word_length(&text[at as usize..]) {
                0 => wrong |= bit,
                length => {
                    let ones = ((1u128 << length) - 1) << at;
                    word |= ones as u64;
                    self.word |= (ones >> 64) as u64;
                }
            }
        }
        (word, wrong)
    }
}

/// Length of the word that the text begins with, where it also ends there; else 0.
fn word_length(text: &[u8]) -> u32 {
    let length = match text {
        [b't', b'r', b'u', b'e', ..] | [b'n', b'u', b'l', b'l', ..] => 4,
        [b'f', b'a', b'l', b's', b'e', ..] => 5,
        _ => return 0,
    };
    match text[length] {
        b' ' | b'\n' | b'\r' | b'\t' | b',' | b':' | b'{' | b'}' | b'[' | b']' | b'"' => {
            length as u32
        }
        _ => 0,
    }
}
