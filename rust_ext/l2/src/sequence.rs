//! Sequence numbers of updates: each follows the one before.

/// The number that the book has after an update that bears `given`, or why the update is refused.
pub(crate) fn after(last: Option<i64>, given: Option<i64>) -> Result<Option<i64>, String> {
    if let Some(seq) = given {
        not_negative(seq)?;
    }
    match (last, given) {
        (None, given) => Ok(given),
        (Some(last), None) => Err(format!("sequence number missing: the last one was {last}")),
        (Some(last), Some(seq)) if seq.checked_sub(1) == Some(last) => Ok(given),
        (Some(last), Some(seq)) => Err(format!("sequence gap: {seq} does not follow {last}")),
    }
}

/// Refuse a number below 0.
pub(crate) fn not_negative(seq: i64) -> Result<(), String> {
    if seq < 0 {
        return Err(format!("sequence number {seq} is negative"));
    }
    Ok(())
}

/// The number that the book has after rows that bear `given`; rows of one update share its number.
pub(crate) fn after_rows(last: Option<i64>, given: &[i64]) -> Result<Option<i64>, String> {
    let (Some(first), Some(end)) = (given.first(), given.last()) else {
        return Ok(last);
    };
    after(last, Some(*first)).map_err(|e| format!("row 0: {e}"))?;
    let steps = |pair: &[i64]| matches!(pair[1].checked_sub(pair[0]), Some(0 | 1));
    if let Some(row) = given.windows(2).position(|pair| !steps(pair)) {
        return Err(format!(
            "row {}: sequence gap: {} does not follow {}",
            row + 1,
            given[row + 1],
            given[row]
        ));
    }
    Ok(Some(*end))
}
