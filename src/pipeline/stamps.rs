//! Makes the strictly growing receive times of records.

/// Makes strictly growing receive times, and detects a clock that was set back.
#[derive(Debug, Clone)]
pub struct Stamps {
    /// The last time returned.
    last: i64,
    /// The last time of the clock.
    clock: i64,
}

/// Reports that the clock was set back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stepped {
    /// Size of the step in microseconds.
    pub by_us: i64,
    /// Last receive time before it, as records carry it.
    pub from_us: i64,
}

impl Default for Stamps {
    fn default() -> Self {
        Stamps { last: i64::MIN, clock: i64::MIN }
    }
}

impl Stamps {
    /// Records the clock's time of a received frame; returns the step if the clock was set back.
    #[inline]
    pub fn clock(&mut self, us: i64) -> Option<Stepped> {
        let before = std::mem::replace(&mut self.clock, us);
        // Before the first record only the clock's last time is known.
        let from_us = if self.last == i64::MIN { before } else { self.last };
        (us < before).then(|| Stepped { by_us: before.saturating_sub(us), from_us })
    }

    /// Returns the last receive time.
    pub fn last(&self) -> i64 {
        self.last
    }

    /// Returns the receive time of the next record: the clock's time, or one microsecond after the last one.
    #[inline(always)]
    pub fn next(&mut self, us: i64) -> i64 {
        self.last = us.max(self.last.saturating_add(1));
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn packets_of_one_frame_differ_by_one() {
        let mut stamps = Stamps::default();
        assert_eq!([stamps.next(100), stamps.next(100), stamps.next(100), stamps.next(500)], [100, 101, 102, 500]);
    }

    #[test]
    fn a_clock_set_back_before_the_first_record_is_told_with_a_real_moment() {
        let mut stamps = Stamps::default();
        assert_eq!(stamps.clock(100), None);
        assert_eq!(stamps.clock(90), Some(Stepped { by_us: 10, from_us: 100 }));
    }

    #[test]
    fn running_ahead_in_a_burst_is_not_a_step_of_the_clock() {
        let mut stamps = Stamps::default();
        assert_eq!(stamps.clock(100), None);
        (0..50).for_each(|_| {
            stamps.next(100);
        });
        assert_eq!(stamps.clock(110), None, "the stamps are at 149, the clock at 110, and nobody set it back");
        assert_eq!(stamps.next(110), 150);
        assert_eq!(stamps.clock(90), Some(Stepped { by_us: 20, from_us: 150 }));
    }

    proptest! {
        #[test]
        fn receive_times_always_grow(clock in proptest::collection::vec(any::<i64>(), 1..200)) {
            let mut stamps = Stamps::default();
            let mut last = i64::MIN;
            for us in clock {
                let next = stamps.next(us);
                prop_assert!(next > last || next == i64::MAX);
                last = next;
            }
        }
    }
}
