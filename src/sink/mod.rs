//! Formats (NDJSON, CSV) and destinations (stdout, rotated files).

pub mod csv;
pub mod encoder;
pub mod ndjson;
pub mod text;
pub mod time;

use crate::exit::Failure;

/// Where whole lines go. Every chunk holds whole lines only, and a destination keeps it so: a line is completed or taken back.
pub trait Destination {
    /// From this moment on (receive time, µs since the epoch) a record belongs to another file; `i64::MAX` when time does not matter.
    fn boundary_us(&self) -> i64 {
        i64::MAX
    }

    /// Whether the file should be rotated before this many more bytes are written.
    fn wants_rotation(&self, _upcoming: usize) -> bool {
        false
    }

    /// Closes the current file, `end_line` its last line if given, and starts the one that `at_us` belongs to.
    fn rotate(&mut self, _at_us: i64, _end_line: Option<&[u8]>) -> Result<(), WriteFailure> {
        Ok(())
    }

    /// Writes whole lines. Returns when they are with the operating system (or in a compressor), or never will be.
    fn write(&mut self, lines: &[u8]) -> Result<(), Unwritten>;

    /// Called about once a second, also when nothing is written: closes blocks, notices a file that was moved away.
    fn tick(&mut self, _now_us: i64) -> Result<(), WriteFailure> {
        Ok(())
    }

    /// Re-opens the file by its path (SIGHUP).
    fn reopen(&mut self) -> Result<(), WriteFailure> {
        Ok(())
    }

    /// Ends the destination orderly, `end_line` its last line if given.
    fn finish(&mut self, end_line: Option<&[u8]>) -> Result<(), WriteFailure>;

    /// Bytes written since the start, as on disk.
    fn bytes_written(&self) -> u64;
}

/// Lines that could not be written; those before `written` could, and no line was torn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwritten {
    /// Why.
    pub failure: WriteFailure,
    /// Bytes of whole lines that were written.
    pub written: usize,
}

/// Why a destination takes no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteFailure {
    /// The reader of stdout went away.
    ReaderGone,
    /// The run was told to stop while waiting to write.
    Stopped,
    /// Output failed for good.
    Failed(Failure),
}

/// Tells whoever waits to write that the run must end now. Cheap to clone and to ask.
#[derive(Debug, Clone, Default)]
pub struct StopSignal(std::sync::Arc<std::sync::atomic::AtomicBool>);

impl StopSignal {
    /// Waiting ends from now on.
    pub fn stop(&self) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    /// Whether waiting must end.
    pub fn is_stopped(&self) -> bool {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }
}
