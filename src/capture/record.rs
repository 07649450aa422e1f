//! The capture while a run goes on: frames and events as they pass, sealed into a block a second.

use super::entry::{Entries, Finish};
use super::writer::{Block, BlockWriter, Item, Known};
use crate::console::Console;
use crate::model::{InstrumentKey, PacketCounts};
use crate::output::OnLag;
use crate::output::queue::{Limits, OutputQueue};
use crate::pipeline::handle::{FrameObserver, Seen};
use crate::pipeline::item::{Event, Frame};
use crate::protocol::Mode;
use crate::storage::WriteFailure;
use std::borrow::Cow;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

/// Bytes of entries from which on a block is closed before its second is over.
const FULL: usize = 1 << 20;
/// Bytes of blocks that may wait for the disk.
const CAPACITY: usize = 64 << 20;

/// Writes what passes into a capture.
pub struct Recorder {
    target: Target,
    console: Console,
    entries: Entries,
    /// What is known of the open block.
    block: Block,
    /// What a file that is begun anew has to know, shared with the writer.
    known: Arc<std::sync::Mutex<Known>>,
    /// Blocks that were dropped when the open one was begun.
    sheds: u64,
    has_finished: bool,
}

enum Target {
    /// Written where blocks are sealed; before the run begins.
    Direct(Box<BlockWriter>),
    /// Written by a thread of its own.
    Queued(Arc<OutputQueue<BlockWriter>>),
    /// Between the two; a recorder is never seen like this.
    Moving,
}

impl Recorder {
    /// Writes behind a session's header, which is of the moment `created_us`.
    pub(super) fn new(writer: BlockWriter, console: Console, created_us: i64) -> Recorder {
        Recorder {
            known: writer.known(),
            target: Target::Direct(Box::new(writer)),
            console,
            entries: Entries::new(1, created_us),
            block: Block::default(),
            sheds: 0,
            has_finished: false,
        }
    }

    /// Keeps what the run prints one record of each of, and nothing else (`--once`).
    pub fn once(&mut self, wanted: &[(InstrumentKey, Mode)]) {
        self.known().once = Some(wanted.to_vec());
        self.entries.once(wanted);
    }

    /// Keeps that the run is a partner's, which prints client ids whole.
    pub fn partner(&mut self) {
        self.known().is_partner = true;
        self.entries.partner();
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give(&mut self, item: Item) {
        match &mut self.target {
            Target::Direct(writer) => writer.item(item),
            Target::Queued(queue) => queue.push(|_| None, || item),
            Target::Moving => {}
        }
    }

    /// Closes the block that is being filled, and begins the next one.
    fn seal(&mut self, is_last: bool) {
        if self.entries.is_empty() {
            return;
        }
        let body = self.entries.body().to_vec();
        let block = Block { body, is_last, ..std::mem::take(&mut self.block) };
        self.block.counts = block.counts;
        self.give(Item::Block(block));
        self.begin_block();
    }

    fn begin_block(&mut self) {
        self.entries.begin(1);
        if let Target::Queued(queue) = &self.target
            && queue.sheds() != self.sheds
        {
            // What was dropped may have named instruments.
            self.sheds = queue.sheds();
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.tell(&mut self.entries);
        }
    }

    fn put_event(&mut self, event: &Event) {
        let event = masked(event, &self.console);
        self.known().note(&event);
        self.entries.event(&event);
    }
}

/// Words may quote a server or a system; secrets never belong into a file.
fn masked<'a>(event: &'a Event, console: &Console) -> Cow<'a, Event> {
    let words = match event {
        Event::GapOpened { detail, .. } => detail,
        Event::Gap { detail: Some(detail), .. } | Event::Status { detail: Some(detail), .. } => detail,
        Event::End { reason, .. } => reason,
        _ => return Cow::Borrowed(event),
    };
    let clean = console.masked(words);
    if clean == *words {
        return Cow::Borrowed(event);
    }
    let mut event = event.clone();
    match &mut event {
        Event::GapOpened { detail, .. } => *detail = clean,
        Event::Gap { detail, .. } | Event::Status { detail, .. } => *detail = Some(clean),
        Event::End { reason, .. } => *reason = clean,
        _ => {}
    }
    Cow::Owned(event)
}

impl FrameObserver for Recorder {
    fn start(&mut self, on_lag: OnLag, notify: &Arc<dyn Fn() + Send + Sync>) -> std::io::Result<()> {
        if let Target::Direct(writer) = std::mem::replace(&mut self.target, Target::Moving) {
            let notify = Arc::clone(notify);
            let limits = Limits { capacity: CAPACITY, on_lag, gather: Duration::ZERO, notify };
            self.target = Target::Queued(OutputQueue::start("capture", *writer, limits)?);
        }
        Ok(())
    }

    fn frame(&mut self, frame: Frame<'_>, seen: &Seen) {
        if self.entries.bytes().len() >= FULL {
            self.seal(false);
        }
        if !seen.named.is_empty() {
            // A replay has no master: it hears of a name where the live run found it.
            self.put_event(&Event::Symbols(seen.named.clone()));
        }
        if let Some(ended) = &seen.ended
            && let Some(packets) = ended.packets
        {
            self.entries.ends_within(packets, &ended.reason);
        }
        self.entries.frame(frame);
        if let Some(ended) = seen.ended.as_ref().filter(|ended| ended.packets.is_none()) {
            self.entries.event(&Event::End { reason: ended.reason.clone(), at_us: frame.recv_us });
        }
        self.block.note(frame.recv_us, seen);
    }

    fn event(&mut self, event: &Event) {
        self.put_event(event);
    }

    fn tick(&mut self, now_us: i64) {
        self.seal(false);
        if let Target::Direct(writer) = &mut self.target {
            writer.look(now_us);
        }
    }

    fn reopen(&mut self) {
        self.seal(false);
        self.give(Item::Reopen);
    }

    fn failure(&self) -> Option<WriteFailure> {
        self.known().failure.clone()
    }

    fn is_full(&self) -> bool {
        matches!(&self.target, Target::Queued(queue) if queue.is_full())
    }

    fn finish(&mut self, counts: &PacketCounts, reason: &str, now_us: i64) {
        self.has_finished = true;
        let reason = self.console.masked(reason);
        self.entries.finish(&Finish { at_us: now_us, counts: *counts, reason });
        self.seal(true);
        if let Target::Queued(queue) = &self.target {
            queue.close();
        }
    }

    fn has_ended(&self) -> bool {
        match &self.target {
            Target::Queued(queue) => queue.has_ended(),
            _ => true,
        }
    }

    fn abandon(&mut self) {
        if let Target::Queued(queue) = &self.target {
            let frames: u64 = queue.abandon().iter().map(Item::frames).sum();
            self.known().give_up(frames, &self.console);
        }
    }

    fn own_gaps(&self) -> Vec<(i64, i64)> {
        self.known().gaps.clone()
    }
}

impl Drop for Recorder {
    /// Whoever panics leaves what it had received, the frame that it panicked over included.
    fn drop(&mut self) {
        if self.has_finished {
            return;
        }
        if let Target::Direct(writer) = &mut self.target {
            writer.wait_no_more();
        }
        self.block.is_break = true;
        self.seal(true);
        if let Target::Queued(queue) = &self.target {
            queue.close();
            // Bounded: a disk that does not answer is not waited for.
            queue.wait_ended(Duration::from_millis(500));
        }
    }
}
