//! Makes the strictly growing receive times of records.

use crate::model::Micros;

/// Makes strictly growing receive times, and detects a clock that was set back.
#[derive(Debug, Clone)]
pub struct Stamps {
    /// The last time returned.
    last: Micros,
    /// The last time of the clock.
    clock: Micros,
}

/// Reports that the clock was set back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stepped {
    /// Size of the step in microseconds.
    pub by_us: i64,
    /// Last receive time before it, as records carry it.
    pub from: Micros,
}

impl Default for Stamps {
    fn default() -> Self {
        Stamps { last: Micros::MIN, clock: Micros::MIN }
    }
}

impl Stamps {
    /// Records the clock's time of a received frame; returns the step if the clock was set back.
    #[inline]
    pub fn clock(&mut self, now: Micros) -> Option<Stepped> {
        let before = std::mem::replace(&mut self.clock, now);
        // Before the first record only the clock's last time is known.
        let from = if self.last == Micros::MIN { before } else { self.last };
        (now < before).then(|| Stepped { by_us: before.us_since(now), from })
    }

    /// Returns the last receive time.
    pub fn last(&self) -> Micros {
        self.last
    }

    /// Returns the receive time of the next record: the clock's time, or one microsecond after the last one.
    #[inline(always)]
    pub fn next(&mut self, at: Micros) -> Micros {
        self.last = at.max(self.last.plus_us(1));
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
        let next = [100, 100, 100, 500].map(|us| stamps.next(Micros::new(us)));
        assert_eq!(next, [100, 101, 102, 500].map(Micros::new));
    }

    #[test]
    fn a_clock_set_back_before_the_first_record_is_told_with_a_real_moment() {
        let mut stamps = Stamps::default();
        assert_eq!(stamps.clock(Micros::new(100)), None);
        assert_eq!(stamps.clock(Micros::new(90)), Some(Stepped { by_us: 10, from: Micros::new(100) }));
    }

    #[test]
    fn running_ahead_in_a_burst_is_not_a_step_of_the_clock() {
        let mut stamps = Stamps::default();
        assert_eq!(stamps.clock(Micros::new(100)), None);
        (0..50).for_each(|_| {
            stamps.next(Micros::new(100));
        });
        assert_eq!(
            stamps.clock(Micros::new(110)),
            None,
            "the stamps are at 149, the clock at 110, and nobody set it back"
        );
        assert_eq!(stamps.next(Micros::new(110)), Micros::new(150));
        assert_eq!(stamps.clock(Micros::new(90)), Some(Stepped { by_us: 20, from: Micros::new(150) }));
    }

    proptest! {
        #[test]
        fn receive_times_always_grow(clock in proptest::collection::vec(any::<i64>(), 1..200)) {
            let mut stamps = Stamps::default();
            let mut last = Micros::MIN;
            for us in clock {
                let next = stamps.next(Micros::new(us));
                prop_assert!(next > last || next == Micros::MAX);
                last = next;
            }
        }
    }
}
