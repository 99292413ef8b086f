//! Everything that one iteration measures, and the report made of it.

pub(crate) mod accounting;
pub(crate) mod batches;
pub(crate) mod course;
pub(crate) mod facts;
pub(crate) mod fills;
pub(crate) mod frame;
#[rustfmt::skip] // generated, and compared byte by byte
pub(crate) mod limits;
pub(crate) mod markouts;
pub(crate) mod orders;
pub(crate) mod series;
pub(crate) mod stats;
pub(crate) mod terms;

use serde::Serialize;

use crate::maker::reasons::Blocks;
use crate::maker::Attempts;
use crate::measure::accounting::{Account, Fill, Totals};
use crate::measure::batches::{Batches, Columns, Snapshot, SAMPLES};
use crate::measure::course::{Course, CourseFacts};
use crate::measure::facts::MarketFacts;
use crate::measure::fills::FillRow;
use crate::measure::frame::Frame;
use crate::measure::markouts::{Marked, Markouts, ADVERSE, HORIZONS};
use crate::measure::orders::OrderCounts;
use crate::measure::series::{Seen, Series};
use crate::measure::stats::Sample;
use crate::measure::terms::Terms;
use crate::scenario::Contract;
use crate::session::holdings::Holdings;
use crate::venue::Cancelled;

use crate::types::{ms_of_ns, Lots, Ns, Side, Tick, VenueFill};
use crate::venue::tape::Column;

/// What is collected while an iteration runs.
#[derive(Debug, Clone)]
pub(crate) struct Measure {
    tick_size: f64,
    lot_size: f64,
    account: Account,
    orders: OrderCounts,
    record: bool,
    rows: Vec<FillRow>,
    path: Vec<(f64, f64)>,
    mid_low: Option<f64>,
    mid_high: Option<f64>,
    spread_sum_bps: f64,
    spread_n: u64,
    slippage_bps: Vec<f64>,
    order_age_ms: Vec<f64>,
    adverse_bps: Vec<f64>,
    pub ws_lag_ms: Vec<f64>,
    pub latency_ms: Vec<f64>,
    /// Attempts so far, of the maker or of a strategy.
    pub(crate) attempts: Attempts,
    batches: Batches,
    markouts: Markouts,
    course: Course,
    series: Series,
}

/// Why a report cannot be made; either would be a defect of the kernel.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ReportError {
    /// Components of profit that do not add up to it.
    #[error("accounting: components and ledger differ by {gap} at a notional of {notional}")]
    Accounting { gap: f64, notional: f64 },
    /// A value that JSON cannot hold.
    #[error("the report cannot be written: {0}")]
    Json(String),
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    schema_version: u32,
    source: &'a str,
    totals: Totals,
    adverse_bps: Sample,
    slippage_bps: Sample,
    order_age_ms: Sample,
    ws_lag_ms: Sample,
    latency_ms: Sample,
    attempts: u64,
    blocks: Blocks,
    orders: OrderCounts,
    batches: Option<Columns>,
    course: CourseFacts,
    market: MarketFacts,
    holdings: Holdings,
    #[serde(skip_serializing_if = "Option::is_none")]
    fills: Option<&'a [FillRow]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a [(f64, f64)]>,
}

impl Measure {
    /// Nothing measured yet; `mid` is the mid at the start, in ticks.
    pub(crate) fn new(
        tick_size: f64,
        lot_size: f64,
        terms: impl Into<Terms>,
        mid: Option<f64>,
        record: bool,
    ) -> Self {
        Measure {
            tick_size,
            lot_size,
            account: Account::new(terms.into(), mid.map(|m| m * tick_size)),
            orders: OrderCounts::default(),
            record,
            rows: Vec::new(),
            path: Vec::new(),
            mid_low: None,
            mid_high: None,
            spread_sum_bps: 0.0,
            spread_n: 0,
            slippage_bps: Vec::new(),
            order_age_ms: Vec::new(),
            adverse_bps: Vec::new(),
            ws_lag_ms: Vec::new(),
            latency_ms: Vec::new(),
            attempts: Attempts::default(),
            batches: Batches::default(),
            markouts: Markouts::default(),
            course: Course::default(),
            series: Series::default(),
        }
    }

    /// The same with what was held before.
    pub(crate) fn holding(mut self, held: &Holdings) -> Self {
        let (average, mark) = (held.average_price, held.mark);
        self.account = self.account.holding(held.position, average, mark);
        self
    }

    /// The same over a time that is cut into batches.
    pub(crate) fn over(mut self, start: Ns, end: Ns) -> Self {
        self.batches = Batches::new(start, end);
        self
    }

    /// The same on a market with these labels, with a row of the series every `step` where one is given.
    pub(crate) fn following(
        mut self,
        labels: Vec<(String, u64)>,
        start: Ns,
        step: Option<Ns>,
    ) -> Self {
        self.course = Course::new(labels);
        self.series = Series::new(step, start);
        self
    }

    /// The position in lots.
    pub(crate) fn position_lots(&self) -> Lots {
        self.lots_of(self.account.position())
    }

    fn lots_of(&self, position: f64) -> Lots {
        (position / self.lot_size).round() as Lots
    }

    /// A position without what summing fills has rounded: a flat one is 0.
    fn in_whole_lots(&self, position: f64) -> f64 {
        self.lots_of(position) as f64 * self.lot_size
    }

    /// An order that rested before goes on, or is dropped as it would cross.
    pub(crate) fn carried(&mut self, now: Ns, side: Side, accepted: bool) {
        if accepted {
            self.orders.carried += 1;
            self.course.placed(now, side);
        } else {
            self.orders.dropped += 1;
        }
    }

    /// A post-only order arrived.
    pub(crate) fn placed(&mut self, now: Ns, side: Side, accepted: bool) {
        if accepted {
            self.orders.placed += 1;
            self.course.placed(now, side);
        } else {
            self.orders.rejected += 1;
        }
    }

    /// An order was cancelled.
    pub(crate) fn cancelled(&mut self, now: Ns, order: &Cancelled, tail: bool) {
        let age_ms = ms_of_ns(now - order.placed_at);
        self.course.left(now, order.side);
        self.orders.cancelled(tail);
        self.order_age_ms.push(age_ms);
    }

    /// A cancellation arrived of an order that is not there any more.
    pub(crate) fn cancel_came_late(&mut self) {
        self.orders.cancels_too_late += 1;
    }

    /// An order of ours was filled while its cancellation was under way.
    pub(crate) fn filled_while_cancelling(&mut self) {
        self.orders.filled_while_cancelling += 1;
    }

    /// A fill of ours; `mid_at_decision` in ticks where it is a taker fill. Returns its place among all fills.
    pub(crate) fn filled(
        &mut self,
        fill: &VenueFill,
        mid_at_decision: Option<f64>,
    ) -> (usize, f64) {
        let maker = fill.id.is_some();
        let decided = mid_at_decision.filter(|_| !maker).unwrap_or(fill.mid);
        let booked = Fill {
            side: fill.side,
            price: fill.tick as f64 * self.tick_size,
            qty: fill.lots as f64 * self.lot_size,
            maker,
            mid_at_fill: fill.mid * self.tick_size,
            mid_at_decision: decided * self.tick_size,
            fee_shift_bps: fill.fee_shift_bps,
        };
        let fee = self.account.book(&booked);
        self.orders.filled(fill);
        if maker {
            if fill.left == 0 {
                self.course.left(fill.ts, fill.side);
                self.order_age_ms.push(ms_of_ns(fill.ts - fill.placed_at));
            }
        } else {
            let contract = self.account.contract();
            let decided = contract.value(booked.mid_at_decision);
            let cost = fill.side.sign() as f64 * (contract.value(booked.price) - decided);
            self.slippage_bps.push(cost / decided.abs() * 1e4);
        }
        if self.record || self.series.is_on() {
            self.rows.push(FillRow {
                ts_ms: ms_of_ns(fill.ts),
                side: fill.side.sign(),
                price: booked.price,
                qty: booked.qty,
                maker,
                mid_at_fill: booked.mid_at_fill,
                mid_at_decision: booked.mid_at_decision,
                fee,
                queue_ahead_at_placement: fill.ahead_at_placement as f64 * self.lot_size,
                mids_later: [None; HORIZONS.len()],
                order_id: fill.id,
                placed_ms: ms_of_ns(fill.placed_at),
            });
        }
        let place = self.orders.fills() as usize - 1;
        (place, fee)
    }

    /// A funding payment at a mid in ticks; what it brings.
    pub(crate) fn fund(&mut self, mid: f64, rate: f64) -> f64 {
        self.account.fund(mid * self.tick_size, rate)
    }

    /// The contract that is traded.
    pub(crate) fn contract(&self) -> &Contract {
        self.account.contract()
    }

    /// The mid some time after a fill, in ticks.
    pub(crate) fn marked(&mut self, horizon: usize, marked: &Marked, mid: f64) {
        let contract = self.account.contract();
        let unit = contract.unit(self.tick_size, self.lot_size);
        let worth = |ticks: f64| contract.in_ticks(ticks);
        self.markouts.add(horizon, marked, mid, unit, worth);
        if marked.maker && horizon == ADVERSE {
            self.adverse_bps.push(marked.cost_bps(mid, worth));
        }
        if let Some(row) = self.rows.get_mut(marked.fill) {
            row.mids_later[horizon] = Some(mid * self.tick_size);
        }
    }

    /// Whether a row of the series is due.
    pub(crate) fn wants_row(&self, now: Ns) -> bool {
        self.series.is_due(now)
    }

    /// Add a row to the series.
    pub(crate) fn add_row(&mut self, now: Ns, seen: &Seen) {
        let totals = self
            .account
            .marked(seen.mid.map(|mid| mid * self.tick_size));
        let made = (&totals, self.account.position(), self.account.cash());
        let sizes = (self.tick_size, self.lot_size);
        self.series.add(now, seen, sizes, made, self.attempts);
    }

    /// The series and the fills as columns, nothing where none was asked for.
    pub(crate) fn take_series(&mut self) -> Vec<Column> {
        if !self.series.is_on() {
            return Vec::new();
        }
        let mut columns = self.series.take();
        columns.extend(fills::columns(&self.rows));
        columns
    }

    /// Sample the market, every 100 ms; mid and spread in ticks, `labels` the bits of those that are on.
    pub(crate) fn sample(&mut self, now: Ns, mid: Option<f64>, spread: Option<Tick>, labels: u64) {
        let price = mid.map(|ticks| ticks * self.tick_size);
        self.course.sample(self.account.profit(price), labels);
        while self.batches.due(now) {
            let snapshot = self.snapshot(mid);
            self.batches.take(snapshot);
        }
        let Some(ticks) = mid else { return };
        let price = ticks * self.tick_size;
        self.account.look(price);
        self.mid_low = Some(self.mid_low.map_or(price, |m| m.min(price)));
        self.mid_high = Some(self.mid_high.map_or(price, |m| m.max(price)));
        if let Some(spread) = spread {
            self.spread_sum_bps += spread as f64 / ticks * 1e4;
            self.spread_n += 1;
        }
        if self.record {
            self.path.push((ms_of_ns(now), price));
        }
    }

    /// The report as JSON.
    ///
    /// # Errors
    /// Where the accounting does not add up or a number is not finite; either would be a defect here.
    pub(crate) fn report(
        &mut self,
        frame: Frame,
        attempts: Attempts,
    ) -> Result<String, ReportError> {
        let contract = self.account.contract();
        let unit = contract.unit(self.tick_size, self.lot_size);
        let contract = (!contract.is_plain()).then(|| contract.clone());
        let mut totals = self.account.close(
            frame.mid.map(|m| m * self.tick_size),
            frame.proceeds.map(|p| p * unit),
        )?;
        for position in [
            &mut totals.position_start,
            &mut totals.position_end,
            &mut totals.position_max,
        ] {
            *position = self.in_whole_lots(*position);
        }
        let is_flat = totals.position_end == 0.0;
        let holdings = Holdings {
            position: totals.position_end,
            average_price: self.account.average_price().filter(|_| !is_flat),
            mark: self.account.last_mid(totals.mid_end),
            ..frame.holdings
        };
        let n = self.spread_n;
        self.attempts = attempts;
        let ends = self.batches.closed(self.snapshot(frame.mid));
        let batches = ends.as_deref().map(Columns::of);
        let ends = ends.unwrap_or_default();
        let course = CourseFacts {
            both_sides_ms: self.course.both_ms(frame.end),
            requote_ms: Sample::of(&self.course.gaps_ms, &[]),
            markouts: self.markouts,
            worst_five_minutes: self.course.worst_five_minutes(),
            label_profit: self.course.by_label(totals.ledger),
        };
        let sample = |kind: usize| {
            let sizes: Vec<usize> = ends.iter().map(|s| s.sizes[kind]).collect();
            Sample::of(self.samples()[kind], &sizes)
        };
        let report = Report {
            schema_version: 1,
            source: frame.source,
            totals,
            adverse_bps: sample(0),
            slippage_bps: sample(1),
            order_age_ms: sample(2),
            ws_lag_ms: sample(3),
            latency_ms: sample(4),
            attempts: attempts.all,
            blocks: attempts.blocks,
            orders: self.orders,
            batches,
            course,
            market: MarketFacts {
                start_ms: ms_of_ns(frame.start),
                end_ms: ms_of_ns(frame.end),
                events: frame.events,
                trades: frame.trades,
                mid_low: self.mid_low,
                mid_high: self.mid_high,
                spread_bps_mean: (n > 0).then(|| self.spread_sum_bps / n as f64),
                labels: frame.label_ms.keys().cloned().collect(),
                label_ms: frame.label_ms,
                ended: frame.ended,
                contract,
                quality: frame.quality,
            },
            holdings,
            fills: self.record.then_some(&self.rows[..]),
            path: self.record.then_some(&self.path),
        };
        serde_json::to_string(&report).map_err(|error| ReportError::Json(error.to_string()))
    }
    fn samples(&self) -> [&[f64]; SAMPLES] {
        [
            &self.adverse_bps,
            &self.slippage_bps,
            &self.order_age_ms,
            &self.ws_lag_ms,
            &self.latency_ms,
        ]
    }

    fn snapshot(&self, mid: Option<f64>) -> Snapshot {
        Snapshot {
            totals: self.account.marked(mid.map(|m| m * self.tick_size)),
            orders: self.orders,
            attempts: self.attempts,
            sizes: self.samples().map(<[f64]>::len),
        }
    }
}
