//! What becomes of a strategy's orders, as it is told.

use crate::types::Side;

/// What a strategy was told about its own orders since the last step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OrderUpdate {
    /// Base units of an order were filled; the id is None for one that took liquidity.
    Filled {
        id: Option<u64>,
        side: Side,
        qty: f64,
        price: f64,
        /// In the currency that the contract settles in; negative for a rebate.
        fee: f64,
        /// When it happened at the market.
        time_ms: f64,
    },
    /// A post-only order would have crossed.
    Rejected { id: u64 },
    /// An order is at the market.
    Placed { id: u64 },
    /// A cancellation was processed; `found` is false where the order was not at the market any more.
    Cancelled { id: u64, found: bool },
    /// A reduction was processed; base units that are left, None where the order was not at the market any more.
    Reduced { id: u64, left: Option<f64> },
    /// An immediate-or-cancel order was processed.
    Taken,
    /// A funding payment: what it brought, in the currency that the contract settles in.
    Funded { amount: f64 },
}
