//! Provides the clock and the pauses of making a token, given by the caller, so that a test of a week takes seconds.

use crate::model::Micros;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;

type Clock = dyn Fn() -> Micros + Send + Sync;
type Pause = dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync;

/// Reads the time and waits; cheap to clone.
#[derive(Clone)]
pub struct Timing {
    now: Arc<Clock>,
    pause: Arc<Pause>,
}

impl Timing {
    /// Returns the clock of this host, with real pauses.
    pub fn system() -> Timing {
        Timing::of(crate::clock::now, |wait| tokio::time::sleep(wait).boxed())
    }

    /// Creates a clock from functions that return the time and let time pass.
    pub fn of(
        now: impl Fn() -> Micros + Send + Sync + 'static,
        pause: impl Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> Timing {
        Timing { now: Arc::new(now), pause: Arc::new(pause) }
    }

    /// Returns the time.
    pub fn now(&self) -> Micros {
        (self.now)()
    }

    /// Waits for a time.
    pub async fn pause(&self, wait: Duration) {
        (self.pause)(wait).await;
    }
}
