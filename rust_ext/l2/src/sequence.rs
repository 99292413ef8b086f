//! Sequence numbers of updates: each follows the one before.

use crate::error::BookError;

/// The number that the book has after an update that bears `given`, or why the update is refused.
pub(crate) fn after(last: Option<i64>, given: Option<i64>) -> Result<Option<i64>, BookError> {
    if let Some(seq) = given {
        not_negative(seq)?;
    }
    match (last, given) {
        (None, given) => Ok(given),
        (Some(last), None) => Err(BookError::SequenceMissing { last }),
        (Some(last), Some(seq)) if seq.checked_sub(1) == Some(last) => Ok(given),
        (Some(last), Some(given)) => Err(BookError::SequenceGap { last, given }),
    }
}

/// Refuse a number below 0.
pub(crate) fn not_negative(seq: i64) -> Result<(), BookError> {
    if seq < 0 {
        return Err(BookError::SequenceNegative(seq));
    }
    Ok(())
}

/// The number that the book has after rows that bear `given`; rows of one update share its number.
pub(crate) fn after_rows(last: Option<i64>, given: &[i64]) -> Result<Option<i64>, BookError> {
    let (Some(first), Some(end)) = (given.first(), given.last()) else {
        return Ok(last);
    };
    after(last, Some(*first)).map_err(|e| e.in_row("row", 0))?;
    let steps = |pair: &[i64]| matches!(pair[1].checked_sub(pair[0]), Some(0 | 1));
    if let Some(row) = given.windows(2).position(|pair| !steps(pair)) {
        let gap = BookError::SequenceGap {
            last: given[row],
            given: given[row + 1],
        };
        return Err(gap.in_row("row", row + 1));
    }
    Ok(Some(*end))
}
