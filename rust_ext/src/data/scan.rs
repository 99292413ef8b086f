//! The grammar of JSON, checked 64 bytes at a time without looking at tokens one by one.
//!
//! Each token must be allowed by the one before it. "The next token after any of these" is an addition:
//! it carries a bit through a run of white space. Only brackets are visited one by one, as they nest.

use super::lanes::{Lanes, Masks, LANES};
use super::numbers::{run_end, Numbers};

/// Levels of nesting that are accepted.
pub const MAX_DEPTH: u32 = 64;

const CONTROL: &str = "control character in a string";
const ESCAPE: &str = "invalid escape in a string";
const NUMBER: &str = "malformed number or unknown word";
const TOKEN: &str = "unexpected character";
const BRACKET: &str = "closing bracket without its opening one";
const DEEP: &str = "nested too deeply; accepted are at most 64 levels";

/// What is wrong and at which byte of the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    pub at: u32,
    pub what: &'static str,
}

/// Tokens of one block.
#[derive(Clone, Copy)]
pub struct Block {
    /// Opening quotes of keys.
    pub keys: u64,
    /// First bytes of values and of keys.
    pub starts: u64,
    pub open: u64,
    pub close: u64,
    pub comma: u64,
    /// Nesting before the block, and the least within it.
    pub depth: u32,
    pub least_depth: u32,
}

/// What a block leaves to the next one; 0 or 1 each, but for `in_string`, which is all zeros or ones.
#[derive(Clone, Copy)]
pub struct Scanner {
    escape: u64,
    in_string: u64,
    scalar: u64,
    after_brace: u64,
    after_object_comma: u64,
    in_key: u64,
    after_key: u64,
    after_value: u64,
    wants_value: u64,
    after_square: u64,
    depth: u32,
    stack: u64,
    numbers: Numbers,
}

struct Context {
    /// Bytes whose innermost container is an object; those outside of any.
    object: u64,
    root: u64,
    least_depth: u32,
    fault: Option<Fault>,
}

impl Default for Scanner {
    #[inline(always)]
    fn default() -> Self {
        Scanner {
            escape: 0,
            in_string: 0,
            scalar: 0,
            after_brace: 0,
            after_object_comma: 0,
            in_key: 0,
            after_key: 0,
            after_value: 0,
            wants_value: 1,
            after_square: 0,
            depth: 0,
            stack: 0,
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
    pub fn is_complete(&self) -> bool {
        self.after_value == 1 && self.depth == 0
    }

    /// Whether nothing but white space has been read.
    #[inline(always)]
    pub fn is_blank(&self) -> bool {
        self.wants_value == 1 && self.depth == 0
    }

    /// Check one block; `text` begins with it and goes on for at least 8 bytes.
    #[inline(always)]
    pub fn step<S: Lanes>(&mut self, masks: &Masks, text: &[u8]) -> Result<Block, Fault> {
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
        let space = masks.space & outside;
        let scalar = outside & !(open | close | colon | comma | space);
        let after_scalar = scalar << 1 | self.scalar;
        self.scalar = scalar >> 63;
        let start = scalar & !after_scalar;
        let depth = self.depth;
        let context = self.brackets(open, close, masks.curly);

        let opening = quote & string;
        let after_brace = follow(open & masks.curly, space, &mut self.after_brace);
        let after_comma = follow(comma & context.object, space, &mut self.after_object_comma);
        let keys = opening & (after_brace | after_comma);
        let key_ends = self.key_ends(keys, string);
        let after_key = follow(key_ends, space, &mut self.after_key);
        let ended = (quote & !string & !key_ends) | close;
        let (after_value, over) = run_end(
            ended << 1 | (after_scalar & !scalar) | self.after_value,
            space,
        );
        self.after_value = over | ended >> 63;
        let wants = colon | (comma & !context.object);
        let wants_value = follow(wants, space, &mut self.wants_value);
        let after_square = follow(open & !masks.curly, space, &mut self.after_square);
        let value = wants_value | after_square;

        let token = (opening & !(after_brace | after_comma | value))
            | ((start | open) & !value)
            | (colon ^ after_key)
            | (comma & (!after_value | context.root))
            | (close & masks.curly & !(after_value | after_brace))
            | (close & !masks.curly & !(after_value | after_square));
        let control = masks.control & string;
        let escape = bad_escapes(escaped & string, text);
        let number = self.numbers.check::<S>(scalar, start, masks, text, block);
        if (token | control | escape | number) != 0 || context.fault.is_some() {
            return Err(first(
                [
                    (token, TOKEN),
                    (control, CONTROL),
                    (escape, ESCAPE),
                    (number, NUMBER),
                ],
                context.fault,
            ));
        }
        Ok(Block {
            keys,
            starts: opening | start | open,
            open,
            close,
            comma,
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

    #[inline(always)]
    fn brackets(&mut self, open: u64, close: u64, curly: u64) -> Context {
        let mut context = Context {
            object: 0u64.wrapping_sub(self.stack & 1),
            root: 0u64.wrapping_sub(u64::from(self.depth == 0)),
            least_depth: self.depth,
            fault: None,
        };
        let mut left = open | close;
        while left != 0 {
            let at = left.trailing_zeros();
            let bit = left & left.wrapping_neg();
            left ^= bit;
            let is_curly = u64::from(curly & bit != 0);
            if let Some(what) = self.nest(open & bit != 0, is_curly) {
                context.fault = Some(Fault { at, what });
                return context;
            }
            let upwards = !(bit << 1).wrapping_sub(1);
            let object = 0u64.wrapping_sub(self.stack & 1);
            let root = 0u64.wrapping_sub(u64::from(self.depth == 0));
            context.object = (context.object & !upwards) | (object & upwards);
            context.root = (context.root & !upwards) | (root & upwards);
            context.least_depth = context.least_depth.min(self.depth);
        }
        context
    }

    /// Go a level down or up; the stack holds a bit a level, 1 for an object.
    #[inline(always)]
    fn nest(&mut self, opens: bool, curly: u64) -> Option<&'static str> {
        if opens {
            if self.depth == MAX_DEPTH {
                return Some(DEEP);
            }
            self.depth += 1;
            self.stack = self.stack << 1 | curly;
        } else {
            if self.depth == 0 || self.stack & 1 != curly {
                return Some(BRACKET);
            }
            self.depth -= 1;
            self.stack >>= 1;
        }
        None
    }
}

#[inline(always)]
fn bad_escapes(escaped: u64, text: &[u8]) -> u64 {
    let (mut left, mut bad) = (escaped, 0);
    while left != 0 {
        let at = left.trailing_zeros() as usize;
        let bit = left & left.wrapping_neg();
        left ^= bit;
        let sound = match text[at] {
            b'u' => text[at + 1..at + 5].iter().all(u8::is_ascii_hexdigit),
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => true,
            _ => false,
        };
        if !sound {
            bad |= bit;
        }
    }
    bad
}

#[cold]
fn first(kinds: [(u64, &'static str); 4], fault: Option<Fault>) -> Fault {
    kinds
        .into_iter()
        .filter(|(bits, _)| *bits != 0)
        .map(|(bits, what)| Fault {
            at: bits.trailing_zeros(),
            what,
        })
        .chain(fault)
        .min_by_key(|fault| fault.at)
        .expect("called where something is wrong")
}
