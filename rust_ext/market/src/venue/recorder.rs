//! A mock market recorded as rows of a recording, in the array format of hftbacktest 2.

use crate::book::ladder::Ladder;
use crate::types::{Lots, Ns, Side, Tick};
use crate::venue::rows::{encode, received, Kind};

/// Exchange time of market time 0, ns since 1970: a moment in 2023.
const EPOCH: Ns = 1_700_000_000_000_000_000;

/// Rows as bytes. A row is received with the feed message after it.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    tick_size: f64,
    lot_size: f64,
    rows: Vec<u8>,
    /// First row that no feed message has delivered yet.
    unsent: usize,
}

impl Recorder {
    /// An empty recording.
    pub(crate) fn new(tick_size: f64, lot_size: f64) -> Self {
        Recorder {
            tick_size,
            lot_size,
            rows: Vec::new(),
            unsent: 0,
        }
    }

    /// All levels of a side.
    pub(crate) fn snapshot(&mut self, at: Ns, side: Side, ladder: &Ladder) {
        let mut next = ladder.best();
        while let Some(tick) = next {
            self.row(Kind::Snapshot, at, side, tick, ladder.get(tick));
            next = ladder.worse_than(tick);
        }
    }

    /// Changes of quantity on a side, each by how much, in the order in which they came; those of one level
    /// that follow each other are one. What an aggressive order took is a trade as well.
    pub(crate) fn changes(
        &mut self,
        at: Ns,
        side: Side,
        ladder: &Ladder,
        changes: &[(Tick, Lots)],
        traded: bool,
    ) {
        for level in changes.chunk_by(|a, b| a.0 == b.0) {
            let tick = level[0].0;
            if traded {
                let lots = -level.iter().map(|(_, change)| change).sum::<Lots>();
                self.row(Kind::Trade, at, side.opposite(), tick, lots);
            }
            self.row(Kind::Depth, at, side, tick, ladder.get(tick));
        }
    }

    /// What an aggressive order took on a side.
    pub(crate) fn trades(&mut self, at: Ns, side: Side, changes: &[(Tick, Lots)]) {
        for level in changes.chunk_by(|a, b| a.0 == b.0) {
            let lots = -level.iter().map(|(_, change)| change).sum::<Lots>();
            self.row(Kind::Trade, at, side.opposite(), level[0].0, lots);
        }
    }

    /// What stands at prices of a side, each told once.
    pub(crate) fn levels(&mut self, at: Ns, side: Side, ladder: &Ladder, mut ticks: Vec<Tick>) {
        ticks.sort_unstable();
        ticks.dedup();
        for tick in ticks {
            self.row(Kind::Depth, at, side, tick, ladder.get(tick));
        }
    }

    /// A feed message arrives with all rows since the last one.
    pub(crate) fn deliver(&mut self, at: Ns) {
        received(&mut self.rows[self.unsent..], EPOCH + at);
        self.unsent = self.rows.len();
    }

    /// The rows; those that no message has brought are left out.
    pub(crate) fn into_rows(mut self) -> Vec<u8> {
        self.rows.truncate(self.unsent);
        self.rows
    }

    fn row(&mut self, kind: Kind, at: Ns, side: Side, tick: Tick, lots: Lots) {
        let (px, qty) = (tick as f64 * self.tick_size, lots as f64 * self.lot_size);
        self.rows.extend(encode(kind, side, EPOCH + at, px, qty));
    }
}
