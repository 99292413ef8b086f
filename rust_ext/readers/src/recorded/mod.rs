//! Recorded market data of many formats, turned into one stream of events that the replay can map.
//!
//! Each format is a file of [`formats`]. Files are read message by message; memory is bounded
//! by what is held back to put messages in order, whatever a file's size or what it claims.

mod book;
mod convert;
mod error;
mod event;
mod fields;
mod formats;
mod inflation;
mod input;
mod json;
mod lines;
mod order;
mod orders;
mod places;
mod sequence;
mod source;
mod writer;

pub use convert::{convert, Converted};
pub use error::DataError;
pub use formats::{format_names, format_of};
pub use inflation::{check_inflation, InflationError};
pub use writer::Room;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
