//! Counts by the value of one field over the lines of a JSON lines file.

use super::blocks::{blank_mark, fill, with_lanes, Vectors};
use super::error::Flaw;
use super::lanes::{Lanes, LANES};
use super::lines::{add, Lines};
use super::path::{Path, Tracker};
use super::scan::{Block, Fault, Scanner};
use super::stream::Stream;
use super::{ReadError, ReadResult};
use std::io::{Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicBool, Ordering};

/// How lines are counted.
#[derive(Clone, Copy)]
pub struct Counting {
    /// Bytes of a line that are accepted.
    pub max_line: usize,
    /// Different values that are accepted.
    pub max_values: usize,
    /// Bytes of the window, at the start.
    pub window: usize,
    pub vectors: Vectors,
}

/// Count the lines whose first byte is at `from` or after it and before `to`.
pub fn count_range(
    source: &mut (impl Read + Seek),
    range: (u64, u64),
    field: &Path,
    counting: Counting,
    stop: &AtomicBool,
) -> ReadResult<Lines> {
    let (from, to) = range;
    let ahead = field.lookahead() + 2 * LANES;
    let mut counter = Counter {
        field,
        counting,
        lines: Lines::default(),
        buffer: vec![b'\n'; counting.window.max(LANES) + ahead],
        ahead,
    };
    // The byte before the range tells whether a line begins with it.
    source.seek(SeekFrom::Start(from.saturating_sub(1)))?;
    let mut at = from.saturating_sub(1);
    let mut skipping = from > 0;
    let mut length = 0;
    while skipping || at < to {
        if stop.load(Ordering::Relaxed) {
            return Err(ReadError::Interrupted);
        }
        let room = counter.buffer.len() - ahead;
        let ended = fill(source, &mut counter.buffer[..room], &mut length)?;
        if at == 0 && from == 0 {
            blank_mark(&mut counter.buffer[..length])?;
        }
        if skipping {
            let done = counter.skip(length, &mut skipping);
            counter.advance(done, &mut length, &mut at);
            if skipping && ended {
                break;
            }
            continue;
        }
        let done = counter.whole_lines(length, to - at)?;
        counter.advance(done, &mut length, &mut at);
        if ended {
            if length > 0 && at < to {
                counter.unended(length)?;
            }
            break;
        }
        if done == 0 {
            counter.grow(at)?;
        }
    }
    Ok(counter.lines)
}

struct Counter<'a> {
    field: &'a Path,
    counting: Counting,
    lines: Lines,
    buffer: Vec<u8>,
    ahead: usize,
}

const CUT_OFF: &str = "the line is cut off";

/// Why a line does not count.
enum Bad {
    Token(Fault),
    Path(Flaw),
    CutOff,
    NotUtf8,
}

impl Counter<'_> {
    /// Bytes up to the end of the line that began before the range; all, where it goes on.
    fn skip(&self, length: usize, skipping: &mut bool) -> usize {
        match self.buffer[..length].iter().position(|byte| *byte == b'\n') {
            Some(place) => {
                *skipping = false;
                place + 1
            }
            None => length,
        }
    }

    fn advance(&mut self, done: usize, length: &mut usize, at: &mut u64) {
        self.buffer.copy_within(done..*length, 0);
        *length -= done;
        *at += done as u64;
    }

    fn grow(&mut self, at: u64) -> ReadResult<()> {
        let room = self.buffer.len() - self.ahead;
        if room >= self.counting.max_line {
            return Err(ReadError::LineTooLong {
                at,
                most: self.counting.max_line,
            });
        }
        let room = (2 * room).min(self.counting.max_line);
        self.buffer.resize(room + self.ahead, b'\n');
        Ok(())
    }

    /// Count the lines that are in the buffer up to their ends and begin before `limit`; bytes used.
    fn whole_lines(&mut self, length: usize, limit: u64) -> ReadResult<usize> {
        let Some(last) = self.buffer[..length]
            .iter()
            .rposition(|byte| *byte == b'\n')
        else {
            return Ok(0);
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.count(limit.min(last + 1))
    }

    /// Count the last line of the file, which has no end.
    fn unended(&mut self, length: usize) -> ReadResult<()> {
        self.buffer[length..].fill(b'\n');
        let (invalid, crlf) = (self.lines.invalid, self.lines.crlf);
        self.count(1)?;
        self.lines.torn = self.lines.invalid - invalid;
        (self.lines.invalid, self.lines.crlf) = (invalid, crlf);
        Ok(())
    }

    fn count(&mut self, limit: usize) -> ReadResult<usize> {
        let vectors = self.counting.vectors;
        with_lanes!(vectors, self.count_with(limit) as count_avx2 or count_avx512)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,pclmulqdq,bmi1,bmi2")]
    fn count_avx2(&mut self, limit: usize) -> ReadResult<usize> {
        self.count_with::<super::avx2::Avx2>(limit)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx2,pclmulqdq,bmi1,bmi2")]
    fn count_avx512(&mut self, limit: usize) -> ReadResult<usize> {
        self.count_with::<super::avx512::Avx512>(limit)
    }

    /// Count lines that begin before `limit`; where the next one begins.
    #[inline(always)]
    fn count_with<S: Lanes>(&mut self, limit: usize) -> ReadResult<usize> {
        let mut at = 0;
        while at < limit {
            let mut stream = Stream {
                field: self.field,
                buffer: &self.buffer,
                lines: &mut self.lines,
                most: self.counting.max_values,
            };
            at = stream.read::<S>(at, limit)?;
            if at >= limit {
                break;
            }
            self.lines.lines += 1;
            let mut line = Line::default();
            let (end, read) = line.read::<S>(self.field, &self.buffer[at..]);
            self.lines.crlf += u64::from(end > 0 && self.buffer[at + end - 1] == b'\r');
            let text = &self.buffer[at..at + end];
            let sound = match read {
                Ok(()) => line.whole(text),
                Err(bad) => Err(bad),
            };
            match sound {
                Ok(()) => note(&mut self.lines, &line, text, self.counting.max_values)?,
                Err(bad) => spoiled(&mut self.lines, bad, text),
            }
            at += end + 1;
        }
        Ok(at)
    }
}

#[inline(always)]
fn note(lines: &mut Lines, line: &Line, text: &[u8], most: usize) -> ReadResult<()> {
    if let Some((from, to)) = line.tracker.found {
        let value = text[from as usize..to as usize].trim_ascii_end();
        return add(&mut lines.values, value, 1, most);
    }
    if line.scanner.is_blank() {
        lines.blank += 1;
    } else if text.trim_ascii_start().first() == Some(&b'{') {
        lines.missing += 1;
    } else {
        lines.not_object += 1;
    }
    Ok(())
}

#[cold]
fn spoiled(lines: &mut Lines, bad: Bad, text: &[u8]) {
    lines.invalid += 1;
    let what = match (std::str::from_utf8(text), bad) {
        (Err(error), _) => format!(
            "not valid UTF-8 at byte {} of the line",
            error.valid_up_to()
        ),
        // The line end is where a string that is open cannot go on.
        (Ok(_), Bad::Token(fault)) if fault.at as usize == text.len() => CUT_OFF.to_string(),
        (Ok(_), Bad::Token(fault)) => format!("{} at byte {} of the line", fault.what, fault.at),
        (Ok(_), Bad::Path(flaw)) => flaw.to_string(),
        (Ok(_), Bad::CutOff | Bad::NotUtf8) => CUT_OFF.to_string(),
    };
    lines.bad_line(what);
}

#[derive(Default)]
struct Line {
    scanner: Scanner,
    tracker: Tracker,
    high: u64,
}

impl Line {
    /// Length of the line that the text begins with, without its end, and whether it went well.
    #[inline(always)]
    fn read<S: Lanes>(&mut self, field: &Path, text: &[u8]) -> (usize, Result<(), Bad>) {
        let mut read = Ok(());
        let mut at = 0;
        loop {
            let rest = &text[at..];
            let mut masks = S::masks(rest.first_chunk().expect("a line is padded"));
            let ended = masks.newline != 0;
            if ended {
                masks = masks.clipped(masks.newline ^ masks.newline.wrapping_sub(1));
            }
            self.high |= masks.high;
            if read.is_ok() {
                read = self.block::<S>(field, &masks, rest, at);
            }
            if ended {
                return (at + masks.newline.trailing_zeros() as usize, read);
            }
            at += LANES;
        }
    }

    #[inline(always)]
    fn block<S: Lanes>(
        &mut self,
        field: &Path,
        masks: &super::lanes::Masks,
        rest: &[u8],
        at: usize,
    ) -> Result<(), Bad> {
        let block: Block = self
            .scanner
            .step::<S, false>(masks, rest)
            .map_err(|fault| {
                Bad::Token(Fault {
                    at: fault.at + at as u32,
                    what: fault.what,
                })
            })?;
        self.tracker
            .walk::<S>(field, &block, rest, at as u64)
            .map_err(|astray| Bad::Path(astray.what))
    }

    #[inline(always)]
    fn whole(&self, text: &[u8]) -> Result<(), Bad> {
        if !self.scanner.is_complete() && !self.scanner.is_blank() {
            return Err(Bad::CutOff);
        }
        if self.high != 0 && std::str::from_utf8(text).is_err() {
            return Err(Bad::NotUtf8);
        }
        Ok(())
    }
}
