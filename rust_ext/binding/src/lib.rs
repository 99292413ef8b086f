//! Python binding of the kernel: thin functions over crates that know nothing of Python.

mod book;
mod data;
mod mock;
mod recorded;
mod simulation;

use market::{Column, MarketError};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

/// Market events or rows per piece of work: some 10 ms, so that a signal lands well within 0.5 s.
const PIECE: u64 = 50_000;

#[pymodule]
mod _kernel {
    use pyo3::buffer::PyBuffer;
    use pyo3::exceptions::PyBufferError;
    use pyo3::prelude::*;
    use pyo3::types::{PyBytes, PyDict};

    use crate::{refused, PIECE};
    use market::{Replay, ReplayOpening, RowsObservation};

    #[pymodule_export]
    use crate::book::L2Book;
    #[pymodule_export]
    use crate::data::{count_codes, count_lines, quantiles, read_value};
    #[pymodule_export]
    use crate::mock::Market;
    #[pymodule_export]
    use crate::recorded::{check_inflation, convert_data, data_format, data_formats};
    #[pymodule_export]
    use crate::simulation::Simulation;

    #[allow(non_upper_case_globals)]
    #[pymodule_export]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    /// Turn recorded rows of 64 bytes into columns of bytes: a market without a maker.
    ///
    /// `between` is called between two pieces of the work, here and below: memory that was read may be given
    /// back then.
    #[pyfunction]
    #[pyo3(signature = (events, tick_size, lot_size, depth_levels, between=None))]
    fn observe_rows<'py>(
        py: Python<'py>,
        events: PyBuffer<u8>,
        tick_size: f64,
        lot_size: f64,
        depth_levels: usize,
        between: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let bytes = bytes_of(&events)?;
        let mut run =
            RowsObservation::new(bytes, tick_size, lot_size, depth_levels).map_err(refused)?;
        let columns = super::in_pieces(py, between, || run.run_piece(PIECE))?;
        super::columns_of(py, columns)
    }

    /// The memory of a buffer.
    fn bytes_of(events: &PyBuffer<u8>) -> PyResult<&[u8]> {
        if !events.is_c_contiguous() {
            return Err(PyBufferError::new_err("events is not contiguous"));
        }
        // SAFETY: the exporter keeps the memory in place and alive while `events` is held, which the borrow
        // sees to. Should another thread write to it meanwhile, numbers read here are arbitrary, for which
        // the reader is prepared: every bit pattern is a valid u8.
        Ok(match events.len_bytes() {
            0 => &[],
            n => unsafe { std::slice::from_raw_parts(events.buf_ptr().cast::<u8>(), n) },
        })
    }

    /// Run one iteration of the reference maker on recorded rows of 64 bytes.
    ///
    /// `series` gets the columns of the series where the spec has a `series_step_ms`.
    #[pyfunction]
    #[pyo3(signature = (spec, events, series=None, between=None))]
    fn replay<'py>(
        py: Python<'py>,
        spec: &str,
        events: PyBuffer<u8>,
        series: Option<&Bound<'py, PyDict>>,
        between: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = bytes_of(&events)?;
        let mut run = Replay::new(spec, bytes).map_err(refused)?;
        let report = super::in_pieces(py, between, || run.run_piece(PIECE))?;
        if let Some(series) = series {
            super::fill_columns(series, run.take_series())?;
        }
        Ok(PyBytes::new(py, report.as_bytes()))
    }

    /// Open an iteration on recorded rows of 64 bytes that stops at every decision; the spec is that of
    /// `replay`.
    #[pyfunction]
    #[pyo3(signature = (spec, events, between=None))]
    fn open_replay(
        py: Python<'_>,
        spec: &str,
        events: PyBuffer<u8>,
        between: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Simulation> {
        let stepper = {
            let bytes = bytes_of(&events)?;
            // SAFETY: the memory is the exporter's and does not move with `events`, which the simulation holds
            // for as long as it has the stepper; on errors the stepper is dropped before `events`.
            let bytes: &'static [u8] =
                unsafe { std::slice::from_raw_parts(bytes.as_ptr(), bytes.len()) };
            let mut opening = ReplayOpening::new(spec, bytes).map_err(refused)?;
            super::in_pieces(py, between, || opening.run_piece(PIECE))?
        };
        Ok(Simulation::new(stepper, Some(events)))
    }
}

/// Call `work` without the GIL until it has a result; in between, signals are checked and `between` is called.
pub(crate) fn in_pieces<T, F>(
    py: Python<'_>,
    between: Option<&Bound<'_, PyAny>>,
    mut work: F,
) -> PyResult<T>
where
    T: Send,
    F: FnMut() -> Result<Option<T>, MarketError> + Send,
{
    loop {
        let piece = py.detach(&mut work);
        if let Some(result) = piece.map_err(refused)? {
            return Ok(result);
        }
        py.check_signals()?;
        if let Some(between) = between {
            between.call0()?;
        }
    }
}

/// Columns by name, as bytes.
pub(crate) fn columns_of(py: Python<'_>, columns: Vec<Column>) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    fill_columns(&dict, columns)?;
    Ok(dict)
}

/// Put columns into a dict by name, as bytes.
pub(crate) fn fill_columns(dict: &Bound<'_, PyDict>, columns: Vec<Column>) -> PyResult<()> {
    for (name, bytes) in columns {
        dict.set_item(name, PyBytes::new(dict.py(), &bytes))?;
    }
    Ok(())
}

/// What the kernel refuses is a ValueError, whatever its kind.
pub(crate) fn refused(error: impl std::error::Error) -> PyErr {
    PyValueError::new_err(error.to_string())
}
