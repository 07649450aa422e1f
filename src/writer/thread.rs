//! The writer's thread: takes what waits, flushes before it sleeps.

use super::figures::Figures;
use super::lane::{Item, Lane, Popped};
use super::pipeline::{EndedWithin, Over, Pipeline, Summary};
use crate::clock::now_us;
use crate::sink::WriteFailure;
use crate::wire::InstrumentKey;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A record is with its reader this long after it arrived, also when more keep coming.
const FLUSH_EVERY: Duration = Duration::from_millis(100);
/// How often destinations get a moment of their own.
const TICK_EVERY: Duration = Duration::from_secs(1);

/// What the writer tells the driver, besides the figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The run is over; what comes from now on is filtered.
    Over(Over),
    /// Instruments that were asked for and of which nothing came.
    Unseen(Vec<InstrumentKey>),
    /// The writer has ended, orderly or by a panic; joining it does not wait.
    Ended,
}

/// What the driver may ask of the writer besides writing.
#[derive(Debug, Default)]
pub struct Wishes {
    /// Re-open files by their paths.
    pub reopen: AtomicBool,
    /// Tell which instruments were asked for and never seen.
    pub unseen: AtomicBool,
}

/// Figures that the writer publishes for others to read.
pub type SharedFigures = Arc<Mutex<Figures>>;

/// Runs a pipeline on a thread of its own until the lane is closed and drained.
pub fn spawn(
    mut pipeline: Pipeline,
    lane: Arc<Lane>,
    figures: SharedFigures,
    wishes: Arc<Wishes>,
    mut tap: Option<Box<dyn Tap + Send>>,
    notes: tokio::sync::mpsc::UnboundedSender<Note>,
) -> std::io::Result<JoinHandle<Summary>> {
    std::thread::Builder::new().name("writer".to_owned()).spawn(move || {
        // Dropped last, also when the pipeline panics: no thread dies silently.
        let _ended = SayEnded(notes.clone());
        let running = AssertUnwindSafe(|| {
            run(&mut pipeline, &lane, &figures, &wishes, &mut tap, &notes);
        });
        if let Err(panic) = catch_unwind(running) {
            pipeline.salvage(now_us());
            resume_unwind(panic);
        }
        let now_us = now_us();
        let mut summary = pipeline.finish(now_us);
        if let Some(tap) = tap.as_mut() {
            tap.finish(&summary, now_us);
            summary.failure = summary.failure.or_else(|| tap.failure().cloned());
        }
        summary
    })
}

/// Takes what waits until the lane is closed and drained.
fn run(
    pipeline: &mut Pipeline,
    lane: &Lane,
    figures: &SharedFigures,
    wishes: &Wishes,
    tap: &mut Option<Box<dyn Tap + Send>>,
    notes: &tokio::sync::mpsc::UnboundedSender<Note>,
) {
    let mut told = false;
    let (mut flushed, mut ticked) = (Instant::now(), Instant::now());
    loop {
        match lane.pop(TICK_EVERY.saturating_sub(ticked.elapsed())) {
            Popped::Item(item) => {
                if let Some(tap) = tap.as_mut() {
                    tap.item(&item);
                }
                pipeline.item(&item);
                if let Some(tap) = tap.as_mut()
                    && let Some(ended) = pipeline.take_ended()
                {
                    tap.ended(&item, &ended);
                }
                if let Item::Frames(batch) = item {
                    lane.give_back(batch);
                }
            }
            Popped::Timeout => {}
            Popped::Closed => break,
        }
        if lane.is_idle() || flushed.elapsed() >= FLUSH_EVERY {
            pipeline.flush();
            flushed = Instant::now();
            figures.lock().unwrap_or_else(PoisonError::into_inner).clone_from(pipeline.figures());
        }
        if ticked.elapsed() >= TICK_EVERY {
            pipeline.tick(now_us());
            if let Some(tap) = tap.as_mut() {
                tap.tick(now_us());
            }
            ticked = Instant::now();
        }
        if wishes.reopen.swap(false, Ordering::Relaxed) {
            pipeline.flush();
            pipeline.reopen(now_us());
        }
        if wishes.unseen.swap(false, Ordering::Relaxed) {
            let _ = notes.send(Note::Unseen(pipeline.never_seen()));
        }
        let tap_failed = || tap.as_ref().and_then(|tap| tap.failure()).cloned().map(Over::Output);
        if !told && let Some(over) = pipeline.over().or_else(tap_failed) {
            told = true;
            let _ = notes.send(Note::Over(over));
        }
    }
}

/// Sees every item before the pipeline does: the capture file.
pub trait Tap {
    /// An item, in order, before the pipeline takes it.
    fn item(&mut self, item: &Item);
    /// The item that was taken last is the one within which the pipeline ended the run by itself.
    fn ended(&mut self, item: &Item, ended: &EndedWithin);
    /// Called about once a second.
    fn tick(&mut self, now_us: i64);
    /// Why it cannot go on; ends the run.
    fn failure(&self) -> Option<&WriteFailure>;
    /// The run is over, at the moment that the pipeline was told too.
    fn finish(&mut self, summary: &Summary, now_us: i64);
}

struct SayEnded(tokio::sync::mpsc::UnboundedSender<Note>);

impl Drop for SayEnded {
    fn drop(&mut self) {
        let _ = self.0.send(Note::Ended);
    }
}
