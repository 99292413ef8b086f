//! Range checks with one clear sentence per error.

/// A number or text that is not accepted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RangeError {
    /// A number out of range.
    #[error("{key} = {value} is out of range; accepted is a number from {low} to {high}")]
    Number {
        key: String,
        value: f64,
        low: f64,
        high: f64,
    },
    /// A whole number out of range.
    #[error("{key} = {value} is out of range; accepted is an integer from {low} to {high}")]
    Integer {
        key: String,
        value: u64,
        low: u64,
        high: u64,
    },
    /// A range that ends before it begins.
    #[error("{key} = [{least}, {largest}] has its least value above its largest")]
    Reversed {
        key: String,
        least: f64,
        largest: f64,
    },
    /// A text that is empty or too long.
    #[error("{key} has {length} characters; accepted are 1 to 64")]
    Length { key: String, length: usize },
}

/// Nothing, or what is wrong.
pub(crate) type CheckResult = Result<(), RangeError>;

/// A finite number within closed bounds.
pub(crate) fn in_range(key: &str, value: f64, low: f64, high: f64) -> CheckResult {
    if value >= low && value <= high {
        return Ok(());
    }
    Err(RangeError::Number {
        key: key.to_owned(),
        value,
        low,
        high,
    })
}

/// A least and a largest value, in this order, both within closed bounds.
pub(crate) fn pair(key: &str, value: [f64; 2], low: f64, high: f64) -> CheckResult {
    in_range(key, value[0], low, high)?;
    in_range(key, value[1], low, high)?;
    if value[0] <= value[1] {
        return Ok(());
    }
    Err(RangeError::Reversed {
        key: key.to_owned(),
        least: value[0],
        largest: value[1],
    })
}

/// A count within closed bounds.
pub(crate) fn count(key: &str, value: u64, low: u64, high: u64) -> CheckResult {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(RangeError::Integer {
        key: key.to_owned(),
        value,
        low,
        high,
    })
}

/// A text of 1 to 64 characters.
pub(crate) fn label(key: &str, text: &str) -> CheckResult {
    let length = text.chars().count();
    if (1..=64).contains(&length) {
        return Ok(());
    }
    Err(RangeError::Length {
        key: key.to_owned(),
        length,
    })
}

/// Check `key = value` pairs against bounds, all under one prefix.
pub(crate) fn all(prefix: &str, rows: &[(&str, f64, f64, f64)]) -> CheckResult {
    rows.iter().try_for_each(|(key, value, low, high)| {
        in_range(&format!("{prefix}.{key}"), *value, *low, *high)
    })
}
