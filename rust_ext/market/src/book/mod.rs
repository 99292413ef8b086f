//! Books of a market: single orders of others, ours among them, and quantities as they are displayed.

pub(crate) mod crowd;
pub(crate) mod displayed;
#[allow(unreachable_pub, reason = "reached with the feature `testing`")]
pub mod ladder;
pub(crate) mod matching;
pub(crate) mod own;
