//! What tests share: a way to run the program, and a TCP proxy with bad manners.

pub mod harness;
pub mod proxy;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Time limit of a wait. A test that reaches it has failed; nothing else is decided by it.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until no other test that fills a core runs.
pub fn heavy() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
