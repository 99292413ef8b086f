//! Markets, the maker and what is measured. Data flows from `types` and `scenario` down to `session`; nothing
//! here knows of Python.

mod book;
mod error;
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

pub use error::MarketError;
pub use measure::ReportError;
pub use scenario::ScenarioError;
pub use session::exchange::{Exchange, ExchangeError};
pub use session::holdings::Resting;
pub use session::market::Market;
pub use session::memory;
pub use session::observe::Observation;
pub use session::observe_rows::RowsObservation;
pub use session::refusals::RequestError;
pub use session::replay_run::Replay;
pub use session::replay_stepping::ReplayOpening;
pub use session::simulate::{Opening, Simulation};
pub use session::spec::SpecError;
pub use session::stepper::Stepper;
pub use session::updates::OrderUpdate;
pub use types::check::RangeError;
pub use types::json::JsonError;
pub use types::{Side, SideError};
pub use venue::rows::RowError;
pub use venue::tape::Column;
