//! Writes files: named by a pattern, rotated by time and size, compressed if the name says so, recovered after a
//! kill.
//!
//! # Order of steps
//! A run that writes `x.ndjson` holds a lock on `.x.ndjson.dhan` (`marker`) as long as it lives. These orders make a
//! kill at any moment harmless:
//!
//! * Opening: lock the marker → recover what a killed run left (`recover`) → write this run's marker, with the killed
//!   run's last record in it → remove the markers of earlier periods → open the file → (the writer puts the
//!   `restarted` gap into it).
//! * Rotating: last line and last frame of the old file → marker of the new file → new file → remove the old marker →
//!   `--on-rotate`. If killed in between, two markers are left; the next start recovers both and reports one gap. An
//!   empty marker was made just before the kill and is removed. Until a gap of killed runs is written, the marker of
//!   the next file records where it begins.
//! * Ending: last line, last frame → remove the marker → `--on-rotate`.

mod on_rotate;
mod open;
mod output;
mod pattern;
#[cfg(test)]
mod tests;
mod typed;

pub use pattern::Pattern;
pub use typed::TypedFiles;

use super::{Destination, Notice, StopSignal, Unwritten, WriteFailure};
use crate::console::Console;
use crate::format::encoder::Format;
use crate::model::Micros;
use crate::model::exit::Failure;
use crate::storage::{CutPoint, Disk, Filesystem, WriteContext, WriteRetry, cannot_write, gaps_path, passes};
use open::{NotOpened, OpenFile, Opener};
use std::sync::Arc;
use std::time::Duration;

/// Time after which a compressed frame is closed.
const FRAME: Duration = Duration::from_secs(60);
/// Interval between syncs to the disk.
const SYNC: Duration = Duration::from_secs(60);
/// Bytes reserved for the `end` record when files rotate by size.
const END_RECORD: usize = 256;

/// Holds the user's options for a file.
#[derive(Debug, Clone)]
pub struct FileSpec {
    /// Path with strftime codes, `{date}`, `{hour}` or `{minute}`. `.gz` and `.zst` compress.
    pub pattern: String,
    /// Format of the lines.
    pub format: Format,
    /// First line of a CSV file, with its line end.
    pub csv_header: Option<Vec<u8>>,
    /// Size on disk in bytes at which a new file is started.
    pub rotate_size: Option<u64>,
    /// Permissions: 0o644 for market data, 0o600 for orders; the umask may remove more.
    pub mode: u32,
    /// Command run by `sh -c` for every finished file, with its path in `$1`.
    pub on_rotate: Option<String>,
    /// Longest wait for a full disk.
    pub disk_wait: Duration,
    /// Signal that ends the wait.
    pub stop: StopSignal,
}

/// Holds a file that is ready to be written.
#[derive(Debug)]
pub struct OpenedFile {
    /// The destination.
    pub sink: FileSink,
    /// Killed runs that were writing this pattern: at most one entry, for a `gap` with reason `restarted` up to now.
    pub restarted: Vec<Restarted>,
}

/// Describes killed runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restarted {
    /// Time of their last record.
    pub from: Micros,
    /// What was found and done, for the gap's `detail`.
    pub detail: String,
}

/// Writes a rotated file.
pub struct FileSink {
    opener: Opener,
    boundary: Micros,
    current: Option<OpenFile>,
    /// Bytes in the files before this one.
    written: u64,
    notices: Vec<Notice>,
    moved: bool,
    frame_since: Option<Duration>,
    /// Time of the last sync.
    synced: Duration,
    /// Last time at which the file was checked and found undamaged.
    checked: Micros,
    /// Whether a write failed permanently.
    failed: bool,
    /// Number of `end` lines (0 or 1) among the lines that were not saved.
    end_unsaved: u64,
}

impl std::fmt::Debug for FileSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileSink").field("pattern", &self.opener.spec.pattern).finish_non_exhaustive()
    }
}

impl FileSink {
    /// Opens the file of the time `now`, after recovering what a killed run left of it and of the files of earlier
    /// periods.
    ///
    /// # Errors
    /// Exit 2 for a bad pattern, 9 for a place that cannot be written, 10 if another `dhan` writes it.
    pub fn open(spec: FileSpec, now: Micros, console: &Console) -> Result<OpenedFile, Failure> {
        FileSink::open_on(Arc::new(Disk::default()), spec, now, console)
    }

    /// Does the same as [`FileSink::open`] with any [`Filesystem`], for tests.
    ///
    /// # Errors
    /// The same.
    pub fn open_on(
        fs: Arc<dyn Filesystem>,
        spec: FileSpec,
        now: Micros,
        console: &Console,
    ) -> Result<OpenedFile, Failure> {
        let pattern = Pattern::parse(&spec.pattern)?;
        FileSink::open_pattern(fs, spec, pattern, now, console)
    }

    /// Does the same as [`FileSink::open`] with a parsed pattern, for one type of record.
    fn open_as(spec: FileSpec, pattern: Pattern, now: Micros, console: &Console) -> Result<OpenedFile, Failure> {
        FileSink::open_pattern(Arc::new(Disk::default()), spec, pattern, now, console)
    }

    /// Checks that the folder exists before anything connects; opens nothing.
    fn check_folder(spec: FileSpec, now: Micros, console: &Console) -> Result<(), Failure> {
        let pattern = Pattern::parse(&spec.pattern)?;
        let fs: Arc<dyn Filesystem> = Arc::new(Disk::default());
        let context = WriteContext { fs, disk_wait: spec.disk_wait, stop: spec.stop.clone(), console: console.clone() };
        Opener { spec, pattern, context }.check_folder(now)
    }

    fn open_pattern(
        fs: Arc<dyn Filesystem>,
        mut spec: FileSpec,
        pattern: Pattern,
        now: Micros,
        console: &Console,
    ) -> Result<OpenedFile, Failure> {
        crate::storage::outlive_file_size_limit();
        spec.pattern = pattern.typed().to_owned();
        let context = WriteContext { fs, disk_wait: spec.disk_wait, stop: spec.stop.clone(), console: console.clone() };
        let opener = Opener { spec, pattern, context };
        opener.check_folder(now)?;
        let (file, restarted) = opener.open(now, None).map_err(|error| error.failure())?;
        for killed in &restarted {
            console.warn(&killed.detail);
        }
        let boundary = opener.pattern.boundary_after(now);
        let sink = FileSink {
            opener,
            boundary,
            current: Some(file),
            written: 0,
            notices: Vec::new(),
            moved: false,
            frame_since: None,
            synced: Duration::ZERO,
            checked: now,
            failed: false,
            end_unsaved: 0,
        };
        Ok(OpenedFile { sink, restarted })
    }

    /// Returns the path of the file that is being written.
    #[cfg(any(test, feature = "testing"))]
    pub fn path(&self) -> Option<&std::path::Path> {
        self.current.as_ref().map(|file| file.path.as_path())
    }

    fn console(&self) -> &Console {
        &self.opener.context.console
    }

    /// Writes the last line and closes the last frame of the current file.
    fn complete(&mut self, end_line: Option<&[u8]>) -> Result<(), WriteFailure> {
        let Some(file) = &mut self.current else { return Ok(()) };
        let mut complete = || {
            if let Some(line) = end_line {
                file.out.write(line).map_err(|unwritten| unwritten.failure)?;
            }
            file.out.close_frame()?;
            let appender = file.out.appender();
            appender
                .repair_end()
                .and_then(|()| appender.sync())
                .map_err(|error| WriteFailure::Failed(cannot_write(&file.path.display().to_string(), &error)))
        };
        let result = complete();
        if result.is_err() {
            self.failed = true;
            self.end_unsaved = u64::from(end_line.is_some());
        }
        self.frame_since = None;
        result
    }

    /// Closes a completed file.
    fn close(&mut self, mut file: OpenFile) {
        self.written += file.out.appender().total();
        let path = file.path.clone();
        if let Err(error) = file.marker.remove() {
            self.console().warn(format_args!(
                "the marker beside {} could not be removed ({}): the next run will take this one for killed",
                path.display(),
                crate::model::os_text(&error)
            ));
        }
        if let Some(command) = &self.opener.spec.on_rotate {
            on_rotate::start(command, &path, self.console());
        }
    }

    /// Opens the next file; waits while errors may pass.
    fn open_next(&self, at: Micros) -> Result<OpenFile, WriteFailure> {
        let context = self.opener.context.clone();
        let mut retry = WriteRetry::new(&context, self.opener.pattern.path_at(at).display().to_string());
        loop {
            match self.opener.open(at, self.current.as_ref()) {
                Ok((file, restarted)) => {
                    for killed in restarted {
                        self.console().warn(&killed.detail);
                    }
                    retry.resolved();
                    return Ok(file);
                }
                Err(NotOpened::Io(_, error)) if passes(&error) => retry.wait_after(&error)?,
                Err(error) => return Err(WriteFailure::Failed(error.failure())),
            }
        }
    }

    fn notice_changes(&mut self, now: Micros) -> Result<(), WriteFailure> {
        let Some(file) = &mut self.current else { return Ok(()) };
        let fs = self.opener.context.fs.clone();
        let there = fs.stat(&file.path);
        let ours = fs.fstat(file.out.appender().file());
        let moved = match (&there, &ours) {
            (Ok(there), Ok(ours)) => there.id != ours.id,
            (Err(error), Ok(_)) => error.kind() == std::io::ErrorKind::NotFound,
            _ => false,
        };
        if moved && self.moved {
            return self.reopen(None).map(drop);
        }
        self.moved = moved;
        if moved {
            let is_deleted = ours.is_ok_and(|ours| ours.links == 0);
            let what = if is_deleted { "deleted or replaced" } else { "moved away" };
            let message = format!("{} was {what}; a new file is started", file.path.display());
            self.notices.push(Notice::Moved { message, lost_since: is_deleted.then_some(self.checked) });
        } else if file.out.was_cut() {
            let message = format!(
                "{} was truncated by another program (copytruncate?), and lines may be missing; let it rename the file and send \
                 SIGHUP instead",
                file.path.display()
            );
            file.file_truncated();
            self.notices.push(Notice::Truncated { message, from: self.checked });
        }
        self.checked = now;
        Ok(())
    }
}

impl Destination for FileSink {
    fn name(&self) -> String {
        self.opener.spec.pattern.clone()
    }

    fn pattern(&self) -> Option<&Pattern> {
        Some(&self.opener.pattern)
    }

    fn boundary(&self) -> Micros {
        self.boundary
    }

    fn wants_rotation(&self, upcoming: usize) -> bool {
        let (Some(limit), Some(file)) = (self.opener.spec.rotate_size, &self.current) else { return false };
        let end = if self.opener.spec.format == Format::Ndjson { END_RECORD } else { 0 };
        // Rotating a file without records would not make it smaller.
        file.out.size_with(0) > file.header_len && file.out.size_with(upcoming + end) > limit
    }

    fn rotate(&mut self, at: Micros, end_line: Option<&[u8]>) -> Result<(), WriteFailure> {
        // While a gap must still be written, no record of this run is in the file; the time of an `end` record would
        // be taken for that of the killed run's last record.
        let has_pending_gap = self.current.as_ref().is_some_and(OpenFile::has_pending_gap);
        self.complete(end_line.filter(|_| !has_pending_gap))?;
        let next = self.open_next(at)?;
        if let Some(old) = self.current.replace(next) {
            self.close(old);
        }
        self.boundary = self.opener.pattern.boundary_after(at);
        self.moved = false;
        self.checked = at;
        Ok(())
    }

    fn write(&mut self, lines: &[u8]) -> Result<(), Unwritten> {
        let Some(file) = &mut self.current else {
            let failure =
                WriteFailure::Failed(Failure::new(crate::model::exit::Exit::Bug, "a line after the end of a file"));
            return Err(Unwritten { failure, written: 0 });
        };
        self.frame_since.get_or_insert_with(|| self.opener.context.fs.elapsed());
        let result = file.out.write(lines);
        file.gap_written();
        self.failed |= result.is_err();
        result
    }

    fn write_gap(&mut self, line: &[u8]) -> Result<bool, WriteFailure> {
        let (Format::Csv, Some(file)) = (self.opener.spec.format, &mut self.current) else { return Ok(false) };
        let path = gaps_path(&file.path);
        let mut appender = self.opener.open_gaps(&path).map_err(|error| WriteFailure::Failed(error.failure()))?;
        appender.append(line, CutPoint::Lines).map_err(|unwritten| unwritten.failure)?;
        file.gap_written();
        self.written += line.len() as u64;
        Ok(true)
    }

    fn tick(&mut self, now: Micros) -> Result<(), WriteFailure> {
        let elapsed = self.opener.context.fs.elapsed();
        if let Some(file) = &mut self.current {
            let old = self.frame_since.is_some_and(|since| elapsed.saturating_sub(since) >= FRAME);
            let done = if old { file.out.close_frame() } else { file.out.flush().map(|()| false) };
            self.failed |= done.is_err();
            if done? {
                file.frame_closed();
            }
            if old {
                self.frame_since = None;
            }
            if elapsed.saturating_sub(self.synced) >= SYNC {
                self.synced = elapsed;
                if let Err(error) = file.out.appender().sync() {
                    let (console, path) = (&self.opener.context.console, file.path.display());
                    console.warn(format_args!(
                        "{path} could not be synced to the disk: {}",
                        crate::model::os_text(&error)
                    ));
                }
            }
        }
        self.notice_changes(now)
    }

    fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    fn reopen(&mut self, end_line: Option<&[u8]>) -> Result<bool, WriteFailure> {
        let Some(file) = &mut self.current else { return Ok(false) };
        let fs = self.opener.context.fs.clone();
        let same = matches!(
            (fs.stat(&file.path), fs.fstat(file.out.appender().file())),
            (Ok(there), Ok(ours)) if there.id == ours.id
        );
        if same {
            file.out.flush()?;
            return Ok(false);
        }
        self.complete(end_line)?;
        if let Some(mut old) = self.current.take() {
            self.written += old.out.appender().total();
            let context = self.opener.context.clone();
            let mut retry = WriteRetry::new(&context, old.path.display().to_string());
            let (out, header_len) = loop {
                match self.opener.begin(&old.path) {
                    Ok(begun) => break begun,
                    Err(NotOpened::Io(_, error)) if passes(&error) => retry.wait_after(&error)?,
                    Err(error) => return Err(WriteFailure::Failed(error.failure())),
                }
            };
            retry.resolved();
            (old.out, old.header_len) = (out, header_len);
            old.file_replaced(self.checked);
            self.current = Some(old);
        }
        self.moved = false;
        Ok(true)
    }

    fn finish(&mut self, end_line: Option<&[u8]>) -> Result<(), WriteFailure> {
        self.complete(end_line)?;
        if let Some(file) = self.current.take() {
            self.close(file);
        }
        Ok(())
    }

    fn cancel_start(&mut self) {
        if let Some(file) = self.current.take() {
            file.cancel_start(self.opener.context.fs.as_ref());
        }
    }

    fn bytes_written(&self) -> u64 {
        self.written + self.current.as_ref().map_or(0, |file| file.out.written())
    }

    fn lost_lines(&self) -> u64 {
        match &self.current {
            Some(file) if self.failed => file.out.unsaved_lines().saturating_sub(self.end_unsaved),
            _ => 0,
        }
    }
}

impl Drop for FileSink {
    fn drop(&mut self) {
        if self.failed
            && let Some(file) = &mut self.current
        {
            file.give_up();
        }
        // Without a finish the run did not end orderly and the marker stays, but what is whole is kept.
        if let Some(file) = &mut self.current {
            file.out.appender().wait_no_more();
            let _ = file.out.flush();
        }
    }
}
