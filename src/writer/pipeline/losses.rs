//! What was lost, and telling of it.

use super::Pipeline;
use crate::record::control::{Gap, GapReason};
use crate::writer::item::Frame;
use crate::writer::lane::Lagged;

/// Malformed frames that get a gap record of their own each second; what comes beyond is counted in the next one.
const MALFORMED_A_SECOND: u32 = 10;

/// Malformed packets that have not been told of yet.
#[derive(Debug, Default)]
pub(super) struct MalformedBurst {
    second: i64,
    told: u32,
    pub(super) held: u64,
    from_us: i64,
    conn: u16,
}

impl Pipeline {
    #[cold]
    pub(super) fn resumed(&mut self, frame: Frame<'_>) {
        if let Some(gap) = self.gaps.resumed(self.rules.feed, frame.conn, frame.recv_us) {
            self.print_gap(gap, frame.recv_us);
        }
    }

    #[cold]
    pub(super) fn tell_malformed(&mut self, frame: Frame<'_>, packets: u64, detail: Option<String>) {
        let second = frame.recv_us.div_euclid(1_000_000);
        if second != self.malformed.second {
            self.malformed = MalformedBurst { second, ..std::mem::take(&mut self.malformed) };
            self.malformed.told = 0;
        }
        if self.malformed.held == 0 {
            self.malformed.from_us = frame.recv_us;
            self.malformed.conn = frame.conn;
        }
        self.malformed.held += packets;
        if self.malformed.told < MALFORMED_A_SECOND {
            self.malformed.told += 1;
            self.told_malformed(frame.recv_us, detail);
        }
    }

    pub(super) fn told_malformed(&mut self, to_us: i64, detail: Option<String>) {
        let MalformedBurst { held, from_us, conn, .. } = self.malformed;
        self.malformed.held = 0;
        self.gap(conn, GapReason::Malformed, detail, from_us, to_us, Some(held));
    }

    /// Prints and counts a gap that is over.
    pub(super) fn gap(
        &mut self,
        conn: u16,
        reason: GapReason,
        detail: Option<String>,
        from_us: i64,
        to_us: i64,
        dropped: Option<u64>,
    ) {
        let gap = self.gaps.record(self.rules.feed, conn, reason, detail, from_us, to_us, dropped);
        self.print_gap(gap, to_us);
    }

    pub(super) fn print_gap(&mut self, gap: Gap, at_us: i64) {
        self.books.gaps += 1;
        if self.rules.gaps {
            let recv_us = self.outputs.stamp(at_us, &self.books);
            self.outputs.control(&gap, recv_us);
        }
    }

    pub(super) fn lagged(&mut self, lagged: Lagged) {
        self.books.received += lagged.packets;
        if self.over.is_some() {
            self.books.filtered += lagged.packets;
            return;
        }
        self.books.dropped += lagged.packets;
        self.gap(0, GapReason::Lagged, None, lagged.from_us, lagged.to_us, Some(lagged.packets));
    }
}
