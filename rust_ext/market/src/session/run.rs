//! One iteration of the reference maker on any market, in pieces that can be interrupted.

use crate::measure::ReportError;
use crate::venue::rows::RowError;
use std::collections::BTreeMap;

use crate::maker::Maker;
use crate::session::decision_loop::{DecisionLoop, Plan};
use crate::session::spec::{MakerSettings, Parameters};
use crate::types::{Ns, Request, View};
use crate::venue::tape::Column;
use crate::venue::Venue;

/// A running iteration.
#[derive(Debug, Clone)]
pub(crate) struct Run<V> {
    decisions: DecisionLoop<V>,
    maker: Maker,
    requests: Vec<Request>,
}

impl<V: Venue> Run<V> {
    /// Begin at `plan.start`, which the market has reached.
    pub(crate) fn new(
        venue: V,
        plan: Plan,
        parameters: Parameters,
        settings: MakerSettings,
    ) -> Self {
        let mut maker = Maker::new(
            parameters,
            settings,
            plan.tick_size,
            plan.lot_size,
            plan.start,
        )
        .trading(plan.terms.contract.clone());
        let (lots, last) = (plan.holdings.lots(plan.lot_size), plan.holdings.last_order);
        let decisions = DecisionLoop::new(venue, plan);
        maker.holding(lots, last, decisions.gateway.venue.resting());
        Run {
            decisions,
            maker,
            requests: Vec::new(),
        }
    }

    /// Run for about `budget` market events; whether the end is reached.
    ///
    /// # Errors
    /// Those of the market.
    pub(crate) fn run_piece(&mut self, budget: u64) -> Result<bool, RowError> {
        let stop_at = self.venue().counts().0.saturating_add(budget);
        // A market without events must stop now and then as well.
        for _ in 0..budget {
            if self.venue().counts().0 >= stop_at {
                break;
            }
            match self.decisions.advance_to_decision()? {
                Some(now) => self.decide(now),
                None => {
                    // What arrives after the last decision is measured like what arrived before it.
                    self.receive(self.decisions.plan.end);
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The market.
    pub(crate) fn venue(&self) -> &V {
        &self.decisions.gateway.venue
    }

    /// The market, to be changed.
    pub(crate) fn venue_mut(&mut self) -> &mut V {
        &mut self.decisions.gateway.venue
    }

    /// The report as JSON; `label_ms` says how long each label of the market was on, `ended` whether its data
    /// ended early.
    ///
    /// # Errors
    /// See [`crate::measure::Measure::report`].
    pub(crate) fn report(
        &mut self,
        label_ms: BTreeMap<String, f64>,
        ended: bool,
    ) -> Result<String, ReportError> {
        let frame = self.decisions.frame(label_ms, ended);
        self.decisions
            .gateway
            .measure
            .report(frame, self.maker.attempts())
    }

    /// The series as columns, nothing where none was asked for.
    pub(crate) fn take_series(&mut self) -> Vec<Column> {
        self.decisions.gateway.measure.take_series()
    }

    fn receive(&mut self, now: Ns) -> View {
        let gateway = &mut self.decisions.gateway;
        while let Some(notification) = gateway.poll() {
            self.maker.notification(now, notification);
        }
        gateway.see()
    }

    fn decide(&mut self, now: Ns) {
        let view = self.receive(now);
        let gateway = &mut self.decisions.gateway;
        self.maker.decide(now, &view, &mut self.requests);
        gateway.measure.attempts = self.maker.attempts();
        for request in self.requests.drain(..) {
            gateway.send(request);
        }
    }
}
