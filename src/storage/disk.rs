//! Every call to the operating system that files need, in one place, so that a test can let each of them fail.

use rustix::fs::OFlags;
use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// Reading what is there.
    Read,
    /// Reading and cutting what is there.
    Mend,
    /// Writing at the end, made if missing with these permissions (less the umask).
    Append(u32),
    /// A marker: read, written, made if missing.
    Marker(u32),
    /// A file that must not be there yet.
    New(u32),
}

/// What is asked of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// Device and inode: which file it is, whatever its name.
    pub id: (u64, u64),
    /// Bytes.
    pub len: u64,
    /// Names that it has; 0 when it was deleted.
    pub links: u64,
    /// A regular file, not a folder, a pipe or a device.
    pub is_regular: bool,
}

/// The operating system as files need it, and a clock that never steps.
pub trait Filesystem: Send + Sync {
    /// Opens a file.
    fn open(&self, path: &Path, how: OpenMode) -> io::Result<File>;
    /// One `write(2)`; may be short.
    fn write(&self, file: &File, bytes: &[u8]) -> io::Result<usize>;
    /// One `pread(2)`; may be short.
    fn read_at(&self, file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize>;
    /// One `pwrite(2)`; for markers.
    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// `ftruncate(2)`.
    fn set_len(&self, file: &File, len: u64) -> io::Result<()>;
    /// `fdatasync(2)`.
    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }
    /// `stat(2)`.
    fn stat(&self, path: &Path) -> io::Result<Stat>;
    /// `fstat(2)`.
    fn fstat(&self, file: &File) -> io::Result<Stat>;
    /// `rename(2)`.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// `unlink(2)`.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// The names in a folder.
    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>>;
    /// Makes a folder and those above it; permissions as for files plus search.
    fn make_folder(&self, folder: &Path, mode: u32) -> io::Result<()>;
    /// Takes the lock that dies with its holder; `false` if another holds it.
    fn try_lock(&self, file: &File) -> io::Result<bool>;
    /// Time since some fixed moment.
    fn elapsed(&self) -> Duration;
    /// Sleeps.
    fn pause(&self, time: Duration);
}

/// The real one.
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
    fn open(&self, path: &Path, how: OpenMode) -> io::Result<File> {
        let mut options = File::options();
        match how {
            OpenMode::Read => options.read(true),
            OpenMode::Mend => options.read(true).write(true),
            // Read as well: the header of a CSV file is compared.
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
        // Whoever may read may search.
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

/// Reads until `bytes` is full or the file ends; the number of bytes read.
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

/// A file as a stream of bytes from an offset on, read through the seam.
pub struct Reader<'a> {
    fs: &'a dyn Filesystem,
    file: &'a File,
    offset: u64,
}

impl<'a> Reader<'a> {
    /// Reads from `offset` on.
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

/// Growing past the file size limit is an error of `write`, not the end of the process.
pub(crate) fn outlive_file_size_limit() {
    use std::sync::OnceLock;
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let flag = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        // Any handler will do: with one, the default of dying is off.
        let _ = signal_hook::flag::register(rustix::process::Signal::XFSZ.as_raw(), flag);
    });
}
