//! Implements the connect budget: ten attempts in a burst, and ten a minute after it.

use crate::model::Micros;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Number of attempts in a burst.
const BURST: u32 = 10;
/// Time after which an attempt is available again: ten a minute.
const EARNED: Duration = Duration::from_secs(6);
/// Longest time until the bucket is full; a longer one is damaged or of another clock.
const FULL: Duration = EARNED.saturating_mul(BURST);

/// A token bucket, stored as the time at which it will be full again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    #[serde(rename = "full_at_us")]
    full_at: Micros,
}

impl Bucket {
    /// Takes an attempt, or returns the time until one is available (6 s at most).
    pub fn take(&mut self, now: Micros) -> Result<(), Duration> {
        let start = self.owed_from(now);
        let wait = (start + EARNED - FULL).since(now);
        if !wait.is_zero() {
            return Err(wait);
        }
        self.full_at = start + EARNED;
        Ok(())
    }

    /// Returns an attempt to the bucket.
    pub fn return_attempt(&mut self, now: Micros) {
        self.full_at = (self.owed_from(now) - EARNED).max(now);
    }

    /// Takes over the emptier of both buckets, as seen from now.
    pub fn merge(&mut self, other: Bucket, now: Micros) {
        self.full_at = self.owed_from(now).max(other.owed_from(now));
    }

    fn owed_from(self, now: Micros) -> Micros {
        let possible = now..=now + FULL;
        if possible.contains(&self.full_at) { self.full_at } else { now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);
    const START: Micros = Micros::from_secs(1_800_000_000);

    #[test]
    fn an_attempt_that_is_given_back_was_never_taken() {
        let (mut bucket, now) = (Bucket::default(), START);
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
        let now = START;
        assert!((0..10).all(|_| bucket.take(now).is_ok()));
        assert_eq!(bucket.take(now), Err(Duration::from_secs(6)));
        assert_eq!(bucket.take(now + SECOND), Err(Duration::from_secs(5)));
        assert_eq!(bucket.take(now + 6 * SECOND), Ok(()));
        assert!(bucket.take(now + 6 * SECOND).is_err());
    }

    proptest! {
        #[test]
        fn never_more_than_ten_and_ten_a_minute_in_any_window(steps in proptest::collection::vec(0_u64..20_000_000, 1..400)) {
            let (mut bucket, mut now, mut taken) = (Bucket::default(), START, Vec::new());
            for step in steps {
                now = now + Duration::from_micros(step);
                if bucket.take(now).is_ok() {
                    taken.push(now);
                }
            }
            for (i, from) in taken.iter().enumerate() {
                for (j, to) in taken.iter().enumerate().skip(i) {
                    let allowed = u128::from(BURST) + to.since(*from).as_micros() / EARNED.as_micros();
                    prop_assert!((j - i + 1) as u128 <= allowed);
                }
            }
        }

        #[test]
        fn whatever_the_disk_claims_nobody_waits_longer_than_six_seconds(full_at: i64, now: i64) {
            let (mut bucket, now) = (Bucket { full_at: Micros::new(full_at) }, Micros::new(now));
            if let Err(wait) = bucket.take(now) {
                prop_assert!(wait <= Duration::from_secs(6));
            }
        }
    }
}
