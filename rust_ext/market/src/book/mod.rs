//! Books of a market: single orders of others, ours among them, and quantities as they are displayed.

pub mod crowd;
pub mod displayed;
pub mod ladder;
pub mod matching;
pub mod own;
