//! Time as the session is told it: a monotonic clock for every timer, the wall clock only where the calendar matters.

use std::ops::{Add, Sub};
use std::time::Duration;

/// A moment on a clock that never steps: microseconds since some start of the driver's choosing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(pub u64);

impl Time {
    /// How long ago `earlier` was; zero if it lies ahead.
    pub const fn since(self, earlier: Time) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Time {
    type Output = Time;

    fn add(self, wait: Duration) -> Time {
        Time(self.0.saturating_add(u64::try_from(wait.as_micros()).unwrap_or(u64::MAX)))
    }
}

impl Sub<Duration> for Time {
    type Output = Time;

    fn sub(self, ago: Duration) -> Time {
        Time(self.0.saturating_sub(u64::try_from(ago.as_micros()).unwrap_or(u64::MAX)))
    }
}

/// One moment on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// On the monotonic clock: what timers go by.
    pub at: Time,
    /// On the wall clock, µs since the epoch: what the calendar and gap records go by. It may step.
    pub wall_us: i64,
}

pub(crate) use crate::model::time::words;
