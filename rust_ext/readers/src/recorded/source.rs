//! What a format gives: messages one by one, and what was found on the way.

use std::collections::BTreeMap;

use crate::recorded::error::{DataError, DataResult};
use crate::recorded::event::Event;
use crate::recorded::places::Place;

/// Most rows of one message: what claims more was made to fill the memory.
const MOST_ROWS: usize = 1 << 20;

/// Names of messages that are counted one by one; all further ones are counted together.
const MOST_NAMES: usize = 100;
const FURTHER: &str = "of further kinds";

/// The streams that the files of a recording are.
pub(crate) type Sources = DataResult<Vec<Box<dyn Source>>>;

/// Files of a format as a stream of messages, in the order in which they were received.
pub(crate) trait Source: Send {
    /// Append the rows of the next message, all received at one time; whether there was one.
    fn next(&mut self, out: &mut Vec<Event>) -> DataResult<bool>;

    /// Where the message that came last ends.
    fn place(&self) -> Place;

    /// What was found so far.
    fn found(&self) -> &Found;
}

/// What a reader found in its files.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    /// The instrument, where the file names it.
    pub symbol: Option<String>,
    /// What a file was made from that no exchange is behind, where the file says so.
    pub origin: Option<String>,
    /// Snapshots that the book was made from.
    pub snapshots: u64,
    /// Places at which messages are missing.
    pub gaps: u64,
    /// Messages that were read and not used, by what they are.
    pub ignored: BTreeMap<String, u64>,
    /// Whether times of receipt are known.
    pub has_receipt: bool,
}

impl Found {
    pub(crate) fn ignore(&mut self, what: &str) {
        let is_full = self.ignored.len() >= MOST_NAMES;
        match self.ignored.get_mut(what) {
            Some(count) => *count += 1,
            None => {
                let name = if is_full { FURTHER } else { what };
                *self.ignored.entry(name.to_owned()).or_default() += 1;
            }
        }
    }

    /// Note the instrument of a row; one recording is one instrument.
    pub(crate) fn of_symbol(&mut self, symbol: &[u8], place: &Place) -> DataResult<()> {
        match &self.symbol {
            Some(known) if known.as_bytes() == symbol => Ok(()),
            Some(known) => {
                let text = format!(
                    "is of {} after {known}; expected one instrument in a recording",
                    crate::recorded::error::shown(symbol)
                );
                Err(DataError::row(place, text))
            }
            None => {
                self.symbol = Some(crate::recorded::error::shown(symbol));
                Ok(())
            }
        }
    }
}

/// Refuse a message that goes on for longer than any does.
pub(crate) fn bounded(rows: usize, place: &Place) -> DataResult<()> {
    if rows > MOST_ROWS {
        let text =
            format!("is of a message of more than {MOST_ROWS} rows; do the times stand still?");
        return Err(DataError::row(place, text));
    }
    Ok(())
}
