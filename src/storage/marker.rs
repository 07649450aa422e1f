//! The marker beside a file that is being written. It is locked as long as its writer lives, so a marker that nobody
//! locks was left by a run that was killed.

use super::disk::{Filesystem, OpenMode, read_full};
use super::names;
use crate::model::exit::{Exit, Failure};
use crate::model::os_text;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What a marker says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Who writes.
    pub pid: u32,
    /// The pattern as it was typed.
    pub pattern: String,
    /// The moment from which data would be missing if the run left no record at all, µs since the epoch. A run that
    /// takes over from a killed one starts with the killed one's last record here, so that the gap survives if it is
    /// killed too before it could write it.
    pub since_us: i64,
    /// Bytes of the file when this run began.
    pub len: u64,
    /// Where the newest compressed frame begins: mending decodes from here on.
    #[serde(default)]
    pub frame_at: u64,
    /// The last record before `frame_at` that this run wrote.
    #[serde(default)]
    pub last_us: Option<i64>,
    /// Mending was prepared: the file is to be cut here and what was recovered appended. Done again if interrupted.
    #[serde(default)]
    pub mend_at: Option<u64>,
    /// The run ended by itself, but could not end the file: nobody killed it.
    #[serde(default)]
    pub has_given_up: bool,
}

/// A marker that we hold.
pub struct Marker {
    fs: Arc<dyn Filesystem>,
    file: File,
    path: PathBuf,
}

/// What a marker told before we took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// Nobody wrote here, or whoever did ended orderly.
    Nothing,
    /// A run was killed; `None` if its note cannot be read.
    Killed(Option<Note>),
}

/// Why a marker cannot be had.
pub enum NotTaken {
    /// Another process writes; its pid if known.
    Locked(Option<u32>),
    /// The operating system says no.
    Io(io::Error),
}

impl NotTaken {
    /// For people, with the exit code.
    pub fn failure(self, path: &Path) -> Failure {
        match self {
            NotTaken::Locked(pid) => locked(path, pid),
            NotTaken::Io(error) => cannot_open(path, &error),
        }
    }
}

/// Exit 10.
pub fn locked(path: &Path, pid: Option<u32>) -> Failure {
    let who = match pid {
        Some(pid) if pid == std::process::id() => "this run already (is --output given twice?)".to_owned(),
        Some(pid) => format!("another dhan, pid {pid}"),
        None => "another dhan".to_owned(),
    };
    Failure::new(Exit::Locked, format!("{} is being written by {who}; choose another --output", path.display()))
}

/// Exit 9, with what can be done.
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
    /// Takes the marker of the file at `path`.
    pub fn take(fs: &Arc<dyn Filesystem>, path: &Path, mode: u32) -> Result<(Marker, Left), NotTaken> {
        let marker = names::marker(path);
        loop {
            let file = fs.open(&marker, OpenMode::Marker(mode)).map_err(NotTaken::Io)?;
            if !fs.try_lock(&file).map_err(NotTaken::Io)? {
                return Err(NotTaken::Locked(pid_of(fs.as_ref(), &file)));
            }
            // Its last holder may have removed it between our opening and our locking: then this lock is of no file.
            match (fs.fstat(&file), fs.stat(&marker)) {
                (Ok(ours), Ok(there)) if ours.id == there.id => {
                    let text = read_all(fs.as_ref(), &file).map_err(NotTaken::Io)?;
                    return Ok((Marker { fs: fs.clone(), file, path: marker }, left_by(&text)));
                }
                (Ok(_), Ok(_)) => {}
                (Ok(_), Err(error)) if error.kind() == io::ErrorKind::NotFound => {}
                (Err(error), _) | (_, Err(error)) => return Err(NotTaken::Io(error)),
            }
        }
    }

    /// Takes a marker that a killed run left, if nobody holds it and its note is `wanted`. [`Left::Nothing`]: the run was
    /// killed before it wrote its note, and so before it touched the file.
    pub fn take_stale(
        fs: &Arc<dyn Filesystem>,
        path: &Path,
        wanted: impl Fn(Option<&Note>) -> bool,
    ) -> Option<(Marker, Left)> {
        let marker = names::marker(path);
        let file = fs.open(&marker, OpenMode::Mend).ok()?;
        let read = || read_all(fs.as_ref(), &file).ok().map(|text| left_by(&text));
        let is_wanted = match read()? {
            Left::Nothing => wanted(None),
            Left::Killed(note) => wanted(note.as_ref()),
        };
        // Looked at before it is locked: a marker that is none of our business is not even held for a moment.
        if !is_wanted || !fs.try_lock(&file).ok()? {
            return None;
        }
        if fs.fstat(&file).ok()?.id != fs.stat(&marker).ok()?.id {
            return None;
        }
        let left = read()?;
        Some((Marker { fs: fs.clone(), file, path: marker }, left))
    }

    /// Replaces what the marker says. At no moment is it empty: an empty marker would mean that nothing was written yet.
    pub fn write(&self, note: &Note) -> io::Result<()> {
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
        // What is left of a longer text is behind the line end, and is not read.
        let _ = self.fs.set_len(&self.file, text.len() as u64);
        Ok(())
    }

    /// An orderly end.
    pub fn remove(self) -> io::Result<()> {
        // Removed before it is unlocked (when dropped), so that nobody finds it unlocked.
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

fn left_by(text: &[u8]) -> Left {
    if text.is_empty() { Left::Nothing } else { Left::Killed(parse(text)) }
}

fn parse(text: &[u8]) -> Option<Note> {
    serde_json::from_slice(&text[..memchr::memchr(b'\n', text)?]).ok()
}

/// The holder's pid. It may just be writing it.
fn pid_of(fs: &dyn Filesystem, file: &File) -> Option<u32> {
    for _ in 0..5 {
        if let Some(note) = read_all(fs, file).ok().and_then(|text| parse(&text)) {
            return Some(note.pid);
        }
        fs.pause(Duration::from_millis(10));
    }
    None
}

/// Reads the note of the marker beside a file without taking it: `None` if there is none, else the pid it names and
/// whether its writer lives.
pub fn look(path: &Path) -> Option<(Option<u32>, bool)> {
    let file = super::open_data(&names::marker(path)).ok()?;
    let text = read_all(&super::disk::Disk::default(), &file).ok()?;
    let alive = matches!(file.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock));
    Some((parse(&text).map(|note| note.pid), alive))
}
