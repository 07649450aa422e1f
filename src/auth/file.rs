//! Reads token files, regular ones and pipes (`--token-file <(pass show dhan)`), in bounded time.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use secrecy::{ExposeSecret as _, SecretString};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Limit in bytes of a token.
pub(super) const TOKEN_LIMIT: usize = 16 << 10;
/// Time limit of a pipe that is read until it is closed.
const PIPE_LIMIT: Duration = Duration::from_secs(10);

/// Keeps what was read from a pipe: it can be read only once, but every attempt needs the token.
#[derive(Clone, Default)]
pub(super) struct Fifo(Arc<Mutex<Option<SecretString>>>);

/// Reads a token file; blocks for at most ten seconds on a pipe. Error texts follow the file's name.
pub(super) fn read(path: &Path, fifo: &Fifo) -> Result<SecretString, String> {
    let words = |error: &std::io::Error| match error.kind() {
        ErrorKind::NotFound => "does not exist".to_owned(),
        ErrorKind::PermissionDenied => "may not be read by this user".to_owned(),
        _ => format!("cannot be read: {}", crate::model::io_words(error)),
    };
    // Opened nonblocking: opening a pipe without a writer would wait forever.
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
    Ok(secret_text(bytes))
}

/// Reads a token file like [`read`], on a thread of its own: the runtime waits for those of its pool at the end.
pub(super) async fn read_on_thread(path: PathBuf, fifo: Fifo) -> Result<SecretString, String> {
    let (tell, told) = tokio::sync::oneshot::channel();
    let reading = move || {
        let _ = tell.send(read(&path, &fifo));
    };
    if std::thread::Builder::new().name("credentials".into()).spawn(reading).is_err() {
        return Err("cannot be read: no thread could be started".to_owned());
    }
    told.await.unwrap_or_else(|_| Err("cannot be read: the reading thread failed".to_owned()))
}

/// Returns the content of a regular file of a token's size, or `None` for any other file: a pipe must not be emptied
/// yet.
pub(super) fn glance(path: &Path) -> Option<SecretString> {
    let metadata = std::fs::metadata(path).ok()?;
    let fits = metadata.is_file() && metadata.len() <= TOKEN_LIMIT as u64;
    fits.then(|| read(path, &Fifo::default()).ok()).flatten()
}

fn read_pipe(file: &mut File, fifo: &Fifo) -> std::io::Result<SecretString> {
    let deadline = Instant::now() + PIPE_LIMIT;
    let mut bytes = Vec::with_capacity(4096);
    loop {
        let remaining = deadline.saturating_duration_since(Instant::now());
        if remaining.is_zero() {
            break;
        }
        let timeout = Timespec::try_from(remaining).map_err(|_| std::io::Error::from(ErrorKind::InvalidInput))?;
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
    let mut content = fifo.0.lock().unwrap_or_else(PoisonError::into_inner);
    let now = secret_text(bytes);
    if now.expose_secret().trim().is_empty() {
        return Ok(content.clone().unwrap_or(now));
    }
    *content = Some(now.clone());
    Ok(now)
}

/// Converts bytes to text; text that is not UTF-8 becomes a control character, which no token may contain.
pub fn secret_text(bytes: Vec<u8>) -> SecretString {
    SecretString::from(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let mut bytes = error.into_bytes();
            bytes.fill(0);
            // The bytes themselves are not kept: they could not be masked in every form.
            "\u{1}not UTF-8\u{1}x".to_owned()
        }
    })
}

/// Returns a warning if other users can read the file or own it.
pub fn permission_warning(what: &str, path: &Path) -> Option<String> {
    let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Some(format!("the {what} {path:?} can be read or changed by others (mode {mode:04o}): chmod 600 it"));
    }
    let me = rustix::process::geteuid();
    // Files of root (a service's credentials) are as safe as root is.
    if metadata.uid() != me.as_raw() && metadata.uid() != 0 {
        return Some(format!("the {what} {path:?} belongs to another user"));
    }
    None
}
