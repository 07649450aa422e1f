//! Blotting secrets out of what a server sends: in place, so that packets keep their lengths and JSON stays JSON.

use std::borrow::Cow;
use std::ops::Range;

/// A shorter secret may well be a word of somebody's remark; data is not changed for its sake.
pub(super) const SHORTEST: usize = 8;

/// Stretches of a message that may be text, [`SHORTEST`] bytes at least. A secret is text in every disguise, and prices
/// are not: looking at every eighth byte rules nearly all of a market packet out.
pub(super) fn text_runs(message: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let is_text = |b: &u8| matches!(b, b' '..=b'~' | b'\t' | b'\n' | b'\r');
    let mut done = 0;
    std::iter::from_fn(move || {
        loop {
            let probe = done + SHORTEST - 1;
            if !is_text(message.get(probe)?) {
                done = probe + 1;
                continue;
            }
            let before = message[done..probe].iter().rev().take_while(|b| is_text(b)).count();
            let behind = message[probe..].iter().take_while(|b| is_text(b)).count();
            let run = probe - before..probe + behind;
            done = run.end;
            if run.len() >= SHORTEST {
                return Some(run);
            }
        }
    })
}

/// Printable bytes in a row from which on a binary message is searched: packets have shorter stretches by chance all the time.
const PRINTABLE: usize = 11;

/// Whether [`PRINTABLE`] bytes in a row may be printable: asked of every market packet, so it is a few instructions over
/// whole words, the same for any bytes. Eleven in a row cover two aligned words of four.
#[inline]
pub(super) fn may_hold_text(message: &[u8]) -> bool {
    let words = words(message);
    let pairs = words.iter().zip(words.get(1..).unwrap_or_default());
    // Summed up rather than stopped at the first, so that the compiler takes several words at once.
    let printable: u32 = pairs.map(|(word, next)| u32::from(unprintable(word) | unprintable(next) == 0)).sum();
    printable > 0 && holds_text(message)
}

/// Which bytes of a word are not printable, as their highest bits.
#[inline(always)]
fn unprintable(word: &[u8; 4]) -> u32 {
    const HIGH: u32 = 0x8080_8080;
    let word = u32::from_le_bytes(*word);
    // Below 0x80, and lifted to it by 0x60: from the blank on.
    (word | !(word & !HIGH).wrapping_add(0x6060_6060)) & HIGH
}

fn words(message: &[u8]) -> &[[u8; 4]] {
    message.as_chunks().0
}

/// Whether words that are printable have enough beside them.
#[cold]
fn holds_text(message: &[u8]) -> bool {
    let is_printable = |b: &&u8| (b' '..0x80).contains(*b);
    words(message).iter().enumerate().filter(|(_, word)| unprintable(word) == 0).any(|(i, _)| {
        let (before, behind) = message.split_at(i * 4);
        let before = before.iter().rev().take_while(is_printable).count();
        before + behind.iter().take_while(is_printable).count() >= PRINTABLE
    })
}

/// The message with these places overwritten.
pub(super) fn overwrite(message: &[u8], hits: Vec<Range<usize>>) -> Cow<'_, [u8]> {
    if hits.is_empty() {
        return Cow::Borrowed(message);
    }
    let mut blotted = message.to_vec();
    hits.into_iter().for_each(|hit| cover(&mut blotted[hit]));
    Cow::Owned(blotted)
}

/// The message with these places replaced by words, or overwritten where they are more than a part of one string.
pub(super) fn replace(message: &[u8], mut hits: Vec<Range<usize>>) -> Cow<'_, [u8]> {
    if hits.is_empty() {
        return Cow::Borrowed(message);
    }
    hits.sort_unstable_by_key(|hit| hit.start);
    let mut blotted = Vec::with_capacity(message.len());
    let mut done = 0;
    let mut hits = hits.into_iter().peekable();
    while let Some(mut hit) = hits.next() {
        while let Some(next) = hits.next_if(|next| next.start <= hit.end) {
            hit.end = hit.end.max(next.end);
        }
        blotted.extend_from_slice(&message[done..hit.start]);
        let place = &message[hit.clone()];
        if place.iter().any(is_structure) || place.iter().all(u8::is_ascii_digit) {
            let start = blotted.len();
            blotted.extend_from_slice(place);
            cover(&mut blotted[start..]);
        } else {
            blotted.extend_from_slice(super::MASK.as_bytes());
        }
        done = hit.end;
    }
    blotted.extend_from_slice(&message[done..]);
    Cow::Owned(blotted)
}

/// What JSON is held together by: a list of numbers stays one.
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
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_stretch_of_text_is_overlooked(message in prop::collection::vec(prop_oneof![0u8..40, 32u8..127, Just(0)], 0..200)) {
            let runs: Vec<_> = text_runs(&message).collect();
            let is_text = |b: &u8| matches!(b, b' '..=b'~' | b'\t' | b'\n' | b'\r');
            for (start, window) in message.windows(SHORTEST).enumerate() {
                let found = runs.iter().any(|run| run.start <= start && start + SHORTEST <= run.end);
                prop_assert_eq!(window.iter().all(is_text), found);
            }
        }
    }

    proptest! {
        #[test]
        fn eleven_bytes_of_text_are_never_taken_for_numbers(
            before in prop::collection::vec(any::<u8>(), 0..20),
            text in "[ -~]{11,30}",
            behind in prop::collection::vec(any::<u8>(), 0..20),
        ) {
            prop_assert!(may_hold_text(&[before, text.into_bytes(), behind].concat()));
        }
    }

    #[test]
    fn ten_bytes_of_text_between_numbers_are_no_text() {
        for at in 0..30 {
            let mut message = vec![0; 60];
            message[at..at + 10].fill(b'x');
            assert!(!may_hold_text(&message), "at {at}");
            message[at + 10] = b'x';
            assert!(may_hold_text(&message), "at {at}");
        }
    }

    #[test]
    fn a_market_packet_holds_no_text() {
        use crate::model::{InstrumentKey, Segment};
        use crate::protocol::encode;
        let mut packet = Vec::new();
        let quote = encode::Quote {
            ltp: 1689.25,
            ltq: 100,
            ltt_raw: 1_781_084_997,
            atp: 1690.66,
            volume: 6_686_457,
            ..Default::default()
        };
        encode::quote(&mut packet, InstrumentKey::new(Segment::NSE_EQ, 1333), &quote);
        assert!(!may_hold_text(&packet));
    }

    #[test]
    fn text_reads_redacted_and_lists_of_numbers_stay_lists() {
        let secret = "q7Vx9zKp2mW4tR8yB3nL";
        let redactor = super::super::Redactor::default();
        redactor.add(secret.to_owned().into());
        let escaped: String = secret.bytes().map(|b| format!("\\u{b:04x}")).collect();
        let text = format!("{{\"a\":\"x {secret} y\",\"b\":\"{escaped}\",\"c\":{:?},\"d\":1}}", secret.as_bytes());
        let blotted = redactor.blot_text(text.as_bytes());
        let value: serde_json::Value = serde_json::from_slice(&blotted).unwrap();
        assert_eq!((&value["a"], &value["b"]), (&"x [redacted] y".into(), &"[redacted]".into()));
        assert_eq!(value["c"].as_array().unwrap().len(), secret.len());
        assert!(value["c"].as_array().unwrap().iter().all(|n| [1, 11, 111].contains(&n.as_u64().unwrap())));
        let packet = [&[8, 1, 0][..], secret.as_bytes(), &[0; 9]].concat();
        let blotted = redactor.blot(&packet);
        assert_eq!((blotted.len(), &blotted[..3]), (packet.len(), &packet[..3]));
        assert!(!blotted.windows(12).any(|window| memchr::memmem::find(secret.as_bytes(), window).is_some()));
        let alike = b"{\"remarks\":\"token=abcdefghijkl eyJhbGciOiJIUzI1NiJ9.e30.x\"}";
        assert_eq!(*redactor.blot_text(alike), *alike, "what only looks like a secret is data");
    }
}
