//! Blocks on their way into the file, on the capture's own thread.

use super::block::{self, ENTRIES, Packing, SESSION};
use super::entry::{Entries, Finish};
use super::play::Session;
use super::varint;
use crate::clock::now_us;
use crate::console::Console;
use crate::model::exit::{Exit, Failure};
use crate::model::{InstrumentKey, PacketCounts};
use crate::output::queue::{Consumer, Queued};
use crate::pipeline::handle::Seen;
use crate::pipeline::item::{Event, Lagged};
use crate::protocol::Mode;
use crate::record::control::GapReason;
use crate::storage::{Appender, CutPoint, OpenMode, WriteContext, WriteFailure, cannot_open};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often what was written is synced to the disk.
const SYNC: Duration = Duration::from_secs(60);

/// What a file that is begun anew has to know of the run, and what became of the capture.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Names and subscriptions, as they came.
    events: Vec<Event>,
    /// What the run prints one record of each of.
    pub once: Option<Vec<(InstrumentKey, Mode)>>,
    /// The run is a partner's, which prints client ids whole.
    pub is_partner: bool,
    /// Why it cannot go on.
    pub failure: Option<WriteFailure>,
    /// Gaps of the capture alone: from when to when, µs since the epoch.
    pub gaps: Vec<(i64, i64)>,
}

impl Known {
    /// Notes an event that a later file has to know of.
    pub fn note(&mut self, event: &Event) {
        if let Event::Symbols(_) | Event::Subscribed { .. } | Event::Unsubscribed { .. } = event {
            self.events.push(event.clone());
        }
    }

    /// Tells entries of it.
    pub fn tell(&self, entries: &mut Entries) {
        if self.is_partner {
            entries.partner();
        }
        if let Some(once) = &self.once {
            entries.once(once);
        }
        self.events.iter().for_each(|event| entries.event(event));
    }

    /// The system does not come back from a write.
    pub fn give_up(&mut self, frames: u64, console: &Console) {
        let now_us = now_us();
        self.gaps.push((now_us, now_us));
        let message =
            format!("the capture cannot be written: the system does not come back from a write; {frames} frames");
        console.warn(format_args!("{message} are not in it"));
        let message = "cannot write the capture: the system does not come back from a write".to_owned();
        self.failure.get_or_insert(WriteFailure::Unsaved(Failure::new(Exit::Output, message)));
    }
}

/// A sealed block.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// Its payload without its number.
    pub body: Vec<u8>,
    /// Frames in it, and packets in them.
    pub frames: u64,
    pub packets: u64,
    /// When its first and its last frame were received, µs since the epoch; 0 when it has none.
    pub from_us: i64,
    pub to_us: i64,
    /// The run's packet counters behind it, as far as its frames tell.
    pub counts: PacketCounts,
    /// Nothing follows it.
    pub is_last: bool,
    /// The run broke off: the block is no orderly end.
    pub is_break: bool,
}

impl Block {
    /// Notes a frame.
    pub fn note(&mut self, recv_us: i64, seen: &Seen) {
        if self.frames == 0 {
            self.from_us = recv_us;
        }
        self.to_us = recv_us;
        self.frames += 1;
        self.packets += seen.packets;
    }
}

/// What the writer takes.
#[derive(Debug)]
pub(super) enum Item {
    /// A block.
    Block(Block),
    /// Blocks that were dropped here: packets, from when to when, and frames.
    Shed(Lagged, u64),
    /// The path may hold another file now.
    Reopen,
}

impl Item {
    /// Returns how many frames are in it.
    pub fn frames(&self) -> u64 {
        match self {
            Item::Block(block) => block.frames,
            Item::Shed(_, frames) => *frames,
            Item::Reopen => 0,
        }
    }
}

impl Queued for Item {
    fn weight(&self) -> usize {
        match self {
            Item::Block(block) => size_of::<Item>() + block.body.len(),
            _ => size_of::<Item>(),
        }
    }

    fn shed(&mut self) -> bool {
        let Item::Block(Block { frames, packets, from_us, to_us, is_last: false, .. }) = self else { return false };
        *self = Item::Shed(Lagged { packets: *packets, from_us: *from_us, to_us: *to_us }, *frames);
        true
    }

    fn join(&mut self, next: &Item) -> bool {
        let (Item::Shed(lagged, frames), Item::Shed(next, more)) = (self, next) else { return false };
        let from_us = if *frames == 0 { next.from_us } else { lagged.from_us };
        let to_us = if *more == 0 { lagged.to_us } else { next.to_us };
        *lagged = Lagged { packets: lagged.packets + next.packets, from_us, to_us };
        *frames += more;
        true
    }
}

/// Writes blocks behind a session's header.
pub(super) struct BlockWriter {
    appender: Appender,
    context: WriteContext,
    packing: Packing,
    session: Session,
    mode: u32,
    known: Arc<Mutex<Known>>,
    /// The number of the next block.
    number: u64,
    is_failed: bool,
    lost: u64,
    is_done: bool,
    has_news: bool,
    counts: PacketCounts,
    /// The last moment at which the file was looked at and found whole.
    whole_us: i64,
    synced: Duration,
}

impl BlockWriter {
    pub fn new(
        appender: Appender,
        context: WriteContext,
        packing: Packing,
        session: Session,
        mode: u32,
    ) -> BlockWriter {
        BlockWriter {
            appender,
            synced: context.fs.elapsed(),
            context,
            packing,
            whole_us: session.created_us,
            session,
            mode,
            known: Arc::default(),
            number: 1,
            is_failed: false,
            lost: 0,
            is_done: false,
            has_news: false,
            counts: PacketCounts::default(),
        }
    }

    /// What is known of the run, shared.
    pub fn known(&self) -> Arc<Mutex<Known>> {
        Arc::clone(&self.known)
    }

    fn knows(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on what cannot be written at once is not written.
    pub fn wait_no_more(&mut self) {
        self.appender.wait_no_more();
    }

    /// Takes an item.
    pub fn item(&mut self, item: Item) {
        match item {
            Item::Block(block) => self.block(&block),
            Item::Shed(lagged, frames) => self.shed(lagged, frames),
            Item::Reopen => self.reopen(now_us()),
        }
    }

    fn block(&mut self, block: &Block) {
        self.counts = block.counts;
        if self.is_failed || !self.append(&block.body) {
            self.lost += block.frames;
        }
        if block.is_last {
            self.is_done = true;
            let synced = self.context.fs.sync(self.appender.file());
            let path = self.appender.path().display();
            if let Err(error) = synced {
                self.context
                    .console
                    .warn(format_args!("{path} could not be synced: {}", crate::model::os_text(&error)));
            }
            if self.lost > 0 {
                self.context.console.warn(format_args!("the last {} frames are not in {path}", self.lost));
            } else if self.is_failed && !block.is_break {
                self.context.console.warn(format_args!("the orderly end is not in {path}"));
            }
        }
    }

    /// Tells of blocks that were dropped before they came here.
    fn shed(&mut self, lagged: Lagged, frames: u64) {
        if frames == 0 {
            return;
        }
        self.knows().gaps.push((lagged.from_us, lagged.to_us));
        self.context.console.warn(format_args!(
            "{}: {frames} frames were dropped because the disk was too slow",
            self.appender.path().display()
        ));
        let mut entries = Entries::new(1, lagged.to_us);
        entries.lagged(lagged);
        if !self.is_failed {
            self.append(entries.body());
        }
    }

    /// Appends a block of entries; returns whether it is in the file.
    fn append(&mut self, body: &[u8]) -> bool {
        let mut payload = Vec::with_capacity(body.len() + 10);
        varint::put(&mut payload, self.number);
        payload.extend_from_slice(body);
        self.number += 1;
        self.append_block(ENTRIES, &payload)
    }

    fn append_block(&mut self, kind: u8, payload: &[u8]) -> bool {
        let mut bytes = Vec::new();
        pack(self.packing, kind, payload, &mut bytes);
        match self.appender.append(&bytes, CutPoint::Nowhere) {
            Ok(()) => true,
            Err(unwritten) => {
                self.fail(unwritten.failure);
                false
            }
        }
    }

    fn fail(&mut self, why: WriteFailure) {
        self.is_failed = true;
        self.has_news = true;
        self.knows().failure.get_or_insert(why);
    }

    /// Sees whether the file is still there and whole; syncs it once a minute.
    pub fn look(&mut self, now_us: i64) {
        if self.is_failed || self.is_done {
            return;
        }
        let fs = Arc::clone(&self.context.fs);
        let elapsed = fs.elapsed();
        if elapsed.saturating_sub(self.synced) >= SYNC {
            self.synced = elapsed;
            let _ = fs.sync(self.appender.file());
        }
        let path = self.appender.path().display().to_string();
        if self.is_elsewhere() {
            let is_deleted = self.is_deleted();
            let what = if is_deleted { "deleted or replaced" } else { "moved away" };
            let message = format!("{path} was {what}; it is begun anew");
            self.context.console.warn(&message);
            self.begin_anew(now_us, is_deleted.then_some(message));
        } else if self.appender.was_cut() {
            let message = format!("{path} was cut by another program; frames may be missing");
            self.context.console.warn(&message);
            self.begin_session(now_us, Some(message));
        }
        self.whole_us = now_us;
    }

    fn is_elsewhere(&self) -> bool {
        let there = self.context.fs.stat(self.appender.path());
        let ours = self.context.fs.fstat(self.appender.file());
        match (there, ours) {
            (Ok(there), Ok(ours)) => there.id != ours.id,
            (Err(error), Ok(_)) => error.kind() == io::ErrorKind::NotFound,
            _ => false,
        }
    }

    fn is_deleted(&self) -> bool {
        self.context.fs.fstat(self.appender.file()).is_ok_and(|stat| stat.links == 0)
    }

    /// Goes on in the file that the path holds now.
    fn reopen(&mut self, now_us: i64) {
        if self.is_failed || !self.is_elsewhere() {
            return;
        }
        let is_deleted = self.is_deleted();
        let message = format!("{} was deleted or replaced; it is begun anew", self.appender.path().display());
        self.begin_anew(now_us, is_deleted.then_some(message));
        self.whole_us = now_us;
    }

    /// Ends the old file, as far as anybody can read it, and begins the path anew.
    fn begin_anew(&mut self, now_us: i64, lost: Option<String>) {
        if lost.is_none() {
            let mut entries = Entries::new(1, now_us);
            entries.finish(&Finish { at_us: now_us, counts: self.counts, reason: "rotated".to_owned() });
            self.append(entries.body());
        }
        let path = self.appender.path().to_owned();
        match self.open(&path) {
            Ok(appender) => {
                self.appender = appender;
                self.begin_session(now_us, lost);
            }
            Err(error) => self.fail(WriteFailure::Failed(cannot_open(&path, &error))),
        }
    }

    fn open(&self, path: &Path) -> io::Result<Appender> {
        let fs = &self.context.fs;
        let file = fs.open(path, OpenMode::Append(self.mode))?;
        if !fs.try_lock(&file)? {
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, "another dhan writes it"));
        }
        let len = fs.fstat(&file)?.len;
        Ok(Appender::new(self.context.clone(), file, path.to_owned(), len))
    }

    /// Begins a session with what is known of the run, and the gap if something was lost.
    fn begin_session(&mut self, now_us: i64, lost: Option<String>) {
        self.session.created_us = now_us;
        self.number = 1;
        let session = self.session.bytes();
        let mut entries = Entries::new(1, now_us);
        self.knows().tell(&mut entries);
        if let Some(detail) = lost {
            let from_us = self.whole_us;
            self.knows().gaps.push((from_us, now_us));
            let detail = Some(detail);
            let gap = Event::Gap { conn: 0, reason: GapReason::Lagged, detail, from_us, to_us: now_us, dropped: None };
            entries.event(&gap);
        }
        if self.append_block(SESSION, &session) && !entries.is_empty() {
            self.append(entries.body());
        }
    }
}

impl Consumer for BlockWriter {
    type Item = Item;

    fn take(&mut self, item: Item) {
        self.item(item);
    }

    fn tick(&mut self, now_us: i64) {
        self.look(now_us);
    }

    fn is_done(&self) -> bool {
        self.is_done
    }

    fn has_news(&mut self) -> bool {
        std::mem::take(&mut self.has_news)
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
