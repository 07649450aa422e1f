//! How long to wait before the next attempt.

use std::time::Duration;

/// The longest that the first retry after a stable session waits.
pub const FIRST_RETRY: Duration = Duration::from_millis(250);
/// What the delay grows from.
pub const BASE: Duration = Duration::from_millis(500);
/// What it never exceeds.
pub const CAP: Duration = Duration::from_secs(30);

/// What the connection was worth that just ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Served {
    /// It was stable: the next attempt comes at once, and counting starts anew.
    Stable,
    /// It brought data for a while: the delay shrinks by a step. An hour in which the server resets everybody every
    /// few seconds would otherwise be spent waiting, though each connection works.
    Briefly,
    /// There was none, or it was of no use: the delay grows.
    Nothing,
}

/// Exponential delay with full jitter.
#[derive(Debug, Clone, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The most that the `n`th delay in a row may be, from 0.
    pub fn bound(n: u32) -> Duration {
        BASE.saturating_mul(1_u32.checked_shl(n).unwrap_or(u32::MAX)).min(CAP)
    }

    /// How many useless attempts are counted.
    #[cfg(test)]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// How long to wait now.
    pub fn next(&mut self, served: Served, rng: &mut fastrand::Rng) -> Duration {
        let bound = match served {
            Served::Stable => {
                self.failures = 0;
                FIRST_RETRY
            }
            Served::Briefly => {
                self.failures = self.failures.saturating_sub(1);
                Backoff::bound(self.failures)
            }
            Served::Nothing => {
                let bound = Backoff::bound(self.failures);
                self.failures = self.failures.saturating_add(1);
                bound
            }
        };
        jitter(rng, bound)
    }
}

/// Any duration up to `bound`, each as likely.
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
            let delay = backoff.next(Served::Nothing, &mut fastrand::Rng::with_seed(seed));
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
                let before = backoff.failures();
                let served = [Served::Stable, Served::Briefly, Served::Nothing][usize::from(what)];
                let delay = backoff.next(served, &mut rng);
                let (bound, after) = match served {
                    Served::Stable => (FIRST_RETRY, 0),
                    Served::Briefly => (Backoff::bound(before.saturating_sub(1)), before.saturating_sub(1)),
                    Served::Nothing => (Backoff::bound(before), before + 1),
                };
                prop_assert!(delay <= bound && bound <= CAP);
                prop_assert_eq!(backoff.failures(), after);
            }
        }
    }
}
