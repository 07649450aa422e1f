//! What the sockets give frames and events to. Everything between a frame and its line happens here, on the sockets'
//! thread, and nothing of it waits: what an output does not take at once waits in that output's own queue.

use super::figures::Figures;
use super::item::{Event, Frame, FrameKind};
use super::stages::{EndedWithin, Named, Over, Pipeline, Summary};
use crate::clock::now_us;
use crate::model::{InstrumentKey, PacketCounts};
use crate::output::{OnLag, WriteFailure};
use std::any::Any;
use std::cell::{Cell, RefCell, RefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tokio::sync::Notify;

/// Bytes of frames after which a socket lets others have their turn.
const FULL: usize = 64 * 1024;

/// What the pipeline found out about a frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Packets (orders: messages) that it held.
    pub packets: u64,
    /// Names that were looked up for it.
    pub named: Vec<Named>,
    /// Where within it the run ended by itself.
    pub ended: Option<EndedWithin>,
}

/// Sees every frame and event of a run, in order: the capture.
pub trait FrameObserver {
    /// Gets a queue and a thread, so that it keeps nobody waiting.
    ///
    /// # Errors
    /// The thread cannot be started.
    fn start(&mut self, _on_lag: OnLag, _notify: &Arc<dyn Fn() + Send + Sync>) -> std::io::Result<()> {
        Ok(())
    }
    /// A frame, and what the pipeline found in it.
    fn frame(&mut self, frame: Frame<'_>, seen: &Seen);
    /// An event.
    fn event(&mut self, event: &Event);
    /// Called about once a second.
    fn tick(&mut self, now_us: i64);
    /// Re-opens the file by its path.
    fn reopen(&mut self);
    /// Why it cannot go on; ends the run.
    fn failure(&self) -> Option<WriteFailure>;
    /// Whether it has no room and must not lose anything.
    fn is_full(&self) -> bool {
        false
    }
    /// Begins its end, orderly.
    fn finish(&mut self, counts: &PacketCounts, reason: &str, now_us: i64);
    /// Whether its end has come.
    fn has_ended(&self) -> bool {
        true
    }
    /// Gives it up: a call to the system does not come back.
    fn abandon(&mut self) {}
    /// Gaps that only it has: from when to when, µs since the epoch.
    fn own_gaps(&self) -> Vec<(i64, i64)> {
        Vec::new()
    }
}

/// Wakes the driver and the sockets when an output has something to tell, or room again.
#[derive(Debug, Clone, Default)]
pub struct Wake {
    driver: Arc<Notify>,
    sockets: Arc<Notify>,
}

impl Wake {
    /// Returns what outputs call on their threads.
    pub fn caller(&self) -> Arc<dyn Fn() + Send + Sync> {
        let wake = self.clone();
        Arc::new(move || wake.call())
    }

    fn call(&self) {
        self.driver.notify_one();
        self.sockets.notify_waiters();
    }
}

/// The pipeline of a live run, for its sockets and its driver. All of them are on one thread.
pub struct Handle {
    work: RefCell<Work>,
    wake: Wake,
    /// The driver was woken because the run is over.
    is_over_known: Cell<bool>,
}

struct Work {
    pipeline: Pipeline,
    observer: Option<Box<dyn FrameObserver>>,
    /// A bug ended the work.
    panic: Option<Box<dyn Any + Send>>,
}

impl Handle {
    /// Takes a pipeline over.
    pub fn new(pipeline: Pipeline, observer: Option<Box<dyn FrameObserver>>, wake: Wake) -> Handle {
        Handle { work: RefCell::new(Work { pipeline, observer, panic: None }), wake, is_over_known: Cell::new(false) }
    }

    /// Begins a batch of frames of a connection that are there right now; [`FrameBatch::done`] ends it.
    pub fn batch(&self, conn: u16) -> FrameBatch<'_> {
        FrameBatch { handle: self, work: self.work.borrow_mut(), conn, bytes: 0 }
    }

    fn with<R>(&self, work: impl FnOnce(&mut Work) -> R) -> R {
        let result = work(&mut self.work.borrow_mut());
        self.wake_if_over();
        result
    }

    /// Takes an event.
    pub fn event(&self, event: Event) {
        self.with(|work| {
            work.guard(|pipeline| pipeline.event(&event));
            if let Some(observer) = &mut work.observer {
                observer.event(&event);
            }
            work.guard(Pipeline::flush);
        });
    }

    /// Gives outputs and capture their moment, about once a second.
    pub fn tick(&self) {
        let now_us = now_us();
        self.with(|work| {
            work.guard(|pipeline| pipeline.tick(now_us));
            if let Some(observer) = &mut work.observer {
                observer.tick(now_us);
            }
        });
    }

    /// Looks at what outputs have to tell.
    pub fn look(&self) {
        let now_us = now_us();
        self.with(|work| work.guard(|pipeline| pipeline.look(now_us)));
    }

    /// Has files re-opened by their paths.
    pub fn reopen(&self) {
        let now_us = now_us();
        self.with(|work| {
            work.guard(|pipeline| pipeline.reopen(now_us));
            if let Some(observer) = &mut work.observer {
                observer.reopen();
            }
        });
    }

    /// Wakes whoever waits in [`Handle::changed`].
    pub fn wake_driver(&self) {
        self.wake.driver.notify_one();
    }

    /// Waits until an output has something to tell.
    pub async fn changed(&self) {
        self.wake.driver.notified().await;
    }

    /// Returns the figures up to now.
    pub fn figures(&self) -> Figures {
        self.work.borrow_mut().pipeline.figures().clone()
    }

    /// Returns the instruments that were asked for and of which nothing came.
    pub fn never_seen(&self) -> Vec<InstrumentKey> {
        self.work.borrow().pipeline.never_seen()
    }

    /// Returns how every output does.
    pub fn reports(&self) -> Vec<super::outputs::OutputReport> {
        self.work.borrow().pipeline.reports()
    }

    /// Returns whether the run is over, and why.
    pub fn over(&self) -> Option<Over> {
        let work = self.work.borrow();
        let observer = || work.observer.as_ref().and_then(|observer| observer.failure()).map(Over::Output);
        let panic = || work.has_panicked().then(|| Over::Done("bug".to_owned()));
        work.pipeline.over().or_else(observer).or_else(panic)
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
        work.pipeline.is_full() || work.observer.as_ref().is_some_and(|observer| observer.is_full())
    }

    /// Returns whether a socket should rest a moment: what then comes stays with the kernel, and buffers are used again
    /// while they are warm. Nothing is lost by it.
    pub fn is_crowded(&self) -> bool {
        self.work.borrow().pipeline.is_crowded()
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

    /// Begins the end: what is open is printed, outputs and capture get their last items.
    pub fn begin_end(&self) {
        let now_us = now_us();
        self.with(|work| {
            work.guard(|pipeline| pipeline.begin_end(now_us));
            let (counts, reason) = (*work.pipeline.counts(), work.pipeline.reason());
            if let Some(observer) = &mut work.observer
                && work.panic.is_none()
            {
                observer.finish(&counts, &reason, now_us);
            }
        });
    }

    /// Returns whether outputs and capture have ended.
    pub fn has_ended(&self) -> bool {
        let work = self.work.borrow();
        work.pipeline.outputs_have_ended() && work.observer.as_ref().is_none_or(|observer| observer.has_ended())
    }

    /// Gives up what has not ended.
    pub fn abandon(&self) {
        let now_us = now_us();
        self.with(|work| {
            work.pipeline.abandon(now_us);
            if let Some(observer) = work.observer.as_mut().filter(|observer| !observer.has_ended()) {
                observer.abandon();
            }
        });
    }

    /// Returns what it all came to, or `None` after a bug.
    pub fn summary(&self) -> Option<Summary> {
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
    /// Works at the pipeline. A bug in it is not the end of the connections' goodbyes: what is whole reaches its outputs,
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
        self.pipeline.salvage(now_us());
    }

    fn has_panicked(&self) -> bool {
        self.panic.is_some() || self.pipeline.outputs_have_panicked()
    }

    fn frame(&mut self, frame: Frame<'_>) {
        let Some(observer) = &mut self.observer else {
            return self.guard(|pipeline| pipeline.frame(frame));
        };
        if self.panic.is_some() {
            return;
        }
        let pipeline = &mut self.pipeline;
        let taken = catch_unwind(AssertUnwindSafe(|| {
            let before = pipeline.counts().received;
            pipeline.frame(frame);
            let packets = pipeline.counts().received.saturating_sub(before);
            Seen { packets, named: pipeline.take_named(), ended: pipeline.take_ended() }
        }));
        // The frame over which the pipeline breaks is kept too.
        let (seen, panic) = taken.map_or_else(|panic| (Seen::default(), Some(panic)), |seen| (seen, None));
        let observed = catch_unwind(AssertUnwindSafe(|| observer.frame(frame, &seen)));
        if let Some(panic) = panic.or(observed.err()) {
            self.break_off(panic);
        }
    }
}

/// Frames of one connection on their way into records.
pub struct FrameBatch<'a> {
    handle: &'a Handle,
    work: RefMut<'a, Work>,
    conn: u16,
    bytes: usize,
}

impl FrameBatch<'_> {
    /// Takes a frame.
    #[inline]
    pub fn push(&mut self, kind: FrameKind, recv_us: i64, bytes: &[u8]) {
        self.bytes += bytes.len();
        let frame = Frame { conn: self.conn, kind, recv_us, bytes };
        self.work.frame(frame);
    }

    /// Returns whether others should have their turn.
    pub fn is_full(&self) -> bool {
        self.bytes >= FULL
    }

    /// Hands the records to the outputs.
    pub fn done(mut self) {
        self.work.guard(Pipeline::flush);
        let FrameBatch { handle, work, .. } = self;
        drop(work);
        handle.wake_if_over();
    }
}
