//! Readers of large data: reason codes, samples, JSON reports, JSON lines. Nothing here knows of Python.

pub mod audit_jsonl;
#[cfg(target_arch = "x86_64")]
pub mod avx2;
#[cfg(target_arch = "x86_64")]
pub mod avx512;
pub mod bands;
pub mod blocks;
pub mod edge_json;
pub mod escapes;
pub mod keys;
pub mod lanes;
pub mod lines;
pub mod nesting;
pub mod numbers;
pub mod path;
pub mod quantile;
pub mod risk;
pub mod scan;
pub mod stream;
pub mod tally;

#[cfg(test)]
mod audit_tests;
#[cfg(test)]
mod scan_tests;

/// What went wrong while reading, ready to be put behind the name of the file.
pub type ReadResult<T> = Result<T, String>;

/// An error of the operating system as it is shown.
pub fn unreadable(error: std::io::Error) -> String {
    format!("cannot be read: {error}")
}
