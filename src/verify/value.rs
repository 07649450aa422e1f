//! Members of an object in the order they stand in, and whether a value is what it should be.

use super::schema::Cell;
use crate::format::line::iso;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// An object's members as they stand in the text.
#[derive(Debug)]
pub struct Members<'a>(pub Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(32);
                while let Some((key, value)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
                    if members.len() == 1_000 {
                        return Err(A::Error::custom("more than 1000 members"));
                    }
                    members.push((key.0, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// Serde owns a `Cow` unless it is told to borrow.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// A number as JSON writes it.
fn is_number(text: &str) -> bool {
    text.bytes().next().is_some_and(|b| b == b'-' || b.is_ascii_digit())
}

/// A whole number.
pub fn is_int(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// A number with a fraction, or, as the shortest text of a tiny or huge one is (`1e-20`), with an exponent.
fn is_price(text: &str) -> bool {
    is_number(text) && text.contains(['.', 'e']) && text.parse::<f64>().is_ok()
}

/// Whether a JSON value is what the field may hold.
pub fn fits(cell: Cell, json: &str) -> bool {
    let (null, text) = (json == "null", json.starts_with('"'));
    match cell {
        Cell::Text => text,
        Cell::TextOrNull => text || null,
        Cell::Int => is_int(json),
        Cell::IntOrNull => is_int(json) || null,
        Cell::Price => is_price(json) || null,
        Cell::Seconds => {
            null || is_int(json)
                || json
                    .strip_prefix('"')
                    .and_then(|json| json.strip_suffix('"'))
                    .is_some_and(|t| iso(t.as_bytes()).is_some())
        }
        Cell::Scalar => text || null || is_number(json) || json == "true" || json == "false",
        Cell::ObjectOrNull => json.starts_with('{') || null,
        Cell::WordsOrNull if null => true,
        Cell::Words | Cell::WordsOrNull => serde_json::from_str::<Vec<Cow<'_, str>>>(json).is_ok(),
        Cell::Levels => serde_json::from_str::<Vec<Members<'_>>>(json).is_ok_and(|levels| levels.iter().all(is_level)),
    }
}

fn is_level(level: &Members<'_>) -> bool {
    matches!(&level.0[..], [(price, p), (qty, q), (orders, o)]
        if price == "price" && qty == "qty" && orders == "orders"
            && is_price(p.get()) && is_int(q.get()) && is_int(o.get()))
}

/// Whether a CSV cell is what its column may hold; empty is null.
pub fn cell_fits(cell: Cell, text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    match cell {
        Cell::Int | Cell::IntOrNull => is_int(text),
        Cell::Price => is_price(text),
        Cell::Seconds => is_int(text) || iso(text.as_bytes()).is_some(),
        Cell::ObjectOrNull => serde_json::from_str::<Members<'_>>(text).is_ok(),
        _ => true,
    }
}
