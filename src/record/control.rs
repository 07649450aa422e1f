//! Declares the control records, which describe the stream itself (contract: `gap`, `status`, `end`).

use super::declare::record;
use crate::model::InstrumentKey;
use crate::model::words::words;
use crate::model::{Micros, PacketCounts, Stream};

words! {
    /// Says why data was lost; the `reason` of a `gap` record.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum GapReason {
        /// The connection ended.
        Disconnected = "disconnected",
        /// The connection went silent.
        Stalled = "stalled",
        /// The reader of the output is slower than the feed.
        Lagged = "lagged",
        /// Bytes could not be decoded.
        Malformed = "malformed",
        /// The previous run did not end in an orderly way.
        Restarted = "restarted",
        /// The clock was set back.
        Clock = "clock",
        /// The order snapshot could not be fetched.
        Snapshot = "snapshot",
    }
}

words! {
    /// Names a step in a connection's life; the `event` of a `status` record.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum StatusEvent {
        /// An attempt begins.
        Connecting = "connecting",
        /// The server accepted the upgrade; nothing more is known.
        Connected = "connected",
        /// All requests are sent; the server does not confirm them.
        Requested = "requested",
        /// The first data arrived.
        Live = "live",
        /// The connection stands, but instruments that had been ticking fell silent.
        Stale = "stale",
        /// The connection ended.
        Disconnected = "disconnected",
        /// The session waits before the next attempt.
        Retrying = "retrying",
        /// The run is ending.
        Stopping = "stopping",
    }
}

/// Describes data that was lost, or may have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The stream.
    pub feed: Stream,
    /// Number of the connection, from 1; 0 for the output as a whole.
    pub conn: u16,
    /// The reason.
    pub reason: GapReason,
    /// What is known beyond the reason; free of secrets.
    pub detail: Option<String>,
    /// Last moment before the loss.
    pub from: Micros,
    /// Moment at which the stream resynchronized.
    pub to: Micros,
    /// Number of affected instruments.
    pub instruments: u32,
    /// The affected instruments; `None` for all of them.
    pub ids: Option<Vec<InstrumentKey>>,
    /// Number of packets lost; `None` if it cannot be known.
    pub dropped: Option<u64>,
}

/// Lists the words for a stream.
const STREAMS: [&str; 3] = [Stream::Market.name(), Stream::DEPTH_20.name(), Stream::Orders.name()];

record! {
    /// A loss of data: what lies between `from_us` and `to_us` may be missing.
    Gap: Control for Gap |gap| {
        /// Stream. Source: the run.
        "feed": word(STREAMS) = gap.feed.name(),
        /// Number of the connection from 1; 0 when it is about the output as a whole. Source: the run.
        "conn": uint = u32::from(gap.conn),
        /// Why data was lost. Source: computed.
        "reason": word(GapReason::WORDS) = gap.reason.name(),
        /// What is known beyond the reason, for people. Source: computed.
        "detail": text_or_null = gap.detail.as_deref(),
        /// Last moment before the loss in microseconds since the epoch. Source: this host's clock.
        "from_us": micros("from") = gap.from,
        /// First moment after the loss in microseconds since the epoch. Source: this host's clock.
        "to_us": micros("to") = gap.to,
        /// Number of instruments that are affected. Source: computed.
        "instruments": uint = gap.instruments,
        /// Instruments that are affected, as SEGMENT:ID; null when that is all of them. Source: computed.
        "ids": texts_or_null = (gap.ids.as_ref())
            .map(|ids| ids.iter().map(ToString::to_string).collect::<Vec<_>>())
            .as_deref(),
        /// Number of packets that were lost (orders: messages); null when it cannot be known. Source: computed.
        "dropped": int_or_null = gap.dropped.map(|packets| i64::try_from(packets).unwrap_or(i64::MAX)),
    }
}

/// Describes a step in a connection's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The stream.
    pub feed: Stream,
    /// Number of the connection, from 1; 0 for the run as a whole.
    pub conn: u16,
    /// The step.
    pub event: StatusEvent,
    /// What is known beyond the step; free of secrets.
    pub detail: Option<String>,
}

record! {
    /// A step in a connection's life (`--status-records`).
    Status: Control for Status |status| {
        /// Stream. Source: the run.
        "feed": word(STREAMS) = status.feed.name(),
        /// Number of the connection from 1; 0 for the run as a whole. Source: the run.
        "conn": uint = u32::from(status.conn),
        /// The step. Source: computed.
        "event": word(StatusEvent::WORDS) = status.event.name(),
        /// What is known beyond the step, for people. Source: computed.
        "detail": text_or_null = status.detail.as_deref(),
    }
}

/// Describes the orderly end of a file or a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// The packet counters: the run's at its end, the file's at a rotation.
    pub counts: PacketCounts,
    /// Why it ended: `rotated`, or the reason for which the run stopped.
    pub reason: String,
}

record! {
    /// The orderly end of a file or a run, with the packet counters (orders: messages):
    /// received = written + filtered + dropped + malformed.
    End: Control for End |end| {
        /// Number of packets received. Source: counted.
        "received": count = end.counts.received,
        /// Number of packets whose content reached a record. Source: counted.
        "written": count = end.counts.written,
        /// Number of packets that were not asked for, repeats and heartbeats. Source: counted.
        "filtered": count = end.counts.filtered,
        /// Number of packets that were lost between socket and output. Source: counted.
        "dropped": count = end.counts.dropped,
        /// Number of packets that could not be decoded. Source: counted.
        "malformed": count = end.counts.malformed,
        /// Number of gap records, printed or not. Source: counted.
        "gaps": count = end.counts.gaps,
        /// Why it ended: `rotated`, or what ended the run. Source: the run.
        "reason": text = &end.reason,
    }
}
