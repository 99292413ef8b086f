//! One side of a book: quantity per tick, in an array window that begins somewhat better than the best price.
//!
//! Inside, prices are keys: a smaller key is a better price. So both sides are the same, and as the best
//! price always lies in the window, all levels outside are worse than those inside. They wait in an ordered
//! map; the window moves when the best price nears its start or leaves its first half.

use std::collections::BTreeMap;

use crate::types::{Lots, Side, Tick};

const WORDS: usize = 512;
const WIDTH: usize = WORDS * 64;
/// Slots left for better prices when the window moves; the more of them, the less is left for worse ones.
const AHEAD: usize = WIDTH / 4;
/// The best price may come this near to the start of the window.
const MARGIN: usize = WIDTH / 16;
/// Key of no price.
const NONE: Tick = Tick::MAX;

/// Quantity per price level of one side.
#[derive(Debug, Clone)]
pub struct Ladder {
    /// A key is a tick times this.
    sign: Tick,
    /// Key of the first slot.
    base: Tick,
    qty: Vec<Lots>,
    bits: Vec<u64>,
    far: BTreeMap<Tick, Lots>,
    best: Tick,
}

impl Ladder {
    /// An empty ladder.
    pub fn new(side: Side) -> Self {
        Ladder {
            sign: -side.sign(),
            base: 0,
            qty: vec![0; WIDTH],
            bits: vec![0; WORDS],
            far: BTreeMap::new(),
            best: NONE,
        }
    }

    /// Best price: the highest bid or the lowest ask.
    #[inline]
    pub fn best(&self) -> Option<Tick> {
        (self.best != NONE).then(|| self.best * self.sign)
    }

    /// Whether a price of the other side would meet the best one here.
    #[inline]
    pub fn is_met_by(&self, tick: Tick) -> bool {
        self.best <= tick * self.sign
    }

    /// Quantity at a price.
    pub fn get(&self, tick: Tick) -> Lots {
        let key = tick * self.sign;
        match self.slot(key) {
            Some(slot) => self.qty[slot],
            None => self.far.get(&key).copied().unwrap_or(0),
        }
    }

    /// Set the quantity at a price; 0 or less removes the level.
    #[inline]
    pub fn set(&mut self, tick: Tick, lots: Lots) {
        let key = tick * self.sign;
        let stays = lots > 0;
        match self.slot(key) {
            // Without a branch on what is set, as that follows no pattern.
            Some(slot) => {
                self.qty[slot] = lots.max(0);
                let word = &mut self.bits[slot / 64];
                *word = *word & !(1 << (slot % 64)) | u64::from(stays) << (slot % 64);
            }
            None => self.set_far(key, lots),
        }
        if stays & (key < self.best) {
            self.begin_at(key);
        } else if !stays & (key == self.best) {
            self.begin_at(self.next(key).unwrap_or(NONE));
        }
    }

    /// Change the quantity at a price.
    pub fn add(&mut self, tick: Tick, change: Lots) {
        self.set(tick, self.get(tick).saturating_add(change));
    }

    /// Next occupied price that is worse than `tick`.
    pub fn worse_than(&self, tick: Tick) -> Option<Tick> {
        self.next(tick * self.sign).map(|key| key * self.sign)
    }

    /// Total quantity of the `levels` best levels.
    pub fn depth(&self, levels: usize) -> Lots {
        let mut total: Lots = 0;
        let mut left = levels;
        let first = self.slot(self.best).unwrap_or(WIDTH) / 64;
        for (word, bits) in self.bits.iter().enumerate().skip(first) {
            let mut bits = *bits;
            while bits != 0 && left > 0 {
                let slot = word * 64 + bits.trailing_zeros() as usize;
                total = total.saturating_add(self.qty[slot]);
                left -= 1;
                bits &= bits - 1;
            }
            if left == 0 {
                return total;
            }
        }
        let far = self.far.values().take(left);
        far.fold(total, |sum, lots| sum.saturating_add(*lots))
    }

    /// What `lots` are worth that trade against the levels from the best on, where one lot is worth what `worth_of`
    /// says of its tick; None where less stands here.
    pub fn walk(&self, lots: Lots, worth_of: impl Fn(f64) -> f64) -> Option<f64> {
        let (mut left, mut worth) = (lots, 0.0);
        let mut at = self.best();
        while left > 0 {
            let tick = at?;
            let taken = left.min(self.get(tick));
            worth += taken as f64 * worth_of(tick as f64);
            left -= taken;
            at = self.worse_than(tick);
        }
        Some(worth)
    }

    /// Remove every level that is at `tick` or better; all levels where `tick` is None.
    pub fn clear_to(&mut self, tick: Option<Tick>) {
        let bound = tick.map_or(NONE, |tick| tick * self.sign);
        while self.best <= bound && self.best != NONE {
            self.set(self.best * self.sign, 0);
        }
    }

    #[inline]
    fn slot(&self, key: Tick) -> Option<usize> {
        let offset = key.wrapping_sub(self.base);
        ((0..WIDTH as Tick).contains(&offset)).then_some(offset as usize)
    }

    #[cold]
    fn set_far(&mut self, key: Tick, lots: Lots) {
        if lots > 0 {
            self.far.insert(key, lots);
        } else {
            self.far.remove(&key);
        }
    }

    /// Next occupied key above a key.
    fn next(&self, key: Tick) -> Option<Tick> {
        let inside = self.scan((key + 1).max(self.base));
        inside.or_else(|| self.far.range(key + 1..).next().map(|(far, _)| *far))
    }

    /// Lowest occupied key of the window from a key on, which is not below the window.
    fn scan(&self, from: Tick) -> Option<Tick> {
        let start = usize::try_from(from - self.base).ok()?;
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

    /// Update the best key.
    fn begin_at(&mut self, best: Tick) {
        self.best = best;
        let inside = self
            .slot(best)
            .is_some_and(|slot| (MARGIN..WIDTH / 2).contains(&slot));
        if !inside && best != NONE {
            self.move_window(best - AHEAD as Tick);
        }
    }

    #[cold]
    fn move_window(&mut self, base: Tick) {
        let mut at = self.scan(self.base);
        while let Some(key) = at {
            self.far.insert(key, self.qty[(key - self.base) as usize]);
            at = self.scan(key + 1);
        }
        self.qty.fill(0);
        self.bits.fill(0);
        self.base = base;
        let outside = self.far.split_off(&(base + WIDTH as Tick));
        // No level is better than the best, which lies in the window.
        for (key, lots) in std::mem::replace(&mut self.far, outside) {
            let slot = (key - base) as usize;
            self.qty[slot] = lots;
            self.bits[slot / 64] |= 1 << (slot % 64);
        }
    }
}

#[cfg(test)]
#[path = "ladder_tests.rs"]
mod tests;
