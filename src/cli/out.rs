//! Stdout of the commands that do not stream: text written whole, and a quiet death when its reader has gone.

use crate::model::exit::{Exit, Failure};
use std::io::{self, Write as _};

/// Writes text to stdout, whole.
///
/// # Errors
/// Exit 9 when stdout cannot be written. A reader that went away ends the process by SIGPIPE, as any Unix tool.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            die_of_sigpipe();
            Ok(())
        }
        Err(error) => Err(Failure::new(Exit::Output, format!("cannot write to stdout: {}", error.kind()))),
    }
}

/// Ends the process as SIGPIPE does. Returns only where the system will not have it.
pub fn die_of_sigpipe() {
    let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGPIPE);
}
