//! What a market does of itself, as columns: its state every 100 ms, and its trades.

use crate::book::ladder::Ladder;
use crate::types::{Lots, Ns, Side, Tick};

/// Columns of equal length per kind of row. Prices in ticks, quantities in lots, times in ns.
#[derive(Debug, Clone, Default)]
pub struct Tape {
    levels: usize,
    bid: Vec<f64>,
    ask: Vec<f64>,
    fair: Vec<f64>,
    bid_depth: Vec<i64>,
    ask_depth: Vec<i64>,
    bid_queue: Vec<i64>,
    ask_queue: Vec<i64>,
    bid_gap: Vec<i64>,
    ask_gap: Vec<i64>,
    labels: Vec<u64>,
    trade_at: Vec<i64>,
    trade_side: Vec<i64>,
    trade_lots: Vec<i64>,
    trade_price: Vec<f64>,
    trade_mid: Vec<f64>,
    trade_queue: Vec<i64>,
}

/// A side of a book at a time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sight {
    pub(crate) best: Option<Tick>,
    /// On the levels that are looked at.
    pub(crate) depth: Lots,
    /// At the best price.
    queue: Lots,
    /// Ticks from the best price to the next one.
    gap: Tick,
}

impl Sight {
    /// What stands there.
    pub fn of(ladder: &Ladder, levels: usize) -> Self {
        let best = ladder.best();
        let behind = best.and_then(|tick| ladder.worse_than(tick));
        Sight {
            best,
            depth: ladder.depth(levels),
            queue: best.map_or(0, |tick| ladder.get(tick)),
            gap: best.zip(behind).map_or(0, |(a, b)| (a - b).abs()),
        }
    }

    /// What is shown of it, best first.
    pub(crate) fn of_levels(levels: &[(Tick, Lots)]) -> Self {
        let best = levels.first();
        Sight {
            best: best.map(|level| level.0),
            depth: levels.iter().map(|level| level.1).sum(),
            queue: best.map_or(0, |level| level.1),
            gap: best
                .zip(levels.get(1))
                .map_or(0, |(a, b)| (a.0 - b.0).abs()),
        }
    }
}

/// One market order, or one print of it.
#[derive(Debug, Clone, Copy)]
pub struct Trade {
    /// When.
    pub at: Ns,
    /// The aggressor's side.
    pub side: Side,
    /// What was traded.
    pub lots: Lots,
    /// The best price that it met.
    pub price: Option<Tick>,
    /// The mid before it.
    pub mid: Option<f64>,
    /// What stood at that price before it.
    pub queue: Lots,
}

/// A column's name and its numbers as little-endian bytes, 8 each.
pub type Column = (&'static str, Vec<u8>);

impl Tape {
    /// An empty tape; depth is that of the `levels` best prices.
    pub fn new(levels: usize) -> Self {
        Tape {
            levels,
            ..Tape::default()
        }
    }

    /// Note the state of the market at a grid point: both sides, fair value where there is one, and labels.
    pub fn sample(&mut self, [bids, asks]: [Sight; 2], fair: f64, labels: u64) {
        let price = |side: Sight| side.best.map_or(f64::NAN, |tick| tick as f64);
        self.bid.push(price(bids));
        self.ask.push(price(asks));
        self.bid_depth.push(bids.depth);
        self.ask_depth.push(asks.depth);
        self.bid_queue.push(bids.queue);
        self.ask_queue.push(asks.queue);
        self.bid_gap.push(bids.gap);
        self.ask_gap.push(asks.gap);
        self.fair.push(fair);
        self.labels.push(labels);
    }

    /// Levels of a side that count as its depth.
    pub fn levels(&self) -> usize {
        self.levels
    }

    /// Note a trade.
    pub fn trade(&mut self, trade: Trade) {
        self.trade_at.push(trade.at);
        self.trade_side.push(trade.side.sign());
        self.trade_lots.push(trade.lots);
        self.trade_price
            .push(trade.price.map_or(f64::NAN, |t| t as f64));
        self.trade_mid.push(trade.mid.unwrap_or(f64::NAN));
        self.trade_queue.push(trade.queue);
    }

    /// All columns, doubles where a price may be missing (NaN), else integers.
    ///
    /// One is freed before the next is turned into bytes, as a week of samples does not fit twice everywhere.
    pub fn into_columns(self) -> Vec<Column> {
        fn bytes<T, const N: usize>(column: Vec<T>, of: impl Fn(T) -> [u8; N]) -> Vec<u8> {
            let mut bytes = Vec::with_capacity(column.len() * N);
            column
                .into_iter()
                .for_each(|x| bytes.extend_from_slice(&of(x)));
            bytes
        }
        vec![
            ("bid", bytes(self.bid, f64::to_le_bytes)),
            ("ask", bytes(self.ask, f64::to_le_bytes)),
            ("fair", bytes(self.fair, f64::to_le_bytes)),
            ("trade_price", bytes(self.trade_price, f64::to_le_bytes)),
            ("trade_mid", bytes(self.trade_mid, f64::to_le_bytes)),
            ("bid_depth", bytes(self.bid_depth, i64::to_le_bytes)),
            ("ask_depth", bytes(self.ask_depth, i64::to_le_bytes)),
            ("bid_queue", bytes(self.bid_queue, i64::to_le_bytes)),
            ("ask_queue", bytes(self.ask_queue, i64::to_le_bytes)),
            ("bid_gap", bytes(self.bid_gap, i64::to_le_bytes)),
            ("ask_gap", bytes(self.ask_gap, i64::to_le_bytes)),
            ("trade_at", bytes(self.trade_at, i64::to_le_bytes)),
            ("trade_side", bytes(self.trade_side, i64::to_le_bytes)),
            ("trade_lots", bytes(self.trade_lots, i64::to_le_bytes)),
            ("trade_queue", bytes(self.trade_queue, i64::to_le_bytes)),
            ("labels", bytes(self.labels, u64::to_le_bytes)),
        ]
    }
}
