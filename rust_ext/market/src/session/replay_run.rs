//! One iteration on a slice of a recording.

use std::collections::BTreeMap;

use crate::maker::Attempts;
use crate::measure::{Frame, Measure};
use crate::session::pace::Plan;
use crate::session::run::Run;
use crate::session::spec::ReplaySpec;
use crate::venue::replay::ReplayVenue;
use crate::venue::rows::Rows;

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
    pub fn new(text: &str, bytes: &'a [u8]) -> Result<Self, String> {
        let spec = ReplaySpec::parse(text)?;
        let rows = Rows::new(bytes, spec.tick_size, spec.lot_size)?;
        let venue = ReplayVenue::new(
            rows,
            spec.maker.depth_levels as usize,
            spec.maker.order_latency_ms,
            spec.local_shift_ns,
            spec.silence_ns,
        )
        .ok_or("events holds no event of the exchange side")?;
        let last = venue.last();
        let stage = if last <= spec.start_ns {
            Stage::Nothing
        } else {
            Stage::Build(Box::new(venue))
        };
        Ok(Replay { spec, last, stage })
    }

    /// Do a piece of work of about `budget` rows; the report once all is done.
    ///
    /// # Errors
    /// Where a row cannot be used.
    pub fn go_on(&mut self, budget: u64) -> Result<Option<String>, String> {
        match &mut self.stage {
            Stage::Nothing => self.nothing().map(Some),
            Stage::Build(venue) => {
                if venue.build(self.spec.start_ns, budget as usize)? {
                    self.begin();
                }
                Ok(None)
            }
            Stage::Maker(run) => {
                if !run.go_on(budget)? {
                    return Ok(None);
                }
                let ended = self.last < self.spec.end_ns;
                run.report(BTreeMap::new(), ended).map(Some)
            }
        }
    }

    /// Let the maker in on the book that was built.
    fn begin(&mut self) {
        if let Stage::Build(venue) = std::mem::replace(&mut self.stage, Stage::Nothing) {
            let s = &self.spec;
            let plan = plan_of(s, self.last);
            let run = Run::new(*venue, plan, s.parameters.clone(), s.maker.clone());
            self.stage = Stage::Maker(Box::new(run));
        }
    }

    fn nothing(&self) -> Result<String, String> {
        let s = &self.spec;
        let frame = Frame {
            source: "replay",
            start: s.start_ns,
            end: s.start_ns,
            ended: true,
            ..Frame::default()
        };
        let mut measure = Measure::new(s.tick_size, s.lot_size, s.fees, None, s.record_fills);
        measure.report(frame, Attempts::default())
    }
}

fn plan_of(spec: &ReplaySpec, last: i64) -> Plan {
    Plan {
        source: "replay",
        start: spec.start_ns,
        end: spec.end_ns.min(last),
        tick_size: spec.tick_size,
        lot_size: spec.lot_size,
        decision_interval: Plan::interval_of(&spec.maker),
        fees: spec.fees,
        record: spec.record_fills,
    }
}
