//! The desk at which records are made, by one at a time.
//!
//! Most of the time that is the sockets' own thread: when nothing waits in the lane and the only reader is a pipe with room,
//! a frame is a line with its reader before the other thread would have woken up. Whenever something would have to wait
//! (a reader that is slow, a file, a capture), what came goes into the [lane](Lane) and the writer's thread makes the records: a pong
//! never waits for an output.

use super::figures::Figures;
use super::item::Event;
use super::lane::{Batch, Item, Lane};
use super::pipeline::{EndedWithin, Over, Pipeline, Summary};
use crate::sink::WriteFailure;
use crate::wire::InstrumentKey;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::UnboundedSender;

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

/// The desk. Frames and events come from one thread, the sockets'.
pub struct Desk {
    /// What could not be done at once.
    pub lane: Lane,
    work: Mutex<Option<Work>>,
    /// As they were when the writer's thread handed lines over last.
    figures: Mutex<Figures>,
    wishes: Wishes,
}

/// What is asked of the writer's thread besides writing.
#[derive(Default)]
struct Wishes {
    reopen: AtomicBool,
    unseen: AtomicBool,
}

/// What lies on the desk.
pub(super) struct Work {
    pub pipeline: Pipeline,
    pub tap: Option<Box<dyn Tap + Send>>,
    pub notes: UnboundedSender<Note>,
    /// Nothing that it writes to makes it wait, as a rule.
    prompt: bool,
    told: bool,
    /// The sockets' thread panicked at the desk; the writer's is to clear up.
    panic: Option<Box<dyn Any + Send>>,
}

impl Desk {
    /// A desk with a pipeline on it.
    pub fn new(pipeline: Pipeline, lane: Lane, tap: Option<Box<dyn Tap + Send>>, notes: UnboundedSender<Note>) -> Desk {
        // A capture has to see every item, and its disk may make it wait.
        let prompt = tap.is_none() && pipeline.is_prompt();
        let work = Work { pipeline, tap, notes, prompt, told: false, panic: None };
        Desk { lane, work: Mutex::new(Some(work)), figures: Mutex::default(), wishes: Wishes::default() }
    }

    /// Takes frames: makes records of them now if that cannot wait for anything, or leaves them to the writer's thread.
    pub fn frames(&self, batch: Batch) {
        if batch.is_empty() {
            return self.lane.give_back(batch);
        }
        let mut held = self.try_work();
        match held.as_deref_mut().and_then(Option::as_mut) {
            Some(work) if self.lane.is_idle() && work.is_clear() => {
                let item = Item::Frames(batch);
                // A bug in here is not the end of the connections: what is whole still reaches its reader.
                let done = catch_unwind(AssertUnwindSafe(|| work.pipeline.item_now(&item)));
                if let Item::Frames(batch) = item {
                    self.lane.give_back(batch);
                }
                work.tell_if_over();
                match done {
                    Ok(true) => {}
                    Ok(false) => self.lane.nudge(),
                    Err(panic) => {
                        work.panic = Some(panic);
                        self.lane.nudge();
                    }
                }
            }
            _ => {
                drop(held);
                self.lane.push(batch);
            }
        }
    }

    /// Takes an event.
    pub fn event(&self, event: Event) {
        self.lane.event(event);
    }

    /// Has files re-opened by their paths.
    pub fn reopen(&self) {
        self.wishes.reopen.store(true, Ordering::Relaxed);
        self.lane.nudge();
    }

    /// Asks which instruments were never seen; [`Note::Unseen`] is the answer.
    pub fn tell_unseen(&self) {
        self.wishes.unseen.store(true, Ordering::Relaxed);
        self.lane.nudge();
    }

    /// The figures up to now, or, when the writer waits for a reader, up to when it began to.
    pub fn figures(&self) -> Figures {
        if let Some(Some(work)) = self.try_work().as_deref_mut() {
            return work.pipeline.figures().clone();
        }
        self.figures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn try_work(&self) -> Option<MutexGuard<'_, Option<Work>>> {
        self.work.try_lock().ok()
    }

    /// For the writer's thread: waits for whoever works right now, a batch at most.
    pub(super) fn work(&self) -> MutexGuard<'_, Option<Work>> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes the figures, for when the desk is taken for long.
    pub(super) fn publish(&self, figures: &Figures) {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner).clone_from(figures);
    }

    pub(super) fn is_reopen_wanted(&self) -> bool {
        self.wishes.reopen.swap(false, Ordering::Relaxed)
    }

    pub(super) fn is_unseen_wanted(&self) -> bool {
        self.wishes.unseen.swap(false, Ordering::Relaxed)
    }
}

impl Work {
    /// Whether the sockets' thread may work here: nothing is left over from before.
    fn is_clear(&self) -> bool {
        self.prompt && self.panic.is_none() && !self.pipeline.is_pending()
    }

    /// Takes an item, however long its outputs make it wait.
    pub fn item(&mut self, item: &Item) {
        if let Some(tap) = self.tap.as_mut() {
            tap.item(item);
        }
        self.pipeline.item(item);
        if let Some(tap) = self.tap.as_mut()
            && let Some(ended) = self.pipeline.take_ended()
        {
            tap.ended(item, &ended);
        }
    }

    /// Tells the driver that the run is over, once.
    pub fn tell_if_over(&mut self) {
        if self.told {
            return;
        }
        let tap_failed = || self.tap.as_ref().and_then(|tap| tap.failure()).cloned().map(Over::Output);
        if let Some(over) = self.pipeline.over().or_else(tap_failed) {
            self.told = true;
            let _ = self.notes.send(Note::Over(over));
        }
    }

    /// What ended work at the desk on the sockets' thread.
    pub fn take_panic(&mut self) -> Option<Box<dyn Any + Send>> {
        self.panic.take()
    }
}
