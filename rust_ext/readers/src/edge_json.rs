//! One value out of a JSON file of any size, in bounded memory; all of the file is checked.

use super::blocks::{blank_mark, fill, whole_blocks, with_lanes, Vectors};
use super::lanes::{Lanes, LANES};
use super::path::{Path, Tracker};
use super::scan::Scanner;
use super::{Flaw, ReadError, ReadResult};
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};

/// How a value is read.
#[derive(Clone, Copy)]
pub struct Reading {
    /// Bytes of a value that are accepted.
    pub max_bytes: usize,
    /// Bytes of the window, rounded up to whole blocks.
    pub window: usize,
    pub vectors: Vectors,
}

/// Nothing, or a byte of the file and what is wrong there.
type Scanned = Result<(), (u64, Flaw)>;

struct Reader<'a> {
    path: &'a Path,
    reading: Reading,
    scanner: Scanner,
    tracker: Tracker,
    buffer: Vec<u8>,
    /// Bytes in the buffer, and place of the first of them in the file.
    length: usize,
    base: u64,
    /// Bytes of the buffer that are known to be UTF-8.
    checked: usize,
    value: Option<Vec<u8>>,
}

/// The text of the value at `path`, or None where the path leads nowhere.
///
/// Errors say what is wrong at which byte: malformed JSON, bytes that are not UTF-8, a key of the path
/// that is there twice, a value larger than accepted. `stop` ends the reading with an error.
pub fn read_value(
    source: &mut impl Read,
    path: &Path,
    reading: Reading,
    stop: &AtomicBool,
) -> ReadResult<Option<Vec<u8>>> {
    let ahead = path.lookahead();
    let size = whole_blocks(reading.window) + ahead;
    let mut reader = Reader {
        path,
        reading,
        scanner: Scanner::default(),
        tracker: Tracker::default(),
        // Room for the padding after the last byte.
        buffer: vec![b' '; size + ahead + 2 * LANES],
        length: 0,
        base: 0,
        checked: 0,
        value: None,
    };
    loop {
        let ended = fill(source, &mut reader.buffer[..size], &mut reader.length)?;
        if stop.load(Ordering::Relaxed) {
            return Err(ReadError::Interrupted);
        }
        if reader.base == 0 {
            blank_mark(&mut reader.buffer[..reader.length])?;
        }
        if ended {
            return reader.last();
        }
        let end = size - ahead;
        reader.window(end)?;
        reader.advance(end);
    }
}

impl Reader<'_> {
    fn window(&mut self, end: usize) -> ReadResult<()> {
        let scanned = self.scan(end);
        // A byte that is not UTF-8 may be a malformed token too; the encoding is the better reason.
        let until = match &scanned {
            Ok(()) => end,
            Err((at, _)) => at.saturating_sub(self.base) as usize + 1,
        };
        self.check_encoding(until)?;
        scanned
            .and_then(|()| self.keep(end))
            .map_err(|(at, flaw)| ReadError::Json { flaw, at })
    }

    /// The rest of the file, which is padded with white space, and one block of it at the least.
    fn last(mut self) -> ReadResult<Option<Vec<u8>>> {
        let end = whole_blocks(self.length + 1);
        self.buffer[self.length..].fill(b' ');
        self.window(end)?;
        if self.scanner.is_complete() {
            return Ok(self.value);
        }
        let what = if self.scanner.is_blank() {
            "there is no JSON value"
        } else {
            "the JSON text is cut off"
        };
        Err(ReadError::Json {
            flaw: Flaw::Malformed(what),
            at: self.base + self.length as u64,
        })
    }

    fn scan(&mut self, end: usize) -> Scanned {
        let vectors = self.reading.vectors;
        with_lanes!(vectors, self.scan_with(end) as scan_avx2 or scan_avx512)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,pclmulqdq,bmi1,bmi2")]
    fn scan_avx2(&mut self, end: usize) -> Scanned {
        self.scan_with::<super::avx2::Avx2>(end)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx2,pclmulqdq,bmi1,bmi2")]
    fn scan_avx512(&mut self, end: usize) -> Scanned {
        self.scan_with::<super::avx512::Avx512>(end)
    }

    #[inline(always)]
    fn scan_with<S: Lanes>(&mut self, end: usize) -> Scanned {
        let (mut scanner, mut tracker) = (self.scanner, self.tracker);
        let mut high = 0;
        for at in (0..end).step_by(LANES) {
            let text = &self.buffer[at..];
            let masks = S::masks(text.first_chunk().expect("the window is whole blocks"));
            high |= masks.high;
            let base = self.base + at as u64;
            let block = scanner
                .step::<S, false>(&masks, text)
                .map_err(|fault| (base + u64::from(fault.at), Flaw::Malformed(fault.what)))?;
            let had = tracker.found.is_some();
            tracker
                .walk::<S>(self.path, &block, text, base)
                .map_err(|astray| (base + u64::from(astray.at), astray.what))?;
            if tracker.found.is_some() != had {
                self.found(tracker.found)?;
            }
        }
        (self.scanner, self.tracker) = (scanner, tracker);
        if high == 0 {
            self.checked = self.checked.max(end);
        }
        Ok(())
    }

    #[cold]
    fn found(&mut self, range: Option<(u64, u64)>) -> Scanned {
        if let Some((start, end)) = range {
            self.copy(start, end)?;
            if let Some(value) = &mut self.value {
                value.truncate(value.trim_ascii_end().len());
            }
        }
        Ok(())
    }

    /// Keep what the window holds of a value that goes on after it.
    fn keep(&mut self, end: usize) -> Scanned {
        match self.tracker.within() {
            Some(start) => self.copy(start, self.base + end as u64),
            None => Ok(()),
        }
    }

    fn copy(&mut self, start: u64, end: u64) -> Scanned {
        let value = self.value.get_or_insert_default();
        let from = start.max(self.base) - self.base;
        let piece = &self.buffer[from as usize..(end - self.base) as usize];
        if value.len() + piece.len() > self.reading.max_bytes {
            let most = self.reading.max_bytes;
            return Err((start, Flaw::TooLarge(most)));
        }
        value.extend_from_slice(piece);
        Ok(())
    }

    fn check_encoding(&mut self, end: usize) -> ReadResult<()> {
        let mut end = end.min(self.length);
        // A character may go on after the window: at most three bytes of it, which are there already.
        let limit = self.length.min(end + 3);
        while end < limit && self.buffer[end] & 0xc0 == 0x80 {
            end += 1;
        }
        if end > self.checked {
            if let Err(error) = std::str::from_utf8(&self.buffer[self.checked..end]) {
                let at = self.base + (self.checked + error.valid_up_to()) as u64;
                return Err(ReadError::NotUtf8(at));
            }
            self.checked = end;
        }
        Ok(())
    }

    fn advance(&mut self, end: usize) {
        self.buffer.copy_within(end..self.length, 0);
        self.length -= end;
        self.base += end as u64;
        self.checked -= end;
    }
}
