//! Books of a market: single orders, ours and those of other participants, and displayed quantities.

pub(crate) mod chance;
pub(crate) mod displayed;
pub(crate) mod fills;
#[allow(unreachable_pub, reason = "reached with the feature `testing`")]
pub mod ladder;
pub(crate) mod matching;
pub(crate) mod own;
pub(crate) mod resting;
