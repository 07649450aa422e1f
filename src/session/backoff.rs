//! Computes the delay before the next attempt to connect.

use std::time::Duration;

/// Longest delay of the first retry after a stable session.
pub const FIRST_RETRY: Duration = Duration::from_millis(250);
/// Delay from which the exponential growth starts.
pub const BASE: Duration = Duration::from_millis(500);
/// Longest delay.
pub const CAP: Duration = Duration::from_secs(30);

/// Says how the connection that ended went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionOutcome {
    /// It was stable: the next attempt comes at once, and the count of failures is reset.
    Stable,
    /// It brought data for a while: the delay shrinks by one step. Otherwise a server that resets every connection
    /// after seconds would keep the delay long, although each connection works.
    Briefly,
    /// It brought no data or was useless: the delay grows.
    Useless,
}

/// Computes an exponential delay with full jitter.
#[derive(Debug, Clone, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Returns the longest delay after `n` failures in a row, from 0.
    pub fn bound(n: u32) -> Duration {
        BASE.saturating_mul(1_u32.checked_shl(n).unwrap_or(u32::MAX)).min(CAP)
    }

    /// Returns the delay before the next attempt.
    pub fn next(&mut self, outcome: SessionOutcome, rng: &mut fastrand::Rng) -> Duration {
        let bound = match outcome {
            SessionOutcome::Stable => {
                self.failures = 0;
                FIRST_RETRY
            }
            SessionOutcome::Briefly => {
                self.failures = self.failures.saturating_sub(1);
                Backoff::bound(self.failures)
            }
            SessionOutcome::Useless => {
                let bound = Backoff::bound(self.failures);
                self.failures = self.failures.saturating_add(1);
                bound
            }
        };
        jitter(rng, bound)
    }
}

/// Returns a uniformly random duration up to `bound`.
pub(crate) fn jitter(rng: &mut fastrand::Rng, bound: Duration) -> Duration {
    Duration::from_micros(rng.u64(0..=u64::try_from(bound.as_micros()).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_bound_doubles_from_half_a_second_to_thirty() {
        let bounds: Vec<_> = (0..9).map(|n| Backoff::bound(n).as_millis()).collect();
        assert_eq!(bounds, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
        assert_eq!(Backoff::bound(u32::MAX), CAP);
    }

    #[test]
    fn f12_a_thousand_clients_do_not_come_back_in_the_same_moment() {
        let mut slots = [0_u32; 10];
        for seed in 0..1_000 {
            let mut backoff = Backoff { failures: 1 };
            let delay = backoff.next(SessionOutcome::Useless, &mut fastrand::Rng::with_seed(seed));
            slots[usize::try_from(delay.as_millis() / 100).unwrap().min(9)] += 1;
        }
        assert!(slots.iter().all(|n| (50..=200).contains(n)), "at most twice the even share of 100: {slots:?}");
    }

    proptest! {
        #[test]
        fn delays_stay_in_their_bounds_and_only_a_stable_session_resets(
            seed: u64,
            history in proptest::collection::vec(0_u8..3, 0..200),
        ) {
            let (mut backoff, mut rng) = (Backoff::default(), fastrand::Rng::with_seed(seed));
            for what in history {
                let before = backoff.failures;
                let outcome = [SessionOutcome::Stable, SessionOutcome::Briefly, SessionOutcome::Useless][usize::from(what)];
                let delay = backoff.next(outcome, &mut rng);
                let (bound, after) = match outcome {
                    SessionOutcome::Stable => (FIRST_RETRY, 0),
                    SessionOutcome::Briefly => (Backoff::bound(before.saturating_sub(1)), before.saturating_sub(1)),
                    SessionOutcome::Useless => (Backoff::bound(before), before + 1),
                };
                prop_assert!(delay <= bound && bound <= CAP);
                prop_assert_eq!(backoff.failures, after);
            }
        }
    }
}
