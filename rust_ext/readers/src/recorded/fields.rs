//! Numbers and times of a message, checked as they are read.

use crate::recorded::error::{shown, DataError, DataResult};
use crate::recorded::event::Ns;
use crate::recorded::places::Place;
use crate::rows::LATEST_S;

/// The year 2100: no recording is from after it.
const MOST_NS: i64 = LATEST_S * 1_000_000_000;
/// Beyond what any price or quantity is.
const MOST: f64 = 1e15;

/// A price: finite and above 0.
pub(crate) fn price(text: &[u8], name: &str, place: &Place) -> DataResult<f64> {
    number(text)
        .filter(|px| *px > 0.0)
        .ok_or_else(|| wrong(text, name, "a price above 0 and at most 1e15", place))
}

/// A quantity: finite and not negative.
pub(crate) fn quantity(text: &[u8], name: &str, place: &Place) -> DataResult<f64> {
    number(text)
        .filter(|qty| *qty >= 0.0)
        .ok_or_else(|| wrong(text, name, "a quantity of 0 to 1e15", place))
}

/// A time that counts in units of `unit` ns since 1970.
pub(crate) fn time(text: &[u8], name: &str, unit: Ns, place: &Place) -> DataResult<Ns> {
    whole(text)
        .and_then(|count| ns(count, unit))
        .ok_or_else(|| {
            let expected = format!("{} since 1970, up to the year 2100", unit_name(unit));
            wrong(text, name, &expected, place)
        })
}

/// A time since 1970 whose unit its digits tell: 13 are milliseconds, 16 microseconds, 19 nanoseconds.
pub(crate) fn digits(text: &[u8], name: &str, place: &Place) -> DataResult<Ns> {
    let unit = match text.len() {
        13 => 1_000_000,
        16 => 1_000,
        19 => 1,
        _ => {
            let expected = "a time since 1970 of 13, 16 or 19 digits (ms, us or ns)";
            return Err(wrong(text, name, expected, place));
        }
    };
    time(text, name, unit, place)
}

/// A count of units as ns, where it is a time up to 2100.
pub(crate) fn ns(count: u64, unit: Ns) -> Option<Ns> {
    let at = i64::try_from(count).ok()?.checked_mul(unit)?;
    (at <= MOST_NS).then_some(at)
}

/// A time in seconds with decimals.
pub(crate) fn seconds(text: &[u8], name: &str, place: &Place) -> DataResult<Ns> {
    seconds_of(text).ok_or_else(|| {
        let expected = "seconds with at most 9 decimals, up to the year 2100";
        wrong(text, name, expected, place)
    })
}

fn seconds_of(text: &[u8]) -> Option<Ns> {
    let dot = text.iter().position(|b| *b == b'.').unwrap_or(text.len());
    let decimals = text.get(dot + 1..).unwrap_or_default();
    let mut at = whole(&text[..dot]).and_then(|count| ns(count, 1_000_000_000))?;
    let mut unit = 100_000_000;
    for digit in decimals {
        if !digit.is_ascii_digit() {
            return None;
        }
        at += Ns::from(digit - b'0') * unit;
        unit /= 10;
    }
    Some(at)
}

/// Digits as a number.
pub(crate) fn whole(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    digits
        .then(|| std::str::from_utf8(text).ok()?.parse().ok())
        .flatten()
}

fn number(text: &[u8]) -> Option<f64> {
    let value: f64 = std::str::from_utf8(text).ok()?.trim().parse().ok()?;
    (value.abs() <= MOST).then_some(value)
}

/// A value that is not accepted.
pub(crate) fn wrong(text: &[u8], name: &str, expected: &str, place: &Place) -> DataError {
    let said = format!("has {name} = {}; expected {expected}", shown(text));
    DataError::row(place, said)
}

fn unit_name(unit: Ns) -> &'static str {
    match unit {
        1 => "nanoseconds",
        1_000 => "microseconds",
        1_000_000 => "milliseconds",
        _ => "seconds",
    }
}
