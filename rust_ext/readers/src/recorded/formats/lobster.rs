//! LOBSTER: a file of messages and a file of the book after each of them, line by line.
//!
//! Times are seconds after midnight; the day is that of the file's name (`AAPL_2012-06-21_..._message_10.csv`),
//! and 1970-01-01 where it names none. Prices are in units of 1/10000. There is no time of receipt.

use std::path::{Path, PathBuf};

use crate::recorded::book::{Levels, Pictures};
use crate::recorded::error::{DataError, DataResult};
use crate::recorded::event::{Event, Ns, Times, BUY, SELL, TRADE};
use crate::recorded::fields::{price, quantity, seconds, wrong};
use crate::recorded::formats::Format;
use crate::recorded::lines::Lines;
use crate::recorded::places::Place;
use crate::recorded::source::{Found, Source, Sources};
use crate::rows::LOBSTER_MOCK;

pub(crate) const FORMAT: Format = Format {
    name: "lobster",
    knows,
    open,
};

const MESSAGE: &str = "_message_";
const BOOK: &str = "_orderbook_";
const PRICE_UNIT: f64 = 10_000.0;
/// Price of a level that is not there: this or its negative.
const NO_LEVEL: &[u8] = b"9999999999";
const DAY_NS: Ns = 86_400 * 1_000_000_000;
/// A visible order was executed, a hidden one, an auction traded, trading was halted.
const EXECUTED: u8 = 4;
const HIDDEN: u8 = 5;
const CROSS: u8 = 6;
const HALT: u8 = 7;

fn knows(name: &str, _head: &[u8]) -> bool {
    name.contains(".csv") && (name.contains(MESSAGE) || name.contains(BOOK))
}

fn open(files: &[PathBuf]) -> Sources {
    let mut sources: Vec<Box<dyn Source>> = Vec::new();
    for file in files.iter().filter(|file| name_of(file).contains(MESSAGE)) {
        let book = name_of(file).replace(MESSAGE, BOOK);
        let Some(book) = files.iter().find(|other| name_of(other) == book) else {
            let text = format!(" has no {book} beside it; expected both files of a pair");
            return Err(DataError::file(file, text));
        };
        sources.push(Box::new(Pair::open(file, book)?));
    }
    if sources.len() * 2 != files.len() {
        let odd = files.iter().find(|file| name_of(file).contains(BOOK));
        let odd = odd.map_or(Path::new(""), PathBuf::as_path);
        let text = " has no file of messages beside it; expected both files of a pair";
        return Err(DataError::file(odd, text));
    }
    Ok(sources)
}

fn name_of(file: &Path) -> String {
    file.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

struct Pair {
    messages: Lines,
    book: Lines,
    midnight: Ns,
    pictures: Pictures,
    found: Found,
}

impl Pair {
    fn open(messages: &Path, book: &Path) -> DataResult<Self> {
        let name = name_of(messages);
        let symbol = name.split(['_', '.']).next().unwrap_or_default().to_owned();
        let origin = name.contains(LOBSTER_MOCK).then(|| symbol.clone());
        Ok(Pair {
            messages: Lines::open(messages)?,
            book: Lines::open(book)?,
            midnight: midnight(&name),
            pictures: Pictures::default(),
            found: Found {
                symbol: Some(symbol),
                origin,
                ..Found::default()
            },
        })
    }

    /// The book of the line that was read, best levels first.
    fn picture(&self) -> DataResult<[Levels; 2]> {
        let place = self.book.place();
        let mut sides = [Levels::new(), Levels::new()];
        let mut fields = self.book.line().split(|b| *b == b',');
        while let Some(ask) = fields.next() {
            let mut next = || {
                fields.next().ok_or_else(|| {
                    let text = "ends within a level; expected prices and sizes of both sides";
                    DataError::row(&place, text)
                })
            };
            let (ask_size, bid, bid_size) = (next()?, next()?, next()?);
            for (side, px, size) in [(1, ask, ask_size), (0, bid, bid_size)] {
                if px.strip_prefix(b"-").unwrap_or(px) != NO_LEVEL {
                    let px = price(px, "price", &place)? / PRICE_UNIT;
                    sides[side].push((px, quantity(size, "size", &place)?));
                }
            }
        }
        for (levels, falls, name) in [(&sides[0], true, "bids"), (&sides[1], false, "asks")] {
            if levels
                .windows(2)
                .any(|pair| (pair[0].0 > pair[1].0) != falls || pair[0].0 == pair[1].0)
            {
                let text = format!("has {name} out of order; expected the best price first");
                return Err(DataError::row(&place, text));
            }
        }
        Ok(sides)
    }
}

/// The fields of a message.
struct Message<'l> {
    times: Times,
    kind: u8,
    size: &'l [u8],
    price: &'l [u8],
    /// Of the order that the message is about.
    direction: &'l [u8],
}

impl<'l> Message<'l> {
    fn read(line: &'l [u8], midnight: Ns, place: &Place) -> DataResult<Self> {
        let fields: Vec<&[u8]> = line.split(|b| *b == b',').collect();
        let [time, kind, _order, size, px, direction, ..] = fields[..] else {
            let text = format!(
                "has {} columns; expected time, type, order, size, price and direction",
                fields.len()
            );
            return Err(DataError::row(place, text));
        };
        let kind = match kind {
            [digit @ b'1'..=b'7'] => digit - b'0',
            _ => return Err(wrong(kind, "type", "a number from 1 to 7", place)),
        };
        let at = midnight + seconds(time, "time", place)?;
        let times = Times {
            exchange: at,
            local: at,
        };
        Ok(Message {
            times,
            kind,
            size,
            price: px,
            direction,
        })
    }

    /// The trade that it is, if so: its aggressor is on the other side of the order. A trade with a hidden
    /// order has none here, as it takes nothing from what is displayed.
    fn trade(&self, place: &Place) -> DataResult<Option<Event>> {
        let aggressor = match (self.kind, self.direction) {
            (EXECUTED, b"1") => SELL,
            (EXECUTED, b"-1") => BUY,
            (HIDDEN, _) => 0,
            (EXECUTED, other) => return Err(wrong(other, "direction", "1 or -1", place)),
            _ => return Ok(None),
        };
        let px = price(self.price, "price", place)? / PRICE_UNIT;
        let size = quantity(self.size, "size", place)?;
        Ok(Some(self.times.event(TRADE | aggressor, px, size)))
    }
}

impl Source for Pair {
    fn next(&mut self, out: &mut Vec<Event>) -> DataResult<bool> {
        let (has_message, has_book) = (self.messages.advance()?, self.book.advance()?);
        let place = self.messages.place();
        if has_message != has_book {
            let longer = if has_message {
                place
            } else {
                self.book.place()
            };
            let text =
                "has no row of the other file; expected as many rows of messages as of the book";
            return Err(DataError::row(&longer, text));
        }
        if !has_message {
            return Ok(false);
        }
        let message = Message::read(self.messages.line(), self.midnight, &place)?;
        out.extend(message.trade(&place)?);
        match message.kind {
            CROSS => self.found.ignore("auction"),
            HALT => self.found.ignore("halt"),
            _ => {}
        }
        let times = message.times;
        let picture = self.picture()?;
        self.found.snapshots += u64::from(self.pictures.show(times, picture, out));
        Ok(true)
    }

    fn place(&self) -> Place {
        self.messages.place()
    }

    fn found(&self) -> &Found {
        &self.found
    }
}

/// Start of the day that a file's name has, as YYYY-MM-DD; of 1970-01-01 where it has none.
fn midnight(name: &str) -> Ns {
    let day = name.split('_').find_map(day_of);
    day.unwrap_or_default() * DAY_NS
}

/// Days since 1970 of a date of the years 1970 to 2099.
fn day_of(text: &str) -> Option<i64> {
    let mut parts = text.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let good = (1970..2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    // The first of March is the first day of a year that ends with February.
    let (year, month) = if month < 3 {
        (year - 1, month + 12)
    } else {
        (year, month)
    };
    let days =
        365 * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + day - 1;
    (good && parts.next().is_none()).then_some(days - 719_468)
}
