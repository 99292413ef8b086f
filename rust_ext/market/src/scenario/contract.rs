//! What a unit of quantity is worth: a part of the base currency, or an amount of the quote currency.
//!
//! An inverse contract settles in base currency. A unit that is held counts `-size / price` of it: that rises with the
//! price as `size * price` of a linear one does, so that all sums of an account are the same in both.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::scenario::{Contract, Instrument, Kind};

impl Contract {
    fn is_inverse(&self) -> bool {
        self.kind == Kind::Inverse
    }

    /// What one unit that is held counts at a price, in the currency it settles in.
    pub(crate) fn value(&self, price: f64) -> f64 {
        match self.kind {
            Kind::Linear => self.size * price,
            Kind::Inverse => -self.size / price,
        }
    }

    /// The price at which one unit counts as much.
    pub(crate) fn price_of(&self, value: f64) -> f64 {
        match self.kind {
            Kind::Linear => value / self.size,
            Kind::Inverse => -self.size / value,
        }
    }

    /// Notional of one unit at a price, in quote currency.
    pub(crate) fn in_quote(&self, price: f64) -> f64 {
        match self.kind {
            Kind::Linear => self.size * price,
            Kind::Inverse => self.size,
        }
    }

    /// What a lot counts at a price in ticks, in units of [`Contract::unit`].
    pub(crate) fn in_ticks(&self, ticks: f64) -> f64 {
        match self.kind {
            Kind::Linear => ticks,
            Kind::Inverse => -1.0 / ticks,
        }
    }

    /// What one lot counts at a price of one tick, without its sign.
    pub(crate) fn unit(&self, tick_size: f64, lot_size: f64) -> f64 {
        match self.kind {
            Kind::Linear => tick_size * lot_size * self.size,
            Kind::Inverse => lot_size * self.size / tick_size,
        }
    }

    /// The factor on what a lot counts where its price is multiplied by one.
    pub(crate) fn follows(&self, factor: f64) -> f64 {
        if self.is_inverse() {
            1.0 / factor
        } else {
            factor
        }
    }

    /// Whether units are those of the base currency.
    pub(crate) fn is_plain(&self) -> bool {
        *self == Contract::default()
    }
}

impl Instrument {
    /// What one unit is worth at the start, in quote currency.
    pub(crate) fn unit_worth(&self) -> f64 {
        self.contract.in_quote(self.start_price)
    }
}

impl Serialize for Contract {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kind = if self.is_inverse() {
            "inverse"
        } else {
            "linear"
        };
        let mut fields = serializer.serialize_struct("Contract", 2)?;
        fields.serialize_field("kind", kind)?;
        fields.serialize_field("size", &self.size)?;
        fields.end()
    }
}

/// Notional of a lot in quote currency, at prices in ticks.
#[derive(Debug, Clone)]
pub(crate) struct LotWorth {
    /// At a price of one tick, or whatever the price is.
    pub one: f64,
    follows_price: bool,
}

impl LotWorth {
    /// That of an instrument.
    pub(crate) fn of(instrument: &Instrument) -> Self {
        let lot = instrument.lot_size * instrument.contract.size;
        let follows_price = !instrument.contract.is_inverse();
        let tick = if follows_price {
            instrument.tick_size
        } else {
            1.0
        };
        LotWorth {
            one: lot * tick,
            follows_price,
        }
    }

    /// How many times [`LotWorth::one`] it is at a price.
    pub(crate) fn times(&self, price: f64) -> f64 {
        if self.follows_price {
            price
        } else {
            1.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inverse(size: f64) -> Contract {
        Contract {
            kind: Kind::Inverse,
            size,
        }
    }

    #[test]
    fn a_long_of_an_inverse_contract_earns_coins_as_the_price_rises() {
        let contract = inverse(100.0);
        let earned = 5.0 * (contract.value(50_000.0) - contract.value(40_000.0));
        assert!((earned - 500.0 * (1.0 / 40_000.0 - 1.0 / 50_000.0)).abs() < 1e-15);
        assert_eq!(contract.in_quote(40_000.0), 100.0);
        assert_eq!(Contract::default().in_quote(40_000.0), 40_000.0);
    }

    #[test]
    fn prices_in_ticks_give_the_same_as_prices() {
        for contract in [Contract::default(), inverse(10.0)] {
            let (tick, lot) = (0.5, 2.0);
            let by_ticks = contract.in_ticks(80.0) * contract.unit(tick, lot);
            assert!((by_ticks - lot * contract.value(40.0)).abs() < 1e-12);
            let moved = contract.in_ticks(80.0) * contract.follows(1.25);
            assert!((moved - contract.in_ticks(100.0)).abs() < 1e-12);
        }
    }

    #[test]
    fn a_lot_of_an_inverse_contract_has_one_notional_at_all_prices() {
        let mut instrument = Instrument {
            tick_size: 0.5,
            lot_size: 1.0,
            start_price: 2000.0,
            contract: inverse(10.0),
        };
        let worth = LotWorth::of(&instrument);
        assert_eq!(worth.one * worth.times(4000.0), 10.0);
        instrument.contract = Contract::default();
        let worth = LotWorth::of(&instrument);
        assert_eq!(worth.one * worth.times(4000.0), 2000.0);
    }
}
