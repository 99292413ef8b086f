//! Where in which file something stands.

use std::path::Path;
use std::sync::Arc;

/// A row of a file; the first row is 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub file: Arc<Path>,
    pub row: u64,
}

impl Place {
    /// Before anything was read.
    pub(crate) fn none() -> Self {
        Place {
            file: Path::new("").into(),
            row: 0,
        }
    }
}
