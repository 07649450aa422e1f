//! Appends to files so that they never keep a partial line: a partial write is completed or taken back, and a full
//! disk is waited out.

use super::disk::Filesystem;
use super::failure::{StopSignal, Unwritten, WriteFailure};
use crate::console::Console;
use crate::model::exit::{Exit, Failure};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Interval between attempts to write to a full disk.
const RETRY: Duration = Duration::from_millis(250);
/// Interval between warnings about a full disk.
const WARN_EVERY: Duration = Duration::from_secs(10);

/// Holds what a wait for a disk needs.
#[derive(Clone)]
pub struct WriteContext {
    /// The operating system.
    pub fs: Arc<dyn Filesystem>,
    /// Longest time to wait for a full disk.
    pub disk_wait: Duration,
    /// Signal that ends the wait early.
    pub stop: StopSignal,
    /// Printer for warnings.
    pub console: Console,
}

/// Follows one write problem from its first error to its end.
pub struct WriteRetry<'a> {
    context: &'a WriteContext,
    what: String,
    since: Option<Duration>,
    warned_at: Option<Duration>,
}

impl<'a> WriteRetry<'a> {
    /// Creates the state before any error; `what` names the file in messages.
    pub fn new(context: &'a WriteContext, what: impl Into<String>) -> WriteRetry<'a> {
        WriteRetry { context, what: what.into(), since: None, warned_at: None }
    }

    /// Waits a moment after `error`. Fails if the error is permanent, the time is up, or the run stops.
    pub fn wait_after(&mut self, error: &io::Error) -> Result<(), WriteFailure> {
        let WriteContext { fs, disk_wait, stop, console } = self.context;
        if !passes(error) {
            return Err(WriteFailure::Failed(cannot_write(&self.what, error)));
        }
        let now = fs.elapsed();
        let since = *self.since.get_or_insert(now);
        if stop.is_stopped() {
            let mut failure = cannot_write(&self.what, error);
            failure.message += " (told to stop while waiting for it)";
            return Err(WriteFailure::Unsaved(failure));
        }
        if now.saturating_sub(since) >= *disk_wait {
            let waited = humantime::format_duration(Duration::from_secs(disk_wait.as_secs()));
            let mut failure = cannot_write(&self.what, error);
            failure.message += &format!(" (waited {waited}; --disk-wait)");
            return Err(WriteFailure::Failed(failure));
        }
        if self.warned_at.is_none_or(|warned| now.saturating_sub(warned) >= WARN_EVERY) {
            self.warned_at = Some(now);
            let remaining = Duration::from_secs((*disk_wait).saturating_sub(now.saturating_sub(since)).as_secs());
            console.warn(format_args!(
                "{} cannot be written: {}; trying again for up to {}",
                self.what,
                crate::model::os_text(error),
                humantime::format_duration(remaining),
            ));
        }
        fs.pause(RETRY.min(*disk_wait));
        Ok(())
    }

    /// Ends the problem: reports that writing works again, if a warning was printed.
    pub fn resolved(self) {
        if self.warned_at.is_some() {
            self.context.console.info(format_args!("{} can be written again", self.what));
        }
    }
}

/// Returns whether an error may pass if one waits: disk full, over quota, file too large, read-only, I/O error.
pub fn passes(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(
        error.kind(),
        ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::FileTooLarge
            | ErrorKind::StaleNetworkFileHandle
            | ErrorKind::WouldBlock
            | ErrorKind::TimedOut
            | ErrorKind::Interrupted
            | ErrorKind::WriteZero
    ) || error.raw_os_error() == Some(Errno::IO.raw_os_error())
}

/// Returns the failure of a file that cannot be written (exit 9).
pub fn cannot_write(what: &str, error: &io::Error) -> Failure {
    Failure::new(Exit::Output, format!("cannot write {what}: {}", crate::model::os_text(error)))
}

/// Says where a chunk may be cut if only a part of it could be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CutPoint {
    /// Behind any line.
    Lines,
    /// Nowhere: the chunk is a compressed block.
    Nowhere,
}

/// Appends complete chunks to a file.
pub struct Appender {
    context: WriteContext,
    file: File,
    path: PathBuf,
    /// Length of the file in bytes, as far as is known.
    len: u64,
    /// Bytes appended by this appender.
    total: u64,
    /// Bytes at the end that must be removed but could not be yet.
    torn: u64,
}

impl Appender {
    /// Creates an appender for `file`, which has `len` bytes.
    pub fn new(context: WriteContext, file: File, path: PathBuf, len: u64) -> Appender {
        Appender { context, file, path, len, total: 0, torn: 0 }
    }

    /// Returns the length of the file in bytes, as far as is known.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Returns the number of bytes appended.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Returns the open file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Ends all waiting: from now on a write that fails is not tried again.
    pub fn wait_no_more(&mut self) {
        self.context.stop = StopSignal::default();
        self.context.stop.stop();
    }

    /// Syncs the appended data to the disk.
    pub fn sync(&self) -> io::Result<()> {
        self.context.fs.sync(&self.file)
    }

    /// Returns whether the file was truncated since the last check, and takes over its new length.
    pub fn was_cut(&mut self) -> bool {
        match self.context.fs.fstat(&self.file) {
            Ok(stat) if stat.len < self.len => {
                self.len = stat.len;
                true
            }
            Ok(stat) => {
                // Another process appended; its bytes are kept.
                self.len = stat.len;
                false
            }
            Err(_) => false,
        }
    }

    /// Appends a chunk completely, or returns with the error how many bytes of it remain in the file.
    pub fn append(&mut self, bytes: &[u8], cut: CutPoint) -> Result<(), Unwritten> {
        let context = self.context.clone();
        let mut trouble = WriteRetry::new(&context, self.path.display().to_string());
        let mut kept = 0; // bytes of `bytes` that may stay
        let mut at = 0; // bytes of `bytes` that are in the file
        loop {
            let error = match self.repair_end() {
                Ok(()) => match self.write_on(bytes, &mut at) {
                    Ok(()) => {
                        self.len += (bytes.len() - kept) as u64;
                        self.total += (bytes.len() - kept) as u64;
                        trouble.resolved();
                        return Ok(());
                    }
                    Err(error) => error,
                },
                Err(error) => error,
            };
            let keep = match cut {
                CutPoint::Lines => memchr::memrchr(b'\n', &bytes[kept..at]).map_or(kept, |end| kept + end + 1),
                CutPoint::Nowhere => 0,
            };
            self.len += (keep - kept) as u64;
            self.total += (keep - kept) as u64;
            self.torn += (at - keep) as u64;
            (kept, at) = (keep, keep);
            // Repaired before waiting, so that a reader or the next run sees complete lines only.
            let _ = self.repair_end();
            if let Err(failure) = trouble.wait_after(&error) {
                return Err(Unwritten { failure, written: kept });
            }
        }
    }

    fn write_on(&self, bytes: &[u8], at: &mut usize) -> io::Result<()> {
        while *at < bytes.len() {
            match self.context.fs.write(&self.file, &bytes[*at..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => *at += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Removes the bytes at the end that must not stay.
    pub fn repair_end(&mut self) -> io::Result<()> {
        if self.torn > 0 {
            let fs = &self.context.fs;
            // The length is measured: if the file was truncated meanwhile, setting a remembered length would fill the
            // hole with zeros.
            let len = fs.fstat(&self.file)?.len;
            fs.set_len(&self.file, len.saturating_sub(self.torn))?;
            self.torn = 0;
        }
        Ok(())
    }
}
