//! What is seen of a mock market, and what is written down of it.

use crate::book::ladder::Ladder;
use crate::types::{Ns, Side, View};
use crate::venue::participants::Participants;
use crate::venue::recorder::Recorder;
use crate::venue::shown::Shown;
use crate::venue::tape::{Sight, Tape};

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

    pub(super) fn seen(&self, levels: usize) -> [Sight; 2] {
        match &self.published {
            Some(shown) => shown.levels.each_ref().map(|side| Sight::of_levels(side)),
            None => self.ladders().map(|side| Sight::of(side, levels)),
        }
    }

    fn ladders(&self) -> [&Ladder; 2] {
        self.book.sides.each_ref().map(|side| side.ladder())
    }

    /// From now on everybody sees the book as it stands.
    pub(super) fn publish(&mut self) {
        if self.batch.is_on() {
            let mut shown = self.published.take().unwrap_or_default();
            shown.look(self.ladders(), self.levels);
            self.published = Some(shown);
        }
    }

    /// Record from now on.
    pub(crate) fn record(&mut self, tape: Tape) {
        self.tape = Some(Box::new(tape));
    }

    /// What was recorded.
    pub(crate) fn take_tape(&mut self) -> Option<Tape> {
        self.tape.take().map(|tape| *tape)
    }

    /// Record rows from now on, beginning with a snapshot.
    pub(crate) fn record_rows(&mut self, mut recorder: Recorder, now: Ns) {
        for side in Side::BOTH {
            let resting = &mut self.book.sides[side.index()];
            resting.take_changes();
            recorder.snapshot(now, side, resting.ladder());
        }
        self.hit = None;
        self.recorder = Some(Box::new(recorder));
    }

    /// A feed message arrives at a time.
    pub(crate) fn deliver(&mut self, at: Ns) {
        if let Some(recorder) = &mut self.recorder {
            recorder.deliver(at);
        }
    }

    /// The rows that were recorded.
    pub(crate) fn take_rows(&mut self) -> Vec<u8> {
        let recorder = self.recorder.take();
        recorder.map_or_else(Vec::new, |recorder| recorder.into_rows())
    }

    /// Write down what an event changed: at once, or with the batch where changes wait for it.
    pub(super) fn write_rows(&mut self, now: Ns, releases: bool) {
        let Some(recorder) = &mut self.recorder else {
            return;
        };
        let hit = self.hit.take();
        for side in Side::BOTH {
            let resting = &mut self.book.sides[side.index()];
            let changes = resting.take_changes();
            let ladder = resting.ladder();
            let traded = hit == Some(side);
            if !self.batch.is_on() {
                recorder.changes(now, side, ladder, &changes, traded);
                continue;
            }
            if traded {
                recorder.trades(now, side, &changes);
            }
            let unsaid = &mut self.unsaid[side.index()];
            unsaid.extend(changes.iter().map(|(tick, _)| *tick));
            if releases {
                recorder.levels(now, side, ladder, std::mem::take(unsaid));
            }
        }
    }
}
