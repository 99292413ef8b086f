//! What can go wrong on the way from a spec to a report.

use crate::measure::ReportError;
use crate::scenario::ScenarioError;
use crate::session::refusals::RequestError;
use crate::session::spec::SpecError;
use crate::venue::rows::RowError;

/// Why an iteration cannot be prepared, or cannot go on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MarketError {
    /// The scenario is not accepted.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The spec is not accepted.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A recorded row cannot be used.
    #[error(transparent)]
    Row(#[from] RowError),
    /// A strategy sent something that is not accepted.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The report does not add up.
    #[error(transparent)]
    Report(#[from] ReportError),
}
