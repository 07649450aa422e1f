//! The forms in which a secret may turn up in a text: plain, and as encoders write it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};

/// How many bytes of a secret in a row are too many to show.
const WINDOW: usize = 12;
/// A shorter form of an encoded secret would turn up in any text.
const SHORTEST_ENCODED: usize = 8;

/// A secret in one encoding.
pub(super) struct Form {
    /// The whole secret in this encoding.
    pub text: SecretString,
    /// How many bytes of it in a row are masked: as many as [`WINDOW`] bytes of the secret give, or all of a short one.
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
    // As `Debug` prints bytes: at least two digits, a comma and a blank each.
    let list: Vec<String> = bytes.iter().map(u8::to_string).collect();
    add(list.join(", "), 4, 4 * WINDOW - 2);
    add(list.join(","), 3, 3 * WINDOW - 1);
    for before in 0..3 {
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let shifted = [&[0; 2][..before], bytes].concat();
            let text = engine.encode(&shifted);
            // Characters that the neighbours have a part in are not the secret's own.
            let first = (before * 8).div_ceil(6);
            let last = shifted.len() * 8 / 6;
            add(text.get(first..last).unwrap_or_default().to_owned(), 1, WINDOW * 8 / 6 - 2);
        }
    }
    forms
}
