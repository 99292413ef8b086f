//! One iteration from its spec to its report: a strategy, a market and what lies between them.

pub mod desk;
pub mod observe;
pub mod observe_rows;
pub mod pace;
pub mod replay_run;
pub mod run;
pub mod simulate;
pub mod spec;
pub mod stepper;
