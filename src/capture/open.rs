//! Opens a capture for writing before anything connects: checks and locks it, and recovers what a killed run left.

use super::block::{self, Blocks, LONGEST, Packing, SESSION, Scanned};
use super::entry::{Entry, EntryIter};
use super::play::{CaptureSession, VERSION};
use super::record::Recorder;
use super::writer::{BlockWriter, pack};
use crate::console::Console;
use crate::model::exit::{Exit, Failure};
use crate::model::{Micros, Stream};
use crate::output::file::Restarted;
use crate::storage::{
    Appender, Compression, CutPoint, Disk, Filesystem, OpenMode, Reader, StopSignal, WriteContext, WriteFailure,
    cannot_open, read_full, torn_path,
};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Permissions: only the owner may read it, because it may hold orders.
const MODE: u32 = 0o600;
/// Bytes before the end in which the last block is searched before the complete file is read.
const TAIL: u64 = 8 << 20;

/// Holds a capture that is ready to be written.
pub struct OpenedCapture {
    /// Writes the capture.
    pub recorder: Recorder,
    /// The killed run before, if there was one.
    pub restarted: Option<Restarted>,
}

/// Opens the capture at `path` for a run that begins at `now`, behind its present content.
///
/// # Errors
/// Exit 2 for a file of another stream or a name of another compression, 9 for a place that cannot be written, 10 if
/// another `dhan` writes it.
pub fn open(
    path: &Path,
    feed: Stream,
    disk_wait: Duration,
    stop: &StopSignal,
    now: Micros,
    console: &Console,
) -> Result<OpenedCapture, Failure> {
    let fs: Arc<dyn Filesystem> = Arc::new(Disk::default());
    open_on(fs, path, feed, disk_wait, stop, now, console)
}

/// Does the same as [`open`] with any [`Filesystem`], for tests.
///
/// # Errors
/// The same.
pub fn open_on(
    fs: Arc<dyn Filesystem>,
    path: &Path,
    feed: Stream,
    disk_wait: Duration,
    stop: &StopSignal,
    now: Micros,
    console: &Console,
) -> Result<OpenedCapture, Failure> {
    let packing = match Compression::of(path) {
        Compression::None => Packing::Plain,
        Compression::Zstd => Packing::Zstd,
        Compression::Gzip => {
            let message =
                format!("--capture {}: captures are packed with Zstandard: name it .dcap.zst", path.display());
            return Err(Failure::usage(message));
        }
    };
    crate::storage::outlive_file_size_limit();
    match fs.stat(path) {
        Ok(stat) if !stat.is_regular => {
            let message = format!("cannot write {}: it is not a regular file", path.display());
            return Err(Failure::new(Exit::Output, message));
        }
        _ => {}
    }
    let file = fs.open(path, OpenMode::Append(MODE)).map_err(|error| cannot_open(path, &error))?;
    let io = |error: io::Error| cannot_open(path, &error);
    if !fs.try_lock(&file).map_err(io)? {
        return Err(locked(fs.as_ref(), &file, path));
    }
    let before = Before::of(fs.as_ref(), &file).map_err(io)?;
    before.must_go_with(feed, packing, path)?;
    let mut aside = None;
    if before.complete_to < before.len {
        aside = Some(move_aside(fs.as_ref(), &file, path, &before, now).map_err(io)?);
        fs.set_len(&file, before.complete_to).map_err(io)?;
    }
    let restarted = before.restarted(path, aside.as_deref(), now);
    if let Some(restarted) = &restarted {
        console.warn(&restarted.detail);
    }
    let context = WriteContext { fs, disk_wait, stop: stop.clone(), console: console.clone() };
    let mut appender = Appender::new(context.clone(), file, path.to_owned(), before.complete_to);
    let session = CaptureSession {
        feed,
        created: now,
        pid: std::process::id(),
        program: concat!("dhan ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    let mut bytes = Vec::new();
    pack(packing, SESSION, &session.bytes(), &mut bytes);
    appender.append(&bytes, CutPoint::Nowhere).map_err(|unwritten| match unwritten.failure {
        WriteFailure::Failed(failure) | WriteFailure::Unsaved(failure) => failure,
        _ => Failure::new(Exit::Output, format!("cannot write {}", path.display())),
    })?;
    let writer = BlockWriter::new(appender, context, packing, session, MODE);
    Ok(OpenedCapture { recorder: Recorder::new(writer, console.clone(), now), restarted })
}

fn locked(fs: &dyn Filesystem, file: &File, path: &Path) -> Failure {
    let session = Before::of(fs, file).ok().and_then(|before| before.session);
    let who =
        session.map_or_else(|| "another dhan".to_owned(), |session| format!("another dhan (pid {})", session.pid));
    let message = format!("{who} is writing {}; stop it, or write to another file", path.display());
    Failure::new(Exit::Locked, message)
}

/// Describes the present content of the file.
#[derive(Default)]
struct Before {
    len: u64,
    /// Offset of the end of the last complete block.
    complete_to: u64,
    packing: Option<Packing>,
    /// The last session.
    session: Option<CaptureSession>,
    /// The version of a session that this program does not know.
    newer: Option<u8>,
    /// Time of the last entry.
    last: Option<Micros>,
    /// Whether the last run ended in an orderly way.
    finished: bool,
}

impl Before {
    fn of(fs: &dyn Filesystem, file: &File) -> io::Result<Before> {
        let len = fs.fstat(file)?.len;
        if len == 0 {
            return Ok(Before { finished: true, ..Before::default() });
        }
        Before::from_ends(fs, file, len).transpose().unwrap_or_else(|| Before::from_all(fs, file, len))
    }

    /// Handles the usual case without reading everything: the file begins with a session and ends with a complete
    /// block.
    fn from_ends(fs: &dyn Filesystem, file: &File, len: u64) -> io::Result<Option<Before>> {
        let mut start = vec![0; 4096];
        let n = read_full(fs, file, &mut start, 0)?;
        let packing = Packing::of(&start[..n]);
        let mut tail = vec![0; len.min(TAIL) as usize];
        let n = read_full(fs, file, &mut tail, len - len.min(TAIL))?;
        let Some((kind, payload)) = block::last_of(&tail[..n], packing) else { return Ok(None) };
        let mut before = Before { len, complete_to: len, packing: Some(packing), ..Before::default() };
        let mut blocks = Blocks::new(Reader::new(fs, file, 0))?;
        match blocks.next()? {
            // All sessions of a file have the same stream.
            Some(Scanned::Block { kind: SESSION, payload, .. }) => before.session(payload),
            _ => return Ok(None),
        }
        // The owner of the last session matters only if the file is locked or its run was killed.
        before.block(kind, &payload);
        Ok(if before.finished { Some(before) } else { None })
    }

    /// Reads the complete file.
    fn from_all(fs: &dyn Filesystem, file: &File, len: u64) -> io::Result<Before> {
        let mut blocks = Blocks::new(Reader::new(fs, file, 0))?;
        let mut before = Before { len, packing: Some(blocks.packing()), ..Before::default() };
        while let Some(found) = blocks.next()? {
            if let Scanned::Block { kind, payload, end } = found {
                before.complete_to = end;
                before.block(kind, payload);
            }
        }
        Ok(before)
    }

    fn session(&mut self, payload: &[u8]) {
        self.finished = false;
        match CaptureSession::read(payload) {
            Ok(session) => {
                self.last = Some(session.created);
                self.session = Some(session);
            }
            Err(version) => self.newer = Some(version),
        }
    }

    fn block(&mut self, kind: u8, payload: &[u8]) {
        if kind == SESSION {
            return self.session(payload);
        }
        let Some(mut entries) = EntryIter::new(payload) else { return };
        while let Some(Ok(entry)) = entries.next() {
            self.finished = matches!(entry, Entry::Finish(_));
        }
        self.last = Some(entries.time());
    }

    /// Checks that a run of `feed` may be written behind it.
    fn must_go_with(&self, feed: Stream, packing: Packing, path: &Path) -> Result<(), Failure> {
        let path = path.display();
        if self.len > 0 && self.session.is_none() {
            let message = match self.newer {
                Some(version) => format!(
                    "cannot write {path}: it is a capture of format {version}, and this dhan writes format {VERSION}"
                ),
                None => format!("cannot write {path}: the file exists and is no capture; name another file"),
            };
            return Err(Failure::new(Exit::Output, message));
        }
        if self.packing.is_some_and(|there| there != packing) {
            let message =
                format!("--capture {path}: its content is not compressed as its name says; name another file");
            return Err(Failure::usage(message));
        }
        match &self.session {
            Some(session) if session.feed != feed => Err(Failure::usage(format!(
                "--capture {path}: it holds another stream ({}); name another file for this one ({})",
                session.feed.command(),
                feed.command()
            ))),
            _ => Ok(()),
        }
    }

    fn restarted(&self, path: &Path, aside: Option<&Path>, now: Micros) -> Option<Restarted> {
        if self.finished && aside.is_none() {
            return None;
        }
        let path = path.display();
        let who = self.session.as_ref().map_or(0, |session| session.pid);
        let torn = aside.map_or_else(String::new, |aside| {
            format!("; {} bytes of an incomplete block were moved to {}", self.len - self.complete_to, aside.display())
        });
        let detail = format!("pid {who} was killed while it wrote {path}{torn}");
        Some(Restarted { from: self.last.unwrap_or(now).min(now), detail })
    }
}

/// Copies the incomplete bytes at the end to `NAME.torn-TIME`.
fn move_aside(fs: &dyn Filesystem, file: &File, path: &Path, before: &Before, now: Micros) -> io::Result<PathBuf> {
    let mut attempt = 0;
    let (to, aside) = loop {
        let aside = torn_path(path, now, attempt);
        match fs.open(&aside, OpenMode::New(MODE)) {
            Ok(to) => break (to, aside),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => attempt += 1,
            Err(error) => return Err(error),
        }
    };
    let mut bytes = vec![0; LONGEST.min((before.len - before.complete_to) as usize)];
    let mut at = before.complete_to;
    while at < before.len {
        let n = read_full(fs, file, &mut bytes, at)?;
        if n == 0 {
            break;
        }
        let mut done = 0;
        while done < n {
            match fs.write(&to, &bytes[done..n]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => done += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        at += n as u64;
    }
    Ok(aside)
}
