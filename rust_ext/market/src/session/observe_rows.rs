//! A recording, recorded for analysis of the market itself.

use crate::book::displayed::Displayed;
use crate::error::MarketError;
use crate::types::{Ns, Side};
use crate::venue::rows::{Action, Rows};
use crate::venue::tape::{Column, Sight, Tape, Trade};
use crate::world::STEP;

/// A recording that is recorded piece by piece.
#[derive(Debug)]
pub struct RowsObservation<'a> {
    rows: Rows<'a>,
    row: usize,
    zero: Option<Ns>,
    next_sample: Ns,
    book: Displayed,
    tape: Tape,
}

impl<'a> RowsObservation<'a> {
    /// Prepare; depth is that of the `levels` best prices.
    ///
    /// # Errors
    /// Where the buffer is no whole number of rows.
    pub fn new(
        bytes: &'a [u8],
        tick_size: f64,
        lot_size: f64,
        levels: usize,
    ) -> Result<Self, MarketError> {
        Ok(RowsObservation {
            rows: Rows::new(bytes, tick_size, lot_size)?,
            row: 0,
            zero: None,
            next_sample: STEP,
            book: Displayed::new(),
            tape: Tape::new(levels),
        })
    }

    /// Read at most `budget` rows; the columns once all are read. Times are relative to the first row.
    ///
    /// # Errors
    /// Where a row cannot be used.
    pub fn run_piece(&mut self, budget: u64) -> Result<Option<Vec<Column>>, MarketError> {
        for _ in 0..budget {
            let Some(row) = self.rows.get(self.row) else {
                return Ok(Some(std::mem::take(&mut self.tape).into_columns()));
            };
            if let Some(time) = row.exchange_time() {
                let zero = *self.zero.get_or_insert(time);
                self.reach(time.saturating_sub(zero));
                self.book.note_mid();
                let action = self.rows.action(row, self.row)?;
                self.trade(action, time.saturating_sub(zero));
                self.book.apply(action);
            }
            self.row += 1;
        }
        Ok(None)
    }

    /// Note the state at every grid point up to a time, itself excluded.
    fn reach(&mut self, time: Ns) {
        while self.next_sample < time {
            let levels = self.tape.levels();
            let sides = Side::BOTH.map(|side| Sight::of(self.book.side(side), levels));
            self.tape.sample(sides, f64::NAN, 0);
            self.next_sample += STEP;
        }
    }

    fn trade(&mut self, action: Action, at: Ns) {
        if let Action::Trade {
            side: Some(side),
            tick,
            lots,
        } = action
        {
            let mid = self.book.mid();
            let resting: Side = side.opposite();
            let queue = self.book.side(resting).get(tick);
            self.tape.trade(Trade {
                at,
                side,
                lots,
                price: Some(tick),
                mid,
                queue,
            });
        }
    }
}
