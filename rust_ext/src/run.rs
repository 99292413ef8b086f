//! One iteration of the reference maker on any market, in pieces that can be interrupted.

use crate::desk::Desk;
use crate::maker::Maker;
use crate::measure::{Frame, Measure};
use crate::spec::{Fees, MakerSettings, Parameters};
use crate::types::{ns_of_ms, Ns, Request, MS};
use crate::venue::Venue;

const SAMPLE_EVERY: Ns = 100 * MS;

/// What an iteration needs to know besides the market.
#[derive(Debug, Clone)]
pub struct Plan {
    pub source: &'static str,
    pub start: Ns,
    pub end: Ns,
    pub tick_size: f64,
    pub lot_size: f64,
    pub parameters: Parameters,
    pub maker: MakerSettings,
    pub fees: Fees,
    pub record: bool,
}

/// A running iteration.
#[derive(Debug, Clone)]
pub struct Run<V> {
    plan: Plan,
    desk: Desk<V>,
    maker: Maker,
    next_decision: Ns,
    next_sample: Ns,
    decision_interval: Ns,
    counts_before: (u64, u64),
    requests: Vec<Request>,
}

impl<V: Venue> Run<V> {
    /// Begin at `plan.start`, which the market has reached; the first decision falls on it.
    pub fn new(venue: V, plan: Plan) -> Self {
        let measure = Measure::new(
            plan.tick_size,
            plan.lot_size,
            plan.fees,
            venue.mid(),
            plan.record,
        );
        let maker = Maker::new(
            plan.parameters.clone(),
            plan.maker.clone(),
            plan.tick_size,
            plan.lot_size,
            plan.start,
        );
        Run {
            counts_before: venue.counts(),
            next_decision: plan.start,
            next_sample: plan.start,
            decision_interval: ns_of_ms(plan.maker.decision_interval_ms),
            desk: Desk::new(venue, measure, plan.start),
            maker,
            requests: Vec::new(),
            plan,
        }
    }

    /// Go on for about `budget` market events; whether the end is reached.
    ///
    /// # Errors
    /// Those of the market.
    pub fn go_on(&mut self, budget: u64) -> Result<bool, String> {
        let stop_at = self.desk.venue.counts().0.saturating_add(budget);
        let mut decisions = 0;
        while self.desk.venue.counts().0 < stop_at && decisions < budget {
            decisions += 1;
            let next = self.next_decision.min(self.next_sample);
            if next > self.plan.end {
                self.desk.advance(self.plan.end)?;
                return Ok(true);
            }
            self.desk.advance(next)?;
            if next == self.next_sample {
                self.next_sample += SAMPLE_EVERY;
                let venue = &self.desk.venue;
                self.desk.measure.sample(next, venue.mid(), venue.spread());
            }
            if next == self.next_decision {
                self.next_decision += self.decision_interval;
                self.decide(next);
            }
        }
        Ok(false)
    }

    /// The market.
    pub fn venue(&self) -> &V {
        &self.desk.venue
    }

    /// The report as JSON; `labels` are those of the market, `ended` whether its data ended early.
    ///
    /// # Errors
    /// See [`Measure::report`].
    pub fn report(&mut self, labels: Vec<String>, ended: bool) -> Result<String, String> {
        let (events, trades) = self.desk.venue.counts();
        let frame = Frame {
            source: self.plan.source,
            start: self.plan.start,
            end: self.plan.end,
            events: events - self.counts_before.0,
            trades: trades - self.counts_before.1,
            labels,
            ended,
            mid: self.desk.venue.mid(),
        };
        self.desk.measure.report(frame, self.maker.attempts())
    }

    fn decide(&mut self, now: Ns) {
        while let Some(notice) = self.desk.poll() {
            self.maker.notice(now, notice);
        }
        let view = self.desk.see();
        self.maker.decide(now, &view, &mut self.requests);
        for request in self.requests.drain(..) {
            self.desk.send(request);
        }
    }
}
