//! Two ordered maps, for the tests: nothing windowed, nothing kept up to date.

use std::collections::BTreeMap;

/// Sizes by key, as `Half` keeps them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NaiveHalf(pub BTreeMap<i64, f64>);

impl NaiveHalf {
    pub fn set(&mut self, key: i64, size: f64) {
        if size > 0.0 {
            self.0.insert(key, size);
        } else {
            self.0.remove(&key);
        }
    }

    pub fn levels(&self) -> Vec<(i64, f64)> {
        self.0
            .iter()
            .rev()
            .map(|(key, size)| (*key, *size))
            .collect()
    }
}
