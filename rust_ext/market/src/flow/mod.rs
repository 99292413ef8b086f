//! Draws of the order flow: which event comes, where an order goes, how large it is, who trades.

pub(crate) mod hawkes;
pub(crate) mod value;

use crate::flow::hawkes::Arrivals;
use crate::scenario::contract::LotWorth;
use crate::scenario::{Anchor, Lag, Scenario};
use crate::types::rng::Stream;
use crate::types::{ns_of_ms, Lots, Ns, Side, Tick, SECOND};
use crate::world::Point;

/// Ceiling of the factor by which bursts of market orders drive limit orders.
const MOST_FOLLOW: f64 = 20.0;

/// What happens to the standing orders.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Event {
    /// A limit order arrives on a side.
    Arrive(Side),
    /// A limit order of a side is cancelled; `stale` says that one too near to fair value goes first.
    Leave { side: Side, stale: bool },
}

/// A market order that pays up to `limit`; the side is the aggressor's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Order {
    pub side: Side,
    pub lots: Lots,
    pub limit: Tick,
    /// Whether it knows the fair value, so that it tells nothing that is not in it.
    pub informed: bool,
}

/// What a market order sees of the market.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MarketState<'a> {
    pub point: &'a Point,
    /// Fair value, ticks.
    pub worth: f64,
    /// What others believe it to be.
    pub believed: f64,
    /// Mid of the other participants, ticks.
    pub mid: f64,
    /// Lots at the best prices, ours included.
    pub queues: [Lots; 2],
}

/// The state of the flow that outlives an event.
#[derive(Debug, Clone)]
pub(crate) struct Flow {
    scenario: Scenario,
    sign: Side,
    children: f64,
    lot: LotWorth,
    lots_per_notional: f64,
    /// Factor on the rate of limit orders that bursts of market orders bring.
    follow: f64,
}

impl Flow {
    /// The flow of a scenario.
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let lot = LotWorth::of(&scenario.instrument);
        Flow {
            scenario: scenario.clone(),
            sign: Side::Buy,
            children: 0.0,
            lots_per_notional: 1.0 / lot.one,
            lot,
            follow: 1.0,
        }
    }

    /// Market orders have become more or less intense.
    pub(crate) fn follow(&mut self, arrivals: &Arrivals) {
        let share = self.scenario.flow.limit_follow;
        if share > 0.0 {
            self.follow = (1.0 - share + share * arrivals.relative()).min(MOST_FOLLOW);
        }
    }

    /// Time to the next event.
    pub(crate) fn wait(&self, point: &Point, stream: &mut Stream) -> Ns {
        let (limit, pick) = self.rates(point);
        let seconds = stream.exponential() / (limit + pick);
        ((seconds * SECOND as f64) as Ns).max(1)
    }

    /// Resting orders per side that the flow tends to.
    pub(crate) fn target(&self) -> f64 {
        f64::from(self.scenario.book.orders) * 0.5
    }

    /// Whether the next event is of limit orders; else somebody looks for quotes that fair value has passed.
    pub(crate) fn is_of_limits(&self, point: &Point, stream: &mut Stream) -> bool {
        let (limit, pick) = self.rates(point);
        stream.uniform() * (limit + pick) < limit
    }

    /// Most that somebody takes of quotes that fair value has passed.
    pub(crate) fn picked(&self, fair: f64, stream: &mut Stream) -> Lots {
        let notional = self.scenario.flow.pick_notional * stream.exponential();
        self.lots(notional, fair)
    }

    /// Time between changes of what stands in the book; 0 where each takes effect at once.
    pub(crate) fn batch(&self) -> Ns {
        ns_of_ms(self.scenario.book.batch_ms)
    }

    /// Price and size of an arriving order; `opposite` is the best price of the other side.
    pub(crate) fn order(
        &self,
        side: Side,
        point: &Point,
        fair: f64,
        opposite: Option<Tick>,
        stream: &mut Stream,
    ) -> (Tick, Lots) {
        let tick = match self.scenario.book.anchor {
            Anchor::Fair => self.tick_from_fair(side, point, fair, stream),
            Anchor::Opposite => {
                let most = fair * self.scenario.book.max_distance_bps * point.spread * 1e-4;
                let distance = 1 + (most.min(fair * 0.5) * stream.uniform()) as Tick;
                opposite.unwrap_or(fair as Tick) - side.sign() * distance
            }
        };
        let b = &self.scenario.book;
        let size = b.order_notional * point.depth * libm::exp(b.order_log_sd * stream.normal());
        (tick, self.lots(size, fair))
    }

    /// Whether an arriving order stays although `ahead` lots stand at its price.
    pub(crate) fn joins(&self, ahead: Lots, fair: f64, stream: &mut Stream) -> bool {
        self.resting(self.scenario.book.arrival_crowding, ahead, fair, stream)
    }

    /// Whether an order is cancelled although `beside` lots of other participants stand at its price.
    pub(crate) fn gives_up(&self, beside: Lots, fair: f64, stream: &mut Stream) -> bool {
        self.resting(self.scenario.book.cancel_crowding, beside, fair, stream)
    }

    /// Whether an order at a price is nearer to fair value than any new one would be placed.
    pub(crate) fn is_stale(&self, side: Side, tick: Tick, point: &Point, fair: f64) -> bool {
        let b = &self.scenario.book;
        let least = fair * point.spread * b.touch_bps * b.stale_ratio * 1e-4;
        side.sign() as f64 * (fair - tick as f64) < least
    }

    /// The worst price that an order which knows the fair value pays.
    pub(crate) fn pick_limit(&self, side: Side, fair: f64) -> Tick {
        let margin = fair * self.scenario.flow.pick_margin_bps * 1e-4;
        match side {
            Side::Buy => (fair - margin).floor() as Tick,
            Side::Sell => (fair + margin).ceil() as Tick,
        }
    }

    /// The market order that arrives.
    pub(crate) fn trade(
        &mut self,
        state: &MarketState,
        arrivals: &Arrivals,
        stream: &mut Stream,
    ) -> Order {
        let (side, informed) = self.trade_side(state, arrivals, stream);
        let f = &self.scenario.flow;
        let notional = f.market_notional * stream.pareto(f.size_tail, f.size_cap);
        let patience = stream.exponential();
        let lots = self.lots(notional, state.believed);
        if informed {
            return Order {
                side,
                lots,
                limit: self.pick_limit(side, state.worth).max(1),
                informed,
            };
        }
        let distance = match self.scenario.book.anchor {
            Anchor::Fair => {
                let bps = state.point.spread * f.reservation_bps * patience;
                (state.believed * bps * 1e-4).min(state.believed * 0.5)
            }
            Anchor::Opposite => state.believed * 0.5,
        };
        let limit = match side {
            Side::Buy => (state.believed + distance).floor(),
            Side::Sell => (state.believed - distance).ceil(),
        };
        Order {
            side,
            lots,
            limit: (limit as Tick).max(1),
            informed,
        }
    }

    /// A notional in quote units as lots at a price in ticks, at least one.
    pub(crate) fn lots(&self, notional: f64, price: f64) -> Lots {
        let lots = notional * self.lots_per_notional / self.lot.times(price);
        (lots.round() as Lots).clamp(1, 1 << 50)
    }

    fn rates(&self, point: &Point) -> (f64, f64) {
        let f = &self.scenario.flow;
        (
            f.limit_rate_per_s * point.activity * self.follow,
            f.pick_rate_per_s,
        )
    }

    fn tick_from_fair(&self, side: Side, point: &Point, fair: f64, stream: &mut Stream) -> Tick {
        let b = &self.scenario.book;
        let at_touch = b.touch_share > 0.0 && stream.uniform() < b.touch_share;
        let beyond = if at_touch {
            0.0
        } else {
            b.scale_bps * (stream.exponential() + stream.exponential())
        };
        let bps =
            (point.spread * (b.touch_bps + beyond)).min(b.max_distance_bps * point.spread.max(1.0));
        let distance = (fair * bps * 1e-4).min(fair * 0.5);
        match side {
            Side::Buy => (fair - distance).floor() as Tick,
            Side::Sell => (fair + distance).ceil() as Tick,
        }
    }

    fn resting(&self, crowding: f64, lots: Lots, fair: f64, stream: &mut Stream) -> bool {
        if crowding <= 0.0 || lots <= 0 {
            return true;
        }
        let worth = lots as f64 * self.lot.times(fair);
        let orders = worth / (self.scenario.book.order_notional * self.lots_per_notional);
        stream.uniform() * (1.0 + crowding * orders) < 1.0
    }

    /// The next event of limit orders; `standing` are the orders of other participants per side.
    pub(crate) fn limit_event(&self, standing: [usize; 2], stream: &mut Stream) -> Event {
        let side = side_of(stream);
        let target = self.target();
        let arrive = target / (target + standing[side.index()] as f64);
        if stream.uniform() < arrive {
            return Event::Arrive(side);
        }
        Event::Leave {
            side,
            stale: stream.uniform() < self.scenario.book.stale_share,
        }
    }

    fn trade_side(
        &mut self,
        state: &MarketState,
        arrivals: &Arrivals,
        stream: &mut Stream,
    ) -> (Side, bool) {
        let f = &self.scenario.flow;
        let u = stream.uniform();
        let informed = (f.informed_share * state.point.informed).min(1.0);
        if u < informed {
            let buys = state.worth > state.mid;
            return (if buys { Side::Buy } else { Side::Sell }, true);
        }
        if (u - informed) >= f.metaorder_share * (1.0 - informed) {
            return (self.noise_side(state.queues, arrivals, stream), false);
        }
        if self.children < 1.0 {
            self.sign = side_of(stream);
            self.children = stream.pareto(f.metaorder_tail, f64::from(f.metaorder_max));
        }
        self.children -= 1.0;
        (self.sign, false)
    }

    /// A side drawn by its intensity, and by how thin the queue is that it would hit.
    fn noise_side(&self, queues: [Lots; 2], arrivals: &Arrivals, stream: &mut Stream) -> Side {
        let pull = self.scenario.flow.imbalance_pull;
        let all = (queues[0] + queues[1]).max(1) as f64;
        let odds = |side: Side| {
            let share = queues[side.opposite().index()] as f64 / all;
            arrivals.intensity(side) * libm::exp(-pull * share)
        };
        let (buy, sell) = (odds(Side::Buy), odds(Side::Sell));
        if stream.uniform() * (buy + sell) < buy {
            Side::Buy
        } else {
            Side::Sell
        }
    }
}

/// Draw a delay.
pub(crate) fn draw_lag(lag: &Lag, factor: f64, stream: &mut Stream) -> Ns {
    let mut ms = lag.median_ms * libm::exp(lag.log_sd * stream.normal());
    if stream.uniform() < lag.spike_probability {
        ms += lag.spike_ms * stream.pareto(lag.spike_tail, 1e6);
    }
    ns_of_ms((ms * factor).min(lag.max_ms))
}

fn side_of(stream: &mut Stream) -> Side {
    if stream.sign() > 0 {
        Side::Buy
    } else {
        Side::Sell
    }
}

#[cfg(test)]
mod tests;
