//! Gives points in time a type of their own, so that none is taken for a price, a length of time or an id.

use serde::{Deserialize, Serialize};
use std::ops::{Add, Sub};
use std::time::Duration;

/// A point in time on the wall clock: microseconds since 1970-01-01T00:00:00Z. Serialized as that number.
///
/// The difference of two is no `Micros` but a [`Duration`], or a signed number of microseconds whose name ends in
/// `_us`. Arithmetic saturates: a time that a file claims may be any number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
#[repr(transparent)]
pub struct Micros(i64);

impl Micros {
    /// The beginning of 1970 in UTC.
    pub const EPOCH: Micros = Micros(0);
    /// The earliest time.
    pub const MIN: Micros = Micros(i64::MIN);
    /// The latest time; stands for "never" where a time is awaited.
    pub const MAX: Micros = Micros(i64::MAX);

    /// Returns the time this many microseconds after the epoch.
    #[inline(always)]
    pub const fn new(us: i64) -> Micros {
        Micros(us)
    }

    /// Returns the time this many seconds after the epoch.
    #[inline(always)]
    pub const fn from_secs(seconds: i64) -> Micros {
        Micros(seconds.saturating_mul(1_000_000))
    }

    /// Returns the microseconds since the epoch.
    #[inline(always)]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Returns the whole seconds since the epoch.
    #[inline(always)]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Returns the time since `earlier`, or zero if that lies ahead.
    pub const fn since(self, earlier: Micros) -> Duration {
        let us = self.us_since(earlier);
        Duration::from_micros(if us < 0 { 0 } else { us.unsigned_abs() })
    }

    /// Returns the microseconds since `earlier`, negative if that lies ahead.
    #[inline(always)]
    pub const fn us_since(self, earlier: Micros) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Returns the time this many microseconds later, or earlier if the number is negative.
    #[inline(always)]
    #[must_use]
    pub const fn plus_us(self, us: i64) -> Micros {
        Micros(self.0.saturating_add(us))
    }
}

impl Add<Duration> for Micros {
    type Output = Micros;

    #[inline]
    fn add(self, wait: Duration) -> Micros {
        self.plus_us(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX))
    }
}

impl Sub<Duration> for Micros {
    type Output = Micros;

    #[inline]
    fn sub(self, ago: Duration) -> Micros {
        self.plus_us(-i64::try_from(ago.as_micros()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_have_a_sign_or_end_at_zero() {
        let (early, late) = (Micros::from_secs(10), Micros::new(12_500_000));
        assert_eq!((late.us_since(early), early.us_since(late)), (2_500_000, -2_500_000));
        assert_eq!((late.since(early), early.since(late)), (Duration::from_millis(2_500), Duration::ZERO));
        assert_eq!((early + Duration::from_millis(2_500), late - Duration::from_millis(2_500)), (late, early));
    }

    #[test]
    fn seconds_are_rounded_down_before_the_epoch_too() {
        assert_eq!([-1, 0, 999_999, 1_000_000].map(|us| Micros::new(us).seconds()), [-1, 0, 0, 1]);
    }

    #[test]
    fn any_number_of_a_file_can_be_calculated_with() {
        assert_eq!((Micros::MIN.us_since(Micros::MAX), Micros::MAX.us_since(Micros::MIN)), (i64::MIN, i64::MAX));
        assert_eq!((Micros::MIN - Duration::MAX, Micros::MAX + Duration::MAX), (Micros::MIN, Micros::MAX));
        assert_eq!(Micros::from_secs(i64::MAX), Micros::MAX);
    }

    #[test]
    fn a_time_is_a_number_in_json() {
        assert_eq!(serde_json::to_string(&Micros::new(7)).unwrap(), "7");
        assert_eq!(serde_json::from_str::<Micros>("-7").unwrap(), Micros::new(-7));
    }
}
