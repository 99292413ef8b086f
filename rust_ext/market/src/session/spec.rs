//! What the caller asks for: parameters, maker settings, fees, and the whole of one run.

use serde::Deserialize;

use crate::book::fills::FillModel;
use crate::scenario::{Contract, Funding};
use crate::session::holdings::Holdings;
pub(crate) use crate::session::parameters::{FeeTier, Fees, MakerSettings, Parameters};
use crate::types::check::{count, in_range, CheckResult, RangeError};
use crate::types::json::{parse, JsonError};

/// Why a spec is not accepted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SpecError {
    /// It is no JSON of this form.
    #[error("the spec is not accepted: {0}")]
    Json(#[from] JsonError),
    /// A number is out of range.
    #[error(transparent)]
    Range(#[from] RangeError),
    /// A slice that ends before it begins.
    #[error("end_ns = {end_ns} is not above start_ns = {start_ns}")]
    Order { start_ns: i64, end_ns: i64 },
    /// An estimate of what a mock market knows.
    #[error(
        "fills: a queue by probability is for recordings; a mock market knows each order ahead, and accepts \
         queue, touch, through, pessimistic"
    )]
    NotByLaw,
}

/// One iteration on a mock market, whose scenario and seed the market has.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulateSpec {
    /// Market time since the run began; 0 to 1e10 ms.
    pub start_ms: f64,
    /// Length, 1 to 8.64e7 ms (a day).
    pub duration_ms: f64,
    pub parameters: Parameters,
    pub maker: MakerSettings,
    pub fees: Fees,
    /// Notional traded in iterations before, quote units; 0 to 1e300.
    #[serde(default)]
    pub traded: f64,
    /// What it takes to fill a resting order.
    #[serde(default)]
    pub fills: FillModel,
    /// What is held at the begin; nothing where it is not given.
    #[serde(default)]
    pub(crate) holdings: Holdings,
    #[serde(default)]
    pub record_fills: bool,
    /// Time between two rows of the series, 100 to 3.6e6 ms; None where none is recorded.
    #[serde(default)]
    pub series_step_ms: Option<f64>,
}

/// A mock market without a maker, whose scenario and seed the market has.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ObserveSpec {
    /// Market time since the run began; 0 to 1e10 ms.
    pub start_ms: f64,
    /// Length, 1000 to 6.048e8 ms (a week).
    pub duration_ms: f64,
    /// Levels that count as depth; 1 to 1000.
    pub depth_levels: u32,
    /// Whether rows of a recording are written instead of a tape, of at most 1.44e7 ms (four hours).
    #[serde(default)]
    pub rows: bool,
}

/// A second.
fn silence() -> i64 {
    1_000_000_000
}

fn yes() -> bool {
    true
}

/// One iteration on a recording.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplaySpec {
    /// Begin, relative to the first exchange time; 0 to 1e16 ns.
    pub start_ns: i64,
    /// End, relative to the first exchange time; above `start_ns`.
    pub end_ns: i64,
    /// Quote units per tick; 1e-15 to 1e9.
    pub tick_size: f64,
    /// Units of the contract per lot; 1e-15 to 1e9.
    pub lot_size: f64,
    /// What a unit of quantity is.
    #[serde(default)]
    pub contract: Contract,
    /// What one side of the positions pays to the other.
    #[serde(default)]
    pub funding: Funding,
    /// Exchange time at market time 0, from which funding times are counted.
    #[serde(default)]
    pub epoch_ns: i64,
    /// Added to every local time; 0 to 6e11 ns.
    #[serde(default)]
    pub local_shift_ns: i64,
    /// Whether the recording says when its rows were received; where not, no delay of the feed is measured.
    #[serde(default = "yes")]
    pub has_receipt: bool,
    /// Time without a row that counts as a silence; 1 to 1e16 ns.
    #[serde(default = "silence")]
    pub silence_ns: i64,
    pub parameters: Parameters,
    pub maker: MakerSettings,
    pub fees: Fees,
    /// Notional traded in iterations before, quote units; 0 to 1e300.
    #[serde(default)]
    pub traded: f64,
    /// What it takes to fill a resting order.
    #[serde(default)]
    pub fills: FillModel,
    /// What is held at the begin; nothing where it is not given.
    #[serde(default)]
    pub(crate) holdings: Holdings,
    #[serde(default)]
    pub record_fills: bool,
    /// Time between two rows of the series, 100 to 3.6e6 ms; None where none is recorded.
    #[serde(default)]
    pub series_step_ms: Option<f64>,
}

impl SimulateSpec {
    /// Read and validate.
    ///
    /// # Errors
    /// One sentence: what is wrong and what is accepted.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        let spec: Self = parse(text)?;
        in_range("start_ms", spec.start_ms, 0.0, 1e10)?;
        in_range("duration_ms", spec.duration_ms, 1.0, 8.64e7)?;
        check_step(spec.series_step_ms)?;
        check_maker(&spec.parameters, &spec.maker, &spec.fees, spec.traded)?;
        if spec.fills.law().is_some() {
            return Err(SpecError::NotByLaw);
        }
        Ok(spec)
    }
}

impl ObserveSpec {
    /// Read and validate.
    ///
    /// # Errors
    /// One sentence: what is wrong and what is accepted.
    pub(crate) fn parse(text: &str) -> Result<Self, SpecError> {
        let spec: Self = parse(text)?;
        in_range("start_ms", spec.start_ms, 0.0, 1e10)?;
        let most = if spec.rows { 1.44e7 } else { 6.048e8 };
        in_range("duration_ms", spec.duration_ms, 1000.0, most)?;
        count("depth_levels", u64::from(spec.depth_levels), 1, 1000)?;
        Ok(spec)
    }
}

impl ReplaySpec {
    /// Read and validate.
    ///
    /// # Errors
    /// One sentence: what is wrong and what is accepted.
    pub(crate) fn parse(text: &str) -> Result<Self, SpecError> {
        let spec: Self = parse(text)?;
        in_range("start_ns", spec.start_ns as f64, 0.0, 1e16)?;
        in_range("end_ns", spec.end_ns as f64, 1.0, 1e16)?;
        if spec.end_ns <= spec.start_ns {
            return Err(SpecError::Order {
                start_ns: spec.start_ns,
                end_ns: spec.end_ns,
            });
        }
        in_range("tick_size", spec.tick_size, 1e-15, 1e9)?;
        in_range("lot_size", spec.lot_size, 1e-15, 1e9)?;
        spec.holdings.check((spec.tick_size, spec.lot_size))?;
        spec.contract.check("contract")?;
        spec.funding.check("funding")?;
        check_step(spec.series_step_ms)?;
        check_maker(&spec.parameters, &spec.maker, &spec.fees, spec.traded)?;
        Ok(spec)
    }
}

fn check_step(step_ms: Option<f64>) -> CheckResult {
    step_ms.map_or(Ok(()), |ms| in_range("series_step_ms", ms, 100.0, 3.6e6))
}

fn check_maker(p: &Parameters, m: &MakerSettings, f: &Fees, traded: f64) -> CheckResult {
    p.check("parameters")?;
    m.check("maker")?;
    f.check("fees")?;
    in_range("traded", traded, 0.0, 1e300)
}
