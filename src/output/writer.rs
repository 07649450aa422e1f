//! Runs one output: its destination, the packet counters of its current file, and its losses.

use super::item::{About, Chunk, Mark, OutputItem, Shed, packets_behind};
use super::lost_packets::LostPackets;
use super::queue::{Consumer, Queued};
use super::{Destination, Notice, Unwritten, WriteFailure};
use crate::console::Console;
use crate::format::csv::CsvColumns;
use crate::format::encoder::{Encoder, Format, Style};
use crate::format::text::TextBuf;
use crate::model::{Micros, PacketCounts, Stream};
use crate::record::control::{End, Gap, GapReason};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Holds what the outputs of a run share.
#[derive(Debug, Clone)]
pub struct RunInfo {
    /// The stream.
    pub stream: Stream,
    /// Number of subscribed instruments.
    pub instruments: Arc<AtomicU32>,
}

/// Holds the results of an output so far; its owner reads them while the output works.
#[derive(Debug, Default)]
pub struct Tally {
    /// The packets that it lost.
    pub lost: LostPackets,
    /// Gaps of this output alone, as beginnings and ends.
    pub gaps: Vec<(Micros, Micros)>,
    /// Why it is not written to any more.
    pub failure: Option<WriteFailure>,
    /// Number of the packet behind the last one written.
    pub taken_to: u64,
    /// Changes from outside that were not taken yet.
    pub notices: Vec<Notice>,
    /// Bytes written.
    pub bytes: u64,
}

/// A destination and its counters.
pub struct Writer {
    destination: Box<dyn Destination + Send>,
    format: Format,
    /// Encoder of control records.
    control: Encoder,
    is_file: bool,
    console: Console,
    run: Option<RunInfo>,
    tally: Arc<Mutex<Tally>>,
    /// The run's counters when the current file began, and after the last write.
    begun: PacketCounts,
    handed: PacketCounts,
    /// Packets missing from the current file, and gaps that only it reports.
    lost_here: u64,
    gaps_here: u64,
    /// Receive time for an `end` record, behind the last write.
    end: Micros,
    /// Whether the destination is being written; after a panic: whether the panic was there.
    is_writing: bool,
    is_live: bool,
    /// Whether it failed; what follows is one loss that no record here reports.
    is_losing: bool,
    is_done: bool,
    has_news: bool,
}

impl Writer {
    /// Creates a writer to which nothing was written yet.
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
            end: Micros::EPOCH,
            is_writing: false,
            is_live: true,
            is_losing: false,
            is_done: false,
            has_news: false,
        }
    }

    /// Sets the run, for the gaps that it reports by itself.
    pub fn set_run(&mut self, run: RunInfo) {
        self.run = Some(run);
    }

    /// Returns whether it is still written to.
    pub fn is_live(&self) -> bool {
        self.is_live
    }

    /// Returns the shared results.
    pub fn tally(&self) -> Arc<Mutex<Tally>> {
        Arc::clone(&self.tally)
    }

    fn tallied(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the destination.
    pub fn destination(&self) -> &dyn Destination {
        self.destination.as_ref()
    }

    /// Removes what opening the destination created, because the run does not start.
    pub fn cancel_start(&mut self) {
        self.destination.cancel_start();
    }

    /// Writes the header of a CSV stream without a file.
    pub fn header(&mut self, header: &str) {
        if let Err(unwritten) = self.destination.write(header.as_bytes()) {
            self.fail(unwritten.failure);
        }
    }

    /// Writes lines if that needs no wait; returns whether they are done with.
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

    /// Writes lines, however long that takes.
    pub fn lines(&mut self, text: &[u8], marks: &[Mark], about: &About) {
        if !self.is_live {
            return self.not_taken(about);
        }
        if self.destination.wants_rotation(text.len()) {
            // The pending lines are older than that time, so the next file is one of their time.
            let recv = self.end;
            let at = recv.min(self.destination.boundary().plus_us(-1));
            let handed = self.handed;
            self.rotate(recv, at, &handed);
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
        self.end = about.end;
        let bytes = self.destination.bytes_written();
        let mut tally = self.tallied();
        tally.bytes = bytes;
        tally.taken_to = about.packets.end;
    }

    /// Counts lines that arrived after the output ended. If the reader left, they are not counted as lost.
    fn not_taken(&mut self, about: &About) {
        let is_missed = self.tallied().failure != Some(WriteFailure::ReaderGone);
        if is_missed {
            self.lose(about.packets.clone(), about.first, about.last);
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
            self.lose(taken_to..about.packets.end, about.first, about.last);
        }
    }

    /// Counts packets that no record of this output can report any more.
    fn lose(&mut self, packets: std::ops::Range<u64>, from: Micros, to: Micros) {
        if packets.is_empty() {
            return;
        }
        self.lost_here += packets.end - packets.start;
        let is_losing = std::mem::replace(&mut self.is_losing, true);
        let mut tally = self.tallied();
        tally.lost.add(packets);
        match tally.gaps.last_mut().filter(|_| is_losing) {
            // The same loss continues.
            Some(last) => last.1 = last.1.max(to),
            None => tally.gaps.push((from, to.max(from))),
        }
    }

    /// Reports lines that were shed before they came here.
    fn shed(&mut self, shed: &Shed) {
        let packets = shed.packets.end - shed.packets.start;
        let mut tally = self.tallied();
        tally.lost.add(shed.packets.clone());
        tally.gaps.push((shed.from, shed.to));
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
            from: shed.from,
            to: shed.to,
            instruments: run.instruments.load(Ordering::Relaxed),
            ids: None,
            dropped: Some(packets),
        };
        let mut line = TextBuf::new();
        // The times of the shed records are not used by another record in this output.
        self.control.line(&mut line, &gap, shed.to);
        self.control_line(line.as_bytes(), true);
    }

    /// Writes a control record if this output has a place for it.
    fn control_line(&mut self, line: &[u8], is_own: bool) {
        if !self.is_live {
            return;
        }
        let result = match self.format {
            Format::Ndjson => self.destination.write(line).map_err(|unwritten| unwritten.failure),
            Format::Csv => match self.destination.write_gap(line) {
                Ok(true) => Ok(()),
                Ok(false) => {
                    // Gaps of the run are reported on stderr by the run; a gap of this output only here.
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

    /// Ends the output. The reader of stdout may leave, or block when the run is told to stop, while files go on; any
    /// other failure ends the run.
    fn fail(&mut self, why: WriteFailure) {
        self.is_live = false;
        self.has_news = true;
        self.tallied().failure.get_or_insert(why);
    }

    /// Returns the run's counters as they apply to this file.
    fn counts_here(&self, counts: &PacketCounts) -> PacketCounts {
        let mut here = counts.since(&self.begun);
        here.written = here.written.saturating_sub(self.lost_here);
        here.dropped += self.lost_here;
        here.gaps += self.gaps_here;
        here
    }

    /// Returns the `end` record of a file that is closed while the run continues.
    fn rotated(&mut self, recv: Micros, counts: &PacketCounts) -> Option<TextBuf> {
        (self.format == Format::Ndjson).then(|| {
            let end = End { counts: self.counts_here(counts), reason: "rotated".to_owned() };
            let mut line = TextBuf::new();
            self.control.line(&mut line, &end, recv);
            line
        })
    }

    fn begin_file(&mut self, counts: &PacketCounts) {
        (self.begun, self.lost_here, self.gaps_here) = (*counts, 0, 0);
    }

    /// Continues in the file of `at`; `recv` is the time of the previous file's `end` record.
    fn rotate(&mut self, recv: Micros, at: Micros, counts: &PacketCounts) {
        if !self.is_live {
            return;
        }
        let line = self.rotated(recv, counts);
        if let Err(why) = self.destination.rotate(at, line.as_ref().map(TextBuf::as_bytes)) {
            self.fail(why);
        }
        self.begin_file(counts);
    }

    /// Re-opens the file at its path if it is gone.
    fn reopen(&mut self, recv: Micros, counts: &PacketCounts) {
        if !self.is_live {
            return;
        }
        let line = self.rotated(recv, counts);
        match self.destination.reopen(line.as_ref().map(TextBuf::as_bytes)) {
            Ok(true) => self.begin_file(counts),
            Ok(false) => {}
            Err(why) => self.fail(why),
        }
    }

    /// Ends the destination; its counters are the run's, less what only this output lost.
    fn finish(&mut self, end: &End, recv: Micros, on_stdout: bool) {
        self.is_done = true;
        if !self.is_live {
            return;
        }
        let mut end = end.clone();
        let tally = self.tallied();
        let lost = tally.lost.count();
        end.counts.written = end.counts.written.saturating_sub(lost);
        end.counts.dropped += lost;
        end.counts.gaps += tally.gaps.len() as u64;
        drop(tally);
        let mut line = TextBuf::new();
        self.control.line(&mut line, &end, recv);
        let line = (self.format == Format::Ndjson && (self.is_file || on_stdout)).then_some(line.as_bytes());
        if let Err(why) = self.destination.finish(line) {
            self.fail(why);
        }
        // Lines that it accepted and could not save.
        let lost = self.destination.lost_lines();
        if lost > 0 {
            let taken_to = self.tallied().taken_to;
            self.lose(taken_to.saturating_sub(lost)..taken_to, self.end, recv);
        }
        let bytes = self.destination.bytes_written();
        self.tallied().bytes = bytes;
    }

    /// Processes an item.
    pub fn item(&mut self, item: &OutputItem) {
        match item {
            OutputItem::Lines(Chunk { text, marks, about }) => self.lines(text, marks, about),
            OutputItem::Shed(shed) => self.shed(shed),
            OutputItem::Control { line, own, counts } => {
                if let Some(own) = own {
                    self.gaps_here += 1;
                    self.tallied().gaps.push(*own);
                }
                self.control_line(line, false);
                self.handed = *counts;
            }
            OutputItem::Rotate { recv, at, counts } => self.rotate(*recv, *at, counts),
            OutputItem::Reopen { recv, counts } => self.reopen(*recv, counts),
            OutputItem::Salvage { text, now } => {
                self.is_done = true;
                self.salvage(text, *now);
            }
            OutputItem::Finish { end, recv, on_stdout } => self.finish(end, *recv, *on_stdout),
        }
    }

    /// Runs the destination's periodic work.
    pub fn tick_at(&mut self, now: Micros) {
        if !self.is_live {
            return;
        }
        if let Err(why) = self.destination.tick(now) {
            return self.fail(why);
        }
        let notices = self.destination.take_notices();
        if !notices.is_empty() {
            self.has_news = true;
            self.tallied().notices.extend(notices);
        }
    }

    /// Writes complete lines after a panic. No other state is trusted: a destination that panics again, or was in the
    /// middle of lines, is abandoned.
    pub fn salvage(&mut self, text: &[u8], now: Micros) {
        if self.is_writing || !self.is_live {
            return;
        }
        let write = AssertUnwindSafe(|| {
            if text.is_empty() || self.destination.write(text).is_ok() {
                // Closes compressed blocks, so that they can be read.
                let _ = self.destination.tick(now);
            }
        });
        let _ = catch_unwind(write);
    }
}

impl Consumer for Writer {
    type Item = OutputItem;

    fn take(&mut self, item: OutputItem) {
        self.item(&item);
    }

    fn tick(&mut self, now: Micros) {
        self.tick_at(now);
    }

    fn is_done(&self) -> bool {
        self.is_done
    }

    fn has_news(&mut self) -> bool {
        std::mem::take(&mut self.has_news)
    }
}

/// Bytes that an item costs beyond its text.
const OVERHEAD: usize = size_of::<OutputItem>();

impl Queued for OutputItem {
    fn weight(&self) -> usize {
        match self {
            OutputItem::Lines(chunk) => OVERHEAD + chunk.text.len() + chunk.marks.len() * size_of::<Mark>(),
            OutputItem::Control { line, .. } => OVERHEAD + line.len(),
            _ => OVERHEAD,
        }
    }

    fn shed(&mut self) -> bool {
        let OutputItem::Lines(Chunk { about, .. }) = self else { return false };
        let About { packets, first, last, counts, .. } = about.clone();
        *self = OutputItem::Shed(Shed { packets, from: first, to: last, counts });
        true
    }

    fn join(&mut self, next: &OutputItem) -> bool {
        match (self, next) {
            (OutputItem::Shed(shed), OutputItem::Shed(next)) => {
                *shed = Shed {
                    packets: shed.packets.start..next.packets.end,
                    from: shed.from,
                    to: next.to,
                    counts: next.counts,
                };
                true
            }
            _ => false,
        }
    }
}
