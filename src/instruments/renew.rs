//! Renews the cached master: one download at a time over all processes, and nothing is replaced before the new file
//! is validated.

use super::download::{self, Answer, DownloadError, DownloadRequest};
use super::index::{Bytes, Footer, Source, build};
use super::layout::Layout;
use super::master::Master;
use super::spec::SpecSegment;
use super::store::{Cached, Store, finish, open_regular, part_in, part_prefix};
use crate::clock;
use crate::console::Console;
use crate::model::Micros;
use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

/// Time to wait for another process's download if there is an old master.
const WAIT_WITH_OLD: Duration = Duration::from_secs(10);
/// Time limit of a download if there is an old master.
const LIMIT_WITH_OLD: Duration = Duration::from_secs(60);
/// Time limit of a download if there is none, or if the user requested it.
const LIMIT: Duration = Duration::from_secs(600);

/// Describes a successful renewal.
#[derive(Debug)]
pub struct Renewed {
    /// The latest master.
    pub master: Master,
    /// Whether it differs from what the cache held.
    pub changed: bool,
    /// Whether it is in the cache; if not, the cache folder cannot be written.
    pub kept: bool,
}

/// Says why a renewal failed; the old master is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RenewError(String);

impl Store {
    /// Downloads the master if the server has a newer one (`force`: in any case), one process at a time.
    ///
    /// # Errors
    /// Says why there is no newer one; the cache is unchanged.
    pub fn renew(&self, force: bool, is_requested: bool, console: &Console) -> Result<Renewed, RenewError> {
        let started = clock::now();
        let kept = match (&self.dir, self.path()) {
            (Some(dir), Some(path)) => self.renew_in(dir, &path, force, is_requested, started, console),
            _ => Err(RenewFailure::Place(io::Error::other("neither DHAN_CACHE_DIR nor HOME is set"))),
        };
        match kept {
            Ok(renewed) => Ok(renewed),
            Err(RenewFailure::Download(error)) => Err(error),
            Err(RenewFailure::Place(error)) => {
                let place = self.dir.as_ref().map_or_else(|| "none".to_owned(), |dir| dir.display().to_string());
                let why = crate::model::os_text(&error);
                console.warn(format_args!(
                    "the cache folder {place} cannot be used ({why}): the instrument master is not kept"
                ));
                self.renew_without_cache(console)
            }
        }
    }

    fn conditional_get<'a>(&'a self, known: Option<&'a Source>, limit: Duration) -> DownloadRequest<'a> {
        DownloadRequest { url: &self.url, ca_file: self.ca_file.as_deref(), known, limit, most: build::MAX_CSV }
    }

    fn renew_in(
        &self,
        dir: &Path,
        path: &Path,
        force: bool,
        is_requested: bool,
        started: Micros,
        console: &Console,
    ) -> Result<Renewed, RenewFailure> {
        std::fs::create_dir_all(dir).map_err(RenewFailure::Place)?;
        let lock = dir.join(format!("{}.lock", self.layout.name()));
        let mut options = File::options();
        options.create(true).read(true).write(true).truncate(false);
        let mut lock = open_regular(&lock, &mut options).map_err(RenewFailure::Place)?;
        let old_before = self.cached();
        let limit = self.within(if old_before.is_some() && !is_requested { WAIT_WITH_OLD } else { LIMIT });
        wait_for(&lock, limit)?;
        // The previous holder of the lock may have renewed it for us. A cached file that was found damaged is not
        // trusted, even if it is today's.
        let now = clock::now();
        let answered = |cached: &Cached| {
            let since = cached.checked >= started || (!is_requested && cached.is_fresh(now));
            since && cached.master.verify().is_ok()
        };
        if let Some(cached) = self.cached().filter(answered) {
            let changed = old_before.is_none_or(|old| old.master.footer() != cached.master.footer());
            return Ok(Renewed { master: cached.master, changed, kept: true });
        }
        if let Some(error) = failed_since(&mut lock, started) {
            return Err(RenewFailure::Download(RenewError(error)));
        }
        remove_parts(dir, self.layout);
        let renewed = self.download_into(dir, path, force, is_requested, console);
        if let Err(RenewFailure::Download(error)) = &renewed {
            // Errors are ignored: without the note, waiting processes would try one after the other.
            let _ = note_failure(&mut lock, &error.0);
        }
        renewed
    }

    fn download_into(
        &self,
        dir: &Path,
        path: &Path,
        force: bool,
        is_requested: bool,
        console: &Console,
    ) -> Result<Renewed, RenewFailure> {
        // The server must not confirm a damaged file, so the cache is checked completely before its validators are
        // sent.
        let old = self.cached().and_then(|old| self.query(Some(old), |old| old.master.verify()).map(|(_, old)| old));
        let known =
            old.as_ref().map(|old| &old.master.footer().source).filter(|source| !force && source.url == self.url);
        let limit = self.within(if old.is_some() && !is_requested { LIMIT_WITH_OLD } else { LIMIT });
        let part = part_in(dir, self.layout).map_err(RenewFailure::Place)?;
        let mut target = Part(part);
        match download::fetch(self.conditional_get(known, limit), &mut target, console) {
            Err(DownloadError::Write(error)) => Err(RenewFailure::Place(error)),
            Err(error) => Err(RenewFailure::Download(RenewError(error.to_string()))),
            Ok(Answer::NotModified) => {
                let old =
                    old.ok_or_else(|| RenewFailure::Download(RenewError("the server sent nothing".to_owned())))?;
                let touched = open_regular(path, File::options().write(true)).and_then(|file| file.set_modified(now()));
                touched.map_err(RenewFailure::Place)?;
                Ok(Renewed { master: old.master, changed: false, kept: true })
            }
            Ok(Answer::Sent(source)) => {
                let Part(part) = target;
                let csv = Bytes::File(part.as_file().try_clone().map_err(RenewFailure::Place)?);
                let built = checked(&csv, old.as_ref().map(|old| old.master.footer()), path)?;
                report_skipped(&built.footer, console);
                let changed = old.is_none_or(|old| old.master.footer().csv_crc != built.footer.csv_crc);
                finish(part, &built, &source, path).map_err(RenewFailure::Place)?;
                let master =
                    Master::open(path).map_err(|error| RenewFailure::Place(io::Error::other(error.to_string())))?;
                Ok(Renewed { master, changed, kept: true })
            }
        }
    }

    /// Renews without a cache: into a file without a name, else into memory.
    fn renew_without_cache(&self, console: &Console) -> Result<Renewed, RenewError> {
        let old = self.cached();
        let mut target = match tempfile::tempfile() {
            Ok(file) => Unnamed::File(file),
            Err(_) => Unnamed::Memory(Vec::new()),
        };
        let limit = self.within(if old.is_some() { LIMIT_WITH_OLD } else { LIMIT });
        let mut request = self.conditional_get(None, limit);
        let mut answer = download::fetch(request, &mut target, console);
        if let Err(DownloadError::Write(_)) = answer {
            target = Unnamed::Memory(Vec::new());
            request.limit = limit;
            answer = download::fetch(request, &mut target, console);
        }
        answer.map_err(|error| RenewError(error.to_string()))?;
        let csv = match target {
            Unnamed::File(file) => Bytes::File(file),
            Unnamed::Memory(bytes) => Bytes::Memory(bytes),
        };
        let place = self.path().unwrap_or_default();
        let built =
            checked(&csv, old.as_ref().map(|old| old.master.footer()), &place).map_err(|trouble| match trouble {
                RenewFailure::Download(error) => error,
                RenewFailure::Place(error) => RenewError(crate::model::os_text(&error)),
            })?;
        report_skipped(&built.footer, console);
        let master = Master::from_parts(Arc::new(csv), &built).map_err(|error| RenewError(error.to_string()))?;
        Ok(Renewed { master, changed: true, kept: false })
    }
}

/// Says what ended a renewal.
enum RenewFailure {
    /// The cache cannot be written; a renewal without it may still succeed.
    Place(io::Error),
    /// There is no new master.
    Download(RenewError),
}

fn now() -> std::time::SystemTime {
    UNIX_EPOCH + clock::now().since(Micros::EPOCH)
}

/// Takes the lock, or returns why it cannot be taken.
fn wait_for(lock: &File, limit: Duration) -> Result<(), RenewFailure> {
    let started = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if started.elapsed() < limit => std::thread::sleep(Duration::from_millis(20)),
            Err(TryLockError::WouldBlock) => {
                let seconds = limit.as_secs();
                return Err(RenewFailure::Download(RenewError(format!(
                    "another process has been downloading it for {seconds} s"
                ))));
            }
            // On a file system without locks, two downloads are better than none.
            Err(TryLockError::Error(_)) => return Ok(()),
        }
    }
}

/// Returns what the last holder of the lock noted, if it failed after `since`.
fn failed_since(lock: &mut File, since: Micros) -> Option<String> {
    let mut failure_note = String::new();
    lock.rewind().ok()?;
    lock.take(4096).read_to_string(&mut failure_note).ok()?;
    let (at, error) = failure_note.split_once(' ')?;
    (Micros::new(at.parse().ok()?) >= since).then(|| error.to_owned())
}

fn note_failure(lock: &mut File, error: &str) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    write!(lock, "{} {error}", clock::now().get())
}

/// Removes files that killed downloads left. Only the holder of the lock may call it.
fn remove_parts(dir: &Path, layout: Layout) {
    let prefix = part_prefix(layout);
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(&prefix) && name.ends_with(".part")) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Builds the index of a download, or returns why it must not replace the old master.
fn checked(csv: &Bytes, old: Option<&Footer>, path: &Path) -> Result<build::Built, RenewFailure> {
    let refused =
        |why: String| Err(RenewFailure::Download(RenewError(format!("the file from the server is refused: {why}"))));
    let built = match build(csv) {
        Ok(built) => built,
        Err(build::BuildError::Io(error)) => return Err(RenewFailure::Place(error)),
        Err(error) => return refused(error.to_string()),
    };
    match implausible(&built.footer, old) {
        Some(why) if old.is_some() => refused(format!("{why}; if it is right, remove {} first", path.display())),
        Some(why) => refused(why),
        None => Ok(built),
    }
}

/// Returns why a new master is implausible compared with the last good one.
pub fn implausible(new: &Footer, old: Option<&Footer>) -> Option<String> {
    let Some(old) = old else {
        // Cash and index rows come last in the file, so a truncated file has none.
        let cash = [SpecSegment::ALL[0], SpecSegment::ALL[1]];
        let some = SpecSegment::ALL.iter().zip(new.segments).any(|(segment, rows)| cash.contains(segment) && rows > 0);
        return (!some).then(|| "it has neither NSE_EQ nor IDX_I instruments".to_owned());
    };
    if u64::from(new.rows) * 5 < u64::from(old.rows) * 4 {
        return Some(format!("it has {} instruments where the last one had {}", new.rows, old.rows));
    }
    let missing = SpecSegment::ALL.iter().zip(old.segments.iter().zip(new.segments));
    let missing: Vec<_> =
        missing.filter(|(_, (old, new))| **old > 0 && *new == 0).map(|(segment, _)| segment.name()).collect();
    (!missing.is_empty()).then(|| format!("it has no {} instruments any more", missing.join(", ")))
}

/// Reports which lines of a download are not listed.
pub fn report_skipped(footer: &Footer, console: &Console) {
    if footer.bad > 0 {
        console.warn(format_args!("instrument master: {} damaged lines skipped", footer.bad));
    }
    if footer.undated > 0 {
        console.warn(format_args!(
            "instrument master: {} contracts are left out: their expiry cannot be read",
            footer.undated
        ));
    }
    if footer.ignored > 0 {
        console.info(format_args!("instrument master: {} lines of unknown segments skipped", footer.ignored));
    }
}

/// A file in the cache folder that is being downloaded.
struct Part(tempfile::NamedTempFile);

impl Write for Part {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.as_file_mut().flush()
    }
}

impl download::Target for Part {
    fn restart(&mut self) -> io::Result<()> {
        self.0.as_file_mut().set_len(0)?;
        self.0.as_file_mut().rewind()
    }
}

/// A file without a name, or memory.
enum Unnamed {
    File(File),
    Memory(Vec<u8>),
}

impl Write for Unnamed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Unnamed::File(file) => file.write(bytes),
            Unnamed::Memory(memory) => memory.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl download::Target for Unnamed {
    fn restart(&mut self) -> io::Result<()> {
        match self {
            Unnamed::File(file) => {
                file.set_len(0)?;
                file.rewind()
            }
            Unnamed::Memory(memory) => {
                memory.clear();
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instruments::index::Source;

    #[test]
    fn a_new_master_is_compared_with_the_last_good_one() {
        let footer = |rows, segments| Footer {
            version: 1,
            layout: Layout::Compact,
            csv_len: 0,
            csv_crc: 0,
            header_len: 0,
            header_crc: 0,
            rows,
            bad: 0,
            ignored: 0,
            undated: 0,
            segments,
            exact: 0,
            directory: (0, 0),
            names: (0, 0),
            source: Source::default(),
        };
        let old = footer(100, [10, 10, 80, 0, 0, 0, 0, 0, 0]);
        let says = |new: Footer| implausible(&new, Some(&old)).unwrap_or_default();
        assert_eq!(says(footer(80, [10, 10, 60, 0, 0, 0, 0, 0, 0])), "");
        assert_eq!(
            says(footer(79, [10, 10, 59, 0, 0, 0, 0, 0, 0])),
            "it has 79 instruments where the last one had 100"
        );
        assert_eq!(says(footer(200, [10, 0, 190, 0, 0, 0, 0, 0, 0])), "it has no NSE_EQ instruments any more");
        assert!(implausible(&footer(5, [0, 0, 5, 0, 0, 0, 0, 0, 0]), None).is_some());
        assert!(implausible(&footer(1, [1, 0, 0, 0, 0, 0, 0, 0, 0]), None).is_none());
    }
}
