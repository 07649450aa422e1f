//! Tracks open gaps, and makes the gap records that close them.

use super::item::GapReason;
use crate::model::{InstrumentKey, Micros, Stream};
use crate::record::control::Gap;
use std::collections::{BTreeMap, BTreeSet};

/// Tracks gaps by connection: [`Gaps::open`] opens one, the connection's next data closes it.
#[derive(Debug)]
pub struct Gaps {
    stream: Stream,
    open: BTreeMap<u16, Open>,
    /// Instruments that each connection serves.
    instruments: BTreeMap<u16, BTreeSet<InstrumentKey>>,
    /// Receive time of each connection's latest record, by connection.
    carried: Vec<Micros>,
    /// Times that gaps cover, for `--fail-on-gap`: beginnings and ends, disjoint.
    covered: BTreeMap<Micros, Micros>,
}

#[derive(Debug)]
struct Open {
    reason: GapReason,
    detail: Option<String>,
    from: Micros,
    /// Receive time of the connection's last record before the gap.
    carried: Micros,
}

impl Open {
    /// Returns when the gap began, in the time of records: in a burst their receive times run ahead of the clock, and
    /// no record of the connection may lie within its gap. A clock that was set back is reported elsewhere and does
    /// not shorten the gap.
    fn begin(&self, to: Micros) -> Micros {
        if self.carried <= to { self.from.max(self.carried) } else { self.from }
    }
}

impl Gaps {
    /// Creates the state of a run of a stream, without gaps.
    pub fn new(stream: Stream) -> Gaps {
        Gaps {
            stream,
            open: BTreeMap::new(),
            instruments: BTreeMap::new(),
            carried: Vec::new(),
            covered: BTreeMap::new(),
        }
    }

    /// Records that a connection serves these instruments from now on.
    pub fn subscribed(&mut self, conn: u16, instruments: impl Iterator<Item = InstrumentKey>) {
        self.instruments.entry(conn).or_default().extend(instruments);
    }

    /// Records that these instruments are no longer served.
    pub fn unsubscribed(&mut self, instruments: &[InstrumentKey]) {
        for served in self.instruments.values_mut() {
            for instrument in instruments {
                served.remove(instrument);
            }
        }
    }

    /// Records that a frame of a connection became records, of which the last carries this receive time.
    #[inline(always)]
    pub fn carried(&mut self, conn: u16, recv: Micros) {
        if self.carried.len() <= usize::from(conn) {
            self.carried.resize(usize::from(conn) + 1, Micros::MIN);
        }
        self.carried[usize::from(conn)] = recv;
    }

    /// Opens a gap of a connection; an open gap stays as it is.
    pub fn open(&mut self, conn: u16, reason: GapReason, detail: Option<String>, from: Micros) {
        let carried = self.carried.get(usize::from(conn)).copied().unwrap_or(from);
        self.open.entry(conn).or_insert(Open { reason, detail, from, carried });
    }

    /// Returns whether any gap is open; the hot path tests this first.
    #[inline(always)]
    pub fn any_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Closes a connection's gap, because it has data again; returns the gap.
    pub fn resumed(&mut self, conn: u16, to: Micros) -> Option<Gap> {
        let open = self.open.remove(&conn)?;
        let from = open.begin(to);
        Some(self.record(conn, open.reason, open.detail, from, to, None))
    }

    /// Closes every gap that is still open at the end of the run.
    pub fn unresolved(&mut self, to: Micros) -> Vec<Gap> {
        let open = std::mem::take(&mut self.open);
        open.into_iter()
            .map(|(conn, open)| {
                let from = open.begin(to);
                self.record(conn, open.reason, open.detail, from, to, None)
            })
            .collect()
    }

    /// Returns the microseconds since the oldest open gap began.
    pub fn open_for_us(&self, now: Micros) -> Option<i64> {
        self.open.values().map(|open| now.us_since(open.from)).max()
    }

    /// Returns a gap that is over and counts it, with the instruments that it affects. `conn` 0 stands for all
    /// connections.
    pub fn record(
        &mut self,
        conn: u16,
        reason: GapReason,
        detail: Option<String>,
        from: Micros,
        to: Micros,
        dropped: Option<u64>,
    ) -> Gap {
        let to = to.max(from);
        self.cover(from, to);
        let all: usize = self.instruments.values().map(BTreeSet::len).sum();
        let (instruments, ids) = match self.instruments.get(&conn) {
            Some(served) if self.instruments.len() > 1 => (served.len(), Some(served.iter().copied().collect())),
            _ => (all, None),
        };
        let instruments = u32::try_from(instruments).unwrap_or(u32::MAX);
        Gap { feed: self.stream, conn, reason, detail, from, to, instruments, ids, dropped }
    }

    /// Adds these times to those that gaps cover.
    pub fn cover(&mut self, mut from: Micros, mut to: Micros) {
        // A malformed packet has a time but no duration.
        if to <= from {
            return;
        }
        while let Some((&begin, &end)) = self.covered.range(..=to).next_back().filter(|&(_, &end)| end >= from) {
            self.covered.remove(&begin);
            (from, to) = (from.min(begin), to.max(end));
        }
        self.covered.insert(from, to);
    }

    /// Returns the duration of all gaps in microseconds; times that several gaps cover count once.
    pub fn total_us(&self) -> i64 {
        self.covered.iter().map(|(from, to)| to.us_since(*from)).sum()
    }

    /// Returns the instruments that a connection serves.
    pub fn instruments_of(&self, conn: u16) -> impl Iterator<Item = InstrumentKey> + '_ {
        self.instruments.get(&conn).into_iter().flatten().copied()
    }

    /// Returns the number of subscribed instruments.
    pub fn requested(&self) -> usize {
        self.instruments.values().map(BTreeSet::len).sum()
    }

    /// Returns every subscribed instrument.
    pub fn requested_keys(&self) -> impl Iterator<Item = InstrumentKey> + '_ {
        self.instruments.values().flatten().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Segment;

    fn key(id: u32) -> InstrumentKey {
        InstrumentKey::new(Segment::NSE_EQ, id)
    }

    #[test]
    fn a_gap_lasts_from_the_first_loss_to_the_next_data_however_often_it_is_lost_again() {
        let mut gaps = Gaps::new(Stream::Market);
        gaps.subscribed(1, [key(1), key(2)].into_iter());
        gaps.open(1, GapReason::Stalled, Some("no byte for 10 s".into()), Micros::new(100));
        gaps.open(1, GapReason::Disconnected, None, Micros::new(500));
        let gap = gaps.resumed(1, Micros::new(900)).unwrap();
        assert_eq!(
            (gap.reason, gap.from.get(), gap.to.get(), gap.instruments, gap.ids),
            (GapReason::Stalled, 100, 900, 2, None)
        );
        assert_eq!(gaps.resumed(1, Micros::new(950)), None, "it is printed once");
        assert_eq!(gaps.total_us(), 800);
    }

    #[test]
    fn with_several_connections_a_gap_names_what_it_affects() {
        let mut gaps = Gaps::new(Stream::Market);
        gaps.subscribed(1, [key(1)].into_iter());
        gaps.subscribed(2, [key(2), key(3)].into_iter());
        gaps.open(2, GapReason::Disconnected, None, Micros::new(0));
        assert_eq!(gaps.resumed(1, Micros::new(5)), None, "the other connection was not lost");
        let gap = gaps.resumed(2, Micros::new(9)).unwrap();
        assert_eq!((gap.instruments, gap.ids), (2, Some(vec![key(2), key(3)])));
    }

    #[test]
    fn a_gap_begins_behind_records_whose_receive_times_ran_ahead_of_the_clock() {
        let mut gaps = Gaps::new(Stream::Market);
        gaps.carried(1, Micros::new(175));
        gaps.carried(2, Micros::new(800));
        gaps.open(1, GapReason::Disconnected, None, Micros::new(100));
        let gap = gaps.resumed(1, Micros::new(900)).unwrap();
        assert_eq!((gap.from, gap.to), (Micros::new(175), Micros::new(900)));
        // The clock was set back, and records keep the time from before.
        gaps.carried(1, Micros::new(3_600_000));
        gaps.open(1, GapReason::Disconnected, None, Micros::new(1_000));
        let gap = gaps.resumed(1, Micros::new(1_500)).unwrap();
        assert_eq!((gap.from, gap.to), (Micros::new(1_000), Micros::new(1_500)));
    }

    #[test]
    fn moments_that_two_gaps_share_count_once() {
        let mut gaps = Gaps::new(Stream::Market);
        for (from, to) in [(0, 100), (50, 120), (110, 115), (200, 210)] {
            gaps.record(0, GapReason::Disconnected, None, Micros::new(from), Micros::new(to), None);
        }
        assert_eq!(gaps.total_us(), 130);
    }

    #[test]
    fn a_gap_that_covers_one_that_was_told_before_counts_whole() {
        let mut gaps = Gaps::new(Stream::Market);
        for (from, to, total_us) in
            [(20, 32, 12), (0, 83, 83), (100, 110, 93), (90, 95, 98), (80, 105, 110), (110, 110, 110), (200, 200, 110)]
        {
            gaps.record(1, GapReason::Disconnected, None, Micros::new(from), Micros::new(to), None);
            assert_eq!(gaps.total_us(), total_us, "with {from}..{to}");
        }
    }
}
