//! The formats of recorded data: how each is known, and how its files are opened. A format is a file here and its
//! lines in this one.

mod binance;
mod bybit;
mod databento;
mod lobster;
mod tardis;

use std::path::{Path, PathBuf};

use crate::recorded::error::{DataError, DataResult};
use crate::recorded::input::Input;
use crate::recorded::source::{Source, Sources};

/// A format: a line of [`FORMATS`].
pub(crate) struct Format {
    pub name: &'static str,
    /// Whether a file is of this format, by its name and its first unpacked bytes.
    pub knows: fn(&str, &[u8]) -> bool,
    /// Open the files of a recording; of messages of one time, those of the source that is named first come
    /// first.
    pub open: fn(&[PathBuf]) -> Sources,
}

/// Every format, in the order in which they are tried.
pub(crate) const FORMATS: &[Format] = &[
    tardis::FORMAT,
    binance::FORMAT,
    bybit::FORMAT,
    lobster::FORMAT,
    databento::FORMAT,
];

/// Names of the formats.
pub fn format_names() -> Vec<&'static str> {
    FORMATS.iter().map(|format| format.name).collect()
}

/// Name of the format that a file is of; None where it is of none.
///
/// # Errors
/// Where the file cannot be read.
pub fn format_of(file: &Path) -> Result<Option<&'static str>, DataError> {
    Ok(find(file)?.map(|format| format.name))
}

fn find(file: &Path) -> DataResult<Option<&'static Format>> {
    let head = Input::head(file)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    Ok(FORMATS.iter().find(|format| (format.knows)(&name, &head)))
}

/// The format of all files of a recording, and their sources.
pub(crate) fn format_of_all(files: &[PathBuf]) -> DataResult<(&'static str, Vec<Box<dyn Source>>)> {
    let mut known: Option<&Format> = None;
    for file in files {
        let Some(format) = find(file)? else {
            let names = format_names().join(", ");
            let text = format!(" is in no known format; expected one of {names}");
            return Err(DataError::file(file, text));
        };
        if let Some(before) = known.filter(|before| before.name != format.name) {
            let text = format!(
                " is of format {} beside files of {}; expected one format in a recording",
                format.name, before.name
            );
            return Err(DataError::file(file, text));
        }
        known = Some(format);
    }
    match known {
        Some(format) => Ok((format.name, (format.open)(files)?)),
        None => Err(DataError::file(Path::new(""), "no file is named")),
    }
}

#[cfg(test)]
mod databento_tests;
