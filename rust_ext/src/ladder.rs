//! One side of a book: quantity per tick, in an array window round the best price.
//!
//! Levels outside the window wait in an ordered map; the window moves when the best price nears its edge.

use std::collections::BTreeMap;

use crate::types::{Lots, Side, Tick};

const WORDS: usize = 512;
const WIDTH: usize = WORDS * 64;
const MARGIN: usize = WIDTH / 8;

/// Quantity per price level of one side.
#[derive(Debug, Clone)]
pub struct Ladder {
    side: Side,
    base: Tick,
    qty: Vec<Lots>,
    bits: Vec<u64>,
    far: BTreeMap<Tick, Lots>,
    best: Option<Tick>,
}

impl Ladder {
    /// An empty ladder.
    pub fn new(side: Side) -> Self {
        Ladder {
            side,
            base: 0,
            qty: vec![0; WIDTH],
            bits: vec![0; WORDS],
            far: BTreeMap::new(),
            best: None,
        }
    }

    /// Best price: the highest bid or the lowest ask.
    pub fn best(&self) -> Option<Tick> {
        self.best
    }

    /// Quantity at a price.
    pub fn get(&self, tick: Tick) -> Lots {
        match self.slot(tick) {
            Some(slot) => self.qty[slot],
            None => self.far.get(&tick).copied().unwrap_or(0),
        }
    }

    /// Set the quantity at a price; 0 or less removes the level.
    pub fn set(&mut self, tick: Tick, lots: Lots) {
        if lots > 0 {
            self.insert(tick, lots);
        } else {
            self.remove(tick);
        }
    }

    /// Change the quantity at a price.
    pub fn add(&mut self, tick: Tick, change: Lots) {
        self.set(tick, self.get(tick).saturating_add(change));
    }

    /// Next occupied price that is worse than `tick`.
    ///
    /// The best price lies in the window, so levels outside it are worse than all inside.
    pub fn worse_than(&self, tick: Tick) -> Option<Tick> {
        let low = self.base;
        let high = low + WIDTH as Tick;
        match self.side {
            Side::Buy => self
                .scan_down(tick.min(high))
                .or_else(|| self.far_below(tick.min(low))),
            Side::Sell => self
                .scan_up(tick.max(low - 1))
                .or_else(|| self.far_above(tick.max(high - 1))),
        }
    }

    /// Total quantity of the `levels` best levels.
    pub fn depth(&self, levels: usize) -> Lots {
        let mut total: Lots = 0;
        let mut at = self.best;
        for _ in 0..levels {
            let Some(tick) = at else { break };
            total = total.saturating_add(self.get(tick));
            at = self.worse_than(tick);
        }
        total
    }

    /// Remove every level that is at `tick` or better; all levels where `tick` is None.
    pub fn clear_to(&mut self, tick: Option<Tick>) {
        while let Some(best) = self.best {
            if tick.is_some_and(|bound| self.side.better_by(best, bound) < 0) {
                break;
            }
            self.remove(best);
        }
    }

    fn slot(&self, tick: Tick) -> Option<usize> {
        let offset = tick.wrapping_sub(self.base);
        ((0..WIDTH as Tick).contains(&offset)).then_some(offset as usize)
    }

    fn insert(&mut self, tick: Tick, lots: Lots) {
        let leads = self
            .best
            .is_none_or(|best| self.side.better_by(tick, best) > 0);
        if leads {
            self.best = Some(tick);
            self.keep_in_window(tick);
        }
        match self.slot(tick) {
            Some(slot) => {
                self.qty[slot] = lots;
                self.bits[slot / 64] |= 1 << (slot % 64);
            }
            None => {
                self.far.insert(tick, lots);
            }
        }
    }

    fn remove(&mut self, tick: Tick) {
        match self.slot(tick) {
            Some(slot) => {
                self.qty[slot] = 0;
                self.bits[slot / 64] &= !(1 << (slot % 64));
            }
            None => {
                self.far.remove(&tick);
            }
        }
        if self.best == Some(tick) {
            self.best = self.worse_than(tick);
            if let Some(best) = self.best {
                self.keep_in_window(best);
            }
        }
    }

    fn keep_in_window(&mut self, best: Tick) {
        let inside = self
            .slot(best)
            .is_some_and(|slot| (MARGIN..WIDTH - MARGIN).contains(&slot));
        if !inside {
            self.move_window(best - WIDTH as Tick / 2);
        }
    }

    fn move_window(&mut self, base: Tick) {
        let mut at = self.scan_up(self.base - 1);
        while let Some(tick) = at {
            self.far.insert(tick, self.qty[(tick - self.base) as usize]);
            at = self.scan_up(tick);
        }
        self.qty.fill(0);
        self.bits.fill(0);
        self.base = base;
        let outside = self.far.split_off(&(base + WIDTH as Tick));
        let inside = self.far.split_off(&base);
        self.far.extend(outside);
        for (tick, lots) in inside {
            let slot = (tick - base) as usize;
            self.qty[slot] = lots;
            self.bits[slot / 64] |= 1 << (slot % 64);
        }
    }

    fn far_below(&self, tick: Tick) -> Option<Tick> {
        self.far.range(..tick).next_back().map(|(t, _)| *t)
    }

    fn far_above(&self, tick: Tick) -> Option<Tick> {
        let from = (std::ops::Bound::Excluded(tick), std::ops::Bound::Unbounded);
        self.far.range(from).next().map(|(t, _)| *t)
    }

    /// Highest occupied price of the window below `tick`, which is at most one above the window.
    fn scan_down(&self, tick: Tick) -> Option<Tick> {
        let end = usize::try_from(tick - self.base).ok()?;
        let mut word = end / 64;
        if end % 64 != 0 {
            let part = self.bits[word] & ((1 << (end % 64)) - 1);
            if part != 0 {
                return Some(self.base + (word * 64 + 63 - part.leading_zeros() as usize) as Tick);
            }
        }
        while word > 0 {
            word -= 1;
            let bits = self.bits[word];
            if bits != 0 {
                return Some(self.base + (word * 64 + 63 - bits.leading_zeros() as usize) as Tick);
            }
        }
        None
    }

    /// Lowest occupied price of the window above `tick`, which is at least one below the window.
    fn scan_up(&self, tick: Tick) -> Option<Tick> {
        let start = usize::try_from(tick + 1 - self.base).ok()?;
        let mut word = start / 64;
        let mut mask = !0u64 << (start % 64);
        while word < WORDS {
            let bits = self.bits[word] & mask;
            if bits != 0 {
                return Some(self.base + (word * 64 + bits.trailing_zeros() as usize) as Tick);
            }
            mask = !0;
            word += 1;
        }
        None
    }
}

#[cfg(test)]
#[path = "ladder_tests.rs"]
mod tests;
