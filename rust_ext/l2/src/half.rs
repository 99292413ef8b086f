//! One side of the book: sizes by tick in a ring of slots round the best price.
//!
//! Keys are ticks that grow towards a trade: the tick of a bid, minus the tick of an ask. The ring covers a
//! window of keys that holds the best one; levels below the window wait in an ordered map. None lies above it.
//! As a key's slot is the key modulo the width, moving the window touches only what enters or leaves.

use std::collections::BTreeMap;

const EMPTY: i64 = i64::MIN;

/// Least width of a window, ticks.
pub(crate) const LEAST_WINDOW: usize = 256;
/// Greatest width of a window, ticks.
pub(crate) const MOST_WINDOW: usize = 1 << 20;

/// Sizes by key of one side.
#[derive(Debug, Clone)]
pub(crate) struct Half {
    sizes: Box<[f64]>,
    /// One bit per slot: whether there is a level.
    bits: Box<[u64]>,
    /// First key of the window, a multiple of 64.
    base: i64,
    best: i64,
    below: BTreeMap<i64, f64>,
}

impl Half {
    /// An empty side with a window of at least `width` ticks.
    pub(crate) fn new(width: usize) -> Self {
        let width = width.clamp(LEAST_WINDOW, MOST_WINDOW).next_power_of_two();
        Half {
            sizes: vec![0.0; width].into(),
            bits: vec![0; width / 64].into(),
            base: 0,
            best: EMPTY,
            below: BTreeMap::new(),
        }
    }

    /// The best key.
    #[inline]
    pub(crate) fn best(&self) -> Option<i64> {
        (self.best != EMPTY).then_some(self.best)
    }

    /// Size at a key, 0 where there is no level.
    pub(crate) fn get(&self, key: i64) -> f64 {
        if self.covers(key) {
            self.sizes[self.slot(key)]
        } else {
            self.below.get(&key).copied().unwrap_or(0.0)
        }
    }

    /// Levels from the best on: key and size.
    pub(crate) fn levels(&self) -> impl Iterator<Item = (i64, f64)> + '_ {
        std::iter::successors(self.best(), |key| self.next_below(*key))
            .map(|key| (key, self.get(key)))
    }

    /// Levels that wait outside the window.
    pub(crate) fn outside(&self) -> usize {
        self.below.len()
    }

    /// Set the size at a key; 0 removes the level.
    pub(crate) fn set(&mut self, key: i64, size: f64) {
        self.put(key, size);
        self.settle();
    }

    /// `set` as one of many: the best key may be one whose level was removed, until `settle` is called.
    #[inline(always)]
    pub(crate) fn put(&mut self, key: i64, size: f64) {
        if !self.covers(key) {
            return self.put_outside(key, size);
        }
        let slot = self.slot(key);
        self.sizes[slot] = size;
        let there = size > 0.0;
        let word = &mut self.bits[slot / 64];
        *word = (*word & !(1 << (slot % 64))) | (u64::from(there) << (slot % 64));
        // Not a branch on `there`, which no processor can foresee.
        self.best = self.best.max(if there { key } else { EMPTY });
    }

    /// Find the best key again where its level was removed.
    #[inline]
    pub(crate) fn settle(&mut self) {
        if self.best != EMPTY && self.get(self.best) == 0.0 {
            self.fall();
        }
    }

    /// Replace all levels.
    pub(crate) fn reset(&mut self, levels: &[(i64, f64)]) {
        self.clear();
        if let Some(best) = levels.iter().map(|(key, _)| *key).max() {
            self.base = self.home(best);
        }
        for (key, size) in levels {
            self.put(*key, *size);
        }
    }

    fn clear(&mut self) {
        for word in 0..self.bits.len() {
            self.empty_word(word, |_, _| {});
        }
        self.below.clear();
        self.best = EMPTY;
    }

    #[inline(always)]
    fn covers(&self, key: i64) -> bool {
        (key.wrapping_sub(self.base) as u64) < self.sizes.len() as u64
    }

    #[inline(always)]
    fn slot(&self, key: i64) -> usize {
        key as usize & (self.sizes.len() - 1)
    }

    #[inline(always)]
    fn word(&self, words: i64) -> usize {
        words as usize & (self.bits.len() - 1)
    }

    /// Where the window begins when it is laid round a best key: three quarters of it are for worse prices.
    fn home(&self, best: i64) -> i64 {
        (best - self.sizes.len() as i64 / 4 * 3) & !63
    }

    #[cold]
    fn put_outside(&mut self, key: i64, size: f64) {
        let there = size > 0.0;
        if there && key > self.best {
            self.best = key;
            self.move_to(self.home(key));
            self.put(key, size);
        } else if there {
            self.below.insert(key, size);
        } else {
            self.below.remove(&key);
        }
    }

    fn fall(&mut self) {
        self.best = self.next_below(self.best).unwrap_or(EMPTY);
        let low = self.base + self.sizes.len() as i64 / 4;
        if self.best < low && self.best != EMPTY {
            self.move_to(self.home(self.best));
        }
    }

    fn next_below(&self, key: i64) -> Option<i64> {
        self.scan_below(key)
            .or_else(|| self.below.range(..key).next_back().map(|(k, _)| *k))
    }

    /// The nearest level of the window below a key, which is in the window or below it.
    #[inline]
    fn scan_below(&self, key: i64) -> Option<i64> {
        let first = self.base >> 6;
        let mut words = key >> 6;
        let mut mask = (1u64 << (key & 63)) - 1;
        while words >= first {
            let found = self.bits[self.word(words)] & mask;
            if found != 0 {
                return Some(words * 64 + 63 - i64::from(found.leading_zeros()));
            }
            mask = !0;
            words -= 1;
        }
        None
    }

    /// Move the window, which must cover the best key afterwards; so nothing is above it.
    fn move_to(&mut self, base: i64) {
        let old = std::mem::replace(&mut self.base, base);
        if base > old {
            let words = self.bits.len() as i64;
            let mut left = Vec::new();
            for word in (old >> 6)..(base >> 6).min((old >> 6) + words) {
                let slots = self.word(word);
                self.empty_word(slots, |bit, size| left.push((word * 64 + bit, size)));
            }
            self.below.extend(left);
        } else {
            for (key, size) in self.below.split_off(&base) {
                let slot = self.slot(key);
                self.sizes[slot] = size;
                self.bits[slot / 64] |= 1 << (slot % 64);
            }
        }
    }

    fn empty_word(&mut self, word: usize, mut removed: impl FnMut(i64, f64)) {
        let mut bits = std::mem::take(&mut self.bits[word]);
        while bits != 0 {
            let bit = bits.trailing_zeros();
            let size = std::mem::take(&mut self.sizes[word * 64 + bit as usize]);
            removed(i64::from(bit), size);
            bits &= bits - 1;
        }
    }
}

#[cfg(test)]
#[path = "half_tests.rs"]
mod tests;
