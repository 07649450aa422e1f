//! What reaches the pipeline, in order. A capture keeps these, and replaying them prints the same bytes.

use crate::model::InstrumentKey;
use crate::protocol::Mode;

use crate::record::chain::Chain;
pub use crate::record::control::{GapReason, StatusEvent};
use std::sync::Arc;

/// What kind of bytes a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// A binary websocket message.
    Binary,
    /// A text websocket message.
    Text,
    /// The body of the REST order book, asked for at the start of the run.
    OrderBookAtStart,
    /// The body of the REST order book, asked for after a reconnect.
    OrderBookAfterGap,
}

/// One message as it was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The connection, from 1.
    pub conn: u16,
    /// What kind of bytes it holds.
    pub kind: FrameKind,
    /// When it was received, µs since the epoch, as the wall clock said.
    pub recv_us: i64,
    /// The message.
    pub bytes: &'a [u8],
}

#[allow(missing_docs, reason = "the fields are named in their variant's sentence")]
/// Something that happened, between frames. Moments are µs since the epoch.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// What instruments are called. Comes before their first packet.
    Symbols(Vec<(InstrumentKey, Arc<str>)>),
    /// Instruments that a connection serves from now on; the mode is the feed's, `None` for depth.
    Subscribed { conn: u16, instruments: Vec<(InstrumentKey, Option<Mode>)> },
    /// Instruments that are no longer wanted; their packets are filtered from now on.
    Unsubscribed { instruments: Vec<(InstrumentKey, Option<Mode>)> },
    /// A connection was lost (or data of it was): opens a gap that the connection's next data closes.
    Lost { conn: u16, reason: GapReason, detail: String, from_us: i64 },
    /// The connection is known to be whole again without data having come (an order book was fetched): closes its gap.
    Whole { conn: u16, at_us: i64 },
    /// A gap that is over already: `lagged` (with what was dropped), `restarted`, `snapshot`.
    Gap { conn: u16, reason: GapReason, detail: Option<String>, from_us: i64, to_us: i64, dropped: Option<u64> },
    /// A step in a connection's life.
    Status { conn: u16, event: StatusEvent, detail: Option<String>, at_us: i64 },
    /// An option chain changed what it subscribes.
    Chain { chain: Chain, at_us: i64 },
    /// The clock has reached a moment at which bars may be due, and every frame that came before has been taken.
    Clock { at_us: i64 },
    /// The run ends here, for this reason; what comes after is filtered.
    End { reason: String, at_us: i64 },
}

/// Frames that were lost before they could be decoded: what a capture tells of its own losses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lagged {
    /// Packets in them (orders: messages).
    pub packets: u64,
    /// When the first was received, µs since the epoch.
    pub from_us: i64,
    /// When the last was received, µs since the epoch.
    pub to_us: i64,
}
