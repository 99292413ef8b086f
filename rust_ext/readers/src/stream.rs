//! Sound lines read without a break between them; what is wrong with the others is told elsewhere.

use super::keys::Key;
use super::lanes::{Lanes, LANES};
use super::lines::Lines;
use super::path::Path;
use super::scan::Scanner;
use super::ReadResult;

/// Lines from the first byte of a buffer on.
pub(crate) struct Stream<'a> {
    pub field: &'a Path,
    pub buffer: &'a [u8],
    pub lines: &'a mut Lines,
    /// Different values that are accepted.
    pub most: usize,
}

/// The line that goes on.
struct Line {
    start: usize,
    /// Bytes of the value of the field; none as long as the key has not been read.
    value: (usize, usize),
    /// Not 0 where a block of the line has bytes that are not ASCII.
    high: u64,
}

impl Line {
    fn new(start: usize, high: u64) -> Line {
        let value = (0, 0);
        Line { start, value, high }
    }
}

impl Stream<'_> {
    /// Count the lines that begin at `at` or after it and before `limit`, up to one that is to be read in
    /// another way: it is not sound, no object, or has an escape in the key. Where that one begins, or the
    /// first at the limit or behind it.
    #[inline(always)]
    pub(crate) fn read<S: Lanes>(&mut self, mut at: usize, limit: usize) -> ReadResult<usize> {
        let key = self.field.first();
        let mut scanner = Scanner::default();
        let mut line = Line::new(at, 0);
        loop {
            let rest = &self.buffer[at..];
            let masks = S::masks(rest.first_chunk().expect("lines are padded"));
            let Ok(block) = scanner.step::<S, true>(&masks, rest) else {
                return Ok(line.start);
            };
            line.high |= masks.high;
            let mut keys = key.candidates::<S>(block.keys & block.first_level, rest);
            let mut ends = masks.newline;
            // Each line that ends in the block, then the one that goes on after it.
            loop {
                let before = ends.wrapping_sub(1) & !ends;
                if !self.find::<S>(key, &mut line, keys & before, at) {
                    return Ok(line.start);
                }
                if ends == 0 {
                    break;
                }
                keys &= !before;
                let end = at + ends.trailing_zeros() as usize;
                ends &= ends - 1;
                if !self.is_counted(&line, end)? {
                    return Ok(line.start);
                }
                if end + 1 >= limit {
                    return Ok(end + 1);
                }
                line = Line::new(end + 1, masks.high);
            }
            at += LANES;
        }
    }

    /// Look for the field among keys of a block; false where the line is to be read in another way.
    #[inline(always)]
    fn find<S: Lanes>(&self, key: &Key, line: &mut Line, mut keys: u64, at: usize) -> bool {
        while keys != 0 {
            let after = at + keys.trailing_zeros() as usize + 1;
            keys &= keys - 1;
            if key.is_plainly(&self.buffer[after..]) {
                let value = self.value::<S>(after + key.text().len() + 1);
                match value {
                    Some(value) if line.value.1 == 0 => line.value = value,
                    _ => return false,
                }
            } else if key.is(&self.buffer[after..]) {
                return false;
            }
        }
        true
    }

    /// The value after the closing quote of a key, which may not be sound: the line has not been read.
    #[inline(always)]
    fn value<S: Lanes>(&self, mut at: usize) -> Option<(usize, usize)> {
        let is_blank = |byte| b" \t\r".contains(&byte);
        while is_blank(*self.buffer.get(at)?) {
            at += 1;
        }
        // The colon, or what the scanner finds wrong.
        at += 1;
        while is_blank(*self.buffer.get(at)?) {
            at += 1;
        }
        let rest = &self.buffer[at..];
        let length = match rest[0] {
            b'{' | b'[' => container_length(rest)?,
            b'"' => 2 + string_length::<S>(&rest[1..])?,
            _ => rest.iter().position(|byte| b",}] \t\r\n".contains(byte))?,
        };
        Some((at, at + length))
    }

    /// Count the line that ends before `end`; false where it is to be read in another way.
    #[inline(always)]
    fn is_counted(&mut self, line: &Line, end: usize) -> ReadResult<bool> {
        let text = &self.buffer[line.start..end];
        if line.high != 0 && std::str::from_utf8(text).is_err() {
            return Ok(false);
        }
        if line.value.1 != 0 {
            let (from, to) = line.value;
            self.lines.add_at(self.buffer, from, to, self.most)?;
        } else if text.trim_ascii_start().first() == Some(&b'{') {
            self.lines.missing += 1;
        } else {
            return Ok(false);
        }
        self.lines.lines += 1;
        self.lines.crlf += u64::from(text.last() == Some(&b'\r'));
        Ok(true)
    }
}

/// Bytes before the closing quote of the string that a text is in; None where the line ends before it.
#[inline(always)]
fn string_length<S: Lanes>(text: &[u8]) -> Option<usize> {
    if let Some(block) = text.first_chunk() {
        let quotes = S::equals(block, b'"');
        let before = quotes ^ quotes.wrapping_sub(1);
        if quotes != 0 && S::equals(block, b'\\') & before == 0 {
            return Some(quotes.trailing_zeros() as usize);
        }
    }
    any_string_length(text)
}

/// The same for strings of any length, with escapes or without.
#[inline(never)]
fn any_string_length(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match *text.get(at)? {
            b'"' => return Some(at),
            b'\n' => return None,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Bytes of the object or list that a text begins with; None where the line ends before it does.
#[inline(never)]
fn container_length(text: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0usize);
    loop {
        match *text.get(at)? {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b'"' => at += 1 + any_string_length(&text[at + 1..])?,
            b'\n' => return None,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}
