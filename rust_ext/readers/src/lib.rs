//! Readers of large data: reason codes, samples, JSON reports, JSON lines, recorded
//! market data. Nothing here knows of Python.

mod audit_jsonl;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod bands;
mod blocks;
mod edge_json;
mod error;
mod escapes;
mod keys;
mod lanes;
mod lines;
mod nesting;
mod numbers;
mod path;
mod quantile;
mod reasons;
mod recorded;
mod risk;
#[rustfmt::skip] // generated, and compared byte by byte
pub mod rows;
mod scan;
mod stream;
mod tally;

#[cfg(test)]
mod audit_tests;
#[cfg(test)]
mod scan_tests;

pub use audit_jsonl::{count_range, Counting};
pub use blocks::{Vectors, WINDOW};
pub use edge_json::{read_value, Reading};
pub use error::{Flaw, QuantileError, ReadError, ReadResult};
pub use lines::Lines;
pub use path::Path;
pub use quantile::quantiles;
pub use reasons::REASONS;
pub use recorded::{
    check_inflation, convert, format_names, format_of, Converted, DataError, InflationError, Room,
};
pub use risk::count_codes;
