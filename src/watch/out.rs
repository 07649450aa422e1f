//! Writes to the terminal without waiting for it: what it does not take is kept, and no frame is drawn meanwhile.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Bytes that a terminal which is ready takes without waiting, by the kernel's rule for readiness.
const READY_BYTES: usize = 256;

/// Whether the view holds the terminal; without it nothing is drawn.
static IS_HELD: AtomicBool = AtomicBool::new(false);

/// Records whether the view holds the terminal; returns whether it did before.
pub(super) fn set_held(is_held: bool) -> bool {
    IS_HELD.swap(is_held, Ordering::SeqCst)
}

/// Collects the bytes for the terminal. Flushing sends what the terminal takes at once, and keeps the rest.
#[derive(Clone)]
pub(super) struct TerminalOut(Arc<Mutex<Vec<u8>>>);

impl TerminalOut {
    /// Opens the terminal of stdout.
    pub fn open() -> TerminalOut {
        let _ = own();
        TerminalOut(Arc::default())
    }

    /// Returns whether everything is sent.
    pub fn is_empty(&self) -> bool {
        self.pending().is_empty()
    }

    fn pending(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for TerminalOut {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut pending = self.pending();
        let mut sent = 0;
        while IS_HELD.load(Ordering::SeqCst) && sent < pending.len() {
            match write_some(&pending[sent..])? {
                0 => {
                    pending.drain(..sent);
                    return Ok(());
                }
                n => sent += n,
            }
        }
        // Sent, or drawn for a terminal that was given back.
        pending.clear();
        Ok(())
    }
}

/// Writes bytes as far as the terminal takes them within a time.
pub(super) fn write_within(mut bytes: &[u8], limit: Duration) {
    let end = Instant::now() + limit;
    while !bytes.is_empty() {
        match write_some(bytes) {
            Err(_) => return,
            Ok(0) if Instant::now() >= end => return,
            Ok(0) => std::thread::sleep(Duration::from_millis(5)),
            Ok(n) => bytes = &bytes[n..],
        }
    }
}

/// Writes what the terminal takes at once; returns the number of bytes.
fn write_some(bytes: &[u8]) -> io::Result<usize> {
    let written = match own() {
        Some(terminal) => rustix::io::write(terminal, bytes),
        None => {
            let stdout = io::stdout();
            let mut ready = [PollFd::new(&stdout, PollFlags::OUT)];
            match poll(&mut ready, Some(&Timespec::default())) {
                Ok(1..) => rustix::io::write(stdout.as_fd(), &bytes[..bytes.len().min(READY_BYTES)]),
                Ok(0) => Ok(0),
                Err(error) => Err(error),
            }
        }
    };
    match written {
        Err(Errno::AGAIN | Errno::INTR) => Ok(0),
        written => Ok(written?),
    }
}

/// Returns the terminal of stdout, opened anew: other programs that use the terminal must not find it nonblocking.
/// `None` if it cannot be opened.
fn own() -> Option<&'static File> {
    static OWN: OnceLock<Option<File>> = OnceLock::new();
    let open = || {
        let name = rustix::termios::ttyname(io::stdout(), Vec::new()).ok()?;
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        rustix::fs::open(name, flags, Mode::empty()).ok().map(File::from)
    };
    OWN.get_or_init(open).as_ref()
}
