//! An iteration on a market whose strategy is another participant's: it stops at every decision.

use crate::error::MarketError;
use crate::maker::reasons::Reason;
use crate::maker::Attempts;
use crate::measure::frame::Frame;
use crate::session::decision_loop::{DecisionLoop, Plan};
use crate::session::estimates::Estimates;
use crate::session::holdings::Resting;
use crate::session::refusals::RequestError;
use crate::session::simulate::Opening;
use crate::session::updates::OrderUpdate;
use crate::types::{
    ms_of_ns, Cancel, Lots, NewOrder, Notification, Ns, Request, Side, Tick, View, MOST_OF_ORDER,
};
use crate::venue::any::AnyVenue;
use crate::venue::mock::MockVenue;
use crate::venue::tape::Column;
use crate::venue::Venue;

/// The iteration between two decisions.
#[derive(Debug, Clone)]
pub struct Stepper<'a> {
    decisions: DecisionLoop<AnyVenue<'a>>,
    /// Levels that are shown at most.
    levels: usize,
    estimates: Estimates,
    now: Ns,
    view: View,
    updates: Vec<OrderUpdate>,
    position: Lots,
    carried: Vec<Resting>,
    in_flight: u32,
    attempts: Attempts,
    ids: u64,
    /// Whether the data of the market end before the iteration does.
    ended: bool,
    done: bool,
}

impl<'a> Stepper<'a> {
    /// A mock market that has reached the start of its iteration.
    pub fn new(opening: &Opening<'_>, venue: MockVenue) -> Self {
        Self::at(
            AnyVenue::Mock(Box::new(venue)),
            opening.plan().clone(),
            opening.spec().maker.depth_levels,
            false,
        )
    }

    /// Any market that has reached the start of its iteration; `ended` says that its data end early.
    pub(crate) fn at(mut venue: AnyVenue<'a>, plan: Plan, levels: u32, ended: bool) -> Self {
        // What traded before the iteration does not belong to it.
        venue.shown().prints.clear();
        let (position, ids) = (plan.holdings.lots(plan.lot_size), plan.holdings.last_order);
        let (now, done) = (plan.start, plan.end <= plan.start);
        let decisions = DecisionLoop::new(venue, plan);
        let mut estimates = Estimates::default();
        for own in decisions.gateway.venue.resting() {
            estimates.sent(own.order);
            estimates.placed(own.order.id);
        }
        Stepper {
            levels: levels as usize,
            estimates,
            now,
            done,
            carried: decisions.resting(),
            decisions,
            ended,
            view: View::default(),
            updates: Vec::new(),
            position,
            in_flight: 0,
            attempts: Attempts::default(),
            ids,
        }
    }

    /// Advance to the next decision; false at the end.
    ///
    /// # Errors
    /// Those of the market.
    pub fn step(&mut self) -> Result<bool, MarketError> {
        if self.done {
            return Ok(false);
        }
        self.updates.clear();
        self.decisions.gateway.venue.shown().prints.clear();
        match self.decisions.advance_to_decision()? {
            Some(now) => self.now = now,
            None => {
                self.now = self.decisions.plan.end;
                self.done = true;
            }
        }
        while let Some(notification) = self.decisions.gateway.poll() {
            self.apply(notification);
        }
        self.view = self.decisions.gateway.see();
        self.estimates
            .see(self.decisions.gateway.venue.shown(), self.levels);
        Ok(!self.done)
    }

    /// Market time, ms.
    pub fn time_ms(&self) -> f64 {
        ms_of_ns(self.now)
    }

    /// Quote units of a tick.
    pub fn tick_size(&self) -> f64 {
        self.decisions.plan.tick_size
    }

    /// Base units of a lot.
    pub fn lot_size(&self) -> f64 {
        self.decisions.plan.lot_size
    }

    /// Best price of other participants as seen now, quote units.
    pub fn best(&self, side: Side) -> Option<f64> {
        self.view.best[side.index()].map(|t| t as f64 * self.decisions.plan.tick_size)
    }

    /// Mid of other participants as seen now, quote units.
    pub fn mid(&self) -> Option<f64> {
        self.view.mid.map(|m| m * self.decisions.plan.tick_size)
    }

    /// Quantity on the best levels as seen now, base units.
    pub fn liquidity(&self, side: Side) -> f64 {
        self.view.liquidity[side.index()] as f64 * self.decisions.plan.lot_size
    }

    /// Levels of a side as seen now, best first: price and base units.
    pub fn levels(&mut self, side: Side) -> impl Iterator<Item = (f64, f64)> + '_ {
        let (tick_size, lot_size) = (self.decisions.plan.tick_size, self.decisions.plan.lot_size);
        let shown = self.decisions.gateway.venue.shown();
        let levels = shown.levels[side.index()].iter();
        levels.map(move |(tick, lots)| (*tick as f64 * tick_size, *lots as f64 * lot_size))
    }

    /// A number that changes whenever the levels may have.
    pub fn levels_version(&mut self) -> u64 {
        self.decisions.gateway.venue.shown().version
    }

    /// Levels that are shown at most.
    pub fn most_levels(&self) -> usize {
        self.levels
    }

    /// Trades received in the last step: time, price, base units, side of the aggressor.
    pub fn trades(&mut self) -> impl Iterator<Item = (f64, f64, f64, Side)> + '_ {
        let (tick_size, lot_size) = (self.decisions.plan.tick_size, self.decisions.plan.lot_size);
        self.decisions
            .gateway
            .venue
            .shown()
            .prints
            .iter()
            .map(move |p| {
                let (price, size) = (p.tick as f64 * tick_size, p.lots as f64 * lot_size);
                (ms_of_ns(p.at), price, size, p.aggressor)
            })
    }

    /// A price as an order would have it: rounded to a tick away from the market.
    ///
    /// # Errors
    /// Where the price is not usable.
    pub fn rounded(&self, side: Side, price: f64) -> Result<f64, RequestError> {
        Ok(self.tick(side, price)? as f64 * self.decisions.plan.tick_size)
    }

    /// Base units ahead of an order, as far as can be known; None where it is not at the market or its price was
    /// never among the levels shown.
    pub fn ahead(&self, id: u64) -> Option<f64> {
        let lots = self.estimates.ahead(id)?;
        Some(lots as f64 * self.decisions.plan.lot_size)
    }

    /// Position by the fills received so far, base units.
    pub fn position(&self) -> f64 {
        self.position as f64 * self.decisions.plan.lot_size
    }

    /// Orders that were at the market at the start, oldest first.
    pub fn carried(&self) -> &[Resting] {
        &self.carried
    }

    /// Number of the newest order that was sent.
    pub fn newest(&self) -> u64 {
        self.ids
    }

    /// Requests that have not been acknowledged.
    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// What was received in the last step.
    pub fn updates(&self) -> &[OrderUpdate] {
        &self.updates
    }

    /// Send a post-only order; its id. Prices are rounded away from the market, quantities down.
    ///
    /// # Errors
    /// Where price or quantity is not usable, or the iteration is over.
    pub fn place(&mut self, side: Side, price: f64, qty: f64) -> Result<u64, RequestError> {
        let order = self.order(side, price, qty)?;
        self.quote(None, order)
    }

    /// Send a limit order that takes what it crosses and rests with what is left; its id.
    ///
    /// # Errors
    /// Where price or quantity is not usable, no mid was seen yet, or the iteration is over.
    pub fn place_limit(&mut self, side: Side, price: f64, qty: f64) -> Result<u64, RequestError> {
        let order = self.order(side, price, qty)?;
        let mid_at_decision = self.view.mid.ok_or(RequestError::NoMid)?;
        self.send(Request::Limit {
            order,
            mid_at_decision,
        })?;
        self.estimates.sent(order);
        self.ids = order.id;
        Ok(order.id)
    }

    /// Ask to leave at most so much of an order, which keeps its place in the queue.
    ///
    /// # Errors
    /// Where the quantity is not usable, or the iteration is over.
    pub fn reduce(&mut self, id: u64, qty: f64) -> Result<(), RequestError> {
        let lots = self.lots(qty)?;
        self.send(Request::Reduce { id, lots })
    }

    /// Send a cancellation and a post-only order in one message; the id of the new order.
    ///
    /// # Errors
    /// Where price or quantity is not usable, or the iteration is over.
    pub fn replace(
        &mut self,
        id: u64,
        side: Side,
        price: f64,
        qty: f64,
    ) -> Result<u64, RequestError> {
        let order = self.order(side, price, qty)?;
        self.quote(Some(Cancel { id, tail: false }), order)
    }

    /// Send a cancellation; nothing happens at the market where the order is not there any more.
    ///
    /// # Errors
    /// Where the iteration is over.
    pub fn cancel(&mut self, id: u64, tail: bool) -> Result<(), RequestError> {
        self.send(Request::Quote {
            cancel: Some(Cancel { id, tail }),
            place: None,
        })
    }

    /// Send an immediate-or-cancel order that pays `limit` at worst.
    ///
    /// # Errors
    /// Where price or quantity is not usable, no mid was seen yet, or the iteration is over.
    pub fn take(&mut self, side: Side, limit: f64, qty: f64) -> Result<(), RequestError> {
        let lots = self.lots(qty)?;
        let limit = self.tick(side, limit)?;
        let mid_at_decision = self.view.mid.ok_or(RequestError::NoMid)?;
        self.send(Request::Take {
            side,
            lots,
            limit,
            mid_at_decision,
        })
    }

    /// Count an attempt to quote, blocked for a reason where one is given.
    ///
    /// # Errors
    /// Where the reason is unknown.
    pub fn attempt(&mut self, blocked: Option<&str>) -> Result<(), RequestError> {
        let a = &mut self.attempts;
        if let Some(name) = blocked {
            let reason =
                Reason::named(name).ok_or_else(|| RequestError::Reason(name.to_owned()))?;
            a.blocks.add(reason);
        }
        a.all += 1;
        self.decisions.gateway.measure.attempts = *a;
        Ok(())
    }

    /// The report as JSON.
    ///
    /// # Errors
    /// Where the iteration is not over yet.
    pub fn report(&mut self) -> Result<String, MarketError> {
        if !self.done {
            return Err(RequestError::NotOver.into());
        }
        let label_ms = self.decisions.gateway.venue.label_ms();
        let plan = &self.decisions.plan;
        let frame = if plan.end > plan.start {
            self.decisions.frame(label_ms, self.ended)
        } else {
            // Of a recording that had ended before there is nothing to say.
            Frame {
                source: plan.source,
                start: plan.start,
                end: plan.end,
                ended: self.ended,
                holdings: plan.holdings.clone(),
                ..Frame::default()
            }
        };
        Ok(self
            .decisions
            .gateway
            .measure
            .report(frame, self.attempts)?)
    }

    /// The series of a window that is over as columns, nothing where none was asked for.
    pub fn take_series(&mut self) -> Vec<Column> {
        self.decisions.gateway.measure.take_series()
    }

    /// The next order, usable as it is; its id counts once it is sent.
    fn order(&self, side: Side, price: f64, qty: f64) -> Result<NewOrder, RequestError> {
        Ok(NewOrder {
            id: self.ids + 1,
            side,
            lots: self.lots(qty)?,
            tick: self.tick(side, price)?,
        })
    }

    fn quote(&mut self, cancel: Option<Cancel>, order: NewOrder) -> Result<u64, RequestError> {
        self.send(Request::Quote {
            cancel,
            place: Some(order),
        })?;
        self.estimates.sent(order);
        self.ids = order.id;
        Ok(order.id)
    }

    fn send(&mut self, request: Request) -> Result<(), RequestError> {
        if self.done {
            return Err(RequestError::Over);
        }
        self.in_flight += request.weight();
        self.decisions.gateway.send(request);
        Ok(())
    }

    fn apply(&mut self, notification: Notification) {
        match notification {
            Notification::Processed {
                weight,
                take,
                rejected,
                placed,
                cancelled,
            } => {
                self.in_flight = self.in_flight.saturating_sub(weight);
                self.updates.extend(take.then_some(OrderUpdate::Taken));
                if let Some((id, found)) = cancelled {
                    self.estimates.ended(id);
                    self.updates.push(OrderUpdate::Cancelled { id, found });
                }
                self.updates
                    .extend(rejected.map(|id| OrderUpdate::Rejected { id }));
                if let Some(id) = placed {
                    self.estimates.placed(id);
                    self.updates.push(OrderUpdate::Placed { id });
                }
            }
            Notification::Reduced { id, left } => {
                self.in_flight = self.in_flight.saturating_sub(1);
                if let Some(lots) = left {
                    self.estimates.left(id, lots);
                }
                let left = left.map(|lots| lots as f64 * self.decisions.plan.lot_size);
                self.updates.push(OrderUpdate::Reduced { id, left });
            }
            Notification::Funded { amount } => self.updates.push(OrderUpdate::Funded { amount }),
            Notification::Filled {
                id,
                side,
                lots,
                tick,
                at,
                fee,
            } => {
                self.position += side.sign() * lots;
                if let Some(id) = id {
                    self.estimates.filled(id, lots);
                }
                let qty = lots as f64 * self.decisions.plan.lot_size;
                self.updates.push(OrderUpdate::Filled {
                    id,
                    side,
                    qty,
                    price: tick as f64 * self.decisions.plan.tick_size,
                    fee,
                    time_ms: ms_of_ns(at),
                });
            }
        }
    }

    fn lots(&self, qty: f64) -> Result<Lots, RequestError> {
        // A quantity that is a whole number of lots but for the last bit of its double is meant as such.
        let lots = (qty / self.decisions.plan.lot_size * (1.0 + 1e-12)).floor();
        if (1.0..=MOST_OF_ORDER as f64).contains(&lots) {
            return Ok(lots as Lots);
        }
        let least = self.decisions.plan.lot_size;
        Err(RequestError::Quantity {
            quantity: qty,
            least,
            most: least * MOST_OF_ORDER as f64,
        })
    }

    fn tick(&self, side: Side, price: f64) -> Result<Tick, RequestError> {
        let exact = price / self.decisions.plan.tick_size;
        let near = exact.round();
        let tick = match side {
            _ if (exact - near).abs() < 1e-6 => near,
            Side::Buy => exact.floor(),
            Side::Sell => exact.ceil(),
        };
        if (1.0..=1e15).contains(&tick) {
            return Ok(tick as Tick);
        }
        Err(RequestError::Price(price))
    }
}
