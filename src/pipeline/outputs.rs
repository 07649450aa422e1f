//! Where records go: every destination, grouped by what its lines look like, so that a line is encoded once a style.

mod output;
#[cfg(test)]
mod tests;

use super::stamps::{Stamps, Stepped};
use crate::console::Console;
use crate::format::csv::Columns;
use crate::format::encoder::{Encoder, Format, Style};
use crate::format::text::Out;
use crate::format::time::TimeStyle;
use crate::model::InstrumentKey;
use crate::model::PacketCounts;
use crate::output::{Destination, Notice, Unwritten, WriteFailure};
use crate::record::Record;
use crate::record::control::End;
use output::Output;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Bytes from which on lines are handed to their destinations although more are coming.
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

/// The output was tampered with from outside, so that lines may be in no file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truncated {
    /// In words.
    pub detail: String,
    /// The last moment the file was known to be whole, µs since the epoch.
    pub from_us: i64,
}

/// Every destination of a run.
pub struct Outputs {
    groups: Vec<Group>,
    /// Encodes the control records of CSV outputs.
    control: Encoder,
    console: Console,
    stamps: Stamps,
    chunk: usize,
    /// The first moment at which a record belongs to another file of any group, µs since the epoch.
    boundary: i64,
    /// Some group has a chunk to hand over.
    full: bool,
    /// Whether handing over may wait for a reader or a disk.
    patient: bool,
    /// An output did not take lines at once; it is not asked again as long as nobody may wait for it.
    declined: bool,
    /// Why nothing is to be written any more, once that is so.
    failure: Option<WriteFailure>,
    /// Packets that were encoded and then could not be written anywhere, since [`Outputs::take_lost`] was asked.
    lost: u64,
}

/// Destinations whose lines look the same.
struct Group {
    encoder: Encoder,
    out: Out,
    /// Stretches of `out` whose packets are not one a line.
    marks: Vec<Mark>,
    outputs: Vec<Output>,
    /// The first moment that belongs to another file of any of them, µs since the epoch.
    boundary: i64,
    /// The books when lines were handed over last: what lies in the files.
    handed: PacketCounts,
}

/// A stretch of pending text and the packets it came from.
#[derive(Debug, Clone, Copy)]
struct Mark {
    start: usize,
    end: usize,
    packets: u32,
}

impl Outputs {
    /// The destinations of a run; writes the header of those that have no file to keep it.
    pub fn new(specs: Vec<OutputSpec>, time: TimeStyle, console: Console) -> Outputs {
        let mut groups: Vec<Group> = Vec::new();
        let mut failure = None;
        for mut spec in specs {
            let header = spec.header.as_ref().map_or(Ok(()), |header| spec.destination.write(header.as_bytes()));
            let boundary = spec.destination.boundary_us();
            let mut output = Output::new(spec.destination, spec.is_file);
            if let Err(unwritten) = header {
                output.fail(unwritten.failure, &mut failure);
            }
            match groups.iter_mut().find(|group| group.encoder.style() == spec.style) {
                Some(group) => {
                    group.boundary = group.boundary.min(boundary);
                    group.outputs.push(output);
                }
                None => groups.push(Group {
                    encoder: Encoder::new(spec.style),
                    out: Out::new(),
                    marks: Vec::new(),
                    outputs: vec![output],
                    boundary,
                    handed: PacketCounts::default(),
                }),
            }
        }
        let control = Encoder::new(Style { format: Format::Ndjson, time, columns: Columns::Own });
        let boundary = groups.iter().map(|group| group.boundary).min().unwrap_or(i64::MAX);
        let stamps = Stamps::default();
        let mut outputs = Outputs {
            groups,
            control,
            console,
            stamps,
            chunk: CHUNK,
            boundary,
            full: false,
            patient: true,
            declined: false,
            failure,
            lost: 0,
        };
        outputs.note_readers();
        outputs
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
    /// over, and files it does not belong to are closed, here, when `books` are those of what is pending.
    #[inline(always)]
    pub fn stamp(&mut self, us: i64, books: &PacketCounts) -> i64 {
        let recv_us = self.stamps.next(us);
        if recv_us >= self.boundary || self.full {
            return self.make_way(us, recv_us, books);
        }
        recv_us
    }

    #[inline(never)]
    fn make_way(&mut self, us: i64, recv_us: i64, books: &PacketCounts) -> i64 {
        self.flush(us, books);
        self.turn_over(us, recv_us, |_| true, books);
        // The `end` record of a file that was closed took a receive time of its own.
        if self.stamps.last() == recv_us { recv_us } else { self.stamps.next(us) }
    }

    /// Closes the files that a moment does not belong to, and goes on in those it belongs to.
    fn turn_over(&mut self, us: i64, moment: i64, is_due: impl Fn(&Output) -> bool, books: &PacketCounts) {
        let Outputs { groups, failure, stamps, .. } = self;
        for Group { encoder, outputs, boundary, .. } in groups {
            *boundary = i64::MAX;
            for output in outputs.iter_mut().filter(|output| output.is_live()) {
                if moment >= output.destination.boundary_us() && is_due(output) {
                    let at_us = stamps.next(us);
                    output.rotate(encoder, at_us, at_us, books, failure);
                }
                *boundary = output.destination.boundary_us().min(*boundary);
            }
        }
        self.boundary = self.groups.iter().map(|group| group.boundary).min().unwrap_or(i64::MAX);
    }

    /// Hands lines over in smaller pieces, so that files rotate near a small size.
    pub fn set_chunk(&mut self, bytes: usize) {
        self.chunk = bytes.clamp(1, CHUNK);
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
        for group in &mut self.groups {
            group.instrument(instrument, &mut symbol, record, recv_us);
            self.full |= group.out.len() >= self.chunk;
        }
    }

    /// Writes a record whose lines and packets are not one to one, as `encode` makes them.
    pub fn lines(&mut self, packets: u32, mut encode: impl FnMut(&mut Encoder, &mut Out)) {
        for group in &mut self.groups {
            let start = group.out.len();
            encode(&mut group.encoder, &mut group.out);
            group.marks.push(Mark { start, end: group.out.len(), packets });
            self.full |= group.out.len() >= self.chunk;
        }
    }

    /// Writes a control record: in NDJSON among the others, in CSV beside the file or on stderr.
    pub fn control<R: Record>(&mut self, record: &R, recv_us: i64) {
        let mut line = Out::new();
        self.control.line(&mut line, record, recv_us);
        let mut on_stderr = false;
        for i in 0..self.groups.len() {
            if self.groups[i].encoder.style().format == Format::Ndjson {
                let group = &mut self.groups[i];
                let start = group.out.len();
                group.out.bytes(line.as_bytes());
                group.marks.push(Mark { start, end: group.out.len(), packets: 0 });
                continue;
            }
            for output in self.groups[i].outputs.iter_mut().filter(|output| output.is_live()) {
                match output.destination.write_gap(line.as_bytes()) {
                    Ok(true) => {}
                    Ok(false) => on_stderr = true,
                    Err(why) => {
                        self.failure.get_or_insert(why);
                    }
                }
            }
        }
        if on_stderr {
            self.console.raw(&String::from_utf8_lossy(line.as_bytes()));
        }
    }

    /// Whether there is one destination only, and one that takes lines at once as a rule.
    pub fn is_prompt(&self) -> bool {
        matches!(&self.groups[..], [Group { outputs, .. }] if matches!(&outputs[..], [output] if output.destination.is_prompt()))
    }

    /// Whether handing over may wait; if not, what is not taken at once stays pending.
    pub fn set_patient(&mut self, patient: bool) {
        self.patient = patient;
        self.declined = false;
    }

    /// Whether lines wait to be handed over.
    pub fn is_pending(&self) -> bool {
        self.groups.iter().any(|group| !group.out.is_empty())
    }

    /// Hands a group's pending lines to its destinations.
    fn hand_over(&mut self, group: usize, us: i64, books: &PacketCounts) {
        if self.declined {
            return;
        }
        let Outputs { groups, failure, lost, stamps, patient, declined, .. } = self;
        let mut others = groups.iter().enumerate().filter(|&(other, _)| other != group);
        let is_elsewhere = others.any(|(_, other)| other.outputs.iter().any(Output::is_live));
        let Group { encoder, out, marks, outputs, handed, .. } = &mut groups[group];
        if out.is_empty() {
            *handed = *books;
            return;
        }
        // What at least one destination of the group took is written.
        let mut most = 0;
        for output in outputs.iter_mut().filter(|output| output.is_live()) {
            if output.destination.wants_rotation(out.len()) {
                // What is handed over is older than the moment: the next file is still one of its time.
                let recv_us = stamps.next(us);
                let at_us = recv_us.min(output.destination.boundary_us().saturating_sub(1));
                output.rotate(encoder, recv_us, at_us, handed, failure);
                if output.gone.is_some() {
                    continue;
                }
            }
            output.writing = true;
            let result = if *patient {
                output.destination.write(out.as_bytes()).map(|()| true)
            } else {
                output.destination.write_at_once(out.as_bytes())
            };
            output.writing = false;
            match result {
                Ok(true) => most = out.len(),
                Ok(false) => {
                    *declined = true;
                    return;
                }
                Err(Unwritten { failure: why, written }) => {
                    most = most.max(written);
                    output.fail(why, failure);
                }
            }
        }
        *handed = *books;
        // What another group takes reaches a record there.
        if !is_elsewhere {
            *lost += packets_behind(most, out.as_bytes(), marks);
        }
        out.clear();
        out.shrink_to(4 * CHUNK);
        marks.clear();
        self.note_readers();
    }

    /// Hands everything over: the input is idle, or it has been long enough. `us` is the clock, for files that are closed.
    pub fn flush(&mut self, us: i64, books: &PacketCounts) {
        for i in 0..self.groups.len() {
            self.hand_over(i, us, books);
        }
        self.full = false;
    }

    /// Writes the pending lines that are whole, after a panic: nothing that is known of them is trusted, and a destination
    /// that panics again, or was in the middle of these lines, is left.
    pub fn salvage(&mut self, now_us: i64) {
        for Group { out, outputs, .. } in &mut self.groups {
            let whole = memchr::memrchr(b'\n', out.as_bytes()).map_or(0, |at| at + 1);
            let lines = &out.as_bytes()[..whole];
            for output in outputs.iter_mut().filter(|output| output.is_live() && !output.writing) {
                let write = AssertUnwindSafe(|| {
                    if lines.is_empty() || output.destination.write(lines).is_ok() {
                        // Compressed blocks are closed, so that they can be read.
                        let _ = output.destination.tick(now_us);
                    }
                });
                let _ = catch_unwind(write);
            }
            out.clear();
        }
    }

    /// Packets that were encoded and then could not be written anywhere.
    pub fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }

    /// Why nothing more can be written, if so.
    pub fn failure(&self) -> Option<&WriteFailure> {
        self.failure.as_ref()
    }

    /// Called about once a second; tells what was done to the files from outside. `idle`: nothing that was received before
    /// waits to be written.
    pub fn tick(&mut self, now_us: i64, idle: bool, books: &PacketCounts) -> Vec<Truncated> {
        let mut truncated = Vec::new();
        if idle && now_us.saturating_sub(PASSED) >= self.boundary && !self.is_pending() {
            self.turn_over(now_us, now_us, |output| output.books != *books, books);
        }
        let Outputs { groups, failure, console, stamps, .. } = self;
        for Group { encoder, outputs, handed, .. } in groups {
            for output in outputs.iter_mut().filter(|output| output.is_live()) {
                if let Err(why) = output.destination.tick(now_us) {
                    output.fail(why, failure);
                    continue;
                }
                for notice in output.destination.take_notices() {
                    match notice {
                        Notice::Moved { message } => {
                            console.warn(message);
                            output.reopen(encoder, stamps.next(now_us), handed, failure);
                        }
                        Notice::Truncated { message, from_us } => {
                            console.warn(&message);
                            truncated.push(Truncated { detail: message, from_us });
                        }
                    }
                }
            }
        }
        self.note_readers();
        truncated
    }

    /// Re-opens every file by its path.
    pub fn reopen(&mut self, now_us: i64) {
        let Outputs { groups, failure, stamps, .. } = self;
        for Group { encoder, outputs, handed, .. } in groups {
            for output in outputs.iter_mut().filter(|output| output.is_live()) {
                output.reopen(encoder, stamps.next(now_us), handed, failure);
            }
        }
    }

    /// When no destination is left, the run is over.
    fn note_readers(&mut self) {
        let why = self.all().find_map(|output| output.gone.clone()).filter(|_| !self.is_any_live());
        self.failure = self.failure.take().or(why);
    }

    fn all(&self) -> impl Iterator<Item = &Output> {
        self.groups.iter().flat_map(|group| &group.outputs)
    }

    fn is_any_live(&self) -> bool {
        self.all().any(Output::is_live)
    }

    /// Ends every destination: files in an `end` record, and NDJSON on stdout too if `end_on_stdout`.
    pub fn finish(&mut self, end: &End, now_us: i64, end_on_stdout: bool) {
        self.flush(now_us, &end.books);
        let mut line = Out::new();
        let recv_us = self.stamps.next(now_us);
        self.control.line(&mut line, end, recv_us);
        for group in &mut self.groups {
            let ndjson = group.encoder.style().format == Format::Ndjson;
            for output in group.outputs.iter_mut().filter(|output| output.is_live()) {
                let end = (ndjson && (output.is_file || end_on_stdout)).then_some(line.as_bytes());
                if let Err(why) = output.destination.finish(end) {
                    output.fail(why, &mut self.failure);
                }
            }
        }
        // What an output took and could not save is lost where no other has it.
        if !self.is_any_live() {
            self.lost += self.all().map(|output| output.destination.lost_lines()).max().unwrap_or(0);
        }
    }

    /// Names have become known: lines do not go on without them.
    pub fn forget_symbols(&mut self) {
        for group in &mut self.groups {
            group.encoder.forget_symbols();
        }
    }

    /// Bytes written to all destinations.
    pub fn bytes_written(&self) -> u64 {
        self.all().map(|output| output.destination.bytes_written()).sum()
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

/// How many packets the lines behind `written` came from.
fn packets_behind(written: usize, lines: &[u8], marks: &[Mark]) -> u64 {
    let mut packets = 0;
    let mut at = written;
    for mark in marks.iter().filter(|mark| mark.end > written) {
        packets += newlines(lines, at, mark.start);
        packets += u64::from(mark.packets);
        at = mark.end;
    }
    packets + newlines(lines, at, lines.len())
}

fn newlines(lines: &[u8], from: usize, to: usize) -> u64 {
    lines.get(from..to).map_or(0, |part| memchr::memchr_iter(b'\n', part).count() as u64)
}
