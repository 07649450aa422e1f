//! The masker: no twelve bytes of a secret in a row survive it, in any of the encodings that it knows.
//!
//! The encodings are undone here a second time, by other means than the masker's.

use super::take::Take;
use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use dhan::testing::redact::Redactor;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use secrecy::SecretString;

const WINDOW: usize = 12;
const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_encode_padding(false)
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: [GeneralPurpose; 2] = [GeneralPurpose::new(&STANDARD, CONFIG), GeneralPurpose::new(&URL_SAFE, CONFIG)];

/// The secret in a disguise.
fn disguised(secret: &[u8], take: &mut Take<'_>) -> String {
    let hex = |upper: bool, between: &str| {
        let digits = secret.iter().map(|b| if upper { format!("{b:02X}") } else { format!("{b:02x}") });
        digits.collect::<Vec<_>>().join(between)
    };
    match take.u8() % 11 {
        0 => String::from_utf8_lossy(secret).into_owned(),
        1 => percent_encode(secret, NON_ALPHANUMERIC).to_string(),
        2 => percent_encode(secret, NON_ALPHANUMERIC).to_string().to_lowercase(),
        // Inside other bytes, at any alignment.
        kind @ (3 | 4) => {
            let before = take.fewer_than(4);
            BASE64[usize::from(kind == 4)].encode([before, secret, take.bytes(2)].concat())
        }
        5 => hex(false, ""),
        6 => hex(true, ""),
        7 => hex(false, ":"),
        8 => format!("{secret:?}"),
        9 => serde_json::to_string(&String::from_utf8_lossy(secret)).unwrap_or_default(),
        _ => secret.iter().map(|b| format!("\\x{b:02x}")).collect(),
    }
}

fn holds(bytes: &[u8], secret: &[u8]) -> bool {
    secret.windows(WINDOW).any(|window| bytes.windows(WINDOW).any(|there| there == window))
}

/// The disguise under which some of the secret can still be read in a text.
fn survivor(text: &str, secret: &[u8]) -> Option<&'static str> {
    if holds(text.as_bytes(), secret) {
        return Some("plain");
    }
    // Encoded in one way throughout; a mixture of encoded and plain letters is nobody's encoder.
    let encoded = |window: &[u8]| percent_encode(window, NON_ALPHANUMERIC).to_string();
    if secret.windows(WINDOW).map(encoded).any(|window| text.contains(&window)) {
        return Some("percent");
    }
    let runs = |kind: fn(char) -> bool| text.split(move |c| !kind(c)).filter(|run| run.len() >= WINDOW);
    for run in runs(|c| c.is_ascii_hexdigit()) {
        for skip in 0..2 {
            let pairs = run.as_bytes()[skip..].chunks_exact(2);
            let bytes = pairs.filter_map(|p| u8::from_str_radix(std::str::from_utf8(p).ok()?, 16).ok());
            if holds(&bytes.collect::<Vec<_>>(), secret) {
                return Some("hex");
            }
        }
    }
    for engine in &BASE64 {
        for run in runs(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_')) {
            for skip in 0..4.min(run.len()) {
                // Whole groups only: twelve bytes that begin behind `skip` lie in them.
                for cut in 0..4 {
                    let part = &run[skip..run.len().saturating_sub(cut).max(skip)];
                    if let Ok(bytes) = engine.decode(part)
                        && holds(&bytes, secret)
                    {
                        return Some("base64");
                    }
                }
            }
        }
    }
    for radix in [10, 16] {
        let values = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let bytes: Vec<_> = values.map(|word| u8::from_str_radix(word, radix).ok()).collect();
        for list in bytes.split(Option::is_none) {
            let list: Vec<u8> = list.iter().flatten().copied().collect();
            // Far apart they are not a list any more; what is meant here was printed as one.
            if holds(&list, secret) && text.contains(", ") {
                return Some("a list of bytes");
            }
        }
    }
    None
}

/// A secret out of the first bytes, then text with it in disguises.
pub fn run(data: &[u8]) {
    let mut take = Take(data);
    let length = WINDOW + usize::from(take.u8() % 64);
    let secret: Vec<u8> = take.bytes(length).iter().map(|b| b'!' + b % 94).collect();
    if secret.len() < WINDOW {
        return;
    }
    let redactor = Redactor::default();
    redactor.add(SecretString::from(String::from_utf8_lossy(&secret).into_owned()));
    let mut text = String::new();
    for _ in 0..4 {
        let other = String::from_utf8_lossy(take.fewer_than(32)).into_owned();
        text.push_str(&other);
        let disguise = disguised(&secret, &mut take);
        // All of it, or a stretch of it.
        let (from, to) = (usize::from(take.u8()), usize::from(take.u8()));
        let from = disguise.floor_char_boundary(if from % 2 == 0 { 0 } else { from % (disguise.len() + 1) });
        let to = disguise.floor_char_boundary(if to % 2 == 0 { disguise.len() } else { to % (disguise.len() + 1) });
        text.push_str(disguise.get(from..to).unwrap_or(&disguise));
        if take.is_empty() {
            break;
        }
    }
    let masked = redactor.mask(&text);
    assert_eq!(
        survivor(&masked, &secret),
        None,
        "{masked:?} of {text:?}, the secret is {:?}",
        String::from_utf8_lossy(&secret)
    );
    // Masking twice says nothing more.
    let twice = redactor.mask(&masked);
    assert_eq!(survivor(&twice, &secret), None);
    // What is no secret and looks like none is left alone.
    let harmless = "received 10, written 10, filtered 0";
    assert!(holds(harmless.as_bytes(), &secret) || redactor.mask(harmless) == harmless);
}
