//! The class `Market` of the binding.

use market::{Observation, Opening, Simulation as Iteration, Stepper};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::simulation::Simulation;
use crate::{columns_of, fill_columns, in_pieces, refused, PIECE};

/// A mock market: a scenario, as JSON, and a seed.
///
/// It keeps the world that it has computed: windows that follow each other need not compute it again.
#[pyclass(module = "pytest_soak._kernel", frozen)]
pub(crate) struct Market(market::Market);

#[pymethods]
impl Market {
    #[new]
    fn new(scenario: &str, seed: &Bound<'_, PyAny>) -> PyResult<Self> {
        let seed = seed.extract::<u64>().map_err(|_| {
            PyValueError::new_err(format!(
                "seed {seed} is out of range; accepted is a whole number from 0 to {}",
                u64::MAX
            ))
        })?;
        let market = market::Market::new(scenario, seed).map_err(refused)?;
        Ok(Market(market))
    }

    /// Run one iteration of the reference maker; the report as JSON.
    ///
    /// `series` gets the columns of the series where the spec has a `series_step_ms`.
    #[pyo3(signature = (spec, series=None))]
    fn simulate<'py>(
        &self,
        py: Python<'py>,
        spec: &str,
        series: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let mut run = Iteration::new(&self.0, spec).map_err(refused)?;
        let report = in_pieces(py, None, || run.run_piece(PIECE))?;
        if let Some(series) = series {
            fill_columns(series, run.take_series())?;
        }
        Ok(PyBytes::new(py, report.as_bytes()))
    }

    /// Open an iteration that stops at every decision; the spec is that of `simulate`.
    ///
    /// Of its maker settings `decision_interval_ms` and `depth_levels` count.
    fn open(&self, py: Python<'_>, spec: &str) -> PyResult<Simulation> {
        let mut opening = Opening::new(&self.0, spec).map_err(refused)?.showing();
        let venue = in_pieces(py, None, || opening.run_piece())?;
        Ok(Simulation::new(Stepper::new(&opening, venue), None))
    }

    /// The labels that can be on, with the bits that stand for them in a series.
    fn labels(&self) -> Vec<(String, u64)> {
        self.0.labels()
    }

    /// Run the market without a maker: its label `names` with their bits, `events`, and `columns` of bytes.
    fn observe<'py>(&self, py: Python<'py>, spec: &str) -> PyResult<Bound<'py, PyDict>> {
        let mut run = Observation::new(&self.0, spec).map_err(refused)?;
        let (names, events, columns) = in_pieces(py, None, || run.run_piece())?;
        let answer = PyDict::new(py);
        answer.set_item("names", names)?;
        answer.set_item("events", events)?;
        answer.set_item("columns", columns_of(py, columns)?)?;
        Ok(answer)
    }
}
