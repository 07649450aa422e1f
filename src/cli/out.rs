//! Writes stdout for commands that do not stream: the complete text, and a quiet end if its reader has left.

use crate::model::{Exit, Failure, os_text};
use std::io::{self, Write as _};

/// Writes the text to stdout completely.
///
/// # Errors
/// As [`unwritten`].
pub fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(unwritten)
}

/// Returns the failure of a command whose stdout cannot be written (exit 9). If the reader has left, the process ends
/// here by SIGPIPE, like any Unix tool.
pub fn unwritten(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => reader_gone(),
        _ => Failure::new(Exit::Output, format!("cannot write to stdout: {}", os_text(&error))),
    }
}

/// Ends the process by SIGPIPE; returns a failure only if the system does not allow that.
pub fn reader_gone() -> Failure {
    die_of_sigpipe();
    Failure::new(Exit::Output, "the reader of the output went away")
}

/// Ends the process by SIGPIPE. Returns only if the system does not allow that.
pub fn die_of_sigpipe() {
    let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGPIPE);
}
