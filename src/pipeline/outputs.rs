//! Where records go: every output, grouped by what its lines look like, so that a line is encoded once a style.

mod port;
#[cfg(test)]
mod tests;

use super::stamps::{Stamps, Stepped};
use crate::console::Console;
use crate::format::csv::CsvColumns;
use crate::format::encoder::{Encoder, Format, Style};
use crate::format::text::TextBuf;
use crate::format::time::TimeStyle;
use crate::model::{InstrumentKey, PacketCounts, Stream};
use crate::output::item::{About, Item, Mark};
use crate::output::lost::Lost;
use crate::output::writer::{Run, Writer};
use crate::output::{Destination, Notice, OnLag, WriteFailure};
use crate::record::Record;
use crate::record::control::{End, Gap, GapReason};
use port::Port;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Bytes from which on lines are handed to their outputs although more are coming.
const CHUNK: usize = 64 * 1024;

/// How long after its time a file is closed when nothing comes that would close it, µs.
const PASSED: i64 = 1_000_000;

/// A destination and what its lines look like.
pub struct OutputSpec {
    /// Where lines go.
    pub destination: Box<dyn Destination + Send>,
    /// What they look like.
    pub style: Style,
    /// The header line of a CSV stream that has no file to keep it (stdout).
    pub header: Option<String>,
    /// Whether it is a file: files end in an `end` record and outlive the reader of stdout.
    pub is_file: bool,
}

/// How an output does, for figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputReport {
    /// What people call it.
    pub name: String,
    /// Bytes that wait for it.
    pub queued: usize,
    /// Bytes that it has written.
    pub written: u64,
    /// Packets that it lost.
    pub lost: u64,
}

/// Every output of a run.
pub struct Outputs {
    groups: Vec<Group>,
    /// Encodes control records.
    control: Encoder,
    console: Console,
    stamps: Stamps,
    chunk: usize,
    /// Files rotate by size: each hand-over keeps a receive time for an `end` record.
    keeps_times: bool,
    run: Run,
    /// The first moment at which a record belongs to another file of any output, µs since the epoch.
    boundary: i64,
    /// Some group has a chunk to hand over.
    full: bool,
    /// The receive times of the first and the last record that are pending; 0 when none is.
    first_us: i64,
    last_us: i64,
    /// The packets that were handed over.
    handed: u64,
    /// Why the run has to end, once an output failed or none is left.
    failure: Option<WriteFailure>,
    has_live: bool,
}

/// Outputs whose lines look the same.
struct Group {
    encoder: Encoder,
    out: TextBuf,
    /// Stretches of `out` whose packets are not one a line.
    marks: Vec<Mark>,
    ports: Vec<Port>,
}

impl Outputs {
    /// Makes the outputs of a run, which are written where lines are made; writes the header of those that have no file to
    /// keep it. See [`Outputs::start_threads`].
    pub fn new(specs: Vec<OutputSpec>, time: TimeStyle, console: Console) -> Outputs {
        let mut groups: Vec<Group> = Vec::new();
        for spec in specs {
            let mut writer = Writer::new(spec.destination, spec.style, spec.is_file, console.clone());
            if let Some(header) = &spec.header {
                writer.header(header);
            }
            let port = Port::new(writer, spec.style.format, spec.is_file);
            match groups.iter_mut().find(|group| group.encoder.style() == spec.style) {
                Some(group) => group.ports.push(port),
                None => groups.push(Group {
                    encoder: Encoder::new(spec.style),
                    out: TextBuf::new(),
                    marks: Vec::new(),
                    ports: vec![port],
                }),
            }
        }
        let control = Encoder::new(Style { format: Format::Ndjson, time, columns: CsvColumns::Own });
        let mut outputs = Outputs {
            groups,
            control,
            console,
            stamps: Stamps::default(),
            chunk: CHUNK,
            keeps_times: false,
            run: Run { stream: Stream::Market, instruments: Arc::default() },
            boundary: i64::MAX,
            full: false,
            first_us: 0,
            last_us: 0,
            handed: 0,
            failure: None,
            has_live: true,
        };
        outputs.note_boundary();
        outputs.look_at_failures();
        outputs
    }

    /// Gives every output a queue and a thread, so that none waits for another. `notify` is called on those threads when
    /// [`Outputs::look`] has something to see.
    ///
    /// # Errors
    /// A thread cannot be started.
    pub fn start_threads(&mut self, on_lag: OnLag, notify: &Arc<dyn Fn() + Send + Sync>) -> std::io::Result<()> {
        self.groups.iter_mut().flat_map(|group| &mut group.ports).try_for_each(|port| port.start(on_lag, notify))
    }

    /// Takes back what opening the outputs did: the run does not begin.
    pub fn undo(&mut self) {
        self.ports_mut().for_each(Port::undo);
    }

    /// Tells the outputs which stream they are of.
    pub fn set_stream(&mut self, stream: Stream) {
        self.run.stream = stream;
        let run = self.run.clone();
        self.ports_mut().for_each(|port| port.set_run(run.clone()));
    }

    /// Tells how many instruments are wanted.
    pub fn set_instruments(&self, instruments: usize) {
        self.run.instruments.store(u32::try_from(instruments).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// Notes what the clock said when something was received; tells when it was set back.
    #[inline]
    pub fn clock(&mut self, us: i64) -> Option<Stepped> {
        self.stamps.clock(us)
    }

    /// The receive time that the last record carries.
    #[inline(always)]
    pub fn last_stamp(&self) -> i64 {
        self.stamps.last()
    }

    /// The receive time of the next record, received at `us` as the clock said. Makes way for it: what is full is handed
    /// over, and files it does not belong to are closed, here, when `counts` are those of what is pending.
    #[inline(always)]
    pub fn stamp(&mut self, us: i64, counts: &PacketCounts) -> i64 {
        let recv_us = self.stamps.next(us);
        if recv_us >= self.boundary || self.full {
            return self.make_way(us, recv_us, counts);
        }
        recv_us
    }

    #[inline(never)]
    fn make_way(&mut self, us: i64, recv_us: i64, counts: &PacketCounts) -> i64 {
        self.flush(counts);
        self.turn_over(us, recv_us, |_| true, counts);
        // The `end` record of a file that was closed took a receive time of its own.
        if self.stamps.last() == recv_us { recv_us } else { self.stamps.next(us) }
    }

    /// Closes the files that a moment does not belong to, and goes on in those it belongs to.
    fn turn_over(&mut self, us: i64, moment: i64, is_due: impl Fn(&Port) -> bool, counts: &PacketCounts) {
        let Outputs { groups, stamps, .. } = self;
        for port in groups.iter_mut().flat_map(|group| &mut group.ports) {
            if port.is_live && moment >= port.boundary && is_due(port) {
                let recv_us = stamps.next(us);
                port.give(Item::Rotate { recv_us, at_us: recv_us, counts: *counts });
                port.turned_over(recv_us, counts);
            }
        }
        self.note_boundary();
    }

    fn note_boundary(&mut self) {
        self.boundary = self.ports().filter(|port| port.is_live).map(|port| port.boundary).min().unwrap_or(i64::MAX);
    }

    /// Hands lines over in smaller pieces, so that files rotate near a small size.
    pub fn rotate_near(&mut self, bytes: u64) {
        self.chunk = usize::try_from(bytes / 8).unwrap_or(usize::MAX).clamp(1, CHUNK);
        self.keeps_times = true;
        let chunk = self.chunk;
        self.ports_mut().for_each(|port| port.chunk = chunk);
    }

    /// Writes a record about an instrument, made of one packet, at its [`Outputs::stamp`].
    #[inline(always)]
    pub fn instrument<R: Record>(
        &mut self,
        instrument: InstrumentKey,
        mut symbol: impl FnMut() -> Option<Arc<str>>,
        record: &R,
        recv_us: i64,
    ) {
        self.note_time(recv_us);
        for group in &mut self.groups {
            group.instrument(instrument, &mut symbol, record, recv_us);
            self.full |= group.out.len() >= self.chunk;
        }
    }

    /// Writes a record whose lines and packets are not one to one, as `encode` makes them, at its [`Outputs::stamp`].
    pub fn lines(&mut self, packets: u32, mut encode: impl FnMut(&mut Encoder, &mut TextBuf)) {
        self.note_time(self.stamps.last());
        for group in &mut self.groups {
            let start = group.out.len();
            encode(&mut group.encoder, &mut group.out);
            group.marks.push(Mark { start, end: group.out.len(), packets });
            self.full |= group.out.len() >= self.chunk;
        }
    }

    #[inline(always)]
    fn note_time(&mut self, recv_us: i64) {
        self.last_us = recv_us;
        if self.first_us == 0 {
            self.first_us = recv_us;
        }
    }

    /// Writes a control record: in NDJSON among the others, in CSV beside the file or on stderr. `counts` are the run's
    /// behind it.
    pub fn control<R: Record>(&mut self, record: &R, recv_us: i64, counts: &PacketCounts) {
        self.flush(counts);
        let mut line = TextBuf::new();
        self.control.line(&mut line, record, recv_us);
        let mut on_stderr = false;
        for port in self.groups.iter_mut().flat_map(|group| &mut group.ports).filter(|port| port.is_live) {
            if port.format == Format::Csv && !port.is_file {
                on_stderr = true;
            } else {
                port.give(Item::Control { line: line.as_bytes().to_vec(), own: None, counts: *counts });
            }
        }
        if on_stderr {
            self.console.raw(&String::from_utf8_lossy(line.as_bytes()));
        }
        self.look_at_failures();
    }

    /// Whether lines wait to be handed over.
    pub fn is_pending(&self) -> bool {
        self.first_us != 0
    }

    /// Hands everything over: the input is idle, or it has been long enough.
    pub fn flush(&mut self, counts: &PacketCounts) {
        self.full = false;
        if !self.is_pending() {
            return;
        }
        let last_us = self.last_us;
        let end_us = if self.keeps_times { self.stamps.next(last_us) } else { last_us.saturating_add(1) };
        let packets = self.handed..counts.written;
        let about = About { packets, first_us: self.first_us, last_us, end_us, counts: *counts };
        let mut has_failed = false;
        for Group { out, marks, ports, .. } in &mut self.groups {
            for port in ports.iter_mut() {
                has_failed |= !port.lines(out.as_bytes(), marks, &about);
            }
            out.clear();
            out.shrink_to(4 * CHUNK);
            marks.clear();
        }
        (self.handed, self.first_us, self.last_us) = (counts.written, 0, 0);
        if has_failed {
            self.look_at_failures();
        }
    }

    /// Writes the pending lines that are whole, after a panic: nothing that is known of them is trusted.
    pub fn salvage(&mut self, now_us: i64) {
        for Group { out, ports, .. } in &mut self.groups {
            let whole = memchr::memrchr(b'\n', out.as_bytes()).map_or(0, |at| at + 1);
            for port in ports {
                port.salvage(&out.as_bytes()[..whole], now_us);
            }
            out.clear();
        }
        self.first_us = 0;
    }

    /// Why the run has to end, if so: an output failed, or none is left.
    pub fn failure(&self) -> Option<&WriteFailure> {
        self.failure.as_ref()
    }

    /// Whether anything still takes records.
    pub fn has_live(&self) -> bool {
        self.has_live
    }

    /// Notes which outputs are not written to any more.
    pub fn look_at_failures(&mut self) {
        for port in self.groups.iter_mut().flat_map(|group| &mut group.ports).filter(|port| port.is_live) {
            if let Some(why) = port.gone() {
                port.is_live = false;
                if let WriteFailure::Failed(_) | WriteFailure::Unsaved(_) = why {
                    self.failure.get_or_insert(why);
                }
            }
        }
        // A run without outputs is one that only an observer looks at.
        let has_live = self.groups.is_empty() || self.ports().any(|port| port.is_live);
        self.has_live = has_live;
        if !self.has_live && self.failure.is_none() {
            let gone = self.ports().find_map(Port::gone);
            self.failure = gone;
        }
    }

    /// Looks at what happened to the outputs: one that failed, a file that was moved away, deleted or cut.
    pub fn look(&mut self, now_us: i64, counts: &PacketCounts) {
        self.look_at_failures();
        let Outputs { groups, stamps, console, control, run, .. } = self;
        for port in groups.iter_mut().flat_map(|group| &mut group.ports).filter(|port| port.is_live) {
            for notice in port.take_notices() {
                let (message, lost_since_us, is_elsewhere) = match notice {
                    Notice::Moved { message, lost_since_us } => (message, lost_since_us, true),
                    Notice::Truncated { message, from_us } => (message, Some(from_us), false),
                };
                console.warn(&message);
                if is_elsewhere {
                    port.give(Item::Reopen { recv_us: stamps.next(now_us), counts: *counts });
                }
                let Some(from_us) = lost_since_us else { continue };
                let recv_us = stamps.next(now_us);
                let gap = Gap {
                    feed: run.stream,
                    conn: 0,
                    reason: GapReason::Lagged,
                    detail: Some(message),
                    from_us,
                    to_us: now_us.max(from_us),
                    instruments: run.instruments.load(Ordering::Relaxed),
                    ids: None,
                    dropped: None,
                };
                let mut line = TextBuf::new();
                control.line(&mut line, &gap, recv_us);
                let own = Some((from_us, gap.to_us));
                port.give(Item::Control { line: line.as_bytes().to_vec(), own, counts: *counts });
            }
        }
    }

    /// Called about once a second: closes files whose time has passed.
    pub fn tick(&mut self, now_us: i64, counts: &PacketCounts) {
        if now_us.saturating_sub(PASSED) >= self.boundary {
            self.flush(counts);
            self.turn_over(now_us, now_us, |port| port.since != *counts, counts);
        }
        self.ports_mut().filter(|port| port.is_live).for_each(|port| port.tick(now_us));
        self.look(now_us, counts);
    }

    /// Re-opens every file by its path.
    pub fn reopen(&mut self, now_us: i64, counts: &PacketCounts) {
        self.flush(counts);
        let Outputs { groups, stamps, .. } = self;
        for port in groups.iter_mut().flat_map(|group| &mut group.ports).filter(|port| port.is_live && port.is_file) {
            port.give(Item::Reopen { recv_us: stamps.next(now_us), counts: *counts });
        }
    }

    fn ports(&self) -> impl Iterator<Item = &Port> {
        self.groups.iter().flat_map(|group| &group.ports)
    }

    fn ports_mut(&mut self) -> impl Iterator<Item = &mut Port> {
        self.groups.iter_mut().flat_map(|group| &mut group.ports)
    }

    /// Begins the end of every output: files in an `end` record, and NDJSON on stdout too if `on_stdout`.
    pub fn finish(&mut self, end: &End, now_us: i64, on_stdout: bool) {
        self.flush(&end.books);
        let recv_us = self.stamps.next(now_us);
        self.ports_mut().for_each(|port| port.finish(Item::Finish { end: end.clone(), recv_us, on_stdout }));
        self.look_at_failures();
    }

    /// Whether every output has ended.
    pub fn have_ended(&self) -> bool {
        self.ports().all(Port::has_ended)
    }

    /// Gives up the outputs that have not ended: a call to the system does not come back.
    pub fn abandon(&mut self, now_us: i64, counts: &PacketCounts) {
        self.ports_mut().filter(|port| !port.has_ended()).for_each(|port| port.abandon(now_us, counts.written));
        self.look_at_failures();
    }

    /// Whether a bug of ours ended an output.
    pub fn have_panicked(&self) -> bool {
        self.ports().any(Port::has_panicked)
    }

    /// Whether an output that blocks has no room.
    pub fn are_full(&self) -> bool {
        self.ports().any(Port::is_full)
    }

    /// Whether more waits for some output than stays in the processor's caches.
    pub fn are_crowded(&self) -> bool {
        self.ports().any(Port::is_crowded)
    }

    /// Packets that no output took.
    pub fn lost(&self, counts: &PacketCounts) -> u64 {
        let mut ports = self.ports().map(|port| port.lost(counts.written));
        let Some(first) = ports.next() else { return 0 };
        ports.fold(first, |both: Lost, next| both.intersection(&next)).count()
    }

    /// Gaps that single outputs have alone: from when to when, µs since the epoch.
    pub fn own_gaps(&self) -> Vec<(i64, i64)> {
        self.ports().flat_map(Port::own_gaps).collect()
    }

    /// How every output does.
    pub fn reports(&self) -> Vec<OutputReport> {
        self.ports().map(Port::report).collect()
    }

    /// Names have become known: lines do not go on without them.
    pub fn forget_symbols(&mut self) {
        for group in &mut self.groups {
            group.encoder.forget_symbols();
        }
    }

    /// Bytes written to all destinations.
    pub fn bytes_written(&self) -> u64 {
        self.ports().map(Port::bytes).sum()
    }
}

impl Group {
    /// Not a part of the loop over groups: there the compiler makes ahead whatever is the same for all of them, digits in every
    /// way that some style might ask for, and a full packet costs 150 instructions more.
    #[inline(never)]
    fn instrument<R: Record>(
        &mut self,
        instrument: InstrumentKey,
        symbol: impl FnOnce() -> Option<Arc<str>>,
        record: &R,
        recv_us: i64,
    ) {
        self.encoder.instrument_line(&mut self.out, instrument, symbol, record, recv_us);
    }
}
