//! Databento's DBN: orders (`mbo`), from which the book is built, and the ten best levels (`mbp-10`).
//!
//! Prices count in 1e-9, both clocks in nanoseconds; `ts_recv` is the time of receipt.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dbn::decode::dbn::Decoder;
use dbn::decode::{DbnMetadata, DecodeRecordRef};
use dbn::{Action, FlagSet, MboMsg, Mbp10Msg, RecordHeader, Schema, Side};

use crate::recorded::book::Pictures;
use crate::recorded::error::{DataError, DataResult};
use crate::recorded::event::{Event, Times, BUY, DEPTH, SELL, SNAPSHOT, TRADE};
use crate::recorded::fields::ns;
use crate::recorded::formats::Format;
use crate::recorded::input::{broken, Input};
use crate::recorded::orders::Orders;
use crate::recorded::places::Place;
use crate::recorded::source::{Found, Source, Sources};

pub(crate) const FORMAT: Format = Format {
    name: "databento",
    knows,
    open,
};

/// Bytes of metadata that are read; those of a file of one instrument are some thousand.
const MOST_METADATA: u32 = 1 << 24;
const PRICE_UNIT: f64 = 1e9;

fn knows(_name: &str, head: &[u8]) -> bool {
    matches!(head, [b'D', b'B', b'N', 1..=9, ..])
}

fn open(files: &[PathBuf]) -> Sources {
    let mut sources: Vec<Box<dyn Source>> = Vec::new();
    for file in files {
        sources.push(Box::new(Records::open(file)?));
    }
    Ok(sources)
}

/// The records of a file.
struct Records {
    file: Arc<Path>,
    decoder: Decoder<BufReader<Box<dyn Read + Send>>>,
    row: u64,
    instrument: Option<u32>,
    book: Book,
}

/// What is known of the book.
#[derive(Default)]
struct Book {
    pictures: Pictures,
    orders: Orders,
    found: Found,
}

impl Records {
    fn open(path: &Path) -> DataResult<Self> {
        let mut input = Input::open(path)?;
        let head = input
            .bytes
            .fill_buf()
            .map_err(|error| broken(path, &error))?;
        if let [_, _, _, _, a, b, c, d, ..] = *head {
            let length = u32::from_le_bytes([a, b, c, d]);
            if length > MOST_METADATA {
                let text = format!(
                    " announces {length} bytes of metadata; expected at most {MOST_METADATA}"
                );
                return Err(DataError::file(path, text));
            }
        }
        let damaged = |error: dbn::Error| DataError::file(path, format!(" is damaged: {error}"));
        let decoder = Decoder::new(input.bytes).map_err(damaged)?;
        let metadata = decoder.metadata();
        if !matches!(metadata.schema, Some(Schema::Mbo | Schema::Mbp10)) {
            let held = metadata
                .schema
                .map_or("several schemas", |schema| schema.as_str());
            let text =
                format!(" is of {held}, which does not show the book; expected mbo or mbp-10");
            return Err(DataError::file(path, text));
        }
        let symbol = match metadata.symbols.as_slice() {
            [symbol] => Some(symbol.clone()),
            _ => None,
        };
        let found = Found {
            symbol,
            has_receipt: true,
            ..Found::default()
        };
        Ok(Records {
            file: input.file,
            decoder,
            row: 0,
            instrument: None,
            book: Book {
                found,
                ..Book::default()
            },
        })
    }
}

impl Source for Records {
    fn next(&mut self, out: &mut Vec<Event>) -> DataResult<bool> {
        self.row += 1;
        let place = Place {
            file: self.file.clone(),
            row: self.row,
        };
        let damaged = |error: dbn::Error| DataError::row(&place, format!("is damaged: {error}"));
        let Some(record) = self.decoder.decode_record_ref().map_err(damaged)? else {
            return Ok(false);
        };
        let id = record.header().instrument_id;
        let of_market = record.get::<MboMsg>().is_some() || record.get::<Mbp10Msg>().is_some();
        if of_market && *self.instrument.get_or_insert(id) != id {
            let text = format!(
                "is of instrument {id} after {}; expected one instrument in a recording",
                self.instrument.unwrap_or_default()
            );
            return Err(DataError::row(&place, text));
        }
        if let Some(order) = record.get::<MboMsg>() {
            self.book.order(order, &place, out)?;
        } else if let Some(picture) = record.get::<Mbp10Msg>() {
            self.book.picture(picture, &place, out)?;
        } else {
            self.book.found.ignore("record of another kind");
        }
        Ok(true)
    }

    fn place(&self) -> Place {
        Place {
            file: self.file.clone(),
            row: self.row,
        }
    }

    fn found(&self) -> &Found {
        &self.book.found
    }
}

impl Book {
    fn order(&mut self, record: &MboMsg, place: &Place, out: &mut Vec<Event>) -> DataResult<()> {
        let times = times(&record.hd, record.ts_recv, record.flags, place)?;
        self.note_gap(record.flags, times, out);
        let kind = if record.flags.is_snapshot() {
            SNAPSHOT
        } else {
            DEPTH
        };
        let action = record.action().map_err(|error| unknown(&error, place))?;
        let side = record.side().map_err(|error| unknown(&error, place))?;
        let (id, size) = (record.order_id, u64::from(record.size));
        let changed = match (action, side_of(side)) {
            (Action::Clear, _) => {
                self.orders = Orders::default();
                self.found.snapshots += 1;
                out.extend([BUY, SELL].map(|side| times.clear(side, 0.0)));
                return Ok(());
            }
            (Action::Trade, aggressor) => {
                let px = price(record.price, place)?;
                out.push(times.event(TRADE | aggressor.unwrap_or(0), px, record.size.into()));
                return Ok(());
            }
            (Action::Add | Action::Modify, Some(side)) => {
                price(record.price, place)?;
                self.orders.put(id, side, record.price, size, place)?
            }
            (Action::Cancel, _) => self.orders.reduce(id, size),
            // A fill is told by a trade before it and a change of the order after it.
            (Action::Fill | Action::None, _) => return Ok(()),
            (Action::Add | Action::Modify, None) => {
                self.found.ignore("order without a side");
                return Ok(());
            }
        };
        let events = changed.into_iter().flatten();
        out.extend(
            events.map(|(side, px, left)| {
                times.event(kind | side, px as f64 / PRICE_UNIT, left as f64)
            }),
        );
        Ok(())
    }

    fn picture(
        &mut self,
        record: &Mbp10Msg,
        place: &Place,
        out: &mut Vec<Event>,
    ) -> DataResult<()> {
        let times = times(&record.hd, record.ts_recv, record.flags, place)?;
        if self.note_gap(record.flags, times, out) {
            self.pictures.forget();
            return Ok(());
        }
        let action = record.action().map_err(|error| unknown(&error, place))?;
        let side = record.side().map_err(|error| unknown(&error, place))?;
        if action == Action::Trade {
            let aggressor = side_of(side).unwrap_or(0);
            let px = price(record.price, place)?;
            out.push(times.event(TRADE | aggressor, px, record.size.into()));
        }
        let mut sides = [Vec::new(), Vec::new()];
        for level in &record.levels {
            for (side, px, size) in [
                (0, level.bid_px, level.bid_sz),
                (1, level.ask_px, level.ask_sz),
            ] {
                if px != dbn::UNDEF_PRICE {
                    sides[side].push((price(px, place)?, f64::from(size)));
                }
            }
        }
        self.found.snapshots += u64::from(self.pictures.show(times, sides, out));
        Ok(())
    }

    /// Note that messages are missing, where a record says so; whether it does.
    fn note_gap(&mut self, flags: FlagSet, times: Times, out: &mut Vec<Event>) -> bool {
        let is_bad = flags.is_maybe_bad_book();
        if is_bad {
            self.found.gaps += 1;
            out.push(times.gap());
        }
        is_bad
    }
}

/// Both clocks; a record of a snapshot has the old time of its order, so that the time of receipt counts.
fn times(header: &RecordHeader, received: u64, flags: FlagSet, place: &Place) -> DataResult<Times> {
    let is_known = header.ts_event != dbn::UNDEF_TIMESTAMP && !flags.is_snapshot();
    let sent = if is_known { header.ts_event } else { received };
    match (ns(sent, 1), ns(received, 1)) {
        (Some(exchange), Some(local)) => Ok(Times { exchange, local }),
        _ => {
            let text = format!(
                "has ts_event = {sent} and ts_recv = {received}; expected nanoseconds up to the year 2100"
            );
            Err(DataError::row(place, text))
        }
    }
}

fn price(px: i64, place: &Place) -> DataResult<f64> {
    if px <= 0 || px == dbn::UNDEF_PRICE {
        let text = format!("has price = {px}; expected a price above 0, in 1e-9");
        return Err(DataError::row(place, text));
    }
    Ok(px as f64 / PRICE_UNIT)
}

fn side_of(side: Side) -> Option<u64> {
    match side {
        Side::Bid => Some(BUY),
        Side::Ask => Some(SELL),
        Side::None => None,
    }
}

fn unknown(error: &dbn::Error, place: &Place) -> DataError {
    DataError::row(place, format!("is damaged: {error}"))
}
