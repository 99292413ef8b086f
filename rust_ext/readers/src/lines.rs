//! What the lines of a file were.

use super::tally::Tally;
use super::{ReadError, ReadResult};

/// Bad lines that are told by number.
const TOLD: usize = 5;

/// What the lines of a range were; each line is in exactly one of the counts.
#[derive(Default)]
pub struct Lines {
    /// JSON text of the values and how many lines have them.
    pub values: Tally,
    pub lines: u64,
    pub missing: u64,
    pub blank: u64,
    pub not_object: u64,
    pub invalid: u64,
    /// The last line has no end and is not whole.
    pub torn: u64,
    /// Lines that end with a carriage return and a line feed; they are in other counts too.
    pub crlf: u64,
    /// The first invalid or torn lines, numbered from 1, and what is wrong with them.
    pub bad: Vec<(u64, String)>,
}

impl Lines {
    /// Put the counts of the lines that follow on these behind them.
    pub fn append(&mut self, next: Lines, most: usize) -> ReadResult<()> {
        for (text, count) in next.values.entries() {
            add(&mut self.values, text, *count, most)?;
        }
        let before = self.lines;
        let bad = next
            .bad
            .into_iter()
            .map(|(line, what)| (before + line, what));
        self.bad.extend(bad);
        self.bad.truncate(TOLD);
        self.lines += next.lines;
        self.missing += next.missing;
        self.blank += next.blank;
        self.not_object += next.not_object;
        self.invalid += next.invalid;
        self.torn += next.torn;
        self.crlf += next.crlf;
        Ok(())
    }

    /// Count the value that is in a buffer `from..to`.
    #[inline(always)]
    pub fn add_at(&mut self, buffer: &[u8], from: usize, to: usize, most: usize) -> ReadResult<()> {
        if self.values.add_recent(buffer, from, to) {
            return Ok(());
        }
        add(&mut self.values, &buffer[from..to], 1, most)
    }

    /// Remember what is wrong with the line that was counted last.
    pub fn bad_line(&mut self, what: String) {
        if self.bad.len() < TOLD {
            self.bad.push((self.lines, what));
        }
    }
}

/// Count a value; an error where there are too many different ones.
pub(crate) fn add(values: &mut Tally, text: &[u8], count: u64, most: usize) -> ReadResult<()> {
    if values.add(text, count, most) {
        return Ok(());
    }
    Err(ReadError::TooManyValues(most))
}
