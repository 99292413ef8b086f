//! Profit and loss of one iteration, in doubles: four components that partition it, and beside them an
//! independent ledger of cash.

use crate::measure::ReportError;
use serde::Serialize;

use crate::measure::terms::Terms;
use crate::scenario::Contract;
use crate::types::Side;

/// Relative size of the gap between components and ledger that is still rounding.
const ROUNDING: f64 = 1e-9;

/// A fill, its prices in quote currency and its size in units of the contract. Mids are those of the other participants' book.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fill {
    pub side: Side,
    pub price: f64,
    pub qty: f64,
    pub maker: bool,
    pub mid_at_fill: f64,
    /// For a taker fill the mid that the decision was based on; for a maker fill `mid_at_fill`.
    pub mid_at_decision: f64,
    /// Added to the fee, bps.
    pub fee_shift_bps: f64,
}

/// Sums of one iteration in the currency that the contract settles in, but for positions, which are units of the
/// contract, and `quote_notional`, which is in quote currency; contributions to profit.
///
/// The cumulative profit at mid, 0 at the start, is looked at after every fill, at every sample of the market
/// and at the end: `profit_low` and `profit_high` are its extremes, `drawdown` is its largest fall below its
/// highest value so far. `liquidation` is the profit once the position is closed against the displayed book,
/// whose quotes follow what that tells, and the taker fee is paid for it; None where the book does not hold enough.
/// `position_max` is the position of the largest size, with its sign. A position that was held at the begin counts at
/// the mid that it was valued at before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Totals {
    pub notional: f64,
    pub maker_notional: f64,
    pub taker_notional: f64,
    pub quote_notional: f64,
    pub gross: f64,
    pub fees: f64,
    pub slippage: f64,
    pub inventory: f64,
    pub funding: f64,
    pub ledger: f64,
    pub liquidation: Option<f64>,
    pub position_start: f64,
    pub position_end: f64,
    pub position_max: f64,
    pub profit_low: f64,
    pub profit_high: f64,
    pub drawdown: f64,
    pub mid_start: Option<f64>,
    pub mid_end: Option<f64>,
}

/// The account of one iteration; its profit begins at 0.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    terms: Terms,
    totals: Totals,
    cash: f64,
    position: f64,
    /// What a unit of the position counted on average when it was acquired.
    average: Option<f64>,
    /// What a unit counts at the last mid; 0 before the first.
    mark: f64,
    /// Worth of the position at the begin.
    opened_at: f64,
    /// The mid at which it was valued.
    opened_mid: Option<f64>,
}

impl Account {
    /// A flat account.
    pub(crate) fn new(terms: Terms, mid_start: Option<f64>) -> Self {
        Account {
            mark: mid_start.map_or(0.0, |mid| terms.contract.value(mid)),
            terms,
            totals: Totals {
                mid_start,
                ..Totals::default()
            },
            cash: 0.0,
            position: 0.0,
            average: None,
            opened_at: 0.0,
            opened_mid: mid_start,
        }
    }

    /// The same with a position that was entered before at an average price and valued at `mark`, or at the mid at
    /// the start: what it is worth there is no profit of this iteration, what it gains from there on is.
    pub(crate) fn holding(
        mut self,
        position: f64,
        average: Option<f64>,
        mark: Option<f64>,
    ) -> Self {
        let value = |price| self.terms.contract.value(price);
        self.average = average.map(value);
        self.mark = mark.map_or(self.mark, value);
        self.opened_mid = mark.or(self.opened_mid);
        self.position = position;
        self.opened_at = (position * self.mark).abs();
        self.cash = -position * self.mark;
        self.totals.position_start = position;
        self.totals.position_max = position;
        self
    }

    /// Book a fill; returns the fee, a cost where positive.
    pub(crate) fn book(&mut self, fill: &Fill) -> f64 {
        let contract = &self.terms.contract;
        let price = contract.value(fill.price);
        let at_fill = contract.value(fill.mid_at_fill);
        let at_decision = contract.value(fill.mid_at_decision);
        let quoted = fill.qty * contract.in_quote(fill.price);
        let bps = self.terms.fee_bps(fill.maker, self.totals.quote_notional);
        self.mark_to(at_fill);
        let signed = fill.side.sign() as f64 * fill.qty;
        let notional = fill.qty * price.abs();
        let t = &mut self.totals;
        if fill.maker {
            t.gross += signed * (at_fill - price);
            t.maker_notional += notional;
        } else {
            t.slippage += signed * (at_decision - price);
            // The move between decision and fill is not the price paid for crossing.
            t.inventory += signed * (at_fill - at_decision);
            t.taker_notional += notional;
        }
        let fee = notional * (bps + fill.fee_shift_bps) * 1e-4;
        t.notional += notional;
        t.quote_notional += quoted;
        t.fees -= fee;
        self.cash -= signed * price + fee;
        self.enter(signed, price);
        if self.position.abs() > self.totals.position_max.abs() {
            self.totals.position_max = self.position;
        }
        self.look(fill.mid_at_fill);
        fee
    }

    fn enter(&mut self, signed: f64, price: f64) {
        let before = self.position;
        self.position += signed;
        let grows = before * signed >= 0.0;
        let turns = self.position * before < 0.0;
        self.average = match self.average {
            Some(average) if grows => {
                let (held, added) = (before.abs(), signed.abs());
                Some((average * held + price * added) / (held + added))
            }
            Some(average) if !turns => Some(average),
            _ => Some(price),
        };
    }

    /// Pay or receive a share of what the position is worth at a mid; what it brings.
    pub(crate) fn fund(&mut self, mid: f64, rate: f64) -> f64 {
        let amount = -self.position * self.terms.contract.value(mid).abs() * rate;
        self.totals.funding += amount;
        self.cash += amount;
        self.look(mid);
        amount
    }

    /// The contract that is traded.
    pub(crate) fn contract(&self) -> &Contract {
        &self.terms.contract
    }

    /// Look at the profit at a mid.
    pub(crate) fn look(&mut self, mid: f64) {
        self.look_at(self.terms.contract.value(mid));
    }

    fn look_at(&mut self, value: f64) {
        let profit = self.cash + self.position * value;
        let t = &mut self.totals;
        t.profit_low = t.profit_low.min(profit);
        t.profit_high = t.profit_high.max(profit);
        t.drawdown = t.drawdown.max(t.profit_high - profit);
    }

    /// The cash so far.
    pub(crate) fn cash(&self) -> f64 {
        self.cash
    }

    /// The profit at a mid, at the last one known where there is none.
    pub(crate) fn profit(&self, mid: Option<f64>) -> f64 {
        self.cash + self.position * self.value_at(mid)
    }

    /// What a unit counts at a mid, at the last one known where there is none.
    fn value_at(&self, mid: Option<f64>) -> f64 {
        mid.map_or(self.mark, |mid| self.terms.contract.value(mid))
    }

    /// The position in units of the contract.
    pub(crate) fn position(&self) -> f64 {
        self.position
    }

    /// Average entry price of the position: that at which it would have earned nothing; of a flat one it says nothing.
    pub(crate) fn average_price(&self) -> Option<f64> {
        self.average
            .map(|value| self.terms.contract.price_of(value))
    }

    /// The mid at which the position is valued in the end, None where there was none.
    pub(crate) fn last_mid(&self, mid_end: Option<f64>) -> Option<f64> {
        mid_end.or(self.opened_mid)
    }

    /// Sums so far with the position at a mid, the last one known where there is none.
    pub(crate) fn marked(&self, mid: Option<f64>) -> Totals {
        let mut now = self.clone();
        now.mark_to(self.value_at(mid));
        now.totals
    }

    /// Close the books at the last mid; `proceeds` is what closing the position brings.
    ///
    /// # Errors
    /// Where components and ledger differ by more than rounding; that would be a defect of this module.
    pub(crate) fn close(
        &self,
        mid_end: Option<f64>,
        proceeds: Option<f64>,
    ) -> Result<Totals, ReportError> {
        let mut end = self.clone();
        end.mark_to(self.value_at(mid_end));
        end.look_at(end.mark);
        let mut t = end.totals;
        t.ledger = end.cash + end.position * end.mark;
        let taker_bps = self.terms.fee_bps(false, t.quote_notional);
        t.liquidation = proceeds.map(|p| end.cash + p - p.abs() * taker_bps * 1e-4);
        t.position_end = end.position;
        t.mid_end = mid_end;
        let gap = (t.gross + t.fees + t.slippage + t.inventory + t.funding - t.ledger).abs();
        if gap > ROUNDING * (t.notional + self.opened_at.max((t.position_start * end.mark).abs())) {
            return Err(ReportError::Accounting {
                gap,
                notional: t.notional,
            });
        }
        Ok(t)
    }

    fn mark_to(&mut self, value: f64) {
        self.totals.inventory += self.position * (value - self.mark);
        self.mark = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Kind;
    use crate::session::spec::Fees;
    use proptest::prelude::*;

    fn terms(maker_bps: f64, taker_bps: f64) -> Terms {
        Terms::from(Fees {
            maker_bps,
            taker_bps,
            tiers: Vec::new(),
        })
    }

    fn fill_strategy() -> impl Strategy<Value = Fill> {
        (
            any::<bool>(),
            any::<bool>(),
            1.0f64..1e5,
            1e-3f64..1e3,
            -0.05f64..0.05,
            -0.05f64..0.05,
        )
            .prop_map(|(buy, maker, price, qty, at_fill, at_decision)| Fill {
                side: if buy { Side::Buy } else { Side::Sell },
                price,
                qty,
                maker,
                mid_at_fill: price * (1.0 + at_fill),
                mid_at_decision: price * (1.0 + if maker { at_fill } else { at_decision }),
                fee_shift_bps: at_fill * 20.0,
            })
    }

    proptest! {
        #[test]
        fn components_partition_the_ledger(
            fills in prop::collection::vec(fill_strategy(), 0..200),
            maker_bps in -2.0f64..2.0,
            taker_bps in -1.0f64..8.0,
            end in 1.0f64..1e5,
            inverse in any::<bool>(),
            size in 1e-3f64..1e3,
            rate in -0.01f64..0.01,
        ) {
            let kind = if inverse { Kind::Inverse } else { Kind::Linear };
            let terms = Terms { contract: Contract { kind, size }, ..terms(maker_bps, taker_bps) };
            let mut account = Account::new(terms, Some(500.0));
            let (mut cash, mut position) = (0.0, 0.0);
            for fill in &fills {
                account.book(fill);
                let signed = fill.side.sign() as f64 * fill.qty * size;
                let bps = if fill.maker { maker_bps } else { taker_bps } + fill.fee_shift_bps;
                // An inverse contract that is bought is a debt of so much quote currency, for coins.
                let (bought, paid) = if inverse { (-signed, -signed.abs() / fill.price) } else { (signed, -signed.abs() * fill.price) };
                cash += if inverse { signed / fill.price } else { -signed * fill.price } + paid * bps / 1e4;
                position += bought;
                account.fund(fill.price, rate);
                let worth = if inverse { -position / fill.price } else { position * fill.price };
                cash -= worth * rate;
            }
            let totals = account.close(Some(end), None).map_err(|e| TestCaseError::fail(e.to_string()))?;
            let own = cash + if inverse { position / end } else { position * end };
            prop_assert!((totals.ledger - own).abs() <= 1e-9 * totals.notional.max(1.0));
            prop_assert!((totals.maker_notional + totals.taker_notional - totals.notional).abs()
                <= 1e-9 * totals.notional);
        }
    }

    #[test]
    fn signs_are_those_of_profit() {
        let mut account = Account::new(terms(-0.5, 2.0), Some(100.0));
        let buy = Fill {
            side: Side::Buy,
            price: 99.0,
            qty: 2.0,
            maker: true,
            mid_at_fill: 100.0,
            mid_at_decision: 100.0,
            fee_shift_bps: 0.0,
        };
        assert!(account.book(&buy) < 0.0);
        let sell = Fill {
            side: Side::Sell,
            price: 101.0,
            qty: 2.0,
            maker: false,
            mid_at_fill: 102.0,
            mid_at_decision: 101.5,
            fee_shift_bps: 0.0,
        };
        assert!(account.book(&sell) > 0.0);
        let t = account.close(Some(102.0), None).unwrap_or_default();
        assert_eq!((t.gross, t.slippage, t.position_end), (2.0, -1.0, 0.0));
        assert_eq!(t.position_max, 2.0);
        assert_eq!(t.inventory, 2.0 * 2.0 - 2.0 * 0.5);
        assert!((t.fees - (198.0 * 0.5 - 202.0 * 2.0) / 1e4).abs() < 1e-12);
        assert!((t.gross + t.fees + t.slippage + t.inventory - t.ledger).abs() < 1e-12);
    }

    #[test]
    fn longs_pay_a_positive_rate_and_shorts_receive_it() {
        let mut account = Account::new(terms(0.0, 0.0), Some(100.0));
        assert_eq!(account.fund(100.0, 0.01), 0.0);
        account.book(&Fill {
            side: Side::Buy,
            price: 100.0,
            qty: 2.0,
            maker: true,
            mid_at_fill: 100.0,
            mid_at_decision: 100.0,
            fee_shift_bps: 0.0,
        });
        assert_eq!(account.fund(110.0, 0.01), -2.2);
        assert_eq!(account.fund(100.0, -0.01), 2.0);
        let t = account.close(Some(100.0), None).unwrap_or_default();
        assert!((t.funding + 0.2).abs() < 1e-12 && (t.ledger + 0.2).abs() < 1e-12);
        // Long 2 and up by 20 before the payment, by 17.8 after it.
        assert!((t.profit_high - 17.8).abs() < 1e-12 && (t.drawdown - 18.0).abs() < 1e-12);
    }

    #[test]
    fn a_drawdown_is_the_largest_fall_from_the_highest_profit_so_far() {
        let fill = |side, price: f64| Fill {
            side,
            price,
            qty: 1.0,
            maker: true,
            mid_at_fill: 100.0,
            mid_at_decision: 100.0,
            fee_shift_bps: 0.0,
        };
        let mut account = Account::new(terms(0.0, 0.0), Some(100.0));
        account.book(&fill(Side::Sell, 101.0));
        for mid in [96.0, 103.0, 101.5] {
            account.look(mid);
        }
        account.book(&fill(Side::Sell, 100.0));
        let t = account
            .close(Some(99.0), Some(-2.0 * 103.0))
            .unwrap_or_default();
        // Bought back at 103 where the mid is 99, for a cash of 201 and without a fee.
        assert_eq!(t.liquidation, Some(-5.0));
        assert_eq!((t.profit_low, t.profit_high), (-2.0, 5.0));
        assert_eq!((t.drawdown, t.ledger), (7.0, 3.0));
        assert_eq!((t.position_max, t.position_end), (-2.0, -2.0));
        assert_eq!(account.marked(Some(99.0)).inventory, 2.0);
        assert_eq!(account.marked(None).inventory, 0.0);
    }
}
