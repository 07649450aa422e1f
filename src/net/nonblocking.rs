//! A tokio stream as the websocket machine reads and writes it: what would have to wait is `WouldBlock`.
//!
//! tokio-tungstenite's own adapter notes who is to be woken with four locked instructions a message, so that two tasks can
//! share a socket. Here one task does both, and it is noted once: a quote of 50 bytes costs a sixth less.

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream, and the one task that waits for it.
pub(super) struct Nonblocking<S> {
    stream: S,
    task: Waker,
    tail: Tail,
}

/// The last bytes that were read: enough for the largest control frame.
#[derive(Default)]
struct Tail {
    bytes: Vec<u8>,
}

impl Tail {
    const KEPT: usize = 128;

    fn add(&mut self, read: &[u8]) {
        let kept = &read[read.len().saturating_sub(Tail::KEPT)..];
        let surplus = (self.bytes.len() + kept.len()).saturating_sub(Tail::KEPT);
        self.bytes.drain(..surplus.min(self.bytes.len()));
        self.bytes.extend_from_slice(kept);
    }
}

impl<S> Nonblocking<S> {
    /// A stream that nobody waits for yet.
    pub fn new(stream: S) -> Nonblocking<S> {
        Nonblocking { stream, task: Waker::noop().clone(), tail: Tail::default() }
    }

    /// Returns the code and the reason of the last close frame that was read, as they came; the websocket crate replaces
    /// codes that are not valid.
    pub fn last_close_frame(&self) -> Option<(u16, String)> {
        let bytes = &self.tail.bytes;
        (0..bytes.len()).rev().find_map(|at| {
            let (&[0x88, length], rest) = bytes.get(at..)?.split_first_chunk::<2>()? else { return None };
            let (code, reason) = rest.get(..usize::from(length))?.split_first_chunk::<2>()?;
            Some((u16::from_be_bytes(*code), std::str::from_utf8(reason).ok()?.to_owned()))
        })
    }

    /// From now on this task is woken when a read or a write that was `WouldBlock` can go on.
    pub fn wakes(&mut self, task: &Waker) {
        self.task.clone_from(task);
    }
}

/// `Pending` is `WouldBlock`.
fn now<T>(poll: Poll<io::Result<T>>) -> io::Result<T> {
    match poll {
        Poll::Ready(result) => result,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

impl<S: AsyncRead + Unpin> Read for Nonblocking<S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut into = ReadBuf::new(into);
        now(Pin::new(&mut self.stream).poll_read(&mut Context::from_waker(&self.task), &mut into))?;
        self.tail.add(into.filled());
        Ok(into.filled().len())
    }
}

impl<S: AsyncWrite + Unpin> Write for Nonblocking<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        now(Pin::new(&mut self.stream).poll_write(&mut Context::from_waker(&self.task), bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        now(Pin::new(&mut self.stream).poll_flush(&mut Context::from_waker(&self.task)))
    }
}
