//! Makes every operating-system call that files need, in one place, so that a test can make each of them fail.

use rustix::fs::OFlags;
use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

/// Says what a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// Reading.
    Read,
    /// Reading and truncating.
    Truncate,
    /// Appending; the file is created if missing with these permissions (less the umask).
    Append(u32),
    /// Reading and writing a marker; the file is created if missing with these permissions.
    Marker(u32),
    /// Writing a new file that must not exist yet.
    New(u32),
}

/// Holds a file's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// Device and inode, which identify the file whatever its name.
    pub id: (u64, u64),
    /// Length in bytes.
    pub len: u64,
    /// Number of names; 0 if the file was deleted.
    pub links: u64,
    /// Whether it is a regular file, not a folder, a pipe or a device.
    pub is_regular: bool,
}

/// Provides the operating-system calls for files, and a monotonic clock.
pub trait Filesystem: Send + Sync {
    /// Opens a file.
    fn open(&self, path: &Path, open_mode: OpenMode) -> io::Result<File>;
    /// Calls `write(2)` once; the write may be short.
    fn write(&self, file: &File, bytes: &[u8]) -> io::Result<usize>;
    /// Calls `pread(2)` once; the read may be short.
    fn read_at(&self, file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Calls `pwrite(2)` once, for markers; the write may be short.
    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// Sets the length in bytes with `ftruncate(2)`.
    fn set_len(&self, file: &File, len: u64) -> io::Result<()>;
    /// Syncs the data with `fdatasync(2)`.
    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }
    /// Returns the status of a path with `stat(2)`.
    fn stat(&self, path: &Path) -> io::Result<Stat>;
    /// Returns the status of an open file with `fstat(2)`.
    fn fstat(&self, file: &File) -> io::Result<Stat>;
    /// Renames a file with `rename(2)`.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file with `unlink(2)`.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Returns the names in a folder.
    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>>;
    /// Creates a folder and its parents; `mode` as for files, search permission is added.
    fn make_folder(&self, folder: &Path, mode: u32) -> io::Result<()>;
    /// Locks a file until it is closed or the process ends; returns `false` if another process holds the lock.
    fn try_lock(&self, file: &File) -> io::Result<bool>;
    /// Returns the time since some fixed moment.
    fn elapsed(&self) -> Duration;
    /// Sleeps for a time.
    fn pause(&self, time: Duration);
}

/// Calls the real operating system.
#[derive(Debug)]
pub struct Disk {
    start: Instant,
}

impl Default for Disk {
    fn default() -> Self {
        Disk { start: Instant::now() }
    }
}

impl Filesystem for Disk {
    fn open(&self, path: &Path, open_mode: OpenMode) -> io::Result<File> {
        let mut options = File::options();
        match open_mode {
            OpenMode::Read => options.read(true),
            OpenMode::Truncate => options.read(true).write(true),
            // Reading is needed too: the header of a CSV file is compared.
            OpenMode::Append(mode) => options.read(true).append(true).create(true).mode(mode),
            OpenMode::Marker(mode) => options.read(true).write(true).create(true).truncate(false).mode(mode),
            OpenMode::New(mode) => options.read(true).write(true).create_new(true).mode(mode),
        };
        options.open(path)
    }

    fn write(&self, mut file: &File, bytes: &[u8]) -> io::Result<usize> {
        io::Write::write(&mut file, bytes)
    }

    fn read_at(&self, file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        file.read_at(bytes, offset)
    }

    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        file.write_at(bytes, offset)
    }

    fn set_len(&self, file: &File, len: u64) -> io::Result<()> {
        file.set_len(len)
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        std::fs::metadata(path).map(|data| stat_of(&data))
    }

    fn fstat(&self, file: &File) -> io::Result<Stat> {
        file.metadata().map(|data| stat_of(&data))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name())).collect()
    }

    fn make_folder(&self, folder: &Path, mode: u32) -> io::Result<()> {
        use std::os::unix::fs::DirBuilderExt as _;
        // Whoever may read may also search.
        std::fs::DirBuilder::new().recursive(true).mode(mode | (mode & 0o444) >> 2 | 0o100).create(folder)
    }

    fn try_lock(&self, file: &File) -> io::Result<bool> {
        match file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn pause(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

fn stat_of(data: &std::fs::Metadata) -> Stat {
    Stat { id: (data.dev(), data.ino()), len: data.len(), links: data.nlink(), is_regular: data.is_file() }
}

/// Opens a file of data to read it; never waits for the other end of a pipe.
///
/// # Errors
/// What the system says, and for what is no file: a folder, a pipe or a device has no end, or none that is its own.
pub fn open_data(path: &Path) -> io::Result<File> {
    let file = File::options().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_file() {
        return Ok(file);
    }
    let what = if kind.is_dir() { "a folder" } else { "a pipe, a socket or a device" };
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is {what}, not a file")))
}

/// Reads until `bytes` is full or the file ends; returns the number of bytes read.
pub fn read_full(fs: &dyn Filesystem, file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < bytes.len() {
        match fs.read_at(file, &mut bytes[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Reads a file from an offset on, through [`Filesystem`].
pub struct Reader<'a> {
    fs: &'a dyn Filesystem,
    file: &'a File,
    offset: u64,
}

impl<'a> Reader<'a> {
    /// Creates a reader that starts at `offset`.
    pub fn new(fs: &'a dyn Filesystem, file: &'a File, offset: u64) -> Reader<'a> {
        Reader { fs, file, offset }
    }
}

impl io::Read for Reader<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let n = self.fs.read_at(self.file, bytes, self.offset)?;
        self.offset += n as u64;
        Ok(n)
    }
}

/// Makes a write beyond the file size limit fail with an error instead of ending the process.
pub(crate) fn outlive_file_size_limit() {
    use std::sync::OnceLock;
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let flag = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        // Any handler replaces the default action, which ends the process.
        let _ = signal_hook::flag::register(rustix::process::Signal::XFSZ.as_raw(), flag);
    });
}
