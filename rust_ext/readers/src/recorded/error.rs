//! What can be wrong with recorded data: one sentence with file, row, value and what is accepted.

use std::path::Path;

use crate::recorded::places::Place;

/// The result of reading recorded data.
pub(crate) type DataResult<T> = Result<T, DataError>;

/// Why recorded data cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// A file as a whole.
    #[error("recording {file}{text}")]
    File { file: String, text: String },
    /// A row of a file.
    #[error("recording {file}: row {row} {text}")]
    Row {
        file: String,
        row: u64,
        text: String,
    },
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl DataError {
    pub(crate) fn file(file: &Path, text: impl Into<String>) -> Self {
        DataError::File {
            file: file.display().to_string(),
            text: text.into(),
        }
    }

    pub(crate) fn row(place: &Place, text: impl Into<String>) -> Self {
        DataError::Row {
            file: place.file.display().to_string(),
            row: place.row,
            text: text.into(),
        }
    }
}

/// Foreign bytes as printable ASCII, cut to what fits into a sentence.
pub(crate) fn shown(bytes: &[u8]) -> String {
    const MOST: usize = 40;
    let cut = &bytes[..bytes.len().min(MOST)];
    let more = if bytes.len() > MOST { "..." } else { "" };
    format!("{}{more}", cut.escape_ascii())
}
