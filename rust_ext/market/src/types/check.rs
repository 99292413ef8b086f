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

/// A least and a largest value, in this order.
pub(crate) fn ordered(key: &str, [least, largest]: [f64; 2]) -> CheckResult {
    if least <= largest {
        return Ok(());
    }
    Err(RangeError::Reversed {
        key: key.to_owned(),
        least,
        largest,
    })
}

/// A list that is as long as another one.
pub(crate) fn as_many(key: &str, items: usize, others: usize) -> CheckResult {
    let wanted = others as u64;
    count(&format!("number of {key}"), items as u64, wanted, wanted)
}

/// Weights of which each, where there are others, has another one above 0.
pub(crate) fn followed(key: &str, weights: &[f64]) -> CheckResult {
    let positive = weights.iter().filter(|weight| **weight > 0.0).count();
    weights.iter().try_for_each(|weight| {
        let others = positive - usize::from(*weight > 0.0);
        let most = weights.len() as u64 - 1;
        count(
            &format!("number of {key} that can follow one of them"),
            others as u64,
            most.min(1),
            most,
        )
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
