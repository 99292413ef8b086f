//! Python binding of the kernel: thin functions over modules that know nothing of Python.

pub mod accounting;
mod bind_book;
mod bind_data;
pub mod bucket;
pub mod check;
pub mod crowd;
pub mod data;
pub mod desk;
pub mod displayed;
pub mod feed;
pub mod flow;
pub mod l2;
pub mod ladder;
pub mod maker;
pub mod maker_state;
pub mod matching;
pub mod measure;
pub mod mock;
pub mod own;
pub mod pace;
mod py_simulation;
pub mod replay;
pub mod replay_run;
pub mod rng;
pub mod rows;
pub mod run;
pub mod samples;
pub mod scenario;
mod scenario_check;
pub mod simulate;
pub mod spec;
pub mod stats;
pub mod stepper;
pub mod types;
pub mod venue;
pub mod windows;
pub mod world;

use pyo3::prelude::*;

/// Market events or rows per piece of work: some 10 ms, so that a signal lands well within 0.5 s.
const PIECE: u64 = 50_000;

#[pymodule]
mod _kernel {
    use pyo3::buffer::PyBuffer;
    use pyo3::exceptions::{PyBufferError, PyValueError};
    use pyo3::prelude::*;

    use crate::replay_run::Replay;
    use crate::simulate::Simulation as Iteration;
    use crate::PIECE;

    #[pymodule_export]
    use crate::bind_book::L2Book;
    #[pymodule_export]
    use crate::bind_data::{count_codes, count_lines, quantiles, read_value};
    #[pymodule_export]
    use crate::py_simulation::Simulation;

    #[allow(non_upper_case_globals)]
    #[pymodule_export]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    /// Run one iteration of the reference maker on the mock market.
    #[pyfunction]
    fn simulate(py: Python<'_>, spec: &str) -> PyResult<String> {
        let mut run = Iteration::new(spec).map_err(PyValueError::new_err)?;
        super::in_pieces(py, || run.go_on(PIECE))
    }

    /// Run one iteration of the reference maker on recorded rows of 64 bytes.
    #[pyfunction]
    fn replay(py: Python<'_>, spec: &str, events: PyBuffer<u8>) -> PyResult<String> {
        if !events.is_c_contiguous() {
            return Err(PyBufferError::new_err("events is not contiguous"));
        }
        // SAFETY: the exporter keeps the memory in place and alive while `events` is held, which is until
        // this function returns. Should another thread write to it meanwhile, numbers read here are
        // arbitrary, for which the reader is prepared: every bit pattern is a valid u8.
        let bytes = match events.len_bytes() {
            0 => &[],
            n => unsafe { std::slice::from_raw_parts(events.buf_ptr().cast::<u8>(), n) },
        };
        let mut run = Replay::new(spec, bytes).map_err(PyValueError::new_err)?;
        super::in_pieces(py, || run.go_on(PIECE))
    }
}

/// Call `work` without the GIL until it has a result; signals are looked at in between.
pub(crate) fn in_pieces<T, F>(py: Python<'_>, mut work: F) -> PyResult<T>
where
    T: Send,
    F: FnMut() -> Result<Option<T>, String> + Send,
{
    loop {
        let piece = py.detach(&mut work);
        if let Some(result) = piece.map_err(pyo3::exceptions::PyValueError::new_err)? {
            return Ok(result);
        }
        py.check_signals()?;
    }
}
