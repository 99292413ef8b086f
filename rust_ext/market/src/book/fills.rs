//! When a resting order of ours is taken to be filled.

use serde::Deserialize;

use crate::book::chance::Law;
use crate::types::Lots;

/// Lots ahead of an order that came while the book was not known.
pub(crate) const UNKNOWN: Lots = Lots::MAX / 4;
/// Lots ahead of an order whose turn in the queue never comes.
const NEVER: Lots = Lots::MAX / 2;

/// What it takes to fill a resting order of ours.
///
/// After the queue models of hftbacktest (`RiskAdverseQueueModel` is `Queue` on a recording). Whatever the
/// model, a trade beyond the price fills: all that had priority was traded before.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(try_from = "String")]
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
    /// Its turn, where a law says how likely a cancelled quantity was behind it; on a recording alone.
    Chance(Law),
}

/// A word that names no model.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "{0:?} is not one of queue, touch, through, pessimistic, prob-log, prob-log2, prob-power:N, \
     prob-power2:N, prob-power3:N with N from 0.01 to 100"
)]
pub struct NoModel(String);

impl TryFrom<String> for FillModel {
    type Error = NoModel;

    fn try_from(text: String) -> Result<Self, NoModel> {
        let (name, power) = text.split_once(':').unwrap_or((&text, ""));
        let power = power.parse().ok().filter(|n| (0.01..=100.0).contains(n));
        Ok(match (name, power) {
            ("prob-power", Some(n)) => FillModel::Chance(Law::Power(n)),
            ("prob-power2", Some(n)) => FillModel::Chance(Law::PowerOfSum(n)),
            ("prob-power3", Some(n)) => FillModel::Chance(Law::PowerOfShare(n)),
            _ => match text.as_str() {
                "queue" => FillModel::Queue,
                "touch" => FillModel::Touch,
                "through" => FillModel::Through,
                "pessimistic" => FillModel::Pessimistic,
                "prob-log" => FillModel::Chance(Law::Log),
                "prob-log2" => FillModel::Chance(Law::LogOfSum),
                _ => return Err(NoModel(text)),
            },
        })
    }
}

impl FillModel {
    /// Lots ahead of an order that joins behind `displayed`.
    pub(crate) fn behind(self, displayed: Lots) -> Lots {
        match self {
            FillModel::Queue | FillModel::Pessimistic | FillModel::Chance(_) => displayed,
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
        matches!(self, FillModel::Queue)
    }

    /// Ticks beyond a price at which the other side has to be displayed so that an order there is filled.
    pub(crate) fn least_beyond(self) -> i64 {
        i64::from(matches!(self, FillModel::Through))
    }

    /// The law by which an order's place in its queue is estimated, where one is.
    #[inline]
    pub(crate) fn law(self) -> Option<Law> {
        match self {
            FillModel::Chance(law) => Some(law),
            _ => None,
        }
    }
}
