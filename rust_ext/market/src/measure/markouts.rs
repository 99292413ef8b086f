//! What fills were worth some time later: the markout curve of an iteration.

use serde::Serialize;

pub(crate) use crate::measure::limits::HORIZONS;

/// The horizon of the adverse move, as a place in [`HORIZONS`].
pub(crate) const ADVERSE: usize = 1;

/// A fill whose mid is looked at later.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Marked {
    /// Place of the fill among all fills.
    pub fill: usize,
    /// +1 where we bought.
    pub sign: f64,
    pub maker: bool,
    /// Mid at the fill, ticks.
    pub mid: f64,
    /// Price of the fill, ticks.
    pub tick: f64,
    pub lots: f64,
}

impl Marked {
    /// How far the mid went against us, bps; `worth` is what a lot counts at a price in ticks.
    pub(crate) fn cost_bps(&self, mid: f64, worth: impl Fn(f64) -> f64) -> f64 {
        let before = worth(self.mid);
        -self.sign * (worth(mid) - before) / before.abs() * 1e4
    }
}

/// Sums over the maker fills whose mid was looked at, by horizon; amounts in the currency that the contract settles in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Markouts {
    /// Size times how far the mid had gone beyond the price of the fill, in our favour.
    pub profit: [f64; HORIZONS.len()],
    pub notional: [f64; HORIZONS.len()],
    pub fills: [u64; HORIZONS.len()],
}

impl Markouts {
    /// The mid is looked at; `worth` is what a lot counts at a price in ticks, in units of `unit`.
    pub(crate) fn add(
        &mut self,
        horizon: usize,
        marked: &Marked,
        mid: f64,
        unit: f64,
        worth: impl Fn(f64) -> f64,
    ) {
        if marked.maker {
            let size = marked.lots * unit;
            let paid = worth(marked.tick);
            self.profit[horizon] += marked.sign * size * (worth(mid) - paid);
            self.notional[horizon] += size * paid.abs();
            self.fills[horizon] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_markout_is_positive_where_the_mid_went_our_way() {
        let mut found = Markouts::default();
        let bought = Marked {
            fill: 0,
            sign: 1.0,
            maker: true,
            mid: 101.0,
            tick: 100.0,
            lots: 2.0,
        };
        let sold = Marked {
            sign: -1.0,
            ..bought
        };
        found.add(0, &bought, 103.0, 0.5, |tick| tick);
        found.add(0, &sold, 101.0, 0.5, |tick| tick);
        found.add(
            2,
            &Marked {
                maker: false,
                ..bought
            },
            103.0,
            0.5,
            |tick| tick,
        );
        assert_eq!(found.profit, [3.0 - 1.0, 0.0, 0.0, 0.0]);
        assert_eq!(found.notional, [200.0, 0.0, 0.0, 0.0]);
        assert_eq!(found.fills, [2, 0, 0, 0]);
        assert!(bought.cost_bps(100.0, |tick| tick) > 0.0);
        assert!(sold.cost_bps(100.0, |tick| tick) < 0.0);
    }
}
