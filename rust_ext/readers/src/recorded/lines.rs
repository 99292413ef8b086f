//! Lines of a file, of a bounded length, numbered from 1.

use std::io::{BufRead, Read};
use std::path::Path;

use crate::recorded::error::{DataError, DataResult};
use crate::recorded::input::{broken, Input};
use crate::recorded::places::Place;

/// Longest line: a snapshot of some hundred thousand levels.
const MOST: usize = 16 << 20;

/// One line at a time.
pub(crate) struct Lines {
    input: Input,
    line: Vec<u8>,
    row: u64,
}

impl Lines {
    pub(crate) fn open(path: &Path) -> DataResult<Self> {
        Ok(Lines {
            input: Input::open(path)?,
            line: Vec::new(),
            row: 0,
        })
    }

    /// Read on to the next line that is not empty; whether there is one.
    pub(crate) fn advance(&mut self) -> DataResult<bool> {
        loop {
            self.line.clear();
            let mut bounded = (&mut self.input.bytes).take(MOST as u64 + 1);
            let count = bounded
                .read_until(b'\n', &mut self.line)
                .map_err(|error| broken(&self.input.file, &error))?;
            if count == 0 {
                return Ok(false);
            }
            self.row += 1;
            if count > MOST {
                let said = format!("is longer than {MOST} bytes; is this a text file?");
                return Err(DataError::row(&self.place(), said));
            }
            let kept = self.line.trim_ascii_end().len();
            self.line.truncate(kept);
            if kept > 0 {
                return Ok(true);
            }
        }
    }

    /// The line that was read last, without its end.
    pub(crate) fn line(&self) -> &[u8] {
        &self.line
    }

    pub(crate) fn place(&self) -> Place {
        Place {
            file: self.input.file.clone(),
            row: self.row,
        }
    }
}
