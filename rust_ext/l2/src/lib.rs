//! A public order book of prices and sizes (level 2).
//!
//! Sizes may be any numbers, updates come in batches of plain columns, and what is refused leaves no trace;
//! the simulator's ladder counts whole lots of orders that are valid by construction.

mod batch;
mod book;
mod error;
mod grid;
mod half;
mod readings;
mod sequence;

pub use batch::{Batch, Numbers};
pub use book::{Book, BookSide};
pub use error::BookError;

#[cfg(test)]
mod naive;
