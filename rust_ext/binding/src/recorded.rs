//! Binding of the readers of recorded market data.

use std::path::PathBuf;

use pyo3::prelude::*;

use crate::data::watched;
use crate::refused;

/// Turn the files of a recording into the rows that `replay` takes, in a `.npy` file where one is named, which
/// may hold `most_bytes` of them; what was found, as JSON.
#[pyfunction]
#[pyo3(signature = (files, output = None, most_bytes = u64::MAX))]
pub(crate) fn convert_data(
    py: Python<'_>,
    files: Vec<PathBuf>,
    output: Option<PathBuf>,
    most_bytes: u64,
) -> PyResult<String> {
    let about = watched(py, move |stop| {
        let room = output.as_deref().map(|path| readers::Room {
            path,
            bytes: most_bytes,
        });
        readers::convert(&files, room, stop)
    })?;
    Ok(about.as_json())
}

/// Refuse what unpacks to far more than the packed bytes that it has.
#[pyfunction]
pub(crate) fn check_inflation(packed: u64, unpacked: u64) -> PyResult<()> {
    readers::check_inflation(packed, unpacked).map_err(refused)
}

/// Name of the format that a file is of; None where it is of none.
#[pyfunction]
pub(crate) fn data_format(path: PathBuf) -> PyResult<Option<&'static str>> {
    readers::format_of(&path).map_err(refused)
}

/// Names of the formats.
#[pyfunction]
pub(crate) fn data_formats() -> Vec<&'static str> {
    readers::format_names()
}
