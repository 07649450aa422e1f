//! Holds cool-offs: times before which no process of the account connects.

use crate::model::CoolOffKind;
use crate::session::policy::{DISPLACED, LONGEST_COOL_OFF};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Microseconds after an 805 in which all kinds of sockets count as one pool; then each kind is tried by itself
/// again.
const ONE_POOL_US: i64 = 24 * 3_600 * 1_000_000;

/// Holds a cool-off's beginning and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoolOff {
    /// Its beginning in microseconds since the epoch.
    pub since_us: i64,
    /// Its end in microseconds since the epoch.
    pub until_us: i64,
    /// Number of earlier cool-offs in a row; the first is 0.
    pub step: u32,
}

impl CoolOff {
    pub(super) fn new(now_us: i64, wait: Duration, step: u32) -> CoolOff {
        let wait_us = i64::try_from(wait.min(LONGEST_COOL_OFF).as_micros()).unwrap_or(0);
        CoolOff { since_us: now_us, until_us: now_us.saturating_add(wait_us), step }
    }

    /// Returns how long it still lasts.
    pub fn remaining(self, now_us: i64) -> Duration {
        Duration::from_micros(u64::try_from(self.until_us.saturating_sub(now_us)).unwrap_or(0))
    }

    /// Returns whether it is running and plausible: begun in the past, and not longer than such a cool-off can be.
    fn runs(self, now_us: i64, longest: Duration) -> bool {
        let lasts = u64::try_from(self.until_us.saturating_sub(self.since_us)).unwrap_or(0);
        (self.since_us..self.until_us).contains(&now_us) && Duration::from_micros(lasts) <= longest
    }
}

/// Holds all cool-offs of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CoolOffs {
    throttled: Option<CoolOff>,
    displaced: Option<CoolOff>,
    one_pool_since_us: Option<i64>,
}

impl CoolOffs {
    /// Returns the running cool-off of a kind.
    pub fn of(&self, kind: CoolOffKind, now_us: i64) -> Option<CoolOff> {
        let (cool_off, longest) = match kind {
            CoolOffKind::Throttled => (self.throttled, LONGEST_COOL_OFF),
            CoolOffKind::Displaced => (self.displaced, DISPLACED),
        };
        cool_off.filter(|c| c.runs(now_us, longest))
    }

    /// Returns the running cool-off that lasts longest.
    pub fn running(&self, now_us: i64) -> Option<(CoolOffKind, CoolOff)> {
        CoolOffKind::ALL
            .into_iter()
            .filter_map(|kind| Some((kind, self.of(kind, now_us)?)))
            .max_by_key(|(_, cool_off)| cool_off.until_us)
    }

    /// Returns whether all kinds of sockets count as one pool.
    pub fn is_one_pool(&self, now_us: i64) -> bool {
        self.one_pool_since_us.is_some_and(|since| (since..since.saturating_add(ONE_POOL_US)).contains(&now_us))
    }

    /// Starts a cool-off, unless a longer one of its kind is running.
    pub(super) fn start(&mut self, kind: CoolOffKind, cool_off: CoolOff, now_us: i64) {
        if kind == CoolOffKind::Displaced {
            self.one_pool_since_us = Some(now_us);
        }
        let longer = self.of(kind, now_us).is_some_and(|running| running.until_us >= cool_off.until_us);
        if !longer {
            match kind {
                CoolOffKind::Throttled => self.throttled = Some(cool_off),
                CoolOffKind::Displaced => self.displaced = Some(cool_off),
            }
        }
    }

    /// Returns the longer cool-off of each kind.
    pub(super) fn merged(&self, other: CoolOffs) -> CoolOffs {
        let longer = |a: Option<CoolOff>, b: Option<CoolOff>| a.into_iter().chain(b).max_by_key(|c| c.since_us);
        CoolOffs {
            throttled: longer(self.throttled, other.throttled),
            displaced: longer(self.displaced, other.displaced),
            one_pool_since_us: self.one_pool_since_us.max(other.one_pool_since_us),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_the_disk_claims_nobody_waits_longer_than_the_longest_cool_off(
            since_us: i64, until_us: i64, now_us: i64, step: u32,
        ) {
            let damaged = Some(CoolOff { since_us, until_us, step });
            let all = CoolOffs { throttled: damaged, displaced: damaged, one_pool_since_us: Some(since_us) };
            if let Some((_, running)) = all.running(now_us) {
                prop_assert!(running.remaining(now_us) <= LONGEST_COOL_OFF);
            }
            prop_assert!(all.of(CoolOffKind::Displaced, now_us).is_none_or(|c| c.remaining(now_us) <= DISPLACED));
        }
    }

    #[test]
    fn a_future_dated_cool_off_is_not_believed_not_even_after_merging() {
        let future = CoolOff { since_us: 2_000_000, until_us: 50_000_000, step: 0 };
        let all = CoolOffs { throttled: Some(future), ..CoolOffs::default() };
        assert_eq!(all.running(1_000_000), None);
    }
}
