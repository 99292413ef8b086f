//! What the maker knows: its position, its live orders, and the liquidity that it remembers.

use std::collections::VecDeque;

use crate::types::{ms_of_ns, Lots, Ns, Side, Tick, View};

/// An order that the maker believes to be in the market or on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Live {
    pub id: u64,
    pub tick: Tick,
    pub lots: Lots,
    pub sent_at: Ns,
}

/// The maker's own state.
#[derive(Debug, Clone)]
pub(crate) struct Book {
    /// Position in lots; negative where short.
    pub position: Lots,
    /// Live order per side.
    pub live: [Option<Live>; 2],
    /// Requests that have not been acknowledged.
    pub in_flight: u32,
    horizon: Ns,
    memory_ms: f64,
    fills: VecDeque<(Ns, Lots)>,
    change: Lots,
    remembered: [f64; 2],
    seen: View,
    ids: u64,
}

impl Book {
    /// An empty state; fills count as recent for `horizon`.
    pub(crate) fn new(horizon: Ns, memory_ms: f64) -> Self {
        Book {
            position: 0,
            live: [None, None],
            in_flight: 0,
            horizon,
            memory_ms,
            fills: VecDeque::new(),
            change: 0,
            remembered: [0.0; 2],
            seen: View::default(),
            ids: 0,
        }
    }

    /// Go on with a position, and with ids after `last`.
    pub(crate) fn holding(&mut self, position: Lots, last: u64) {
        self.position = position;
        self.ids = last;
    }

    /// A fresh order id.
    pub(crate) fn next_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// An order never rested in the market.
    pub(crate) fn forget(&mut self, id: u64) {
        for live in &mut self.live {
            if live.is_some_and(|l| l.id == id) {
                *live = None;
            }
        }
    }

    /// A fill of ours, received at `now`.
    pub(crate) fn filled(&mut self, now: Ns, id: Option<u64>, side: Side, lots: Lots) {
        let signed = side.sign() * lots;
        self.position += signed;
        self.change += signed;
        self.fills.push_back((now, signed));
        let live = &mut self.live[side.index()];
        if let Some(l) = live.as_mut().filter(|l| Some(l.id) == id) {
            l.lots -= lots;
            if l.lots <= 0 {
                *live = None;
            }
        }
    }

    /// Change of position over the horizon.
    pub(crate) fn change(&mut self, now: Ns) -> Lots {
        while let Some((at, signed)) = self.fills.front().copied() {
            if at > now - self.horizon {
                break;
            }
            self.change -= signed;
            self.fills.pop_front();
        }
        self.change
    }

    /// Apply a view; the memory of liquidity moves towards it with the time since the last decision.
    pub(crate) fn see(&mut self, now: Ns, view: &View) {
        let first = self.seen.mid.is_none();
        let elapsed = ms_of_ns(now - self.seen.at);
        let keep = if first {
            0.0
        } else {
            libm::exp(-elapsed / self.memory_ms)
        };
        for side in 0..2 {
            let target = view.liquidity[side] as f64;
            self.remembered[side] = target + (self.remembered[side] - target) * keep;
        }
        self.seen = *view;
        self.seen.at = now;
    }

    /// Remembered liquidity of a side, lots.
    pub(crate) fn liquidity(&self, side: Side) -> f64 {
        self.remembered[side.index()]
    }

    /// Liquidity of a side as seen last, lots.
    pub(crate) fn seen_liquidity(&self, side: Side) -> Lots {
        self.seen.liquidity[side.index()]
    }
}
