//! When a resting order of ours is taken to be filled.

use serde::Deserialize;

use crate::types::Lots;

/// Lots ahead of an order that came while the book was not known.
pub(crate) const UNKNOWN: Lots = Lots::MAX / 4;
/// Lots ahead of an order whose turn in the queue never comes.
const NEVER: Lots = Lots::MAX / 2;

/// What it takes to fill a resting order of ours.
///
/// After the queue models of hftbacktest (`RiskAdverseQueueModel` is `Queue` on a recording). Whatever the
/// model, a trade beyond the price fills: all that had priority was traded before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FillModel {
    /// Its turn: what was displayed before it was traded or cancelled.
    #[default]
    Queue,
    /// A trade at its price, as if nobody were ahead.
    Touch,
    /// A trade beyond its price, or the other side displayed beyond it.
    Through,
    /// Its turn, where nobody ahead ever cancels.
    Pessimistic,
}

impl FillModel {
    /// Lots ahead of an order that joins behind `displayed`.
    pub(crate) fn behind(self, displayed: Lots) -> Lots {
        match self {
            FillModel::Queue | FillModel::Pessimistic => displayed,
            FillModel::Touch => 0,
            FillModel::Through => NEVER,
        }
    }

    /// Lots ahead once others ahead have traded.
    pub(crate) fn after_trade(self, ahead: Lots, lots: Lots) -> Lots {
        match self {
            FillModel::Through => ahead,
            _ => (ahead - lots).max(0),
        }
    }

    /// Whether cancellations of others bring an order forward.
    pub(crate) fn gains_by_cancels(self) -> bool {
        self == FillModel::Queue
    }

    /// Ticks beyond a price at which the other side has to be displayed so that an order there is filled.
    pub(crate) fn least_beyond(self) -> i64 {
        i64::from(self == FillModel::Through)
    }
}
