//! Undoing the disguises of a secret in a text: each decoder yields bytes and, for each, where in the text it came from.

use super::windows::Windows;
use std::ops::Range;

/// Bytes decoded from a text, with their places in it.
#[derive(Default)]
struct Decoded {
    bytes: Vec<u8>,
    places: Vec<Range<usize>>,
}

impl Decoded {
    fn push(&mut self, byte: u8, place: Range<usize>) {
        self.bytes.push(byte);
        self.places.push(place);
    }

    /// Searches, adds hits as ranges of the text, and starts anew.
    fn search(&mut self, secret: &Windows, hits: &mut Vec<Range<usize>>) {
        secret.scan(&self.bytes, |start| {
            hits.push(self.places[start].start..self.places[start + secret.width() - 1].end);
        });
        self.bytes.clear();
        self.places.clear();
    }
}

/// Finds a secret in a text, plain and in every disguise.
pub(super) fn find(text: &[u8], secret: &Windows, hits: &mut Vec<Range<usize>>) {
    secret.scan(text, |start| hits.push(start..start + secret.width()));
    if memchr::memchr2(b'%', b'\\', text).is_some() {
        // Once more without the backslash: a secret's own one is no escape.
        escaped(text, secret, true, hits);
        escaped(text, secret, false, hits);
    }
    // A secret shorter than this would turn up in any text once decoded.
    if secret.width() < 6 {
        return;
    }
    hex(text, secret, hits);
    base64(text, secret, hits);
    byte_list(text, secret, hits);
}

/// `%41`, `\x41`, `\u0041`, `\u{41}`, mixed with plain characters.
fn escaped(text: &[u8], secret: &Windows, backslashes: bool, hits: &mut Vec<Range<usize>>) {
    let mut out = Decoded::default();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let (byte, length) = match rest {
            [b'%', a, b, ..] if let Some(byte) = pair(*a, *b) => (byte, 3),
            [byte, ..] if *byte == b'\\' && !backslashes => (*byte, 1),
            [b'\\', b'x', a, b, ..] if let Some(byte) = pair(*a, *b) => (byte, 4),
            [b'\\', b'u', b'0', b'0', a, b, ..] if let Some(byte) = pair(*a, *b) => (byte, 6),
            [b'\\', b'u', b'{', a, b, b'}', ..] if let Some(byte) = pair(*a, *b) => (byte, 6),
            [b'\\', escaped @ (b'\\' | b'"' | b'/'), ..] => (*escaped, 2),
            [byte, ..] => (*byte, 1),
            [] => break,
        };
        out.push(byte, at..at + length);
        at += length;
    }
    out.search(secret, hits);
}

/// Runs of hex digits, in both alignments.
fn hex(text: &[u8], secret: &Windows, hits: &mut Vec<Range<usize>>) {
    let mut out = Decoded::default();
    for run in runs(text, |b| b.is_ascii_hexdigit(), secret.width() * 2) {
        for skip in 0..2 {
            let start = run.start + skip;
            for (i, two) in text[start..run.end].chunks_exact(2).enumerate() {
                if let Some(byte) = pair(two[0], two[1]) {
                    out.push(byte, start + 2 * i..start + 2 * i + 2);
                }
            }
            out.search(secret, hits);
        }
    }
}

/// Runs of base64 characters, at all four places a group can begin.
fn base64(text: &[u8], secret: &Windows, hits: &mut Vec<Range<usize>>) {
    let mut out = Decoded::default();
    for run in runs(text, |b| sextet(b).is_some(), secret.width() * 4 / 3) {
        for skip in 0..4 {
            let start = run.start + skip;
            if start >= run.end {
                break;
            }
            for (i, group) in text[start..run.end].chunks(4).enumerate() {
                let word = group.iter().fold(0u32, |w, &b| (w << 6) | u32::from(sextet(b).unwrap_or(0)));
                let word = word << (6 * (4 - group.len()));
                let [_, bytes @ ..] = word.to_be_bytes();
                // Four characters are three bytes, three are two, two are one.
                for (j, byte) in bytes.into_iter().take(group.len().saturating_sub(1)).enumerate() {
                    let at = start + 4 * i + j;
                    out.push(byte, at..at + 2);
                }
            }
            out.search(secret, hits);
        }
    }
}

/// Byte values with something between them: `[101, 121, 74]`, `101 121 74`, `65:79:4a`, `0x65, 0x79`.
fn byte_list(text: &[u8], secret: &Windows, hits: &mut Vec<Range<usize>>) {
    for radix in [10, 16] {
        let mut out = Decoded::default();
        let mut last_end = 0;
        let word = |b: u8| b.is_ascii_alphanumeric();
        for run in runs(text, word, 1) {
            let digits = &text[run.clone()];
            let digits = match digits {
                [b'0', b'x' | b'X', rest @ ..] if radix == 16 => rest,
                other => other,
            };
            let value = (digits.len() <= 3)
                .then(|| std::str::from_utf8(digits).ok().and_then(|d| u8::from_str_radix(d, radix).ok()))
                .flatten();
            let near = run.start - last_end <= 4;
            match value {
                Some(byte) => {
                    if !near {
                        out.search(secret, hits);
                    }
                    out.push(byte, run.clone());
                }
                // The first and the last value of a list may stand against other text (`k28:3c:…`).
                None => {
                    let (first, last) = edges(&text[run.clone()], radix);
                    if let (true, Some((byte, length))) = (near, first) {
                        out.push(byte, run.start..run.start + length);
                    }
                    out.search(secret, hits);
                    if let Some((byte, length)) = last {
                        out.push(byte, run.end - length..run.end);
                    }
                }
            }
            last_end = run.end;
        }
        out.search(secret, hits);
    }
}

/// The byte values, with their lengths, that a word which is none begins and ends with.
type Edge = Option<(u8, usize)>;

fn edges(word: &[u8], radix: u32) -> (Edge, Edge) {
    let is_digit = |b: &&u8| char::from(**b).is_digit(radix);
    let most = if radix == 16 { 2 } else { 3 };
    let begins = word.iter().take(most).take_while(is_digit).count();
    let ends = word.iter().rev().take(most).take_while(is_digit).count();
    let value = |digits: &[u8]| {
        std::str::from_utf8(digits)
            .ok()
            .and_then(|d| u8::from_str_radix(d, radix).ok())
            .map(|byte| (byte, digits.len()))
    };
    (value(&word[..begins]), value(&word[word.len() - ends..]))
}

/// Maximal runs of at least `least` bytes of a kind.
fn runs(text: &[u8], kind: impl Fn(u8) -> bool, least: usize) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + text[at..].iter().position(|&b| kind(b))?;
            let end = start + text[start..].iter().position(|&b| !kind(b)).unwrap_or(text.len() - start);
            at = end;
            if end - start >= least {
                return Some(start..end);
            }
        }
    })
}

fn pair(a: u8, b: u8) -> Option<u8> {
    let digit = |c: u8| char::from(c).to_digit(16);
    u8::try_from(digit(a)? * 16 + digit(b)?).ok()
}

fn sextet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}
