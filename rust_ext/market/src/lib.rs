//! Markets, the maker and what is measured. Data flows from `types` and `scenario` down to `session`; nothing
//! here knows of Python.

mod book;
mod flow;
mod maker;
mod measure;
mod scenario;
mod session;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod types;
mod venue;
mod world;

pub use session::market::Market;
pub use session::observe::Observation;
pub use session::observe_rows::RowsObservation;
pub use session::replay_run::Replay;
pub use session::simulate::{Opening, Simulation};
pub use session::stepper::{Heard, Stepper};
pub use types::Side;
pub use venue::tape::Column;
