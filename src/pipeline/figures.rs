//! Holds the figures of a run, for `--stats`, `SIGUSR1` and the status line.

use crate::clock::SECOND_US;
use crate::model::{Micros, PacketCounts};
use std::collections::BTreeMap;

/// Holds the figures of a run up to now.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// Beginning of the run.
    pub started: Micros,
    /// The packet counters so far.
    pub counts: PacketCounts,
    /// Number of records printed, by type.
    pub records: BTreeMap<&'static str, u64>,
    /// Number of instruments subscribed.
    pub requested: usize,
    /// Number of instruments of which a packet arrived.
    pub seen: usize,
    /// Number of those that were not subscribed.
    pub strangers: usize,
    /// Time of the last packet; [`Micros::EPOCH`] if there was none.
    pub last_recv: Micros,
    /// Bytes written to all destinations.
    pub bytes_written: u64,
    /// Distribution of receive time less last trade time.
    pub lag: Lag,
    /// Latest trade time in UTC epoch seconds.
    pub newest_ltt: i64,
}

/// Holds a histogram of how late trades arrive, with buckets that grow by a quarter. Trade times have whole seconds,
/// so finer buckets would claim too much.
#[derive(Debug, Clone)]
pub struct Lag {
    buckets: [u64; Lag::BUCKETS],
}

impl Default for Lag {
    fn default() -> Self {
        Lag { buckets: [0; Lag::BUCKETS] }
    }
}

impl Lag {
    const BUCKETS: usize = 96;
    /// Longest lag that counts, in microseconds; older trades are not recent ones.
    pub const LONGEST_US: i64 = 600 * SECOND_US;

    /// Adds a lag in microseconds.
    #[inline]
    pub fn add(&mut self, us: i64) {
        self.buckets[Lag::bucket(us)] += 1;
    }

    /// Returns the bucket of a lag: four buckets for each doubling of milliseconds.
    #[inline]
    fn bucket(us: i64) -> usize {
        let ms = u64::try_from(us / 1000).unwrap_or(0);
        if ms < 4 {
            return ms as usize;
        }
        let octave = ms.ilog2() as usize;
        let quarter = (ms >> (octave - 2)) as usize & 3;
        (octave * 4 + quarter - 4).min(Lag::BUCKETS - 1)
    }

    /// Returns the milliseconds below which this share of lags lies, or `None` if there are none.
    pub fn quantile_ms(&self, share: f64) -> Option<u64> {
        let total: u64 = self.buckets.iter().sum();
        let rank = ((total as f64 * share).ceil() as u64).max(1);
        let mut sum = 0;
        let at = self.buckets.iter().position(|count| {
            sum += count;
            sum >= rank && total > 0
        })?;
        if at < 4 {
            return Some(at as u64);
        }
        let (octave, quarter) = ((at + 4) / 4, (at + 4) % 4);
        Some((4 + quarter as u64 + 1) << (octave - 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_quantile_is_at_most_a_quarter_above_the_lag(ms in 0u64..10_000_000) {
            let mut lag = Lag::default();
            lag.add(ms as i64 * 1000 + 500);
            let quantile = lag.quantile_ms(0.99).unwrap();
            prop_assert!(quantile >= ms && quantile <= ms + ms / 4 + 1, "{ms} was told as {quantile}");
        }
    }

    #[test]
    fn no_lag_is_not_a_lag_of_zero() {
        assert_eq!(Lag::default().quantile_ms(0.5), None);
    }
}
