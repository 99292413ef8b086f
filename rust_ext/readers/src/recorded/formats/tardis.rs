//! CSV files of Tardis: `incremental_book_L2` and `trades`, in microseconds.
//!
//! Rows of one `local_timestamp` are one message. A row of a snapshot after one of none begins the book anew,
//! as Tardis was disconnected or a day began.

use std::path::PathBuf;

use crate::recorded::error::{shown, DataError, DataResult};
use crate::recorded::event::{Event, Ns, Times, BUY, DEPTH, SELL, SNAPSHOT, TRADE};
use crate::recorded::fields::{price, quantity, time, wrong};
use crate::recorded::formats::Format;
use crate::recorded::lines::Lines;
use crate::recorded::places::Place;
use crate::recorded::source::{bounded, Found, Source, Sources};
use crate::rows::TARDIS_MOCK;

pub(crate) const FORMAT: Format = Format {
    name: "tardis",
    knows,
    open,
};

const DEPTH_COLUMNS: [&str; 8] = [
    "exchange",
    "symbol",
    "timestamp",
    "local_timestamp",
    "is_snapshot",
    "side",
    "price",
    "amount",
];
const TRADE_COLUMNS: [&str; 8] = [
    "exchange",
    "symbol",
    "timestamp",
    "local_timestamp",
    "id",
    "side",
    "price",
    "amount",
];
const MICROSECOND: Ns = 1_000;

fn knows(_name: &str, head: &[u8]) -> bool {
    let first = head.split(|b| *b == b'\n').next().unwrap_or_default();
    let mut names = first.trim_ascii().split(|b| *b == b',');
    names.any(|name| name == b"local_timestamp")
}

/// Trades before depth: a trade is told before the depth that it left.
fn open(files: &[PathBuf]) -> Sources {
    let mut tables = Vec::new();
    for file in files {
        tables.push(Table::open(Lines::open(file)?)?);
    }
    tables.sort_by_key(|table| !table.is_trades);
    let has = |trades| tables.iter().any(|table| table.is_trades == trades);
    for (trades, what) in [(true, "trades"), (false, "incremental_book_L2")] {
        if let (false, Some(first)) = (has(trades), files.first()) {
            let text = format!(
                " has no file of {what} beside it; expected both of trades and of incremental_book_L2"
            );
            return Err(DataError::file(first, text));
        }
    }
    let boxed = |table| -> Box<dyn Source> { Box::new(table) };
    Ok(tables.into_iter().map(boxed).collect())
}

/// One file.
struct Table {
    lines: Lines,
    is_trades: bool,
    /// Where each of the columns is.
    columns: [usize; 8],
    /// How many columns there are.
    width: usize,
    /// Row that was read and is of the next message.
    next: Option<Row>,
    in_snapshot: bool,
    place: Place,
    found: Found,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    times: Times,
    is_snapshot: bool,
    what: u64,
    price: f64,
    quantity: f64,
}

impl Table {
    fn open(mut lines: Lines) -> DataResult<Self> {
        lines.advance()?;
        let names: Vec<&[u8]> = lines.line().split(|b| *b == b',').collect();
        let width = names.len();
        let is_trades = !names.contains(&b"is_snapshot".as_slice());
        let wanted = if is_trades {
            TRADE_COLUMNS
        } else {
            DEPTH_COLUMNS
        };
        let mut columns = [0; 8];
        for (column, name) in columns.iter_mut().zip(wanted) {
            *column = names
                .iter()
                .position(|known| *known == name.as_bytes())
                .ok_or_else(|| {
                    let text = format!(
                        "has no column {name}; expected {} of {}",
                        wanted.join(", "),
                        if is_trades {
                            "trades"
                        } else {
                            "incremental_book_L2"
                        }
                    );
                    DataError::row(&lines.place(), text)
                })?;
        }
        Ok(Table {
            is_trades,
            columns,
            width,
            next: None,
            in_snapshot: false,
            place: lines.place(),
            found: Found {
                has_receipt: true,
                ..Found::default()
            },
            lines,
        })
    }

    fn read(&mut self) -> DataResult<Option<Row>> {
        if !self.lines.advance()? {
            return Ok(None);
        }
        let mut fields: [&[u8]; 8] = [b""; 8];
        let mut width = 0;
        for (at, text) in self.lines.line().split(|b| *b == b',').enumerate() {
            width = at + 1;
            if let Some(field) = self.columns.iter().position(|column| *column == at) {
                fields[field] = text;
            }
        }
        let place = self.lines.place();
        if width != self.width {
            let text = format!("has {width} columns; expected {}", self.width);
            return Err(DataError::row(&place, text));
        }
        let [venue, symbol, exchange, local, other, side, px, qty] = fields;
        if venue == TARDIS_MOCK.as_bytes() && self.found.origin.is_none() {
            self.found.origin = Some(shown(symbol));
        }
        self.found.of_symbol(symbol, &place)?;
        let side = side_of(side, self.is_trades, &place)?;
        let is_snapshot = !self.is_trades && flag(other, &place)?;
        let kind = match (self.is_trades, is_snapshot) {
            (true, _) => TRADE,
            (false, true) => SNAPSHOT,
            (false, false) => DEPTH,
        };
        Ok(Some(Row {
            times: Times {
                exchange: time(exchange, "timestamp", MICROSECOND, &place)?,
                local: time(local, "local_timestamp", MICROSECOND, &place)?,
            },
            is_snapshot,
            what: kind | side,
            price: price(px, "price", &place)?,
            quantity: quantity(qty, "amount", &place)?,
        }))
    }

    /// Append a run of rows that are of a snapshot, or of none.
    fn append(&mut self, rows: &[Row], out: &mut Vec<Event>) {
        let Some(first) = rows.first() else {
            return;
        };
        let begins = first.is_snapshot && !self.in_snapshot;
        self.in_snapshot = first.is_snapshot;
        self.found.snapshots += u64::from(begins);
        if !first.is_snapshot {
            out.extend(rows.iter().map(Row::event));
            return;
        }
        for side in [BUY, SELL] {
            if begins {
                out.push(first.times.clear(side, 0.0));
            }
            let of_side = rows.iter().filter(|row| row.what & side != 0);
            out.extend(of_side.map(Row::event));
        }
    }
}

impl Row {
    fn event(&self) -> Event {
        self.times.event(self.what, self.price, self.quantity)
    }
}

impl Source for Table {
    fn next(&mut self, out: &mut Vec<Event>) -> DataResult<bool> {
        let first = match self.next.take() {
            Some(row) => row,
            None => match self.read()? {
                Some(row) => row,
                None => return Ok(false),
            },
        };
        let mut rows = vec![first];
        loop {
            self.place = self.lines.place();
            match self.read()? {
                Some(row) if row.times.local == first.times.local => {
                    if row.is_snapshot != rows[0].is_snapshot {
                        self.append(&rows, out);
                        rows.clear();
                    }
                    rows.push(row);
                    bounded(rows.len() + out.len(), &self.place)?;
                }
                other => {
                    self.next = other;
                    break;
                }
            }
        }
        self.append(&rows, out);
        Ok(true)
    }

    fn place(&self) -> Place {
        self.place.clone()
    }

    fn found(&self) -> &Found {
        &self.found
    }
}

fn side_of(text: &[u8], is_trade: bool, place: &Place) -> DataResult<u64> {
    match (text, is_trade) {
        (b"bid", false) | (b"buy", true) => Ok(BUY),
        (b"ask", false) | (b"sell", true) => Ok(SELL),
        (b"unknown", true) => Ok(0),
        (_, true) => Err(wrong(text, "side", "buy, sell or unknown", place)),
        (_, false) => Err(wrong(text, "side", "bid or ask", place)),
    }
}

fn flag(text: &[u8], place: &Place) -> DataResult<bool> {
    match text {
        b"true" | b"True" => Ok(true),
        b"false" | b"False" => Ok(false),
        _ => Err(DataError::row(
            place,
            format!("has is_snapshot = {}; expected true or false", shown(text)),
        )),
    }
}
