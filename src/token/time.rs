//! The clock and the pauses of making a token, given by the caller: a week is a test of seconds.

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
    /// The clock of this host, and real pauses.
    pub fn system() -> Timing {
        Timing::of(crate::clock::now_us, |wait| tokio::time::sleep(wait).boxed())
    }

    /// Any clock (µs since the epoch) and any way to let time pass.
    pub fn of(
        now_us: impl Fn() -> i64 + Send + Sync + 'static,
        pause: impl Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> Timing {
        Timing { now_us: Arc::new(now_us), pause: Arc::new(pause) }
    }

    /// Returns the time, µs since the epoch.
    pub fn now_us(&self) -> i64 {
        (self.now_us)()
    }

    /// Waits.
    pub async fn pause(&self, wait: Duration) {
        (self.pause)(wait).await;
    }
}
