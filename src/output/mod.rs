//! Writes lines to their destinations: stdout, rotated files, NATS.

pub mod file;
pub mod item;
pub mod lost_packets;
#[cfg(feature = "nats")]
pub mod nats;
pub mod queue;
pub mod stdout;
pub mod writer;

use crate::model::Micros;
pub use crate::storage::{StopSignal, Unwritten, WriteFailure};
pub use queue::OnLag;

/// Takes complete lines. A destination never leaves a partial line: a line is completed or taken back.
pub trait Destination {
    /// Returns its name for people.
    fn name(&self) -> String {
        "an output".to_owned()
    }

    /// Returns the pattern of its file names.
    fn pattern(&self) -> Option<&file::Pattern> {
        None
    }

    /// Returns the receive time from which records belong to another file; `Micros::MAX`
    /// if time does not matter.
    fn boundary(&self) -> Micros {
        Micros::MAX
    }

    /// Returns whether the file should be rotated before this many more bytes are written.
    fn wants_rotation(&self, _upcoming: usize) -> bool {
        false
    }

    /// Closes the current file, with `end_line` as its last line if given, and starts the one of the time `at`.
    fn rotate(&mut self, _at: Micros, _end_line: Option<&[u8]>) -> Result<(), WriteFailure> {
        Ok(())
    }

    /// Writes complete lines. Returns when they are with the operating system (or in a compressor), or have failed.
    fn write(&mut self, lines: &[u8]) -> Result<(), Unwritten>;

    /// Returns whether [`Destination::write_at_once`] usually takes lines.
    fn is_prompt(&self) -> bool {
        false
    }

    /// Writes complete lines if that takes no longer than about a millisecond. Returns `false` if nothing was
    /// written.
    fn write_at_once(&mut self, _lines: &[u8]) -> Result<bool, Unwritten> {
        Ok(false)
    }

    /// Writes a gap record (a complete NDJSON line) beside the file if the format has no place for it. Returns
    /// `false` if this destination has no such place.
    fn write_gap(&mut self, _line: &[u8]) -> Result<bool, WriteFailure> {
        Ok(false)
    }

    /// Does periodic work about once a second, also while nothing is written: closes blocks, and detects a file that
    /// was moved or a reader that left. What it detects is returned by [`Destination::take_notices`].
    fn tick(&mut self, _now: Micros) -> Result<(), WriteFailure> {
        Ok(())
    }

    /// Takes the changes from outside since the last call.
    fn take_notices(&mut self) -> Vec<Notice> {
        Vec::new()
    }

    /// Re-opens the file by its path (SIGHUP, [`Notice::Moved`]). Returns `true` if the path leads to another file
    /// now: the old one was closed, with `end_line` as its last line if given, and the file's counters start anew.
    /// Returns `false` if it is still the same file; `end_line` is then not used.
    fn reopen(&mut self, _end_line: Option<&[u8]>) -> Result<bool, WriteFailure> {
        Ok(false)
    }

    /// Ends the destination in order, with `end_line` as its last line if given.
    fn finish(&mut self, end_line: Option<&[u8]>) -> Result<(), WriteFailure>;

    /// Removes what opening created, because the run does not start.
    fn cancel_start(&mut self) {}

    /// Returns the bytes written since the start, as on disk.
    fn bytes_written(&self) -> u64;

    /// Returns the number of lines that [`Destination::write`] accepted and that were lost all the same: a
    /// compressor's last second when the disk failed permanently. 0 as long as nothing failed.
    fn lost_lines(&self) -> u64 {
        0
    }
}

/// Describes a change of the output from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The file was renamed or deleted: call [`Destination::reopen`] now; otherwise the next tick re-opens it without
    /// an end line.
    Moved {
        /// Text for people and for the gap's `detail`.
        message: String,
        /// Time since which written lines are in no file; `None` if the file still
        /// exists somewhere.
        lost_since: Option<Micros>,
    },
    /// The file was truncated while it was written (logrotate's `copytruncate`): lines written since `from` may be
    /// in no file. It needs a gap record; the number of lines is unknown.
    Truncated {
        /// Text for people and for the gap's `detail`.
        message: String,
        /// Last time at which the file was known to be complete.
        from: Micros,
    },
}
