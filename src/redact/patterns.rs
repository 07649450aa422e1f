//! Finds text that looks like a secret, whether or not the secret is known.

use std::ops::Range;

/// Names that precede a secret, separated by `=` or `:`; in any case, with optional quotes and blanks.
const NAMES: [&str; 7] =
    ["token", "access-token", "access_token", "accesstoken", "authorization", "partner_secret", "secret"];

/// Finds everything that looks like a secret.
pub(super) fn find_patterns(text: &[u8], hits: &mut Vec<Range<usize>>) {
    let mut at = 0;
    while let Some(found) = find_jwt(&text[at..]) {
        hits.push(at + found.start..at + found.end);
        at += found.end;
    }
    let mut done = 0;
    for separator in memchr::memchr2_iter(b'=', b':', text) {
        // A value that is masked already is not searched again.
        if separator >= done
            && let Some(value) = named_value(text, separator)
        {
            done = value.end;
            hits.push(value);
        }
    }
}

/// Returns the range of the first text that looks like a JWT: `eyJ…`, a dot, and more than a few characters.
pub fn find_jwt(text: &[u8]) -> Option<Range<usize>> {
    let part =
        |from: usize| text[from..].iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')).count();
    let mut done = 0;
    for start in memchr::memmem::find_iter(text, b"eyJ") {
        // The rest of a run that is no token is skipped.
        if start < done {
            continue;
        }
        let mut end = start + part(start);
        done = end;
        if end - start < 8 || text.get(end) != Some(&b'.') {
            continue;
        }
        let payload = part(end + 1);
        if payload < 3 {
            continue;
        }
        end += 1 + payload;
        if text.get(end) == Some(&b'.') {
            end += 1 + part(end + 1);
        }
        return Some(start..end);
    }
    None
}

/// Returns the range of the value behind a separator if the word before it names a secret.
fn named_value(text: &[u8], separator: usize) -> Option<Range<usize>> {
    let before = &text[..separator];
    let before = before.trim_ascii_end();
    let before = before.strip_suffix(b"\\\"").or_else(|| before.strip_suffix(b"\"")).unwrap_or(before);
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let name_start = before.iter().rposition(|b| !is_word(b)).map_or(0, |at| at + 1);
    let name = &before[name_start..];
    if !NAMES.iter().any(|known| name.len() >= known.len() && ends_with_word(name, known.as_bytes())) {
        return None;
    }
    let is_json = text[separator] == b':';
    let mut start = separator + 1;
    while start < text.len() && matches!(text[start], b' ' | b'"' | b'\'' | b'\\') {
        start += 1;
    }
    let rest = &text[start..];
    let rest_scheme = rest.len() - strip_scheme(rest).len();
    let start = start + rest_scheme;
    let is_end =
        |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'&' | b',' | b';' | b')' | b'}' | b'\\' | b'<');
    let end = text[start..].iter().position(is_end).map_or(text.len(), |at| start + at);
    // Prose may follow a colon ("the token: none"), so there only a long value counts as a secret.
    let least = if is_json { 12 } else { 1 };
    // The value of a variable that is written in capitals names the place of a secret.
    let is_variable = is_json && text[start..end].iter().all(|b| b.is_ascii_uppercase() || *b == b'_');
    if end - start < least || is_variable || text[start..end] == *b"[redacted]" {
        return None;
    }
    Some(start..end)
}

fn strip_scheme(text: &[u8]) -> &[u8] {
    ["Bearer ", "Basic "].iter().find_map(|s| text.strip_prefix(s.as_bytes())).unwrap_or(text)
}

/// Returns whether a name is the known word or ends with it behind a `-` or `_` (`DHAN_ACCESS_TOKEN`).
fn ends_with_word(name: &[u8], known: &[u8]) -> bool {
    let (head, tail) = name.split_at(name.len() - known.len());
    tail.eq_ignore_ascii_case(known) && head.last().is_none_or(|b| matches!(b, b'-' | b'_'))
}
