//! Recorded rows in the array format of hftbacktest 2: 64 bytes each, little-endian.

use crate::types::{Lots, Ns, Side, Tick};

/// Bytes of a row.
pub const ROW: usize = 64;

const EXCHANGE: u64 = 1 << 31;
const LOCAL: u64 = 1 << 30;
const BUY: u64 = 1 << 29;
const SELL: u64 = 1 << 28;
/// Largest price in ticks or quantity in lots: integers up to here are exact in a double.
const MOST: f64 = 9_007_199_254_740_992.0 / 8.0;

/// What a row says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Action {
    /// Quantity that now stands at a price.
    Depth { side: Side, tick: Tick, lots: Lots },
    /// A trade; the side is the aggressor's, None where the row does not say.
    Trade {
        side: Option<Side>,
        tick: Tick,
        lots: Lots,
    },
    /// Levels at the bound or better are gone; all of them where there is no bound, both sides where
    /// there is no side.
    Clear {
        side: Option<Side>,
        tick: Option<Tick>,
    },
    /// Nothing that concerns the book.
    Other,
}

/// The rows of a recording, with its tick and lot size.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    bytes: &'a [u8],
    ticks_per_unit: f64,
    lots_per_unit: f64,
}

impl<'a> Rows<'a> {
    /// Rows in a buffer.
    ///
    /// # Errors
    /// Where the buffer is no whole number of rows.
    pub fn new(bytes: &'a [u8], tick_size: f64, lot_size: f64) -> Result<Self, String> {
        if !bytes.len().is_multiple_of(ROW) {
            return Err(format!(
                "events has {} bytes, which is not a multiple of {ROW}",
                bytes.len()
            ));
        }
        Ok(Rows {
            bytes,
            // Multiplied, as a division takes several times as long; the error is far below half a tick.
            ticks_per_unit: 1.0 / tick_size,
            lots_per_unit: 1.0 / lot_size,
        })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.bytes.len() / ROW
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Exchange time of a row, ns; None where it is not an event of the exchange side.
    pub fn exchange_time(&self, row: usize) -> Option<Ns> {
        (self.word(row, 0) & EXCHANGE != 0).then(|| self.word(row, 8) as Ns)
    }

    /// Local time of a row, ns; None where it is not an event of the local side.
    pub fn local_time(&self, row: usize) -> Option<Ns> {
        (self.word(row, 0) & LOCAL != 0).then(|| self.word(row, 16) as Ns)
    }

    /// Delay of a row from exchange to receiver, ms.
    pub fn lag_ms(&self, row: usize) -> f64 {
        let lag = (self.word(row, 16) as Ns).saturating_sub(self.word(row, 8) as Ns);
        lag as f64 / 1e6
    }

    /// What a row says.
    ///
    /// # Errors
    /// Where price or quantity is not a number in range, or a depth row has no side.
    pub fn action(&self, row: usize) -> Result<Action, String> {
        let ev = self.word(row, 0);
        let side = match (ev & BUY != 0, ev & SELL != 0) {
            (true, false) => Some(Side::Buy),
            (false, true) => Some(Side::Sell),
            _ => None,
        };
        match ev & 0xff {
            1 | 4 => {
                let side = side.ok_or_else(|| format!("row {row}: depth without a side"))?;
                let (tick, lots) = self.level(row)?;
                Ok(Action::Depth { side, tick, lots })
            }
            2 => {
                let (tick, lots) = self.level(row)?;
                Ok(Action::Trade { side, tick, lots })
            }
            3 => {
                let px = self.double(row, 24);
                let bounded = px.is_finite() && px > 0.0;
                let tick = if bounded {
                    Some(self.tick(row, px)?)
                } else {
                    None
                };
                Ok(Action::Clear { side, tick })
            }
            _ => Ok(Action::Other),
        }
    }

    #[inline]
    fn level(&self, row: usize) -> Result<(Tick, Lots), String> {
        let tick = self.tick(row, self.double(row, 24))?;
        let qty = self.double(row, 32);
        let lots = qty * self.lots_per_unit;
        if !(0.0..=MOST).contains(&lots) {
            return Err(format!("row {row}: quantity {qty} is not a usable number"));
        }
        Ok((tick, nearest(lots)))
    }

    #[inline]
    fn tick(&self, row: usize, px: f64) -> Result<Tick, String> {
        let tick = px * self.ticks_per_unit;
        if !(0.5..=MOST).contains(&tick) {
            return Err(format!("row {row}: price {px} is not a usable number"));
        }
        Ok(nearest(tick))
    }

    #[inline]
    fn word(&self, row: usize, offset: usize) -> u64 {
        let at = row * ROW + offset;
        let mut word = [0; 8];
        if let Some(bytes) = self.bytes.get(at..at + 8) {
            word.copy_from_slice(bytes);
        }
        u64::from_le_bytes(word)
    }

    fn double(&self, row: usize, offset: usize) -> f64 {
        f64::from_bits(self.word(row, offset))
    }
}

/// The nearest integer of a number that is not negative; a cast, as `round` is a call without SSE4.1.
#[inline]
fn nearest(number: f64) -> i64 {
    (number + 0.5) as i64
}
