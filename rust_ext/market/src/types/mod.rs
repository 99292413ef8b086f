//! Types that all modules share: sides, time, quotes, requests and notifications.

use serde::{Deserialize, Serialize};

pub(crate) mod check;
pub(crate) mod json;
pub(crate) mod rng;

/// Market time in nanoseconds.
pub(crate) type Ns = i64;
/// Price in ticks.
pub(crate) type Tick = i64;
/// Quantity in lots.
pub(crate) type Lots = i64;

/// Ceiling of one order, so that sums of lots stay far from the end of their type.
pub(crate) const MOST_OF_ORDER: Lots = 1 << 40;

/// Nanoseconds in a millisecond.
pub(crate) const MS: Ns = 1_000_000;
/// Nanoseconds in a second.
pub(crate) const SECOND: Ns = 1_000_000_000;

/// Milliseconds as nanoseconds, rounded.
pub(crate) fn ns_of_ms(ms: f64) -> Ns {
    (ms * 1e6).round() as Ns
}

/// Nanoseconds as milliseconds.
pub(crate) fn ms_of_ns(ns: Ns) -> f64 {
    ns as f64 / 1e6
}

/// Side of an order; 1 for Buy and -1 for Sell where it is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "i64", try_from = "i64")]
pub enum Side {
    Buy,
    Sell,
}

impl Side {
    /// Both, bids first.
    pub const BOTH: [Side; 2] = [Side::Buy, Side::Sell];

    /// 0 for Buy, 1 for Sell.
    pub fn index(self) -> usize {
        match self {
            Side::Buy => 0,
            Side::Sell => 1,
        }
    }

    /// +1 for Buy, -1 for Sell.
    pub fn sign(self) -> i64 {
        match self {
            Side::Buy => 1,
            Side::Sell => -1,
        }
    }

    /// The other side.
    pub fn opposite(self) -> Side {
        match self {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        }
    }

    /// How much better price `a` is than `b` for an order of this side, in ticks; positive is nearer to a trade.
    pub fn better_by(self, a: Tick, b: Tick) -> i64 {
        (a - b) * self.sign()
    }
}

impl From<Side> for i64 {
    fn from(side: Side) -> i64 {
        side.sign()
    }
}

/// A number that is no side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("side {0} is neither 1 (buy) nor -1 (sell)")]
pub struct SideError(i64);

impl TryFrom<i64> for Side {
    type Error = SideError;

    fn try_from(sign: i64) -> Result<Self, SideError> {
        Side::BOTH
            .into_iter()
            .find(|side| side.sign() == sign)
            .ok_or(SideError(sign))
    }
}

/// An order of ours at the market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NewOrder {
    pub id: u64,
    pub side: Side,
    pub tick: Tick,
    pub lots: Lots,
}

/// What we send to the market.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Request {
    /// Cancel an order where `cancel` is given, then place a post-only one where `place` is given.
    Quote {
        cancel: Option<Cancel>,
        place: Option<NewOrder>,
    },
    /// Immediate-or-cancel: take up to `lots` at `limit` or better.
    Take {
        side: Side,
        lots: Lots,
        limit: Tick,
        mid_at_decision: f64,
    },
    /// Leave at most so many lots of an order at the market.
    Reduce { id: u64, lots: Lots },
    /// A limit order: take what it crosses, and let what is left rest.
    Limit {
        order: NewOrder,
        mid_at_decision: f64,
    },
}

impl Request {
    /// How many requests it counts as, of those that may be unacknowledged at once.
    pub(crate) fn weight(&self) -> u32 {
        match self {
            Request::Quote { cancel, place } => {
                u32::from(cancel.is_some()) + u32::from(place.is_some())
            }
            Request::Take { .. } | Request::Limit { .. } | Request::Reduce { .. } => 1,
        }
    }
}

/// A cancellation, and whether the tail rule caused it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cancel {
    pub id: u64,
    pub tail: bool,
}

/// What the market tells us about our own orders.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Notification {
    /// A request was processed; `rejected` names a post-only order that would have crossed.
    Processed {
        weight: u32,
        take: bool,
        rejected: Option<u64>,
        /// The order that is at the market now.
        placed: Option<u64>,
        /// The order that a cancellation was for, and whether it was still there.
        cancelled: Option<(u64, bool)>,
    },
    /// A reduction was processed; lots that are left, None where the order was not there any more.
    Reduced { id: u64, left: Option<Lots> },
    /// A funding payment: what it brought.
    Funded { amount: f64 },
    /// A fill of ours; `id` is None for a taker fill, `at` is its time at the market, `fee` in the currency that the
    /// contract settles in.
    Filled {
        id: Option<u64>,
        side: Side,
        lots: Lots,
        tick: Tick,
        at: Ns,
        fee: f64,
    },
}

/// A fill of ours as the market saw it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct VenueFill {
    pub ts: Ns,
    /// None for a taker fill.
    pub id: Option<u64>,
    pub side: Side,
    pub tick: Tick,
    pub lots: Lots,
    /// Lots of the order that are left.
    pub left: Lots,
    /// Time at which the order reached the market.
    pub placed_at: Ns,
    /// Lots ahead of the order when it was placed.
    pub ahead_at_placement: Lots,
    /// Mid of the other participants' book just before the aggressive order, in ticks.
    pub mid: f64,
    /// Added to the fee, bps.
    pub fee_shift_bps: f64,
}

/// The book as the maker sees it; prices of other participants only.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct View {
    /// Time of this state at the market.
    pub at: Ns,
    /// Best bid and ask, in ticks; None where the side is empty.
    pub best: [Option<Tick>; 2],
    /// Mid in ticks; the last known one where a side is empty. None before the first.
    pub mid: Option<f64>,
    /// Lots on the best levels, per side.
    pub liquidity: [Lots; 2],
}
