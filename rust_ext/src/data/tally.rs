//! Counts of byte strings, most of which are among a few.

use std::collections::HashMap;

/// Entries that are compared one by one before the table is asked.
const NEAR: usize = 8;

/// How often each text was there.
#[derive(Default)]
pub struct Tally {
    entries: Vec<(Vec<u8>, u64)>,
    places: HashMap<Vec<u8>, usize>,
}

impl Tally {
    /// Count a text; false where it would be one more than `most` different ones.
    #[inline]
    pub fn add(&mut self, text: &[u8], count: u64, most: usize) -> bool {
        for (known, n) in self.entries.iter_mut().take(NEAR) {
            if known.as_slice() == text {
                *n += count;
                return true;
            }
        }
        self.add_far(text, count, most)
    }

    fn add_far(&mut self, text: &[u8], count: u64, most: usize) -> bool {
        if let Some(&place) = self.places.get(text) {
            self.entries[place].1 += count;
            return true;
        }
        if self.entries.len() == most {
            return false;
        }
        if self.entries.len() >= NEAR {
            self.places.insert(text.to_vec(), self.entries.len());
        }
        self.entries.push((text.to_vec(), count));
        true
    }

    /// Texts and counts, in the order in which the texts were first there.
    pub fn entries(&self) -> &[(Vec<u8>, u64)] {
        &self.entries
    }
}
