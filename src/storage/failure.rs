//! Why a write did not succeed, and the signal that ends every wait for one.

use crate::model::exit::Failure;

/// Lines that could not be written; those before `written` could, and no line was torn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwritten {
    /// Why.
    pub failure: WriteFailure,
    /// Bytes of whole lines that were written.
    pub written: usize,
}

/// Why a destination takes no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteFailure {
    /// The reader of stdout went away.
    ReaderGone,
    /// The run was told to stop while waiting for the reader of stdout.
    Stopped,
    /// The run was told to stop while waiting for what keeps a file from being written.
    Unsaved(Failure),
    /// Output failed for good.
    Failed(Failure),
}

/// Tells whoever waits to write that the run must end now. Cheap to clone and to ask.
#[derive(Debug, Clone, Default)]
pub struct StopSignal(std::sync::Arc<std::sync::atomic::AtomicBool>);

impl StopSignal {
    /// Waiting ends from now on.
    pub fn stop(&self) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    /// What says so, for a signal's handler to set.
    pub fn flag(&self) -> std::sync::Arc<std::sync::atomic::AtomicBool> {
        std::sync::Arc::clone(&self.0)
    }

    /// Whether waiting must end.
    pub fn is_stopped(&self) -> bool {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }
}
