//! Counts of byte strings, most of which are among a few.

use std::collections::HashMap;

/// Bytes of a text that is compared at once, and how many of them are at hand.
const SHORT: usize = 16;
const SLOTS: usize = 64;

/// A short text that was there: its bytes, zeros behind them, its length, and its place among the entries.
#[derive(Clone, Copy, Default)]
struct Recent {
    text: u128,
    length: usize,
    place: usize,
}

/// How often each text was there.
pub struct Tally {
    entries: Vec<(Vec<u8>, u64)>,
    places: HashMap<Vec<u8>, usize>,
    recent: [Recent; SLOTS],
}

impl Default for Tally {
    fn default() -> Self {
        Tally {
            entries: Vec::new(),
            places: HashMap::new(),
            recent: [Recent::default(); SLOTS],
        }
    }
}

impl Tally {
    /// Count a text; false where it would be one more than `most` different ones.
    pub fn add(&mut self, text: &[u8], count: u64, most: usize) -> bool {
        if let Some(&place) = self.places.get(text) {
            self.entries[place].1 += count;
            self.remember(text, place);
            return true;
        }
        let place = self.entries.len();
        if place == most {
            return false;
        }
        self.places.insert(text.to_vec(), place);
        self.entries.push((text.to_vec(), count));
        self.remember(text, place);
        true
    }

    /// Count the text `from..to` of a buffer once, if it is a short one that was there of late.
    #[inline(always)]
    pub fn add_recent(&mut self, buffer: &[u8], from: usize, to: usize) -> bool {
        let length = to - from;
        let Some(bytes) = buffer[from..].first_chunk::<SHORT>() else {
            return false;
        };
        if length == 0 || length > SHORT {
            return false;
        }
        let text = u128::from_le_bytes(*bytes) & (u128::MAX >> (8 * (SHORT - length)));
        let slot = &self.recent[slot(text)];
        let known = slot.text == text && slot.length == length;
        if known {
            self.entries[slot.place].1 += 1;
        }
        known
    }

    fn remember(&mut self, text: &[u8], place: usize) {
        let length = text.len();
        if length == 0 || length > SHORT {
            return;
        }
        let mut bytes = [0; SHORT];
        bytes[..length].copy_from_slice(text);
        let text = u128::from_le_bytes(bytes);
        self.recent[slot(text)] = Recent {
            text,
            length,
            place,
        };
    }

    /// Texts and counts, in the order in which the texts were first there.
    pub fn entries(&self) -> &[(Vec<u8>, u64)] {
        &self.entries
    }
}

/// The slot of a short text: high bits of a product, which depend on all of it.
#[inline(always)]
fn slot(text: u128) -> usize {
    let folded = text as u64 ^ ((text >> 64) as u64).rotate_left(29);
    (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58) as usize
}
