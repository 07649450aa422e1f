//! Provides the queue of one output and the thread that empties it. The queue is bounded in bytes: an output that
//! blocks sheds its oldest lines and affects no other output.

use crate::clock;
use crate::model::Micros;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Interval between calls of [`Consumer::tick`].
const TICK: Duration = Duration::from_secs(1);

/// Says what to do when an output's queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnLag {
    /// Sheds the oldest lines and counts them.
    #[default]
    Drop,
    /// Stops reading from the sockets.
    Block,
}

/// Processes the queue's items on its thread.
pub trait Consumer: Send + 'static {
    /// The type of the items.
    type Item: Queued + Send;
    /// Processes an item, however long that takes.
    fn take(&mut self, item: Self::Item);
    /// Does periodic work about once a second, also while no item comes.
    fn tick(&mut self, now: Micros);
    /// Returns whether it has processed its last item.
    fn is_done(&self) -> bool;
    /// Returns whether the owner of the queue should look at it, since the last call.
    fn has_news(&mut self) -> bool;
}

/// An item of a queue.
pub trait Queued: Sized {
    /// Returns its weight in bytes.
    fn weight(&self) -> usize;
    /// Turns an item that may be shed into a record of the loss; returns `false` for every other item.
    fn shed(&mut self) -> bool;
    /// Merges a record of a loss with one that follows directly; returns `false` if the two are not such records.
    fn join(&mut self, next: &Self) -> bool;
}

/// Holds the limits of a queue.
pub struct Limits {
    /// Limit in bytes.
    pub capacity: usize,
    /// What to do when the limit is exceeded.
    pub on_lag: OnLag,
    /// Time for which the thread collects more items after the first, for fewer and larger writes.
    pub gather: Duration,
    /// Called on the queue's thread when the owner should look and, if the queue blocks, when there is room again.
    pub notify: Arc<dyn Fn() + Send + Sync>,
}

/// A bounded queue with its thread.
pub struct OutputQueue<C: Consumer> {
    state: Mutex<State<C::Item>>,
    filled: Condvar,
    consumer: Mutex<C>,
    limits: Limits,
}

struct State<I> {
    items: VecDeque<I>,
    weight: usize,
    /// Whether the consumer is processing an item.
    is_busy: bool,
    /// Whether the thread sleeps; waking it otherwise would waste a system call.
    is_asleep: bool,
    /// Whether no more items come; then the thread stops collecting.
    is_closed: bool,
    /// Number of items shed.
    sheds: u64,
    has_ended: bool,
    panicked: bool,
}

impl<C: Consumer> OutputQueue<C> {
    /// Starts a thread that passes queued items to `consumer`.
    ///
    /// # Errors
    /// Fails if the thread cannot be started.
    pub fn start(name: &str, consumer: C, limits: Limits) -> std::io::Result<Arc<OutputQueue<C>>> {
        let state = State {
            items: VecDeque::new(),
            weight: 0,
            is_busy: false,
            is_asleep: false,
            is_closed: false,
            sheds: 0,
            has_ended: false,
            panicked: false,
        };
        let queue = Arc::new(OutputQueue {
            state: Mutex::new(state),
            filled: Condvar::new(),
            consumer: Mutex::new(consumer),
            limits,
        });
        let worker = Arc::clone(&queue);
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let panicked = catch_unwind(AssertUnwindSafe(|| worker.work())).is_err();
            let mut state = worker.lock();
            state.panicked = panicked;
            state.has_ended = true;
            drop(state);
            (worker.limits.notify)();
        })?;
        Ok(queue)
    }

    fn lock(&self) -> MutexGuard<'_, State<C::Item>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` with the consumer on this thread if the queue is empty and the consumer idle; returns `None`
    /// otherwise.
    pub fn at_once<R>(&self, work: impl FnOnce(&mut C) -> R) -> Option<R> {
        let state = self.lock();
        if !state.items.is_empty() || state.is_busy || state.has_ended {
            return None;
        }
        drop(state);
        // Only the calling thread pushes items, so no item can overtake another.
        self.consumer.try_lock().ok().map(|mut consumer| work(&mut consumer))
    }

    /// Queues an item; `extend` may append to the newest item instead, and then returns its growth in bytes.
    pub fn push(&self, extend: impl FnOnce(&mut C::Item) -> Option<usize>, item: impl FnOnce() -> C::Item) {
        let mut state = self.lock();
        match state.items.back_mut().and_then(extend) {
            Some(growth) => state.weight += growth,
            None => {
                let item = item();
                state.weight += item.weight();
                state.items.push_back(item);
            }
        }
        if self.limits.on_lag == OnLag::Drop && state.weight > self.limits.capacity {
            state.shed(self.limits.capacity);
        }
        let is_asleep = std::mem::take(&mut state.is_asleep);
        drop(state);
        if is_asleep {
            self.filled.notify_one();
        }
    }

    /// Returns the number of items shed.
    pub fn sheds(&self) -> u64 {
        self.lock().sheds
    }

    /// Waits until the consumer has processed its last item, for at most this long.
    pub fn wait_ended(&self, most: Duration) {
        let end = Instant::now() + most;
        while !self.has_ended() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Passes the queued items to `look`.
    pub fn inspect<R>(&self, look: impl FnOnce(&VecDeque<C::Item>) -> R) -> R {
        look(&self.lock().items)
    }

    /// Closes the queue: no more items come.
    pub fn close(&self) {
        self.lock().is_closed = true;
        self.filled.notify_one();
    }

    /// Returns the number of bytes queued.
    pub fn weight(&self) -> usize {
        self.lock().weight
    }

    /// Returns whether the queue is full and blocks.
    pub fn is_full(&self) -> bool {
        self.limits.on_lag == OnLag::Block && {
            let state = self.lock();
            state.weight >= self.limits.capacity && !state.has_ended
        }
    }

    /// Returns whether the consumer has processed its last item.
    pub fn has_ended(&self) -> bool {
        self.lock().has_ended
    }

    /// Returns whether a panic ended the thread.
    pub fn has_panicked(&self) -> bool {
        self.lock().panicked
    }

    /// Removes the queued items, because the consumer does not return.
    pub fn abandon(&self) -> VecDeque<C::Item> {
        let mut state = self.lock();
        state.has_ended = true;
        state.weight = 0;
        std::mem::take(&mut state.items)
    }

    /// Processes items until the consumer is done.
    fn work(&self) {
        let mut ticked = Instant::now();
        loop {
            let item = self.next(TICK.saturating_sub(ticked.elapsed()));
            let mut consumer = self.consumer.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(item) = item {
                consumer.take(item);
            }
            if ticked.elapsed() >= TICK {
                consumer.tick(clock::now());
                ticked = Instant::now();
            }
            let (is_done, has_news) = (consumer.is_done(), consumer.has_news());
            drop(consumer);
            self.lock().is_busy = false;
            if is_done {
                return;
            }
            if has_news || self.limits.on_lag == OnLag::Block {
                (self.limits.notify)();
            }
        }
    }

    /// Waits for the next item, for at most this long.
    fn next(&self, most: Duration) -> Option<C::Item> {
        let mut state = self.lock();
        let mut has_waited = false;
        // After a backlog there is nothing to wait for.
        let mut has_gathered = self.limits.gather.is_zero() || !state.items.is_empty();
        loop {
            if !state.items.is_empty() && (has_gathered || state.is_closed) {
                let item = state.items.pop_front()?;
                state.weight = state.weight.saturating_sub(item.weight());
                state.is_busy = true;
                return Some(item);
            }
            if !state.items.is_empty() {
                has_gathered = true;
                drop(state);
                std::thread::sleep(self.limits.gather);
                state = self.lock();
                continue;
            }
            if has_waited {
                return None;
            }
            state.is_asleep = true;
            let (woken, timeout) = self.filled.wait_timeout(state, most).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.is_asleep = false;
            has_waited = timeout.timed_out() || state.is_closed && state.items.is_empty();
        }
    }
}

impl<I: Queued> State<I> {
    /// Sheds the oldest items that may be shed until the rest fits; the newest is always kept.
    fn shed(&mut self, capacity: usize) {
        let mut at = 0;
        while self.weight > capacity && at + 1 < self.items.len() {
            let before = self.items[at].weight();
            if self.items[at].shed() {
                self.sheds += 1;
                self.weight = self.weight.saturating_sub(before) + self.items[at].weight();
            }
            if at > 0
                && let Some(next) = self.items.remove(at)
            {
                if self.items[at - 1].join(&next) {
                    self.weight = self.weight.saturating_sub(next.weight());
                    continue;
                }
                self.items.insert(at, next);
            }
            at += 1;
        }
    }
}
