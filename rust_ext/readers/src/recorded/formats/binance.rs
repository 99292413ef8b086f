//! Raw captures of Binance's websocket, USD-M futures and spot: a line is the time of receipt and a message.
//!
//! Used are `depthUpdate`, `trade` or `aggTrade` (whichever comes first), and answers of the REST interface
//! with `lastUpdateId` as snapshots; combined streams (`{"stream": ..., "data": ...}`) and single ones.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use crate::recorded::error::{shown, DataResult};
use crate::recorded::event::{Event, Ns, Times, BUY, DEPTH, SELL, SNAPSHOT, TRADE};
use crate::recorded::fields::{digits, price, quantity, wrong};
use crate::recorded::formats::Format;
use crate::recorded::json::{count, levels, parsed, text, Raw};
use crate::recorded::lines::Lines;
use crate::recorded::places::Place;
use crate::recorded::sequence::{Difference, Sequence, Snapshot};
use crate::recorded::source::{bounded, Found, Source, Sources};

pub(crate) const FORMAT: Format = Format {
    name: "binance",
    knows,
    open,
};

/// The keys of the messages that are used; a message of another kind may have other values at them.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Message<'a> {
    #[serde(borrow)]
    data: Raw<'a>,
    #[serde(borrow)]
    e: Raw<'a>,
    #[serde(borrow, rename = "E")]
    event_time: Raw<'a>,
    #[serde(borrow, rename = "T")]
    transaction_time: Raw<'a>,
    #[serde(borrow)]
    s: Raw<'a>,
    #[serde(borrow, rename = "U")]
    first: Raw<'a>,
    #[serde(borrow, rename = "u")]
    last: Raw<'a>,
    #[serde(borrow)]
    pu: Raw<'a>,
    #[serde(borrow)]
    b: Raw<'a>,
    #[serde(borrow)]
    a: Raw<'a>,
    #[serde(borrow)]
    p: Raw<'a>,
    #[serde(borrow)]
    q: Raw<'a>,
    #[serde(borrow)]
    m: Raw<'a>,
    #[serde(borrow, rename = "X")]
    cause: Raw<'a>,
    #[serde(borrow, rename = "lastUpdateId")]
    snapshot: Raw<'a>,
    #[serde(borrow)]
    bids: Raw<'a>,
    #[serde(borrow)]
    asks: Raw<'a>,
}

fn knows(_name: &str, head: &[u8]) -> bool {
    let line = head.trim_ascii_start();
    let time = line.iter().take_while(|b| b.is_ascii_digit()).count();
    (13..=19).contains(&time) && line.get(time) == Some(&b' ') && line.get(time + 1) == Some(&b'{')
}

/// All files are one stream, whatever the cuts between them: lines are merged by the time of receipt.
fn open(files: &[PathBuf]) -> Sources {
    let mut streams = Vec::new();
    for file in files {
        let mut stream = Stream {
            lines: Lines::open(file)?,
            at: 0,
        };
        if stream.advance()? {
            streams.push(stream);
        }
    }
    // Of lines of one time, those of the file that began earlier are first.
    streams.sort_by_key(|stream| stream.at);
    let file: Arc<Path> = files.first().map_or(Path::new(""), PathBuf::as_path).into();
    Ok(vec![Box::new(Capture {
        streams,
        place: Place { file, row: 0 },
        sequence: Sequence::default(),
        trades: None,
        found: Found {
            has_receipt: true,
            ..Found::default()
        },
    })])
}

/// A file, at a line that was not taken yet.
struct Stream {
    lines: Lines,
    at: Ns,
}

impl Stream {
    fn advance(&mut self) -> DataResult<bool> {
        if !self.lines.advance()? {
            return Ok(false);
        }
        let line = self.lines.line();
        let time = line.split(|b| *b == b' ').next().unwrap_or_default();
        self.at = digits(time, "time of receipt", &self.lines.place())?;
        Ok(true)
    }

    fn message(&self) -> &[u8] {
        let line = self.lines.line();
        let space = line.iter().position(|b| *b == b' ');
        space.map_or(b"", |space| &line[space + 1..])
    }
}

struct Capture {
    streams: Vec<Stream>,
    place: Place,
    sequence: Sequence,
    /// The kind of trades that is used.
    trades: Option<&'static str>,
    found: Found,
}

impl Source for Capture {
    fn next(&mut self, out: &mut Vec<Event>) -> DataResult<bool> {
        let earliest = (0..self.streams.len()).min_by_key(|at| self.streams[*at].at);
        let Some(earliest) = earliest else {
            return Ok(false);
        };
        let stream = &mut self.streams[earliest];
        self.place = stream.lines.place();
        let reading = Reading {
            local: stream.at,
            place: &self.place,
            sequence: &mut self.sequence,
            trades: &mut self.trades,
            found: &mut self.found,
        };
        reading.message(stream.message(), out)?;
        bounded(out.len(), &self.place)?;
        if !stream.advance()? {
            self.streams.remove(earliest);
        }
        Ok(true)
    }

    fn place(&self) -> Place {
        self.place.clone()
    }

    fn found(&self) -> &Found {
        &self.found
    }
}

/// One message that is read.
struct Reading<'c> {
    local: Ns,
    place: &'c Place,
    sequence: &'c mut Sequence,
    trades: &'c mut Option<&'static str>,
    found: &'c mut Found,
}

impl Reading<'_> {
    fn message(mut self, line: &[u8], out: &mut Vec<Event>) -> DataResult<()> {
        let outer: Message<'_> = parsed(line, self.place)?;
        let message = match outer.data {
            Some(data) => parsed(data.get().as_bytes(), self.place)?,
            None => outer,
        };
        if message.snapshot.is_some() {
            return self.snapshot(&message, out);
        }
        let Some(kind) = message.e else {
            self.found.ignore("message without a kind");
            return Ok(());
        };
        match kind.get() {
            "\"depthUpdate\"" => self.depth(&message, out),
            "\"trade\"" => self.trade("trade", &message, out),
            "\"aggTrade\"" => self.trade("aggTrade", &message, out),
            other => {
                self.found
                    .ignore(&shown(other.trim_matches('"').as_bytes()));
                Ok(())
            }
        }
    }

    /// Time of the transaction; of the message where there is none (spot).
    fn exchange_time(&self, message: &Message<'_>) -> DataResult<Ns> {
        let raw = message.transaction_time.or(message.event_time);
        digits(text(raw, "T", self.place)?, "T", self.place)
    }

    fn depth(&mut self, message: &Message<'_>, out: &mut Vec<Event>) -> DataResult<()> {
        let place = self.place;
        self.found.of_symbol(text(message.s, "s", place)?, place)?;
        let exchange = self.exchange_time(message)?;
        let times = Times {
            exchange,
            local: self.local,
        };
        let mut changed = Vec::new();
        for (raw, name, side) in [(message.b, "b", BUY), (message.a, "a", SELL)] {
            levels(raw, name, (times, DEPTH | side), place, &mut changed)?;
        }
        let before = message.pu.map(|raw| count(Some(raw), "pu", place));
        let new = Difference {
            first: count(message.first, "U", place)?,
            last: count(message.last, "u", place)?,
            before: before.transpose()?,
            exchange,
            levels: changed,
        };
        self.sequence.difference(new, self.local, self.found, out);
        Ok(())
    }

    fn snapshot(&mut self, message: &Message<'_>, out: &mut Vec<Event>) -> DataResult<()> {
        let place = self.place;
        let exchange = match message.transaction_time.or(message.event_time) {
            Some(_) => Some(self.exchange_time(message)?),
            None => None,
        };
        let times = Times {
            exchange: 0,
            local: self.local,
        };
        let (mut bids, mut asks) = (Vec::new(), Vec::new());
        let bought = (times, SNAPSHOT | BUY);
        levels(message.bids, "bids", bought, place, &mut bids)?;
        let sold = (times, SNAPSHOT | SELL);
        levels(message.asks, "asks", sold, place, &mut asks)?;
        let new = Snapshot {
            last: count(message.snapshot, "lastUpdateId", place)?,
            exchange,
            bids,
            asks,
        };
        self.sequence.snapshot(new, self.local, self.found, out);
        Ok(())
    }

    fn trade(
        &mut self,
        kind: &'static str,
        message: &Message<'_>,
        out: &mut Vec<Event>,
    ) -> DataResult<()> {
        if *self.trades.get_or_insert(kind) != kind {
            self.found.ignore(kind);
            return Ok(());
        }
        // Liquidations by the insurance fund and the like meet nobody's order.
        if let Some(cause) = message.cause.filter(|cause| cause.get() != "\"MARKET\"") {
            let cause = cause.get().trim_matches('"');
            self.found
                .ignore(&format!("trade of {}", shown(cause.as_bytes())));
            return Ok(());
        }
        let place = self.place;
        self.found.of_symbol(text(message.s, "s", place)?, place)?;
        let side = match text(message.m, "m", place)? {
            b"true" => SELL,
            b"false" => BUY,
            other => return Err(wrong(other, "m", "true or false", place)),
        };
        let times = Times {
            exchange: self.exchange_time(message)?,
            local: self.local,
        };
        let px = price(text(message.p, "p", place)?, "p", place)?;
        let qty = quantity(text(message.q, "q", place)?, "q", place)?;
        out.push(times.event(TRADE | side, px, qty));
        Ok(())
    }
}
