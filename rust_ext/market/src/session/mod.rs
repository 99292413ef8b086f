//! One iteration from its spec to its report: a strategy, a market and what lies between them.

pub(crate) mod decision_loop;
pub(crate) mod estimates;
pub(crate) mod exchange;
pub(crate) mod gateway;
pub(crate) mod holdings;
pub(crate) mod market;
pub mod memory;
pub(crate) mod observe;
pub(crate) mod observe_rows;
#[rustfmt::skip] // generated, and compared byte by byte
pub(crate) mod parameters;
pub(crate) mod payments;
pub(crate) mod refusals;
pub(crate) mod replay_run;
pub(crate) mod replay_stepping;
pub(crate) mod run;
#[rustfmt::skip] // generated, and compared byte by byte
pub(crate) mod shared;
pub(crate) mod simulate;
pub(crate) mod spec;
pub(crate) mod stepper;
pub(crate) mod updates;
