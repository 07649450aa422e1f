//! Counts the packets of a run or of a file.

use serde::Serialize;

/// Counts everything that was received, in packets (order stream: messages). Always `received = written + filtered +
/// dropped + malformed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct PacketCounts {
    /// Packets received.
    pub received: u64,
    /// Packets whose content reached a record.
    pub written: u64,
    /// Packets that were not requested, repeats and heartbeats.
    pub filtered: u64,
    /// Packets that were lost between the socket and the output.
    pub dropped: u64,
    /// Pieces of input that could not be decoded as a packet.
    pub malformed: u64,
    /// Gap records, printed or not.
    pub gaps: u64,
}

impl PacketCounts {
    /// Returns whether every packet is accounted for.
    pub fn is_balanced(&self) -> bool {
        self.received == self.written + self.filtered + self.dropped + self.malformed
    }

    /// Returns the sum of two.
    #[must_use]
    pub fn plus(&self, more: &PacketCounts) -> PacketCounts {
        PacketCounts {
            received: self.received + more.received,
            written: self.written + more.written,
            filtered: self.filtered + more.filtered,
            dropped: self.dropped + more.dropped,
            malformed: self.malformed + more.malformed,
            gaps: self.gaps + more.gaps,
        }
    }

    /// Returns the growth since `earlier`.
    pub fn since(&self, earlier: &PacketCounts) -> PacketCounts {
        PacketCounts {
            received: self.received - earlier.received,
            written: self.written - earlier.written,
            filtered: self.filtered - earlier.filtered,
            dropped: self.dropped - earlier.dropped,
            malformed: self.malformed - earlier.malformed,
            gaps: self.gaps - earlier.gaps,
        }
    }
}
