//! Why something that a strategy asks for is refused.

use crate::maker::reasons::Reason;

/// Why something that a strategy asked for is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RequestError {
    /// Nothing is sent after the end.
    #[error("the iteration is over")]
    Over,
    /// There is no report before the end.
    #[error("the iteration is not over; call step() until it returns False")]
    NotOver,
    /// Slippage is measured from a mid.
    #[error("no mid has been seen yet")]
    NoMid,
    /// A reason that is not counted.
    #[error("unknown reason {0:?}; known are {known}", known = Reason::NAMES.join(", "))]
    Reason(String),
    /// A quantity below a lot or beyond all bounds.
    #[error("quantity {quantity} is out of range; accepted is a number from {least} to {most}")]
    Quantity {
        quantity: f64,
        least: f64,
        most: f64,
    },
    /// A price that is no positive number.
    #[error("price {0} is out of range; accepted is a positive number")]
    Price(f64),
}
