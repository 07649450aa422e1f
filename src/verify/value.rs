//! Reads an object's members in their order, and checks values against their kind.

use crate::format::line::iso;
use crate::record::schema::{Kind, LEVEL};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Holds an object's members in the order of the text.
#[derive(Debug)]
pub struct OrderedMembers<'a>(pub Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for OrderedMembers<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = OrderedMembers<'de>;

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
                Ok(OrderedMembers(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// Serde copies a `Cow` unless it is told to borrow.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// Returns whether a text is a JSON number.
fn is_number(text: &str) -> bool {
    text.bytes().next().is_some_and(|b| b == b'-' || b.is_ascii_digit())
}

/// Returns whether a text is an integer.
pub fn is_int(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Returns whether a text is a number with a fraction, or with an exponent, which the shortest text of a tiny or huge
/// number has (`1e-20`).
fn is_price(text: &str) -> bool {
    is_number(text) && text.contains(['.', 'e']) && text.parse::<f64>().is_ok()
}

/// Returns whether a JSON value is allowed for a kind of field.
pub fn fits(kind: Kind, json: &str) -> bool {
    let text = || json.starts_with('"');
    let is_null = json == "null";
    let word = |words: &[&str]| {
        json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).is_some_and(|word| words.contains(&word))
    };
    let texts = || serde_json::from_str::<Vec<Cow<'_, str>>>(json);
    let moment = || is_int(json) || text() && iso(json.trim_matches('"').as_bytes()).is_some();
    match kind {
        Kind::Price => is_price(json) || is_null,
        Kind::Uint => is_int(json) && !json.starts_with('-'),
        Kind::IntOrNull => is_int(json) || is_null,
        Kind::Text | Kind::Hex => text(),
        Kind::TextOrNull | Kind::DateOrNull => text() || is_null,
        Kind::Word(words) => word(words),
        Kind::WordOrNull(words) => word(words) || is_null,
        Kind::Words(words) => texts().is_ok_and(|texts| texts.iter().all(|text| words.contains(&&**text))),
        Kind::Texts => texts().is_ok(),
        Kind::TextsOrNull => is_null || texts().is_ok(),
        Kind::Object => json.starts_with('{') || is_null,
        Kind::Second | Kind::Micros(_) => moment(),
        Kind::SecondOrNull => is_null || moment(),
        Kind::FiveBids | Kind::FiveAsks | Kind::Levels => {
            serde_json::from_str::<Vec<OrderedMembers<'_>>>(json).is_ok_and(|levels| levels.iter().all(is_level))
        }
    }
}

fn is_level(level: &OrderedMembers<'_>) -> bool {
    matches!(&level.0[..], [(price, p), (qty, q), (orders, o)]
        if [&**price, &**qty, &**orders] == LEVEL.map(|field| field.name)
            && is_price(p.get()) && is_int(q.get()) && is_int(o.get()))
}

/// Returns whether a CSV cell is allowed for its column; an empty cell is null.
pub fn cell_fits(kind: Kind, text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    match kind {
        Kind::Price => is_price(text),
        Kind::Uint => is_int(text) && !text.starts_with('-'),
        Kind::IntOrNull => is_int(text),
        Kind::Second | Kind::SecondOrNull | Kind::Micros(_) => is_int(text) || iso(text.as_bytes()).is_some(),
        Kind::Word(words) | Kind::WordOrNull(words) => words.contains(&text),
        Kind::Words(words) => text.split('|').all(|word| words.contains(&word)),
        Kind::Object => serde_json::from_str::<OrderedMembers<'_>>(text).is_ok(),
        _ => true,
    }
}
