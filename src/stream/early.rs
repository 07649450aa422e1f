//! Handles signals while the driver does not listen: before its start and after its end.

use crate::console::Console;
use crate::model::PacketCounts;
use crate::model::exit::Exit;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

/// Signals this close together are one: `timeout` sends its own to the process and then to the process's group.
const SAME_REQUEST: Duration = Duration::from_millis(50);
/// Time in which stderr may take the closing line of a run that has not begun.
const CLOSING_LIMIT: Duration = Duration::from_millis(1_500);

/// The command still reads its options, credentials and instruments.
const PREPARING: u8 = 0;
/// Something is open that needs an orderly end.
const OPEN: u8 = 1;
/// A signal came while nothing was open, and the process ends.
const STOPPED: u8 = 2;

/// Handles early signals, because a stream that is told to stop has not failed. While nothing is open, SIGINT and
/// SIGTERM end the process with the closing line and 0, whatever it waits for; later the first one is kept for the
/// driver, which ends in order, and a second one kills. After a run that ended by itself, the first one changes
/// nothing. SIGHUP and SIGUSR1 are ignored, because they would kill by default.
#[derive(Debug, Clone, Default)]
pub struct EarlyStop {
    phase: Arc<AtomicU8>,
    requested: Arc<AtomicBool>,
}

impl EarlyStop {
    /// Listens from now on. If the system has no thread left, the first signal is kept for the driver in any case.
    pub fn listen(console: &Console) -> EarlyStop {
        let early = EarlyStop::default();
        let next_one_kills = early.listen_on_a_thread(console).unwrap_or_else(|_| Arc::clone(&early.requested));
        for signal in [SIGINT, SIGTERM] {
            // The process dies by the signal itself, so that the caller sees 130 or 143, whatever the process waits
            // for. The order matters: the first signal must not kill.
            let _ = signal_hook::flag::register_conditional_default(signal, Arc::clone(&next_one_kills));
            let _ = signal_hook::flag::register(signal, Arc::clone(&early.requested));
        }
        let _ = signal_hook::flag::register(SIGUSR1, Arc::default());
        // If the terminal closes before the run has begun, the process ends like any other.
        if !super::signals::stops_at_hang_up() {
            let _ = signal_hook::flag::register(SIGHUP, Arc::default());
        }
        early
    }

    /// Waits for the first SIGINT or SIGTERM on a thread, because the process may be waiting for a disk or a server
    /// when it arrives. Returns a flag that is set a moment after it.
    fn listen_on_a_thread(&self, console: &Console) -> std::io::Result<Arc<AtomicBool>> {
        let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
        let next_one_kills = Arc::<AtomicBool>::default();
        let (set, phase, console) = (Arc::clone(&next_one_kills), Arc::clone(&self.phase), console.clone());
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            if signals.forever().next().is_none() {
                return;
            }
            if phase.compare_exchange(PREPARING, STOPPED, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                end_before_the_run(console);
            }
            std::thread::sleep(SAME_REQUEST);
            set.store(true, Ordering::SeqCst);
        })?;
        Ok(next_one_kills)
    }

    /// Records that something is open that needs an orderly end.
    pub fn set_open(&self) {
        if self.phase.swap(OPEN, Ordering::SeqCst) == STOPPED {
            // The thread that received the signal ends the process.
            loop {
                std::thread::park();
            }
        }
    }

    /// Returns whether a stop was requested since.
    pub fn is_requested(&self) -> bool {
        self.requested.load(Ordering::SeqCst)
    }
}

/// Prints the closing line of a run that received nothing.
pub fn close_empty_books(console: &Console) {
    console.info(PacketCounts::default());
}

/// Ends the process of a run that has not begun. A stderr without a reader does not hold it.
#[expect(clippy::exit, reason = "the main thread may be waiting for a server or a disk")]
fn end_before_the_run(console: Console) -> ! {
    let (printed, is_printed) = std::sync::mpsc::channel();
    let print = move || {
        console.begin_run();
        close_empty_books(&console);
        console.finish();
        let _ = printed.send(());
    };
    if std::thread::Builder::new().name("closing".to_owned()).spawn(print).is_ok() {
        let _ = is_printed.recv_timeout(CLOSING_LIMIT);
    }
    std::process::exit(i32::from(Exit::Done.code()))
}
