//! Writes stdout for commands that do not stream: the complete text, and a quiet end if its reader has left.

use crate::model::exit::{Exit, Failure};
use crate::model::os_text;
use std::io::{self, Write as _};

/// Writes the text to stdout completely.
///
/// # Errors
/// Exit 9 if stdout cannot be written. If the reader has left, the process ends by SIGPIPE, like any Unix tool.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            die_of_sigpipe();
            Ok(())
        }
        Err(error) => Err(Failure::new(Exit::Output, format!("cannot write to stdout: {}", os_text(&error)))),
    }
}

/// Ends the process by SIGPIPE. Returns only if the system does not allow that.
pub fn die_of_sigpipe() {
    let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGPIPE);
}
