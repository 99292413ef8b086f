//! Changes of the book that take effect together.

use crate::types::{Ns, VenueFill};

/// Changes of what stands in the book, where they wait for each other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batch {
    /// Time between two; 0 where nothing waits.
    pub every: Ns,
    pub next: Ns,
    /// Changes that wait.
    pub held: u64,
}

impl Batch {
    /// The first after `now`.
    pub(super) fn after(every: Ns, now: Ns) -> Self {
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

    /// Whether anything waits.
    pub(super) fn is_on(&self) -> bool {
        self.every > 0
    }
}

/// What a batch fills of an order of ours is one fill; those from `from` on are of one batch.
pub(super) fn merge(fills: &mut Vec<VenueFill>, from: usize) {
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
