//! Holds cool-offs: times before which no process of the account connects.

use crate::model::{CoolOffKind, Micros};
use crate::session::policy::{DISPLACED, LONGEST_COOL_OFF};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Time after an 805 in which all kinds of sockets count as one pool; then each kind is tried by itself again.
const ONE_POOL: Duration = Duration::from_secs(24 * 3_600);

/// Holds a cool-off's beginning and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoolOff {
    /// Its beginning.
    #[serde(rename = "since_us")]
    pub since: Micros,
    /// Its end.
    #[serde(rename = "until_us")]
    pub until: Micros,
    /// Number of earlier cool-offs in a row; the first is 0.
    pub step: u32,
}

impl CoolOff {
    pub(super) fn new(now: Micros, wait: Duration, step: u32) -> CoolOff {
        CoolOff { since: now, until: now + wait.min(LONGEST_COOL_OFF), step }
    }

    /// Returns how long it still lasts.
    pub fn remaining(self, now: Micros) -> Duration {
        self.until.since(now)
    }

    /// Returns whether it is running and plausible: begun in the past, and not longer than such a cool-off can be.
    fn runs(self, now: Micros, longest: Duration) -> bool {
        (self.since..self.until).contains(&now) && self.until.since(self.since) <= longest
    }
}

/// Holds all cool-offs of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CoolOffs {
    throttled: Option<CoolOff>,
    displaced: Option<CoolOff>,
    #[serde(rename = "one_pool_since_us")]
    one_pool_since: Option<Micros>,
}

impl CoolOffs {
    /// Returns the running cool-off of a kind.
    pub fn of(&self, kind: CoolOffKind, now: Micros) -> Option<CoolOff> {
        let (cool_off, longest) = match kind {
            CoolOffKind::Throttled => (self.throttled, LONGEST_COOL_OFF),
            CoolOffKind::Displaced => (self.displaced, DISPLACED),
        };
        cool_off.filter(|c| c.runs(now, longest))
    }

    /// Returns the running cool-off that lasts longest.
    pub fn running(&self, now: Micros) -> Option<(CoolOffKind, CoolOff)> {
        CoolOffKind::ALL
            .into_iter()
            .filter_map(|kind| Some((kind, self.of(kind, now)?)))
            .max_by_key(|(_, cool_off)| cool_off.until)
    }

    /// Returns whether all kinds of sockets count as one pool.
    pub fn is_one_pool(&self, now: Micros) -> bool {
        self.one_pool_since.is_some_and(|since| (since..since + ONE_POOL).contains(&now))
    }

    /// Starts a cool-off, unless a longer one of its kind is running.
    pub(super) fn start(&mut self, kind: CoolOffKind, cool_off: CoolOff, now: Micros) {
        if kind == CoolOffKind::Displaced {
            self.one_pool_since = Some(now);
        }
        let longer = self.of(kind, now).is_some_and(|running| running.until >= cool_off.until);
        if !longer {
            match kind {
                CoolOffKind::Throttled => self.throttled = Some(cool_off),
                CoolOffKind::Displaced => self.displaced = Some(cool_off),
            }
        }
    }

    /// Returns the longer cool-off of each kind.
    pub(super) fn merged(&self, other: CoolOffs) -> CoolOffs {
        let longer = |a: Option<CoolOff>, b: Option<CoolOff>| a.into_iter().chain(b).max_by_key(|c| c.since);
        CoolOffs {
            throttled: longer(self.throttled, other.throttled),
            displaced: longer(self.displaced, other.displaced),
            one_pool_since: self.one_pool_since.max(other.one_pool_since),
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
            since: i64, until: i64, now: i64, step: u32,
        ) {
            let [since, until, now] = [since, until, now].map(Micros::new);
            let damaged = Some(CoolOff { since, until, step });
            let all = CoolOffs { throttled: damaged, displaced: damaged, one_pool_since: Some(since) };
            if let Some((_, running)) = all.running(now) {
                prop_assert!(running.remaining(now) <= LONGEST_COOL_OFF);
            }
            prop_assert!(all.of(CoolOffKind::Displaced, now).is_none_or(|c| c.remaining(now) <= DISPLACED));
        }
    }

    #[test]
    fn a_future_dated_cool_off_is_not_believed_not_even_after_merging() {
        let future = CoolOff { since: Micros::from_secs(2), until: Micros::from_secs(50), step: 0 };
        let all = CoolOffs { throttled: Some(future), ..CoolOffs::default() };
        assert_eq!(all.running(Micros::from_secs(1)), None);
    }
}
