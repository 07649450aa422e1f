//! Counts the packets of a run or of a file.

use serde::Serialize;
use std::fmt;

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
        self.with(more, |a, b| a + b)
    }

    /// Returns the growth since `earlier`.
    pub fn since(&self, earlier: &PacketCounts) -> PacketCounts {
        self.with(earlier, |now, then| now - then)
    }

    fn with(&self, other: &PacketCounts, both: impl Fn(u64, u64) -> u64) -> PacketCounts {
        PacketCounts {
            received: both(self.received, other.received),
            written: both(self.written, other.written),
            filtered: both(self.filtered, other.filtered),
            dropped: both(self.dropped, other.dropped),
            malformed: both(self.malformed, other.malformed),
            gaps: both(self.gaps, other.gaps),
        }
    }
}

/// Writes the closing line of a run.
impl fmt::Display for PacketCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PacketCounts { received, written, filtered, dropped, malformed, gaps } = self;
        write!(f, "received {received}, written {written}, filtered {filtered}, ")?;
        write!(f, "dropped {dropped}, malformed {malformed}, gaps {gaps}")
    }
}
