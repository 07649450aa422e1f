//! Errors of the operating system in words.

use std::io;

/// Returns an operating-system error in words that hold no path and no other text of the program.
pub fn io_words(error: &io::Error) -> String {
    match (error.kind(), error.raw_os_error()) {
        (io::ErrorKind::NotFound, _) => "no such file or folder".to_owned(),
        (kind, Some(number)) => format!("{kind} (os error {number})"),
        (kind, None) => kind.to_string(),
    }
}

/// Returns the operating system's text of an error, without its number.
pub fn os_text(error: &io::Error) -> String {
    let mut text = error.to_string();
    text.truncate(text.find(" (os error").unwrap_or(text.len()));
    text
}
