//! JSON messages of exchanges: values as they stand in the text, and levels of a book.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::recorded::error::{shown, DataError, DataResult};
use crate::recorded::event::Event;
use crate::recorded::event::Times;
use crate::recorded::fields::{price, quantity, whole};
use crate::recorded::places::Place;

/// A value as it stands in the text; None where the key is not there.
pub(crate) type Raw<'a> = Option<&'a RawValue>;

/// Read a JSON text.
pub(crate) fn parsed<'a, T: Deserialize<'a>>(text: &'a [u8], place: &Place) -> DataResult<T> {
    serde_json::from_slice(text).map_err(|error| {
        let said = format!("is no message that is known ({error}): {}", shown(text));
        DataError::row(place, said)
    })
}

/// The bytes of a text or number, without quotes.
pub(crate) fn text<'a>(raw: Raw<'a>, name: &str, place: &Place) -> DataResult<&'a [u8]> {
    let Some(raw) = raw else {
        return Err(DataError::row(place, format!("has no {name}")));
    };
    let bytes = raw.get().as_bytes();
    let inner = bytes
        .strip_prefix(b"\"")
        .and_then(|b| b.strip_suffix(b"\""));
    Ok(inner.unwrap_or(bytes))
}

/// A whole number.
pub(crate) fn count(raw: Raw<'_>, name: &str, place: &Place) -> DataResult<u64> {
    let digits = text(raw, name, place)?;
    whole(digits).ok_or_else(|| {
        let said = format!("has {name} = {}; expected a whole number", shown(digits));
        DataError::row(place, said)
    })
}

/// Append the levels of one side of a book.
pub(crate) fn levels(
    raw: Raw<'_>,
    name: &str,
    (times, what): (Times, u64),
    place: &Place,
    out: &mut Vec<Event>,
) -> DataResult<()> {
    let Some(raw) = raw else {
        return Ok(());
    };
    let levels: Vec<Level<'_>> = serde_json::from_str(raw.get()).map_err(|_| {
        let said = shown(raw.get().as_bytes());
        let text = format!("has {name} = {said}; expected pairs of price and quantity, as texts");
        DataError::row(place, text)
    })?;
    for Level(px, qty) in levels {
        let px = price(px.as_bytes(), name, place)?;
        let qty = quantity(qty.as_bytes(), name, place)?;
        out.push(times.event(what, px, qty));
    }
    Ok(())
}

/// Price and quantity as texts; what follows them is not used.
struct Level<'a>(&'a str, &'a str);

impl<'de: 'a, 'a> Deserialize<'de> for Level<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pair;
        impl<'de> Visitor<'de> for Pair {
            type Value = Level<'de>;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("a pair of texts")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Level<'de>, A::Error> {
                use serde::de::Error;
                let mut next = || {
                    items
                        .next_element()?
                        .ok_or_else(|| A::Error::custom("too short"))
                };
                let level = Level(next()?, next()?);
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(level)
            }
        }
        deserializer.deserialize_seq(Pair)
    }
}
