//! Ends a run at an exact packet: a capture records the place, and a replay ends there again.

use super::market::market_type;
use super::{Pipeline, StopReason};
use crate::model::InstrumentKey;
use crate::protocol::Mode;

/// Says where in a frame the run ended by itself, because everything requested was printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedWithin {
    /// Number of packets (order stream: messages) of the frame before the end; `None`: all.
    pub packets: Option<u32>,
    /// The reason: `count` or `once`.
    pub reason: String,
}

/// Holds the state of the end.
#[derive(Debug, Default)]
pub(super) struct Ending {
    /// Index of the first packet of the frame after the end.
    after: Option<usize>,
    /// Where the run ended by itself, until taken.
    ended: Option<EndedWithin>,
    /// Index of the packet in the next frame before which a replayed run ends, and the reason.
    before: Option<(usize, String)>,
}

impl Pipeline {
    /// Takes the place where the run ended by itself; returns it once.
    pub fn take_ended(&mut self) -> Option<EndedWithin> {
        self.ending.ended.take()
    }

    /// Ends the run within the next frame, after this many of its packets (order stream: messages), where the
    /// replayed live run ended.
    pub fn end_within_next(&mut self, packets: u32, reason: &str) {
        self.ending.before = Some((packets as usize, reason.to_owned()));
    }

    /// Prints one record for each of these from now on, and then ends the run (`--once`).
    pub fn print_once(&mut self, wanted: &[(InstrumentKey, Mode)]) {
        self.once = Some(wanted.iter().map(|&(instrument, mode)| (instrument, market_type(mode))).collect());
    }

    /// Returns whether a packet comes after the end; called for every packet of a frame before it is processed.
    #[inline(always)]
    pub(super) fn is_after_end(&mut self, packet: usize) -> bool {
        if self.ending.before.is_none() && self.stop_reason.is_none() {
            return false;
        }
        self.check_end(packet)
    }

    #[cold]
    fn check_end(&mut self, packet: usize) -> bool {
        if self.ending.before.as_ref().is_some_and(|(before, _)| *before == packet) {
            self.end_as_replayed();
        }
        if self.stop_reason.is_some() {
            self.ending.after.get_or_insert(packet);
        }
        self.stop_reason.is_some()
    }

    /// Records that a frame was processed that may have ended the run.
    pub(super) fn record_end(&mut self) {
        if let Some(StopReason::Done(reason)) = &self.stop_reason {
            let packets = self.ending.after.and_then(|packets| u32::try_from(packets).ok());
            self.ending.ended = Some(EndedWithin { packets, reason: reason.clone() });
        }
    }

    /// Ends a replayed run after the frame within which it was to end, even if the frame had fewer packets.
    #[inline(always)]
    pub(super) fn end_as_replayed(&mut self) {
        if self.ending.before.is_some() {
            self.end_here();
        }
    }

    #[cold]
    fn end_here(&mut self) {
        if let Some((_, reason)) = self.ending.before.take() {
            self.stop_reason.get_or_insert(StopReason::Done(reason));
        }
    }

    /// Returns whether the run is over.
    #[inline]
    pub fn is_over(&self) -> bool {
        self.stop_reason.is_some() || self.has_failed()
    }

    /// Returns whether output has failed.
    #[inline]
    pub fn has_failed(&self) -> bool {
        self.outputs.failure().is_some()
    }

    /// Returns the number of records printed so far.
    pub fn printed_count(&self) -> u64 {
        self.printed
    }
}
