//! Writes lines to stderr: directly for a command that ends by itself, through a bounded queue and a thread for a
//! stream or a server, so that a stderr without a reader blocks neither sockets nor signals.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Limit in bytes of the queue for stderr.
const QUEUE_BYTES: usize = 4 << 20;
/// Queued bytes from which a live line is not drawn; its next state replaces this one.
const DRAW_BYTES: usize = 16 << 10;
/// Limit in bytes of one write.
const BATCH_BYTES: usize = 64 << 10;
/// Time without progress after which a blocked stderr is abandoned at the end.
const STALL_LIMIT: Duration = Duration::from_millis(500);
/// Time for the whole queue at the end. A run that a signal ends has two seconds in all, and the outputs come first.
const FINISH_LIMIT: Duration = Duration::from_millis(700);
/// Time for the queue while stderr has room: then it is a loaded machine that has not run the thread yet.
const STARVED_LIMIT: Duration = Duration::from_secs(10);
/// Interval at which a waiting end looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Says what kind of output the bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OutputKind {
    /// Lines, which are counted if they are dropped.
    Lines,
    /// A state of a live line, which is worthless later.
    Drawing,
}

/// Returns the line that reports how many lines were dropped.
pub(super) type DroppedLine = Box<dyn Fn(u64) -> String + Send>;

/// Writes to stderr, directly or through a queue.
#[derive(Default)]
pub(super) struct StderrWriter {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Whether a thread writes the queue; without one everything is written directly.
    queued: bool,
    waiting: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Number of lines dropped because the queue was full.
    dropped: u64,
    /// Whether a view fills the terminal, so that nothing is drawn.
    is_held: bool,
    /// Whether the thread holds bytes that are not written yet.
    busy: bool,
    /// Bytes written so far.
    written: u64,
}

impl std::fmt::Debug for StderrWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StderrWriter")
    }
}

impl StderrWriter {
    /// Writes the bytes, or queues them if a thread writes the queue; queueing never waits.
    pub fn write(&self, bytes: Vec<u8>, kind: OutputKind) {
        let mut state = self.lock();
        if state.is_held && kind == OutputKind::Drawing {
            return;
        }
        if !state.queued {
            drop(state);
            write_all(&bytes, |_| {});
            return;
        }
        if kind == OutputKind::Drawing && state.bytes > DRAW_BYTES {
            return;
        }
        state.push(bytes);
        drop(state);
        self.changed.notify_all();
    }

    /// Stops drawing while a view fills the terminal, or draws again.
    pub fn hold(&self, is_held: bool) {
        self.lock().is_held = is_held;
    }

    /// Returns whether a view fills the terminal.
    pub fn is_held(&self) -> bool {
        self.lock().is_held
    }

    /// Starts the thread that writes the queue. If the system has no thread left, lines are still written directly.
    pub fn start(self: &Arc<StderrWriter>, dropped_line: DroppedLine) {
        let mut state = self.lock();
        if state.queued {
            return;
        }
        let out = Arc::clone(self);
        let thread = std::thread::Builder::new().name("stderr".to_owned());
        state.queued = thread.spawn(move || out.run(&dropped_line)).is_ok();
    }

    /// Waits until everything is written, or until stderr takes nothing any more.
    pub fn finish(&self) {
        let begun = Instant::now();
        let mut state = self.lock();
        let (mut written, mut since) = (state.written, begun);
        while state.queued && (state.busy || !state.waiting.is_empty() || state.dropped > 0) {
            let now = Instant::now();
            if state.written != written {
                (written, since) = (state.written, now);
            }
            let is_late = now - since >= STALL_LIMIT || now - begun >= FINISH_LIMIT;
            if is_late && (now - begun >= STARVED_LIMIT || !has_room()) {
                return;
            }
            state = self.changed.wait_timeout(state, LOOK_AGAIN).unwrap_or_else(PoisonError::into_inner).0;
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
    /// Queues lines; if the queue is full the oldest are dropped and counted.
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

    /// Takes the bytes to write next, beginning with the report of dropped lines, which are older.
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

/// Returns whether stderr takes bytes at once.
fn has_room() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stderr = std::io::stderr();
    let mut watched = [PollFd::new(&stderr, PollFlags::OUT)];
    poll(&mut watched, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
}

/// Writes all bytes; waits if the descriptor is nonblocking and full, and gives up if stderr is closed.
fn write_all(mut bytes: &[u8], mut written: impl FnMut(usize)) {
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::io::Errno;
    // Not through `std`, whose lock would be held during the wait.
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

    fn dropped_line(n: u64) -> String {
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
        let batch = state.take(&(Box::new(dropped_line) as DroppedLine));
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
