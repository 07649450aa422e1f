//! Signals in every moment in which the driver does not listen: before it does, and after it has ended.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A stream that is told to stop has not failed, from its first moment on. While nothing is open yet SIGINT and SIGTERM
/// end the process at once, with 0; later the first one is kept for the driver, which ends in order, and a second one kills.
/// Where the run has ended by itself, the first one changes nothing. SIGHUP and SIGUSR1 ask for nothing that is there yet,
/// and must not kill.
#[derive(Debug, Clone, Default)]
pub struct EarlyStop {
    nothing_is_open: Arc<AtomicBool>,
    asked: Arc<AtomicBool>,
}

impl EarlyStop {
    /// Listens from now on. Where that fails, signals do what they do to every process.
    pub fn listen() -> EarlyStop {
        let early = EarlyStop { nothing_is_open: Arc::new(AtomicBool::new(true)), asked: Arc::default() };
        for signal in [SIGINT, SIGTERM] {
            // The order matters: each acts on what the ones before it left.
            let _ = signal_hook::flag::register_conditional_shutdown(signal, 0, Arc::clone(&early.nothing_is_open));
            // By the signal itself, so that the caller sees 130 or 143; whatever this process waits for.
            let _ = signal_hook::flag::register_conditional_default(signal, Arc::clone(&early.asked));
            let _ = signal_hook::flag::register(signal, Arc::clone(&early.asked));
        }
        let _ = signal_hook::flag::register(SIGUSR1, Arc::default());
        // A terminal that goes away ends what has not begun, as it would end any program.
        if !super::signals::stops_at_hang_up() {
            let _ = signal_hook::flag::register(SIGHUP, Arc::default());
        }
        early
    }

    /// From now on something is open that wants an orderly end.
    pub fn something_is_open(&self) {
        self.nothing_is_open.store(false, Ordering::SeqCst);
    }

    /// Whether a stop was asked for since.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }
}
