//! The search for the tests' tokens in everything that a run leaves, in the encodings that programs give to bytes.

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use std::path::Path;
use std::sync::LazyLock;

/// A token of the usual shape that no output may hold. It is nobody's.
pub const SENTINEL: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzUxMiJ9.eyJTRU5USU5FTCI6MX0.c2VudGluZWwtc2lnbmF0dXJl-_1234";
/// Another one, for rotations.
pub const OTHER: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzUxMiJ9.eyJST1RBVEVEIjoyfQ.cm90YXRlZC1zaWduYXR1cmUtXzk4NzY1";
/// A token that is no JWT: only a program that knows it can mask it.
pub const OPAQUE: &str = "SENTINEL.q7Vx9zKp2mW4tR8y-B3nL6cD1fH5jG0sA_wE2uQ";

/// Returns every 12 bytes in a row of a token, in every encoding. The head of a JWT is no secret: others have the same.
fn needles(token: &str) -> Vec<Vec<u8>> {
    let secret = if token.starts_with("eyJ") { &token[token.find('.').unwrap_or(0)..] } else { token };
    let mut needles: Vec<Vec<u8>> = vec![token.bytes().rev().take(20).collect()];
    for window in secret.as_bytes().windows(12) {
        let each = |f: &dyn Fn(u8) -> String| window.iter().map(|&b| f(b)).collect::<String>();
        let list = |separator: &str| window.iter().map(u8::to_string).collect::<Vec<_>>().join(separator);
        needles.extend(
            [
                String::from_utf8_lossy(window).into_owned(),
                each(&|b| format!("%{b:02X}")),
                each(&|b| format!("%{b:02x}")),
                each(&|b| format!("{b:02x}")),
                each(&|b| format!("{b:02X}")),
                each(&|b| format!("\\u{b:04x}")),
                each(&|b| format!("\\x{b:02x}")),
                list(", "),
                list(","),
                list(" "),
            ]
            .map(String::into_bytes),
        );
        for before in 0..3 {
            // Only the groups that the window fills alone.
            let shifted = [&[0; 2][..before], window].concat();
            let (from, to) = (if before == 0 { 0 } else { 4 }, shifted.len() / 3 * 4);
            needles.push(STANDARD.encode(&shifted).as_bytes()[from..to].to_vec());
            needles.push(URL_SAFE_NO_PAD.encode(&shifted).as_bytes()[from..to].to_vec());
        }
    }
    needles
}

/// Returns [`OPAQUE`] in every encoding, complete: what a server may echo.
pub fn disguises() -> Vec<(&'static str, String)> {
    let bytes = OPAQUE.as_bytes();
    let each = |f: &dyn Fn(u8) -> String| bytes.iter().map(|&b| f(b)).collect::<String>();
    let mut all = vec![
        ("plain", OPAQUE.to_owned()),
        ("percent", each(&|b| format!("%{b:02X}"))),
        ("form", OPAQUE.replace('.', "%2E").replace('_', "%5F")),
        ("hex", each(&|b| format!("{b:02x}"))),
        ("upper hex", each(&|b| format!("{b:02X}"))),
        ("list", format!("{bytes:?}")),
    ];
    for before in 0..3 {
        all.push(("base64", STANDARD.encode([&b"\xff\xfe"[..before], bytes].concat())));
        all.push(("url-safe base64", URL_SAFE_NO_PAD.encode([&b"\xff\xfe"[..before], bytes].concat())));
    }
    all
}

/// Fails if 12 bytes in a row of a token are in there, in any encoding.
#[track_caller]
pub fn assert_clean(place: &str, bytes: &[u8]) {
    static NEEDLES: LazyLock<AhoCorasick> =
        LazyLock::new(|| AhoCorasick::new([SENTINEL, OTHER, OPAQUE].iter().flat_map(|token| needles(token))).unwrap());
    if let Some(found) = NEEDLES.find(bytes) {
        let around = &bytes[found.start().saturating_sub(80)..(found.end() + 80).min(bytes.len())];
        let (needle, around) = (String::from_utf8_lossy(&bytes[found.range()]), String::from_utf8_lossy(around));
        panic!("a part of a token is in {place} as {needle:?}: …{around}…");
    }
}

/// Visits every regular file below a folder.
pub fn walk(folder: &Path, each: &mut impl FnMut(&Path)) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, Ok(kind)) = (entry.path(), entry.file_type()) else { continue };
        if kind.is_dir() {
            walk(&path, each);
        } else if kind.is_file() {
            each(&path);
        }
    }
}

/// Fails if a file below a folder, or its name, holds a part of a token. Files in which the test itself keeps a token
/// end in `.secret` or are in a folder `secret`.
#[track_caller]
pub fn assert_folder_clean(folder: &Path) {
    const END: usize = 1 << 20;
    let secret = folder.join("secret");
    walk(folder, &mut |path| {
        let name = path.display().to_string();
        assert_clean("the name of a file", name.as_bytes());
        if path.starts_with(&secret) || name.ends_with(".secret") {
            return;
        }
        // Both ends of a large file: what is between came the same way.
        let bytes = std::fs::read(path).unwrap_or_default();
        assert_clean(&name, &bytes[..bytes.len().min(END)]);
        if bytes.len() > END {
            assert_clean(&name, &bytes[bytes.len() - END..]);
        }
    });
}

#[test]
fn the_search_finds_a_token_in_every_encoding() {
    let others = [("a JWT", SENTINEL.to_owned()), ("another JWT", OTHER.to_owned())];
    for (name, text) in disguises().into_iter().chain(others) {
        let text = format!("so: {text}.");
        assert!(std::panic::catch_unwind(|| assert_clean("it", text.as_bytes())).is_err(), "{name} was not found");
    }
    assert_clean("clean text", b"SENTINEL. and nothing more");
}
