//! The class `Simulation` of the binding.

use crate::refused;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use market::Side;
use market::{OrderUpdate, Stepper};

/// An iteration on the mock market that stops at every decision, for strategies written in Python.
///
/// Made by `Market.open`.
#[pyclass(module = "pytest_soak._kernel")]
pub struct Simulation(pub(crate) Stepper);

fn side_of(side: i64) -> PyResult<Side> {
    match side {
        1 => Ok(Side::Buy),
        -1 => Ok(Side::Sell),
        _ => Err(PyValueError::new_err(format!(
            "side {side} is neither 1 (buy) nor -1 (sell)"
        ))),
    }
}

#[pymethods]
impl Simulation {
    /// Advance to the next decision; False at the end.
    fn step(&mut self, py: Python<'_>) -> PyResult<bool> {
        let stepper = &mut self.0;
        py.detach(|| stepper.step()).map_err(refused)
    }

    /// Market time, ms.
    #[getter]
    fn time_ms(&self) -> f64 {
        self.0.time_ms()
    }

    /// Best bid of other participants as seen now.
    #[getter]
    fn best_bid(&self) -> Option<f64> {
        self.0.best(Side::Buy)
    }

    /// Best ask of other participants as seen now.
    #[getter]
    fn best_ask(&self) -> Option<f64> {
        self.0.best(Side::Sell)
    }

    /// Mid of other participants as seen now.
    #[getter]
    fn mid(&self) -> Option<f64> {
        self.0.mid()
    }

    /// Base units on the best bid levels as seen now.
    #[getter]
    fn bid_liquidity(&self) -> f64 {
        self.0.liquidity(Side::Buy)
    }

    /// Base units on the best ask levels as seen now.
    #[getter]
    fn ask_liquidity(&self) -> f64 {
        self.0.liquidity(Side::Sell)
    }

    /// Position by the fills received so far, base units.
    #[getter]
    fn position(&self) -> f64 {
        self.0.position()
    }

    /// Requests that have not been acknowledged.
    #[getter]
    fn in_flight(&self) -> u32 {
        self.0.in_flight()
    }

    /// Fills received in the last step: order id (None for a taker fill), side, base units.
    #[getter]
    fn fills(&self) -> Vec<(Option<u64>, i64, f64)> {
        let fill = |update: &OrderUpdate| match update {
            OrderUpdate::Filled { id, side, qty } => Some((*id, side.sign(), *qty)),
            OrderUpdate::Rejected { .. } => None,
        };
        self.0.updates().iter().filter_map(fill).collect()
    }

    /// Ids of post-only orders that were rejected, received in the last step.
    #[getter]
    fn rejected(&self) -> Vec<u64> {
        let rejected = |update: &OrderUpdate| match update {
            OrderUpdate::Rejected { id } => Some(*id),
            OrderUpdate::Filled { .. } => None,
        };
        self.0.updates().iter().filter_map(rejected).collect()
    }

    /// Send a post-only order of side 1 (buy) or -1 (sell); its id.
    fn place(&mut self, side: i64, price: f64, qty: f64) -> PyResult<u64> {
        let side = side_of(side)?;
        self.0.place(side, price, qty).map_err(refused)
    }

    /// Send a cancellation.
    fn cancel(&mut self, order: i64) -> PyResult<()> {
        let number = u64::try_from(order).map_err(|_| {
            PyValueError::new_err(format!(
                "order = {order} is no number that place() returned"
            ))
        })?;
        self.0.cancel(number).map_err(refused)
    }

    /// Send an immediate-or-cancel order that pays `price` at worst.
    fn take(&mut self, side: i64, price: f64, qty: f64) -> PyResult<()> {
        let side = side_of(side)?;
        self.0.take(side, price, qty).map_err(refused)
    }

    /// Count an attempt to quote, blocked for a reason where one is given.
    #[pyo3(signature = (blocked=None))]
    fn attempt(&mut self, blocked: Option<&str>) -> PyResult<()> {
        self.0.attempt(blocked).map_err(refused)
    }

    /// The report as JSON, once `step` has returned False.
    fn report<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let report = self.0.report().map_err(refused)?;
        Ok(PyBytes::new(py, report.as_bytes()))
    }
}
