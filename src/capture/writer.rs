//! Writes blocks into the file, on the capture's own thread.

use super::block::{self, ENTRIES, Packing, SESSION};
use super::entry::{Entries, Finish};
use super::play::CaptureSession;
use super::varint;
use crate::clock;
use crate::console::Console;
use crate::model::exit::{Exit, Failure};
use crate::model::{InstrumentKey, Micros, PacketCounts};
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

/// Interval between syncs to the disk.
const SYNC: Duration = Duration::from_secs(60);

/// Holds what a newly created file must contain of the run, and the state of the capture.
#[derive(Debug, Default)]
pub(super) struct CaptureState {
    /// Symbols and subscriptions, in order.
    events: Vec<Event>,
    /// The records of which the run prints one each.
    pub once: Option<Vec<(InstrumentKey, Mode)>>,
    /// Whether the run is a partner's, which prints client ids in full.
    pub is_partner: bool,
    /// Why it cannot continue.
    pub failure: Option<WriteFailure>,
    /// Gaps of the capture alone, as beginnings and ends.
    pub gaps: Vec<(Micros, Micros)>,
}

impl CaptureState {
    /// Keeps an event that a later file must contain.
    pub fn keep(&mut self, event: &Event) {
        if let Event::Symbols(_) | Event::Subscribed { .. } | Event::Unsubscribed { .. } = event {
            self.events.push(event.clone());
        }
    }

    /// Writes the kept state as entries.
    pub fn write_to(&self, entries: &mut Entries) {
        if self.is_partner {
            entries.partner();
        }
        if let Some(once) = &self.once {
            entries.once(once);
        }
        self.events.iter().for_each(|event| entries.event(event));
    }

    /// Gives the capture up, because the system does not return from a write.
    pub fn give_up(&mut self, frames: u64, console: &Console) {
        let now = clock::now();
        self.gaps.push((now, now));
        let message = format!("the capture cannot be written: a write does not return; {frames} frames");
        console.warn(format_args!("{message} are not in it"));
        let message = "cannot write the capture: a write does not return".to_owned();
        self.failure.get_or_insert(WriteFailure::Unsaved(Failure::new(Exit::Output, message)));
    }
}

/// A closed block.
#[derive(Debug, Default)]
pub(super) struct EntryBlock {
    /// Its payload without its number.
    pub body: Vec<u8>,
    /// Number of frames in it, and of packets in them.
    pub frames: u64,
    pub packets: u64,
    /// Receive times of its first and last frame; [`Micros::EPOCH`] if it has no frames.
    pub from: Micros,
    pub to: Micros,
    /// The run's packet counters after it, as far as its frames show.
    pub counts: PacketCounts,
    /// Whether it is the last one.
    pub is_last: bool,
    /// Whether the run broke off, so that the block is no orderly end.
    pub is_break: bool,
}

impl EntryBlock {
    /// Counts a frame.
    pub fn count_frame(&mut self, recv: Micros, seen: &Seen) {
        if self.frames == 0 {
            self.from = recv;
        }
        self.to = recv;
        self.frames += 1;
        self.packets += seen.packets;
    }
}

/// An item of the writer's queue.
#[derive(Debug)]
pub(super) enum CaptureItem {
    /// A block.
    Block(EntryBlock),
    /// Blocks that were shed here: packets with their times, and the number of frames.
    Shed(Lagged, u64),
    /// The path may lead to another file now.
    Reopen,
}

impl CaptureItem {
    /// Returns the number of frames in it.
    pub fn frames(&self) -> u64 {
        match self {
            CaptureItem::Block(block) => block.frames,
            CaptureItem::Shed(_, frames) => *frames,
            CaptureItem::Reopen => 0,
        }
    }
}

impl Queued for CaptureItem {
    fn weight(&self) -> usize {
        match self {
            CaptureItem::Block(block) => size_of::<CaptureItem>() + block.body.len(),
            _ => size_of::<CaptureItem>(),
        }
    }

    fn shed(&mut self) -> bool {
        let CaptureItem::Block(EntryBlock { frames, packets, from, to, is_last: false, .. }) = self else {
            return false;
        };
        *self = CaptureItem::Shed(Lagged { packets: *packets, from: *from, to: *to }, *frames);
        true
    }

    fn join(&mut self, next: &CaptureItem) -> bool {
        let (CaptureItem::Shed(lagged, frames), CaptureItem::Shed(next, more)) = (self, next) else { return false };
        let from = if *frames == 0 { next.from } else { lagged.from };
        let to = if *more == 0 { lagged.to } else { next.to };
        *lagged = Lagged { packets: lagged.packets + next.packets, from, to };
        *frames += more;
        true
    }
}

/// Writes blocks behind a session's header.
pub(super) struct BlockWriter {
    appender: Appender,
    context: WriteContext,
    packing: Packing,
    session: CaptureSession,
    mode: u32,
    known: Arc<Mutex<CaptureState>>,
    /// Number of the next block.
    number: u64,
    is_failed: bool,
    lost_frames: u64,
    is_done: bool,
    has_news: bool,
    counts: PacketCounts,
    /// Last time at which the file was checked and found undamaged.
    checked: Micros,
    synced: Duration,
}

impl BlockWriter {
    pub fn new(
        appender: Appender,
        context: WriteContext,
        packing: Packing,
        session: CaptureSession,
        mode: u32,
    ) -> BlockWriter {
        BlockWriter {
            appender,
            synced: context.fs.elapsed(),
            context,
            packing,
            checked: session.created,
            session,
            mode,
            known: Arc::default(),
            number: 1,
            is_failed: false,
            lost_frames: 0,
            is_done: false,
            has_news: false,
            counts: PacketCounts::default(),
        }
    }

    /// Returns the shared state of the run.
    pub fn known(&self) -> Arc<Mutex<CaptureState>> {
        Arc::clone(&self.known)
    }

    fn knows(&self) -> MutexGuard<'_, CaptureState> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all waiting: from now on a write that fails is not tried again.
    pub fn wait_no_more(&mut self) {
        self.appender.wait_no_more();
    }

    /// Processes an item.
    pub fn item(&mut self, item: CaptureItem) {
        match item {
            CaptureItem::Block(block) => self.block(&block),
            CaptureItem::Shed(lagged, frames) => self.shed(lagged, frames),
            CaptureItem::Reopen => self.reopen(clock::now()),
        }
    }

    fn block(&mut self, block: &EntryBlock) {
        self.counts = block.counts;
        if self.is_failed || !self.append(&block.body) {
            self.lost_frames += block.frames;
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
            if self.lost_frames > 0 {
                self.context.console.warn(format_args!("the last {} frames are not in {path}", self.lost_frames));
            } else if self.is_failed && !block.is_break {
                self.context.console.warn(format_args!("the orderly end is not in {path}"));
            }
        }
    }

    /// Records blocks that were shed before they came here.
    fn shed(&mut self, lagged: Lagged, frames: u64) {
        if frames == 0 {
            return;
        }
        self.knows().gaps.push((lagged.from, lagged.to));
        self.context.console.warn(format_args!(
            "{}: {frames} frames were dropped because the disk was too slow",
            self.appender.path().display()
        ));
        let mut entries = Entries::new(1, lagged.to);
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

    /// Checks that the file still exists and is undamaged; syncs it once a minute.
    pub fn look(&mut self, now: Micros) {
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
        if self.is_moved() {
            let is_deleted = self.is_deleted();
            let what = if is_deleted { "deleted or replaced" } else { "moved away" };
            let message = format!("{path} was {what}; a new file is started");
            self.context.console.warn(&message);
            self.replace_file(now, is_deleted.then_some(message));
        } else if self.appender.was_cut() {
            let message = format!("{path} was truncated by another program; frames may be missing");
            self.context.console.warn(&message);
            self.begin_session(now, Some(message));
        }
        self.checked = now;
    }

    fn is_moved(&self) -> bool {
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

    /// Continues in the file that the path leads to now.
    fn reopen(&mut self, now: Micros) {
        if self.is_failed || !self.is_moved() {
            return;
        }
        let is_deleted = self.is_deleted();
        let message = format!("{} was deleted or replaced; a new file is started", self.appender.path().display());
        self.replace_file(now, is_deleted.then_some(message));
        self.checked = now;
    }

    /// Finishes the old file as far as possible, and creates the path anew.
    fn replace_file(&mut self, now: Micros, lost: Option<String>) {
        if lost.is_none() {
            let mut entries = Entries::new(1, now);
            entries.finish(&Finish { at: now, counts: self.counts, reason: "rotated".to_owned() });
            self.append(entries.body());
        }
        let path = self.appender.path().to_owned();
        match self.open(&path) {
            Ok(appender) => {
                self.appender = appender;
                self.begin_session(now, lost);
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

    /// Starts a session with the state of the run, and a gap if something was lost.
    fn begin_session(&mut self, now: Micros, lost: Option<String>) {
        self.session.created = now;
        self.number = 1;
        let session = self.session.bytes();
        let mut entries = Entries::new(1, now);
        self.knows().write_to(&mut entries);
        if let Some(detail) = lost {
            let from = self.checked;
            self.knows().gaps.push((from, now));
            let detail = Some(detail);
            let gap = Event::Gap { conn: 0, reason: GapReason::Lagged, detail, from, to: now, dropped: None };
            entries.event(&gap);
        }
        if self.append_block(SESSION, &session) && !entries.is_empty() {
            self.append(entries.body());
        }
    }
}

impl Consumer for BlockWriter {
    type Item = CaptureItem;

    fn take(&mut self, item: CaptureItem) {
        self.item(item);
    }

    fn tick(&mut self, now: Micros) {
        self.look(now);
    }

    fn is_done(&self) -> bool {
        self.is_done
    }

    fn has_news(&mut self) -> bool {
        std::mem::take(&mut self.has_news)
    }
}

/// Appends a block, compressed like its file.
pub(super) fn pack(packing: Packing, kind: u8, payload: &[u8], out: &mut Vec<u8>) {
    match packing {
        Packing::Plain => block::put(out, kind, payload),
        Packing::Zstd => {
            let mut plain = Vec::with_capacity(payload.len() + block::HEADER);
            block::put(&mut plain, kind, payload);
            // Each block is a frame, so that everything before a cut stays readable. Compressing in memory cannot
            // fail.
            out.extend_from_slice(&zstd::bulk::compress(&plain, zstd::DEFAULT_COMPRESSION_LEVEL).unwrap_or_default());
        }
    }
}
