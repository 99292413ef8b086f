//! The grammar of JSON, checked 64 bytes at a time without looking at tokens one by one.
//!
//! Each token must be allowed by the one before it. "The next token after any of these" is an addition:
//! it carries a bit through a run of white space. Which of two meanings a token has, as of a comma, is told
//! by the container that it stands in.

use super::escapes::Escapes;
use super::lanes::{Lanes, Masks, LANES};
use super::nesting::Nesting;
use super::numbers::{run_end, Numbers};

const CONTROL: &str = "control character in a string";
const ESCAPE: &str = "invalid escape in a string";
const NUMBER: &str = "malformed number or unknown word";
const TOKEN: &str = "unexpected character";
const BRACKET: &str = "closing bracket without its opening one";
const DEEP: &str = "nested too deeply; accepted are at most 64 levels";

/// What is wrong and at which byte of the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub at: u32,
    pub what: &'static str,
}

/// Tokens of one block.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    /// Opening quotes of keys.
    pub keys: u64,
    /// First bytes of values and of keys.
    pub starts: u64,
    pub open: u64,
    pub close: u64,
    pub comma: u64,
    /// Bytes in an object or list at the first level, its closing bracket included.
    pub first_level: u64,
    /// Nesting before the block, and the least within it.
    pub depth: u32,
    pub least_depth: u32,
}

/// What a block leaves to the next one; 0 or 1 each, but for `in_string`, which is all zeros or ones.
#[derive(Clone, Copy)]
pub(crate) struct Scanner {
    escape: u64,
    in_string: u64,
    scalar: u64,
    after_open: u64,
    after_comma: u64,
    in_key: u64,
    after_key: u64,
    after_value: u64,
    wants_value: u64,
    nesting: Nesting,
    escapes: Escapes,
    numbers: Numbers,
}

impl Default for Scanner {
    #[inline(always)]
    fn default() -> Self {
        Scanner {
            escape: 0,
            in_string: 0,
            scalar: 0,
            after_open: 0,
            after_comma: 0,
            in_key: 0,
            after_key: 0,
            after_value: 0,
            wants_value: 1,
            nesting: Nesting::default(),
            escapes: Escapes::default(),
            numbers: Numbers::default(),
        }
    }
}

/// The next token after each of `tokens`.
#[inline(always)]
fn follow(tokens: u64, space: u64, carry: &mut u64) -> u64 {
    let (next, over) = run_end(tokens << 1 | *carry, space);
    *carry = over | tokens >> 63;
    next
}

impl Scanner {
    /// Whether exactly one value has been read, from its first byte to its last and white space after it.
    #[inline(always)]
    pub(crate) fn is_complete(&self) -> bool {
        self.after_value == 1 && self.nesting.depth() == 0
    }

    /// Whether nothing but white space has been read.
    #[inline(always)]
    pub(crate) fn is_blank(&self) -> bool {
        self.wants_value == 1 && self.nesting.depth() == 0
    }

    /// Check one block; `text` begins with it and goes on for at least 8 bytes.
    ///
    /// With `LINES` a line feed is not white space but a token, which ends each value and nothing else.
    #[inline(always)]
    pub(crate) fn step<S: Lanes, const LINES: bool>(
        &mut self,
        masks: &Masks,
        text: &[u8],
    ) -> Result<Block, Fault> {
        let block: &[u8; LANES] = text.first_chunk().expect("a block has 64 bytes");
        let escaped = self.escaped(masks.backslash);
        let quote = masks.quote & !escaped;
        let string = S::prefix_xor(quote) ^ self.in_string;
        self.in_string = 0u64.wrapping_sub(string >> 63);
        let outside = !(string | quote);

        let open = masks.open & outside;
        let close = masks.close & outside;
        let colon = masks.colon & outside;
        let comma = masks.comma & outside;
        let end = if LINES { masks.newline & outside } else { 0 };
        let space = masks.space & outside & !end;
        let scalar = outside & !(open | close | colon | comma | space | end);
        let after_scalar = scalar << 1 | self.scalar;
        self.scalar = scalar >> 63;
        let start = scalar & !after_scalar;
        let depth = self.nesting.depth();
        let context = self.nesting.walk::<LINES>(open, close, masks.curly);

        let opening = quote & string;
        let after_open = follow(open, space, &mut self.after_open);
        let item = after_open | follow(comma, space, &mut self.after_comma);
        let keys = opening & item & context.object;
        let key_ends = self.key_ends(keys, string);
        let after_key = follow(key_ends, space, &mut self.after_key);
        let ended = (quote & !string & !key_ends) | close;
        let (after_value, over) = run_end(
            ended << 1 | (after_scalar & !scalar) | self.after_value,
            space,
        );
        self.after_value = over | ended >> 63;
        let value = follow(colon | end, space, &mut self.wants_value) | (item & !context.object);

        let token = (opening & !(keys | value))
            | ((start | open) & !value)
            | (colon ^ after_key)
            | (comma & (!after_value | context.root))
            | (end & !(after_value & context.root))
            | (close & !(after_value | after_open));
        let control = masks.control & string;
        let escape = self.escapes.check::<S>(escaped & string, block);
        let number = self.numbers.check::<S>(scalar, start, masks, text, block);
        if (token | control | escape | number | context.unmatched | context.too_deep) != 0 {
            return Err(first([
                (token, TOKEN),
                (control, CONTROL),
                (escape, ESCAPE),
                (number, NUMBER),
                (context.unmatched, BRACKET),
                (context.too_deep, DEEP),
            ]));
        }
        Ok(Block {
            keys,
            starts: opening | start | open,
            open,
            close,
            comma,
            first_level: context.first_level,
            depth,
            least_depth: context.least_depth,
        })
    }

    /// Bytes that stand behind a backslash which is not itself escaped.
    #[inline(always)]
    fn escaped(&mut self, backslash: u64) -> u64 {
        if backslash == 0 {
            return std::mem::take(&mut self.escape);
        }
        const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;
        // A subtraction finds where each run of backslashes ends, its parity against ODD which are escaped.
        let first = backslash & !self.escape;
        let pairs = ((first << 1) | ODD).wrapping_sub(first) ^ ODD;
        let escaped = pairs ^ (backslash | self.escape);
        self.escape = (pairs & backslash) >> 63;
        escaped
    }

    /// Closing quotes of keys.
    #[inline(always)]
    fn key_ends(&mut self, keys: u64, string: u64) -> u64 {
        let (sum, over) = string.overflowing_add(keys);
        let (sum, again) = sum.overflowing_add(self.in_key);
        self.in_key = u64::from(over | again);
        sum & !string
    }
}

#[cold]
fn first(kinds: [(u64, &'static str); 6]) -> Fault {
    kinds
        .into_iter()
        .filter(|(bits, _)| *bits != 0)
        .map(|(bits, what)| Fault {
            at: bits.trailing_zeros(),
            what,
        })
        .min_by_key(|fault| fault.at)
        .expect("called where something is wrong")
}
