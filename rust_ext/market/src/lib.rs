//! Markets, the maker and what is measured. Data flows from `types` and `scenario` down to `session`; nothing
//! here knows of Python.

pub mod book;
pub mod flow;
pub mod maker;
pub mod measure;
#[cfg(any(test, feature = "testing"))]
pub mod samples;
pub mod scenario;
pub mod session;
pub mod types;
pub mod venue;
pub mod world;
