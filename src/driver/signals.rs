//! Signals, as the run understands them.

use crate::exit::{Exit, Failure};
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// End (SIGINT, SIGTERM).
    Stop,
    /// Read lists again and re-open files, or, on a terminal, end (SIGHUP).
    HangUp,
    /// Print the figures (SIGUSR1).
    Figures,
}

/// The signals of this process.
pub(super) struct Signals {
    interrupt: Stream,
    terminate: Stream,
    hang_up: Stream,
    figures: Stream,
    last: i32,
}

impl Signals {
    pub fn new() -> Result<Signals, Failure> {
        let listen = |kind| {
            signal(kind)
                .map_err(|error| Failure::new(Exit::Bug, format!("signals cannot be listened to: {}", error.kind())))
        };
        Ok(Signals {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
            figures: listen(SignalKind::user_defined1())?,
            last: signal_hook::consts::SIGTERM,
        })
    }

    /// The next one. Cancel-safe.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => { self.last = signal_hook::consts::SIGINT; Signal::Stop }
            _ = self.terminate.recv() => { self.last = signal_hook::consts::SIGTERM; Signal::Stop }
            _ = self.hang_up.recv() => Signal::HangUp,
            _ = self.figures.recv() => Signal::Figures,
        }
    }

    /// A second signal to stop: now, by the signal itself, so that the caller sees 130 or 143.
    pub fn die(&self) {
        let _ = signal_hook::low_level::emulate_default_handler(self.last);
    }
}

/// Whether this process has a controlling terminal: a hang-up then means that it is gone.
pub(super) fn has_terminal() -> bool {
    std::fs::File::open("/dev/tty").is_ok()
}
