//! The book: two sides, the grid of prices and sizes, the sequence number.

use super::error::BookError;
use super::grid::{integer, is_whole, Grid, MOST_LOTS, MOST_TICKS};
use super::half::{Half, LEAST_WINDOW, MOST_WINDOW};
use super::sequence;

/// Side of the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookSide {
    Bid,
    Ask,
}

impl BookSide {
    /// +1 for bids, -1 for asks.
    pub fn sign(self) -> i64 {
        match self {
            BookSide::Bid => 1,
            BookSide::Ask => -1,
        }
    }

    /// The side with a sign.
    ///
    /// # Errors
    /// Where `sign` is neither 1 nor -1.
    pub fn of(sign: i64) -> Result<Self, BookError> {
        match sign {
            1 => Ok(BookSide::Bid),
            -1 => Ok(BookSide::Ask),
            _ => Err(BookError::Side(sign)),
        }
    }
}

/// An order book by price. What is refused leaves it as it was.
#[derive(Debug, Clone)]
pub struct Book {
    pub(super) ticks: Grid,
    pub(super) lots: Option<Grid>,
    /// Bids, asks.
    pub(super) halves: [Half; 2],
    pub(super) seq: Option<i64>,
}

impl Book {
    /// An empty book; `window` is the number of ticks per side that are kept in the fast array.
    ///
    /// # Errors
    /// Where a size or the window is out of range.
    pub fn new(tick_size: f64, lot_size: Option<f64>, window: usize) -> Result<Self, BookError> {
        if !(LEAST_WINDOW..=MOST_WINDOW).contains(&window) {
            return Err(BookError::Window(window));
        }
        Ok(Book {
            ticks: Grid::new("tick_size", tick_size)?,
            lots: lot_size
                .map(|size| Grid::new("lot_size", size))
                .transpose()?,
            halves: [Half::new(window), Half::new(window)],
            seq: None,
        })
    }

    /// Tick size.
    pub fn tick_size(&self) -> f64 {
        self.ticks.size()
    }

    /// Lot size; None where sizes may be any numbers.
    pub fn lot_size(&self) -> Option<f64> {
        self.lots.map(|grid| grid.size())
    }

    /// Number of the last update; None where updates bear none.
    pub fn seq(&self) -> Option<i64> {
        self.seq
    }

    /// Levels of a side that wait outside its window.
    pub fn outside(&self, side: BookSide) -> usize {
        self.half(side).outside()
    }

    /// Replace the book by a snapshot: pairs of price and size, in any order.
    ///
    /// # Errors
    /// For a bad number, a size of 0, a price that comes twice, bids that reach the asks.
    pub fn apply_snapshot(
        &mut self,
        bids: &[(f64, f64)],
        asks: &[(f64, f64)],
        seq: Option<i64>,
    ) -> Result<(), BookError> {
        seq.map_or(Ok(()), sequence::not_negative)?;
        let bids = self.side_of_snapshot(BookSide::Bid, bids)?;
        let asks = self.side_of_snapshot(BookSide::Ask, asks)?;
        if let (Some((bid, _)), Some((ask, _))) = (bids.last(), asks.last()) {
            if *bid >= -ask {
                return Err(BookError::Crossed {
                    bid: self.price(*bid),
                    ask: self.price(-ask),
                });
            }
        }
        self.halves[0].reset(&bids);
        self.halves[1].reset(&asks);
        self.seq = seq;
        Ok(())
    }

    /// Set the size at a price; 0 removes the level.
    ///
    /// # Errors
    /// For a bad number, or a sequence number that does not follow.
    pub fn apply_delta(
        &mut self,
        side: BookSide,
        price: f64,
        size: f64,
        seq: Option<i64>,
    ) -> Result<(), BookError> {
        let seq = sequence::after(self.seq, seq)?;
        let tick = self.tick_of(price)?;
        let lots = self.lots_of(size)?;
        self.half_mut(side).set(tick * side.sign(), lots);
        self.seq = seq;
        Ok(())
    }

    pub(super) fn half(&self, side: BookSide) -> &Half {
        &self.halves[usize::from(side == BookSide::Ask)]
    }

    fn half_mut(&mut self, side: BookSide) -> &mut Half {
        &mut self.halves[usize::from(side == BookSide::Ask)]
    }

    pub(super) fn price(&self, tick: i64) -> f64 {
        self.ticks.value(tick as f64)
    }

    pub(super) fn size(&self, lots: f64) -> f64 {
        self.lots.map_or(lots, |grid| grid.value(lots))
    }

    pub(super) fn tick_of(&self, price: f64) -> Result<i64, BookError> {
        let count = self.ticks.count(price);
        if !price.is_finite() {
            return Err(BookError::PriceNotFinite(price));
        }
        if !(0.5..=MOST_TICKS).contains(&count) {
            return Err(BookError::PriceOutOfRange {
                price,
                tick_size: self.tick_size(),
            });
        }
        if !is_whole(count) {
            return Err(BookError::OffTick {
                price,
                tick_size: self.tick_size(),
            });
        }
        Ok(integer(count))
    }

    pub(super) fn lots_of(&self, size: f64) -> Result<f64, BookError> {
        if !size.is_finite() {
            return Err(BookError::SizeNotFinite(size));
        }
        if size < 0.0 {
            return Err(BookError::SizeNegative(size));
        }
        let count = self.lots.map_or(size, |grid| grid.count(size));
        if count > MOST_LOTS {
            return Err(BookError::SizeTooLarge(size));
        }
        match self.lots {
            Some(grid) if !is_whole(count) => Err(BookError::OffLot {
                size,
                lot_size: grid.size(),
            }),
            Some(_) => Ok(super::grid::rounded(count)),
            None => Ok(count),
        }
    }

    /// Keys and lots by key, worst first.
    fn side_of_snapshot(
        &self,
        side: BookSide,
        levels: &[(f64, f64)],
    ) -> Result<Vec<(i64, f64)>, BookError> {
        let name = if side == BookSide::Bid { "bid" } else { "ask" };
        let mut found = Vec::with_capacity(levels.len());
        for (row, (price, size)) in levels.iter().enumerate() {
            let level = self.level_of_snapshot(*price, *size);
            let (tick, lots) = level.map_err(|e| e.in_row(name, row))?;
            found.push((tick * side.sign(), lots));
        }
        found.sort_unstable_by_key(|(key, _)| *key);
        match found.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(BookError::Duplicate {
                side: name,
                price: self.price(pair[0].0 * side.sign()),
            }),
            None => Ok(found),
        }
    }

    fn level_of_snapshot(&self, price: f64, size: f64) -> Result<(i64, f64), BookError> {
        let level = (self.tick_of(price)?, self.lots_of(size)?);
        if level.1 > 0.0 {
            Ok(level)
        } else {
            Err(BookError::EmptyLevel(size))
        }
    }
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
