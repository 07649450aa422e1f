//! Defines the items of an output's queue.

use crate::model::{Micros, PacketCounts};
use crate::record::control::End;
use std::ops::Range;

/// Marks a range of text that does not have one line for each packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Beginning of the range, in bytes.
    pub start: usize,
    /// End of the range, in bytes.
    pub end: usize,
    /// Number of packets that it was made of.
    pub packets: u32,
}

/// Describes a range of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Numbers of their packets in the run, from 0.
    pub packets: Range<u64>,
    /// Receive time of the first record.
    pub first: Micros,
    /// Receive time of the last record.
    pub last: Micros,
    /// A receive time behind them that no other record has; only if files rotate by size.
    pub end: Micros,
    /// The run's packet counters after them.
    pub counts: PacketCounts,
}

/// Holds complete lines of records.
#[derive(Debug)]
pub struct Chunk {
    /// The lines.
    pub text: Vec<u8>,
    /// Ranges of the text that do not have one line for each packet.
    pub marks: Vec<Mark>,
    /// Description of the lines.
    pub about: About,
}

impl Chunk {
    /// Appends lines that follow directly.
    pub fn append(&mut self, text: &[u8], marks: &[Mark], about: &About) {
        let at = self.text.len();
        self.text.extend_from_slice(text);
        self.marks.extend(marks.iter().map(|mark| Mark { start: mark.start + at, end: mark.end + at, ..*mark }));
        let (packets, first) = (self.about.packets.start..about.packets.end, self.about.first);
        self.about = About { packets, first, ..about.clone() };
    }
}

/// Describes lines that were shed because their output did not take them in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shed {
    /// Numbers of their packets in the run.
    pub packets: Range<u64>,
    /// Receive time of the first record.
    pub from: Micros,
    /// Receive time of the last record.
    pub to: Micros,
    /// The run's packet counters after them.
    pub counts: PacketCounts,
}

/// An item of an output's queue.
#[derive(Debug)]
pub enum OutputItem {
    /// Records. The only item that may be shed.
    Lines(Chunk),
    /// Lines that were shed here.
    Shed(Shed),
    /// A control record, and the run's packet counters after it.
    Control {
        /// The line.
        line: Vec<u8>,
        /// For a gap of this output alone: its beginning and end.
        own: Option<(Micros, Micros)>,
        /// The counters.
        counts: PacketCounts,
    },
    /// The file of a period ends, and the next one begins.
    Rotate {
        /// The receive time of the `end` record.
        recv: Micros,
        /// A time of the next file.
        at: Micros,
        /// The run's packet counters.
        counts: PacketCounts,
    },
    /// The path may lead to another file now.
    Reopen {
        /// The receive time of the `end` record.
        recv: Micros,
        /// The run's packet counters.
        counts: PacketCounts,
    },
    /// A bug ended the run: these lines are complete, and nothing else is known.
    Salvage {
        /// The lines.
        text: Vec<u8>,
        /// The present time.
        now: Micros,
    },
    /// The run ends.
    Finish {
        /// The `end` record.
        end: End,
        /// Its receive time.
        recv: Micros,
        /// Whether an output that is no file gets the record too.
        on_stdout: bool,
    },
}

/// Returns the number of packets in the lines behind the first `written` bytes of a text.
pub fn packets_behind(written: usize, text: &[u8], marks: &[Mark]) -> u64 {
    let mut packets = 0;
    let mut at = written;
    for mark in marks.iter().filter(|mark| mark.end > written) {
        packets += newlines(text, at, mark.start);
        packets += u64::from(mark.packets);
        at = mark.end;
    }
    packets + newlines(text, at, text.len())
}

fn newlines(text: &[u8], from: usize, to: usize) -> u64 {
    text.get(from..to).map_or(0, |part| memchr::memchr_iter(b'\n', part).count() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_of_lines_that_were_not_written_are_counted_by_what_they_came_from() {
        let lines = b"a\nb\nGAP\nc\nPAIR\nd\n";
        let marks = [Mark { start: 4, end: 8, packets: 0 }, Mark { start: 10, end: 15, packets: 2 }];
        for (written, packets) in [(0, 6), (2, 5), (8, 4), (15, 1), (lines.len(), 0)] {
            assert_eq!(packets_behind(written, lines, &marks), packets, "{written}");
        }
    }
}
