//! JSON taken apart without giving up anything it says: duplicate keys, the digits of numbers, what nobody knows.
//!
//! Nothing here recurses: `serde_json` skips a [`RawValue`] with a stack of its own, and nesting is counted by hand.

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::fmt;

/// Deeper nesting than this is no order message.
pub const DEPTH: usize = 64;

/// An object's members in their order, duplicates included.
#[derive(Debug)]
pub struct Members<'a>(pub Vec<(String, &'a str)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, &'de RawValue>()? {
                    members.push((key, value.get()));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

impl<'a> Members<'a> {
    /// The members of an object; `None` if it is not one.
    pub fn of(json: &'a str) -> Option<Members<'a>> {
        serde_json::from_str(json).ok()
    }

    /// The last member of that name, in any case, that holds something.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.0
            .iter()
            .rev()
            .find(|(key, value)| key.eq_ignore_ascii_case(name) && !is_empty(value))
            .map(|(_, value)| *value)
    }
}

/// The elements of an array; `None` if it is not one.
pub fn elements(json: &str) -> Option<Vec<&str>> {
    let raw: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    Some(raw.into_iter().map(RawValue::get).collect())
}

/// Whether a value says nothing: `null` or `""`.
pub fn is_empty(json: &str) -> bool {
    matches!(json, "null" | "\"\"")
}

/// The text of a string; the digits of a number and the word of a boolean as they came. `None` for anything else.
pub fn scalar(json: &str) -> Option<String> {
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str(json).ok(),
        b'{' | b'[' => None,
        _ => Some(json.to_owned()),
    }
}

/// Text as a JSON string.
pub fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Whether valid JSON nests deeper than [`DEPTH`].
pub fn is_too_deep(json: &str) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for byte in json.bytes() {
        if in_string {
            (in_string, escaped) = (escaped || byte != b'"', !escaped && byte == b'\\');
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > DEPTH {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// Appends valid JSON without the blanks between its tokens: a record is one line.
pub fn append_compact(out: &mut String, json: &str) {
    let (mut in_string, mut escaped) = (false, false);
    out.extend(json.chars().filter(|&c| {
        if in_string {
            (in_string, escaped) = (escaped || c != '"', !escaped && c == '\\');
            return true;
        }
        in_string = c == '"';
        !matches!(c, ' ' | '\t' | '\r' | '\n')
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_go_and_strings_stay() {
        let mut out = String::new();
        append_compact(&mut out, "{ \"a b\" : [ 1 ,\n 2.50 ] , \"c\\\" d\" : \" \\\\\" , \"e\" : 1 }");
        assert_eq!(out, r#"{"a b":[1,2.50],"c\" d":" \\","e":1}"#);
    }

    #[test]
    fn nesting_is_counted_outside_of_strings_only() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(!is_too_deep(&nested(DEPTH)));
        assert!(is_too_deep(&nested(DEPTH + 1)));
        assert!(!is_too_deep(&format!("\"\\\"{}\"", "[".repeat(1000))));
        assert!(!is_too_deep(&"[]".repeat(1000)));
    }

    #[test]
    fn the_last_member_that_holds_something_wins() {
        let members = Members::of(r#"{"Type":"a","type":"b","TYPE":null,"tYpe":""}"#).unwrap();
        assert_eq!(members.get("type"), Some("\"b\""));
        assert_eq!(members.0.len(), 4);
    }
}
