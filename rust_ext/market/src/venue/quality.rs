//! How far a stretch of a recording can be trusted: what its rows left unsaid, or said twice.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::book::displayed::Displayed;
use crate::types::{ms_of_ns, Ns};

/// What was found in a slice of a recording.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Quality {
    /// For how long a bid of the recording stood at or above an ask, ms.
    pub crossed_ms: f64,
    /// For how long a side was empty, ms.
    pub one_sided_ms: f64,
    pub longest_silence_ms: f64,
    pub silences: u64,
    /// Rows that were read and not used, by what they are.
    pub rows_ignored: BTreeMap<String, u64>,
    /// Trades that do not say who was the aggressor.
    pub trades_without_side: u64,
    /// Trades whose aggressor took what stands on his own side of the book.
    pub trades_on_wrong_side: u64,
}

/// The count of it, as time goes on.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    /// Time from which on states are counted.
    from: Ns,
    last_event: Ns,
    least_silence: Ns,
    crossed: Ns,
    one_sided: Ns,
    longest: Ns,
    silences: u64,
    ignored: BTreeMap<String, u64>,
    pub without_side: u64,
    pub on_wrong_side: u64,
}

impl Watch {
    /// Begin at a time; `last_event` is the time of the last row before it.
    pub(crate) fn new(from: Ns, last_event: Ns, least_silence: Ns) -> Self {
        Watch {
            from,
            last_event,
            least_silence,
            crossed: 0,
            one_sided: 0,
            longest: 0,
            silences: 0,
            ignored: BTreeMap::new(),
            without_side: 0,
            on_wrong_side: 0,
        }
    }

    /// The book stood as it is until now, when a row comes.
    #[inline]
    pub(crate) fn pass(&mut self, now: Ns, book: &Displayed) {
        let silence = now - self.last_event;
        self.longest = self.longest.max(silence);
        if (silence >= self.least_silence) | book.is_crossed() | !book.has_both_sides() {
            self.count(now, silence, book);
        }
        self.last_event = now;
    }

    #[cold]
    #[inline(never)]
    fn count(&mut self, now: Ns, silence: Ns, book: &Displayed) {
        let span = now - self.last_event.max(self.from);
        if book.is_crossed() {
            self.crossed += span;
        } else if !book.has_both_sides() {
            self.one_sided += span;
        }
        self.silences += u64::from(silence >= self.least_silence);
    }

    /// A row was not used.
    #[cold]
    pub(crate) fn ignore(&mut self, what: String) {
        *self.ignored.entry(what).or_default() += 1;
    }

    /// What was found up to an end, which no row marks.
    pub(crate) fn until(&self, end: Ns, book: &Displayed) -> Quality {
        let mut whole = self.clone();
        whole.pass(end.max(self.last_event), book);
        Quality {
            crossed_ms: ms_of_ns(whole.crossed),
            one_sided_ms: ms_of_ns(whole.one_sided),
            longest_silence_ms: ms_of_ns(whole.longest),
            silences: whole.silences,
            rows_ignored: whole.ignored,
            trades_without_side: whole.without_side,
            trades_on_wrong_side: whole.on_wrong_side,
        }
    }
}
