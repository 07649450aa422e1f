//! Lets a caller observe the frames of a run as they arrive.

use crate::model::Micros;
use crate::pipeline::item::{FrameKind, GapReason};

/// Receives the messages of a run's sockets, on their thread, before they are decoded. It must not wait.
pub trait SocketObserver {
    /// Receives a message of a connection, with secrets masked.
    fn frame(&self, conn: u16, kind: FrameKind, bytes: &[u8]);
    /// Called when all available messages have been passed.
    fn batch_ended(&self);
    /// Called when a gap of a connection opened, at `from`.
    fn gap_opened(&self, conn: u16, reason: GapReason, detail: &str, from: Micros);
}
