//! What is seen of the book: as it stands, or as it was after the last batch.

use crate::book::ladder::Ladder;
use crate::types::{Ns, View};
use crate::venue::participants::Participants;
use crate::venue::shown::Shown;
use crate::venue::tape::Sight;

impl Participants {
    /// What is seen of the book at a time.
    pub(crate) fn view(&self, at: Ns) -> View {
        let (best, liquidity) = match &self.published {
            Some(_) => {
                let seen = self.seen(self.levels);
                (seen.map(|side| side.best), seen.map(|side| side.depth))
            }
            None => {
                let sides = self.ladders();
                let depth = sides.map(|side| side.depth(self.levels));
                (sides.map(|side| side.best()), depth)
            }
        };
        View {
            at,
            best,
            mid: self.book.mid,
            liquidity,
        }
    }

    /// Show the levels that are seen.
    pub(crate) fn show(&self, to: &mut Shown) {
        match &self.published {
            Some(shown) => to.look_at(shown),
            None => to.look(self.ladders(), self.levels),
        }
    }

    /// Both sides as they are seen, with so many levels.
    pub(super) fn seen(&self, levels: usize) -> [Sight; 2] {
        match &self.published {
            Some(shown) => shown.levels.each_ref().map(|side| Sight::of_levels(side)),
            None => self.ladders().map(|side| Sight::of(side, levels)),
        }
    }

    fn ladders(&self) -> [&Ladder; 2] {
        self.book.sides.each_ref().map(|side| side.ladder())
    }

    /// From now on the book is seen as it stands.
    pub(super) fn publish(&mut self) {
        if self.batch.is_on() {
            let mut shown = self.published.take().unwrap_or_default();
            shown.look(self.ladders(), self.levels);
            self.published = Some(shown);
        }
    }
}
