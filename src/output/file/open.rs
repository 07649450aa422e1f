//! Finds, recovers and opens the file that a time belongs to.

use super::output::Output;
use super::{FileSpec, Pattern, Restarted};
use crate::format::line::recv;
use crate::model::Micros;
use crate::model::exit::{Exit, Failure};
use crate::output::WriteFailure;
use crate::storage::frames::{self, FrameEvent};
use crate::storage::marker::{self, Marker, MarkerContent, NotTaken, PreviousRun};
use crate::storage::names::{self, Compression};
use crate::storage::recover::{self, Recovery};
use crate::storage::{Appender, Filesystem, OpenMode, Reader, WriteContext, WriteRetry, passes};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Holds what all files of a pattern share.
pub struct Opener {
    /// The user's options.
    pub spec: FileSpec,
    /// The parsed pattern.
    pub pattern: Pattern,
    /// How to wait for a disk.
    pub context: WriteContext,
}

/// Holds a file that is being written.
pub struct OpenFile {
    /// Path of the pattern at its time.
    pub base: PathBuf,
    /// Number of the file for that path: 0 is the path itself.
    pub number: u32,
    /// Path of this file.
    pub path: PathBuf,
    /// Its locked marker.
    pub marker: Marker,
    content: MarkerContent,
    /// Beginning of the gap of killed runs, until a record reports it.
    pending_gap: Option<Micros>,
    /// Writes its lines.
    pub out: Output,
    /// Length in bytes of a file that holds only its header.
    pub header_len: u64,
    /// Whether this run created the file.
    is_new: bool,
}

impl OpenFile {
    /// Returns whether a gap of killed runs must be written first.
    pub fn has_pending_gap(&self) -> bool {
        self.pending_gap.is_some()
    }

    /// Records that a record was written from which a next start learns where the gap ends.
    pub fn gap_written(&mut self) {
        self.pending_gap = None;
    }

    /// Updates the marker after a frame was closed.
    pub fn frame_closed(&mut self) {
        self.content.frame_at = self.out.appender().len();
        self.content.last = self.out.last().or(self.content.last);
        // If that fails, a recovery decodes from one frame earlier.
        let _ = self.marker.write(&self.content);
    }

    /// Updates the marker: the run ends by itself without an orderly end of this file.
    pub fn give_up(&mut self) {
        self.content.has_given_up = true;
        let _ = self.marker.write(&self.content);
    }

    /// Removes what opening created, unless a gap of an earlier run must still be written.
    pub fn cancel_start(self, fs: &dyn Filesystem) {
        if self.pending_gap.is_some() {
            return;
        }
        if self.is_new {
            let _ = fs.remove(&self.path);
        }
        let _ = self.marker.remove();
    }

    /// Updates the marker after another process truncated the file.
    pub fn file_truncated(&mut self) {
        self.content.len = 0;
        self.content.frame_at = 0;
        let _ = self.marker.write(&self.content);
    }

    /// Updates the marker: the path has a new file since `at`.
    pub fn file_replaced(&mut self, at: Micros) {
        self.content =
            MarkerContent { since: self.pending_gap.unwrap_or(at), len: 0, frame_at: 0, ..self.content.clone() };
        let _ = self.marker.write(&self.content);
    }
}

/// Says why a file could not be opened.
pub enum NotOpened {
    /// The operating system refused.
    Io(PathBuf, io::Error),
    /// Another reason, in words already.
    Other(Failure),
}

/// Whether lines may follow what a file holds.
enum Fit {
    /// They may, behind so many bytes.
    Append(u64),
    /// It does not begin as these lines would.
    Foreign,
    /// It has reached the size at which files are rotated.
    Full,
}

impl NotOpened {
    /// Returns the failure for people, with its exit code.
    pub fn failure(self) -> Failure {
        match self {
            NotOpened::Io(path, error) => marker::cannot_open(&path, &error),
            NotOpened::Other(failure) => failure,
        }
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> NotOpened {
    let path = path.to_owned();
    move |error| NotOpened::Io(path.clone(), error)
}

/// Holds a marker that is removed if opening fails, unless an earlier run wrote there.
struct TakenMarker {
    marker: Marker,
    fresh: bool,
}

impl TakenMarker {
    fn release(self) {
        if self.fresh {
            let _ = self.marker.remove();
        }
    }
}

/// Collects killed runs and the recovery of their files.
struct KilledRuns {
    /// Time of their last record.
    from: Option<Micros>,
    details: Vec<String>,
}

impl KilledRuns {
    fn add(&mut self, path: &Path, content: Option<&MarkerContent>, recovery: &Recovery, now: Micros) {
        let from = match content {
            // It left no record in this file, so its data is missing from the time the marker records.
            Some(content) if recovery.len.is_none_or(|len| len <= content.len) => content.since,
            Some(content) => recovery.last.unwrap_or(content.since),
            None => recovery.last.unwrap_or(now),
        };
        self.from = self.from.max(Some(from.min(now)));
        let who = match content {
            Some(content) if content.pid > 0 && content.has_given_up => {
                format!("pid {} stopped without finishing the file", content.pid)
            }
            Some(content) if content.pid > 0 => format!("pid {} was killed while it wrote", content.pid),
            _ => "a run was killed while it wrote".to_owned(),
        };
        let torn = match &recovery.torn {
            Some((torn, 1)) => format!("; the byte behind its last complete line was moved to {}", torn.display()),
            Some((torn, n)) => format!("; {n} bytes of an incomplete line were moved to {}", torn.display()),
            None => String::new(),
        };
        self.details.push(format!("{who} {}{torn}", path.display()));
    }

    fn restarted(self) -> Vec<Restarted> {
        let detail = self.details.join("; ");
        let from = self.from.filter(|_| !self.details.is_empty());
        from.map(|from| Restarted { from, detail }).into_iter().collect()
    }
}

impl Opener {
    fn fs(&self) -> &dyn Filesystem {
        self.context.fs.as_ref()
    }

    /// Checks that the folder exists before anything connects.
    pub fn check_folder(&self, now: Micros) -> Result<(), Failure> {
        let path = self.pattern.path_at(now);
        if path.file_name().is_none() || self.pattern.typed().ends_with('/') {
            let message = format!("cannot write {}: it is a folder; name a file in it", path.display());
            return Err(Failure::new(Exit::Output, message));
        }
        let folder = self.pattern.fixed_folder();
        self.fs().stat(&folder).map(drop).map_err(|error| marker::cannot_open(&folder.join("x"), &error)).map_err(
            |mut failure| {
                failure.message =
                    failure.message.replace(&folder.join("x").display().to_string(), &path.display().to_string());
                failure
            },
        )
    }

    /// Opens the file of the time `now`. `after` is the file written until now; at a start there is none, and the
    /// files of earlier periods are recovered too.
    pub fn open(&self, now: Micros, after: Option<&OpenFile>) -> Result<(OpenFile, Vec<Restarted>), NotOpened> {
        let base = self.pattern.path_at(now);
        if self.pattern.makes_folders() {
            let folder = names::folder(&base);
            if matches!(self.fs().stat(folder), Err(error) if error.kind() == ErrorKind::NotFound) {
                self.fs().make_folder(folder, self.spec.mode).map_err(at(&base))?;
            }
        }
        let used = after.filter(|before| before.base == base).map(|before| before.number);
        let mut number = match used {
            Some(used) => self.newest(&base)?.map_or(used, |newest| newest.max(used)) + 1,
            None if self.spec.rotate_size.is_some() => self.newest(&base)?.unwrap_or(0),
            None => 0,
        };
        let mut killed = KilledRuns { from: after.and_then(|before| before.pending_gap), details: Vec::new() };
        let mut stale: Vec<Marker> = Vec::new();
        let mut foreign: Vec<PathBuf> = Vec::new();
        loop {
            let path = names::numbered(&base, number);
            self.must_be_file(&path)?;
            let (marker, previous) =
                Marker::take(&self.context.fs, &path, self.spec.mode).map_err(|error| match error {
                    NotTaken::Io(error) => NotOpened::Io(path.clone(), error),
                    other => NotOpened::Other(other.failure(&path)),
                })?;
            // Meanwhile its holder may have rotated to the next file.
            if used.is_none()
                && self.spec.rotate_size.is_some()
                && let Some(newest) = self.newest(&base)?
                && newest > number
                && previous == PreviousRun::Orderly
            {
                TakenMarker { marker, fresh: true }.release();
                number = newest;
                continue;
            }
            let taken = TakenMarker { marker, fresh: previous == PreviousRun::Orderly };
            match self.recover_and_check(&path, &taken.marker, &previous, &mut killed, now) {
                Ok(passed_over @ (Fit::Foreign | Fit::Full)) => {
                    if let Fit::Foreign = passed_over {
                        foreign.push(path);
                    }
                    number = self.newest(&base)?.filter(|&newest| newest > number).unwrap_or(number + 1);
                    if taken.fresh { taken.release() } else { stale.push(taken.marker) }
                }
                Ok(Fit::Append(len)) => {
                    for other in &foreign {
                        self.warn_of_foreign(other, &path);
                    }
                    if after.is_none() {
                        self.recover_earlier(&path, &base, &mut killed, &mut stale, now);
                    }
                    return match self.settle(base, number, path, &taken.marker, len, &killed, now) {
                        Ok(make) => {
                            for marker in stale {
                                let _ = marker.remove();
                            }
                            Ok((make(taken.marker), killed.restarted()))
                        }
                        Err(error) => {
                            taken.release();
                            Err(error)
                        }
                    };
                }
                Err(error) => {
                    taken.release();
                    return Err(error);
                }
            }
        }
    }

    /// Writes this run's marker and opens the file.
    #[expect(clippy::too_many_arguments, reason = "the parts of the file that is being put together")]
    fn settle(
        &self,
        base: PathBuf,
        number: u32,
        path: PathBuf,
        marker: &Marker,
        len: u64,
        killed: &KilledRuns,
        now: Micros,
    ) -> Result<impl FnOnce(Marker) -> OpenFile + use<>, NotOpened> {
        let content = MarkerContent {
            pid: std::process::id(),
            pattern: self.spec.pattern.clone(),
            since: killed.from.unwrap_or(now),
            len,
            frame_at: len,
            last: None,
            cut_at: None,
            has_given_up: false,
        };
        marker.write(&content).map_err(at(&path))?;
        let is_new = matches!(self.fs().stat(&path), Err(error) if error.kind() == ErrorKind::NotFound);
        let begun = self.begin(&path);
        if begun.is_err() && is_new && killed.from.is_none() {
            let _ = self.fs().remove(&path);
        }
        let (out, header_len) = begun?;
        let pending_gap = killed.from;
        Ok(move |marker| OpenFile { base, number, path, marker, content, pending_gap, out, header_len, is_new })
    }

    /// Opens a file for appending, with a header if it is new; returns the length of the header too.
    pub fn begin(&self, path: &Path) -> Result<(Output, u64), NotOpened> {
        let file = self.fs().open(path, OpenMode::Append(self.spec.mode)).map_err(at(path))?;
        if let Ok(false) = self.fs().try_lock(&file) {
            // It is the same file under another name.
            return Err(NotOpened::Other(marker::locked(path, None)));
        }
        let len = self.fs().fstat(&file).map_err(at(path))?.len;
        let appender = Appender::new(self.context.clone(), file, path.to_owned(), len);
        let mut out = Output::new(appender, Compression::of(path), self.spec.csv_header.clone());
        let mut header_len = 0;
        if let Some(header) = &self.spec.csv_header {
            header_len = header.len() as u64;
            if len == 0 {
                let wrote = out.write(header).map_err(|unwritten| unwritten.failure).and_then(|()| out.flush());
                wrote.map_err(|failure| {
                    NotOpened::Other(match failure {
                        WriteFailure::Failed(failure) | WriteFailure::Unsaved(failure) => failure,
                        _ => Failure::new(Exit::Output, format!("cannot write {}: stopped", path.display())),
                    })
                })?;
                header_len = out.appender().len();
            }
        }
        Ok((out, header_len))
    }

    /// Opens the file for gap records beside a CSV file.
    pub fn open_gaps(&self, path: &Path) -> Result<Appender, NotOpened> {
        let mut retry = WriteRetry::new(&self.context, path.display().to_string());
        loop {
            let opened = recover::recover(self.fs(), path, None, self.spec.mode, crate::clock::now(), recv)
                .and_then(|_| self.fs().open(path, OpenMode::Append(self.spec.mode)))
                .and_then(|file| Ok((self.fs().fstat(&file)?.len, file)));
            match opened {
                Ok((len, file)) => {
                    retry.resolved();
                    return Ok(Appender::new(self.context.clone(), file, path.to_owned(), len));
                }
                Err(error) if passes(&error) && retry.wait_after(&error).is_ok() => {}
                Err(error) => return Err(NotOpened::Io(path.to_owned(), error)),
            }
        }
    }

    fn must_be_file(&self, path: &Path) -> Result<(), NotOpened> {
        match self.fs().stat(path) {
            Ok(stat) if stat.is_regular => Ok(()),
            Ok(_) => Err(NotOpened::Other(Failure::new(
                Exit::Output,
                format!(
                    "cannot write {}: it is not a regular file; for pipes and devices write -o - and redirect stdout",
                    path.display()
                ),
            ))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(NotOpened::Io(path.to_owned(), error)),
        }
    }

    /// Returns the highest number among the files of `base`, or `None` if there is none.
    fn newest(&self, base: &Path) -> Result<Option<u32>, NotOpened> {
        let names = self.fs().list(names::folder(base)).map_err(at(base))?;
        Ok(names.iter().filter_map(|name| names::number_of(base, name)).max())
    }

    /// Says that records go to a file beside the one that was named.
    fn warn_of_foreign(&self, other: &Path, path: &Path) {
        let what = match self.spec.csv_header {
            Some(_) => "begins with another header than these records have",
            None => "does not begin with a record",
        };
        self.context.console.warn(format_args!(
            "{} {what}: it stays as it is, and the records go to {}",
            other.display(),
            path.display()
        ));
    }

    /// Recovers the file at `path` and returns whether our lines may follow what it holds.
    fn recover_and_check(
        &self,
        path: &Path,
        marker: &Marker,
        previous: &PreviousRun,
        killed: &mut KilledRuns,
        now: Micros,
    ) -> Result<Fit, NotOpened> {
        let is_ours = || self.has_our_beginning(path).map_err(at(path));
        let content = match previous {
            // Checked before recovering: files of other programs are not changed.
            PreviousRun::Orderly if !is_ours()? => return Ok(Fit::Foreign),
            PreviousRun::Orderly => None,
            PreviousRun::Killed(content) => Some((marker, content.as_ref())),
        };
        let recovery = recover::recover(self.fs(), path, content, self.spec.mode, now, recv).map_err(at(path))?;
        if let PreviousRun::Killed(content) = previous {
            killed.add(path, content.as_ref(), &recovery, now);
        } else if let Some((torn, n)) = &recovery.torn {
            self.context.console.warn(format_args!(
                "{} ended with an incomplete line; its last {n} bytes were moved to {}",
                path.display(),
                torn.display()
            ));
        }
        let len = recovery.len.unwrap_or(0);
        if len == 0 {
            return Ok(Fit::Append(0));
        }
        if self.spec.rotate_size.is_some_and(|limit| len >= limit) {
            return Ok(Fit::Full);
        }
        // After recovering a killed run's file, check again how it begins.
        Ok(if content.is_none() || is_ours()? { Fit::Append(len) } else { Fit::Foreign })
    }

    /// Returns whether the file at `path` is empty or begins like our lines: with the header that we would write, or
    /// with a record.
    fn has_our_beginning(&self, path: &Path) -> io::Result<bool> {
        let file = match self.fs().open(path, OpenMode::Read) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
            file => file?,
        };
        if self.fs().fstat(&file)?.len == 0 {
            return Ok(true);
        }
        let header = self.spec.csv_header.as_deref().map(<[u8]>::trim_ascii_end);
        let mut start = Vec::new();
        let wanted = header.map_or(1, |header| header.len() + 1);
        let enough = || io::Error::from(ErrorKind::Interrupted);
        let scan = frames::scan(Compression::of(path), Reader::new(self.fs(), &file, 0), 0, |piece| {
            if let FrameEvent::Data(data) = piece {
                start.extend_from_slice(&data[..data.len().min(wanted - start.len())]);
            }
            if start.len() >= wanted { Err(enough()) } else { Ok(()) }
        });
        match scan {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        Ok(match header {
            None => start.first() == Some(&b'{'),
            // An incomplete header is removed by recovery.
            Some(header) if start.len() < header.len() => header.starts_with(&start),
            Some(header) => {
                start.strip_prefix(header).is_some_and(|rest| matches!(rest.first(), None | Some(b'\r' | b'\n')))
            }
        })
    }

    /// Recovers the other files of this pattern in the folder that killed runs left.
    fn recover_earlier(&self, own: &Path, base: &Path, killed: &mut KilledRuns, stale: &mut Vec<Marker>, now: Micros) {
        let folder = names::folder(own);
        let Ok(names) = self.fs().list(folder) else { return };
        let pattern_name = Path::new(self.pattern.typed()).file_name();
        for name in names.iter().filter_map(|name| names::marked(name)) {
            let path = own.with_file_name(&name);
            if path == own {
                continue;
            }
            let is_ours = |content: Option<&MarkerContent>| match content {
                Some(content) => Path::new(&content.pattern).file_name() == pattern_name,
                None => names::number_of(base, &name).is_some(),
            };
            let (marker, content) = match Marker::take_stale(&self.context.fs, &path, is_ours) {
                None => continue,
                Some((marker, PreviousRun::Orderly)) => {
                    stale.push(marker);
                    continue;
                }
                Some((marker, PreviousRun::Killed(content))) => (marker, content),
            };
            match recover::recover(self.fs(), &path, Some((&marker, content.as_ref())), self.spec.mode, now, recv) {
                Ok(recovery) => {
                    killed.add(&path, content.as_ref(), &recovery, now);
                    stale.push(marker);
                }
                // Its marker is kept for the next start.
                Err(error) => self.context.console.warn(format_args!(
                    "{} was left by a killed run and cannot be recovered: {}",
                    path.display(),
                    crate::model::os_text(&error)
                )),
            }
        }
    }
}
