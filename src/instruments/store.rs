//! Where the master is kept: the cache folder, when it is renewed, and who may renew it.

use super::download::{self, Answer, DownloadError, Request};
use super::index::{Bytes, Footer, Source, build};
use super::layout::Layout;
use super::master::{Master, MasterError, footer};
use super::spec::SpecSegment;
use crate::clock::{self, SECOND_US};
use crate::console::Console;
use crate::exit::{Exit, Failure};
use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

/// How long another process' download is waited for when there is an old master to go on with.
const WAIT_WITH_OLD: Duration = Duration::from_secs(10);
/// How long a download may take when there is an old master to go on with.
const LIMIT_WITH_OLD: Duration = Duration::from_secs(60);
/// How long it may take when there is none, or when it was asked for.
const LIMIT: Duration = Duration::from_secs(600);

/// Where masters are cached and where they come from.
#[derive(Debug, Clone)]
pub struct Store {
    /// The cache folder; `None` when there is no place for one.
    pub dir: Option<PathBuf>,
    /// Which of the two files is meant.
    pub layout: Layout,
    /// The address it is downloaded from.
    pub url: String,
    /// Never touch the network.
    pub offline: bool,
}

/// A master from the cache.
#[derive(Debug)]
pub struct Cached {
    /// The master.
    pub master: Master,
    /// When the server last confirmed it, in microseconds since the epoch.
    pub checked_us: i64,
}

/// How a renewal ended well.
#[derive(Debug)]
pub struct Renewed {
    /// The newest master.
    pub master: Master,
    /// Whether it differs from what the cache held.
    pub changed: bool,
    /// Whether the cache holds it; if not, its folder cannot be written.
    pub kept: bool,
}

/// Why a renewal failed; the old master is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RenewError(String);

/// The last 08:00 IST that has passed: what was confirmed before it is yesterday's.
pub fn last_renewal_us(now_us: i64) -> i64 {
    let day = 86_400 * SECOND_US;
    let eight = 8 * 3600 * SECOND_US - clock::IST_OFFSET_US;
    (now_us - eight).div_euclid(day) * day + eight
}

impl Cached {
    /// Whether it is today's.
    pub fn is_fresh(&self, now_us: i64) -> bool {
        // A clock that was wrong when the file was written does not make it fresh for ever.
        self.checked_us >= last_renewal_us(now_us) && self.checked_us <= now_us + 3600 * SECOND_US
    }

    /// The day it was confirmed, for messages.
    pub fn day(&self) -> String {
        clock::ist_civil(self.checked_us).strftime("%Y-%m-%d %H:%M IST").to_string()
    }
}

impl Store {
    /// The store of this user: `DHAN_CACHE_DIR` (else the XDG cache folder) and `DHAN_INSTRUMENTS_URL`.
    ///
    /// # Errors
    /// Exit 2 when `DHAN_INSTRUMENTS_URL` is not an `https://` address (or a loopback `http://` one).
    pub fn from_env(layout: Layout, offline: bool) -> Result<Store, Failure> {
        let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let dir = var("DHAN_CACHE_DIR").map(PathBuf::from).or_else(|| {
            let xdg = var("XDG_CACHE_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute());
            let home =
                || var("HOME").map(PathBuf::from).filter(|dir| dir.is_absolute()).map(|home| home.join(".cache"));
            xdg.or_else(home).map(|dir| dir.join("dhan"))
        });
        let url = match var("DHAN_INSTRUMENTS_URL") {
            Some(url) => url.into_string().map_err(|_| Failure::usage("DHAN_INSTRUMENTS_URL is not text in UTF-8"))?,
            None => layout.url().to_owned(),
        };
        download::address(&url)?;
        Ok(Store { dir, layout, url, offline })
    }

    /// The file in the cache, with its index.
    pub fn path(&self) -> Option<PathBuf> {
        self.dir.as_ref().map(|dir| dir.join(format!("{}.master", self.layout.name())))
    }

    /// What the cache holds, repaired silently where its CSV is whole; `None` if there is nothing that can be trusted.
    pub fn cached(&self) -> Option<Cached> {
        let path = self.path()?;
        match Master::open(&path) {
            Ok(master) => Some(Cached { master, checked_us: modified_us(&path)? }),
            Err(MasterError::Io(_)) => None,
            Err(MasterError::Damaged(_) | MasterError::OtherVersion) => self.repaired(),
        }
    }

    /// What the cache holds after one of its checksums was found wrong: with a new index if its CSV is whole, else nothing.
    pub fn repaired(&self) -> Option<Cached> {
        let path = self.path()?;
        let file = File::open(&path).ok()?;
        let modified = file.metadata().ok()?.modified().ok()?;
        let (csv_len, csv_crc, source) = whole_csv(&Bytes::File(file.try_clone().ok()?))?;
        let csv = Bytes::Part(file, csv_len);
        if csv.crc(csv_len).ok()? != csv_crc {
            return None;
        }
        let built = build(&csv).ok()?;
        let rewritten = || -> io::Result<()> {
            let dir = path.parent().ok_or(io::ErrorKind::NotFound)?;
            let mut part = part_in(dir, self.layout)?;
            copy(&csv, csv_len, part.as_file_mut())?;
            finish(part, &built, &source, &path)?;
            File::options().write(true).open(&path)?.set_modified(modified)
        };
        let checked_us = modified.duration_since(UNIX_EPOCH).ok().and_then(|d| i64::try_from(d.as_micros()).ok())?;
        let master = match rewritten() {
            Ok(()) => Master::open(&path).ok()?,
            // The folder cannot be written: the new index lives as long as this process.
            Err(_) => Master::from_parts(Arc::new(csv), &built).ok()?,
        };
        Some(Cached { master, checked_us })
    }

    /// Asks the cached master; when a checksum turns out wrong, once more after a repair. `None` if there is no master.
    ///
    /// # Errors
    /// The repaired master is damaged too.
    pub fn ask<T>(
        &self,
        cached: Option<Cached>,
        question: impl Fn(&Cached) -> Result<T, MasterError>,
    ) -> Option<(T, Cached)> {
        let cached = cached?;
        match question(&cached) {
            Ok(answer) => Some((answer, cached)),
            Err(_) => {
                let repaired = self.repaired()?;
                let answer = question(&repaired).ok()?;
                Some((answer, repaired))
            }
        }
    }

    /// Today's master: from the cache, else from the server, else the old one with a warning.
    ///
    /// # Errors
    /// Exit 11 when there is none to be had.
    pub fn current(&self, console: &Console) -> Result<Cached, Failure> {
        let cached = self.cached();
        let now_us = clock::now_us();
        if let Some(cached) = cached.filter(|cached| self.offline || cached.is_fresh(now_us)) {
            if !cached.is_fresh(now_us) {
                console.debug(format_args!("the instrument master is of {}", cached.day()));
            }
            return Ok(cached);
        }
        self.renewed_or_old(console)
    }

    /// The server's master, else the old one with a warning.
    ///
    /// # Errors
    /// Exit 11 when there is none to be had.
    pub fn renewed_or_old(&self, console: &Console) -> Result<Cached, Failure> {
        if self.offline {
            return self.cached().ok_or_else(|| self.none("--offline forbids to download one"));
        }
        match self.renew(false, false, console) {
            Ok(renewed) => Ok(Cached { master: renewed.master, checked_us: clock::now_us() }),
            Err(error) => {
                let Some(cached) = self.cached() else { return Err(self.none(&error.to_string())) };
                let day = cached.day();
                console.warn(format_args!("using the instrument master of {day}: it cannot be renewed: {error}"));
                Ok(cached)
            }
        }
    }

    /// Exit 11: nothing in the cache, and nothing to be had.
    pub fn none(&self, why: &str) -> Failure {
        let place = match &self.dir {
            Some(dir) => format!("in {}", dir.display()),
            None => "(neither DHAN_CACHE_DIR nor HOME is set)".to_owned(),
        };
        Failure::new(Exit::Data, format!("no usable instrument master {place}: {why}"))
    }

    /// Downloads the master if the server has something newer (`force`: in any case), one process at a time.
    ///
    /// # Errors
    /// Why there is nothing newer; what the cache held is as it was.
    pub fn renew(&self, force: bool, asked_for: bool, console: &Console) -> Result<Renewed, RenewError> {
        let started_us = clock::now_us();
        let kept = match (&self.dir, self.path()) {
            (Some(dir), Some(path)) => self.renew_in(dir, &path, force, asked_for, started_us, console),
            _ => Err(Trouble::Place(io::Error::other("neither DHAN_CACHE_DIR nor HOME is set"))),
        };
        match kept {
            Ok(renewed) => Ok(renewed),
            Err(Trouble::Download(error)) => Err(error),
            Err(Trouble::Place(error)) => {
                let place = self.dir.as_ref().map_or_else(|| "none".to_owned(), |dir| dir.display().to_string());
                let why = plain_words(&error);
                console.warn(format_args!(
                    "the cache folder {place} cannot be used ({why}): the instrument master is not kept"
                ));
                self.renew_without_cache(console)
            }
        }
    }

    fn renew_in(
        &self,
        dir: &Path,
        path: &Path,
        force: bool,
        asked_for: bool,
        started_us: i64,
        console: &Console,
    ) -> Result<Renewed, Trouble> {
        std::fs::create_dir_all(dir).map_err(Trouble::Place)?;
        let lock = dir.join(format!("{}.lock", self.layout.name()));
        let mut lock =
            File::options().create(true).read(true).write(true).truncate(false).open(lock).map_err(Trouble::Place)?;
        let old_before = self.cached();
        let patience = if old_before.is_some() && !asked_for { WAIT_WITH_OLD } else { LIMIT };
        wait_for(&lock, patience)?;
        // Whoever held the lock before us may have answered for us too. What we came to replace is not trusted as it is: it
        // may be today's, and damaged.
        let now_us = clock::now_us();
        let answered = |cached: &Cached| {
            let since = cached.checked_us >= started_us || (!asked_for && cached.is_fresh(now_us));
            since && cached.master.verify().is_ok()
        };
        if let Some(cached) = self.cached().filter(answered) {
            let changed = old_before.is_none_or(|old| old.master.footer() != cached.master.footer());
            return Ok(Renewed { master: cached.master, changed, kept: true });
        }
        if let Some(error) = failed_since(&mut lock, started_us) {
            return Err(Trouble::Download(RenewError(error)));
        }
        remove_parts(dir, self.layout);
        let renewed = self.download_into(dir, path, force, asked_for, console);
        if let Err(Trouble::Download(error)) = &renewed {
            // Best effort: those who wait for us would otherwise try, one after the other.
            let _ = note_failure(&mut lock, &error.0);
        }
        renewed
    }

    fn download_into(
        &self,
        dir: &Path,
        path: &Path,
        force: bool,
        asked_for: bool,
        console: &Console,
    ) -> Result<Renewed, Trouble> {
        // A damaged cache must not be confirmed by the server: it is checked whole before it is offered.
        let old = self.cached().and_then(|old| self.ask(Some(old), |old| old.master.verify()).map(|(_, old)| old));
        let known =
            old.as_ref().map(|old| &old.master.footer().source).filter(|source| !force && source.url == self.url);
        let limit = if old.is_some() && !asked_for { LIMIT_WITH_OLD } else { LIMIT };
        let part = part_in(dir, self.layout).map_err(Trouble::Place)?;
        let mut target = Part(part);
        match download::fetch(Request { url: &self.url, known, limit, most: build::MAX_CSV }, &mut target, console) {
            Err(DownloadError::Write(error)) => Err(Trouble::Place(error)),
            Err(error) => Err(Trouble::Download(RenewError(error.to_string()))),
            Ok(Answer::NotModified) => {
                let old = old.ok_or_else(|| Trouble::Download(RenewError("the server sent nothing".to_owned())))?;
                let touched = File::options().write(true).open(path).and_then(|file| file.set_modified(now()));
                touched.map_err(Trouble::Place)?;
                Ok(Renewed { master: old.master, changed: false, kept: true })
            }
            Ok(Answer::Sent(source)) => {
                let Part(part) = target;
                let csv = Bytes::File(part.as_file().try_clone().map_err(Trouble::Place)?);
                let built = checked(&csv, old.as_ref().map(|old| old.master.footer()), path)?;
                say_skipped(&built.footer, console);
                let changed = old.is_none_or(|old| old.master.footer().csv_crc != built.footer.csv_crc);
                finish(part, &built, &source, path).map_err(Trouble::Place)?;
                let master = Master::open(path).map_err(|error| Trouble::Place(io::Error::other(error.to_string())))?;
                Ok(Renewed { master, changed, kept: true })
            }
        }
    }

    /// Where nothing can be kept: a file without a name, else memory.
    fn renew_without_cache(&self, console: &Console) -> Result<Renewed, RenewError> {
        let old = self.cached();
        let mut target = match tempfile::tempfile() {
            Ok(file) => Unnamed::File(file),
            Err(_) => Unnamed::Memory(Vec::new()),
        };
        let limit = if old.is_some() { LIMIT_WITH_OLD } else { LIMIT };
        let mut request = Request { url: &self.url, known: None, limit, most: build::MAX_CSV };
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
                Trouble::Download(error) => error,
                Trouble::Place(error) => RenewError(plain_words(&error)),
            })?;
        say_skipped(&built.footer, console);
        let master = Master::from_parts(Arc::new(csv), &built).map_err(|error| RenewError(error.to_string()))?;
        Ok(Renewed { master, changed: true, kept: false })
    }

    /// Renews the cache on a thread of its own, which may be abandoned at any time.
    pub fn refresh_behind(&self, console: &Console) {
        if self.offline {
            return;
        }
        let (store, console) = (self.clone(), console.clone());
        let thread = std::thread::Builder::new().name("instruments".to_owned());
        // Without a thread the next run renews it.
        let _ = thread.spawn(move || match store.renew(false, false, &console) {
            Ok(_) => console.debug("the instrument master is today's now"),
            Err(error) => console.warn(format_args!("the instrument master could not be renewed: {error}")),
        });
    }
}

/// What ended a renewal.
enum Trouble {
    /// The cache cannot be written: there may still be an answer without it.
    Place(io::Error),
    /// There is no new master.
    Download(RenewError),
}

/// What an error of the operating system says, without its number.
fn plain_words(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

fn now() -> std::time::SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(clock::now_us()).unwrap_or(0))
}

fn modified_us(path: &Path) -> Option<i64> {
    let modified = std::fs::metadata(path).ok()?.modified().ok()?;
    i64::try_from(modified.duration_since(UNIX_EPOCH).ok()?.as_micros()).ok()
}

/// Length, checksum and origin of the CSV in a file whose index is damaged or of another version.
fn whole_csv(bytes: &Bytes) -> Option<(u64, u32, Source)> {
    match footer(bytes) {
        Ok(footer) => Some((footer.csv_len, footer.csv_crc, footer.source)),
        Err(_) => None,
    }
}

/// Takes the lock, or the reason why nobody can.
fn wait_for(lock: &File, patience: Duration) -> Result<(), Trouble> {
    let started = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if started.elapsed() < patience => {
                std::thread::sleep(Duration::from_millis(20))
            }
            Err(TryLockError::WouldBlock) => {
                let seconds = patience.as_secs();
                return Err(Trouble::Download(RenewError(format!(
                    "another process has been downloading it for {seconds} s"
                ))));
            }
            // A file system without locks: better two downloads than none.
            Err(TryLockError::Error(_)) => return Ok(()),
        }
    }
}

/// What the last holder of the lock noted, if it failed after `since_us`.
fn failed_since(lock: &mut File, since_us: i64) -> Option<String> {
    let mut note = String::new();
    lock.rewind().ok()?;
    lock.take(4096).read_to_string(&mut note).ok()?;
    let (at, error) = note.split_once(' ')?;
    (at.parse::<i64>().ok()? >= since_us).then(|| error.to_owned())
}

fn note_failure(lock: &mut File, error: &str) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    write!(lock, "{} {error}", clock::now_us())
}

/// The name that unfinished downloads begin with.
fn part_prefix(layout: Layout) -> String {
    format!(".{}-", layout.name())
}

/// A new file in the cache folder that vanishes unless it is finished.
fn part_in(dir: &Path, layout: Layout) -> io::Result<tempfile::NamedTempFile> {
    use std::os::unix::fs::PermissionsExt as _;
    let readable = std::fs::Permissions::from_mode(0o644);
    tempfile::Builder::new().prefix(&part_prefix(layout)).suffix(".part").permissions(readable).tempfile_in(dir)
}

/// Removes what killed downloads left behind. Only the holder of the lock may.
fn remove_parts(dir: &Path, layout: Layout) {
    let prefix = part_prefix(layout);
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(&prefix) && name.ends_with(".part")) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn copy(csv: &Bytes, len: u64, out: &mut File) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 18];
    let mut at = 0;
    while at < len {
        let want = usize::try_from(len - at).unwrap_or(usize::MAX).min(buffer.len());
        csv.read_exact_at(at, &mut buffer[..want])?;
        out.write_all(&buffer[..want])?;
        at += want as u64;
    }
    Ok(())
}

/// Appends the index and puts the file in its place: old or new, never neither.
fn finish(mut part: tempfile::NamedTempFile, built: &build::Built, source: &Source, path: &Path) -> io::Result<()> {
    part.as_file_mut().seek(io::SeekFrom::End(0))?;
    let mut out = io::BufWriter::with_capacity(1 << 16, part.as_file_mut());
    built.write(&mut out, source)?;
    out.flush()?;
    drop(out);
    part.as_file().sync_all()?;
    part.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Builds the index of a download, or says why it does not replace the old master.
fn checked(csv: &Bytes, old: Option<&Footer>, path: &Path) -> Result<build::Built, Trouble> {
    let refused =
        |why: String| Err(Trouble::Download(RenewError(format!("the file from the server is refused: {why}"))));
    let built = match build(csv) {
        Ok(built) => built,
        Err(build::BuildError::Io(error)) => return Err(Trouble::Place(error)),
        Err(error) => return refused(error.to_string()),
    };
    match implausible(&built.footer, old) {
        Some(why) if old.is_some() => refused(format!("{why}; if it is right, remove {} first", path.display())),
        Some(why) => refused(why),
        None => Ok(built),
    }
}

/// Why a new master cannot be right, compared with the last good one.
pub fn implausible(new: &Footer, old: Option<&Footer>) -> Option<String> {
    let Some(old) = old else {
        // Cash and index rows come last in the file: one that was cut off has none.
        let cash = [SpecSegment::ALL[0], SpecSegment::ALL[1]];
        let some = SpecSegment::ALL.iter().zip(new.segments).any(|(segment, rows)| cash.contains(segment) && rows > 0);
        return (!some).then(|| "it has neither NSE_EQ nor IDX_I instruments".to_owned());
    };
    if u64::from(new.rows) * 5 < u64::from(old.rows) * 4 {
        return Some(format!("it has {} instruments where the last one had {}", new.rows, old.rows));
    }
    let lost = SpecSegment::ALL.iter().zip(old.segments.iter().zip(new.segments));
    let lost: Vec<_> =
        lost.filter(|(_, (old, new))| **old > 0 && *new == 0).map(|(segment, _)| segment.name()).collect();
    (!lost.is_empty()).then(|| format!("it has no {} instruments any more", lost.join(", ")))
}

/// Says what of a download is not listed.
pub fn say_skipped(footer: &Footer, console: &Console) {
    if footer.bad > 0 {
        console.warn(format_args!("instrument master: {} damaged lines skipped", footer.bad));
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

/// A place without a name.
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
    use jiff::civil::datetime;

    #[test]
    fn a_master_is_yesterdays_at_eight_in_india() {
        let at = |day, hour, minute, second| clock::ist_to_us(datetime(2026, 2, day, hour, minute, second, 0));
        assert_eq!(last_renewal_us(at(10, 8, 0, 0)), at(10, 8, 0, 0));
        assert_eq!(last_renewal_us(at(10, 7, 59, 59)), at(9, 8, 0, 0));
        assert_eq!(last_renewal_us(at(10, 23, 59, 59)), at(10, 8, 0, 0));
        assert_eq!(last_renewal_us(at(10, 0, 0, 0)), at(9, 8, 0, 0));
    }

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
