//! Handles signals while the driver does not listen: before its start and after its end.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Signals this close together are one: `timeout` sends its own to the process and then to the process's group.
const SAME_REQUEST: Duration = Duration::from_millis(50);

/// Handles early signals, because a stream that is told to stop has not failed. While nothing is open, SIGINT and
/// SIGTERM end the process at once with 0; later the first one is kept for the driver, which ends in order, and a
/// second one kills. After a run that ended by itself, the first one changes nothing. SIGHUP and SIGUSR1 are ignored,
/// because they would kill by default.
#[derive(Debug, Clone, Default)]
pub struct EarlyStop {
    nothing_is_open: Arc<AtomicBool>,
    requested: Arc<AtomicBool>,
}

impl EarlyStop {
    /// Listens from now on. If that fails, signals have their default effect.
    pub fn listen() -> EarlyStop {
        let early = EarlyStop { nothing_is_open: Arc::new(AtomicBool::new(true)), requested: Arc::default() };
        // The order matters: each handler depends on the state that earlier ones left, and a signal that only the last
        // ones receive would be lost.
        for signal in [SIGINT, SIGTERM] {
            let _ = signal_hook::flag::register_conditional_shutdown(signal, 0, Arc::clone(&early.nothing_is_open));
        }
        let next_one_kills = kills_after_the_first().unwrap_or_else(|_| Arc::clone(&early.requested));
        for signal in [SIGINT, SIGTERM] {
            // The process dies by the signal itself, so that the caller sees 130 or 143, whatever the process waits
            // for.
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

    /// Records that something is open that needs an orderly end.
    pub fn set_open(&self) {
        self.nothing_is_open.store(false, Ordering::SeqCst);
    }

    /// Returns whether a stop was requested since.
    pub fn is_requested(&self) -> bool {
        self.requested.load(Ordering::SeqCst)
    }
}

/// Returns a flag that is set a moment after the first SIGINT or SIGTERM. A thread sets it, because the process may be
/// waiting for a disk when the signal arrives.
fn kills_after_the_first() -> std::io::Result<Arc<AtomicBool>> {
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
    let flag = Arc::<AtomicBool>::default();
    let set = Arc::clone(&flag);
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        if signals.forever().next().is_some() {
            std::thread::sleep(SAME_REQUEST);
            set.store(true, Ordering::SeqCst);
        }
    })?;
    Ok(flag)
}
