//! One output: its destination, the packet counters of its current file, and what it lost.

use super::item::{About, Chunk, Item, Mark, Shed, packets_behind};
use super::lost::Lost;
use super::queue::{Consumer, Queued};
use super::{Destination, Notice, Unwritten, WriteFailure};
use crate::console::Console;
use crate::format::csv::CsvColumns;
use crate::format::encoder::{Encoder, Format, Style};
use crate::format::text::TextBuf;
use crate::model::{PacketCounts, Stream};
use crate::record::control::{End, Gap, GapReason};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the outputs of a run share.
#[derive(Debug, Clone)]
pub struct Run {
    /// Which stream it is.
    pub stream: Stream,
    /// How many instruments are wanted.
    pub instruments: Arc<AtomicU32>,
}

/// What became of an output so far. Its owner reads it while the output is at work.
#[derive(Debug, Default)]
pub struct Tally {
    /// The packets that it lost.
    pub lost: Lost,
    /// Gaps of this output alone: from when to when, µs since the epoch.
    pub gaps: Vec<(i64, i64)>,
    /// Why it is not written to any more.
    pub gone: Option<WriteFailure>,
    /// The number of the packet behind the last one that was written.
    pub taken_to: u64,
    /// What was done to it from outside.
    pub notices: Vec<Notice>,
    /// Bytes written.
    pub bytes: u64,
}

/// A destination and its counters.
pub struct Writer {
    destination: Box<dyn Destination + Send>,
    format: Format,
    /// Encodes control records.
    control: Encoder,
    is_file: bool,
    console: Console,
    run: Option<Run>,
    tally: Arc<Mutex<Tally>>,
    /// The run's counters when the current file was begun, and behind what was written last.
    begun: PacketCounts,
    handed: PacketCounts,
    /// Packets that are missing from the current file, and gaps that only it tells of.
    lost_here: u64,
    gaps_here: u64,
    /// Behind what was written last: a receive time for an `end` record.
    end_us: i64,
    /// Whether it is being written to; after a panic: whether that was where.
    is_writing: bool,
    is_live: bool,
    /// It failed, and what comes is one loss that nothing tells of here.
    is_losing: bool,
    is_done: bool,
    has_news: bool,
}

impl Writer {
    /// Nothing was written to the destination yet.
    pub fn new(destination: Box<dyn Destination + Send>, style: Style, is_file: bool, console: Console) -> Writer {
        let control = Style { format: Format::Ndjson, time: style.time, columns: CsvColumns::Own };
        Writer {
            destination,
            format: style.format,
            control: Encoder::new(control),
            is_file,
            console,
            run: None,
            tally: Arc::default(),
            begun: PacketCounts::default(),
            handed: PacketCounts::default(),
            lost_here: 0,
            gaps_here: 0,
            end_us: 0,
            is_writing: false,
            is_live: true,
            is_losing: false,
            is_done: false,
            has_news: false,
        }
    }

    /// Tells it of the run, for the gaps that it tells of by itself.
    pub fn set_run(&mut self, run: Run) {
        self.run = Some(run);
    }

    /// Returns whether it is still written to.
    pub fn is_live(&self) -> bool {
        self.is_live
    }

    /// Returns what became of it, shared.
    pub fn tally(&self) -> Arc<Mutex<Tally>> {
        Arc::clone(&self.tally)
    }

    fn tallied(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The destination.
    pub fn destination(&self) -> &dyn Destination {
        self.destination.as_ref()
    }

    /// Takes back what opening the destination did: the run does not begin.
    pub fn undo(&mut self) {
        self.destination.undo();
    }

    /// Writes the header of a CSV stream that has no file to keep it.
    pub fn header(&mut self, header: &str) {
        if let Err(unwritten) = self.destination.write(header.as_bytes()) {
            self.fail(unwritten.failure);
        }
    }

    /// Writes lines if that makes nobody wait; returns whether they are dealt with.
    pub fn lines_at_once(&mut self, text: &[u8], marks: &[Mark], about: &About) -> bool {
        if !self.is_live {
            return true;
        }
        match self.destination.write_at_once(text) {
            Ok(false) => false,
            Ok(true) => {
                self.wrote(about);
                true
            }
            Err(unwritten) => {
                self.unwritten(unwritten, text, marks, about);
                true
            }
        }
    }

    /// Writes lines, however long that needs.
    pub fn lines(&mut self, text: &[u8], marks: &[Mark], about: &About) {
        if !self.is_live {
            return self.not_taken(about);
        }
        if self.destination.wants_rotation(text.len()) {
            // What is written next is older than the moment: the next file is still one of its time.
            let recv_us = self.end_us;
            let at_us = recv_us.min(self.destination.boundary_us().saturating_sub(1));
            let handed = self.handed;
            self.rotate(recv_us, at_us, &handed);
            if !self.is_live {
                return self.not_taken(about);
            }
        }
        self.is_writing = true;
        let result = self.destination.write(text);
        self.is_writing = false;
        match result {
            Ok(()) => self.wrote(about),
            Err(unwritten) => self.unwritten(unwritten, text, marks, about),
        }
    }

    fn wrote(&mut self, about: &About) {
        self.handed = about.counts;
        self.end_us = about.end_us;
        let bytes = self.destination.bytes_written();
        let mut tally = self.tallied();
        tally.bytes = bytes;
        tally.taken_to = about.packets.end;
    }

    /// Counts lines that came when nothing took them any more. Nobody misses them where the reader left.
    fn not_taken(&mut self, about: &About) {
        let is_missed = self.tallied().gone != Some(WriteFailure::ReaderGone);
        if is_missed {
            self.lose(about.packets.clone(), about.first_us, about.last_us);
        }
    }

    fn unwritten(&mut self, unwritten: Unwritten, text: &[u8], marks: &[Mark], about: &About) {
        let missing = packets_behind(unwritten.written, text, marks);
        self.wrote(about);
        let taken_to = about.packets.end.saturating_sub(missing);
        self.tallied().taken_to = taken_to;
        let is_missed = unwritten.failure != WriteFailure::ReaderGone;
        self.fail(unwritten.failure);
        if is_missed {
            self.lose(taken_to..about.packets.end, about.first_us, about.last_us);
        }
    }

    /// Counts packets that nothing can tell of here any more.
    fn lose(&mut self, packets: std::ops::Range<u64>, from_us: i64, to_us: i64) {
        if packets.is_empty() {
            return;
        }
        self.lost_here += packets.end - packets.start;
        let is_losing = std::mem::replace(&mut self.is_losing, true);
        let mut tally = self.tallied();
        tally.lost.add(packets);
        match tally.gaps.last_mut().filter(|_| is_losing) {
            // The same loss goes on.
            Some(last) => last.1 = last.1.max(to_us),
            None => tally.gaps.push((from_us, to_us.max(from_us))),
        }
    }

    /// Tells of lines that were dropped before they came here.
    fn shed(&mut self, shed: &Shed) {
        let packets = shed.packets.end - shed.packets.start;
        let mut tally = self.tallied();
        tally.lost.add(shed.packets.clone());
        tally.gaps.push((shed.from_us, shed.to_us));
        drop(tally);
        self.lost_here += packets;
        self.gaps_here += 1;
        self.handed = shed.counts;
        let Some(run) = self.run.clone() else { return };
        let gap = Gap {
            feed: run.stream,
            conn: 0,
            reason: GapReason::Lagged,
            detail: None,
            from_us: shed.from_us,
            to_us: shed.to_us,
            instruments: run.instruments.load(Ordering::Relaxed),
            ids: None,
            dropped: Some(packets),
        };
        let mut line = TextBuf::new();
        // The times of the records that it stands for are nobody else's in this output.
        self.control.line(&mut line, &gap, shed.to_us);
        self.control_line(line.as_bytes(), true);
    }

    /// Writes a control record where this output has a place for it.
    fn control_line(&mut self, line: &[u8], is_own: bool) {
        if !self.is_live {
            return;
        }
        let result = match self.format {
            Format::Ndjson => self.destination.write(line).map_err(|unwritten| unwritten.failure),
            Format::Csv => match self.destination.write_gap(line) {
                Ok(true) => Ok(()),
                Ok(false) => {
                    // The run tells people of its own; of this one only we know.
                    if is_own {
                        self.console.raw(&String::from_utf8_lossy(line));
                    }
                    Ok(())
                }
                Err(why) => Err(why),
            },
        };
        if let Err(why) = result {
            self.fail(why);
        }
    }

    /// The reader of stdout may go, or stand still when the run is told to stop, while files go on; anything else ends the
    /// run.
    fn fail(&mut self, why: WriteFailure) {
        self.is_live = false;
        self.has_news = true;
        self.tallied().gone.get_or_insert(why);
    }

    /// Returns the run's counters as this file saw them.
    fn counts_here(&self, counts: &PacketCounts) -> PacketCounts {
        let mut here = counts.since(&self.begun);
        here.written = here.written.saturating_sub(self.lost_here);
        here.dropped += self.lost_here;
        here.gaps += self.gaps_here;
        here
    }

    /// The `end` record of a file that is closed while the run goes on.
    fn rotated(&mut self, recv_us: i64, counts: &PacketCounts) -> Option<TextBuf> {
        (self.format == Format::Ndjson).then(|| {
            let end = End { books: self.counts_here(counts), reason: "rotated".to_owned() };
            let mut line = TextBuf::new();
            self.control.line(&mut line, &end, recv_us);
            line
        })
    }

    fn begin_file(&mut self, counts: &PacketCounts) {
        (self.begun, self.lost_here, self.gaps_here) = (*counts, 0, 0);
    }

    /// Goes on in the file of `at_us`; `recv_us` is the time of the `end` record of the one before.
    fn rotate(&mut self, recv_us: i64, at_us: i64, counts: &PacketCounts) {
        if !self.is_live {
            return;
        }
        let line = self.rotated(recv_us, counts);
        if let Err(why) = self.destination.rotate(at_us, line.as_ref().map(TextBuf::as_bytes)) {
            self.fail(why);
        }
        self.begin_file(counts);
    }

    /// Begins the file at its path anew, if it is not there any more.
    fn reopen(&mut self, recv_us: i64, counts: &PacketCounts) {
        if !self.is_live {
            return;
        }
        let line = self.rotated(recv_us, counts);
        match self.destination.reopen(line.as_ref().map(TextBuf::as_bytes)) {
            Ok(true) => self.begin_file(counts),
            Ok(false) => {}
            Err(why) => self.fail(why),
        }
    }

    /// Ends the destination; its counters are the run's, less what was lost here alone.
    fn finish(&mut self, end: &End, recv_us: i64, on_stdout: bool) {
        self.is_done = true;
        if !self.is_live {
            return;
        }
        let mut end = end.clone();
        let tally = self.tallied();
        let lost = tally.lost.count();
        end.books.written = end.books.written.saturating_sub(lost);
        end.books.dropped += lost;
        end.books.gaps += tally.gaps.len() as u64;
        drop(tally);
        let mut line = TextBuf::new();
        self.control.line(&mut line, &end, recv_us);
        let line = (self.format == Format::Ndjson && (self.is_file || on_stdout)).then_some(line.as_bytes());
        if let Err(why) = self.destination.finish(line) {
            self.fail(why);
        }
        // What it took and could not save.
        let lost = self.destination.lost_lines();
        if lost > 0 {
            let taken_to = self.tallied().taken_to;
            self.lose(taken_to.saturating_sub(lost)..taken_to, self.end_us, recv_us);
        }
        let bytes = self.destination.bytes_written();
        self.tallied().bytes = bytes;
    }

    /// Does what an item says.
    pub fn item(&mut self, item: &Item) {
        match item {
            Item::Lines(Chunk { text, marks, about }) => self.lines(text, marks, about),
            Item::Shed(shed) => self.shed(shed),
            Item::Control { line, own, counts } => {
                if let Some(own) = own {
                    self.gaps_here += 1;
                    self.tallied().gaps.push(*own);
                }
                self.control_line(line, false);
                self.handed = *counts;
            }
            Item::Rotate { recv_us, at_us, counts } => self.rotate(*recv_us, *at_us, counts),
            Item::Reopen { recv_us, counts } => self.reopen(*recv_us, counts),
            Item::Salvage { text, now_us } => {
                self.is_done = true;
                self.salvage(text, *now_us);
            }
            Item::Finish { end, recv_us, on_stdout } => self.finish(end, *recv_us, *on_stdout),
        }
    }

    /// Gives the destination its moment.
    pub fn tick_at(&mut self, now_us: i64) {
        if !self.is_live {
            return;
        }
        if let Err(why) = self.destination.tick(now_us) {
            return self.fail(why);
        }
        let notices = self.destination.take_notices();
        if !notices.is_empty() {
            self.has_news = true;
            self.tallied().notices.extend(notices);
        }
    }

    /// Writes whole lines after a panic: nothing that is known of them is trusted, and a destination that panics again, or
    /// was in the middle of lines, is left.
    pub fn salvage(&mut self, text: &[u8], now_us: i64) {
        if self.is_writing || !self.is_live {
            return;
        }
        let write = AssertUnwindSafe(|| {
            if text.is_empty() || self.destination.write(text).is_ok() {
                // Compressed blocks are closed, so that they can be read.
                let _ = self.destination.tick(now_us);
            }
        });
        let _ = catch_unwind(write);
    }
}

impl Consumer for Writer {
    type Item = Item;

    fn take(&mut self, item: Item) {
        self.item(&item);
    }

    fn tick(&mut self, now_us: i64) {
        self.tick_at(now_us);
    }

    fn is_done(&self) -> bool {
        self.is_done
    }

    fn has_news(&mut self) -> bool {
        std::mem::take(&mut self.has_news)
    }
}

/// What an item costs beyond its text.
const OVERHEAD: usize = size_of::<Item>();

impl Queued for Item {
    fn weight(&self) -> usize {
        match self {
            Item::Lines(chunk) => OVERHEAD + chunk.text.len() + chunk.marks.len() * size_of::<Mark>(),
            Item::Control { line, .. } => OVERHEAD + line.len(),
            _ => OVERHEAD,
        }
    }

    fn shed(&mut self) -> bool {
        let Item::Lines(Chunk { about, .. }) = self else { return false };
        let About { packets, first_us, last_us, counts, .. } = about.clone();
        *self = Item::Shed(Shed { packets, from_us: first_us, to_us: last_us, counts });
        true
    }

    fn join(&mut self, next: &Item) -> bool {
        match (self, next) {
            (Item::Shed(shed), Item::Shed(next)) => {
                *shed = Shed {
                    packets: shed.packets.start..next.packets.end,
                    from_us: shed.from_us,
                    to_us: next.to_us,
                    counts: next.counts,
                };
                true
            }
            _ => false,
        }
    }
}
