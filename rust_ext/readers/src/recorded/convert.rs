//! Files of one recording, read, merged, put in order and written down.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use crate::recorded::error::{DataError, DataResult};
use crate::recorded::event::{Event, Ns, CLEAR, SNAPSHOT};
use crate::recorded::formats::format_of_all;
use crate::recorded::order::{Order, Sink};
use crate::recorded::source::Source;
use crate::recorded::writer::{Room, Writer};

/// What was made of a recording's files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Converted {
    /// Name of the format.
    pub format: String,
    /// The instrument, where the files name it.
    pub symbol: Option<String>,
    /// What the files were made from that no exchange is behind, where they say so.
    pub origin: Option<String>,
    /// Messages that were read.
    pub messages: u64,
    /// Rows that were written.
    pub rows: u64,
    /// Events that overtook another on the way, so that they became two rows.
    pub reordered: u64,
    /// Snapshots that the book was made from.
    pub snapshots: u64,
    /// Places at which messages are missing.
    pub gaps: u64,
    /// Events from before the first snapshot, which were left out.
    pub before_snapshot: u64,
    /// Steps back of the receiver's clock, and the largest, ns.
    pub steps_back: u64,
    pub largest_step_back_ns: Ns,
    /// Messages that were not used, by what they are.
    pub ignored: BTreeMap<String, u64>,
    /// Whether times of receipt are known; where they are not, they are those of the exchange.
    pub has_receipt: bool,
}

impl Converted {
    /// As a JSON text.
    pub fn as_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Turn the files of a recording into rows, in a `.npy` file where one is named.
///
/// # Errors
/// Where the files cannot be read or are not what their format says, and where the rows cannot be written.
pub fn convert(
    files: &[PathBuf],
    output: Option<Room<'_>>,
    stop: &AtomicBool,
) -> Result<Converted, DataError> {
    let (name, sources) = format_of_all(files)?;
    let mut run = Run::new(name, sources);
    let Some(room) = output else {
        run.all(&mut |_| Ok(()), stop)?;
        return Ok(run.converted());
    };
    let place = room.path.parent().unwrap_or(room.path).display();
    let failed = |error: std::io::Error| {
        let said = format!(": its rows cannot be written to {place}: {error}");
        DataError::file(files.first().map_or(Path::new(""), PathBuf::as_path), said)
    };
    let mut writer = Writer::create(room).map_err(failed)?;
    run.all(&mut |row| writer.write(row).map_err(failed), stop)?;
    writer.finish().map_err(failed)?;
    Ok(run.converted())
}

/// A source with its next message.
struct Feed {
    source: Box<dyn Source>,
    message: Vec<Event>,
}

impl Feed {
    /// Go on to the next message with rows; whether there is one.
    fn advance(&mut self, stop: &AtomicBool) -> DataResult<bool> {
        self.message.clear();
        while self.message.is_empty() {
            if stop.load(Ordering::Relaxed) {
                return Err(DataError::Interrupted);
            }
            if !self.source.next(&mut self.message)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

struct Run {
    name: &'static str,
    feeds: Vec<Feed>,
    order: Order,
    about: Converted,
    /// Exchange time of the first snapshot.
    begun: Option<Ns>,
    newest: Ns,
}

impl Run {
    fn new(name: &'static str, sources: Vec<Box<dyn Source>>) -> Self {
        let feed = |source| Feed {
            source,
            message: Vec::new(),
        };
        Run {
            name,
            feeds: sources.into_iter().map(feed).collect(),
            order: Order::default(),
            about: Converted::default(),
            begun: None,
            newest: 0,
        }
    }

    /// Merge the sources by the time of receipt; at one time, in the order in which they are given.
    fn all(&mut self, to: &mut Sink<'_>, stop: &AtomicBool) -> DataResult<()> {
        let mut live = Vec::new();
        for (index, feed) in self.feeds.iter_mut().enumerate() {
            if feed.advance(stop)? {
                live.push(index);
            }
        }
        while let Some(at) = (0..live.len()).min_by_key(|at| self.feeds[live[*at]].message[0].local)
        {
            self.message(live[at])?;
            self.order.write(to, false)?;
            if !self.feeds[live[at]].advance(stop)? {
                live.remove(at);
            }
        }
        self.order.write(to, true)
    }

    fn message(&mut self, feed: usize) -> DataResult<()> {
        let feed = &self.feeds[feed];
        self.about.messages += 1;
        let received = feed.message[feed.message.len() - 1].local;
        if received < self.newest {
            self.about.steps_back += 1;
            let step = self.newest - received;
            self.about.largest_step_back_ns = self.about.largest_step_back_ns.max(step);
        }
        self.newest = self.newest.max(received);
        let place = feed.source.place();
        for event in &feed.message {
            if self.begun.is_none() && matches!(event.kind(), CLEAR | SNAPSHOT) {
                self.begun = Some(event.exchange);
            }
            // What happened before there was a book is no part of the recording.
            if self.begun.is_some_and(|begun| event.exchange >= begun) {
                self.order.add(*event, &place)?;
            } else {
                self.about.before_snapshot += 1;
            }
        }
        Ok(())
    }

    fn converted(self) -> Converted {
        let mut about = self.about;
        about.format = self.name.to_owned();
        about.rows = self.order.rows;
        about.reordered = self.order.split;
        about.has_receipt = self
            .feeds
            .iter()
            .all(|feed| feed.source.found().has_receipt);
        for found in self.feeds.iter().map(|feed| feed.source.found()) {
            about.symbol = about.symbol.or_else(|| found.symbol.clone());
            about.origin = about.origin.or_else(|| found.origin.clone());
            about.snapshots += found.snapshots;
            about.gaps += found.gaps;
            for (what, count) in &found.ignored {
                *about.ignored.entry(what.clone()).or_default() += count;
            }
        }
        about
    }
}
