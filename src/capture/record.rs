//! The capture while it is written: items as they pass, a block a second.

use super::block::{self, ENTRIES, Packing};
use super::entry::{Entries, Finish, Mark};
use crate::console::Console;
use crate::model::InstrumentKey;
use crate::pipeline::desk::Tap;
use crate::pipeline::item::{Event, Frame};
use crate::pipeline::lane::Item;
use crate::pipeline::stages::{EndedWithin, Named, Summary};
use crate::protocol::Mode;
use crate::storage::{Appender, Cut, WriteFailure};
use std::borrow::Cow;

/// Bytes of entries from which on a block is closed before its second is over.
const FULL: usize = 1 << 20;

/// Writes what passes into a capture.
pub struct Recorder {
    appender: Appender,
    packing: Packing,
    console: Console,
    entries: Entries,
    /// The number of the block that is being filled.
    number: u64,
    /// Where the last item begins in it.
    mark: Mark,
    block: Vec<u8>,
    failure: Option<WriteFailure>,
    /// Frames in the open block, and frames that could not be kept.
    frames: u64,
    lost: u64,
    finished: bool,
}

impl Recorder {
    /// Writes behind a session's header, which is of the moment `created_us`.
    pub(super) fn new(appender: Appender, packing: Packing, console: Console, created_us: i64) -> Recorder {
        let entries = Entries::new(1, created_us);
        Recorder {
            mark: entries.mark(),
            appender,
            packing,
            console,
            entries,
            number: 1,
            block: Vec::new(),
            failure: None,
            frames: 0,
            lost: 0,
            finished: false,
        }
    }

    /// Keeps what the run prints one record of each of, and nothing else (`--once`).
    pub fn once(&mut self, wanted: &[(InstrumentKey, Mode)]) {
        self.entries.once(wanted);
    }

    /// Keeps that the run is a partner's, which prints client ids whole.
    pub fn partner(&mut self) {
        self.entries.partner();
    }

    fn append(&mut self, item: &Item, ended: Option<&EndedWithin>) {
        match item {
            Item::Frames(batch) => {
                for (i, frame) in batch.frames().enumerate() {
                    match ended.filter(|ended| ended.frame == i) {
                        Some(EndedWithin { packets: Some(packets), reason, .. }) => {
                            self.entries.ends_within(*packets, reason);
                            self.frame(frame);
                        }
                        Some(EndedWithin { packets: None, reason, .. }) => {
                            self.frame(frame);
                            self.entries.event(&Event::End { reason: reason.clone(), at_us: frame.recv_us });
                        }
                        None => self.frame(frame),
                    }
                }
            }
            Item::Event(event) => self.entries.event(&masked(event, &self.console)),
            Item::Lagged(lagged) => self.entries.lagged(*lagged),
        }
    }

    /// Forgets the item that was taken last.
    fn take_back(&mut self, item: &Item) {
        self.entries.take_back(self.mark);
        if let Item::Frames(batch) = item {
            self.frames -= batch.frames().count() as u64;
        }
    }

    fn frame(&mut self, frame: Frame<'_>) {
        self.frames += 1;
        self.entries.frame(frame);
    }

    /// Closes the block that is being filled, and begins the next one.
    fn close_block(&mut self) {
        if self.entries.is_empty() {
            return;
        }
        self.block.clear();
        pack(self.packing, ENTRIES, self.entries.bytes(), &mut self.block);
        match self.appender.append(&self.block, Cut::Nowhere) {
            Ok(()) => {}
            Err(unwritten) => {
                self.lost += self.frames;
                self.failure = Some(unwritten.failure);
            }
        }
        self.frames = 0;
        self.number += 1;
        self.entries.begin(self.number);
        self.mark = self.entries.mark();
        self.block.shrink_to(2 * FULL);
    }
}

/// Appends a block, packed as its file is.
pub(super) fn pack(packing: Packing, kind: u8, payload: &[u8], out: &mut Vec<u8>) {
    match packing {
        Packing::Plain => block::put(out, kind, payload),
        Packing::Zstd => {
            let mut plain = Vec::with_capacity(payload.len() + block::HEADER);
            block::put(&mut plain, kind, payload);
            // A frame a block: whatever is cut off, what is before it is whole. Packing what is in memory cannot fail.
            out.extend_from_slice(&zstd::bulk::compress(&plain, zstd::DEFAULT_COMPRESSION_LEVEL).unwrap_or_default());
        }
    }
}

/// Words may quote a server or a system; secrets never belong into a file.
fn masked<'a>(event: &'a Event, console: &Console) -> Cow<'a, Event> {
    let words = match event {
        Event::Lost { detail, .. } => detail,
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
        Event::Lost { detail, .. } => *detail = clean,
        Event::Gap { detail, .. } | Event::Status { detail, .. } => *detail = Some(clean),
        Event::End { reason, .. } => *reason = clean,
        _ => {}
    }
    Cow::Owned(event)
}

impl Tap for Recorder {
    fn item(&mut self, item: &Item) {
        if self.failure.is_some() {
            if let Item::Frames(batch) = item {
                self.lost += batch.frames().count() as u64;
            }
            return;
        }
        if self.entries.bytes().len() >= FULL {
            self.close_block();
        }
        self.mark = self.entries.mark();
        self.append(item, None);
    }

    fn named(&mut self, item: &Item, names: Vec<Named>) {
        if self.failure.is_none() {
            self.take_back(item);
            // A replay has no master: it hears of a name where the live run found it.
            self.entries.event(&Event::Symbols(names));
            self.mark = self.entries.mark();
            self.append(item, None);
        }
    }

    fn ended(&mut self, item: &Item, ended: &EndedWithin) {
        if self.failure.is_none() {
            self.take_back(item);
            self.append(item, Some(ended));
        }
    }

    fn tick(&mut self, _now_us: i64) {
        if self.failure.is_none() {
            self.close_block();
        }
    }

    fn failure(&self) -> Option<&WriteFailure> {
        self.failure.as_ref()
    }

    fn finish(&mut self, summary: &Summary, now_us: i64) {
        self.finished = true;
        if self.failure.is_none() {
            let reason = self.console.masked(&summary.reason);
            self.entries.finish(&Finish { at_us: now_us, books: summary.books, reason });
            self.close_block();
        }
        let path = self.appender.path().display();
        if self.lost > 0 {
            self.console.warn(format_args!("the last {} frames are not in {path}", self.lost));
        } else if self.failure.is_some() {
            self.console.warn(format_args!("the orderly end is not in {path}"));
        }
    }
}

impl Drop for Recorder {
    /// Whoever panics leaves what it had received, the item that it panicked over included.
    fn drop(&mut self) {
        if !self.finished && self.failure.is_none() {
            self.appender.wait_no_more();
            self.close_block();
        }
    }
}
