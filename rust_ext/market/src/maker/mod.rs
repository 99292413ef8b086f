//! The reference maker: quotes both sides of a delayed book under limits. It knows no market, only views
//! and notifications.

pub(crate) mod bucket;
#[rustfmt::skip] // generated, and compared byte by byte
pub(crate) mod reasons;
pub(crate) mod state;

use crate::book::own::OwnOrder;
use crate::maker::bucket::Bucket;
use crate::maker::reasons::{Blocks, Reason};
use crate::maker::state::{Book, Live};
use crate::scenario::Contract;
use crate::session::spec::{MakerSettings, Parameters};
use crate::types::{
    ns_of_ms, Cancel, Lots, NewOrder, Notification, Ns, Request, Side, Tick, View, MOST_OF_ORDER,
};

/// Tokens that the bucket holds, in seconds of refill.
const BUCKET_MEMORY_S: f64 = 2.0;
/// Tolerance of the impact check: an order that was sized by remembered liquidity is blocked once it is
/// more than the cap times this factor, plus the slack, as a share of the liquidity that is seen now. As the
/// slack weighs less with a larger cap, a larger cap is blocked sooner when liquidity vanishes.
const LIQUIDITY_FACTOR: f64 = 1.3;
const LIQUIDITY_SLACK: f64 = 0.025;
/// A taker exit pays at most this many half-spreads beyond the reference.
const EXIT_HALVES: f64 = 1.75;

/// Counts of attempts and of blocks by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Attempts {
    pub all: u64,
    pub blocks: Blocks,
}

impl Attempts {
    /// Blocked for any reason.
    pub(crate) fn blocked(&self) -> u64 {
        self.blocks.total()
    }
}

/// The maker of one iteration.
#[derive(Debug, Clone)]
pub(crate) struct Maker {
    p: Parameters,
    m: MakerSettings,
    tick_size: f64,
    lot_size: f64,
    contract: Contract,
    bucket: Bucket,
    book: Book,
    last_update: Ns,
    taking: bool,
    turn: usize,
    attempts: Attempts,
}

/// The quote that the maker intends on one side.
#[derive(Debug, Clone, Copy)]
struct QuoteIntent {
    side: Side,
    tick: Tick,
    lots: Lots,
}

impl Maker {
    /// A flat maker without orders at time `now`.
    pub(crate) fn new(
        p: Parameters,
        m: MakerSettings,
        tick_size: f64,
        lot_size: f64,
        now: Ns,
    ) -> Self {
        Maker {
            bucket: Bucket::new(p.replace_rate_per_min, BUCKET_MEMORY_S, now),
            book: Book::new(ns_of_ms(m.decision_horizon_ms), m.liquidity_memory_ms),
            last_update: Ns::MIN / 2,
            taking: false,
            turn: 0,
            attempts: Attempts::default(),
            p,
            m,
            tick_size,
            lot_size,
            contract: Contract::default(),
        }
    }

    /// The same for another contract.
    pub(crate) fn trading(mut self, contract: Contract) -> Self {
        self.contract = contract;
        self
    }

    /// Go on with a position in lots and resting orders, the newest of which had the number `last`.
    pub(crate) fn holding(&mut self, position: Lots, last: u64, resting: &[OwnOrder]) {
        self.book.holding(position, last);
        for own in resting {
            self.book.live[own.order.side.index()] = Some(Live {
                id: own.order.id,
                tick: own.order.tick,
                lots: own.order.lots,
                sent_at: own.placed_at,
            });
        }
    }

    /// Attempts so far.
    pub(crate) fn attempts(&self) -> Attempts {
        self.attempts
    }

    /// Apply a notification about our own orders.
    pub(crate) fn notification(&mut self, now: Ns, notification: Notification) {
        match notification {
            Notification::Processed {
                weight,
                take,
                rejected,
                ..
            } => {
                self.book.in_flight = self.book.in_flight.saturating_sub(weight);
                self.taking &= !take;
                if let Some(id) = rejected {
                    self.book.forget(id);
                }
            }
            Notification::Filled { id, side, lots, .. } => self.book.filled(now, id, side, lots),
            // It never asks for a reduction, and looks at no money.
            Notification::Reduced { .. } | Notification::Funded { .. } => {}
        }
    }

    /// Decide on a view of the book; requests are appended in the order in which they are sent.
    pub(crate) fn decide(&mut self, now: Ns, view: &View, out: &mut Vec<Request>) {
        let Some(mid) = view.mid else { return };
        self.book.see(now, view);
        self.exit(mid, out);
        // The sides take turns in going first, as the first one's update blocks the other's.
        self.turn ^= 1;
        for side in [Side::BOTH[self.turn], Side::BOTH[self.turn ^ 1]] {
            match self.intent(side, mid, view) {
                Some(intent) => self.quote(now, intent, mid, out),
                None => self.withdraw(side, false, out),
            }
        }
    }

    fn half(&self, mid: f64) -> f64 {
        (self.m.base_half_spread_bps + self.p.base_spread_bps_delta) * self.whole(mid) * 1e-4
    }

    /// What a distance in bps is a share of, ticks: the mid, or as much as has `ticks_per_bps`.
    fn whole(&self, mid: f64) -> f64 {
        if self.m.ticks_per_bps > 0.0 {
            self.m.ticks_per_bps * 1e4
        } else {
            mid
        }
    }

    fn lots(&self, notional: f64, mid: f64) -> f64 {
        notional / (self.contract.in_quote(mid * self.tick_size) * self.lot_size)
    }

    fn limit(&self, mid: f64) -> f64 {
        self.lots(self.m.position_limit_notional, mid)
    }

    fn intent(&self, side: Side, mid: f64, view: &View) -> Option<QuoteIntent> {
        let share = self.book.position as f64 / self.limit(mid);
        let reference = mid - self.m.skew_bps * share * self.whole(mid) * 1e-4;
        let half = self.half(mid);
        let tick = match side {
            Side::Buy => (reference - half).floor() as Tick,
            Side::Sell => (reference + half).ceil() as Tick,
        };
        let tick = match view.best[side.opposite().index()] {
            Some(best) if side.better_by(tick, best) >= 0 => best - side.sign(),
            _ => tick,
        };
        let most = self
            .m
            .max_order_notional
            .min(self.p.max_delta_ratio * self.m.position_limit_notional);
        let size = (self.p.impact_cap_ratio * self.book.liquidity(side)).min(self.lots(most, mid));
        let enough = size >= self.lots(self.m.min_order_notional, mid) && size >= 1.0;
        (enough && tick >= 1).then_some(QuoteIntent {
            side,
            tick,
            lots: (size as Lots).min(MOST_OF_ORDER),
        })
    }

    fn quote(&mut self, now: Ns, intent: QuoteIntent, mid: f64, out: &mut Vec<Request>) {
        let live = self.book.live[intent.side.index()];
        let whole = self.whole(mid);
        let off = live.map(|l| (l.tick - intent.tick).abs() as f64 / whole * 1e4);
        if off.is_some_and(|bps| bps <= self.m.requote_bps) {
            return;
        }
        self.attempts.all += 1;
        match self.block_reason(now, intent, mid) {
            None => self.send(now, intent, out),
            Some(reason) => {
                self.attempts.blocks.add(reason);
                let far = off.is_some_and(|bps| bps > self.m.far_bps);
                if far && live.is_some_and(|l| now - l.sent_at > ns_of_ms(self.p.tail_age_ms)) {
                    self.withdraw(intent.side, true, out);
                }
            }
        }
    }

    fn block_reason(&mut self, now: Ns, intent: QuoteIntent, mid: f64) -> Option<Reason> {
        if now - self.last_update < ns_of_ms(self.p.min_interval_ms) {
            return Some(Reason::MinInterval);
        }
        if !self.bucket.has(now) {
            return Some(Reason::Throttle);
        }
        if self.book.in_flight >= self.m.max_in_flight {
            return Some(Reason::Concurrency);
        }
        self.is_risky(now, intent, mid).then_some(Reason::Risk)
    }

    fn is_risky(&mut self, now: Ns, intent: QuoteIntent, mid: f64) -> bool {
        let sign = intent.side.sign();
        let limit = self.limit(mid);
        let share = self.p.impact_cap_ratio * LIQUIDITY_FACTOR + LIQUIDITY_SLACK;
        let cap = share * self.book.seen_liquidity(intent.side) as f64;
        let change = sign * self.book.change(now) + intent.lots;
        let live = self.book.live[intent.side.index()].map_or(0, |l| l.lots);
        let whole = sign * self.book.position + live + intent.lots;
        intent.lots as f64 > cap
            || change as f64 > self.p.max_delta_ratio * limit
            || whole as f64 > limit
    }

    fn send(&mut self, now: Ns, intent: QuoteIntent, out: &mut Vec<Request>) {
        self.bucket.take();
        self.last_update = now;
        let id = self.book.next_id();
        let live = Live {
            id,
            tick: intent.tick,
            lots: intent.lots,
            sent_at: now,
        };
        let old = self.book.live[intent.side.index()].replace(live);
        let request = Request::Quote {
            cancel: old.map(|l| Cancel {
                id: l.id,
                tail: false,
            }),
            place: Some(NewOrder {
                id,
                side: intent.side,
                tick: intent.tick,
                lots: intent.lots,
            }),
        };
        self.book.in_flight += request.weight();
        out.push(request);
    }

    /// Cancel without a new order; needs no token.
    fn withdraw(&mut self, side: Side, tail: bool, out: &mut Vec<Request>) {
        if let Some(live) = self.book.live[side.index()].take() {
            let request = Request::Quote {
                cancel: Some(Cancel { id: live.id, tail }),
                place: None,
            };
            self.book.in_flight += request.weight();
            out.push(request);
        }
    }

    /// Beyond the exit ratio, take liquidity to reduce the position; one such order at a time.
    fn exit(&mut self, mid: f64, out: &mut Vec<Request>) {
        let limit = self.limit(mid);
        let position = self.book.position;
        if self.taking || (position.abs() as f64) <= self.m.exit_ratio * limit {
            return;
        }
        let side = if position > 0 { Side::Sell } else { Side::Buy };
        let lots = ((self.p.max_delta_ratio * limit) as Lots)
            .min(position.abs())
            .min(MOST_OF_ORDER);
        if lots < 1 {
            return;
        }
        let reach = EXIT_HALVES * self.half(mid) * side.sign() as f64;
        let request = Request::Take {
            side,
            lots,
            limit: (mid + reach).round() as Tick,
            mid_at_decision: mid,
        };
        self.taking = true;
        self.book.in_flight += request.weight();
        out.push(request);
    }
}

#[cfg(test)]
mod tests;
