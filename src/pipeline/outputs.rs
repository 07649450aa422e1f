//! Distributes records to all outputs, grouped by style, so that a line is encoded once for each style.

mod port;
#[cfg(test)]
mod tests;

use super::stamps::{Stamps, Stepped};
use crate::console::Console;
use crate::format::csv::CsvColumns;
use crate::format::encoder::{Encoder, Format, Style};
use crate::format::text::TextBuf;
use crate::format::time::TimeStyle;
use crate::model::{InstrumentKey, Micros, PacketCounts, Stream};
use crate::output::item::{About, Mark, OutputItem};
use crate::output::lost_packets::LostPackets;
use crate::output::writer::{RunInfo, Writer};
use crate::output::{Destination, Notice, OnLag, WriteFailure};
use crate::record::Record;
use crate::record::control::{End, Gap, GapReason};
use port::Port;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Bytes of lines that are submitted to their outputs although more are coming.
const CHUNK: usize = 64 * 1024;

/// Microseconds after its period at which a file is closed if no record comes that would close it.
const PASSED: Duration = Duration::from_secs(1);

/// Describes an output before it starts.
pub struct OutputSpec {
    /// The destination of the lines.
    pub destination: Box<dyn Destination + Send>,
    /// The style of the lines.
    pub style: Style,
    /// Header line of a CSV stream without a file (stdout).
    pub header: Option<String>,
    /// Whether it is a file: files end with an `end` record and continue when the reader of stdout is gone.
    pub is_file: bool,
}

/// Reports the state of an output, for figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputReport {
    /// Its name for people.
    pub name: String,
    /// Number of bytes in its queue.
    pub queued: usize,
    /// Number of bytes written.
    pub written: u64,
    /// Number of packets it lost.
    pub lost: u64,
}

/// Holds every output of a run.
pub struct Outputs {
    groups: Vec<Group>,
    ports: Vec<Port>,
    /// Encoder of control records.
    control: Encoder,
    console: Console,
    stamps: Stamps,
    chunk: usize,
    /// Whether files rotate by size: then each submitted chunk keeps a receive time for an `end` record.
    keeps_times: bool,
    run: RunInfo,
    /// First moment at which a record belongs to another file of any output.
    boundary: Micros,
    /// Whether a group has a full chunk to submit.
    full: bool,
    /// Receive times of the first and the last pending record; [`Micros::EPOCH`] if there is none.
    first: Micros,
    last: Micros,
    /// Number of packets submitted.
    handed: u64,
    /// Why the run has to end, once an output failed or none remains.
    failure: Option<WriteFailure>,
    has_live: bool,
}

/// Holds the pending lines of the outputs that share a style.
struct Group {
    encoder: Encoder,
    out: TextBuf,
    /// Ranges of `out` that do not have one line for each packet.
    marks: Vec<Mark>,
}

impl Outputs {
    /// Creates the outputs of a run and writes the headers of those without a file. They write on the caller's thread
    /// until [`Outputs::start_threads`].
    pub fn new(specs: Vec<OutputSpec>, time: TimeStyle, console: Console) -> Outputs {
        let (mut groups, mut ports): (Vec<Group>, Vec<Port>) = (Vec::new(), Vec::new());
        for spec in specs {
            let mut writer = Writer::new(spec.destination, spec.style, spec.is_file, console.clone());
            if let Some(header) = &spec.header {
                writer.header(header);
            }
            let known = groups.iter().position(|group| group.encoder.style() == spec.style);
            let group = known.unwrap_or_else(|| {
                groups.push(Group { encoder: Encoder::new(spec.style), out: TextBuf::new(), marks: Vec::new() });
                groups.len() - 1
            });
            ports.push(Port::new(writer, group, spec.style.format, spec.is_file));
        }
        let control = Encoder::new(Style { format: Format::Ndjson, time, columns: CsvColumns::Own });
        let mut outputs = Outputs {
            groups,
            ports,
            control,
            console,
            stamps: Stamps::default(),
            chunk: CHUNK,
            keeps_times: false,
            run: RunInfo { stream: Stream::Market, instruments: Arc::default() },
            boundary: Micros::MAX,
            full: false,
            first: Micros::EPOCH,
            last: Micros::EPOCH,
            handed: 0,
            failure: None,
            has_live: true,
        };
        outputs.update_boundary();
        outputs.look_at_failures();
        outputs
    }

    /// Gives every output a queue and a thread, so that none waits for another. The threads call `notify` when
    /// [`Outputs::look`] has news to process.
    ///
    /// # Errors
    /// Fails if a thread cannot be started.
    pub fn start_threads(&mut self, on_lag: OnLag, notify: &Arc<dyn Fn() + Send + Sync>) -> std::io::Result<()> {
        self.ports.iter_mut().try_for_each(|port| port.start(on_lag, notify))
    }

    /// Removes what opening the outputs created, because the run does not start.
    pub fn cancel_start(&mut self) {
        self.ports.iter_mut().for_each(Port::cancel_start);
    }

    /// Sets the stream of the outputs.
    pub fn set_stream(&mut self, stream: Stream) {
        self.run.stream = stream;
        self.ports.iter_mut().for_each(|port| port.set_run(self.run.clone()));
    }

    /// Sets the number of subscribed instruments.
    pub fn set_instruments(&self, instruments: usize) {
        self.run.instruments.store(u32::try_from(instruments).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// Records the clock's time of a received frame; returns the step if the clock was set back.
    #[inline]
    pub fn clock(&mut self, now: Micros) -> Option<Stepped> {
        self.stamps.clock(now)
    }

    /// Returns the receive time of the last record.
    #[inline(always)]
    pub fn last_stamp(&self) -> Micros {
        self.stamps.last()
    }

    /// Returns the receive time of the next record, received at `at` by the clock. First submits full chunks, and
    /// closes files that the record does not belong to; `counts` are the counters of the pending records.
    #[inline(always)]
    pub fn stamp(&mut self, at: Micros, counts: &PacketCounts) -> Micros {
        let recv = self.stamps.next(at);
        if recv >= self.boundary || self.full {
            return self.prepare_files(at, recv, counts);
        }
        recv
    }

    #[inline(never)]
    fn prepare_files(&mut self, at: Micros, recv: Micros, counts: &PacketCounts) -> Micros {
        self.flush(counts);
        self.rotate_due(at, recv, |_| true, counts);
        // The `end` record of a closed file took a receive time of its own.
        if self.stamps.last() == recv { recv } else { self.stamps.next(at) }
    }

    /// Closes the files that a moment does not belong to, and opens those that it belongs to.
    fn rotate_due(&mut self, at: Micros, moment: Micros, is_due: impl Fn(&Port) -> bool, counts: &PacketCounts) {
        for port in &mut self.ports {
            if port.is_live && moment >= port.boundary && is_due(port) {
                let recv = self.stamps.next(at);
                port.give(OutputItem::Rotate { recv, at: recv, counts: *counts });
                port.rotated(recv, counts);
            }
        }
        self.update_boundary();
    }

    fn update_boundary(&mut self) {
        self.boundary =
            self.ports.iter().filter(|port| port.is_live).map(|port| port.boundary).min().unwrap_or(Micros::MAX);
    }

    /// Submits lines in smaller chunks, so that files rotate near a small size.
    pub fn rotate_near(&mut self, bytes: u64) {
        self.chunk = usize::try_from(bytes / 8).unwrap_or(usize::MAX).clamp(1, CHUNK);
        self.keeps_times = true;
        self.ports.iter_mut().for_each(|port| port.chunk = self.chunk);
    }

    /// Writes a record about an instrument that was made of one packet, at its [`Outputs::stamp`].
    #[inline(always)]
    pub fn instrument<R: Record>(
        &mut self,
        instrument: InstrumentKey,
        mut symbol: impl FnMut() -> Option<Arc<str>>,
        record: &R,
        recv: Micros,
    ) {
        self.update_times(recv);
        for group in &mut self.groups {
            group.instrument(instrument, &mut symbol, record, recv);
            self.full |= group.out.len() >= self.chunk;
        }
    }

    /// Writes a record whose lines and packets do not correspond one to one, as `encode` writes it, at its
    /// [`Outputs::stamp`].
    pub fn lines(&mut self, packets: u32, mut encode: impl FnMut(&mut Encoder, &mut TextBuf)) {
        self.update_times(self.stamps.last());
        for group in &mut self.groups {
            let start = group.out.len();
            encode(&mut group.encoder, &mut group.out);
            group.marks.push(Mark { start, end: group.out.len(), packets });
            self.full |= group.out.len() >= self.chunk;
        }
    }

    #[inline(always)]
    fn update_times(&mut self, recv: Micros) {
        self.last = recv;
        if self.first == Micros::EPOCH {
            self.first = recv;
        }
    }

    /// Writes a control record: in NDJSON among the others, for CSV beside the file or on stderr. `counts` are the
    /// run's counters after it.
    pub fn control<R: Record>(&mut self, record: &R, recv: Micros, counts: &PacketCounts) {
        self.flush(counts);
        let mut line = TextBuf::new();
        self.control.line(&mut line, record, recv);
        let mut on_stderr = false;
        for port in self.ports.iter_mut().filter(|port| port.is_live) {
            if port.format == Format::Csv && !port.is_file {
                on_stderr = true;
            } else {
                port.give(OutputItem::Control { line: line.as_bytes().to_vec(), own: None, counts: *counts });
            }
        }
        if on_stderr {
            self.console.raw(&String::from_utf8_lossy(line.as_bytes()));
        }
        self.look_at_failures();
    }

    /// Returns whether lines are pending.
    pub fn is_pending(&self) -> bool {
        self.first != Micros::EPOCH
    }

    /// Submits all pending lines, because the input is idle or enough time has passed.
    pub fn flush(&mut self, counts: &PacketCounts) {
        self.full = false;
        if !self.is_pending() {
            return;
        }
        let last = self.last;
        let end = if self.keeps_times { self.stamps.next(last) } else { last.plus_us(1) };
        let packets = self.handed..counts.written;
        let about = About { packets, first: self.first, last, end, counts: *counts };
        let mut has_failed = false;
        for port in &mut self.ports {
            let Group { out, marks, .. } = &self.groups[port.group];
            has_failed |= !port.lines(out.as_bytes(), marks, &about);
        }
        for Group { out, marks, .. } in &mut self.groups {
            out.clear();
            out.shrink_to(4 * CHUNK);
            marks.clear();
        }
        (self.handed, self.first, self.last) = (counts.written, Micros::EPOCH, Micros::EPOCH);
        if has_failed {
            self.look_at_failures();
        }
    }

    /// Submits the pending lines that are complete, after a panic: no other state is trusted.
    pub fn salvage(&mut self, now: Micros) {
        for port in &mut self.ports {
            let text = self.groups[port.group].out.as_bytes();
            let complete_len = memchr::memrchr(b'\n', text).map_or(0, |at| at + 1);
            port.salvage(&text[..complete_len], now);
        }
        self.groups.iter_mut().for_each(|group| group.out.clear());
        self.first = Micros::EPOCH;
    }

    /// Returns why the run has to end, if so: an output failed, or none remains.
    pub fn failure(&self) -> Option<&WriteFailure> {
        self.failure.as_ref()
    }

    /// Returns whether any output still takes records.
    pub fn has_live(&self) -> bool {
        self.has_live
    }

    /// Updates which outputs are still written to.
    pub fn look_at_failures(&mut self) {
        for port in self.ports.iter_mut().filter(|port| port.is_live) {
            if let Some(why) = port.failure() {
                port.is_live = false;
                if let WriteFailure::Failed(_) | WriteFailure::Unsaved(_) = why {
                    self.failure.get_or_insert(why);
                }
            }
        }
        // A run without outputs only has an observer.
        self.has_live = self.ports.is_empty() || self.ports.iter().any(|port| port.is_live);
        if !self.has_live && self.failure.is_none() {
            self.failure = self.ports.iter().find_map(Port::failure);
        }
    }

    /// Processes the news of the outputs: one that failed, a file that was moved, deleted or truncated.
    pub fn look(&mut self, now: Micros, counts: &PacketCounts) {
        self.look_at_failures();
        let Outputs { ports, stamps, console, control, run, .. } = self;
        for port in ports.iter_mut().filter(|port| port.is_live) {
            for notice in port.take_notices() {
                let (message, lost_since, is_elsewhere) = match notice {
                    Notice::Moved { message, lost_since } => (message, lost_since, true),
                    Notice::Truncated { message, from } => (message, Some(from), false),
                };
                console.warn(&message);
                if is_elsewhere {
                    port.give(OutputItem::Reopen { recv: stamps.next(now), counts: *counts });
                }
                let Some(from) = lost_since else { continue };
                let recv = stamps.next(now);
                let gap = Gap {
                    feed: run.stream,
                    conn: 0,
                    reason: GapReason::Lagged,
                    detail: Some(message),
                    from,
                    to: now.max(from),
                    instruments: run.instruments.load(Ordering::Relaxed),
                    ids: None,
                    dropped: None,
                };
                let mut line = TextBuf::new();
                control.line(&mut line, &gap, recv);
                let own = Some((from, gap.to));
                port.give(OutputItem::Control { line: line.as_bytes().to_vec(), own, counts: *counts });
            }
        }
    }

    /// Closes files whose period has passed; called about once a second.
    pub fn tick(&mut self, now: Micros, counts: &PacketCounts) {
        if now - PASSED >= self.boundary {
            self.flush(counts);
            self.rotate_due(now, now, |port| port.since != *counts, counts);
        }
        self.ports.iter_mut().filter(|port| port.is_live).for_each(|port| port.tick(now));
        self.look(now, counts);
    }

    /// Re-opens every file by its path.
    pub fn reopen(&mut self, now: Micros, counts: &PacketCounts) {
        self.flush(counts);
        for port in self.ports.iter_mut().filter(|port| port.is_live && port.is_file) {
            port.give(OutputItem::Reopen { recv: self.stamps.next(now), counts: *counts });
        }
    }

    /// Starts the end of every output: files end with an `end` record, and NDJSON on stdout too if `on_stdout`.
    pub fn finish(&mut self, end: &End, now: Micros, on_stdout: bool) {
        self.flush(&end.counts);
        let recv = self.stamps.next(now);
        self.ports.iter_mut().for_each(|port| port.finish(OutputItem::Finish { end: end.clone(), recv, on_stdout }));
        self.look_at_failures();
    }

    /// Returns whether every output has ended.
    pub fn have_ended(&self) -> bool {
        self.ports.iter().all(Port::has_ended)
    }

    /// Abandons the outputs that have not ended, because a system call does not return.
    pub fn abandon(&mut self, now: Micros, counts: &PacketCounts) {
        self.ports.iter_mut().filter(|port| !port.has_ended()).for_each(|port| port.abandon(now, counts.written));
        self.look_at_failures();
    }

    /// Returns whether a bug ended an output.
    pub fn have_panicked(&self) -> bool {
        self.ports.iter().any(Port::has_panicked)
    }

    /// Returns whether an output that blocks has no room.
    pub fn are_full(&self) -> bool {
        self.ports.iter().any(Port::is_full)
    }

    /// Returns whether an output's queue is longer than fits in the processor's caches.
    pub fn are_crowded(&self) -> bool {
        self.ports.iter().any(Port::is_crowded)
    }

    /// Returns the number of packets that no output took.
    pub fn lost(&self, counts: &PacketCounts) -> u64 {
        let mut ports = self.ports.iter().map(|port| port.lost(counts.written));
        let Some(first) = ports.next() else { return 0 };
        ports.fold(first, |both: LostPackets, next| both.intersection(&next)).count()
    }

    /// Returns the gaps of single outputs, as beginnings and ends.
    pub fn own_gaps(&self) -> Vec<(Micros, Micros)> {
        self.ports.iter().flat_map(Port::own_gaps).collect()
    }

    /// Returns a report on every output.
    pub fn reports(&self) -> Vec<OutputReport> {
        self.ports.iter().map(Port::report).collect()
    }

    /// Drops the cached beginnings of lines, because symbols have become known.
    pub fn forget_symbols(&mut self) {
        for group in &mut self.groups {
            group.encoder.forget_symbols();
        }
    }

    /// Returns the number of bytes written to all destinations.
    pub fn bytes_written(&self) -> u64 {
        self.ports.iter().map(Port::bytes).sum()
    }
}

impl Group {
    /// Kept out of the loop over groups: there the compiler computes ahead what all groups share, digits in every
    /// form that a style might need, and a full packet costs 150 instructions more.
    #[inline(never)]
    fn instrument<R: Record>(
        &mut self,
        instrument: InstrumentKey,
        symbol: impl FnOnce() -> Option<Arc<str>>,
        record: &R,
        recv: Micros,
    ) {
        self.encoder.instrument_line(&mut self.out, instrument, symbol, record, recv);
    }
}
