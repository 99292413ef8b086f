//! Draws of the order flow: which event comes, where an order goes, how large it is, who trades.

use crate::rng::Stream;
use crate::scenario::{Lag, Scenario};
use crate::types::{ns_of_ms, Lots, Ns, Side, Tick, SECOND};
use crate::world::Point;

/// What happens next at the market.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event {
    /// A limit order arrives on a side.
    Arrive(Side),
    /// A limit order of a side is cancelled; `stale` says that one too near to fair value goes first.
    Leave { side: Side, stale: bool },
    /// A market order that pays up to `limit`; the side is the aggressor's.
    Trade { side: Side, lots: Lots, limit: Tick },
    /// Somebody looks for quotes that fair value has passed.
    Pick { lots: Lots },
}

/// The state of the flow that outlives an event.
#[derive(Debug, Clone)]
pub struct Flow {
    scenario: Scenario,
    sign: Side,
    children: f64,
    lots_per_notional: f64,
}

impl Flow {
    /// The flow of a scenario.
    pub fn new(scenario: &Scenario) -> Self {
        let i = &scenario.instrument;
        Flow {
            scenario: scenario.clone(),
            sign: Side::Buy,
            children: 0.0,
            lots_per_notional: 1.0 / (i.lot_size * i.tick_size),
        }
    }

    /// Time to the next event.
    pub fn wait(&self, point: &Point, stream: &mut Stream) -> Ns {
        let (limit, trade, pick) = self.rates(point);
        let seconds = stream.exponential() / (limit + trade + pick);
        ((seconds * SECOND as f64) as Ns).max(1)
    }

    /// Standing orders per side that the flow tends to.
    pub fn target(&self) -> f64 {
        f64::from(self.scenario.book.orders) * 0.5
    }

    /// The next event; `standing` are the orders of others per side, `mid` their mid in ticks.
    pub fn next(
        &mut self,
        point: &Point,
        fair: f64,
        mid: f64,
        standing: [usize; 2],
        stream: &mut Stream,
    ) -> Event {
        let (limit, trade, pick) = self.rates(point);
        let u = stream.uniform() * (limit + trade + pick);
        if u < limit {
            return self.limit_event(standing, stream);
        }
        if u < limit + trade {
            return self.trade_event(point, fair, mid, stream);
        }
        let notional = self.scenario.flow.pick_notional * stream.exponential();
        Event::Pick {
            lots: self.lots(notional, fair),
        }
    }

    /// Price and size of an arriving order.
    pub fn order(&self, side: Side, point: &Point, fair: f64, stream: &mut Stream) -> (Tick, Lots) {
        let b = &self.scenario.book;
        let beyond = b.scale_bps * (stream.exponential() + stream.exponential());
        let bps =
            (point.spread * (b.touch_bps + beyond)).min(b.max_distance_bps * point.spread.max(1.0));
        let distance = (fair * bps * 1e-4).min(fair * 0.5);
        let tick = match side {
            Side::Buy => (fair - distance).floor(),
            Side::Sell => (fair + distance).ceil(),
        };
        let size = b.order_notional * point.depth * libm::exp(b.order_log_sd * stream.normal());
        (tick as Tick, self.lots(size, fair))
    }

    /// Whether an order at a price is nearer to fair value than any new one would be placed.
    pub fn is_stale(&self, side: Side, tick: Tick, point: &Point, fair: f64) -> bool {
        let b = &self.scenario.book;
        let least = fair * point.spread * b.touch_bps * b.stale_ratio * 1e-4;
        side.sign() as f64 * (fair - tick as f64) < least
    }

    /// The worst price that an order which picks off passed quotes pays.
    pub fn pick_limit(&self, side: Side, fair: f64) -> Tick {
        let margin = fair * self.scenario.flow.pick_margin_bps * 1e-4;
        match side {
            Side::Buy => (fair - margin).floor() as Tick,
            Side::Sell => (fair + margin).ceil() as Tick,
        }
    }

    /// A notional in quote units as lots at a price in ticks, at least one.
    pub fn lots(&self, notional: f64, price: f64) -> Lots {
        ((notional * self.lots_per_notional / price).round() as Lots).clamp(1, 1 << 50)
    }

    fn rates(&self, point: &Point) -> (f64, f64, f64) {
        let f = &self.scenario.flow;
        (
            f.limit_rate_per_s * point.activity,
            f.market_rate_per_s * point.trading,
            f.pick_rate_per_s,
        )
    }

    fn limit_event(&self, standing: [usize; 2], stream: &mut Stream) -> Event {
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

    fn trade_event(&mut self, point: &Point, fair: f64, mid: f64, stream: &mut Stream) -> Event {
        let side = self.trade_side(point, fair, mid, stream);
        let f = &self.scenario.flow;
        let notional = f.market_notional * stream.pareto(f.size_tail, f.size_cap);
        let bps = point.spread * f.reservation_bps * stream.exponential();
        let distance = (fair * bps * 1e-4).min(fair * 0.5);
        let limit = match side {
            Side::Buy => (fair + distance).floor(),
            Side::Sell => (fair - distance).ceil(),
        };
        Event::Trade {
            side,
            lots: self.lots(notional, fair),
            limit: limit as Tick,
        }
    }

    fn trade_side(&mut self, point: &Point, fair: f64, mid: f64, stream: &mut Stream) -> Side {
        let f = &self.scenario.flow;
        let u = stream.uniform();
        let informed = (f.informed_share * point.informed).min(1.0);
        if u < informed {
            return if fair > mid { Side::Buy } else { Side::Sell };
        }
        if (u - informed) >= f.metaorder_share * (1.0 - informed) {
            return side_of(stream);
        }
        if self.children < 1.0 {
            self.sign = side_of(stream);
            self.children = stream.pareto(f.metaorder_tail, f64::from(f.metaorder_max));
        }
        self.children -= 1.0;
        self.sign
    }
}

/// Draw a delay.
pub fn draw_lag(lag: &Lag, factor: f64, stream: &mut Stream) -> Ns {
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
