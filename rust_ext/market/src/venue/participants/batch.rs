//! Batches of changes of the book: what waits takes effect at once.

use crate::types::{Ns, VenueFill};

/// Changes of what stands in the book, where they wait for each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch {
    /// Time between two; 0 where nothing waits.
    pub every: Ns,
    pub next: Ns,
    pub held: u64,
}

impl Batch {
    /// The first after `now`.
    pub(crate) fn after(every: Ns, now: Ns) -> Self {
        let next = if every > 0 {
            (now.div_euclid(every) + 1) * every
        } else {
            Ns::MAX
        };
        Batch {
            every,
            next,
            held: 0,
        }
    }

    /// Whether changes wait at all.
    pub(crate) fn is_on(&self) -> bool {
        self.every > 0
    }
}

/// What a batch fills of an order of ours is one fill; those from `from` on are of one batch.
pub(crate) fn merge(fills: &mut Vec<VenueFill>, from: usize) {
    let all = fills.split_off(from);
    for fill in all {
        match fills[from..].iter_mut().find(|known| known.id == fill.id) {
            Some(known) => {
                known.lots += fill.lots;
                known.left = fill.left;
            }
            None => fills.push(fill),
        }
    }
}
