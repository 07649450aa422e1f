//! What sees the frames of a run as they come.

use crate::pipeline::item::{FrameKind, GapReason};

/// Sees what the sockets of a run receive, on their thread, before it is decoded. It must not wait.
pub trait SocketObserver {
    /// Takes a message of a connection, secrets masked.
    fn frame(&self, conn: u16, kind: FrameKind, bytes: &[u8]);
    /// Takes note that everything that was there has been shown.
    fn batch_over(&self);
    /// Takes note that a connection was lost, since `from_us` (µs since the epoch).
    fn lost(&self, conn: u16, reason: GapReason, detail: &str, from_us: i64);
}
