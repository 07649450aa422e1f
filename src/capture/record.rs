//! Captures a run: collects frames and events, and closes a block every second.

use super::entry::{Entries, Finish};
use super::writer::{BlockWriter, CaptureItem, CaptureState, EntryBlock};
use crate::console::Console;
use crate::model::{InstrumentKey, Micros, PacketCounts};
use crate::output::OnLag;
use crate::output::queue::{Limits, OutputQueue};
use crate::pipeline::handle::{FrameObserver, Seen};
use crate::pipeline::item::{Event, Frame};
use crate::protocol::Mode;
use crate::storage::WriteFailure;
use std::borrow::Cow;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

/// Bytes of entries from which a block is closed before its second is over.
const FULL: usize = 1 << 20;
/// Limit in bytes of blocks that wait for the disk.
const CAPACITY: usize = 64 << 20;

/// Writes frames and events into a capture.
pub struct Recorder {
    target: Target,
    console: Console,
    entries: Entries,
    /// The counters of the open block.
    block: EntryBlock,
    /// The state that a newly created file needs, shared with the writer.
    known: Arc<std::sync::Mutex<CaptureState>>,
    /// Number of blocks shed when the open one was begun.
    sheds: u64,
    has_finished: bool,
}

enum Target {
    /// Written on the thread that closes blocks, before the run begins.
    Direct(Box<BlockWriter>),
    /// Written by a thread of its own.
    Queued(Arc<OutputQueue<BlockWriter>>),
    /// A temporary state between the two that is never observed.
    Moving,
}

impl Recorder {
    /// Creates a recorder behind a session's header of the time `created`.
    pub(super) fn new(writer: BlockWriter, console: Console, created: Micros) -> Recorder {
        Recorder {
            known: writer.known(),
            target: Target::Direct(Box::new(writer)),
            console,
            entries: Entries::new(1, created),
            block: EntryBlock::default(),
            sheds: 0,
            has_finished: false,
        }
    }

    /// Records that the run prints only one record of each of these (`--once`).
    pub fn set_once(&mut self, wanted: &[(InstrumentKey, Mode)]) {
        self.known().once = Some(wanted.to_vec());
        self.entries.once(wanted);
    }

    /// Records that the run is a partner's, which prints client ids in full.
    pub fn set_partner(&mut self) {
        self.known().is_partner = true;
        self.entries.partner();
    }

    fn known(&self) -> MutexGuard<'_, CaptureState> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give(&mut self, item: CaptureItem) {
        match &mut self.target {
            Target::Direct(writer) => writer.item(item),
            Target::Queued(queue) => queue.push(|_| None, || item),
            Target::Moving => {}
        }
    }

    /// Closes the open block and begins the next one.
    fn seal(&mut self, is_last: bool) {
        if self.entries.is_empty() {
            return;
        }
        let body = self.entries.body().to_vec();
        let block = EntryBlock { body, is_last, ..std::mem::take(&mut self.block) };
        self.block.counts = block.counts;
        self.give(CaptureItem::Block(block));
        self.begin_block();
    }

    fn begin_block(&mut self) {
        self.entries.begin(1);
        if let Target::Queued(queue) = &self.target
            && queue.sheds() != self.sheds
        {
            // The shed blocks may have named instruments, so all names are written again.
            self.sheds = queue.sheds();
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.write_to(&mut self.entries);
        }
    }

    fn put_event(&mut self, event: &Event) {
        let event = masked(event, &self.console);
        self.known().keep(&event);
        self.entries.event(&event);
    }
}

/// Masks the words of an event: they may quote a server or the system, and secrets must not get into a file.
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

    fn frame(&mut self, frame: &Frame<'_>, seen: &Seen) {
        if self.entries.bytes().len() >= FULL {
            self.seal(false);
        }
        if !seen.named.is_empty() {
            // A replay has no master: it gets a symbol at the place where the live run found it.
            self.put_event(&Event::Symbols(seen.named.clone()));
        }
        if let Some(ended) = &seen.ended
            && let Some(packets) = ended.packets
        {
            self.entries.ends_within(packets, &ended.reason);
        }
        self.entries.frame(frame);
        if let Some(ended) = seen.ended.as_ref().filter(|ended| ended.packets.is_none()) {
            self.entries.event(&Event::End { reason: ended.reason.clone(), at: frame.recv });
        }
        self.block.count_frame(frame.recv, seen);
    }

    fn event(&mut self, event: &Event) {
        self.put_event(event);
    }

    fn tick(&mut self, now: Micros) {
        self.seal(false);
        if let Target::Direct(writer) = &mut self.target {
            writer.look(now);
        }
    }

    fn reopen(&mut self) {
        self.seal(false);
        self.give(CaptureItem::Reopen);
    }

    fn failure(&self) -> Option<WriteFailure> {
        self.known().failure.clone()
    }

    fn is_full(&self) -> bool {
        matches!(&self.target, Target::Queued(queue) if queue.is_full())
    }

    fn finish(&mut self, counts: &PacketCounts, reason: &str, now: Micros) {
        self.has_finished = true;
        let reason = self.console.masked(reason);
        self.entries.finish(&Finish { at: now, counts: *counts, reason });
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
            let frames: u64 = queue.abandon().iter().map(CaptureItem::frames).sum();
            self.known().give_up(frames, &self.console);
        }
    }

    fn own_gaps(&self) -> Vec<(Micros, Micros)> {
        self.known().gaps.clone()
    }
}

impl Drop for Recorder {
    /// After a panic the received entries are still written, including the frame that caused it.
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
            // Bounded, because a disk may not answer.
            queue.wait_ended(Duration::from_millis(500));
        }
    }
}
