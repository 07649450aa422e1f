//! Checks the form of a token, and recognises what people paste instead of one.

use super::{file, jwt};
use secrecy::{ExposeSecret as _, SecretString};

/// Minimum length in bytes of a word among several that counts as a secret.
const LEAST_PART: usize = 12;

/// Returns the token without the white space and the byte order mark that editors put around it. Error texts follow
/// the token's place and contain no part of it.
///
/// # Errors
/// Says what is wrong and what to write instead.
pub fn checked_token(raw: &SecretString) -> Result<SecretString, &'static str> {
    let text = raw.expose_secret();
    let word = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
    if let Some(words) = dressed_up(word) {
        return Err(words);
    }
    let word = checked_word(word)?;
    if !word.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(
            "holds characters that no token has, such as a byte order mark: write the token as plain ASCII text",
        );
    }
    if jwt::looks_like_jwt(word) && !jwt::is_whole_jwt(word) {
        return Err("holds a half-written token: a JWT has three parts with dots between them");
    }
    Ok(SecretString::from(word))
}

/// Returns the parts of a text that may be secrets, for the redactor: the token without the text around it, so that a
/// name before it is not taken for a secret too.
pub(crate) fn secret_parts(raw: &SecretString) -> impl Iterator<Item = SecretString> {
    let is_around = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ':' | '{' | '}' | '[' | ']');
    let words = raw.expose_secret().trim_matches('\u{feff}').split(is_around).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    let is_alone = words.len() == 1;
    words.into_iter().filter_map(move |word| {
        let value = match word.split_once('=') {
            Some((_, value)) if !value.trim_matches('=').is_empty() => value,
            _ => word,
        };
        let looks_like_one = value.len() >= LEAST_PART && value.bytes().any(|b| b.is_ascii_digit());
        (is_alone || looks_like_one).then(|| SecretString::from(value))
    })
}

/// Describes the text around a token that was copied out of something else. It is not removed silently: a wrong guess
/// about what belongs to the token would be refused by the server as an invalid token.
fn dressed_up(word: &str) -> Option<&'static str> {
    if word.starts_with('{') || word.starts_with('[') {
        return Some("holds JSON, not a token: write the token alone, without the braces and names around it");
    }
    let quotes = ['"', '\'', '`', '\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}'];
    if word.starts_with(quotes) || word.ends_with(quotes) {
        return Some("has quotes around the token: write it without them");
    }
    if word.starts_with("export ") {
        return Some("has a shell command around the token: write only what stands behind the =");
    }
    let (name, value) = word.split_once('=')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.trim_end().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    // Base64 may end in `=` with nothing behind it.
    (is_name && !value.trim_matches('=').is_empty())
        .then_some("has a NAME= before the token, as a file of variables has: write only what stands behind the =")
}

/// Returns a word without the white space around it. Error texts follow its place.
pub(crate) fn checked_word(text: &str) -> Result<&str, &'static str> {
    let word = text.trim();
    if word.is_empty() {
        return Err("is empty");
    }
    if word.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("has white space or control characters inside");
    }
    if word.len() > file::TOKEN_LIMIT {
        return Err("is larger than 16 KiB, which no token is");
    }
    Ok(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    const JWT: &str = "eyJhbGciOiJIUzUxMiJ9.eyJleHAiOjE3ODAwMDAwMDB9.c2lnbmF0dXJl";

    #[test]
    fn a_token_that_is_dressed_up_is_malformed_and_the_words_say_what_to_write() {
        for (text, words) in [
            (format!("\"{JWT}\""), "has quotes"),
            (format!("'{JWT}'\n"), "has quotes"),
            (format!("\u{feff}\"{JWT}\""), "has quotes"),
            (format!("\u{201c}{JWT}\u{201d}"), "has quotes"),
            (format!("DHAN_ACCESS_TOKEN={JWT}"), "behind the ="),
            (format!("export DHAN_ACCESS_TOKEN={JWT}"), "behind the ="),
            (format!("access-token = {JWT}"), "behind the ="),
            (format!("{{\"accessToken\":\"{JWT}\"}}"), "holds JSON"),
            (format!("[\"{JWT}\"]"), "holds JSON"),
            (format!("{JWT} {JWT}"), "white space"),
            (format!("{JWT}\u{feff}"), "plain ASCII"),
            (format!("{JWT}\u{200b}"), "plain ASCII"),
            (JWT[..30].to_owned(), "half-written"),
            (String::new(), "is empty"),
        ] {
            let error = checked_token(&SecretString::from(text.as_str())).expect_err("malformed");
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn the_masker_learns_the_token_and_not_the_words_around_it() {
        for text in [JWT.to_owned(), format!("DHAN_ACCESS_TOKEN={JWT}"), format!("{{\"accessToken\":\"{JWT}\"}}")] {
            let parts: Vec<_> = secret_parts(&SecretString::from(text)).collect();
            assert_eq!(parts.iter().map(|part| part.expose_secret()).collect::<Vec<_>>(), [JWT]);
        }
        let parts = secret_parts(&SecretString::from("an-opaque-token")).count();
        assert_eq!(parts, 1);
    }

    #[test]
    fn what_is_a_token_is_taken_as_it_is() {
        for (text, token) in [
            (format!("\u{feff}{JWT}\r\n"), JWT),
            (format!(" \t{JWT}\n\n"), JWT),
            ("b3BhcXVl==".to_owned(), "b3BhcXVl=="),
            ("opaque-token/1+2=".to_owned(), "opaque-token/1+2="),
        ] {
            let found = checked_token(&SecretString::from(text)).expect("a token");
            assert_eq!(found.expose_secret(), token);
        }
    }
}
