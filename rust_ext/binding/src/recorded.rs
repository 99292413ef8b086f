//! Binding of the readers of recorded market data.

use std::path::PathBuf;

use pyo3::prelude::*;

use crate::data::watched;
use crate::refused;

/// Turn the files of a recording into the rows that `replay` takes, in a `.npy` file where one is named; what
/// was found, as JSON.
#[pyfunction]
#[pyo3(signature = (files, output = None))]
pub(crate) fn convert_data(
    py: Python<'_>,
    files: Vec<PathBuf>,
    output: Option<PathBuf>,
) -> PyResult<String> {
    let about = watched(py, move |stop| {
        readers::convert(&files, output.as_deref(), stop)
    })?;
    Ok(about.as_json())
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
