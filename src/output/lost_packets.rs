//! Holds which packets an output lost, by their number in the run.

use std::ops::Range;

/// Holds ranges of packet numbers, ordered and disjoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LostPackets(Vec<Range<u64>>);

impl LostPackets {
    /// Adds a range that begins at or behind the end of the last one.
    pub fn add(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        match self.0.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => self.0.push(range),
        }
    }

    /// Returns the number of packets.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|range| range.end - range.start).sum()
    }

    /// Returns the packets that are in both.
    pub fn intersection(&self, other: &LostPackets) -> LostPackets {
        let (mut a, mut b) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut both = LostPackets::default();
        while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
            both.add(x.start.max(y.start)..x.end.min(y.end));
            if x.end <= y.end {
                a.next();
            } else {
                b.next();
            }
        }
        both
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn lost(steps: &[(u8, u8)]) -> (LostPackets, BTreeSet<u64>) {
        let (mut lost, mut set, mut at) = (LostPackets::default(), BTreeSet::new(), 0);
        for &(skip, take) in steps {
            let start = at + u64::from(skip % 5);
            at = start + u64::from(take % 7);
            lost.add(start..at);
            set.extend(start..at);
        }
        (lost, set)
    }

    proptest! {
        #[test]
        fn what_every_output_lost_is_what_a_set_of_numbers_says(a: Vec<(u8, u8)>, b: Vec<(u8, u8)>) {
            let ((a, a_set), (b, b_set)) = (lost(&a), lost(&b));
            prop_assert_eq!(a.count(), a_set.len() as u64);
            prop_assert_eq!(a.intersection(&b).count(), a_set.intersection(&b_set).count() as u64);
        }
    }
}
