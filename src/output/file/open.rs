//! Finding, mending and opening the file that a moment belongs to.

use super::output::Output;
use super::{FileSpec, Pattern, Restarted};
use crate::format::line::recv_us;
use crate::model::exit::{Exit, Failure};
use crate::output::WriteFailure;
use crate::storage::frames::{self, FrameEvent};
use crate::storage::marker::{self, Marker, MarkerContent, NotTaken, PreviousRun};
use crate::storage::names::{self, Compression};
use crate::storage::recover::{self, Recovery};
use crate::storage::{Appender, Filesystem, OpenMode, Reader, WriteContext, WriteRetry, passes};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// What all files of a pattern share.
pub struct Opener {
    /// What was asked.
    pub spec: FileSpec,
    /// Where.
    pub pattern: Pattern,
    /// How trouble is waited out.
    pub context: WriteContext,
}

/// A file that is being written.
pub struct OpenFile {
    /// The pattern's value.
    pub base: PathBuf,
    /// Which file of that value: 0 is the value itself.
    pub number: u32,
    /// Its path.
    pub path: PathBuf,
    /// Its marker, locked.
    pub marker: Marker,
    note: MarkerContent,
    /// Where the gap of killed runs begins, as long as nothing tells of it.
    owed_us: Option<i64>,
    /// Where its lines go.
    pub out: Output,
    /// Bytes of a file that has nothing but its header.
    pub header_len: u64,
    /// It was made here.
    is_new: bool,
}

impl OpenFile {
    /// Whether a gap of killed runs is to be told first.
    pub fn owes_gap(&self) -> bool {
        self.owed_us.is_some()
    }

    /// Something was written that a next start reads the end of the gap from.
    pub fn gap_told(&mut self) {
        self.owed_us = None;
    }

    /// Tells the marker that a frame was closed.
    pub fn frame_closed(&mut self) {
        self.note.frame_at = self.out.appender().len();
        self.note.last_us = self.out.last_us().or(self.note.last_us);
        // If that fails, a repair starts one frame earlier.
        let _ = self.marker.write(&self.note);
    }

    /// Tells the marker that the run ends by itself without an end of this file.
    pub fn give_up(&mut self) {
        self.note.has_given_up = true;
        let _ = self.marker.write(&self.note);
    }

    /// Takes back what opening did, where nothing of an earlier run is owed.
    pub fn undo(self, fs: &dyn Filesystem) {
        if self.owed_us.is_some() {
            return;
        }
        if self.is_new {
            let _ = fs.remove(&self.path);
        }
        let _ = self.marker.remove();
    }

    /// Tells the marker that somebody cut the file.
    pub fn cut(&mut self) {
        self.note.len = 0;
        self.note.frame_at = 0;
        let _ = self.marker.write(&self.note);
    }

    /// Tells the marker that the path has a new file since `us`.
    pub fn begun_anew(&mut self, us: i64) {
        self.note = MarkerContent { since_us: self.owed_us.unwrap_or(us), len: 0, frame_at: 0, ..self.note.clone() };
        let _ = self.marker.write(&self.note);
    }
}

/// Why a file could not be opened.
pub enum NotOpened {
    /// The operating system said no.
    Io(PathBuf, io::Error),
    /// Something else, worded already.
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
    /// For people, with the exit code.
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

/// A marker that is removed again if opening fails and nobody had written there.
struct Held {
    marker: Marker,
    fresh: bool,
}

impl Held {
    fn give_back(self) {
        if self.fresh {
            let _ = self.marker.remove();
        }
    }
}

/// Runs that were killed, and what became of their files.
struct Killed {
    /// The last record they left.
    from_us: Option<i64>,
    details: Vec<String>,
}

impl Killed {
    fn add(&mut self, path: &Path, note: Option<&MarkerContent>, mended: &Recovery, now_us: i64) {
        let from = match note {
            // It left no record in this file: then what it was responsible for is missing from its beginning.
            Some(note) if mended.len.is_none_or(|len| len <= note.len) => note.since_us,
            Some(note) => mended.last_us.unwrap_or(note.since_us),
            None => mended.last_us.unwrap_or(now_us),
        };
        self.from_us = self.from_us.max(Some(from.min(now_us)));
        let who = match note {
            Some(note) if note.pid > 0 && note.has_given_up => {
                format!("pid {} could not write to the end and gave up while it wrote", note.pid)
            }
            Some(note) if note.pid > 0 => format!("pid {} was killed while it wrote", note.pid),
            _ => "a run was killed while it wrote".to_owned(),
        };
        let torn = match &mended.torn {
            Some((torn, 1)) => format!("; the byte behind its last whole line is in {}", torn.display()),
            Some((torn, n)) => format!("; {n} bytes that were not whole are in {}", torn.display()),
            None => String::new(),
        };
        self.details.push(format!("{who} {}{torn}", path.display()));
    }

    fn restarted(self) -> Vec<Restarted> {
        let detail = self.details.join("; ");
        let from_us = self.from_us.filter(|_| !self.details.is_empty());
        from_us.map(|from_us| Restarted { from_us, detail }).into_iter().collect()
    }
}

impl Opener {
    fn fs(&self) -> &dyn Filesystem {
        self.context.fs.as_ref()
    }

    /// Checks what must be there before anything connects.
    pub fn check_folder(&self, now_us: i64) -> Result<(), Failure> {
        let path = self.pattern.path_at(now_us);
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

    /// Opens the file that `now_us` belongs to. `after`: the file that was written until now; at a start there is none, and
    /// files of earlier periods are looked at too.
    pub fn open(&self, now_us: i64, after: Option<&OpenFile>) -> Result<(OpenFile, Vec<Restarted>), NotOpened> {
        let base = self.pattern.path_at(now_us);
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
        let mut killed = Killed { from_us: after.and_then(|before| before.owed_us), details: Vec::new() };
        let mut stale: Vec<Marker> = Vec::new();
        let mut foreign: Vec<PathBuf> = Vec::new();
        loop {
            let path = names::numbered(&base, number);
            self.must_be_file(&path)?;
            let (marker, left) =
                Marker::take(&self.context.fs, &path, self.spec.mode).map_err(|error| match error {
                    NotTaken::Io(error) => NotOpened::Io(path.clone(), error),
                    other => NotOpened::Other(other.failure(&path)),
                })?;
            // While we were looking, its holder may have gone on to the next file.
            if used.is_none()
                && self.spec.rotate_size.is_some()
                && let Some(newest) = self.newest(&base)?
                && newest > number
                && left == PreviousRun::Orderly
            {
                Held { marker, fresh: true }.give_back();
                number = newest;
                continue;
            }
            let held = Held { marker, fresh: left == PreviousRun::Orderly };
            match self.fit(&path, &held.marker, &left, &mut killed, now_us) {
                Ok(passed_over @ (Fit::Foreign | Fit::Full)) => {
                    if let Fit::Foreign = passed_over {
                        foreign.push(path);
                    }
                    number = self.newest(&base)?.filter(|&newest| newest > number).unwrap_or(number + 1);
                    if held.fresh { held.give_back() } else { stale.push(held.marker) }
                }
                Ok(Fit::Append(len)) => {
                    for other in &foreign {
                        self.warn_of_foreign(other, &path);
                    }
                    if after.is_none() {
                        self.earlier(&path, &base, &mut killed, &mut stale, now_us);
                    }
                    return match self.settle(base, number, path, &held.marker, len, &killed, now_us) {
                        Ok(make) => {
                            for marker in stale {
                                let _ = marker.remove();
                            }
                            Ok((make(held.marker), killed.restarted()))
                        }
                        Err(error) => {
                            held.give_back();
                            Err(error)
                        }
                    };
                }
                Err(error) => {
                    held.give_back();
                    return Err(error);
                }
            }
        }
    }

    /// Writes our note and opens the file.
    #[expect(clippy::too_many_arguments, reason = "the parts of the file that is being put together")]
    fn settle(
        &self,
        base: PathBuf,
        number: u32,
        path: PathBuf,
        marker: &Marker,
        len: u64,
        killed: &Killed,
        now_us: i64,
    ) -> Result<impl FnOnce(Marker) -> OpenFile + use<>, NotOpened> {
        let note = MarkerContent {
            pid: std::process::id(),
            pattern: self.spec.pattern.clone(),
            since_us: killed.from_us.unwrap_or(now_us),
            len,
            frame_at: len,
            last_us: None,
            cut_at: None,
            has_given_up: false,
        };
        marker.write(&note).map_err(at(&path))?;
        let is_new = matches!(self.fs().stat(&path), Err(error) if error.kind() == ErrorKind::NotFound);
        let begun = self.begin(&path);
        if begun.is_err() && is_new && killed.from_us.is_none() {
            let _ = self.fs().remove(&path);
        }
        let (out, header_len) = begun?;
        let owed_us = killed.from_us;
        Ok(move |marker| OpenFile { base, number, path, marker, note, owed_us, out, header_len, is_new })
    }

    /// Opens a file for appending, with its header if it is new; and the bytes a header takes.
    pub fn begin(&self, path: &Path) -> Result<(Output, u64), NotOpened> {
        let file = self.fs().open(path, OpenMode::Append(self.spec.mode)).map_err(at(path))?;
        if let Ok(false) = self.fs().try_lock(&file) {
            // The same file under another name.
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

    /// The file of gap records beside a CSV file.
    pub fn open_gaps(&self, path: &Path) -> Result<Appender, NotOpened> {
        let mut retry = WriteRetry::new(&self.context, path.display().to_string());
        loop {
            let opened = recover::recover(self.fs(), path, None, self.spec.mode, crate::clock::now_us(), recv_us)
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

    /// The highest number among the files of `base`; `None` if there is none.
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

    /// Mends the file at `path` and says whether lines of ours may follow what it holds.
    fn fit(
        &self,
        path: &Path,
        marker: &Marker,
        left: &PreviousRun,
        killed: &mut Killed,
        now_us: i64,
    ) -> Result<Fit, NotOpened> {
        let is_ours = || self.begins_as_ours(path).map_err(at(path));
        let note = match left {
            // Looked at before anything is mended: what is not ours is left as it is.
            PreviousRun::Orderly if !is_ours()? => return Ok(Fit::Foreign),
            PreviousRun::Orderly => None,
            PreviousRun::Killed(note) => Some((marker, note.as_ref())),
        };
        let mended = recover::recover(self.fs(), path, note, self.spec.mode, now_us, recv_us).map_err(at(path))?;
        if let PreviousRun::Killed(note) = left {
            killed.add(path, note.as_ref(), &mended, now_us);
        } else if let Some((torn, n)) = &mended.torn {
            self.context.console.warn(format_args!(
                "{} did not end with a whole line; its last {n} bytes are in {}",
                path.display(),
                torn.display()
            ));
        }
        let len = mended.len.unwrap_or(0);
        if len == 0 {
            return Ok(Fit::Append(0));
        }
        if self.spec.rotate_size.is_some_and(|limit| len >= limit) {
            return Ok(Fit::Full);
        }
        // What a killed run left tells only now what it begins with.
        Ok(if note.is_none() || is_ours()? { Fit::Append(len) } else { Fit::Foreign })
    }

    /// Whether the file at `path` is empty or begins as lines of ours do: with the header that we would write, or with a
    /// record.
    fn begins_as_ours(&self, path: &Path) -> io::Result<bool> {
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
            // A header that was being written is mended away.
            Some(header) if start.len() < header.len() => header.starts_with(&start),
            Some(header) => {
                start.strip_prefix(header).is_some_and(|rest| matches!(rest.first(), None | Some(b'\r' | b'\n')))
            }
        })
    }

    /// Mends what killed runs left of this pattern's other files in the folder.
    fn earlier(&self, own: &Path, base: &Path, killed: &mut Killed, stale: &mut Vec<Marker>, now_us: i64) {
        let folder = names::folder(own);
        let Ok(names) = self.fs().list(folder) else { return };
        let pattern_name = Path::new(self.pattern.typed()).file_name();
        for name in names.iter().filter_map(|name| names::marked(name)) {
            let path = own.with_file_name(&name);
            if path == own {
                continue;
            }
            let is_ours = |note: Option<&MarkerContent>| match note {
                Some(note) => Path::new(&note.pattern).file_name() == pattern_name,
                None => names::number_of(base, &name).is_some(),
            };
            let (marker, note) = match Marker::take_stale(&self.context.fs, &path, is_ours) {
                None => continue,
                Some((marker, PreviousRun::Orderly)) => {
                    stale.push(marker);
                    continue;
                }
                Some((marker, PreviousRun::Killed(note))) => (marker, note),
            };
            match recover::recover(self.fs(), &path, Some((&marker, note.as_ref())), self.spec.mode, now_us, recv_us) {
                Ok(mended) => {
                    killed.add(&path, note.as_ref(), &mended, now_us);
                    stale.push(marker);
                }
                // Its marker stays, for the next start.
                Err(error) => self.context.console.warn(format_args!(
                    "{} was left by a killed run and cannot be mended: {}",
                    path.display(),
                    crate::model::os_text(&error)
                )),
            }
        }
    }
}
