//! Defines a source of frames other than the random walk, for `--replay`.

use crate::model::Stream;
use bytes::Bytes;
use std::time::Duration;

/// Holds a frame to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFrame {
    /// Its time, counted from the connection's first subscription.
    pub after: Duration,
    /// Its content: a binary message for feed and depth, text for orders.
    pub bytes: Bytes,
}

/// Supplies frames for a kind of connection. Every connection requests them once, with its first request (orders: its
/// login), and sends them in that order and at those times; frames that are already due are sent as fast as the
/// client reads. When the frames end, the connection stays open and sends only pings.
///
/// With a source, requests are read and recorded, and change nothing else.
pub trait FrameSource: Send + Sync {
    /// Returns the frames of a kind of connection.
    fn frames(&self, kind: Stream) -> Box<dyn Iterator<Item = SourceFrame> + Send>;
}
