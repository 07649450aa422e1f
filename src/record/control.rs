//! Control records: what happened to the stream itself (contract: `gap`, `status`, `end`).

use super::{FieldWriter, Record, TimeKey};
use crate::key;
use crate::model::InstrumentKey;
use crate::model::{PacketCounts, Stream};

/// Why data was lost; the `reason` of a `gap` record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GapReason {
    /// The connection ended.
    Disconnected,
    /// The connection said nothing any more.
    Stalled,
    /// The reader of the output was slower than the feed.
    Lagged,
    /// Bytes that could not be decoded.
    Malformed,
    /// The last run did not end orderly.
    Restarted,
    /// The clock stepped backwards.
    Clock,
    /// The order book could not be asked for.
    Snapshot,
}

impl GapReason {
    /// Every reason, in the order of the contract.
    pub const ALL: [GapReason; 7] = [
        GapReason::Disconnected,
        GapReason::Stalled,
        GapReason::Lagged,
        GapReason::Malformed,
        GapReason::Restarted,
        GapReason::Clock,
        GapReason::Snapshot,
    ];

    /// The word that records carry.
    pub const fn name(self) -> &'static str {
        match self {
            GapReason::Disconnected => "disconnected",
            GapReason::Stalled => "stalled",
            GapReason::Lagged => "lagged",
            GapReason::Malformed => "malformed",
            GapReason::Restarted => "restarted",
            GapReason::Clock => "clock",
            GapReason::Snapshot => "snapshot",
        }
    }
}

/// A step in a connection's life; the `event` of a `status` record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusEvent {
    /// An attempt begins.
    Connecting,
    /// The upgrade was accepted; nothing more is known.
    Connected,
    /// Everything was asked for; nobody confirms it.
    Requested,
    /// The first data came.
    Live,
    /// Connected, but what had been ticking fell silent.
    Stale,
    /// The connection ended.
    Disconnected,
    /// Waiting before the next attempt.
    Retrying,
    /// The run is ending.
    Stopping,
}

impl StatusEvent {
    /// Every event, in the order of the contract.
    pub const ALL: [StatusEvent; 8] = [
        StatusEvent::Connecting,
        StatusEvent::Connected,
        StatusEvent::Requested,
        StatusEvent::Live,
        StatusEvent::Stale,
        StatusEvent::Disconnected,
        StatusEvent::Retrying,
        StatusEvent::Stopping,
    ];

    /// The word that records carry.
    pub const fn name(self) -> &'static str {
        match self {
            StatusEvent::Connecting => "connecting",
            StatusEvent::Connected => "connected",
            StatusEvent::Requested => "requested",
            StatusEvent::Live => "live",
            StatusEvent::Stale => "stale",
            StatusEvent::Disconnected => "disconnected",
            StatusEvent::Retrying => "retrying",
            StatusEvent::Stopping => "stopping",
        }
    }
}

/// Data that was lost, or may have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Which stream.
    pub feed: Stream,
    /// The connection, from 1; 0 when it is about the output as a whole.
    pub conn: u16,
    /// Why.
    pub reason: GapReason,
    /// What is known beyond the reason; free of secrets.
    pub detail: Option<String>,
    /// The last moment up to which the stream is whole, µs since the epoch.
    pub from_us: i64,
    /// The moment from which it is whole again, µs since the epoch.
    pub to_us: i64,
    /// How many instruments are affected.
    pub instruments: u32,
    /// Which ones; `None` when that is all of them.
    pub ids: Option<Vec<InstrumentKey>>,
    /// How many packets were lost; `None` when nobody can know.
    pub dropped: Option<u64>,
}

const FROM: TimeKey = TimeKey { epoch: key!("from_us"), iso: key!("from") };
const TO: TimeKey = TimeKey { epoch: key!("to_us"), iso: key!("to") };

impl Record for Gap {
    fn kind(&self) -> &'static str {
        "gap"
    }

    fn fields<W: FieldWriter>(&self, w: &mut W) {
        w.text(key!("feed"), self.feed.name());
        w.uint(key!("conn"), u32::from(self.conn));
        w.text(key!("reason"), self.reason.name());
        w.text_or_null(key!("detail"), self.detail.as_deref());
        w.time(FROM, self.from_us);
        w.time(TO, self.to_us);
        w.uint(key!("instruments"), self.instruments);
        match &self.ids {
            Some(ids) => {
                let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
                w.words(key!("ids"), &mut ids.iter().map(String::as_str));
            }
            None => w.null(key!("ids")),
        }
        w.int_or_null(key!("dropped"), self.dropped.map(|n| i64::try_from(n).unwrap_or(i64::MAX)));
    }
}

/// A step in a connection's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Which stream.
    pub feed: Stream,
    /// The connection, from 1; 0 for the run as a whole.
    pub conn: u16,
    /// Which step.
    pub event: StatusEvent,
    /// What is known beyond the step; free of secrets.
    pub detail: Option<String>,
}

impl Record for Status {
    fn kind(&self) -> &'static str {
        "status"
    }

    fn fields<W: FieldWriter>(&self, w: &mut W) {
        w.text(key!("feed"), self.feed.name());
        w.uint(key!("conn"), u32::from(self.conn));
        w.text(key!("event"), self.event.name());
        w.text_or_null(key!("detail"), self.detail.as_deref());
    }
}

/// The last record of a file that ended orderly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// The books: the run's at its end, the file's when it was rotated.
    pub books: PacketCounts,
    /// Why it ended: `rotated`, or what ended the run.
    pub reason: String,
}

impl Record for End {
    fn kind(&self) -> &'static str {
        "end"
    }

    fn fields<W: FieldWriter>(&self, w: &mut W) {
        let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        w.int(key!("received"), count(self.books.received));
        w.int(key!("written"), count(self.books.written));
        w.int(key!("filtered"), count(self.books.filtered));
        w.int(key!("dropped"), count(self.books.dropped));
        w.int(key!("malformed"), count(self.books.malformed));
        w.int(key!("gaps"), count(self.books.gaps));
        w.text(key!("reason"), &self.reason);
    }
}
