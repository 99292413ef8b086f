//! What a strategy holds where an iteration ends, and the next one may begin with.

use serde::{Deserialize, Serialize};

use crate::book::chance::Place;
use crate::book::fills::UNKNOWN;
use crate::book::own::OwnOrder;
use crate::flow::value::Moves;
use crate::types::check::{count, in_range, CheckResult};
use crate::types::{ms_of_ns, ns_of_ms, Lots, NewOrder, Side, Tick};

/// Ceiling of a position and of an order, so that sums of lots stay far from the end of their type.
const MOST_LOTS: f64 = (1u64 << 50) as f64;
const MOST_TICKS: f64 = 1e15;
const MOST_ORDERS: u64 = 10_000;

/// Quote units per tick and base units per lot.
type Sizes = (f64, f64);

/// A resting order: what is left of it, when it was placed, and units ahead of it, now and when it was placed, None
/// where that is not known; `place` is the estimate of models by a law alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resting {
    pub number: u64,
    pub side: Side,
    pub price: f64,
    pub size: f64,
    pub placed_ms: f64,
    ahead: Option<f64>,
    ahead_at_placement: Option<f64>,
    place: Place,
}

impl Resting {
    /// An order as it stands at the market.
    pub(crate) fn of(own: &OwnOrder, (tick_size, lot_size): Sizes) -> Self {
        let known = |lots: Lots| (lots < UNKNOWN).then_some(lots as f64 * lot_size);
        Resting {
            number: own.order.id,
            side: own.order.side,
            price: own.order.tick as f64 * tick_size,
            size: own.order.lots as f64 * lot_size,
            placed_ms: ms_of_ns(own.placed_at),
            ahead: known(own.ahead),
            ahead_at_placement: known(own.ahead_at_placement),
            place: own.place,
        }
    }

    fn own(&self, (tick_size, lot_size): Sizes) -> OwnOrder {
        let lots = |size: f64| (size / lot_size).round() as Lots;
        OwnOrder {
            order: NewOrder {
                id: self.number,
                side: self.side,
                tick: (self.price / tick_size).round() as Tick,
                lots: lots(self.size),
            },
            ahead: self.ahead.map_or(UNKNOWN, lots),
            ahead_at_placement: self.ahead_at_placement.map_or(UNKNOWN, lots),
            place: self.place,
            placed_at: ns_of_ms(self.placed_ms),
            seq: 0,
        }
    }

    fn check(&self, (tick_size, lot_size): Sizes) -> CheckResult {
        let lots = |key: &str, size: f64, least: f64| {
            in_range(key, size, least * lot_size, MOST_LOTS * lot_size)
        };
        let most_price = MOST_TICKS * tick_size;
        in_range(
            "holdings.orders.price",
            self.price,
            0.5 * tick_size,
            most_price,
        )?;
        in_range("holdings.orders.placed_ms", self.placed_ms, 0.0, 1e10)?;
        lots("holdings.orders.size", self.size, 0.5)?;
        for ahead in [self.ahead, self.ahead_at_placement].into_iter().flatten() {
            lots("holdings.orders.ahead", ahead, 0.0)?;
        }
        self.place.check("holdings.orders.place")
    }
}

/// Position in base units, its average entry price, the mid at which it was valued, the number of the newest order
/// that was sent, the orders that rest, and what trades have brought to the price of a mock market.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Holdings {
    pub position: f64,
    pub average_price: Option<f64>,
    pub mark: Option<f64>,
    pub last_order: u64,
    pub orders: Vec<Resting>,
    #[serde(default)]
    pub moves: Option<Moves>,
}

impl Holdings {
    /// Whether they can be held on a market of these steps.
    pub(crate) fn check(&self, (tick_size, lot_size): Sizes) -> CheckResult {
        let most = MOST_LOTS * lot_size;
        in_range("holdings.position", self.position, -most, most)?;
        let most_price = MOST_TICKS * tick_size;
        for price in [self.average_price, self.mark].into_iter().flatten() {
            in_range("holdings.mark", price, 0.0, most_price)?;
        }
        if let Some(moves) = self.moves {
            moves.check("holdings.moves")?;
        }
        count("holdings.orders", self.orders.len() as u64, 0, MOST_ORDERS)?;
        self.orders
            .iter()
            .try_for_each(|order| order.check((tick_size, lot_size)))
    }

    /// The position in lots.
    pub(crate) fn lots(&self, lot_size: f64) -> Lots {
        (self.position / lot_size).round() as Lots
    }

    /// The orders as they stood at the market.
    pub(crate) fn resting(&self, sizes: Sizes) -> Vec<OwnOrder> {
        self.orders.iter().map(|order| order.own(sizes)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_comes_back_as_it_was() {
        let own = |ahead| OwnOrder {
            order: NewOrder {
                id: 7,
                side: Side::Sell,
                tick: 123_457,
                lots: 31,
            },
            ahead,
            ahead_at_placement: 9,
            place: Place::after(4.5),
            placed_at: 1_234_567_891,
            seq: 0,
        };
        for sizes in [(0.01, 0.001), (0.1, 1e-8), (1.0 / 3.0, 7.0)] {
            for ahead in [0, 5, UNKNOWN] {
                let held = Holdings {
                    orders: vec![Resting::of(&own(ahead), sizes)],
                    ..Holdings::default()
                };
                assert_eq!(held.check(sizes), Ok(()));
                let text = serde_json::to_string(&held).expect("it is JSON");
                let back: Holdings = serde_json::from_str(&text).expect("it is what was written");
                assert_eq!(back.resting(sizes)[0].order, own(ahead).order);
                assert_eq!(back.resting(sizes)[0].ahead, ahead);
                assert_eq!(back.resting(sizes)[0].placed_at, own(ahead).placed_at);
            }
        }
    }

    #[test]
    fn what_no_market_can_hold_is_refused() {
        let order = r#"{"number": 1, "side": -1, "price": 5.0, "size": 1.0, "placed_ms": 0.0,
                        "ahead": null, "ahead_at_placement": null,
                        "place": {"ahead": 0.5, "traded": 0.0, "displayed": 1.0}}"#;
        let held = |order: &str| -> Result<Holdings, serde_json::Error> {
            serde_json::from_str(&format!(
                r#"{{"position": 1.0, "average_price": 2.0, "mark": 2.0, "last_order": 1, "orders": [{order}]}}"#
            ))
        };
        assert_eq!(held(order).map(|h| h.check((0.5, 0.1))).ok(), Some(Ok(())));
        for (before, after) in [
            (r#""price": 5.0"#, r#""price": 0.1"#),
            (r#""size": 1.0"#, r#""size": 0.0"#),
            (r#""placed_ms": 0.0"#, r#""placed_ms": -1.0"#),
            (r#""ahead": null"#, r#""ahead": -3.0"#),
        ] {
            let wrong = held(&order.replace(before, after)).expect("it has the form");
            assert!(wrong.check((0.5, 0.1)).is_err(), "{after}");
        }
        assert!(held(&order.replace("-1,", "2,")).is_err());
    }
}
