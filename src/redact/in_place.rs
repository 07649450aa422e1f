//! Overwrites secrets in a server's messages: packets keep their lengths and JSON stays valid.

use std::borrow::Cow;
use std::ops::Range;

/// Returns the message with these ranges overwritten.
pub(super) fn overwrite(message: &[u8], hits: Vec<Range<usize>>) -> Cow<'_, [u8]> {
    if hits.is_empty() {
        return Cow::Borrowed(message);
    }
    let mut redacted = message.to_vec();
    hits.into_iter().for_each(|hit| cover(&mut redacted[hit]));
    Cow::Owned(redacted)
}

/// Returns the message with these ranges replaced by a word, or overwritten if they cover more than a part of one
/// string.
pub(super) fn replace(message: &[u8], mut hits: Vec<Range<usize>>) -> Cow<'_, [u8]> {
    if hits.is_empty() {
        return Cow::Borrowed(message);
    }
    hits.sort_unstable_by_key(|hit| hit.start);
    let mut redacted = Vec::with_capacity(message.len());
    let mut done = 0;
    let mut hits = hits.into_iter().peekable();
    while let Some(mut hit) = hits.next() {
        while let Some(next) = hits.next_if(|next| next.start <= hit.end) {
            hit.end = hit.end.max(next.end);
        }
        redacted.extend_from_slice(&message[done..hit.start]);
        let place = &message[hit.clone()];
        if place.iter().any(is_structure) || place.iter().all(u8::is_ascii_digit) {
            let start = redacted.len();
            redacted.extend_from_slice(place);
            cover(&mut redacted[start..]);
        } else {
            redacted.extend_from_slice(super::MASK.as_bytes());
        }
        done = hit.end;
    }
    redacted.extend_from_slice(&message[done..]);
    Cow::Owned(redacted)
}

/// Returns whether a byte belongs to JSON's structure, which is kept so that a list of numbers stays a list.
fn is_structure(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'"' | b',' | b':' | b'[' | b']' | b'{' | b'}')
}

fn cover(place: &mut [u8]) {
    for byte in place.iter_mut().filter(|byte| !is_structure(byte)) {
        *byte = if byte.is_ascii_digit() { b'1' } else { b'*' };
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn text_reads_redacted_and_lists_of_numbers_stay_lists() {
        let secret = "q7Vx9zKp2mW4tR8yB3nL";
        let redactor = super::super::Redactor::default();
        redactor.add(secret.to_owned().into());
        let escaped: String = secret.bytes().map(|b| format!("\\u{b:04x}")).collect();
        let text = format!("{{\"a\":\"x {secret} y\",\"b\":\"{escaped}\",\"c\":{:?},\"d\":1}}", secret.as_bytes());
        let redacted = redactor.redact_text(text.as_bytes());
        let value: serde_json::Value = serde_json::from_slice(&redacted).unwrap();
        assert_eq!((&value["a"], &value["b"]), (&"x [redacted] y".into(), &"[redacted]".into()));
        assert_eq!(value["c"].as_array().unwrap().len(), secret.len());
        assert!(value["c"].as_array().unwrap().iter().all(|n| [1, 11, 111].contains(&n.as_u64().unwrap())));
        let packet = [&[8, 1, 0][..], secret.as_bytes(), &[0; 9]].concat();
        let redacted = redactor.redact_bytes(&packet);
        assert_eq!((redacted.len(), &redacted[..3]), (packet.len(), &packet[..3]));
        assert!(!redacted.windows(12).any(|window| memchr::memmem::find(secret.as_bytes(), window).is_some()));
        let alike = b"{\"remarks\":\"token=abcdefghijkl eyJhbGciOiJIUzI1NiJ9.e30.x\"}";
        assert_eq!(*redactor.redact_text(alike), *alike, "what only looks like a secret is data");
    }
}
