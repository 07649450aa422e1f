use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;
use std::fmt::Write as _;

const SECRET: &str = "eyJ0eXAiOiJKV1QifQ.eyJleHAiOjE3ODAwMDAwMDB9.Xb3_kQ-93jsLfPz0aa71";

fn redactor() -> Redactor {
    let redactor = Redactor::default();
    redactor.add(SecretString::from(SECRET));
    redactor
}

/// Returns the encodings of a run of bytes, each with its name.
fn disguises(bytes: &[u8]) -> Vec<(&'static str, String)> {
    let percent = bytes.iter().fold(String::new(), |mut s, b| {
        let _ = write!(s, "%{b:02X}");
        s
    });
    let list = |separator: &str, f: &dyn Fn(&u8) -> String| bytes.iter().map(f).collect::<Vec<_>>().join(separator);
    let mut all = vec![
        ("plain", String::from_utf8_lossy(bytes).into_owned()),
        ("percent", percent.clone()),
        ("percent, lower case", percent.to_lowercase()),
        ("hex", list("", &|b| format!("{b:02x}"))),
        ("hex, upper case", list("", &|b| format!("{b:02X}"))),
        ("byte list", format!("{bytes:?}")),
        ("byte list without blanks", list(",", &|b| b.to_string())),
        ("JSON escapes", list("", &|b| format!("\\u{b:04x}"))),
    ];
    for (alignment, name) in ["base64", "base64, shifted by 1", "base64, shifted by 2"].into_iter().enumerate() {
        let shifted = [&b"\xff\xfe"[..alignment], bytes].concat();
        all.push((name, STANDARD.encode(&shifted)));
        all.push((name, URL_SAFE_NO_PAD.encode(&shifted)));
    }
    all
}

/// Asserts that the masked text holds no 12 bytes of the secret in the encoding.
fn assert_gone(redactor: &Redactor, secret: &str, text: &str, name: &str) {
    let masked = redactor.mask(text);
    let bytes = secret.as_bytes();
    for window in bytes.windows(12.min(bytes.len())) {
        for (form, disguised) in disguises(window) {
            // The ends of a base64 text also encode bits of the neighbouring text.
            let core = disguised.trim_end_matches('=');
            let core = if form.starts_with("base64") {
                &core[4.min(core.len())..core.len() - 4.min(core.len())]
            } else {
                core
            };
            if core.len() >= 8 {
                assert!(!masked.contains(core), "{name}: {form} of {window:?} is still in {masked}");
            }
        }
    }
}

#[test]
fn every_disguise_of_the_whole_secret_is_masked_and_the_rest_is_kept() {
    let redactor = redactor();
    for (name, disguised) in disguises(SECRET.as_bytes()) {
        let text = format!("before <{disguised}> after");
        let masked = redactor.mask(&text);
        assert!(masked.contains("[redacted]"), "{name}: {masked}");
        assert!(masked.starts_with("before <") && masked.ends_with("> after"), "{name}: {masked}");
        assert_gone(&redactor, SECRET, &text, name);
    }
}

#[test]
fn twelve_bytes_of_it_are_too_many_and_eleven_are_not_the_secret() {
    let redactor = Redactor::default();
    redactor.add(SecretString::from("0123456789abcdefghijklmnopqrstuv"));
    assert_eq!(redactor.mask("x 456789abcdef y"), "x [redacted] y");
    assert_eq!(redactor.mask("x 456789abcde y"), "x 456789abcde y");
}

#[test]
fn a_list_of_bytes_that_stands_against_other_text_is_masked_from_its_first_value_to_its_last() {
    let redactor = redactor();
    for window in SECRET.as_bytes().windows(12) {
        for (form, list) in
            disguises(window).into_iter().filter(|(form, _)| form.contains("list") || form.contains("colons"))
        {
            let list = list.trim_matches(['[', ']']);
            for text in [format!("k{list}"), format!("{list}zz"), format!("key{list}?")] {
                let masked = redactor.mask(&text);
                assert!(masked.contains(MASK) && !masked.contains(list), "{form}: {masked}");
            }
        }
    }
}

#[test]
fn short_secrets_are_masked_whole_and_empty_ones_mask_nothing() {
    let redactor = Redactor::default();
    redactor.add(SecretString::from(" \n"));
    assert_eq!(redactor.mask("a b"), "a b");
    redactor.add(SecretString::from("s3cr3t\n"));
    assert_eq!(redactor.mask("it is s3cr3t, s3cr3"), "it is [redacted], s3cr3");
}

#[test]
fn what_looks_like_a_secret_is_masked_without_being_known() {
    let redactor = Redactor::default();
    let cases = [
        ("GET /?version=2&token=abc.def&clientId=1 HTTP", "GET /?version=2&token=[redacted]&clientId=1 HTTP"),
        ("access-token: abcdefghijklmnop", "access-token: [redacted]"),
        ("Access-Token:abcdefghijklmnop x", "Access-Token:[redacted] x"),
        (r#"{"Token":"abcdefghijklmnop","x":1}"#, r#"{"Token":"[redacted]","x":1}"#),
        (r#"{\"Secret\":\"abcdefghijklmnop\"}"#, r#"{\"Secret\":\"[redacted]\"}"#),
        ("DHAN_ACCESS_TOKEN=xyz dhan feed", "DHAN_ACCESS_TOKEN=[redacted] dhan feed"),
        ("Authorization: Bearer abcdefghijklmnop", "Authorization: Bearer [redacted]"),
        ("see eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.c2ln!", "see [redacted]!"),
        ("cut eyJhbGciOiJIUzI1NiJ9.eyJle", "cut [redacted]"),
    ];
    for (text, masked) in cases {
        assert_eq!(redactor.mask(text), masked);
    }
}

#[test]
fn ordinary_messages_are_left_alone() {
    let redactor = redactor();
    for text in [
        "the token: none in --token-file, DHAN_TOKEN_FILE",
        "  token: DHAN_ACCESS_TOKEN",
        "set DHAN_CLIENT_ID and DHAN_ACCESS_TOKEN: they are read first",
        "connected to wss://api-feed.dhan.co/?version=2&token=[redacted]&clientId=******0001&authType=2",
        "received 12, written 101, filtered 121, dropped 74",
        "RELIANCE = NSE_EQ:2885 (also BSE_EQ:500325)",
        "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef",
        "नमस्ते ₹ 1 234",
        "",
    ] {
        assert!(matches!(redactor.mask(text), Cow::Borrowed(_)), "{text}");
        assert_eq!(redactor.mask(text), text);
    }
}

proptest! {
    #[test]
    fn no_window_survives_in_any_disguise_whatever_stands_around_it(
        secret in "[!-~]{12,80}",
        before in "\\PC{0,20}",
        after in "\\PC{0,20}",
        which in 0usize..14,
        cut in 0.0f64..1.0,
    ) {
        let redactor = Redactor::default();
        redactor.add(SecretString::from(secret.as_str()));
        // Twelve bytes of it or more.
        let start = ((secret.len() - 12) as f64 * cut) as usize;
        let part = &secret.as_bytes()[start..];
        let (name, disguised) = disguises(part).swap_remove(which);
        let text = format!("{before} {disguised} {after}");
        prop_assert!(redactor.mask(&text).contains(MASK), "{}: {}", name, text);
        assert_gone(&redactor, &secret, &text, name);
    }

    #[test]
    fn any_text_is_survived_and_masking_twice_changes_nothing_more_that_is_known(
        text in "\\PC{0,200}", secret in "\\PC{0,40}",
    ) {
        let redactor = Redactor::default();
        redactor.add(SecretString::from(secret.as_str()));
        let masked = redactor.mask(&text).into_owned();
        let known = secret.trim();
        if !known.is_empty() && !MASK.contains(known) {
            prop_assert!(!masked.replace(MASK, "\0").contains(known));
        }
    }
}

#[test]
fn long_text_costs_no_more_than_its_length() {
    // Repeats what the patterns match best; a quadratic search would take minutes.
    let redactor = redactor();
    for text in ["ab".repeat(1 << 16), "101, ".repeat(25_000), "eyJ".repeat(45_000), "token=".repeat(22_000)] {
        assert!(!redactor.mask(&text).contains(SECRET));
    }
}

#[test]
fn a_client_id_is_shown_by_its_last_characters_and_other_numbers_are_left() {
    let redactor = redactor();
    redactor.add_client_id("1000000001");
    redactor.add_client_id("77");
    for (text, shown) in [
        ("client 1000000001 is bad", "client ******0001 is bad"),
        ("1000000001", "******0001"),
        ("id1000000001,1000000001.", "id******0001,******0001."),
        ("at 1000000001000000 and 91000000001", "at 1000000001000000 and 91000000001"),
        ("77 packets of connection 77", "77 packets of connection 77"),
    ] {
        assert_eq!(redactor.mask(text), shown);
    }
    let both = format!("1000000001 and {SECRET}");
    assert_eq!(redactor.mask(&both), "******0001 and [redacted]");
    let data = br#"{"clientId":"1000000001"}"#;
    assert_eq!(*redactor.redact_text(data), *data, "records have a rule of their own for it");
}
