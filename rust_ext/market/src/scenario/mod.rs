//! The data of a mock market: everything that a scenario file says.
//!
//! Multipliers are relative to the quiet state of the same scenario; 1 means unchanged. The host's model holds
//! the fields, their defaults and ranges, and the rules between them; `tables` is generated from it.

pub(crate) mod contract;
pub(crate) mod events;
#[rustfmt::skip] // generated, and compared byte by byte
pub(crate) mod tables;

pub(crate) use tables::*;

use crate::types::check::RangeError;
use crate::types::json::JsonError;

/// Why a scenario is not accepted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ScenarioError {
    /// It is no JSON of this form.
    #[error("the scenario is not accepted: {0}")]
    Json(#[from] JsonError),
    /// A number or text is out of range.
    #[error(transparent)]
    Range(#[from] RangeError),
}
