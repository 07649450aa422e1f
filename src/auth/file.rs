//! Token files: regular ones and pipes (`--token-file <(pass show dhan)`), never hanging.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use secrecy::{ExposeSecret as _, SecretString};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The largest token; bytes.
pub(super) const TOKEN_LIMIT: usize = 16 << 10;
/// How long a pipe may take to say its token and close.
const PIPE_LIMIT: Duration = Duration::from_secs(10);

/// What a pipe said: it says it once only, and is asked at every attempt.
#[derive(Clone, Default)]
pub(super) struct Fifo(Arc<Mutex<Option<SecretString>>>);

/// Reads a token file. Blocking, ten seconds at most for a pipe. Errors are words that go behind the file's name.
pub(super) fn read(path: &Path, fifo: &Fifo) -> Result<SecretString, String> {
    let words = |error: &std::io::Error| match error.kind() {
        ErrorKind::NotFound => "does not exist".to_owned(),
        ErrorKind::PermissionDenied => "may not be read by this user".to_owned(),
        _ => format!("cannot be read: {}", crate::model::io_words(error)),
    };
    // Not blocking: opening a pipe that nobody writes to would wait for ever.
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).unwrap_or(0);
    let mut file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|e| words(&e))?;
    let kind = file.metadata().map_err(|e| words(&e))?.file_type();
    if kind.is_dir() {
        return Err("is a folder, not a file".to_owned());
    }
    if kind.is_fifo() {
        return read_pipe(&mut file, fifo).map_err(|e| words(&e));
    }
    if !kind.is_file() {
        return Err("is neither a file nor a pipe".to_owned());
    }
    let mut bytes = Vec::with_capacity(4096);
    file.take(TOKEN_LIMIT as u64 + 4096).read_to_end(&mut bytes).map_err(|e| words(&e))?;
    Ok(text(bytes))
}

/// What a regular file of a token's size holds, without a word about any other: a pipe must not be emptied too early.
pub(super) fn glance(path: &Path) -> Option<SecretString> {
    let metadata = std::fs::metadata(path).ok()?;
    let fits = metadata.is_file() && metadata.len() <= TOKEN_LIMIT as u64;
    fits.then(|| read(path, &Fifo::default()).ok()).flatten()
}

fn read_pipe(file: &mut File, fifo: &Fifo) -> std::io::Result<SecretString> {
    let deadline = Instant::now() + PIPE_LIMIT;
    let mut bytes = Vec::with_capacity(4096);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        let timeout = Timespec::try_from(left).map_err(|_| std::io::Error::from(ErrorKind::InvalidInput))?;
        let mut watched = [PollFd::new(&*file, PollFlags::IN)];
        match poll(&mut watched, Some(&timeout)) {
            Ok(0) => break,
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let mut piece = [0; 4096];
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(n) => bytes.extend_from_slice(&piece[..n]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => return Err(error),
        }
        if bytes.len() > TOKEN_LIMIT {
            break;
        }
    }
    let mut said = fifo.0.lock().unwrap_or_else(PoisonError::into_inner);
    let now = text(bytes);
    if now.expose_secret().trim().is_empty() {
        return Ok(said.clone().unwrap_or(now));
    }
    *said = Some(now.clone());
    Ok(now)
}

/// Bytes as text; what is not UTF-8 becomes a control character, which no token may hold.
pub(super) fn text(bytes: Vec<u8>) -> SecretString {
    SecretString::from(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let mut bytes = error.into_bytes();
            bytes.fill(0);
            // Not the bytes themselves: they could not be masked in every form.
            "\u{1}not UTF-8\u{1}x".to_owned()
        }
    })
}

/// A warning when the file is readable by others, or somebody else's.
pub(super) fn permission_warning(what: &str, path: &Path) -> Option<String> {
    let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Some(format!("the {what} {path:?} can be read or changed by others (mode {mode:04o}): chmod 600 it"));
    }
    let me = rustix::process::geteuid();
    // Root's own files (a service's credentials) are as safe as root is.
    if metadata.uid() != me.as_raw() && metadata.uid() != 0 {
        return Some(format!("the {what} {path:?} belongs to another user"));
    }
    None
}
