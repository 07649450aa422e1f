//! Where frames come from when it is not the walk: the hook that `--replay` hangs a capture on.

use crate::model::Stream;
use bytes::Bytes;
use std::time::Duration;

/// A frame to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFrame {
    /// When, counted from the first subscription of the connection.
    pub after: Duration,
    /// What: a binary message for feed and depth, text for orders.
    pub bytes: Bytes,
}

/// Frames for a kind of connection. Every connection asks once, when it gets its first request (orders: its login), and
/// sends what comes in that order and at those times; frames that are already due are sent as fast as the client
/// reads. When the frames end, the connection stays open and silent but for pings.
///
/// While a source is set, requests are read and remembered, and change nothing else.
pub trait FrameSource: Send + Sync {
    /// The frames of a kind of connection.
    fn frames(&self, kind: Stream) -> Box<dyn Iterator<Item = SourceFrame> + Send>;
}
