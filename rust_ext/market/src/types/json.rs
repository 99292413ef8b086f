//! JSON into values, and where it does not fit.

use serde::Deserialize;

/// What is wrong with a JSON text, and at which key.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum JsonError {
    /// A value that does not fit.
    #[error("{path}: {cause}")]
    Value { path: String, cause: String },
    /// Something after the value.
    #[error("{0}")]
    Trailing(String),
}

/// Read a value; the text holds nothing else.
///
/// # Errors
/// Where the text is not that of such a value.
pub(crate) fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, JsonError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value =
        serde_path_to_error::deserialize(&mut reader).map_err(|error| JsonError::Value {
            path: error.path().to_string(),
            cause: error.inner().to_string(),
        })?;
    let end = reader.end();
    end.map_err(|error| JsonError::Trailing(error.to_string()))?;
    Ok(value)
}
