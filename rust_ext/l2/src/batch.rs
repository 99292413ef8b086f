//! Many updates at once, from columns: all of them or none.

use super::book::{Book, BookSide};
use super::error::BookError;
use super::grid::{integer, is_whole, rounded, Grid, MOST_LOTS, MOST_TICKS};
use super::half::Half;
use super::sequence;

/// Rows that are checked between two looks at the outcome; small enough to stay in the first cache.
const CHUNK: usize = 512;

/// Sequence numbers of a batch.
#[derive(Debug, Clone, Copy)]
pub enum Numbers<'a> {
    /// None.
    Without,
    /// The batch is one update with this number.
    One(i64),
    /// A number per row; rows of one update share it.
    Each(&'a [i64]),
}

/// Updates as columns of one length.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// 1 for bids, -1 for asks.
    pub sides: &'a [i8],
    pub prices: &'a [f64],
    /// Sizes that now stand; 0 removes the level.
    pub sizes: &'a [f64],
    pub numbers: Numbers<'a>,
}

impl Book {
    /// Apply every row in its order, or none.
    ///
    /// # Errors
    /// For columns of different lengths, and naming the first row that `apply_delta` would refuse.
    pub fn apply_batch(&mut self, batch: Batch<'_>) -> Result<(), BookError> {
        same_lengths(&batch)?;
        let seq = match batch.numbers {
            Numbers::Without => sequence::after(self.seq, None)?,
            Numbers::One(seq) => sequence::after(self.seq, Some(seq))?,
            Numbers::Each(given) => sequence::after_rows(self.seq, given)?,
        };
        self.check_rows(&batch)?;
        match self.lots {
            None => self.apply_rows(&batch, |size| size),
            Some(grid) => self.apply_rows(&batch, |size| rounded(grid.count(size))),
        }
        self.seq = seq;
        Ok(())
    }

    fn check_rows(&self, batch: &Batch<'_>) -> Result<(), BookError> {
        let columns = batch.sides.chunks(CHUNK).zip(batch.prices.chunks(CHUNK));
        for (chunk, ((sides, prices), sizes)) in columns.zip(batch.sizes.chunks(CHUNK)).enumerate()
        {
            let good = sides_are_good(sides)
                & counts_are_good(self.ticks, prices, 0.5, MOST_TICKS)
                & match self.lots {
                    None => sizes_are_good(sizes),
                    Some(grid) => counts_are_good(grid, sizes, 0.0, MOST_LOTS),
                };
            if !good {
                self.name_bad_row(batch, chunk * CHUNK)?;
            }
        }
        Ok(())
    }

    #[cold]
    fn name_bad_row(&self, batch: &Batch<'_>, from: usize) -> Result<(), BookError> {
        for row in from..batch.sides.len() {
            BookSide::of(i64::from(batch.sides[row]))
                .and_then(|_| self.tick_of(batch.prices[row]))
                .and_then(|_| self.lots_of(batch.sizes[row]))
                .map_err(|e| e.in_row("row", row))?;
        }
        Ok(())
    }

    fn apply_rows(&mut self, batch: &Batch<'_>, lots_of: impl Fn(f64) -> f64) {
        let ticks = self.ticks;
        let mut keys = [0i64; CHUNK];
        let columns = batch.sides.chunks(CHUNK).zip(batch.prices.chunks(CHUNK));
        for ((sides, prices), sizes) in columns.zip(batch.sizes.chunks(CHUNK)) {
            for (key, (side, price)) in keys.iter_mut().zip(sides.iter().zip(prices)) {
                *key = integer(f64::from(*side) * in_range(ticks.count(*price)));
            }
            for (key, size) in keys.iter().zip(sizes) {
                self.halves[usize::from(*key < 0)].put(*key, lots_of(*size));
            }
            // Once per chunk: the best prices are not read in between, and the window follows soon enough.
            self.halves.iter_mut().for_each(Half::settle);
        }
    }
}

/// The count, as the rows are good; not so where the caller writes to them meanwhile.
#[inline(always)]
fn in_range(count: f64) -> f64 {
    let least = if count > 1.0 { count } else { 1.0 };
    if least < MOST_TICKS {
        least
    } else {
        MOST_TICKS
    }
}

fn same_lengths(batch: &Batch<'_>) -> Result<(), BookError> {
    let rows = batch.sides.len();
    let numbers = match batch.numbers {
        Numbers::Each(given) => given.len(),
        _ => rows,
    };
    if batch.prices.len() != rows || batch.sizes.len() != rows || numbers != rows {
        return Err(BookError::Lengths {
            sides: rows,
            prices: batch.prices.len(),
            sizes: batch.sizes.len(),
            numbers,
        });
    }
    Ok(())
}

// Without branches inside, these loops become vector code.

fn sides_are_good(sides: &[i8]) -> bool {
    sides
        .iter()
        .fold(true, |good, side| good & ((*side == 1) | (*side == -1)))
}

fn counts_are_good(grid: Grid, numbers: &[f64], least: f64, most: f64) -> bool {
    numbers.iter().fold(true, |good, number| {
        let count = grid.count(*number);
        good & (count >= least) & (count <= most) & is_whole(count)
    })
}

fn sizes_are_good(sizes: &[f64]) -> bool {
    sizes.iter().fold(true, |good, size| {
        good & (*size >= 0.0) & (*size <= MOST_LOTS)
    })
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
