//! What can go wrong while reading, ready to be put behind the name of the file.

use crate::nesting::MAX_DEPTH;

/// The result of a reader.
pub type ReadResult<T> = Result<T, ReadError>;

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// What the system says.
    #[error("cannot be read: {0}")]
    Io(String),
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// A path of no key or of too many.
    #[error("a path of {0} keys is refused; accepted are 1 to {most}", most = MAX_DEPTH)]
    Path(usize),
    /// The text has the mark of UTF-16.
    #[error("the text is UTF-16; accepted is UTF-8")]
    Utf16,
    /// Bytes that are not UTF-8.
    #[error("not valid UTF-8 at byte {0}; accepted is UTF-8")]
    NotUtf8(u64),
    /// A line that is longer than accepted.
    #[error("the line at byte {at} is too long; accepted are at most {most} bytes")]
    LineTooLong { at: u64, most: usize },
    /// More different values than are counted.
    #[error("more than {0} different values; counts by this field are not kept")]
    TooManyValues(usize),
    /// Something in the JSON text.
    #[error("{flaw} at byte {at}")]
    Json { flaw: Flaw, at: u64 },
}

impl From<std::io::Error> for ReadError {
    fn from(error: std::io::Error) -> Self {
        ReadError::Io(error.to_string())
    }
}

/// What is wrong with a JSON text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Malformed JSON.
    #[error("{0}")]
    Malformed(&'static str),
    /// A key of the path that comes twice.
    #[error("{0} is there twice; accepted is each key once")]
    Twice(String),
    /// A value on the path that has no keys.
    #[error("{0} is not an object")]
    NotObject(String),
    /// A value that is larger than accepted.
    #[error("the value is too large; accepted are at most {0} bytes")]
    TooLarge(usize),
}

/// Why quantiles cannot be computed.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum QuantileError {
    /// No values.
    #[error("there are no values")]
    Empty,
    /// A share outside of 0 to 1.
    #[error("the quantile {0} is refused; accepted is a number from 0 to 1")]
    Share(f64),
    /// A quantile between minus and plus infinity.
    #[error("the quantile {0} lies between minus and plus infinity")]
    Infinite(f64),
    /// The value at this place is not a number.
    #[error("value {0} is not a number (NaN); accepted are numbers")]
    NotANumber(usize),
}
