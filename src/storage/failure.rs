//! Says why a write did not succeed, and provides the signal that ends every wait for one.

use crate::model::exit::Failure;

/// Reports lines that could not be written. The lines before `written` were, and no line was torn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwritten {
    /// The reason.
    pub failure: WriteFailure,
    /// Bytes of complete lines that were written.
    pub written: usize,
}

/// Says why a destination accepts no more data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteFailure {
    /// The reader of stdout closed it.
    ReaderGone,
    /// The run was stopped while it waited for the reader of stdout.
    Stopped,
    /// The run was stopped while it waited to write a file.
    Unsaved(Failure),
    /// The output failed permanently.
    Failed(Failure),
}

/// Tells every waiting write that the run must end now. Cheap to clone and to test.
#[derive(Debug, Clone, Default)]
pub struct StopSignal(std::sync::Arc<std::sync::atomic::AtomicBool>);

impl StopSignal {
    /// Ends all waiting from now on.
    pub fn stop(&self) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    /// Returns the flag, for a signal handler to set.
    pub fn flag(&self) -> std::sync::Arc<std::sync::atomic::AtomicBool> {
        std::sync::Arc::clone(&self.0)
    }

    /// Returns whether waiting must end.
    pub fn is_stopped(&self) -> bool {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }
}
