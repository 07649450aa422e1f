//! The writer's thread: does what waits at the [desk](Desk), flushes before it sleeps.

use super::desk::{Desk, Note};
use super::lane::{Item, Waited};
use super::stages::Summary;
use crate::clock::now_us;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;

/// A record is with its reader this long after it arrived, also when more keep coming.
const FLUSH_EVERY: Duration = Duration::from_millis(100);
/// How often destinations get a moment of their own.
const TICK_EVERY: Duration = Duration::from_secs(1);

/// Works at a desk on a thread of its own until the lane is closed and drained. Returns what it all came to.
///
/// # Errors
/// The thread cannot be started.
pub fn spawn(desk: Arc<Desk>, notes: UnboundedSender<Note>) -> std::io::Result<JoinHandle<Option<Summary>>> {
    std::thread::Builder::new().name("writer".to_owned()).spawn(move || {
        // Dropped last, also when the pipeline panics: no thread dies silently.
        let _ended = SayEnded(notes);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(&desk))) {
            if let Some(mut work) = desk.work().take() {
                work.pipeline.salvage(now_us());
            }
            resume_unwind(panic);
        }
        let work = desk.work().take()?;
        let now_us = now_us();
        let mut summary = work.pipeline.finish(now_us);
        if let Some(mut tap) = work.tap {
            tap.finish(&summary, now_us);
            summary.failure = summary.failure.or_else(|| tap.failure().cloned());
        }
        Some(summary)
    })
}

/// Works until the lane is closed and drained.
fn run(desk: &Desk) {
    let (mut flushed, mut ticked) = (Instant::now(), Instant::now());
    while desk.lane.wait(TICK_EVERY.saturating_sub(ticked.elapsed())) != Waited::Closed {
        // Before an item is taken, so that the sockets' thread cannot overtake it.
        let mut held = desk.work();
        let Some(work) = held.as_mut() else { return };
        if let Some(panic) = work.take_panic() {
            resume_unwind(panic);
        }
        if let Some(item) = desk.lane.take() {
            work.item(&item);
            if let Item::Frames(batch) = item {
                desk.lane.give_back(batch);
            }
        }
        if desk.lane.is_idle() || flushed.elapsed() >= FLUSH_EVERY {
            work.pipeline.flush();
            flushed = Instant::now();
            desk.publish(work.pipeline.figures());
        }
        if ticked.elapsed() >= TICK_EVERY {
            work.pipeline.tick(now_us(), desk.lane.is_idle());
            if let Some(tap) = work.tap.as_mut() {
                tap.tick(now_us());
            }
            ticked = Instant::now();
        }
        if desk.is_reopen_wanted() {
            work.pipeline.flush();
            work.pipeline.reopen(now_us());
        }
        if desk.is_unseen_wanted() {
            let _ = work.notes.send(Note::Unseen(work.pipeline.never_seen()));
        }
        work.tell_if_over();
    }
}

struct SayEnded(UnboundedSender<Note>);

impl Drop for SayEnded {
    fn drop(&mut self) {
        let _ = self.0.send(Note::Ended);
    }
}
