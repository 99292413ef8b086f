//! Fills one by one, where they are asked for.

use serde::Serialize;

use crate::measure::markouts::HORIZONS;
use crate::measure::series::doubles;
use crate::venue::tape::Column;

/// One fill in the optional record; `fee` is a cost where positive.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FillRow {
    pub ts_ms: f64,
    pub side: i64,
    pub price: f64,
    pub qty: f64,
    pub maker: bool,
    pub mid_at_fill: f64,
    pub mid_at_decision: f64,
    pub fee: f64,
    pub queue_ahead_at_placement: f64,
    /// Mid after each of [`HORIZONS`]; None where the iteration had ended before.
    pub mids_later: [Option<f64>; HORIZONS.len()],
    /// Id of the order; None for a taker fill.
    pub order_id: Option<u64>,
    /// When the order reached the market.
    pub placed_ms: f64,
}

/// Reads a column's number off a fill.
type Of = fn(&FillRow) -> f64;

const COLUMNS: [(&str, Of); 11] = [
    ("fill_time_ms", |row| row.ts_ms),
    ("fill_side", |row| row.side as f64),
    ("fill_price", |row| row.price),
    ("fill_qty", |row| row.qty),
    ("fill_maker", |row| f64::from(u8::from(row.maker))),
    ("fill_fee", |row| row.fee),
    ("fill_mid", |row| row.mid_at_fill),
    ("fill_mid_100ms", |row| later(row, 0)),
    ("fill_mid_1s", |row| later(row, 1)),
    ("fill_mid_10s", |row| later(row, 2)),
    ("fill_mid_60s", |row| later(row, 3)),
];

fn later(row: &FillRow, horizon: usize) -> f64 {
    row.mids_later[horizon].unwrap_or(f64::NAN)
}

/// Fills as columns; NaN where a mid was not looked at before the end.
pub(crate) fn columns(rows: &[FillRow]) -> impl Iterator<Item = Column> + '_ {
    let column = |(name, of): (&'static str, Of)| {
        let values: Vec<f64> = rows.iter().map(of).collect();
        (name, doubles(&values))
    };
    COLUMNS.into_iter().map(column)
}
