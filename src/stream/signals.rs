//! Handles the signals of a run.

use crate::model::exit::{Exit, Failure};
use std::sync::OnceLock;
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// Names what a signal requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// End (SIGINT, SIGTERM; SIGHUP on a terminal).
    Stop,
    /// Read lists again and re-open files (SIGHUP without a terminal).
    HangUp,
    /// Print the figures (SIGUSR1).
    Figures,
}

/// Receives the signals of this process.
pub(super) struct Signals {
    interrupt: Stream,
    terminate: Stream,
    hang_up: Stream,
    figures: Stream,
}

impl Signals {
    pub fn new() -> Result<Signals, Failure> {
        // Called before hang-ups are listened to.
        stops_at_hang_up();
        let listen = |kind| {
            signal(kind)
                .map_err(|error| Failure::new(Exit::Bug, format!("signals cannot be listened to: {}", error.kind())))
        };
        Ok(Signals {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
            figures: listen(SignalKind::user_defined1())?,
        })
    }

    /// Waits for the next signal. A second SIGINT or SIGTERM never arrives here, because it has killed the process.
    /// Cancel-safe.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Stop,
            _ = self.terminate.recv() => Signal::Stop,
            _ = self.hang_up.recv() => if stops_at_hang_up() { Signal::Stop } else { Signal::HangUp },
            _ = self.figures.recv() => Signal::Figures,
        }
    }
}

/// Returns whether a hang-up means that the terminal which started this process closed. Determined on the first call,
/// before hang-ups are listened to: when one comes, the terminal may be gone already, and listening hides whether
/// hang-ups were ignored. A program that is started with `nohup` must outlive the terminal.
pub(super) fn stops_at_hang_up() -> bool {
    static AT_START: OnceLock<bool> = OnceLock::new();
    *AT_START.get_or_init(|| std::fs::File::open("/dev/tty").is_ok() && !ignores_hang_ups())
}

/// Returns whether hang-ups were ignored until now.
fn ignores_hang_ups() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).map(str::trim);
    mask.and_then(|mask| u64::from_str_radix(mask, 16).ok())
        .is_some_and(|mask| mask & 1 << (signal_hook::consts::SIGHUP - 1) != 0)
}
