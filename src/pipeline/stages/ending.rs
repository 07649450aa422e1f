//! Where a run ends by itself, to the packet: a capture keeps it, and a replay ends there again.

use super::market::market_type;
use super::{Over, Pipeline};
use crate::model::InstrumentKey;
use crate::protocol::Mode;

/// Where in a frame the pipeline ended the run by itself: it had printed what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedWithin {
    /// How many packets (orders: messages) of that frame came before the end; `None`: all.
    pub packets: Option<u32>,
    /// Why: `count` or `once`.
    pub reason: String,
}

/// What the pipeline knows of its end.
#[derive(Debug, Default)]
pub(super) struct Ending {
    /// The packet of its frame that was the first after the end.
    after: Option<usize>,
    /// Where the run ended by itself, until somebody asks.
    ended: Option<EndedWithin>,
    /// The packet of the next frame before which a replayed run ends, and why.
    before: Option<(usize, String)>,
}

impl Pipeline {
    /// Where the run ended by itself; told once.
    pub fn take_ended(&mut self) -> Option<EndedWithin> {
        self.ending.ended.take()
    }

    /// The run ends within the next frame, when so many of its packets (orders: messages) were taken: there the live run
    /// ended that is replayed.
    pub fn end_within_next(&mut self, packets: u32, reason: &str) {
        self.ending.before = Some((packets as usize, reason.to_owned()));
    }

    /// From now on one record of each of these is printed, and then the run ends (`--once`).
    pub fn print_once(&mut self, wanted: &[(InstrumentKey, Mode)]) {
        self.once = Some(wanted.iter().map(|&(instrument, mode)| (instrument, market_type(mode))).collect());
    }

    /// Asked for every packet of a frame before it is taken: whether it comes after the end.
    #[inline(always)]
    pub(super) fn is_after_end(&mut self, packet: usize) -> bool {
        if self.ending.before.is_none() && self.over.is_none() {
            return false;
        }
        self.looks_at_end(packet)
    }

    #[cold]
    fn looks_at_end(&mut self, packet: usize) -> bool {
        if self.ending.before.as_ref().is_some_and(|(before, _)| *before == packet) {
            self.end_as_asked();
        }
        if self.over.is_some() {
            self.ending.after.get_or_insert(packet);
        }
        self.over.is_some()
    }

    /// A frame has been taken, and the run was not over before it.
    pub(super) fn note_end(&mut self) {
        if let Some(Over::Done(reason)) = &self.over {
            let packets = self.ending.after.and_then(|packets| u32::try_from(packets).ok());
            self.ending.ended = Some(EndedWithin { packets, reason: reason.clone() });
        }
    }

    /// The frame within which the run was to end has been taken, however many packets it had.
    #[inline(always)]
    pub(super) fn end_as_asked(&mut self) {
        if self.ending.before.is_some() {
            self.ends_here();
        }
    }

    #[cold]
    fn ends_here(&mut self) {
        if let Some((_, reason)) = self.ending.before.take() {
            self.over.get_or_insert(Over::Done(reason));
        }
    }

    /// Whether the run is over.
    #[inline]
    pub fn is_over(&self) -> bool {
        self.over.is_some() || self.has_failed()
    }

    /// Whether output has failed.
    #[inline]
    pub fn has_failed(&self) -> bool {
        self.outputs.failure().is_some()
    }

    /// Records printed so far.
    pub fn printed_count(&self) -> u64 {
        self.printed
    }
}
