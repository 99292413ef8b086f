//! What the book says: best prices, mid, microprice, imbalance, depth, cost of a size.

use super::book::{Book, BookSide};
use super::error::BookError;
use super::grid::{is_whole, rounded};

/// Share of a wanted size that may be missing for the rounding of sums of sizes.
const DUST: f64 = 1e-12;

impl Book {
    /// Price and size of the best level of a side.
    pub fn best(&self, side: BookSide) -> Option<(f64, f64)> {
        let (tick, lots) = self.top(side)?;
        Some((self.price(tick), self.size(lots)))
    }

    /// Halfway between the best prices.
    pub fn mid(&self) -> Option<f64> {
        let ((bid, _), (ask, _)) = self.tops()?;
        Some(self.ticks.value((bid + ask) as f64 * 0.5))
    }

    /// Best ask minus best bid; not positive while the book is crossed.
    pub fn spread(&self) -> Option<f64> {
        let ((bid, _), (ask, _)) = self.tops()?;
        Some(self.ticks.value((ask - bid) as f64))
    }

    /// The best prices weighted with the size of the other side.
    pub fn microprice(&self) -> Option<f64> {
        let ((bid, bid_lots), (ask, ask_lots)) = self.tops()?;
        let share = bid_lots / (bid_lots + ask_lots);
        Some(self.ticks.value(bid as f64 + (ask - bid) as f64 * share))
    }

    /// (Bids - asks) / (bids + asks), sizes of the `levels` best levels; None where both sides are empty.
    pub fn imbalance(&self, levels: usize) -> Option<f64> {
        let [bids, asks] = [BookSide::Bid, BookSide::Ask].map(|side| {
            let best = self.half(side).levels().take(levels);
            best.map(|(_, lots)| lots).sum::<f64>()
        });
        (bids + asks > 0.0).then(|| (bids - asks) / (bids + asks))
    }

    /// Price and size of the `levels` best levels of a side, best first.
    pub fn depth(&self, side: BookSide, levels: usize) -> Vec<(f64, f64)> {
        let best = self.half(side).levels().take(levels);
        best.map(|(key, lots)| (self.price(key * side.sign()), self.size(lots)))
            .collect()
    }

    /// Average price of the best `size` of a side; None where the side holds less.
    ///
    /// # Errors
    /// Where `size` is not a finite number above 0.
    pub fn vwap(&self, side: BookSide, size: f64) -> Result<Option<f64>, BookError> {
        if !(size > 0.0 && size.is_finite()) {
            return Err(BookError::NoQuantity(size));
        }
        let wanted = self.wanted(size);
        let Some(best) = self.half(side).best() else {
            return Ok(None);
        };
        let (mut left, mut paid) = (wanted, 0.0);
        for (key, lots) in self.half(side).levels() {
            let taken = lots.min(left);
            // From the best price on, so that the digits are spent on what differs.
            paid += taken * (key - best) as f64;
            left -= taken;
            if left <= wanted * DUST {
                let ticks = best as f64 + paid / wanted;
                return Ok(Some(self.ticks.value(ticks * side.sign() as f64)));
            }
        }
        Ok(None)
    }

    fn wanted(&self, size: f64) -> f64 {
        match self.lots {
            None => size,
            Some(grid) => {
                let count = grid.count(size);
                if count >= 0.5 && is_whole(count) {
                    rounded(count)
                } else {
                    count
                }
            }
        }
    }

    fn top(&self, side: BookSide) -> Option<(i64, f64)> {
        let half = self.half(side);
        let best = half.best()?;
        Some((best * side.sign(), half.get(best)))
    }

    fn tops(&self) -> Option<((i64, f64), (i64, f64))> {
        Some((self.top(BookSide::Bid)?, self.top(BookSide::Ask)?))
    }
}
