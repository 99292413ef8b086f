//! Archives of Bybit: order books (`2024-08-08_BTCUSDT_ob500.data.zip`, a JSON message a line) and trades
//! (`BTCUSDT2024-08-08.csv.gz`). There is no time of receipt.
//!
//! A message of type `snapshot` begins the book anew; the `u` of each `delta` is one more than that before.

use std::path::PathBuf;

use serde::Deserialize;

use crate::recorded::error::{DataError, DataResult};
use crate::recorded::event::{Event, Ns, Times, BUY, DEPTH, SELL, SNAPSHOT, TRADE};
use crate::recorded::fields::{digits, price, quantity, seconds, wrong};
use crate::recorded::formats::Format;
use crate::recorded::json::{count, levels, parsed, text, Raw};
use crate::recorded::lines::Lines;
use crate::recorded::places::Place;
use crate::recorded::source::{bounded, Found, Source, Sources};

pub(crate) const FORMAT: Format = Format {
    name: "bybit",
    knows,
    open,
};

/// Start of the header of a file of trades.
const HEAD: &str = "timestamp,symbol,side,size,price";

fn knows(_name: &str, head: &[u8]) -> bool {
    let first = head.split(|b| *b == b'\n').next().unwrap_or_default();
    is_trades(first.trim_ascii()) || is_book(first)
}

fn is_trades(line: &[u8]) -> bool {
    line.starts_with(HEAD.as_bytes())
}

fn is_book(line: &[u8]) -> bool {
    let topic = b"\"orderbook.";
    line.starts_with(b"{") && line.windows(topic.len()).any(|at| at == topic)
}

/// Trades before depth: a trade is told before the depth that it left.
fn open(files: &[PathBuf]) -> Sources {
    let (mut trades, mut books): (Vec<Box<dyn Source>>, Vec<Books>) = (Vec::new(), Vec::new());
    for file in files {
        let mut lines = Lines::open(file)?;
        if lines.advance()? && is_trades(lines.line()) {
            trades.push(Box::new(Trades {
                lines,
                found: Found::default(),
            }));
        } else {
            books.push(Books::open(lines)?);
        }
    }
    for (is_there, what) in [
        (!trades.is_empty(), "trades"),
        (!books.is_empty(), "order books"),
    ] {
        if let (false, Some(first)) = (is_there, files.first()) {
            let text = format!(" has no file of {what} beside it; expected both");
            return Err(DataError::file(first, text));
        }
    }
    // Days follow each other with one sequence.
    books.sort_by_key(|book| book.first);
    let chain = Chain {
        books,
        known: None,
        place: None,
        found: Found::default(),
    };
    trades.push(Box::new(chain));
    Ok(trades)
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, rename = "type")]
    kind: Raw<'a>,
    #[serde(borrow)]
    ts: Raw<'a>,
    #[serde(borrow)]
    data: Option<Data<'a>>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    s: Raw<'a>,
    #[serde(borrow)]
    u: Raw<'a>,
    #[serde(borrow)]
    b: Raw<'a>,
    #[serde(borrow)]
    a: Raw<'a>,
}

/// A file of order books, at a line that was not taken yet.
struct Books {
    lines: Lines,
    first: Ns,
}

impl Books {
    fn open(lines: Lines) -> DataResult<Self> {
        let place = lines.place();
        let message: Message<'_> = parsed(lines.line(), &place)?;
        let first = digits(text(message.ts, "ts", &place)?, "ts", &place)?;
        Ok(Books { lines, first })
    }
}

/// The files of order books, one after the other.
struct Chain {
    books: Vec<Books>,
    /// Number and time of the last message, while the book is known.
    known: Option<(u64, Ns)>,
    place: Option<Place>,
    found: Found,
}

impl Chain {
    fn message(&mut self, line: &[u8], place: &Place, out: &mut Vec<Event>) -> DataResult<()> {
        let message: Message<'_> = parsed(line, place)?;
        let Some(data) = message.data else {
            self.found.ignore("message without data");
            return Ok(());
        };
        self.found.of_symbol(text(data.s, "s", place)?, place)?;
        let at = digits(text(message.ts, "ts", place)?, "ts", place)?;
        let times = Times {
            exchange: at,
            local: at,
        };
        let number = count(data.u, "u", place)?;
        let whole = match text(message.kind, "type", place)? {
            b"snapshot" => true,
            b"delta" => false,
            other => return Err(wrong(other, "type", "snapshot or delta", place)),
        };
        match self.known {
            _ if whole => self.found.snapshots += 1,
            None => {
                self.found.ignore("delta of a book that is not known");
                return Ok(());
            }
            Some((last, _)) if number == last + 1 => {}
            Some((_, before)) => {
                self.found.gaps += 1;
                let times = Times {
                    exchange: before,
                    local: at,
                };
                out.push(times.gap());
                self.known = None;
                return Ok(());
            }
        }
        self.known = Some((number, at));
        for (raw, name, side) in [(data.b, "b", BUY), (data.a, "a", SELL)] {
            if whole {
                out.push(times.clear(side, 0.0));
            }
            let kind = if whole { SNAPSHOT } else { DEPTH };
            levels(raw, name, (times, kind | side), place, out)?;
        }
        bounded(out.len(), place)
    }
}

impl Source for Chain {
    fn next(&mut self, out: &mut Vec<Event>) -> DataResult<bool> {
        if self.books.is_empty() {
            return Ok(false);
        }
        let mut book = self.books.remove(0);
        let place = book.lines.place();
        self.message(book.lines.line(), &place, out)?;
        self.place = Some(place);
        if book.lines.advance()? {
            self.books.insert(0, book);
        }
        Ok(true)
    }

    fn place(&self) -> Place {
        self.place.clone().unwrap_or_else(Place::none)
    }

    fn found(&self) -> &Found {
        &self.found
    }
}

/// A file of trades, behind its head.
struct Trades {
    lines: Lines,
    found: Found,
}

impl Source for Trades {
    fn next(&mut self, out: &mut Vec<Event>) -> DataResult<bool> {
        if !self.lines.advance()? {
            return Ok(false);
        }
        let place = self.lines.place();
        let fields: Vec<&[u8]> = self.lines.line().split(|b| *b == b',').collect();
        let [at, symbol, side, size, px, ..] = fields[..] else {
            let text = format!("has {} columns; expected {HEAD} and more", fields.len());
            return Err(DataError::row(&place, text));
        };
        let at = seconds(at, "timestamp", &place)?;
        self.found.of_symbol(symbol, &place)?;
        let side = match side {
            b"Buy" => BUY,
            b"Sell" => SELL,
            other => return Err(wrong(other, "side", "Buy or Sell", &place)),
        };
        let times = Times {
            exchange: at,
            local: at,
        };
        let (px, qty) = (price(px, "price", &place)?, quantity(size, "size", &place)?);
        out.push(times.event(TRADE | side, px, qty));
        Ok(true)
    }

    fn place(&self) -> Place {
        self.lines.place()
    }

    fn found(&self) -> &Found {
        &self.found
    }
}
