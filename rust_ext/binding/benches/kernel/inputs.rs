//! What the benchmarks run on: random, and the same at every run.

use rand_core::{RngCore, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Numbers of a fixed seed.
pub(crate) struct Draw(Xoshiro256PlusPlus);

impl Draw {
    /// From the start.
    pub(crate) fn new(seed: u64) -> Self {
        Draw(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// A number from 0 to below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0.next_u64() % end
    }
}

/// An update of a book: 1 for a bid and -1 for an ask, the tick, and the lots that stand there from then on.
pub(crate) struct Update {
    pub sign: i8,
    pub tick: i64,
    pub lots: i64,
}

/// Updates round a mid that wanders; a third of them remove a level.
pub(crate) fn updates(count: usize) -> Vec<Update> {
    let mut draw = Draw::new(1);
    let mut mid = 20_000;
    let mut update = || {
        mid += draw.below(3) as i64 - 1;
        let sign = if draw.below(2) == 0 { 1 } else { -1 };
        let span = 1 + draw.below(200);
        let away = 1 + draw.below(span) as i64;
        let lots = (draw.below(3_000) as i64 - 1_000).max(0);
        Update {
            sign,
            tick: mid - i64::from(sign) * away,
            lots,
        }
    };
    (0..count).map(|_| update()).collect()
}
