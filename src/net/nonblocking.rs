//! Adapts a tokio stream to the websocket library's reads and writes: what would wait is `WouldBlock`.
//!
//! tokio-tungstenite's own adapter stores the waker with four locked instructions for each message, so that two tasks
//! can share a socket. Here one task does both and the waker is stored once: a quote of 50 bytes costs a sixth less.

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream with the one task that waits for it.
pub(super) struct Nonblocking<S> {
    stream: S,
    task: Waker,
    tail: Tail,
}

/// Holds the last bytes read: at least as many as the largest control frame has.
#[derive(Default)]
struct Tail {
    bytes: Vec<u8>,
}

impl Tail {
    const KEPT: usize = 128;
    /// Capacity in bytes below which small reads are only appended, which takes some nanoseconds.
    const ROOM: usize = 1024;

    fn add(&mut self, read: &[u8]) {
        let kept = &read[read.len().saturating_sub(Tail::KEPT)..];
        if self.bytes.len() + kept.len() > Tail::ROOM {
            let surplus = self.bytes.len().saturating_sub(Tail::KEPT);
            self.bytes.drain(..surplus);
        }
        self.bytes.extend_from_slice(kept);
    }

    /// Returns code and reason of a close frame that begins at an offset, and the number of bytes behind it.
    fn close_frame(&self, at: usize) -> Option<(u16, &str, usize)> {
        let (&[0x88, length], rest) = self.bytes.get(at..)?.split_first_chunk::<2>()? else { return None };
        let (payload, behind) = rest.split_at_checked(usize::from(length))?;
        let (code, reason) = payload.split_first_chunk::<2>()?;
        Some((u16::from_be_bytes(*code), std::str::from_utf8(reason).ok()?, behind.len()))
    }
}

impl<S> Nonblocking<S> {
    /// Creates an adapter without a waiting task; `early` was read from the stream before.
    pub fn new(stream: S, early: &[u8]) -> Nonblocking<S> {
        let mut tail = Tail::default();
        tail.add(early);
        Nonblocking { stream, task: Waker::noop().clone(), tail }
    }

    /// Returns code and reason of the last close frame as they came; the websocket crate replaces invalid codes.
    pub fn last_close_frame(&self) -> Option<(u16, String)> {
        let from_the_end = || (0..self.tail.bytes.len()).rev().filter_map(|at| self.tail.close_frame(at));
        // Usually nothing follows it; a reason may contain the byte that a frame begins with.
        let found = from_the_end().find(|(.., behind)| *behind == 0).or_else(|| from_the_end().next());
        found.map(|(code, reason, _)| (code, reason.to_owned()))
    }

    /// Sets the task that is woken when a read or a write that was `WouldBlock` can continue.
    pub fn wakes(&mut self, task: &Waker) {
        self.task.clone_from(task);
    }
}

/// Converts `Pending` to `WouldBlock`.
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
