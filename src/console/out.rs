//! Writes lines to stderr: at once for a command that ends by itself, from a bounded queue and a thread of its own for a
//! stream or a server, so that a stderr which nobody reads holds up neither sockets nor signals.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes that may wait for a reader of stderr.
const QUEUE_BYTES: usize = 4 << 20;
/// A live line is not drawn any more when this many bytes wait: its next state says more than its last.
const DRAW_BYTES: usize = 16 << 10;
/// Bytes that are written together.
const BATCH_BYTES: usize = 64 << 10;
/// At the end a stderr that takes nothing for this long is given up.
const PATIENCE: Duration = Duration::from_millis(250);
/// At the end the queue has this long in all: what a signal ends is over within two seconds, and the outputs come first.
const LAST_WORDS: Duration = Duration::from_millis(400);

/// What a piece of output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// Lines: counted when they have to be dropped.
    Lines,
    /// A state of a live line: worth nothing later.
    Drawing,
}

/// Makes the line that says how many lines were dropped.
pub(super) type DroppedLine = Box<dyn Fn(u64) -> String + Send>;

/// The way to stderr.
#[derive(Default)]
pub(super) struct Out {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Whether a thread writes what is queued; without one everything is written at once.
    queued: bool,
    waiting: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Lines that had no room.
    dropped: u64,
    /// Whether the thread holds something that is not written yet.
    busy: bool,
    /// Bytes written so far.
    written: u64,
}

impl std::fmt::Debug for Out {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Out")
    }
}

impl Out {
    /// Writes, or queues where a thread writes. Never waits in the second case.
    pub fn write(&self, bytes: Vec<u8>, piece: Piece) {
        let mut state = self.lock();
        if !state.queued {
            drop(state);
            write_all(&bytes, |_| {});
            return;
        }
        if piece == Piece::Drawing && state.bytes > DRAW_BYTES {
            return;
        }
        state.push(bytes);
        drop(state);
        self.changed.notify_all();
    }

    /// Gives the queue a thread. Where the system has none left, lines go on being written at once.
    pub fn start(self: &Arc<Out>, dropped_line: DroppedLine) {
        let mut state = self.lock();
        if state.queued {
            return;
        }
        let out = Arc::clone(self);
        let thread = std::thread::Builder::new().name("stderr".to_owned());
        state.queued = thread.spawn(move || out.run(&dropped_line)).is_ok();
    }

    /// Waits until everything is written, or stderr takes nothing any more.
    pub fn finish(&self) {
        let end = Instant::now() + LAST_WORDS;
        let mut state = self.lock();
        let (mut written, mut since) = (state.written, Instant::now());
        while state.queued && (state.busy || !state.waiting.is_empty() || state.dropped > 0) {
            let now = Instant::now();
            if state.written != written {
                (written, since) = (state.written, now);
            }
            let until = (since + PATIENCE).min(end);
            if now >= until {
                return;
            }
            state = self.changed.wait_timeout(state, until - now).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn run(&self, dropped_line: &DroppedLine) {
        loop {
            let mut state = self.lock();
            while state.waiting.is_empty() && state.dropped == 0 {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            let batch = state.take(dropped_line);
            state.busy = true;
            drop(state);
            write_all(&batch, |n| self.lock().written += n as u64);
            self.lock().busy = false;
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Queues lines; the oldest make room, and are counted.
    fn push(&mut self, bytes: Vec<u8>) {
        self.bytes += bytes.len();
        self.waiting.push_back(bytes);
        while self.bytes > QUEUE_BYTES
            && let Some(oldest) = self.waiting.pop_front()
        {
            self.bytes -= oldest.len();
            self.dropped += oldest.iter().filter(|byte| **byte == b'\n').count() as u64;
        }
    }

    /// Takes what is written next: first the word about what is missing, since it was older.
    fn take(&mut self, dropped_line: &DroppedLine) -> Vec<u8> {
        let mut batch = Vec::new();
        let dropped = std::mem::take(&mut self.dropped);
        if dropped > 0 {
            batch.extend_from_slice(dropped_line(dropped).as_bytes());
        }
        while batch.len() < BATCH_BYTES
            && let Some(next) = self.waiting.pop_front()
        {
            self.bytes -= next.len();
            batch.extend_from_slice(&next);
        }
        batch
    }
}

/// Writes everything, waiting where the descriptor is one that does not wait; gives up where stderr is closed.
fn write_all(mut bytes: &[u8], mut written: impl FnMut(usize)) {
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::io::Errno;
    // Not by `std`, whose lock would be held while this waits.
    let stderr = std::io::stderr();
    while !bytes.is_empty() {
        match rustix::io::write(&stderr, bytes) {
            Ok(0) => return,
            Ok(n) => {
                written(n);
                bytes = bytes.get(n..).unwrap_or_default();
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                let mut watched = [PollFd::new(&stderr, PollFlags::OUT)];
                let _ = poll(&mut watched, None);
            }
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(n: u64) -> String {
        format!("{n} lines were dropped\n")
    }

    #[test]
    fn a_full_queue_keeps_the_newest_lines_and_counts_the_others() {
        let mut state = State::default();
        let line = [b"x".repeat(QUEUE_BYTES / 4 - 1), b"\n".to_vec()].concat();
        for _ in 0..7 {
            state.push(line.clone());
        }
        assert_eq!((state.waiting.len(), state.bytes, state.dropped), (4, QUEUE_BYTES, 3));
        let batch = state.take(&(Box::new(said) as DroppedLine));
        assert!(batch.starts_with(b"3 lines were dropped\n"));
        assert_eq!(state.dropped, 0);
    }

    #[test]
    fn what_fits_into_no_queue_is_counted_too() {
        let mut state = State::default();
        state.push(b"\n".repeat(QUEUE_BYTES + 1));
        assert_eq!((state.waiting.len(), state.bytes, state.dropped), (0, 0, QUEUE_BYTES as u64 + 1));
    }
}
