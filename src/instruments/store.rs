//! Keeps the master in the cache folder, and decides when it is renewed.

use super::download;
use super::index::{Bytes, Source, build};
use super::layout::Layout;
use super::master::{Master, MasterError, footer};
use crate::clock::{self, SECOND_US};
use crate::console::Console;
use crate::folders;
use crate::model::Micros;
use crate::model::exit::{Exit, Failure};
use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Says where masters are cached and where they come from.
#[derive(Debug, Clone)]
pub struct Store {
    /// The cache folder; `None` if there is no place for one.
    pub dir: Option<PathBuf>,
    /// Which of the two files.
    pub layout: Layout,
    /// The address it is downloaded from.
    pub url: String,
    /// A PEM file of further roots for the download (`--ca-file`).
    pub ca_file: Option<PathBuf>,
    /// Whether the network must not be used.
    pub offline: bool,
    /// When the requesting run is over; no wait lasts longer.
    pub until: Option<Instant>,
}

/// A master from the cache.
#[derive(Debug)]
pub struct Cached {
    /// The master.
    pub master: Master,
    /// Time of the server's last confirmation.
    pub checked: Micros,
}

/// Returns the last 08:00 IST that has passed; a file confirmed before it is yesterday's.
pub fn last_renewal(now: Micros) -> Micros {
    let day = 86_400 * SECOND_US;
    let eight = 8 * 3600 * SECOND_US - clock::IST_OFFSET_US;
    Micros::new(now.plus_us(-eight).get().div_euclid(day) * day + eight)
}

impl Cached {
    /// Returns whether it is today's.
    pub fn is_fresh(&self, now: Micros) -> bool {
        // A clock that was wrong when the file was written must not make it fresh forever.
        self.checked >= last_renewal(now) && self.checked <= now + Duration::from_secs(3600)
    }

    /// Returns the day of its confirmation, for messages.
    pub fn day(&self) -> String {
        clock::ist_civil(self.checked).strftime("%Y-%m-%d %H:%M IST").to_string()
    }
}

impl Store {
    /// Returns the store of this user: `DHAN_CACHE_DIR` (else the XDG cache folder) and `DHAN_INSTRUMENTS_URL`.
    ///
    /// # Errors
    /// Exit 2 if `DHAN_INSTRUMENTS_URL` is not an `https://` address (or a loopback `http://` one).
    pub fn from_env(layout: Layout, offline: bool) -> Result<Store, Failure> {
        let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let dir = var("DHAN_CACHE_DIR").map(PathBuf::from).or_else(|| folders::CACHE.of_process());
        let url = match var("DHAN_INSTRUMENTS_URL") {
            Some(url) => url.into_string().map_err(|_| Failure::usage("DHAN_INSTRUMENTS_URL is not text in UTF-8"))?,
            None => layout.url().to_owned(),
        };
        download::address(&url)?;
        Ok(Store { dir, layout, url, ca_file: None, offline, until: None })
    }

    /// Returns a time limit, shortened to the end of the requesting run.
    pub(super) fn within(&self, limit: Duration) -> Duration {
        self.until.map_or(limit, |until| limit.min(until.saturating_duration_since(Instant::now())))
    }

    /// Returns the path of the file in the cache, with its index.
    pub fn path(&self) -> Option<PathBuf> {
        self.dir.as_ref().map(|dir| dir.join(format!("{}.master", self.layout.name())))
    }

    /// Returns the cached master, repaired silently if its CSV is intact, or `None` if nothing can be trusted.
    pub fn cached(&self) -> Option<Cached> {
        let path = self.path()?;
        match Master::open(&path) {
            Ok(master) => Some(Cached { master, checked: modified(&path)? }),
            Err(MasterError::Io(_)) => None,
            Err(MasterError::Damaged(_) | MasterError::OtherVersion) => self.repaired(),
        }
    }

    /// Returns the cached master after a checksum was found wrong: with a new index if its CSV is intact, else
    /// `None`.
    pub fn repaired(&self) -> Option<Cached> {
        let path = self.path()?;
        let file = open_regular(&path, File::options().read(true)).ok()?;
        let modified = file.metadata().ok()?.modified().ok()?;
        let (csv_len, csv_crc, source) = intact_csv(&Bytes::File(file.try_clone().ok()?))?;
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
            open_regular(&path, File::options().write(true))?.set_modified(modified)
        };
        let checked = clock::from_system(modified)?;
        let master = match rewritten() {
            Ok(()) => Master::open(&path).ok()?,
            // The folder cannot be written, so the new index is kept in memory.
            Err(_) => Master::from_parts(Arc::new(csv), &built).ok()?,
        };
        Some(Cached { master, checked })
    }

    /// Queries the cached master; if a checksum is wrong, once more after a repair. Returns `None` if there is no
    /// master.
    ///
    /// # Errors
    /// Fails if the repaired master is damaged too.
    pub fn query<T>(
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

    /// Returns today's master: from the cache, else from the server, else the old one with a warning.
    ///
    /// # Errors
    /// Exit 11 if there is none.
    pub fn current(&self, console: &Console) -> Result<Cached, Failure> {
        let cached = self.cached();
        let now = clock::now();
        if let Some(cached) = cached.filter(|cached| self.offline || cached.is_fresh(now)) {
            if !cached.is_fresh(now) {
                console.debug(format_args!("the instrument master is of {}", cached.day()));
            }
            return Ok(cached);
        }
        self.renewed_or_old(console)
    }

    /// Queries today's master; a damaged cache is repaired or downloaded again, and queried once more. The query must
    /// not print.
    ///
    /// # Errors
    /// Exit 11 if there is no master.
    pub fn query_current<T>(
        &self,
        console: &Console,
        question: impl Fn(&Master) -> Result<T, MasterError>,
    ) -> Result<(T, Master), Failure> {
        let current = self.current(console)?;
        if let Some((answer, cached)) = self.query(Some(current), |cached| question(&cached.master)) {
            return Ok((answer, cached.master));
        }
        // The cached file cannot be repaired.
        let cached = self.renewed_or_old(console)?;
        let answer = question(&cached.master).map_err(|error| self.none(&error.to_string()))?;
        Ok((answer, cached.master))
    }

    /// Returns the server's master, else the old one with a warning.
    ///
    /// # Errors
    /// Exit 11 if there is none.
    pub fn renewed_or_old(&self, console: &Console) -> Result<Cached, Failure> {
        if self.offline {
            return self.cached().ok_or_else(|| self.none("--offline forbids to download one"));
        }
        match self.renew(false, false, console) {
            Ok(renewed) => Ok(Cached { master: renewed.master, checked: clock::now() }),
            Err(error) => {
                let Some(cached) = self.cached() else { return Err(self.none(&error.to_string())) };
                let day = cached.day();
                console.warn(format_args!("using the instrument master of {day}: it cannot be renewed: {error}"));
                Ok(cached)
            }
        }
    }

    /// Returns the failure if there is no master (exit 11).
    pub fn none(&self, why: &str) -> Failure {
        let place = match &self.dir {
            Some(dir) => format!("in {}", dir.display()),
            None => "(neither DHAN_CACHE_DIR nor HOME is set)".to_owned(),
        };
        Failure::new(Exit::Data, format!("no usable instrument master {place}: {why}"))
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

/// Opens a file of the cache. Links, which could lead anywhere, and pipes, which could block, are refused: whoever
/// can write into the folder could have put one there.
pub(super) fn open_regular(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let refused = |what: &str| io::Error::other(format!("{} is {what}, not a file: remove it", path.display()));
    let file = options.custom_flags(flags.bits().cast_signed()).open(path).map_err(|error| {
        if rustix::io::Errno::from_io_error(&error) == Some(rustix::io::Errno::LOOP) {
            refused("a link")
        } else {
            error
        }
    })?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(refused("something else")) }
}

fn modified(path: &Path) -> Option<Micros> {
    clock::from_system(std::fs::symlink_metadata(path).ok()?.modified().ok()?)
}

/// Returns length, checksum and origin of an intact CSV whose index is damaged or of another version.
fn intact_csv(bytes: &Bytes) -> Option<(u64, u32, Source)> {
    match footer(bytes) {
        Ok(footer) => Some((footer.csv_len, footer.csv_crc, footer.source)),
        Err(_) => None,
    }
}

/// Returns the prefix of the names of unfinished downloads.
pub(super) fn part_prefix(layout: Layout) -> String {
    format!(".{}-", layout.name())
}

/// Creates a file in the cache folder that is removed unless it is finished.
pub(super) fn part_in(dir: &Path, layout: Layout) -> io::Result<tempfile::NamedTempFile> {
    use std::os::unix::fs::PermissionsExt as _;
    let readable = std::fs::Permissions::from_mode(0o644);
    tempfile::Builder::new().prefix(&part_prefix(layout)).suffix(".part").permissions(readable).tempfile_in(dir)
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

/// Appends the index and puts the file in its place; either the old or the new file is always there.
pub(super) fn finish(
    mut part: tempfile::NamedTempFile,
    built: &build::Built,
    source: &Source,
    path: &Path,
) -> io::Result<()> {
    part.as_file_mut().seek(io::SeekFrom::End(0))?;
    let mut out = io::BufWriter::with_capacity(1 << 16, part.as_file_mut());
    built.write(&mut out, source)?;
    out.flush()?;
    drop(out);
    part.as_file().sync_all()?;
    part.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::datetime;

    #[test]
    fn a_master_is_yesterdays_at_eight_in_india() {
        let at = |day, hour, minute, second| clock::from_ist(datetime(2026, 2, day, hour, minute, second, 0));
        assert_eq!(last_renewal(at(10, 8, 0, 0)), at(10, 8, 0, 0));
        assert_eq!(last_renewal(at(10, 7, 59, 59)), at(9, 8, 0, 0));
        assert_eq!(last_renewal(at(10, 23, 59, 59)), at(10, 8, 0, 0));
        assert_eq!(last_renewal(at(10, 0, 0, 0)), at(9, 8, 0, 0));
    }
}
