//! Defines the session's times: a monotonic clock for every timer, the wall clock only for the calendar and gap
//! records.

use crate::model::Micros;
use std::ops::{Add, Sub};
use std::time::Duration;

/// A time on a monotonic clock: microseconds since a start that the driver chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(pub u64);

impl Time {
    /// Returns the time since `earlier`, or zero if that lies ahead.
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

/// Holds one moment on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// On the monotonic clock, for timers.
    pub at: Time,
    /// On the wall clock, for the calendar and gap records. It may step.
    pub wall: Micros,
}

pub(crate) use crate::model::time::words;
