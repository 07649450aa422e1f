//! Keeps a marker beside a file that is being written. The marker is locked as long as its writer lives, so an
//! unlocked marker was left by a killed run.

use super::disk::{Filesystem, OpenMode, read_full};
use super::names;
use crate::model::Micros;
use crate::model::exit::{Exit, Failure};
use crate::model::os_text;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Holds the content of a marker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkerContent {
    /// Process id of the writer.
    pub pid: u32,
    /// The output pattern as typed.
    pub pattern: String,
    /// Moment from which data is missing if the run left no record. A run that takes
    /// over from a killed one puts the killed run's last record here, so that the gap survives if it is killed too
    /// before it writes the gap.
    #[serde(rename = "since_us")]
    pub since: Micros,
    /// Length of the file in bytes when this run began.
    pub len: u64,
    /// Offset of the newest compressed frame; recovery decodes from here.
    #[serde(default)]
    pub frame_at: u64,
    /// Time of the last record of this run before `frame_at`.
    #[serde(default)]
    #[serde(rename = "last_us")]
    pub last: Option<Micros>,
    /// Recovery is prepared: the file is to be cut at this offset and the recovered lines appended. Repeated if
    /// interrupted. Earlier versions named it `mend_at`.
    #[serde(default, alias = "mend_at")]
    pub cut_at: Option<u64>,
    /// Whether the run ended by itself but could not finish the file; then it was not killed.
    #[serde(default)]
    pub has_given_up: bool,
}

/// Holds a marker and its lock.
pub struct Marker {
    fs: Arc<dyn Filesystem>,
    file: File,
    path: PathBuf,
}

/// Says what the previous run left in a marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreviousRun {
    /// Nothing: there was no run, or it ended in an orderly way.
    Orderly,
    /// The run was killed; `None` if its note cannot be read.
    Killed(Option<MarkerContent>),
}

/// Says why a marker cannot be taken.
pub enum NotTaken {
    /// Another process is writing; its process id if known.
    Locked(Option<u32>),
    /// The operating system refused.
    Io(io::Error),
}

impl NotTaken {
    /// Returns the failure for people, with its exit code.
    pub fn failure(self, path: &Path) -> Failure {
        match self {
            NotTaken::Locked(pid) => locked(path, pid),
            NotTaken::Io(error) => cannot_open(path, &error),
        }
    }
}

/// Returns the failure of a locked file (exit 10).
pub fn locked(path: &Path, pid: Option<u32>) -> Failure {
    let who = match pid {
        Some(pid) if pid == std::process::id() => "this run already (is --output given twice?)".to_owned(),
        Some(pid) => format!("another dhan, pid {pid}"),
        None => "another dhan".to_owned(),
    };
    Failure::new(Exit::Locked, format!("{} is being written by {who}; choose another --output", path.display()))
}

/// Returns the failure of a file that cannot be opened (exit 9), with what to do.
pub fn cannot_open(path: &Path, error: &io::Error) -> Failure {
    let folder = names::folder(path);
    let what = match error.kind() {
        io::ErrorKind::NotFound => format!("there is no folder {0}; make it: mkdir -p {0}", folder.display()),
        io::ErrorKind::NotADirectory => format!("a part of {} is not a folder", folder.display()),
        io::ErrorKind::PermissionDenied => {
            format!("permission denied; the folder {} and the file must be writable", folder.display())
        }
        _ => os_text(error),
    };
    Failure::new(Exit::Output, format!("cannot write {}: {what}", path.display()))
}

impl Marker {
    /// Takes the marker of the file at `path`, and returns it with what the previous run left.
    pub fn take(fs: &Arc<dyn Filesystem>, path: &Path, mode: u32) -> Result<(Marker, PreviousRun), NotTaken> {
        let marker = names::marker(path);
        loop {
            let file = fs.open(&marker, OpenMode::Marker(mode)).map_err(NotTaken::Io)?;
            if !fs.try_lock(&file).map_err(NotTaken::Io)? {
                return Err(NotTaken::Locked(pid_of(fs.as_ref(), &file)));
            }
            // The previous holder may have removed the marker between opening and locking; then the lock belongs to
            // no file.
            match (fs.fstat(&file), fs.stat(&marker)) {
                (Ok(ours), Ok(there)) if ours.id == there.id => {
                    let text = read_all(fs.as_ref(), &file).map_err(NotTaken::Io)?;
                    return Ok((Marker { fs: fs.clone(), file, path: marker }, previous_run(&text)));
                }
                (Ok(_), Ok(_)) => {}
                (Ok(_), Err(error)) if error.kind() == io::ErrorKind::NotFound => {}
                (Err(error), _) | (_, Err(error)) => return Err(NotTaken::Io(error)),
            }
        }
    }

    /// Takes a marker of a killed run if it is unlocked and its note is `wanted`. With [`PreviousRun::Orderly`] the
    /// run was killed before it wrote its note, and so before it wrote to the file.
    pub fn take_stale(
        fs: &Arc<dyn Filesystem>,
        path: &Path,
        wanted: impl Fn(Option<&MarkerContent>) -> bool,
    ) -> Option<(Marker, PreviousRun)> {
        let marker = names::marker(path);
        let file = fs.open(&marker, OpenMode::Truncate).ok()?;
        let read = || read_all(fs.as_ref(), &file).ok().map(|text| previous_run(&text));
        let is_wanted = match read()? {
            PreviousRun::Orderly => wanted(None),
            PreviousRun::Killed(note) => wanted(note.as_ref()),
        };
        // Tested before locking: another run's marker must not be locked even for a moment.
        if !is_wanted || !fs.try_lock(&file).ok()? {
            return None;
        }
        if fs.fstat(&file).ok()?.id != fs.stat(&marker).ok()?.id {
            return None;
        }
        let previous = read()?;
        Some((Marker { fs: fs.clone(), file, path: marker }, previous))
    }

    /// Replaces the content of the marker. It is never empty in between: an empty marker means that nothing was
    /// written yet.
    pub fn write(&self, note: &MarkerContent) -> io::Result<()> {
        let mut text = serde_json::to_vec(note).map_err(io::Error::other)?;
        text.push(b'\n');
        let mut done = 0;
        while done < text.len() {
            match self.fs.write_at(&self.file, &text[done..], done as u64) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => done += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // The rest of a longer text is behind the line end and is not read.
        let _ = self.fs.set_len(&self.file, text.len() as u64);
        Ok(())
    }

    /// Removes the marker after an orderly end.
    pub fn remove(self) -> io::Result<()> {
        // Removed before it is unlocked (on drop), so that nobody finds it unlocked.
        match self.fs.remove(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

fn read_all(fs: &dyn Filesystem, file: &File) -> io::Result<Vec<u8>> {
    let mut text = vec![0; 16 * 1024];
    let n = read_full(fs, file, &mut text, 0)?;
    text.truncate(n);
    Ok(text)
}

fn previous_run(text: &[u8]) -> PreviousRun {
    if text.is_empty() { PreviousRun::Orderly } else { PreviousRun::Killed(parse(text)) }
}

fn parse(text: &[u8]) -> Option<MarkerContent> {
    serde_json::from_slice(&text[..memchr::memchr(b'\n', text)?]).ok()
}

/// Returns the holder's process id. The holder may be writing it at the moment.
fn pid_of(fs: &dyn Filesystem, file: &File) -> Option<u32> {
    for _ in 0..5 {
        if let Some(note) = read_all(fs, file).ok().and_then(|text| parse(&text)) {
            return Some(note.pid);
        }
        fs.pause(Duration::from_millis(10));
    }
    None
}

/// Reads the marker beside a file without taking it. Returns `None` if there is none, else the process id in it and
/// whether the writer is alive.
pub fn look(path: &Path) -> Option<(Option<u32>, bool)> {
    let file = super::open_data(&names::marker(path)).ok()?;
    let text = read_all(&super::disk::Disk::default(), &file).ok()?;
    let alive = matches!(file.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock));
    Some((parse(&text).map(|note| note.pid), alive))
}
