//! Range checks with one clear sentence per error.

/// Nothing, or what is wrong.
pub(crate) type CheckResult = Result<(), String>;

/// A finite number within closed bounds.
pub(crate) fn in_range(key: &str, value: f64, low: f64, high: f64) -> CheckResult {
    if value >= low && value <= high {
        return Ok(());
    }
    Err(format!(
        "{key} = {value} is out of range; accepted is a number from {low} to {high}"
    ))
}

/// A least and a largest value, in this order, both within closed bounds.
pub(crate) fn pair(key: &str, value: [f64; 2], low: f64, high: f64) -> CheckResult {
    in_range(key, value[0], low, high)?;
    in_range(key, value[1], low, high)?;
    if value[0] <= value[1] {
        return Ok(());
    }
    Err(format!(
        "{key} = [{}, {}] has its least value above its largest",
        value[0], value[1]
    ))
}

/// A count within closed bounds.
pub(crate) fn count(key: &str, value: u64, low: u64, high: u64) -> CheckResult {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(format!(
        "{key} = {value} is out of range; accepted is an integer from {low} to {high}"
    ))
}

/// A text of 1 to 64 characters.
pub(crate) fn label(key: &str, text: &str) -> CheckResult {
    let n = text.chars().count();
    if (1..=64).contains(&n) {
        return Ok(());
    }
    Err(format!("{key} has {n} characters; accepted are 1 to 64"))
}

/// Check `key = value` pairs against bounds, all under one prefix.
pub(crate) fn all(prefix: &str, rows: &[(&str, f64, f64, f64)]) -> CheckResult {
    rows.iter().try_for_each(|(key, value, low, high)| {
        in_range(&format!("{prefix}.{key}"), *value, *low, *high)
    })
}
