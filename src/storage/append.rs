//! Appending so that a file never keeps half of anything: a partial write is completed or taken back, and a full disk
//! is waited out.

use super::disk::Filesystem;
use super::failure::{StopSignal, Unwritten, WriteFailure};
use crate::console::Console;
use crate::model::exit::{Exit, Failure};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How often a full disk is tried again.
const RETRY: Duration = Duration::from_millis(250);
/// How often a full disk is spoken of.
const SAY: Duration = Duration::from_secs(10);

/// What a wait needs to know.
#[derive(Clone)]
pub struct WriteContext {
    /// The operating system.
    pub fs: Arc<dyn Filesystem>,
    /// How long at most.
    pub disk_wait: Duration,
    /// Ends it earlier.
    pub stop: StopSignal,
    /// Who is told.
    pub console: Console,
}

/// One trouble, from its first error on.
pub struct Trouble<'a> {
    patience: &'a WriteContext,
    what: String,
    since: Option<Duration>,
    said: Option<Duration>,
}

impl<'a> Trouble<'a> {
    /// Nothing has gone wrong yet; `what` names the file.
    pub fn new(patience: &'a WriteContext, what: impl Into<String>) -> Trouble<'a> {
        Trouble { patience, what: what.into(), since: None, said: None }
    }

    /// Waits a moment after `error`, unless it will not pass, or the time is up, or the run stops.
    pub fn wait_after(&mut self, error: &io::Error) -> Result<(), WriteFailure> {
        let WriteContext { fs, disk_wait, stop, console } = self.patience;
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
        if self.said.is_none_or(|said| now.saturating_sub(said) >= SAY) {
            self.said = Some(now);
            let left = Duration::from_secs((*disk_wait).saturating_sub(now.saturating_sub(since)).as_secs());
            console.warn(format_args!(
                "{} cannot be written: {}; trying again for up to {}",
                self.what,
                crate::model::os_text(error),
                humantime::format_duration(left),
            ));
        }
        fs.pause(RETRY.min(*disk_wait));
        Ok(())
    }

    /// It works again.
    pub fn over(self) {
        if self.said.is_some() {
            self.patience.console.info(format_args!("{} can be written again", self.what));
        }
    }
}

/// Whether an error may pass when one waits: full, over quota, too large, read-only, I/O.
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

/// Exit 9 for a file and an error.
pub fn cannot_write(what: &str, error: &io::Error) -> Failure {
    Failure::new(Exit::Output, format!("cannot write {what}: {}", crate::model::os_text(error)))
}

/// Where a chunk may be cut when only a part of it could be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// After any line.
    Lines,
    /// Nowhere: it is a compressed block.
    Nowhere,
}

/// A file that only grows, by whole chunks.
pub struct Appender {
    patience: WriteContext,
    file: File,
    path: PathBuf,
    /// Bytes that the file has, as far as we know.
    len: u64,
    /// Bytes that were appended here.
    total: u64,
    /// Bytes at the end that should not be there and could not be taken back yet.
    torn: u64,
}

impl Appender {
    /// Appends to `file`, which has `len` bytes.
    pub fn new(patience: WriteContext, file: File, path: PathBuf, len: u64) -> Appender {
        Appender { patience, file, path, len, total: 0, torn: 0 }
    }

    /// Bytes that the file has, as far as we know.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Bytes that were appended.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The open file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// From now on what cannot be written at once is not written.
    pub fn wait_no_more(&mut self) {
        self.patience.stop = StopSignal::default();
        self.patience.stop.stop();
    }

    /// Has what was appended reach the disk.
    pub fn sync(&self) -> io::Result<()> {
        self.patience.fs.sync(&self.file)
    }

    /// Whether somebody cut the file since we last looked; its length is then what is left.
    pub fn was_cut(&mut self) -> bool {
        match self.patience.fs.fstat(&self.file) {
            Ok(stat) if stat.len < self.len => {
                self.len = stat.len;
                true
            }
            Ok(stat) => {
                // Somebody appended; that is theirs.
                self.len = stat.len;
                false
            }
            Err(_) => false,
        }
    }

    /// Appends a chunk, all of it or, after an error, its first `written` bytes.
    pub fn append(&mut self, bytes: &[u8], cut: Cut) -> Result<(), Unwritten> {
        let patience = self.patience.clone();
        let mut trouble = Trouble::new(&patience, self.path.display().to_string());
        let mut whole = 0; // bytes of `bytes` that may stay
        let mut at = 0; // bytes of `bytes` that are in the file
        loop {
            let error = match self.repair_end() {
                Ok(()) => match self.write_on(bytes, &mut at) {
                    Ok(()) => {
                        self.len += (bytes.len() - whole) as u64;
                        self.total += (bytes.len() - whole) as u64;
                        trouble.over();
                        return Ok(());
                    }
                    Err(error) => error,
                },
                Err(error) => error,
            };
            let keep = match cut {
                Cut::Lines => memchr::memrchr(b'\n', &bytes[whole..at]).map_or(whole, |end| whole + end + 1),
                Cut::Nowhere => 0,
            };
            self.len += (keep - whole) as u64;
            self.total += (keep - whole) as u64;
            self.torn += (at - keep) as u64;
            (whole, at) = (keep, keep);
            // Taken back before waiting: a reader, or the next run, sees whole lines only.
            let _ = self.repair_end();
            if let Err(failure) = trouble.wait_after(&error) {
                return Err(Unwritten { failure, written: whole });
            }
        }
    }

    fn write_on(&self, bytes: &[u8], at: &mut usize) -> io::Result<()> {
        while *at < bytes.len() {
            match self.patience.fs.write(&self.file, &bytes[*at..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => *at += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes back what must not stay at the end.
    pub fn repair_end(&mut self) -> io::Result<()> {
        if self.torn > 0 {
            let fs = &self.patience.fs;
            // Measured, not remembered: if somebody cut the file meanwhile, setting a remembered length would fill
            // the hole with zeros.
            let len = fs.fstat(&self.file)?.len;
            fs.set_len(&self.file, len.saturating_sub(self.torn))?;
            self.torn = 0;
        }
        Ok(())
    }
}
