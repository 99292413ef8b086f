//! What the asset is worth after what was traded, and what the makers among the others believe it to be worth.

use core::f64::consts::LN_2;

use serde::{Deserialize, Serialize};

use crate::scenario::Impact;
use crate::types::check::{in_range, CheckResult};
use crate::types::{Ns, Side, SECOND};
use crate::world::fair::persistence;

/// Half-life of the flow that others flee from, s.
const FLIGHT_HALF_LIFE_S: f64 = 2.0;
/// Share of what would be permanent that stays of our trades, which nobody who knows more has sent: in the end
/// the price is no better than the mean of what was paid (Farmer, Gerig, Lillo and Waelbroeck 2013), half of the
/// way where a sum is small and two thirds where it moves the price by its root.
const OURS_STAYS: f64 = 0.5;
/// Half-life of the rest, s.
const OURS_HALF_LIFE_S: f64 = 8.0;
/// Ceiling of the news of one trade, in typical trades.
const MOST_NEWS: f64 = 30.0;
/// Ceiling of what one iteration hands on to the next, far beyond what trades bring.
const MOST_MOVES: f64 = 1e12;
/// Ceiling of the log of all that trades have moved.
const MOST_MOVE: f64 = 0.5;

/// Shares of the parts that are left after one step of the world.
#[derive(Debug, Clone, Copy)]
struct Keep {
    transient: f64,
    net: f64,
    recent: f64,
    ours: f64,
}

/// What trades have brought so far: logs of the moves of the value, ours as far as they come back, and of what others
/// believe over what it is worth, and net flow in typical trades, of which bought is positive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moves {
    permanent: f64,
    transient: f64,
    net: f64,
    recent: f64,
    ours: f64,
    lag: f64,
}

impl Moves {
    /// Whether trades can have brought them.
    pub(crate) fn check(&self, key: &str) -> CheckResult {
        for value in [
            self.permanent,
            self.transient,
            self.net,
            self.recent,
            self.ours,
            self.lag,
        ] {
            in_range(key, value, -MOST_MOVES, MOST_MOVES)?;
        }
        Ok(())
    }
}

/// The moves that trades brought, and the belief that follows them.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    impact: Impact,
    keep: Keep,
    moves: Moves,
    /// Factor on the fair value of the world: the exponential of all moves.
    factor: f64,
    /// Whether trades tell nothing and nothing fades for now.
    held: bool,
    /// What others believe, ticks, and when they last learned.
    belief: f64,
    at: Ns,
}

impl Value {
    /// Nothing traded yet: all know the fair value, in ticks, at `now`.
    pub(crate) fn new(impact: &Impact, fair: f64, now: Ns) -> Self {
        Value {
            keep: Keep {
                transient: persistence(impact.transient_half_life_s),
                net: persistence(impact.memory_half_life_s),
                recent: persistence(FLIGHT_HALF_LIFE_S),
                ours: persistence(OURS_HALF_LIFE_S),
            },
            impact: impact.clone(),
            moves: Moves::default(),
            factor: 1.0,
            held: false,
            belief: fair,
            at: now,
        }
    }

    /// The same where trades had brought moves before, which nothing changes until [`Value::release`].
    pub(crate) fn after(mut self, moves: Moves) -> Self {
        self.moves = moves;
        self.move_to();
        self.held = true;
        self.belief = self.lagging(self.of(self.belief));
        self
    }

    /// From now on trades tell something.
    pub(crate) fn release(&mut self) {
        self.held = false;
    }

    /// What trades have brought so far where the world says `fair`.
    pub(crate) fn moves(&self, fair: f64) -> Moves {
        let lag = if self.impact.belief_half_life_s > 0.0 {
            libm::log(self.belief / self.of(fair))
        } else {
            0.0
        };
        Moves { lag, ..self.moves }
    }

    fn lagging(&self, worth: f64) -> f64 {
        worth * libm::exp(self.moves.lag.clamp(-MOST_MOVE, MOST_MOVE))
    }

    /// What the asset is worth where the world says `fair`.
    #[inline]
    pub(crate) fn of(&self, fair: f64) -> f64 {
        fair * self.factor
    }

    /// Others learn until now; what they believe then, ticks.
    #[inline]
    pub(crate) fn believed(&mut self, fair: f64, now: Ns) -> f64 {
        let worth = self.of(fair);
        if self.impact.belief_half_life_s <= 0.0 {
            return worth;
        }
        if self.held {
            self.belief = self.lagging(worth);
            self.at = now;
            return self.belief;
        }
        // To first order in the time since the last event, which is short; no exponential.
        let elapsed = (now - self.at) as f64 / SECOND as f64 * LN_2;
        self.belief += (worth - self.belief) * elapsed / (elapsed + self.impact.belief_half_life_s);
        self.at = now;
        self.belief
    }

    /// One step of the world: what is transient fades.
    pub(crate) fn step(&mut self) {
        if self.held {
            return;
        }
        self.moves.net *= self.keep.net;
        self.moves.recent *= self.keep.recent;
        if self.moves.transient != 0.0 || self.moves.ours != 0.0 {
            self.moves.transient *= self.keep.transient;
            self.moves.ours *= self.keep.ours;
            self.move_to();
        }
    }

    /// An order of another participant traded a notional: concave in its size.
    pub(crate) fn trade(&mut self, side: Side, notional: f64) {
        if !self.held {
            self.learn(side, self.typical(notional).sqrt().min(MOST_NEWS), 1.0);
        }
    }

    /// A part of what we trade traded a notional; the factor by which the quotes move that it would meet next.
    ///
    /// All that we trade adds up to one metaorder, however it is cut, so that a part tells in proportion to its
    /// size and net flow alone makes the sum concave: were a part concave in its size, a position bought in small
    /// orders and sold in a large one would leave the price higher than it was. Whoever we trade with sees it at
    /// once.
    pub(crate) fn part(&mut self, side: Side, notional: f64) -> f64 {
        let before = self.factor;
        self.learn(side, self.typical(notional), OURS_STAYS);
        let moved = self.factor / before;
        self.belief *= moved;
        moved
    }

    /// A notional in typical trades.
    fn typical(&self, notional: f64) -> f64 {
        notional / self.impact.typical_notional
    }

    /// Notional of a typical trade.
    pub(crate) fn typical_notional(&self) -> f64 {
        self.impact.typical_notional
    }

    /// Flow of a side surprises by some typical trades; a share of what is permanent stays.
    fn learn(&mut self, side: Side, news: f64, stays: f64) {
        let sign = side.sign() as f64;
        let depth = (1.0 + self.moves.net.abs() / self.impact.saturation).sqrt();
        let surprise = sign * news / depth * 1e-4;
        let permanent = surprise * self.impact.permanent_bps;
        self.moves.permanent += permanent * stays;
        self.moves.ours += permanent * (1.0 - stays);
        self.moves.transient += surprise * self.impact.transient_bps;
        self.moves.net += sign * news;
        self.moves.recent += sign * news;
        self.move_to();
    }

    /// How much recent flow threatens the resting orders of a side: from 0, not at all, towards 1.
    #[inline]
    pub(crate) fn threat(&self, resting: Side) -> f64 {
        let against = (-self.moves.recent * resting.sign() as f64).max(0.0);
        self.impact.flight * against / (1.0 + against)
    }

    fn move_to(&mut self) {
        let moved = self.moves.permanent + self.moves.transient + self.moves.ours;
        self.factor = libm::exp(moved.clamp(-MOST_MOVE, MOST_MOVE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn impact() -> Impact {
        Impact {
            permanent_bps: 2.0,
            transient_bps: 1.0,
            transient_half_life_s: 1.0,
            typical_notional: 100.0,
            saturation: 4.0,
            memory_half_life_s: 600.0,
            belief_half_life_s: 1.0,
            flight: 0.5,
        }
    }

    fn moved(value: &Value) -> f64 {
        (value.of(1000.0) / 1000.0 - 1.0) * 1e4
    }

    #[test]
    fn a_trade_moves_value_by_the_root_of_its_size_and_part_of_it_stays() {
        let mut value = Value::new(&impact(), 1000.0, 0);
        value.trade(Side::Buy, 400.0);
        assert!((moved(&value) - 6.0).abs() < 0.01);
        (0..600).for_each(|_| value.step());
        assert!((moved(&value) - 4.0).abs() < 0.01);
    }

    #[test]
    fn a_metaorder_moves_value_by_about_the_root_of_its_size() {
        let after = |children: usize| {
            let mut value = Value::new(&impact(), 1000.0, 0);
            (0..children).for_each(|_| value.trade(Side::Buy, 100.0));
            moved(&value)
        };
        let exponent = libm::log(after(400) / after(40)) / libm::log(10.0);
        assert!((0.45..0.6).contains(&exponent), "{exponent}");
        // It comes as far down again with as much flow of the other side.
        let mut value = Value::new(&impact(), 1000.0, 0);
        for side in Side::BOTH {
            (0..40).for_each(|_| value.trade(side, 100.0));
        }
        assert!(moved(&value).abs() < 3.0, "{}", moved(&value));
    }

    #[test]
    fn what_we_trade_tells_the_same_however_it_is_cut() {
        let after = |parts: u32, side: Side| {
            let mut value = Value::new(&impact(), 1000.0, 0);
            let each = 4000.0 / f64::from(parts);
            let moves = (0..parts).map(|_| value.part(side, each));
            let product = moves.product::<f64>();
            assert!((product / value.factor - 1.0).abs() < 1e-12);
            // The participant that we trade with believes it at once.
            assert!((value.belief / value.of(1000.0) - 1.0).abs() < 1e-12);
            moved(&value)
        };
        let (whole, fine) = (after(400, Side::Buy), after(4000, Side::Buy));
        assert!((whole / fine - 1.0).abs() < 0.01, "{whole} {fine}");
        assert!((after(4000, Side::Sell) / fine + 1.0).abs() < 0.01);
    }

    #[test]
    fn what_we_moved_comes_back_to_no_more_than_was_paid() {
        for parts in [10, 1_000] {
            let mut value = Value::new(&impact(), 1000.0, 0);
            let mut paid = 0.0;
            for _ in 0..parts {
                paid += moved(&value) / f64::from(parts);
                value.part(Side::Buy, 10.0);
            }
            let top = moved(&value);
            (0..3_000).for_each(|_| value.step());
            assert!(moved(&value) < paid && moved(&value) > 0.3 * top, "{top}");
        }
    }

    #[test]
    fn a_round_trip_of_ours_leaves_the_price_where_it_was() {
        // Bought in small parts, sold in large ones; the other way round it is the same.
        for (up, down) in [(400, 20), (20, 400)] {
            let mut value = Value::new(&impact(), 1000.0, 0);
            (0..up).for_each(|_| {
                value.part(Side::Buy, 2000.0 / f64::from(up));
            });
            let top = moved(&value);
            (0..down).for_each(|_| {
                value.part(Side::Sell, 2000.0 / f64::from(down));
            });
            assert!(moved(&value).abs() < 0.1 * top, "{top} {}", moved(&value));
        }
    }

    #[test]
    fn belief_follows_value_with_its_half_life_and_those_threatened_flee() {
        let mut value = Value::new(&impact(), 1000.0, 0);
        value.trade(Side::Sell, 100.0);
        assert!(value.threat(Side::Buy) == 0.25 && value.threat(Side::Sell) == 0.0);
        let believed = |value: &mut Value, ms: i64| value.believed(1000.0, ms * 1_000_000);
        assert_eq!(believed(&mut value, 0), 1000.0);
        (1..1000).for_each(|ms| {
            believed(&mut value, ms);
        });
        let left = (believed(&mut value, 1000) / value.of(1000.0) - 1.0) * 1e4;
        assert!((left - 1.5).abs() < 0.01, "{left}");
    }

    #[test]
    fn what_trades_brought_goes_on_where_it_ended() {
        let mut whole = Value::new(&impact(), 1000.0, 0);
        (0..5).for_each(|_| whole.trade(Side::Buy, 300.0));
        whole.step();
        assert!(whole.moves(1000.0).lag < -1e-4);
        let mut next = Value::new(&impact(), 1000.0, 0).after(whole.moves(1000.0));
        // While its book is filled nothing is told.
        next.trade(Side::Sell, 1e6);
        next.step();
        next.believed(1000.0, SECOND);
        whole.believed(1000.0, 0);
        assert_eq!(next.moves(1000.0), whole.moves(1000.0));
        assert_eq!(next.of(1000.0), whole.of(1000.0));
        next.release();
        for value in [&mut whole, &mut next] {
            value.trade(Side::Buy, 300.0);
            value.step();
        }
        assert_eq!(next.moves(1000.0), whole.moves(1000.0));
        assert_eq!(next.threat(Side::Sell), whole.threat(Side::Sell));
        assert!(next.moves(1000.0).check("moves").is_ok());
    }

    #[test]
    fn without_impact_nothing_is_learned() {
        let mut value = Value::new(&Impact::default(), 1000.0, 0);
        value.trade(Side::Buy, 1e6);
        assert_eq!(value.of(1000.0), 1000.0);
        assert_eq!(value.believed(990.0, 7), 990.0);
        assert_eq!(value.threat(Side::Sell), 0.0);
        assert_eq!(value.part(Side::Sell, 1e9), 1.0);
    }
}
