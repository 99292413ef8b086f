//! One iteration on a slice of a recording.

use crate::error::MarketError;
use crate::venue::rows::RowError;
use std::collections::BTreeMap;

use crate::maker::Attempts;
use crate::measure::frame::Frame;
use crate::measure::terms::Terms;
use crate::measure::Measure;
use crate::session::decision_loop::Plan;
use crate::session::payments::Payments;
use crate::session::run::Run;
use crate::session::spec::ReplaySpec;
use crate::types::ns_of_ms;
use crate::venue::delays::Delays;
use crate::venue::replay::ReplayVenue;
use crate::venue::rows::Rows;
use crate::venue::tape::Column;

#[derive(Debug)]
enum Stage<'a> {
    Build(Box<ReplayVenue<'a>>),
    Maker(Box<Run<ReplayVenue<'a>>>),
    /// The recording has ended when the slice begins.
    Nothing,
}

/// An iteration that is computed piece by piece.
#[derive(Debug)]
pub struct Replay<'a> {
    spec: ReplaySpec,
    last: i64,
    stage: Stage<'a>,
}

impl<'a> Replay<'a> {
    /// Prepare.
    ///
    /// # Errors
    /// One sentence on what is wrong with spec or buffer.
    pub fn new(text: &str, bytes: &'a [u8]) -> Result<Self, MarketError> {
        let (spec, venue) = opened(text, bytes)?;
        let last = venue.last();
        let stage = if last <= spec.start_ns {
            Stage::Nothing
        } else {
            Stage::Build(Box::new(venue))
        };
        Ok(Replay { spec, last, stage })
    }

    /// Run a piece of about `budget` rows; the report once it is complete.
    ///
    /// # Errors
    /// Where a row cannot be used.
    pub fn run_piece(&mut self, budget: u64) -> Result<Option<String>, MarketError> {
        match &mut self.stage {
            Stage::Nothing => self.nothing().map(Some),
            Stage::Build(venue) => {
                if venue.build(self.spec.start_ns, budget as usize)? {
                    self.begin();
                }
                Ok(None)
            }
            Stage::Maker(run) => {
                if !run.run_piece(budget)? {
                    return Ok(None);
                }
                let ended = self.last < self.spec.end_ns;
                Ok(Some(run.report(BTreeMap::new(), ended)?))
            }
        }
    }

    /// The series of a complete run as columns, nothing where none was asked for.
    pub fn take_series(&mut self) -> Vec<Column> {
        match &mut self.stage {
            Stage::Maker(run) => run.take_series(),
            Stage::Build(_) | Stage::Nothing => Vec::new(),
        }
    }

    /// Start the maker on the book that was built.
    fn begin(&mut self) {
        if let Stage::Build(venue) = std::mem::replace(&mut self.stage, Stage::Nothing) {
            let s = &self.spec;
            let plan = plan_of(s, self.last);
            let run = Run::new(*venue, plan, s.parameters.clone(), s.maker.clone());
            self.stage = Stage::Maker(Box::new(run));
        }
    }

    fn nothing(&self) -> Result<String, MarketError> {
        let s = &self.spec;
        let frame = Frame {
            source: "replay",
            start: s.start_ns,
            end: s.start_ns,
            ended: true,
            holdings: s.holdings.clone(),
            ..Frame::default()
        };
        let mut measure = Measure::new(s.tick_size, s.lot_size, terms_of(s), None, s.record_fills)
            .holding(&s.holdings);
        Ok(measure.report(frame, Attempts::default())?)
    }
}

/// A spec and the recording it is about, before its first event.
pub(crate) fn opened<'a>(
    text: &str,
    bytes: &'a [u8],
) -> Result<(ReplaySpec, ReplayVenue<'a>), MarketError> {
    let spec = ReplaySpec::parse(text)?;
    let rows = Rows::new(bytes, spec.tick_size, spec.lot_size)?;
    let mut venue = ReplayVenue::new(
        rows,
        spec.maker.depth_levels as usize,
        Delays::new(
            spec.maker.latency.as_ref(),
            spec.maker.order_latency_ms,
            spec.start_ns,
        ),
        (spec.local_shift_ns, spec.has_receipt),
        spec.silence_ns,
    )
    .ok_or(RowError::NoExchange)?;
    venue.fill_by(spec.fills, spec.lot_size);
    Ok((spec, venue))
}

fn terms_of(spec: &ReplaySpec) -> Terms {
    Terms {
        fees: spec.fees.clone(),
        contract: spec.contract.clone(),
        traded: spec.traded,
    }
}

pub(crate) fn plan_of(spec: &ReplaySpec, last: i64) -> Plan {
    Plan {
        source: "replay",
        start: spec.start_ns,
        end: spec.end_ns.min(last),
        tick_size: spec.tick_size,
        lot_size: spec.lot_size,
        decision_interval: Plan::interval_of(&spec.maker),
        terms: terms_of(spec),
        funding: Payments::new(&spec.funding, spec.epoch_ns),
        record: spec.record_fills,
        series_step: spec.series_step_ms.map(ns_of_ms),
        holdings: spec.holdings.clone(),
    }
}
