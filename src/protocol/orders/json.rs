//! Reads JSON without losing information: duplicate keys, the digits of numbers and unknown members are kept.
//!
//! Nothing here recurses: `serde_json` skips a [`RawValue`] with a stack of its own, and nesting is counted in a
//! loop.

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Nesting limit; deeper JSON is no order message.
pub const DEPTH: usize = 64;

/// Holds an object's members in their order, including duplicates.
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
    /// Returns the members of an object, or `None` if `json` is no object.
    pub fn of(json: &'a str) -> Option<Members<'a>> {
        serde_json::from_str(json).ok()
    }

    /// Returns the last non-empty member of this name, in any case.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.0
            .iter()
            .rev()
            .find(|(key, value)| key.eq_ignore_ascii_case(name) && !is_empty(value))
            .map(|(_, value)| *value)
    }
}

/// Returns the elements of an array, or `None` if `json` is no array.
pub fn elements(json: &str) -> Option<Vec<&str>> {
    let raw: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    Some(raw.into_iter().map(RawValue::get).collect())
}

/// Returns whether a value is `null` or `""`.
pub fn is_empty(json: &str) -> bool {
    matches!(json, "null" | "\"\"")
}

/// Returns the text of a string, the digits of a number, or the word of a boolean; `None` for anything else. An
/// integer that is written as a float is returned as an integer.
pub fn scalar(json: &str) -> Option<String> {
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str(json).ok(),
        b'{' | b'[' => None,
        _ => Some(whole_number(json).unwrap_or_else(|| json.to_owned())),
    }
}

/// Returns the exact digits of an integer that is written with a fraction or an exponent; `None` for other text.
fn whole_number(number: &str) -> Option<String> {
    /// Limit of digits; no order number has more.
    const DIGITS: i32 = 40;
    let (sign, unsigned) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (unsigned, 0),
    };
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if integer.is_empty() || fraction.is_empty() && exponent == 0 || exponent.abs() > DIGITS {
        return None;
    }
    let mut digits = format!("{integer}{fraction}");
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let point = integer.len() as i32 + exponent;
    while digits.len() as i32 > point.max(0) && digits.ends_with('0') {
        digits.pop();
    }
    let missing = point - digits.len() as i32;
    if missing < 0 && !digits.is_empty() || missing > DIGITS {
        return None;
    }
    digits.extend(std::iter::repeat_n('0', usize::try_from(missing).unwrap_or(0)));
    let digits = digits.trim_start_matches('0');
    Some(if digits.is_empty() { "0".to_owned() } else { format!("{sign}{digits}") })
}

/// Returns JSON in which lone surrogates (`\ud83d` alone) are replaced by U+FFFD, since JSON readers refuse them.
pub fn without_lone_surrogates(json: &[u8]) -> Cow<'_, [u8]> {
    let is_suspect = |escape: &[u8]| matches!(escape, [b'\\', b'u', b'd' | b'D', ..]);
    if !json.windows(3).any(is_suspect) {
        return Cow::Borrowed(json);
    }
    let mut out = Vec::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let taken = match (escaped(rest), rest.get(6..).and_then(escaped)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                out.extend_from_slice(b"\\ufffd");
                rest = &rest[6..];
                continue;
            }
            // An escaped backslash is two bytes.
            _ => rest.len().min(2),
        };
        out.extend_from_slice(&rest[..taken]);
        rest = &rest[taken..];
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

/// Returns the code unit of a `\uXXXX` at the beginning.
fn escaped(json: &[u8]) -> Option<u16> {
    let digits = json.strip_prefix(b"\\u")?.get(..4)?;
    u16::from_str_radix(str::from_utf8(digits).ok().filter(|d| !d.starts_with('+'))?, 16).ok()
}

/// Returns text as a JSON string.
pub fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Returns whether valid JSON nests deeper than [`DEPTH`].
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

/// Appends valid JSON without white space between its tokens, since a record is one line.
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
    fn floats_that_are_whole_are_the_integers_they_are() {
        for (number, text) in [
            ("1124091136546.0", "1124091136546"),
            ("1.12e12", "1120000000000"),
            ("1.12E+12", "1120000000000"),
            ("9007199254740993.0", "9007199254740993"),
            ("1200e-2", "12"),
            ("0.0", "0"),
            ("-0.0", "0"),
            ("-75.00", "-75"),
            ("0e5", "0"),
            ("1.50", "1.50"),
            ("1e-3", "1e-3"),
            ("12", "12"),
            ("007", "007"),
            ("1e999999999", "1e999999999"),
            ("true", "true"),
            ("\"1.0\"", "1.0"),
        ] {
            assert_eq!(scalar(number).as_deref(), Some(text), "{number}");
        }
    }

    #[test]
    fn half_characters_become_the_replacement_character_and_whole_ones_stay() {
        for (json, clean) in [
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ude00\ud83d""#, r#""\ufffd\ufffd""#),
            (r#""\uD83D\n""#, r#""\ufffd\n""#),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\u20ac \ud83""#, r#""\u20ac \ud83""#),
            (r#"{"\udfff":1}"#, r#"{"\ufffd":1}"#),
        ] {
            assert_eq!(str::from_utf8(&without_lone_surrogates(json.as_bytes())), Ok(clean), "{json}");
        }
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
