//! How far a stretch of a recording can be trusted: what its rows left unsaid, or said twice.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::book::displayed::Displayed;
use crate::types::{ms_of_ns, Lots, Ns, Side, Tick, SECOND};

/// Rows of anything else after which a side of the book that says nothing has stopped, not paused.
const LEAST_OTHERS: u64 = 100;

/// What was found in a slice of a recording.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Quality {
    /// For how long a bid of the recording stood at or above an ask, ms.
    pub crossed_ms: f64,
    /// For how long of that at an ask and not above it, ms.
    pub locked_ms: f64,
    /// Places at which rows are missing.
    pub gaps: u64,
    /// For how long the book was not known after such places, ms.
    pub gap_ms: f64,
    /// For how long a side was empty, ms.
    pub one_sided_ms: f64,
    pub longest_silence_ms: f64,
    pub silences: u64,
    /// All silences together, ms.
    pub silent_ms: f64,
    /// Longest time in which a side of the book said nothing while rows of other kinds went on, ms.
    pub side_silence_ms: f64,
    /// Longest time of which the receiver saw no row, early or late, ms.
    pub local_silence_ms: f64,
    /// Largest step of the mid from one time to the next, or of a row over the mid, bps.
    pub largest_jump_bps: f64,
    /// Rows that were read and not used, by what they are.
    pub rows_ignored: BTreeMap<String, u64>,
    /// Trades that do not say who was the aggressor.
    pub trades_without_side: u64,
    /// Trades whose aggressor took what stands on its own side of the book.
    pub trades_on_wrong_side: u64,
    /// Trades of more than what was displayed at their price.
    pub trades_off_book: u64,
    /// Trades past a better price that others went past a second before, and of which no row came since.
    pub trades_through: u64,
    /// Trades that repeat the one before, field by field.
    pub trades_repeated: u64,
    /// Trades whose aggressor bought.
    pub trades_bought: u64,
}

/// The count of it, as time goes on.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    /// Time from which on states are counted.
    from: Ns,
    last_event: Ns,
    least_silence: Ns,
    crossed: Ns,
    locked: Ns,
    /// Sides that are not known as rows are missing.
    lost: [bool; 2],
    gaps: u64,
    not_known: Ns,
    one_sided: Ns,
    longest: Ns,
    silences: u64,
    silent: Ns,
    /// When each side last said something, and rows of anything else since.
    said: [(Ns, u64); 2],
    side_silence: Ns,
    /// When the last row was sent that was received.
    heard: Ns,
    local_silence: Ns,
    /// Best price of each side that a trade went past, and when first.
    passed: [(Tick, Ns); 2],
    mid: Option<f64>,
    jump: f64,
    ignored: BTreeMap<String, u64>,
    trades: Trades,
}

/// Trades that name their aggressor against the book that was displayed before them; and those that do not.
#[derive(Debug, Clone, Default)]
struct Trades {
    without_side: u64,
    on_wrong_side: u64,
    off_book: u64,
    through: u64,
    repeated: u64,
    bought: u64,
}

impl Watch {
    /// Begin at a time; `last_event` is the time of the last row before it.
    pub(crate) fn new(from: Ns, last_event: Ns, least_silence: Ns) -> Self {
        Watch {
            from,
            last_event,
            least_silence,
            crossed: 0,
            locked: 0,
            lost: [false; 2],
            gaps: 0,
            not_known: 0,
            one_sided: 0,
            longest: 0,
            silences: 0,
            silent: 0,
            said: [(from, 0); 2],
            side_silence: 0,
            heard: from,
            local_silence: 0,
            passed: [(0, 0); 2],
            mid: None,
            jump: 0.0,
            ignored: BTreeMap::new(),
            trades: Trades::default(),
        }
    }

    /// Begin anew at a time, with what is not known of the book.
    pub(crate) fn begun(&self, from: Ns, last_event: Ns) -> Self {
        let new = Watch::new(from, last_event, self.least_silence);
        let lost = self.lost;
        Watch { lost, ..new }
    }

    /// Rows are missing.
    #[cold]
    pub(crate) fn gap(&mut self) {
        self.gaps += 1;
        self.lost = [true; 2];
    }

    /// A side is shown anew, or both.
    #[cold]
    pub(crate) fn clear(&mut self, side: Option<Side>) {
        for s in Side::BOTH {
            self.lost[s.index()] &= side.is_some_and(|only| only != s);
        }
    }

    /// The book stood as it is until now, when a row comes.
    #[inline]
    pub(crate) fn pass(&mut self, now: Ns, book: &Displayed) {
        let silence = now - self.last_event;
        self.longest = self.longest.max(silence);
        if (silence >= self.least_silence)
            | book.is_crossed()
            | !book.has_both_sides()
            | self.is_lost()
        {
            self.count(now, silence, book);
        }
        self.last_event = now;
        let mid = book.mid();
        if mid != self.mid {
            if let (Some(before), Some(now)) = (self.mid, mid) {
                self.jump = self.jump.max((now / before - 1.0).abs());
            }
            self.mid = mid;
        }
    }

    /// A row of a side of the book came.
    #[inline]
    pub(crate) fn depth(&mut self, side: Side, tick: Tick, now: Ns) {
        let own = side.index();
        if tick == self.passed[own].0 {
            self.passed[own] = (0, 0);
        }
        let (said, others) = self.said[own];
        if others >= LEAST_OTHERS {
            self.side_silence = self.side_silence.max(now - said);
        }
        self.said[own] = (now, 0);
        self.said[1 - own].1 += 1;
    }

    /// A row was received that was sent at a time.
    #[inline]
    pub(crate) fn hear(&mut self, sent: Ns) {
        self.local_silence = self.local_silence.max(sent - self.heard);
        self.heard = self.heard.max(sent);
    }

    /// A row leaves the book crossed: how far over the mid it reaches.
    #[cold]
    pub(crate) fn cross(&mut self, side: Side, tick: Tick, book: &Displayed) {
        if let Some(mid) = book.mid() {
            let over = (tick as f64 / mid - 1.0) * side.sign() as f64;
            self.jump = self.jump.max(over);
        }
    }

    /// A trade came, before what it does to the book; whether it repeats the one before.
    pub(crate) fn trade(
        &mut self,
        (aggressor, tick, lots): (Option<Side>, Tick, Lots),
        now: Ns,
        book: &Displayed,
        repeats: bool,
    ) {
        self.said.iter_mut().for_each(|(_, others)| *others += 1);
        let found = &mut self.trades;
        found.repeated += u64::from(repeats);
        let Some(side) = aggressor else {
            found.without_side += 1;
            return;
        };
        let met = book.side(side.opposite());
        let own_best = book.side(side).best();
        found.bought += u64::from(side == Side::Buy);
        found.on_wrong_side += u64::from(own_best.is_some_and(|b| side.better_by(tick, b) <= 0));
        found.off_book += u64::from(met.get(tick) < lots);
        if let Some(best) = met.best().filter(|best| side.better_by(tick, *best) > 0) {
            let passed = &mut self.passed[side.opposite().index()];
            if passed.0 != best {
                *passed = (best, now);
            }
            found.through += u64::from(now - passed.1 >= SECOND);
        }
    }

    #[cold]
    #[inline(never)]
    fn count(&mut self, now: Ns, silence: Ns, book: &Displayed) {
        let span = now - self.last_event.max(self.from);
        if book.is_crossed() {
            self.crossed += span;
            self.locked += if book.is_locked() { span } else { 0 };
        } else if !book.has_both_sides() {
            self.one_sided += span;
        }
        if self.is_lost() {
            self.not_known += span;
        }
        if silence >= self.least_silence {
            self.silences += 1;
            self.silent += span;
        }
    }

    #[inline]
    fn is_lost(&self) -> bool {
        self.lost[0] | self.lost[1]
    }

    /// A row was not used.
    #[cold]
    pub(crate) fn ignore(&mut self, what: String) {
        *self.ignored.entry(what).or_default() += 1;
    }

    /// What was found up to an end, which no row marks; the next row to be received was sent at a time.
    pub(crate) fn until(&self, end: Ns, next_sent: Option<Ns>, book: &Displayed) -> Quality {
        let mut whole = self.clone();
        let end = end.max(self.last_event);
        whole.pass(end, book);
        whole.hear(next_sent.map_or(end, |sent| sent.min(end)));
        for (said, others) in self.said {
            if others >= LEAST_OTHERS {
                whole.side_silence = whole.side_silence.max(end - said);
            }
        }
        Quality {
            crossed_ms: ms_of_ns(whole.crossed),
            locked_ms: ms_of_ns(whole.locked),
            gaps: whole.gaps,
            gap_ms: ms_of_ns(whole.not_known),
            one_sided_ms: ms_of_ns(whole.one_sided),
            longest_silence_ms: ms_of_ns(whole.longest),
            silences: whole.silences,
            silent_ms: ms_of_ns(whole.silent),
            side_silence_ms: ms_of_ns(whole.side_silence),
            local_silence_ms: ms_of_ns(whole.local_silence),
            largest_jump_bps: whole.jump * 1e4,
            rows_ignored: whole.ignored,
            trades_without_side: whole.trades.without_side,
            trades_on_wrong_side: whole.trades.on_wrong_side,
            trades_off_book: whole.trades.off_book,
            trades_through: whole.trades.through,
            trades_repeated: whole.trades.repeated,
            trades_bought: whole.trades.bought,
        }
    }
}
