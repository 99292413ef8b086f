//! The loop of an iteration: a gateway that stops at every decision, and samples the market on the way.

use crate::venue::rows::RowError;
use std::collections::BTreeMap;

use crate::measure::frame::Frame;
use crate::measure::series::Seen;
use crate::measure::terms::Terms;
use crate::measure::Measure;
use crate::session::gateway::Gateway;
use crate::session::holdings::{Holdings, Resting};
use crate::session::payments::Payments;
use crate::session::spec::MakerSettings;
use crate::types::{ns_of_ms, Ns, Side, MS};
use crate::venue::Venue;

const SAMPLE_EVERY: Ns = 100 * MS;
/// Golden ratio as a 64-bit fraction.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Time of the decision `index`, from the start.
///
/// Decisions fall into intervals of equal length, one into each, at places that are spread evenly over time.
/// On a strict grid a limit in milliseconds would act in steps of the interval: 66 and 69 ms would be the same.
fn decision_time(index: u64, interval: Ns) -> Ns {
    let place = (index.wrapping_mul(GOLDEN) >> 32) as i64;
    index as Ns * interval + ((place * interval) >> 32)
}

/// When, on what, and at what cost an iteration runs.
#[derive(Debug, Clone)]
pub struct Plan {
    pub source: &'static str,
    pub start: Ns,
    pub end: Ns,
    pub tick_size: f64,
    pub lot_size: f64,
    /// Mean time between two decisions, at most a second.
    pub decision_interval: Ns,
    pub terms: Terms,
    pub funding: Payments,
    pub record: bool,
    /// Time between two rows of the series; None where none is recorded.
    pub series_step: Option<Ns>,
    /// What is held at the start.
    pub(crate) holdings: Holdings,
}

impl Plan {
    /// Time between two decisions, at least 1 ns.
    pub fn interval_of(maker: &MakerSettings) -> Ns {
        ns_of_ms(maker.decision_interval_ms).max(1)
    }
}

/// A gateway on its way from decision to decision.
#[derive(Debug, Clone)]
pub(crate) struct DecisionLoop<V> {
    pub plan: Plan,
    pub gateway: Gateway<V>,
    next_decision: Ns,
    decisions: u64,
    next_sample: Ns,
    next_payment: Ns,
    counts_before: (u64, u64),
}

impl<V: Venue> DecisionLoop<V> {
    /// Begin at `plan.start`, which the market has reached; the first decision falls on it.
    pub(crate) fn new(venue: V, plan: Plan) -> Self {
        let measure = Measure::new(
            plan.tick_size,
            plan.lot_size,
            plan.terms.clone(),
            venue.mid(),
            plan.record,
        )
        .over(plan.start, plan.end)
        .following(venue.labels(), plan.start, plan.series_step);
        let counts_before = venue.counts();
        let mut gateway = Gateway::new(venue, measure.holding(&plan.holdings), plan.start);
        let resting = plan.holdings.resting((plan.tick_size, plan.lot_size));
        // A recording that has ended shows no book to go on in.
        if plan.end > plan.start {
            gateway.restore(resting, plan.holdings.last_order);
        }
        DecisionLoop {
            counts_before,
            next_decision: plan.start,
            decisions: 0,
            next_sample: plan.start,
            next_payment: plan.funding.after(plan.start),
            gateway,
            plan,
        }
    }

    /// What the market holds, as it can be gone on with; the account knows the position.
    fn holdings(&self) -> Holdings {
        Holdings {
            last_order: self.gateway.last_order(),
            orders: self.resting(),
            moves: self.gateway.venue.moves(),
            ..Holdings::default()
        }
    }

    /// Our orders at the market, oldest first.
    pub(crate) fn resting(&self) -> Vec<Resting> {
        let sizes = (self.plan.tick_size, self.plan.lot_size);
        let orders = self.gateway.venue.resting().iter();
        orders.map(|own| Resting::of(own, sizes)).collect()
    }

    /// Advance to the next decision; its time, or None where the end comes first.
    ///
    /// # Errors
    /// Those of the market.
    pub(crate) fn advance_to_decision(&mut self) -> Result<Option<Ns>, RowError> {
        loop {
            let due = self.next_decision.min(self.next_sample);
            let next = due.min(self.next_payment);
            if next > self.plan.end {
                self.gateway.advance(self.plan.end)?;
                return Ok(None);
            }
            self.gateway.advance(next)?;
            if next == self.next_payment {
                self.next_payment = self.plan.funding.after(next);
                self.gateway.fund(self.plan.funding.rate);
            }
            if next == self.next_sample {
                self.next_sample += SAMPLE_EVERY;
                self.sample(next);
            }
            if next == self.next_decision {
                self.decisions += 1;
                let since = decision_time(self.decisions, self.plan.decision_interval);
                self.next_decision = self.plan.start + since;
                return Ok(Some(next));
            }
        }
    }

    fn sample(&mut self, now: Ns) {
        let (venue, measure) = (&self.gateway.venue, &mut self.gateway.measure);
        measure.sample(now, venue.mid(), venue.spread(), venue.labels_on());
        if measure.wants_row(now) {
            let best = |side: Side| {
                let displayed = venue.displayed(side);
                displayed.best().map(|tick| (tick, displayed.get(tick)))
            };
            let seen = Seen {
                mid: venue.mid(),
                labels: venue.labels_on(),
                best: Side::BOTH.map(best),
                own: Side::BOTH.map(|side| venue.own_best(side)),
            };
            measure.add_row(now, &seen);
        }
    }

    /// What the position brings that is sold, or costs that is bought back, in one order against the displayed
    /// book, whose quotes follow what the order tells; as lots count in ticks, None where the book does not hold enough.
    fn proceeds(&self) -> Option<f64> {
        let (venue, lots) = (&self.gateway.venue, self.gateway.measure.position_lots());
        let side = if lots > 0 { Side::Buy } else { Side::Sell };
        let contract = self.gateway.measure.contract();
        let worth = venue.proceeds(side, lots.abs(), contract)?;
        Some(worth * lots.signum() as f64)
    }

    /// What the report says of the market; `label_ms` says how long each of its labels was on, `ended` whether
    /// its data ended early.
    pub(crate) fn frame(&self, label_ms: BTreeMap<String, f64>, ended: bool) -> Frame {
        let (events, trades) = self.gateway.venue.counts();
        Frame {
            source: self.plan.source,
            start: self.plan.start,
            end: self.plan.end,
            events: events - self.counts_before.0,
            trades: trades - self.counts_before.1,
            label_ms,
            ended,
            mid: self.gateway.venue.mid(),
            proceeds: self.proceeds(),
            quality: self.gateway.venue.quality(self.plan.end),
            holdings: self.holdings(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_keep_their_pace_and_hit_no_grid() {
        let interval = 10 * MS;
        assert_eq!(decision_time(0, interval), 0);
        let mut tenths = [0; 10];
        for index in 0..10_000u64 {
            let within = decision_time(index, interval) - index as Ns * interval;
            assert!((0..interval).contains(&within));
            tenths[(within / MS) as usize] += 1;
        }
        assert!(
            tenths.iter().all(|n| (990..=1010).contains(n)),
            "{tenths:?}"
        );
    }
}
