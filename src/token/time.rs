//! Provides the clock and the pauses of making a token, given by the caller, so that a test of a week takes seconds.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;

type Clock = dyn Fn() -> i64 + Send + Sync;
type Pause = dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync;

/// Reads the time and waits; cheap to clone.
#[derive(Clone)]
pub struct Timing {
    now_us: Arc<Clock>,
    pause: Arc<Pause>,
}

impl Timing {
    /// Returns the clock of this host, with real pauses.
    pub fn system() -> Timing {
        Timing::of(crate::clock::now_us, |wait| tokio::time::sleep(wait).boxed())
    }

    /// Creates a clock from functions that return the time (microseconds since the epoch) and let time pass.
    pub fn of(
        now_us: impl Fn() -> i64 + Send + Sync + 'static,
        pause: impl Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> Timing {
        Timing { now_us: Arc::new(now_us), pause: Arc::new(pause) }
    }

    /// Returns the time in microseconds since the epoch.
    pub fn now_us(&self) -> i64 {
        (self.now_us)()
    }

    /// Waits for a time.
    pub async fn pause(&self, wait: Duration) {
        (self.pause)(wait).await;
    }
}
