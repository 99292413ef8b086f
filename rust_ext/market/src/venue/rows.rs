//! Recorded rows in the array format of hftbacktest 2: 64 bytes each, little-endian.

use readers::rows::{
    BUY, CLEAR, DEPTH, EXCHANGE, GAP, LOCAL, MOST_DELAY_NS, MOST_UNITS, OFF_GRID, ROUNDING, ROW,
    SELL, SNAPSHOT, TRADE,
};

use crate::types::{ms_of_ns, Lots, Ns, Side, Tick};

/// Why recorded rows cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RowError {
    /// A buffer that ends within a row.
    #[error("events has {0} bytes, which is not a multiple of {size}", size = ROW)]
    Partial(usize),
    /// A buffer without a row of the exchange's side.
    #[error("events holds no event of the exchange side")]
    NoExchange,
    /// A depth row without a side.
    #[error("row {0}: depth without a side")]
    NoSide(usize),
    /// A price that is no number in range.
    #[error("row {row}: price {price} is not a usable number")]
    Price { row: usize, price: f64 },
    /// A quantity that is no number in range.
    #[error("row {row}: quantity {quantity} is not a usable number")]
    Quantity { row: usize, quantity: f64 },
}

/// What a row says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Action {
    /// Quantity that now stands at a price.
    Depth { side: Side, tick: Tick, lots: Lots },
    /// A trade; the side is the aggressor's, None where the row does not say.
    Trade {
        side: Option<Side>,
        tick: Tick,
        lots: Lots,
    },
    /// Levels at the bound or better are removed; all of them where there is no bound, both sides where
    /// there is no side.
    Clear {
        side: Option<Side>,
        tick: Option<Tick>,
    },
    /// Rows are missing: the book is not known from here on, until both sides are cleared.
    Gap,
    /// Nothing that concerns the book: a row of another kind.
    Other { kind: u8 },
    /// A trade at a price that the book does not have.
    OffGrid,
}

/// A walk along one of the two time axes of a recording.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor {
    pub row: usize,
    /// Time that has been reached; times never go back.
    pub at: Ns,
}

/// The rows of a recording, with its tick and lot size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a> {
    rows: &'a [[u8; ROW]],
    ticks_per_unit: f64,
    lots_per_unit: f64,
}

impl<'a> Rows<'a> {
    /// Rows in a buffer.
    ///
    /// # Errors
    /// Where the buffer is no whole number of rows.
    pub(crate) fn new(bytes: &'a [u8], tick_size: f64, lot_size: f64) -> Result<Self, RowError> {
        let (rows, rest) = bytes.as_chunks();
        if !rest.is_empty() {
            return Err(RowError::Partial(bytes.len()));
        }
        Ok(Rows {
            rows,
            // Multiplied, as a division takes several times as long; the error is far below half a tick.
            ticks_per_unit: 1.0 / tick_size,
            lots_per_unit: 1.0 / lot_size,
        })
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// A row, None behind the last one.
    #[inline]
    pub(crate) fn get(&self, row: usize) -> Option<Row<'a>> {
        self.rows.get(row).map(Row)
    }

    /// When the first row from a number on was sent that is received; None where none of the time until
    /// `end` is. Times are since `zero`.
    pub(crate) fn next_sent(&self, row: usize, zero: Ns, end: Ns) -> Option<Ns> {
        let since = |time: Ns| time.saturating_sub(zero);
        let late =
            |row: &Row| row.exchange_time().map(since) > Some(end.saturating_add(MOST_DELAY_NS));
        (row..self.len())
            .filter_map(|row| self.get(row))
            .take_while(|row| !late(row))
            .find(|row| row.local_time().is_some())
            .map(|row| since(row.sent()))
    }

    /// Ask the memory for a row that is read soon; a hint that changes nothing else.
    #[inline(always)]
    pub(crate) fn expect(&self, row: usize) {
        #[cfg(target_arch = "x86_64")]
        if let Some(row) = self.rows.get(row) {
            use core::arch::x86_64::{_mm_prefetch, _MM_HINT_T0};
            // SAFETY: every x86-64 processor has the instruction, and it loads nothing that a program can see.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(row.as_ptr().cast()) };
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = row;
    }

    /// What a row says, which is the row of that number.
    ///
    /// # Errors
    /// Where price or quantity is not a number in range, or a depth row has no side.
    #[inline(always)]
    pub(crate) fn action(&self, row: Row<'_>, number: usize) -> Result<Action, RowError> {
        self.read(row).ok_or_else(|| self.flaw(row, number))
    }

    // Always, as both cursors of a replay read each row: a call would pass its action through memory.
    #[inline(always)]
    fn read(&self, row: Row<'_>) -> Option<Action> {
        let bits = row.word::<0>();
        Some(match bits & 0xff {
            DEPTH | SNAPSHOT => Action::Depth {
                side: side_of(bits)?,
                tick: self.tick(row)?,
                lots: self.lots(row)?,
            },
            TRADE => match (self.tick_on_grid(row), self.lots(row)) {
                (Some(tick), Some(lots)) => Action::Trade {
                    side: side_of(bits),
                    tick,
                    lots,
                },
                _ => Action::OffGrid,
            },
            CLEAR => {
                let px = row.px();
                let bounded = px.is_finite() && px > 0.0;
                let tick = if bounded { Some(self.tick(row)?) } else { None };
                let side = side_of(bits);
                Action::Clear { side, tick }
            }
            GAP => Action::Gap,
            kind => Action::Other { kind: kind as u8 },
        })
    }

    #[inline]
    fn tick(&self, row: Row<'_>) -> Option<Tick> {
        let tick = row.px() * self.ticks_per_unit;
        (0.5..=MOST_UNITS).contains(&tick).then(|| nearest(tick))
    }

    #[inline]
    fn tick_on_grid(&self, row: Row<'_>) -> Option<Tick> {
        let exact = row.px() * self.ticks_per_unit;
        self.tick(row)
            .filter(|tick| (exact - *tick as f64).abs() <= OFF_GRID + ROUNDING * exact)
    }

    #[inline]
    fn lots(&self, row: Row<'_>) -> Option<Lots> {
        let lots = row.qty() * self.lots_per_unit;
        (0.0..=MOST_UNITS).contains(&lots).then(|| nearest(lots))
    }

    #[cold]
    fn flaw(&self, row: Row<'_>, number: usize) -> RowError {
        let bits = row.word::<0>();
        if matches!(bits & 0xff, 1 | 4) && side_of(bits).is_none() {
            return RowError::NoSide(number);
        }
        match self.tick(row) {
            None => RowError::Price {
                row: number,
                price: row.px(),
            },
            Some(_) => RowError::Quantity {
                row: number,
                quantity: row.qty(),
            },
        }
    }
}

/// One row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row<'a>(&'a [u8; ROW]);

impl Row<'_> {
    /// Exchange time, ns; None where it is not an event of the exchange side.
    #[inline]
    pub(crate) fn exchange_time(self) -> Option<Ns> {
        (self.word::<0>() & EXCHANGE != 0).then(|| self.sent())
    }

    /// Local time, ns; None where it is not an event of the local side.
    #[inline]
    pub(crate) fn local_time(self) -> Option<Ns> {
        (self.word::<0>() & LOCAL != 0).then(|| self.word::<16>() as Ns)
    }

    /// When it was sent, ns, also where it is an event of the local side alone.
    #[inline]
    pub(crate) fn sent(self) -> Ns {
        self.word::<8>() as Ns
    }

    /// What kind of row it is.
    pub(crate) fn kind(self) -> u64 {
        self.word::<0>() & 0xff
    }

    /// Delay from exchange to receiver, ms.
    #[inline]
    pub(crate) fn lag_ms(self) -> f64 {
        let lag = (self.word::<16>() as Ns).saturating_sub(self.sent());
        ms_of_ns(lag)
    }

    #[inline]
    fn px(self) -> f64 {
        f64::from_bits(self.word::<24>())
    }

    #[inline]
    fn qty(self) -> f64 {
        f64::from_bits(self.word::<32>())
    }

    #[inline]
    fn word<const AT: usize>(self) -> u64 {
        let mut word = [0; 8];
        word.copy_from_slice(&self.0[AT..AT + 8]);
        u64::from_le_bytes(word)
    }
}

/// What a row is that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Depth = DEPTH as isize,
    Trade = TRADE as isize,
    Snapshot = SNAPSHOT as isize,
}

/// A row of both the exchange's and the local side, received when it was sent; the side of a trade is the
/// aggressor's. Price and quantity are in units.
pub(crate) fn encode(kind: Kind, side: Side, at: Ns, px: f64, qty: f64) -> [u8; ROW] {
    let bits = match side {
        Side::Buy => BUY,
        Side::Sell => SELL,
    };
    let event = EXCHANGE | LOCAL | bits | kind as u64;
    let time = at as u64;
    let words = [event, time, time, px.to_bits(), qty.to_bits(), 0, 0, 0];
    let mut row = [0; ROW];
    for (bytes, word) in row.chunks_exact_mut(8).zip(words) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    row
}

/// Let rows be received at a time.
pub(crate) fn received(rows: &mut [u8], at: Ns) {
    for row in rows.chunks_exact_mut(ROW) {
        row[16..24].copy_from_slice(&at.to_le_bytes());
    }
}

fn side_of(bits: u64) -> Option<Side> {
    match (bits & BUY != 0, bits & SELL != 0) {
        (true, false) => Some(Side::Buy),
        (false, true) => Some(Side::Sell),
        _ => None,
    }
}

/// The nearest integer of a number that is not negative; a cast, as `round` is a call without SSE4.1.
#[inline]
fn nearest(number: f64) -> i64 {
    (number + 0.5) as i64
}
