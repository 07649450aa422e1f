//! Destinations of lines: stdout, rotated files, NATS.

pub mod file;
pub mod item;
pub mod lost;
#[cfg(feature = "nats")]
pub mod nats;
pub mod queue;
pub mod stdout;
pub mod writer;

pub use crate::storage::{StopSignal, Unwritten, WriteFailure};
pub use queue::OnLag;

/// Where whole lines go. Every chunk holds whole lines only, and a destination keeps it so: a line is completed or taken back.
pub trait Destination {
    /// What people call it.
    fn name(&self) -> String {
        "an output".to_owned()
    }

    /// The pattern that names its files.
    fn pattern(&self) -> Option<&file::Pattern> {
        None
    }

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

    /// Whether [`Destination::write_at_once`] takes lines, as a rule.
    fn is_prompt(&self) -> bool {
        false
    }

    /// Writes whole lines if that waits for nobody longer than a moment (a millisecond). `false`: nothing was written.
    fn write_at_once(&mut self, _lines: &[u8]) -> Result<bool, Unwritten> {
        Ok(false)
    }

    /// Writes a gap record (a whole NDJSON line) where the format itself has no room for it. `false`: this
    /// destination has no such place.
    fn write_gap(&mut self, _line: &[u8]) -> Result<bool, WriteFailure> {
        Ok(false)
    }

    /// Called about once a second, also when nothing is written: closes blocks, notices a file that was moved away or
    /// a reader that went. What it noticed is in [`Destination::take_notices`].
    fn tick(&mut self, _now_us: i64) -> Result<(), WriteFailure> {
        Ok(())
    }

    /// What happened to the output from outside since the last call.
    fn take_notices(&mut self) -> Vec<Notice> {
        Vec::new()
    }

    /// Re-opens the file by its path (SIGHUP, [`Notice::Moved`]). `true`: the path holds another file now, the old one
    /// was closed with `end_line` as its last line if given, and the books of a file start anew. `false`: it is still
    /// the same file, `end_line` was not used.
    fn reopen(&mut self, _end_line: Option<&[u8]>) -> Result<bool, WriteFailure> {
        Ok(false)
    }

    /// Ends the destination orderly, `end_line` its last line if given.
    fn finish(&mut self, end_line: Option<&[u8]>) -> Result<(), WriteFailure>;

    /// Takes back what opening it did: the run does not begin.
    fn undo(&mut self) {}

    /// Bytes written since the start, as on disk.
    fn bytes_written(&self) -> u64;

    /// Lines that [`Destination::write`] took and that are lost all the same: a compressor's last second when the disk
    /// failed for good. 0 as long as nothing failed.
    fn lost_lines(&self) -> u64 {
        0
    }
}

/// Something that was done to the output from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The file was renamed or deleted: [`Destination::reopen`] it now. Whoever does not, has it re-opened (without an
    /// end line) at the next tick.
    Moved {
        /// For people, and for the gap's `detail`.
        message: String,
        /// Lines that were written since this moment are in no file, µs since the epoch; `None` if the file is still
        /// somewhere.
        lost_since_us: Option<i64>,
    },
    /// The file was cut while it was written (logrotate's `copytruncate`): lines that were written since `from_us` may
    /// be in no file. Calls for a gap record; how many is not known.
    Truncated {
        /// For people, and for the gap's `detail`.
        message: String,
        /// The last moment the file was known to be whole, µs since the epoch.
        from_us: i64,
    },
}
