//! Errors of the operating system in words.

use std::io;

/// Returns an operating-system error in words that cannot hold anything of ours.
pub fn io_words(error: &io::Error) -> String {
    match (error.kind(), error.raw_os_error()) {
        (io::ErrorKind::NotFound, _) => "no such file or folder".to_owned(),
        (kind, Some(number)) => format!("{kind} (os error {number})"),
        (kind, None) => kind.to_string(),
    }
}
