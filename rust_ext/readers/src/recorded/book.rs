//! A book that is shown whole, or as its best levels, over and over: what changes from one picture to the next.

use crate::recorded::event::{Event, Times, BUY, DEPTH, SELL, SNAPSHOT};

/// Price and quantity, best first.
pub(crate) type Levels = Vec<(f64, f64)>;

/// The picture that was shown last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pictures {
    shown: Option<[Levels; 2]>,
}

impl Pictures {
    /// Append what a picture of bids and asks changes; the first one is a snapshot. Whether it was one.
    ///
    /// A level that leaves the best ones cannot be seen among those alone.
    pub(crate) fn show(
        &mut self,
        times: Times,
        picture: [Levels; 2],
        out: &mut Vec<Event>,
    ) -> bool {
        let Some(before) = self.shown.replace(picture.clone()) else {
            for (side, levels) in [BUY, SELL].into_iter().zip(picture) {
                out.push(times.clear(side, 0.0));
                out.extend(
                    levels
                        .iter()
                        .map(|(px, qty)| times.event(SNAPSHOT | side, *px, *qty)),
                );
            }
            return true;
        };
        for (side, (before, after)) in [BUY, SELL].into_iter().zip(before.iter().zip(&picture)) {
            changes(times, side, before, after, out);
        }
        false
    }

    /// Forget the picture: the next one is a snapshot.
    pub(crate) fn forget(&mut self) {
        self.shown = None;
    }
}

/// Levels that are gone, then those that are new or have another quantity; both lists are best first.
fn changes(times: Times, side: u64, before: &Levels, after: &Levels, out: &mut Vec<Event>) {
    let is_better = |a: f64, b: f64| if side == BUY { a > b } else { a < b };
    let mut rest = after.iter().peekable();
    let gone = before.iter().filter(|(px, _)| {
        while rest.next_if(|(new, _)| is_better(*new, *px)).is_some() {}
        rest.peek().is_none_or(|(new, _)| new != px)
    });
    out.extend(gone.map(|(px, _)| times.event(DEPTH | side, *px, 0.0)));
    let mut rest = before.iter().peekable();
    let changed = after.iter().filter(|(px, qty)| {
        while rest.next_if(|(old, _)| is_better(*old, *px)).is_some() {}
        rest.peek()
            .is_none_or(|(old, known)| old != px || known != qty)
    });
    out.extend(changed.map(|(px, qty)| times.event(DEPTH | side, *px, *qty)));
}
