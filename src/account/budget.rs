//! Implements the connect budget: ten attempts in a burst, and ten a minute after it.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Number of attempts in a burst.
pub const BURST: i64 = 10;
/// Microseconds after which an attempt is available again: ten a minute.
const EARNED_US: i64 = 6_000_000;
/// Longest time in microseconds until the bucket is full; a longer one is damaged or of another clock.
const FULL_US: i64 = BURST * EARNED_US;

/// A token bucket, stored as the time at which it will be full again (microseconds since the epoch).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    full_at_us: i64,
}

impl Bucket {
    /// Takes an attempt, or returns the time until one is available (6 s at most).
    pub fn take(&mut self, now_us: i64) -> Result<(), Duration> {
        let start = self.owed_from(now_us);
        let wait = start.saturating_add(EARNED_US).saturating_sub(FULL_US).saturating_sub(now_us);
        if wait > 0 {
            return Err(Duration::from_micros(wait.unsigned_abs()));
        }
        self.full_at_us = start.saturating_add(EARNED_US);
        Ok(())
    }

    /// Returns an attempt to the bucket.
    pub fn return_attempt(&mut self, now_us: i64) {
        self.full_at_us = self.owed_from(now_us).saturating_sub(EARNED_US).max(now_us);
    }

    /// Takes over the emptier of both buckets, as seen from now.
    pub fn merge(&mut self, other: Bucket, now_us: i64) {
        self.full_at_us = self.owed_from(now_us).max(other.owed_from(now_us));
    }

    fn owed_from(self, now_us: i64) -> i64 {
        let possible = now_us..=now_us.saturating_add(FULL_US);
        if possible.contains(&self.full_at_us) { self.full_at_us } else { now_us }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn an_attempt_that_is_given_back_was_never_taken() {
        let (mut bucket, now) = (Bucket::default(), 1_800_000_000 * SECOND);
        for _ in 0..100 {
            assert_eq!(bucket.take(now), Ok(()));
            bucket.return_attempt(now);
        }
        assert!((0..10).all(|_| bucket.take(now).is_ok()));
        assert!(bucket.take(now).is_err(), "nothing was won by it");
    }

    #[test]
    fn ten_at_once_then_one_in_six_seconds() {
        let mut bucket = Bucket::default();
        let now = 1_800_000_000 * SECOND;
        assert!((0..10).all(|_| bucket.take(now).is_ok()));
        assert_eq!(bucket.take(now), Err(Duration::from_secs(6)));
        assert_eq!(bucket.take(now + SECOND), Err(Duration::from_secs(5)));
        assert_eq!(bucket.take(now + 6 * SECOND), Ok(()));
        assert!(bucket.take(now + 6 * SECOND).is_err());
    }

    proptest! {
        #[test]
        fn never_more_than_ten_and_ten_a_minute_in_any_window(steps in proptest::collection::vec(0_i64..20_000_000, 1..400)) {
            let (mut bucket, mut now, mut taken) = (Bucket::default(), 1_800_000_000 * SECOND, Vec::new());
            for step in steps {
                now += step;
                if bucket.take(now).is_ok() {
                    taken.push(now);
                }
            }
            for (i, from) in taken.iter().enumerate() {
                for (j, to) in taken.iter().enumerate().skip(i) {
                    let allowed = BURST + (to - from) / EARNED_US;
                    prop_assert!(i64::try_from(j - i + 1).unwrap() <= allowed);
                }
            }
        }

        #[test]
        fn whatever_the_disk_claims_nobody_waits_longer_than_six_seconds(full_at_us: i64, now_us: i64) {
            let mut bucket = Bucket { full_at_us };
            if let Err(wait) = bucket.take(now_us) {
                prop_assert!(wait <= Duration::from_secs(6));
            }
        }
    }
}
