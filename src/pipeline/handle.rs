//! Connects sockets and pipeline. Everything between a frame and its line happens here, on the sockets' thread, and
//! nothing of it waits: what an output does not take at once waits in that output's queue.

use super::figures::Figures;
use super::item::{Event, Frame};
use super::stages::{EndedWithin, Named, Pipeline, RunSummary, StopReason};
use crate::clock;
use crate::model::{InstrumentKey, Micros, PacketCounts};
use crate::output::{OnLag, WriteFailure};
use std::any::Any;
use std::cell::{Cell, RefCell, RefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tokio::sync::Notify;

/// Bytes of frames after which a socket lets others run.
const FULL: usize = 64 * 1024;

/// Holds what the pipeline found in a frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Number of packets (order stream: messages) in it.
    pub packets: u64,
    /// Symbols that were looked up for it.
    pub named: Vec<Named>,
    /// The packet at which the run ended by itself, if it did.
    pub ended: Option<EndedWithin>,
}

/// Observes every frame and event of a run, in order, before they are decoded: the capture.
pub trait FrameObserver {
    /// Starts a queue and a thread, so that the observer blocks nothing.
    ///
    /// # Errors
    /// Fails if the thread cannot be started.
    fn start(&mut self, _on_lag: OnLag, _notify: &Arc<dyn Fn() + Send + Sync>) -> std::io::Result<()> {
        Ok(())
    }
    /// Takes a frame and what the pipeline found in it.
    fn frame(&mut self, frame: &Frame<'_>, seen: &Seen);
    /// Takes an event.
    fn event(&mut self, event: &Event);
    /// Does periodic work; called about once a second.
    fn tick(&mut self, now: Micros);
    /// Re-opens the file by its path.
    fn reopen(&mut self);
    /// Returns why it cannot continue, which ends the run.
    fn failure(&self) -> Option<WriteFailure>;
    /// Returns whether it has no room and must not drop anything.
    fn is_full(&self) -> bool {
        false
    }
    /// Starts its orderly end.
    fn finish(&mut self, counts: &PacketCounts, reason: &str, now: Micros);
    /// Returns whether it has ended.
    fn has_ended(&self) -> bool {
        true
    }
    /// Abandons it, because a system call does not return.
    fn abandon(&mut self) {}
    /// Returns gaps that only the observer has, as beginnings and ends.
    fn own_gaps(&self) -> Vec<(Micros, Micros)> {
        Vec::new()
    }
}

/// Wakes the driver and the sockets when an output has news or room again.
#[derive(Debug, Clone, Default)]
pub struct Wake {
    driver: Arc<Notify>,
    sockets: Arc<Notify>,
}

impl Wake {
    /// Returns the function that outputs call on their threads.
    pub fn caller(&self) -> Arc<dyn Fn() + Send + Sync> {
        let wake = self.clone();
        Arc::new(move || wake.call())
    }

    fn call(&self) {
        self.driver.notify_one();
        self.sockets.notify_waiters();
    }
}

/// Holds the pipeline of a live run for its sockets and its driver, all on one thread.
pub struct Handle {
    work: RefCell<Work>,
    wake: Wake,
    /// Whether the driver was woken because the run is over.
    is_over_known: Cell<bool>,
}

struct Work {
    pipeline: Pipeline,
    observer: Option<Box<dyn FrameObserver>>,
    /// The panic that ended the work, if there was one.
    panic: Option<Box<dyn Any + Send>>,
}

impl Handle {
    /// Creates a handle that owns the pipeline.
    pub fn new(pipeline: Pipeline, observer: Option<Box<dyn FrameObserver>>, wake: Wake) -> Handle {
        Handle { work: RefCell::new(Work { pipeline, observer, panic: None }), wake, is_over_known: Cell::new(false) }
    }

    /// Starts a batch of frames; [`FrameBatch::done`] ends it.
    pub fn batch(&self) -> FrameBatch<'_> {
        FrameBatch { handle: self, work: self.work.borrow_mut(), bytes: 0 }
    }

    fn with<R>(&self, work: impl FnOnce(&mut Work) -> R) -> R {
        let result = work(&mut self.work.borrow_mut());
        self.wake_if_over();
        result
    }

    /// Passes an event to the pipeline.
    pub fn event(&self, event: Event) {
        self.with(|work| {
            work.guard(|pipeline| pipeline.event(&event));
            if let Some(observer) = &mut work.observer {
                observer.event(&event);
            }
            work.guard(Pipeline::flush);
        });
    }

    /// Runs the periodic work of outputs and capture, about once a second.
    pub fn tick(&self) {
        let now = clock::now();
        self.with(|work| {
            work.guard(|pipeline| pipeline.tick(now));
            if let Some(observer) = &mut work.observer {
                observer.tick(now);
            }
        });
    }

    /// Takes the news of the outputs.
    pub fn look(&self) {
        let now = clock::now();
        self.with(|work| work.guard(|pipeline| pipeline.look(now)));
    }

    /// Re-opens files by their paths.
    pub fn reopen(&self) {
        let now = clock::now();
        self.with(|work| {
            work.guard(|pipeline| pipeline.reopen(now));
            if let Some(observer) = &mut work.observer {
                observer.reopen();
            }
        });
    }

    /// Wakes the task that waits in [`Handle::changed`].
    pub fn wake_driver(&self) {
        self.wake.driver.notify_one();
    }

    /// Waits until an output has news.
    pub async fn changed(&self) {
        self.wake.driver.notified().await;
    }

    /// Returns the figures up to now.
    pub fn figures(&self) -> Figures {
        self.work.borrow_mut().pipeline.figures().clone()
    }

    /// Returns the subscribed instruments of which no packet arrived.
    pub fn never_seen(&self) -> Vec<InstrumentKey> {
        self.work.borrow().pipeline.never_seen()
    }

    /// Returns a report on every output.
    pub fn reports(&self) -> Vec<super::outputs::OutputReport> {
        self.work.borrow().pipeline.outputs().reports()
    }

    /// Returns why the run is over, or `None` if it is not.
    pub fn stop_reason(&self) -> Option<StopReason> {
        let work = self.work.borrow();
        let observer = || work.observer.as_ref().and_then(|observer| observer.failure()).map(StopReason::Output);
        let panic = || work.has_panicked().then(|| StopReason::Done("bug".to_owned()));
        work.pipeline.stop_reason().or_else(observer).or_else(panic)
    }

    fn wake_if_over(&self) {
        let is_over = |work: &Work| work.pipeline.is_over() || work.panic.is_some();
        if !self.is_over_known.get() && is_over(&self.work.borrow()) {
            self.is_over_known.set(true);
            self.wake.driver.notify_one();
        }
    }

    /// Returns whether an output that blocks has no room.
    pub fn is_full(&self) -> bool {
        let work = self.work.borrow();
        work.pipeline.outputs().are_full() || work.observer.as_ref().is_some_and(|observer| observer.is_full())
    }

    /// Returns whether a socket should pause for a moment. The data then waits in the kernel, and buffers are reused
    /// while they are in the processor's cache; nothing is lost.
    pub fn is_crowded(&self) -> bool {
        self.work.borrow().pipeline.outputs().are_crowded()
    }

    /// Waits until every output that blocks has room.
    pub async fn room(&self) {
        loop {
            let woken = self.wake.sockets.notified();
            if !self.is_full() {
                return;
            }
            woken.await;
        }
    }

    /// Starts the end: prints what is open, and gives outputs and capture their last items.
    pub fn begin_end(&self) {
        let now = clock::now();
        self.with(|work| {
            work.guard(|pipeline| pipeline.begin_end(now));
            let (counts, reason) = (*work.pipeline.counts(), work.pipeline.reason());
            if let Some(observer) = &mut work.observer
                && work.panic.is_none()
            {
                observer.finish(&counts, &reason, now);
            }
        });
    }

    /// Returns whether outputs and capture have ended.
    pub fn has_ended(&self) -> bool {
        let work = self.work.borrow();
        work.pipeline.outputs().have_ended() && work.observer.as_ref().is_none_or(|observer| observer.has_ended())
    }

    /// Abandons the outputs and the capture if they have not ended.
    pub fn abandon(&self) {
        let now = clock::now();
        self.with(|work| {
            work.pipeline.abandon(now);
            if let Some(observer) = work.observer.as_mut().filter(|observer| !observer.has_ended()) {
                observer.abandon();
            }
        });
    }

    /// Returns the summary of the run, or `None` after a bug.
    pub fn summary(&self) -> Option<RunSummary> {
        let mut work = self.work.borrow_mut();
        if work.has_panicked() {
            return None;
        }
        let own_gaps = work.observer.as_ref().map(|observer| observer.own_gaps()).unwrap_or_default();
        let failure = work.observer.as_ref().and_then(|observer| observer.failure());
        let mut summary = work.pipeline.summary(&own_gaps);
        summary.failure = summary.failure.or(failure);
        Some(summary)
    }
}

impl Work {
    /// Runs `work` on the pipeline. If it panics, complete lines still reach their outputs, connections are closed,
    /// and the run ends.
    #[inline]
    fn guard(&mut self, work: impl FnOnce(&mut Pipeline)) {
        if self.panic.is_some() {
            return;
        }
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(&mut self.pipeline))) {
            self.break_off(panic);
        }
    }

    #[cold]
    fn break_off(&mut self, panic: Box<dyn Any + Send>) {
        self.panic = Some(panic);
        self.pipeline.salvage(clock::now());
    }

    fn has_panicked(&self) -> bool {
        self.panic.is_some() || self.pipeline.outputs().have_panicked()
    }
}

/// Collects frames that become records together.
pub struct FrameBatch<'a> {
    handle: &'a Handle,
    work: RefMut<'a, Work>,
    bytes: usize,
}

impl FrameBatch<'_> {
    /// Processes a frame. What it prints is submitted to the outputs with the batch.
    #[inline]
    pub fn push(&mut self, frame: &Frame<'_>) {
        self.bytes += frame.bytes.len();
        let Work { pipeline, observer, panic } = &mut *self.work;
        let Some(observer) = observer else { return self.work.guard(|pipeline| pipeline.frame(frame)) };
        if panic.is_some() {
            return;
        }
        let taken = catch_unwind(AssertUnwindSafe(|| {
            let before = pipeline.counts().received;
            pipeline.frame(frame);
            let packets = pipeline.counts().received.saturating_sub(before);
            Seen { packets, named: pipeline.take_named(), ended: pipeline.take_ended() }
        }));
        // The frame that caused the panic is captured too.
        let (seen, panic) = taken.map_or_else(|panic| (Seen::default(), Some(panic)), |seen| (seen, None));
        let observed = catch_unwind(AssertUnwindSafe(|| observer.frame(frame, &seen)));
        if let Some(panic) = panic.or(observed.err()) {
            self.work.break_off(panic);
        }
    }

    /// Returns whether other connections should run now.
    pub fn is_full(&self) -> bool {
        self.bytes >= FULL
    }

    /// Submits the records to the outputs.
    pub fn done(mut self) {
        self.work.guard(Pipeline::flush);
        let FrameBatch { handle, work, .. } = self;
        drop(work);
        handle.wake_if_over();
    }
}
