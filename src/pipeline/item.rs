//! Defines what reaches the pipeline, in order. A capture keeps these items, and replaying them prints the same
//! bytes.

use crate::model::{InstrumentKey, Micros};
use crate::protocol::Mode;
use crate::protocol::feed::{Header, Packet};
use crate::record::chain::Chain;
pub use crate::record::control::{GapReason, StatusEvent};
use std::sync::Arc;

/// Says what kind of bytes a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// A binary websocket message.
    Binary,
    /// A text websocket message.
    Text,
    /// The body of the order snapshot that was fetched at the start of the run.
    OrderBookAtStart,
    /// The body of the order snapshot that was fetched after a reconnect.
    OrderBookAfterGap,
}

/// Holds one message as it was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Number of the connection, from 1.
    pub conn: u16,
    /// The kind of its bytes.
    pub kind: FrameKind,
    /// Receive time by the wall clock.
    pub recv: Micros,
    /// The message.
    pub bytes: &'a [u8],
    /// The only packet of a market feed's frame, if it was decoded where it arrived; see
    /// [`numbers`](crate::protocol::feed::numbers).
    pub packet: Option<(Header, Packet<'a>)>,
}

#[allow(missing_docs, reason = "the fields are named in their variant's sentence")]
/// Describes an event between frames.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The symbols of instruments. Precedes their first packet.
    Symbols(Vec<(InstrumentKey, Arc<str>)>),
    /// Instruments that a connection serves from now on; the mode is the feed's, `None` for depth.
    Subscribed { conn: u16, instruments: Vec<(InstrumentKey, Option<Mode>)> },
    /// Instruments that are no longer subscribed; their packets are filtered from now on.
    Unsubscribed { instruments: Vec<(InstrumentKey, Option<Mode>)> },
    /// A connection, or data of it, was lost: opens a gap that the connection's next data closes.
    GapOpened { conn: u16, reason: GapReason, detail: String, from: Micros },
    /// The connection resynchronized without data (an order snapshot was fetched): closes its gap.
    Resynced { conn: u16, at: Micros },
    /// A gap that is over already: `lagged` (with the number of dropped packets), `restarted`, `snapshot`.
    Gap { conn: u16, reason: GapReason, detail: Option<String>, from: Micros, to: Micros, dropped: Option<u64> },
    /// A step in a connection's life.
    Status { conn: u16, event: StatusEvent, detail: Option<String>, at: Micros },
    /// An option chain changed its subscriptions.
    Chain { chain: Chain, at: Micros },
    /// The clock reached a moment at which bars may be due; every earlier frame has been processed.
    Clock { at: Micros },
    /// The run ends here, for this reason; what follows is filtered.
    End { reason: String, at: Micros },
}

/// Describes frames that were lost before they could be decoded: a capture's record of its own losses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lagged {
    /// Number of packets in them (order stream: messages).
    pub packets: u64,
    /// Receive time of the first.
    pub from: Micros,
    /// Receive time of the last.
    pub to: Micros,
}
