//! A strategy that works on memory: what it sees is written there before each decision, what it asks for is
//! read from there after it.

use std::collections::VecDeque;

use crate::error::MarketError;
use crate::maker::reasons::Reason;
use crate::session::holdings::Resting;
use crate::session::memory::{Command, Parts, Rows, Words};
use crate::session::refusals::RequestError;
use crate::session::shared::{
    AT_COMMANDS, AT_NEXT_ID, CANCELLING, DO_BLOCKED, DO_CANCEL, DO_PLACE, DO_PLACE_LIMIT,
    DO_RECORD, DO_REDUCE, DO_REPLACE, DO_TAKE, KINDS, LIVE, MOST_COMMANDS, MOST_FILLS, MOST_ORDERS,
    MOST_TRADES, PENDING,
};
use crate::session::stepper::Stepper;
use crate::session::updates::OrderUpdate;
use crate::types::{Side, SideError};

/// Less of an order than this share of it is nothing.
const SMALL: f64 = 1e-9;

/// Why a strategy that works on memory cannot go on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ExchangeError {
    /// More commands than the memory has room for.
    #[error("{0} commands at one decision; accepted are {MOST_COMMANDS}")]
    Commands(u64),
    /// A command that is not known.
    #[error("a command of kind {0}; accepted are 1 to {KINDS}")]
    Kind(i64),
    /// A side that is none.
    #[error(transparent)]
    Side(#[from] SideError),
    /// A number that no order has.
    #[error("order = {0} is no number that place() returned")]
    Order(i64),
    /// An order that was filled, rejected or cancelled.
    #[error("order {0} is not at the market")]
    NotThere(u64),
    /// A reason that is not counted.
    #[error("blocked({0}); accepted are 0 to {most}", most = Reason::NAMES.len() - 1)]
    Reason(i64),
    /// A value that cannot be recorded.
    #[error("record({place}, {value}); accepted are a place among the {names} names in kpis and a finite number")]
    Record {
        place: i64,
        value: f64,
        names: usize,
    },
    /// More orders than the memory has room for.
    #[error("{0} orders at the market; accepted are {MOST_ORDERS}")]
    Orders(usize),
    /// More to tell than the memory has room for.
    #[error("more than {most} {what} between two decisions; make step_ms shorter")]
    Updates { most: usize, what: &'static str },
    /// What the market refuses.
    #[error("{call}: {error}")]
    Refused { call: String, error: RequestError },
    /// What the market's data lack.
    #[error(transparent)]
    Market(#[from] MarketError),
}

#[derive(Debug, Clone, Copy)]
struct Order {
    id: u64,
    side: Side,
    price: f64,
    size: f64,
    filled: f64,
    sent_ms: f64,
    state: i64,
}

impl Order {
    fn carried(resting: &Resting) -> Self {
        Order {
            id: resting.number,
            side: resting.side,
            price: resting.price,
            size: resting.size,
            filled: 0.0,
            sent_ms: resting.placed_ms,
            state: LIVE,
        }
    }

    fn left(&self) -> f64 {
        (self.size - self.filled).max(0.0)
    }
}

/// The exchange between market and strategy, over the iteration.
#[derive(Debug, Clone, Default)]
pub struct Exchange {
    orders: Vec<Order>,
    last_id: u64,
    /// Orders under way that may take liquidity, by id; None for one that never rests.
    takes: VecDeque<Option<u64>>,
    /// Version of the levels in the memory.
    levels: Option<u64>,
    /// Values that the strategy recorded, by the place of their name.
    recorded: Vec<Vec<f64>>,
}

impl Exchange {
    /// With so many names under which the strategy records values.
    pub fn recording(names: usize) -> Self {
        Exchange {
            recorded: vec![Vec::new(); names],
            ..Exchange::default()
        }
    }

    /// The same with the orders that are at the market at the start.
    pub fn going_on(mut self, stepper: &Stepper<'_>) -> Self {
        self.last_id = stepper.newest();
        self.orders = stepper.carried().iter().map(Order::carried).collect();
        self
    }

    /// What was recorded, by the place of its name.
    pub fn recorded(&self) -> &[Vec<f64>] {
        &self.recorded
    }

    /// Carry out what stands in the memory, go on to the next decision, and write down what is seen then; false
    /// at the end. The memory has [`words`](crate::memory::words) words.
    ///
    /// # Errors
    /// What was asked for and cannot be done, or what the market's data lack.
    pub fn step(
        &mut self,
        stepper: &mut Stepper<'_>,
        memory: Words<'_>,
    ) -> Result<bool, ExchangeError> {
        let parts = Parts::of(memory, stepper.most_levels());
        let asked = parts.now[AT_COMMANDS].get();
        if asked > MOST_COMMANDS as u64 {
            return Err(ExchangeError::Commands(asked));
        }
        for place in 0..asked as usize {
            let command = parts.command(place);
            self.carry_out(stepper, command)?;
        }
        let goes_on = stepper.step()?;
        self.write(stepper, &parts)?;
        Ok(goes_on)
    }

    fn carry_out(&mut self, stepper: &mut Stepper<'_>, c: Command) -> Result<(), ExchangeError> {
        match c.kind {
            DO_PLACE => {
                let side = Side::try_from(c.side)?;
                let id = c.said("place", stepper.place(side, c.price, c.size))?;
                self.sent(stepper, c, side, id);
            }
            DO_PLACE_LIMIT => {
                let side = Side::try_from(c.side)?;
                let id = c.said("place_limit", stepper.place_limit(side, c.price, c.size))?;
                self.sent(stepper, c, side, id);
                self.takes.push_back(Some(id));
            }
            DO_TAKE => {
                let side = Side::try_from(c.side)?;
                c.said("take", stepper.take(side, c.price, c.size))?;
                self.takes.push_back(None);
            }
            DO_CANCEL => self.cancel(stepper, c)?,
            DO_REPLACE => {
                let place = self.open(c)?;
                let side = self.orders[place].side;
                let given = self.orders[place].id;
                let id = c.said("replace", stepper.replace(given, side, c.price, c.size))?;
                self.orders[place].state = CANCELLING;
                self.sent(stepper, c, side, id);
            }
            DO_REDUCE => {
                let id = self.orders[self.open(c)?].id;
                c.said("reduce", stepper.reduce(id, c.size))?;
                c.said("reduce", stepper.attempt(None))?;
            }
            DO_BLOCKED => {
                let reason = usize::try_from(c.order)
                    .ok()
                    .and_then(|n| Reason::NAMES.get(n));
                let name = reason.ok_or(ExchangeError::Reason(c.order))?;
                c.said("blocked", stepper.attempt(Some(name)))?;
            }
            DO_RECORD => self.record(c)?,
            kind => return Err(ExchangeError::Kind(kind)),
        }
        if self.orders.len() > MOST_ORDERS {
            return Err(ExchangeError::Orders(self.orders.len()));
        }
        Ok(())
    }

    fn sent(&mut self, stepper: &mut Stepper<'_>, c: Command, side: Side, id: u64) {
        // It has no reason that could be unknown.
        let counted = stepper.attempt(None);
        debug_assert!(counted.is_ok());
        self.last_id = id;
        self.orders.push(Order {
            id,
            side,
            price: c.price,
            size: c.size,
            filled: 0.0,
            sent_ms: stepper.time_ms(),
            state: PENDING,
        });
    }

    fn cancel(&mut self, stepper: &mut Stepper<'_>, c: Command) -> Result<(), ExchangeError> {
        let id = self.number(c)?;
        let order = self.orders.iter_mut().find(|order| order.id == id);
        // What is no longer at the market, or is being cancelled, needs nothing.
        if let Some(order) = order.filter(|order| order.state != CANCELLING) {
            order.state = CANCELLING;
            c.said("cancel", stepper.cancel(id, c.side == 1))?;
        }
        Ok(())
    }

    fn record(&mut self, c: Command) -> Result<(), ExchangeError> {
        let (names, place) = (self.recorded.len(), usize::try_from(c.order).ok());
        let values = place.and_then(|place| self.recorded.get_mut(place));
        match values.filter(|_| c.price.is_finite()) {
            Some(values) => values.push(c.price),
            None => {
                return Err(ExchangeError::Record {
                    place: c.order,
                    value: c.price,
                    names,
                })
            }
        }
        Ok(())
    }

    /// The number of an order that was placed.
    fn number(&self, c: Command) -> Result<u64, ExchangeError> {
        let id = u64::try_from(c.order).ok();
        id.filter(|id| (1..=self.last_id).contains(id))
            .ok_or(ExchangeError::Order(c.order))
    }

    /// Where an order stands that may be at the market.
    fn open(&self, c: Command) -> Result<usize, ExchangeError> {
        let id = self.number(c)?;
        let place = self.orders.iter().position(|order| order.id == id);
        place.ok_or(ExchangeError::NotThere(id))
    }

    fn write(&mut self, stepper: &mut Stepper<'_>, parts: &Parts<'_>) -> Result<(), ExchangeError> {
        let (fills, rejected) = self.take_in(stepper, parts)?;
        let trades = write_trades(stepper, parts.trades)?;
        self.write_levels(stepper, parts.levels);
        let mut rows = Rows::in_words(parts.orders);
        for order in &self.orders {
            rows.whole(order.id as i64);
            rows.whole(order.side.sign());
            rows.double(order.price);
            rows.double(order.size);
            rows.double(order.filled);
            rows.double(order.sent_ms);
            rows.whole(order.state);
            rows.double(stepper.ahead(order.id).unwrap_or(f64::NAN));
        }
        let mut now = Rows::in_words(parts.now);
        let or_nan = |value: Option<f64>| value.unwrap_or(f64::NAN);
        now.double(stepper.time_ms());
        now.double(or_nan(stepper.best(Side::Buy)));
        now.double(or_nan(stepper.best(Side::Sell)));
        now.double(or_nan(stepper.mid()));
        now.double(stepper.liquidity(Side::Buy));
        now.double(stepper.liquidity(Side::Sell));
        now.double(stepper.position());
        now.whole(i64::from(stepper.in_flight()));
        now.whole(self.orders.len() as i64);
        now.whole(fills as i64);
        now.whole(rejected as i64);
        now.whole(trades as i64);
        now.whole(self.levels.map_or(0, |version| version as i64));
        now.whole(self.takes.len() as i64);
        debug_assert_eq!(now.written(), AT_NEXT_ID);
        now.whole(self.last_id as i64 + 1);
        now.whole(0);
        Ok(())
    }

    /// What became of the orders: fills and rejections that were written.
    fn take_in(
        &mut self,
        stepper: &Stepper<'_>,
        parts: &Parts<'_>,
    ) -> Result<(usize, usize), ExchangeError> {
        let (mut fills, mut rejected) = (0, 0);
        let mut rows = Rows::in_words(parts.fills);
        for update in stepper.updates() {
            match *update {
                OrderUpdate::Filled {
                    id,
                    side,
                    qty,
                    price,
                    fee,
                    time_ms,
                } => {
                    fills += 1;
                    at_most(fills, MOST_FILLS, "fills")?;
                    let order = id.or(self.takes.front().copied().flatten());
                    rows.whole(order.unwrap_or(0) as i64);
                    rows.whole(side.sign());
                    rows.double(price);
                    rows.double(qty);
                    rows.double(fee);
                    rows.double(time_ms);
                    rows.whole(i64::from(id.is_some()));
                    self.filled(order, qty);
                    self.forget_filled(id);
                }
                OrderUpdate::Rejected { id } => {
                    at_most(rejected + 1, MOST_FILLS, "rejections")?;
                    parts.rejected[rejected].set(id);
                    rejected += 1;
                    self.orders.retain(|order| order.id != id);
                }
                OrderUpdate::Placed { id } => {
                    for order in self.orders.iter_mut().filter(|order| order.id == id) {
                        if order.state == PENDING {
                            order.state = LIVE;
                        }
                    }
                }
                OrderUpdate::Cancelled { id, .. } => self.orders.retain(|order| order.id != id),
                OrderUpdate::Reduced { id, left } => {
                    for order in self.orders.iter_mut().filter(|order| order.id == id) {
                        order.size = left.map_or(order.size, |left| order.filled + left);
                    }
                }
                OrderUpdate::Funded { .. } => {}
                OrderUpdate::Taken => {
                    let taken = self.takes.pop_front().flatten();
                    self.forget_filled(taken);
                }
            }
        }
        Ok((fills, rejected))
    }

    fn filled(&mut self, id: Option<u64>, qty: f64) {
        for order in self.orders.iter_mut().filter(|order| Some(order.id) == id) {
            order.filled += qty;
        }
    }

    /// An order of which nothing is left is no longer at the market.
    fn forget_filled(&mut self, id: Option<u64>) {
        self.orders
            .retain(|order| Some(order.id) != id || order.left() >= SMALL * order.size);
    }

    fn write_levels(&mut self, stepper: &mut Stepper<'_>, words: Words<'_>) {
        let version = stepper.levels_version();
        if self.levels == Some(version) {
            return;
        }
        self.levels = Some(version);
        let most = stepper.most_levels();
        let mut rows = Rows::in_words(words);
        for side in Side::BOTH {
            let mut shown = 0;
            for (price, size) in stepper.levels(side) {
                rows.double(price);
                rows.double(size);
                shown += 1;
            }
            for _ in shown..most {
                rows.double(f64::NAN);
                rows.double(0.0);
            }
        }
    }
}

impl Command {
    /// What the market said to it.
    fn said<T>(&self, call: &str, answer: Result<T, RequestError>) -> Result<T, ExchangeError> {
        let Command {
            order,
            side,
            price,
            size,
            ..
        } = self;
        answer.map_err(|error| {
            let asked = match call {
                "replace" => format!("replace({order}, {price}, {size})"),
                "reduce" => format!("reduce({order}, {size})"),
                "cancel" => format!("cancel({order})"),
                "blocked" => format!("blocked({order})"),
                _ => format!("{call}({side}, {price}, {size})"),
            };
            ExchangeError::Refused { call: asked, error }
        })
    }
}

fn write_trades(stepper: &mut Stepper<'_>, words: Words<'_>) -> Result<usize, ExchangeError> {
    let mut rows = Rows::in_words(words);
    let mut trades = 0;
    for (time_ms, price, size, aggressor) in stepper.trades() {
        trades += 1;
        at_most(trades, MOST_TRADES, "trades")?;
        rows.double(time_ms);
        rows.double(price);
        rows.double(size);
        rows.whole(aggressor.sign());
    }
    Ok(trades)
}

fn at_most(n: usize, most: usize, what: &'static str) -> Result<(), ExchangeError> {
    if n <= most {
        return Ok(());
    }
    Err(ExchangeError::Updates { most, what })
}
