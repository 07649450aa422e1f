//! Finding a token wherever it may have got to, in the disguises that programs give to bytes.

use super::{OTHER, SENTINEL};
use base64::Engine as _;
use std::path::Path;
use std::sync::LazyLock;

/// What no output may hold: pieces of both tokens, long enough to be no accident.
static FORBIDDEN: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for token in [SENTINEL, OTHER] {
        let bytes = token.as_bytes();
        // The head is the same in every token of its kind; any twelve characters behind it are the secret.
        for at in 0..=bytes.len() - 12 {
            all.push((format!("plain, from {at}"), bytes[at..at + 12].to_vec()));
        }
        let piece = &bytes[36..];
        let upper: String = piece[..12].iter().map(|byte| format!("%{byte:02X}")).collect();
        all.push(("percent-encoded".into(), upper.to_lowercase().into_bytes()));
        all.push(("percent-encoded".into(), upper.into_bytes()));
        let hex: String = piece[..12].iter().map(|byte| format!("{byte:02x}")).collect();
        all.push(("hex".into(), hex.to_uppercase().into_bytes()));
        all.push(("hex".into(), hex.into_bytes()));
        let list: Vec<String> = piece[..12].iter().map(u8::to_string).collect();
        all.push(("a list of bytes".into(), list.join(", ").into_bytes()));
        all.push(("a list of bytes".into(), list.join(",").into_bytes()));
        for shift in 0..3 {
            // Base64 of a text that holds the token somewhere: the middle of each alignment.
            let encoded = base64::engine::general_purpose::STANDARD.encode(&bytes[3 + shift..]);
            all.push((format!("base64, shifted by {shift}"), encoded.as_bytes()[..20].to_vec()));
            let encoded = base64::engine::general_purpose::STANDARD.encode(&piece[shift..]);
            all.push((format!("base64, shifted by {shift}"), encoded.as_bytes()[..20].to_vec()));
        }
        all.push(("reversed".into(), bytes.iter().rev().take(20).copied().collect()));
    }
    all
});

/// How a piece of a token is in these bytes, if one is.
pub fn found(bytes: &[u8]) -> Option<&'static str> {
    FORBIDDEN.iter().find(|(_, piece)| memchr::memmem::find(bytes, piece).is_some()).map(|(how, _)| how.as_str())
}

#[track_caller]
pub fn assert_clean(where_: &str, bytes: &[u8]) {
    if let Some(how) = found(bytes) {
        // Not the bytes themselves: what failed here is for eyes that must not see it elsewhere.
        panic!("a part of the token ({how}) is in {where_}");
    }
}

/// Every file below a folder.
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

/// No file below a folder holds a part of the token, nor does its name; `but` is where the test has put it.
#[track_caller]
pub fn assert_folder_clean(folder: &Path, but: &Path) {
    walk(folder, &mut |path| {
        if !path.starts_with(but) {
            assert_clean("the name of a file", path.as_os_str().as_encoded_bytes());
            assert_clean(&format!("{path:?}"), &std::fs::read(path).unwrap_or_default());
        }
    });
}
