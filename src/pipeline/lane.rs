//! The lane between the sockets and the writer: bounded in bytes, and a slow reader never stops a socket.
//!
//! Sockets hand over what they gathered as one [`Batch`] a wake-up; a hand-over per frame costs 3.6 times the CPU.
//! Frames are copied into the batch: a tick of 16 bytes would otherwise hold on to the 128 KiB that it was read into,
//! and what waits here could not be bounded exactly.

use super::item::{Event, Frame, FrameKind};
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Frames of one connection, in the order they were received.
#[derive(Debug, Default)]
pub struct Batch {
    conn: u16,
    data: Vec<u8>,
    frames: Vec<Span>,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    end: usize,
    kind: FrameKind,
    recv_us: i64,
}

impl Batch {
    /// Bytes from which on a batch is handed over rather than filled further.
    pub const FULL: usize = 64 * 1024;

    /// Bytes from which on a batch is expected to fill up.
    const GROWING: usize = 8 * 1024;

    /// Starts over for a connection, keeping the room.
    pub fn reset(&mut self, conn: u16) {
        self.conn = conn;
        self.data.clear();
        self.frames.clear();
    }

    /// Appends a frame.
    #[inline]
    pub fn push(&mut self, kind: FrameKind, recv_us: i64, bytes: &[u8]) {
        // One that fills up gets its room at once: growing by doubling copies everything once more. Small ones stay small,
        // since a slow reader lets hundreds of thousands of them wait.
        if self.data.len() + bytes.len() > self.data.capacity() && self.data.len() >= Batch::GROWING {
            self.data.reserve(Batch::FULL + Batch::GROWING - self.data.len().min(Batch::FULL));
        }
        self.data.extend_from_slice(bytes);
        self.frames.push(Span { end: self.data.len(), kind, recv_us });
    }

    /// Whether there is no frame.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Whether it should be handed over.
    pub fn is_full(&self) -> bool {
        self.data.len() >= Batch::FULL
    }

    /// What it weighs in the lane.
    fn weight(&self) -> usize {
        self.data.len() + self.frames.len() * size_of::<Span>()
    }

    /// The frames, in order.
    pub fn frames(&self) -> impl Iterator<Item = Frame<'_>> {
        let mut start = 0;
        self.frames.iter().map(move |span| {
            let bytes = self.data.get(start..span.end).unwrap_or_default();
            start = span.end;
            Frame { conn: self.conn, kind: span.kind, recv_us: span.recv_us, bytes }
        })
    }
}

/// What reaches the writer, in order.
#[derive(Debug)]
pub enum Item {
    /// Frames of one connection.
    Frames(Batch),
    /// Something that happened.
    Event(Event),
    /// Frames that were thrown away here, because the reader of the output was too slow.
    Lagged(Lagged),
}

/// Frames that were thrown away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lagged {
    /// Packets in them (orders: messages).
    pub packets: u64,
    /// When the first was received, µs since the epoch.
    pub from_us: i64,
    /// When the last was received, µs since the epoch.
    pub to_us: i64,
}

/// What to do when the lane is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnLag {
    /// Throw the oldest away and count it.
    #[default]
    Drop,
    /// Stop reading from the sockets.
    Block,
}

/// Counts the packets of a frame, for frames that are thrown away undecoded.
pub type CountPackets = Box<dyn Fn(Frame<'_>) -> u64 + Send + Sync>;

/// The lane. Shared between the sockets' thread and the writer's.
pub struct Lane {
    state: Mutex<State>,
    filled: Condvar,
    drained: tokio::sync::Notify,
    capacity: usize,
    on_lag: OnLag,
    count: CountPackets,
}

#[derive(Default)]
struct State {
    items: VecDeque<Item>,
    weight: usize,
    lagged: Option<Lagged>,
    closed: bool,
    spare: Vec<Batch>,
    /// Whether the writer sleeps; waking it otherwise is a system call for nothing.
    asleep: bool,
    /// There is something to do besides items.
    nudged: bool,
}

impl State {
    fn is_empty(&self) -> bool {
        self.items.is_empty() && self.lagged.is_none()
    }
}

/// What waiting came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// There is an item, or somebody nudged.
    Something,
    /// Nothing within the time.
    Nothing,
    /// Nothing more will come.
    Closed,
}

/// Bytes from which on the lane is crowded.
const CROWDED: usize = 8 * Batch::FULL;
/// Batches that are kept for reuse.
const SPARE: usize = 12;
/// Room that a spare batch may keep.
const SPARE_BYTES: usize = 2 * Batch::FULL;

impl Lane {
    /// A lane that holds this many bytes.
    pub fn new(capacity: usize, on_lag: OnLag, count: CountPackets) -> Lane {
        Lane {
            state: Mutex::default(),
            filled: Condvar::new(),
            drained: tokio::sync::Notify::new(),
            capacity,
            on_lag,
            count,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An empty batch, with room from an earlier one where there is one.
    pub fn batch(&self, conn: u16) -> Batch {
        let mut batch = self.lock().spare.pop().unwrap_or_default();
        batch.reset(conn);
        batch
    }

    /// Hands frames over. Never waits: when the lane is full the oldest frames are thrown away and counted, or, if it is
    /// to block, the caller finds [`Lane::is_full`] and waits in [`Lane::room`] before it reads on.
    pub fn push(&self, batch: Batch) {
        if batch.is_empty() {
            return self.give_back(batch);
        }
        let mut state = self.lock();
        state.weight += batch.weight();
        state.items.push_back(Item::Frames(batch));
        if self.on_lag == OnLag::Drop {
            self.shed(&mut state);
        }
        self.wake(state);
    }

    /// Hands an event over. Events are never thrown away.
    pub fn event(&self, event: Event) {
        let mut state = self.lock();
        state.items.push_back(Item::Event(event));
        self.wake(state);
    }

    /// Throws the oldest frames away until what is left fits; the newest batch always stays.
    fn shed(&self, state: &mut State) {
        let mut at = 0;
        while state.weight > self.capacity && at + 1 < state.items.len() {
            if !matches!(state.items[at], Item::Frames(_)) {
                at += 1;
                continue;
            }
            let Some(Item::Frames(batch)) = state.items.remove(at) else { break };
            state.weight -= batch.weight();
            for frame in batch.frames() {
                let packets = (self.count)(frame);
                let lagged =
                    state.lagged.get_or_insert(Lagged { packets: 0, from_us: frame.recv_us, to_us: frame.recv_us });
                lagged.packets += packets;
                lagged.to_us = frame.recv_us;
            }
        }
    }

    fn wake(&self, mut state: MutexGuard<'_, State>) {
        let asleep = std::mem::take(&mut state.asleep);
        drop(state);
        if asleep {
            self.filled.notify_one();
        }
    }

    /// Whether more waits than stays in the processor's caches. A socket that then rests a moment leaves what comes with
    /// the kernel, and batches are used again while they are warm; nothing is lost by it, and a stalled reader of the
    /// output still stops no socket.
    pub fn is_crowded(&self) -> bool {
        self.lock().weight >= CROWDED
    }

    /// Whether a lane that blocks has no room.
    pub fn is_full(&self) -> bool {
        self.on_lag == OnLag::Block && self.lock().weight >= self.capacity
    }

    /// Waits until a lane that blocks has room.
    pub async fn room(&self) {
        loop {
            let drained = self.drained.notified();
            if !self.is_full() {
                return;
            }
            drained.await;
        }
    }

    /// Waits until there is something to do, at most this long.
    pub fn wait(&self, most: Duration) -> Waited {
        let mut state = self.lock();
        let mut waited = false;
        loop {
            if !state.is_empty() || std::mem::take(&mut state.nudged) {
                return Waited::Something;
            }
            if state.closed {
                return Waited::Closed;
            }
            if waited {
                return Waited::Nothing;
            }
            state.asleep = true;
            let (woken, timeout) = self.filled.wait_timeout(state, most).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.asleep = false;
            waited = timeout.timed_out();
        }
    }

    /// The next item, if there is one.
    pub fn take(&self) -> Option<Item> {
        let mut state = self.lock();
        if let Some(lagged) = state.lagged.take() {
            return Some(Item::Lagged(lagged));
        }
        let item = state.items.pop_front()?;
        if let Item::Frames(batch) = &item {
            state.weight -= batch.weight();
        }
        drop(state);
        if self.on_lag == OnLag::Block {
            self.drained.notify_waiters();
        }
        Some(item)
    }

    /// Ends the writer's waiting although there is no item.
    pub fn nudge(&self) {
        let mut state = self.lock();
        state.nudged = true;
        self.wake(state);
    }

    /// Whether nothing waits.
    pub fn is_idle(&self) -> bool {
        self.lock().is_empty()
    }

    /// Gives a batch back for reuse.
    pub fn give_back(&self, batch: Batch) {
        let mut state = self.lock();
        if state.spare.len() < SPARE && batch.data.capacity() <= SPARE_BYTES {
            state.spare.push(batch);
        }
    }

    /// Says that nothing more will come.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        drop(state);
        self.filled.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(capacity: usize) -> Lane {
        Lane::new(capacity, OnLag::Drop, Box::new(|_| 1))
    }

    fn one(lane: &Lane, recv_us: i64, size: usize) {
        let mut batch = lane.batch(1);
        batch.push(FrameKind::Binary, recv_us, &vec![7; size]);
        lane.push(batch);
    }

    fn drain(lane: &Lane) -> (u64, Vec<i64>) {
        let (mut lost, mut kept) = (0, Vec::new());
        loop {
            match lane.take() {
                Some(Item::Frames(batch)) => kept.extend(batch.frames().map(|f| f.recv_us)),
                Some(Item::Lagged(lagged)) => lost += lagged.packets,
                Some(Item::Event(_)) => {}
                None => return (lost, kept),
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_the_oldest_and_is_counted_exactly() {
        let lane = lane(1000);
        (0..100).for_each(|i| one(&lane, i, 100));
        let (lost, kept) = drain(&lane);
        assert_eq!(lost + kept.len() as u64, 100);
        assert_eq!(kept, (lost as i64..100).collect::<Vec<_>>(), "the newest stay, in order");
        assert!(!kept.is_empty() && lost > 80);
    }

    #[test]
    fn events_are_never_thrown_away() {
        let lane = lane(500);
        for i in 0..50 {
            lane.event(Event::Whole { conn: 1, at_us: i });
            one(&lane, i, 100);
        }
        let mut events = 0;
        while let Some(item) = lane.take() {
            events += u32::from(matches!(item, Item::Event(_)));
        }
        assert_eq!(events, 50);
    }

    #[test]
    fn the_loss_is_told_before_what_follows_it() {
        let lane = lane(300);
        (0..20).for_each(|i| one(&lane, i, 100));
        assert!(matches!(lane.take(), Some(Item::Lagged(Lagged { from_us: 0, .. }))));
        assert!(matches!(lane.take(), Some(Item::Frames(_))));
    }

    #[test]
    fn a_single_batch_larger_than_the_lane_is_kept() {
        let lane = lane(10);
        one(&lane, 1, 1000);
        assert_eq!(drain(&lane), (0, vec![1]));
    }

    #[test]
    fn a_closed_lane_is_drained_before_it_says_so() {
        let lane = lane(1000);
        one(&lane, 1, 10);
        lane.close();
        assert_eq!(lane.wait(Duration::from_secs(5)), Waited::Something);
        assert!(lane.take().is_some());
        assert_eq!(lane.wait(Duration::from_secs(5)), Waited::Closed);
    }

    #[test]
    fn a_nudge_is_heard_once_and_also_when_nobody_waited_yet() {
        let lane = lane(1000);
        lane.nudge();
        assert_eq!(lane.wait(Duration::ZERO), Waited::Something);
        assert_eq!(lane.wait(Duration::ZERO), Waited::Nothing);
    }
}
