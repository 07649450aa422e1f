//! Lists the forms in which a secret may appear in a text: plain, and as encoders write it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};

/// Number of consecutive bytes of a secret that must never be shown.
const WINDOW: usize = 12;
/// Minimum length of an encoded form; shorter ones would match ordinary text.
const SHORTEST_ENCODED: usize = 8;

/// Holds a secret in one encoding.
pub(super) struct Form {
    /// The complete secret in this encoding.
    pub text: SecretString,
    /// Number of consecutive bytes that are masked: the encoded length of [`WINDOW`] bytes, or all of a short secret.
    pub least: usize,
}

/// Returns every form of a secret, each once.
pub(super) fn of(secret: &str) -> Vec<Form> {
    let bytes = secret.as_bytes();
    let each = |encode: &dyn Fn(u8) -> String| bytes.iter().map(|&byte| encode(byte)).collect::<String>();
    let mut forms: Vec<Form> = Vec::new();
    let mut add = |text: String, per_byte: usize, least: usize| {
        let is_known = forms.iter().any(|form| form.text.expose_secret() == text);
        if !is_known && (per_byte == 0 || text.len() >= SHORTEST_ENCODED) {
            forms.push(Form { least: least.min(text.len()), text: SecretString::from(text) });
        }
    };
    add(secret.to_owned(), 0, WINDOW);
    let percent: String = utf8_percent_encode(secret, NON_ALPHANUMERIC).collect();
    add(url::form_urlencoded::byte_serialize(bytes).collect(), 1, WINDOW);
    add(percent.to_lowercase(), 1, WINDOW);
    add(percent, 1, WINDOW);
    for (prefix, width) in [("%", 3), ("", 2), ("\\u00", 6)] {
        add(each(&|byte| format!("{prefix}{byte:02x}")), width, width * WINDOW);
        add(each(&|byte| format!("{prefix}{byte:02X}")), width, width * WINDOW);
    }
    // This is how `Debug` prints bytes: numbers separated by a comma and a space.
    let list: Vec<String> = bytes.iter().map(u8::to_string).collect();
    add(list.join(", "), 4, 4 * WINDOW - 2);
    add(list.join(","), 3, 3 * WINDOW - 1);
    for before in 0..3 {
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let shifted = [&[0; 2][..before], bytes].concat();
            let text = engine.encode(&shifted);
            // Characters that also encode bits of neighbouring text are not part of the form.
            let first = (before * 8).div_ceil(6);
            let last = shifted.len() * 8 / 6;
            add(text.get(first..last).unwrap_or_default().to_owned(), 1, WINDOW * 8 / 6 - 2);
        }
    }
    forms
}
