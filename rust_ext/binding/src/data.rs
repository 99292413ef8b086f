//! Binding of the readers of large data: buffers are not copied, the GIL is released.

use crate::refused;
use pyo3::buffer::{Element, PyBuffer};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use readers::{Counting, Lines, Path, ReadError, ReadResult, Reading, Vectors, WINDOW};
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{channel, RecvTimeoutError};
use std::time::Duration;

/// How often signals are checked while a file is read.
const SIGNALS: Duration = Duration::from_millis(50);
/// Bytes of a line and different values of a field that are accepted.
const MAX_LINE: usize = 16 << 20;
const MAX_VALUES: usize = 100_000;
/// Bytes of a window at most.
const MOST_WINDOW: usize = 1 << 30;
/// Threads that a file is read by at most.
const MOST_THREADS: u64 = 1024;

/// Counts by value, then lines, missing, blank, not objects, invalid, torn, with CRLF, and the first bad lines.
type Counts<'py> = (
    Vec<(Bound<'py, PyBytes>, u64)>,
    [u64; 7],
    Vec<(u64, String)>,
);

/// Counts of the codes of reasons, then of all others.
#[pyfunction]
pub(crate) fn count_codes(
    py: Python<'_>,
    codes: &Bound<'_, PyAny>,
) -> PyResult<[u64; readers::REASONS + 1]> {
    let buffer = contiguous::<u8>(codes, "codes", "uint8")?;
    let codes = items(&buffer);
    let known = py.detach(|| readers::count_codes(codes));
    let mut counts = [codes.len() as u64 - known.iter().sum::<u64>(); readers::REASONS + 1];
    counts[..known.len()].copy_from_slice(&known);
    Ok(counts)
}

/// Exact quantiles of float64 values, linearly interpolated.
#[pyfunction]
pub(crate) fn quantiles(
    py: Python<'_>,
    values: &Bound<'_, PyAny>,
    shares: Vec<f64>,
) -> PyResult<Vec<f64>> {
    let buffer = contiguous::<f64>(values, "values", "float64")?;
    let values = items(&buffer);
    py.detach(|| readers::quantiles(values, &shares))
        .map_err(refused)
}

/// JSON text of the value that a path of keys leads to, or None.
#[pyfunction]
#[pyo3(signature = (path, keys, max_bytes, *, window = WINDOW, portable = false))]
pub(crate) fn read_value<'py>(
    py: Python<'py>,
    path: PathBuf,
    keys: Vec<String>,
    max_bytes: usize,
    window: usize,
    portable: bool,
) -> PyResult<Option<Bound<'py, PyBytes>>> {
    let reading = Reading {
        max_bytes,
        window: checked(window)?,
        vectors: vectors(portable),
    };
    let value = watched(py, move |stop| {
        let keys = Path::new(&keys)?;
        let mut file = File::open(path).map_err(ReadError::from)?;
        readers::read_value(&mut file, &keys, reading, stop)
    })?;
    Ok(value.map(|text| PyBytes::new(py, &text)))
}

/// Counts by the JSON text of a field over the lines of a file.
#[pyfunction]
#[pyo3(signature = (path, field, threads = 1, *, window = WINDOW, portable = false))]
pub(crate) fn count_lines<'py>(
    py: Python<'py>,
    path: PathBuf,
    field: String,
    threads: u64,
    window: usize,
    portable: bool,
) -> PyResult<Counts<'py>> {
    if !(1..=MOST_THREADS).contains(&threads) {
        return Err(PyValueError::new_err(format!(
            "threads = {threads} is not a number from 1 to {MOST_THREADS}"
        )));
    }
    let counting = Counting {
        max_line: MAX_LINE,
        max_values: MAX_VALUES,
        window: checked(window)?,
        vectors: vectors(portable),
    };
    let counts = watched(py, move |stop| {
        in_parts(&path, &Path::new(&[field])?, counting, threads, stop)
    })?;
    let values = counts.values.entries().iter();
    Ok((
        values
            .map(|(text, n)| (PyBytes::new(py, text), *n))
            .collect(),
        [
            counts.lines,
            counts.missing,
            counts.blank,
            counts.not_object,
            counts.invalid,
            counts.torn,
            counts.crlf,
        ],
        counts.bad,
    ))
}

/// Bytes that are held of a file at one time.
fn checked(window: usize) -> PyResult<usize> {
    if (1..=MOST_WINDOW).contains(&window) {
        return Ok(window);
    }
    Err(PyValueError::new_err(format!(
        "window = {window} is not a number of bytes from 1 to {MOST_WINDOW}"
    )))
}

fn vectors(portable: bool) -> Vectors {
    if portable {
        Vectors::Portable
    } else {
        Vectors::Widest
    }
}

/// Split the file as it is now into as many parts as threads; a thread has its own handle.
fn in_parts(
    path: &PathBuf,
    field: &Path,
    counting: Counting,
    threads: u64,
    stop: &AtomicBool,
) -> ReadResult<Lines> {
    let open = || File::open(path);
    let size = open()?.metadata()?.len();
    let bounds: Vec<u64> = (0..=threads)
        .map(|i| (u128::from(size) * u128::from(i) / u128::from(threads)) as u64)
        .collect();
    let count = |part: &[u64]| {
        readers::count_range(&mut open()?, (part[0], part[1]), field, counting, stop)
    };
    let parts = std::thread::scope(|scope| {
        let others: Vec<_> = bounds[1..]
            .windows(2)
            .map(|part| scope.spawn(move || count(part)))
            .collect();
        let first = count(&bounds[..2]);
        let rest = others
            .into_iter()
            .map(|other| other.join().expect("a reader does not panic"));
        std::iter::once(first)
            .chain(rest)
            .collect::<ReadResult<Vec<Lines>>>()
    })?;
    let mut all = Lines::default();
    for part in parts {
        all.append(part, counting.max_values)?;
    }
    Ok(all)
}

/// A contiguous buffer of one kind of item.
fn contiguous<T: Element>(
    object: &Bound<'_, PyAny>,
    name: &str,
    kind: &str,
) -> PyResult<PyBuffer<T>> {
    let refused = || {
        let type_name = object.get_type();
        PyValueError::new_err(format!(
            "{name} of {type_name} is refused; accepted is a contiguous buffer of {kind}"
        ))
    };
    let buffer = PyBuffer::<T>::get(object).map_err(|_| refused())?;
    if buffer.is_c_contiguous() && is_native(buffer.format().to_bytes()) {
        return Ok(buffer);
    }
    Err(refused())
}

/// Whether the items are in this machine's byte order, which matters where they have more than one byte.
fn is_native(format: &[u8]) -> bool {
    let foreign: &[u8] = if cfg!(target_endian = "little") {
        b">!"
    } else {
        b"<"
    };
    format.len() < 2 || !foreign.contains(&format[0])
}

/// The items of a contiguous buffer.
fn items<T: Element>(buffer: &PyBuffer<T>) -> &[T] {
    if buffer.item_count() == 0 {
        return &[];
    }
    // SAFETY: the exporter keeps the memory in place and alive while the buffer is held, which is checked
    // to be contiguous and aligned. Should another thread write to it meanwhile, the numbers read here are
    // arbitrary, for which the readers are prepared: every bit pattern is a valid u8 or f64.
    unsafe { std::slice::from_raw_parts(buffer.buf_ptr().cast::<T>(), buffer.item_count()) }
}

/// Do work in a thread of its own while this one checks for signals; one that raises stops the work.
pub(crate) fn watched<T, E, F>(py: Python<'_>, work: F) -> PyResult<T>
where
    T: Send,
    E: std::error::Error + Send,
    F: FnOnce(&AtomicBool) -> Result<T, E> + Send,
{
    let stop = AtomicBool::new(false);
    let (sender, mut receiver) = channel();
    std::thread::scope(|scope| {
        let stop = &stop;
        scope.spawn(move || sender.send(work(stop)));
        loop {
            let answer;
            (answer, receiver) = py.detach(move || (receiver.recv_timeout(SIGNALS), receiver));
            match answer {
                Ok(result) => return result.map_err(refused),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(PyValueError::new_err("the reader broke off"));
                }
            }
            if let Err(raised) = py.check_signals() {
                stop.store(true, Ordering::Relaxed);
                return Err(raised);
            }
        }
    })
}
