//! Writes a file for each type of record: `{type}` in a pattern. A file is created with the first record of its type.

use super::{FileSink, FileSpec, Pattern, Restarted};
use crate::console::Console;
use crate::format::encoder::Format;
use crate::format::line::recv;
use crate::model::exit::Failure;
use crate::model::{Micros, PacketCounts};
use crate::output::{Destination, Notice, Unwritten, WriteFailure};
use crate::storage::names;
use std::cell::Cell;

/// Writes rotated files, one series for each type.
pub struct TypedFiles {
    spec: FileSpec,
    pattern: Pattern,
    /// Record types, each with the header of its CSV.
    headers: Vec<(&'static str, Vec<u8>)>,
    /// Whether each line is one packet, so that each file can have counters of its own.
    lines_are_packets: bool,
    console: Console,
    boundary: Micros,
    files: Vec<One>,
    /// Gap records from before the first file.
    held: Vec<Vec<u8>>,
    /// Bytes in files that were closed.
    closed: u64,
    /// Bytes that the writer is about to write.
    upcoming: Cell<usize>,
}

/// Holds the files of a type.
struct One {
    kind: String,
    sink: FileSink,
    /// Number of records in the current file, and in all of them.
    here: u64,
    total: u64,
    /// The run's counters for the current file, up to the last time that the file of any type was closed.
    counts: PacketCounts,
}

impl TypedFiles {
    /// Checks the folder, and recovers what a killed run left of the types' current files.
    ///
    /// # Errors
    /// As [`FileSink::open`].
    pub fn open(
        spec: FileSpec,
        headers: Vec<(&'static str, Vec<u8>)>,
        lines_are_packets: bool,
        now: Micros,
        console: &Console,
    ) -> Result<(TypedFiles, Vec<Restarted>), Failure> {
        let pattern = Pattern::parse(&spec.pattern)?;
        let mut files = TypedFiles {
            boundary: pattern.boundary_after(now),
            spec,
            pattern,
            headers,
            lines_are_packets,
            console: console.clone(),
            files: Vec::new(),
            held: Vec::new(),
            closed: 0,
            upcoming: Cell::new(0),
        };
        FileSink::check_folder(files.spec.clone(), now, console)?;
        let mut restarted = Vec::new();
        for kind in files.headers.iter().map(|(kind, _)| *kind).collect::<Vec<_>>() {
            let path = files.pattern.of_type(kind).path_at(now);
            if names::marker(&path).exists() {
                restarted.extend(files.begin(kind, now)?);
            }
        }
        Ok((files, restarted))
    }

    fn begin(&mut self, kind: &str, at: Micros) -> Result<Vec<Restarted>, Failure> {
        let header = self.headers.iter().find(|(known, _)| *known == kind).map(|(_, header)| header.clone());
        let csv_header = header.filter(|_| self.spec.format == Format::Csv);
        let spec = FileSpec { csv_header, ..self.spec.clone() };
        let opened = FileSink::open_as(spec, self.pattern.of_type(kind), at, &self.console)?;
        self.files.push(One {
            kind: kind.to_owned(),
            sink: opened.sink,
            here: 0,
            total: 0,
            counts: PacketCounts::default(),
        });
        Ok(opened.restarted)
    }

    /// Returns the index of a type's files, which are opened if needed.
    fn place(&mut self, kind: &str, line: &[u8]) -> Result<usize, WriteFailure> {
        if let Some(at) = self.files.iter().position(|one| one.kind == kind) {
            return Ok(at);
        }
        let at = recv(line).unwrap_or_else(crate::clock::now).min(self.boundary.plus_us(-1));
        self.begin(kind, at).map_err(WriteFailure::Failed)?;
        let at = self.files.len() - 1;
        for gap in std::mem::take(&mut self.held) {
            self.gap_into(at, &gap)?;
        }
        Ok(at)
    }

    fn gap_into(&mut self, at: usize, line: &[u8]) -> Result<(), WriteFailure> {
        let sink = &mut self.files[at].sink;
        match self.spec.format {
            Format::Ndjson => sink.write(line).map_err(|unwritten| unwritten.failure),
            Format::Csv => sink.write_gap(line).map(drop),
        }
    }

    /// Writes a gap into every file, or holds it until there is one.
    fn gap(&mut self, line: &[u8]) -> Result<(), WriteFailure> {
        if self.files.is_empty() {
            self.held.push(line.to_vec());
        }
        (0..self.files.len()).try_for_each(|at| self.gap_into(at, line))
    }

    /// Adds what happened since the last call to the counters of every type's current file.
    fn add_counts(&mut self, end: Option<&[u8]>) {
        let Some(counts) = end.and_then(counts_of) else { return };
        for one in &mut self.files {
            one.counts = one.counts.plus(&counts);
        }
    }

    /// Returns the `end` record of one file: records that are not in its lines were filtered there.
    fn end_of(&self, end: Option<&[u8]>, counts: Option<PacketCounts>, records: u64) -> Option<Vec<u8>> {
        let end = end?;
        let tail = memchr::memmem::rfind(end, b",\"reason");
        let (Some(counts), Some(tail), true) = (counts, tail, self.lines_are_packets) else {
            return Some(end.to_vec());
        };
        let PacketCounts { received, dropped, malformed, gaps, .. } = counts;
        let written = records.min(received);
        let filtered = received.saturating_sub(written + dropped + malformed);
        let mut line = format!(
            "{{\"type\":\"end\",\"received\":{received},\"written\":{written},\"filtered\":{filtered},\"dropped\":{dropped},\
             \"malformed\":{malformed},\"gaps\":{gaps}"
        )
        .into_bytes();
        line.extend_from_slice(&end[tail..]);
        Some(line)
    }

    /// Returns the `end` record of a type's current file, closed while the run goes on, and begins to count for the next.
    fn end_of_file(&mut self, at: usize, end: Option<&[u8]>) -> Option<Vec<u8>> {
        let one = &mut self.files[at];
        let (counts, records) = (std::mem::take(&mut one.counts), std::mem::take(&mut one.here));
        self.end_of(end, Some(counts), records)
    }

    /// Writes lines of one type.
    fn write_run(&mut self, kind: &str, lines: &[u8]) -> Result<(), Unwritten> {
        let refused = |failure| Unwritten { failure, written: 0 };
        if kind == "gap" {
            return self.gap(lines).map_err(refused);
        }
        let at = self.place(kind, lines).map_err(refused)?;
        let records = memchr::memchr_iter(b'\n', lines).count() as u64;
        let one = &mut self.files[at];
        one.here += records;
        one.total += records;
        one.sink.write(lines)
    }
}

/// Reads the counters of an `end` record.
fn counts_of(end: &[u8]) -> Option<PacketCounts> {
    let end: serde_json::Value = serde_json::from_slice(end).ok()?;
    let number = |key: &str| end[key].as_u64();
    Some(PacketCounts {
        received: number("received")?,
        written: number("written")?,
        filtered: number("filtered")?,
        dropped: number("dropped")?,
        malformed: number("malformed")?,
        gaps: number("gaps")?,
    })
}

/// Returns the type that a line begins with.
fn kind_of(format: Format, line: &[u8]) -> &str {
    let kind = match format {
        Format::Ndjson => line.strip_prefix(b"{\"type\":\"").and_then(|rest| rest.split(|&b| b == b'"').next()),
        Format::Csv => line.split(|&b| b == b',').next(),
    };
    kind.and_then(|kind| std::str::from_utf8(kind).ok()).unwrap_or_default()
}

impl Destination for TypedFiles {
    fn name(&self) -> String {
        self.spec.pattern.clone()
    }

    fn pattern(&self) -> Option<&Pattern> {
        Some(&self.pattern)
    }

    fn boundary(&self) -> Micros {
        self.boundary
    }

    fn wants_rotation(&self, upcoming: usize) -> bool {
        self.upcoming.set(upcoming);
        self.files.iter().any(|one| one.sink.wants_rotation(upcoming))
    }

    fn rotate(&mut self, at: Micros, end_line: Option<&[u8]>) -> Result<(), WriteFailure> {
        self.add_counts(end_line);
        let is_by_size = at < self.boundary;
        for i in 0..self.files.len() {
            if is_by_size && self.files[i].sink.wants_rotation(self.upcoming.get()) {
                let end = self.end_of_file(i, end_line);
                self.files[i].sink.rotate(at, end.as_deref())?;
            } else if !is_by_size {
                let end = self.end_of_file(i, end_line);
                self.files[i].sink.finish(end.as_deref())?;
                self.closed += self.files[i].sink.bytes_written();
            }
        }
        if !is_by_size {
            self.files.clear();
            self.boundary = self.pattern.boundary_after(at);
        }
        Ok(())
    }

    fn write(&mut self, lines: &[u8]) -> Result<(), Unwritten> {
        let format = self.spec.format;
        let mut start = 0;
        while start < lines.len() {
            let kind = kind_of(format, &lines[start..]).to_owned();
            let mut end = start;
            while end < lines.len() && kind_of(format, &lines[end..]) == kind {
                end = memchr::memchr(b'\n', &lines[end..]).map_or(lines.len(), |at| end + at + 1);
                if kind == "gap" {
                    break;
                }
            }
            self.write_run(&kind, &lines[start..end])
                .map_err(|unwritten| Unwritten { written: start + unwritten.written, ..unwritten })?;
            start = end;
        }
        Ok(())
    }

    fn write_gap(&mut self, line: &[u8]) -> Result<bool, WriteFailure> {
        if self.spec.format == Format::Csv {
            self.gap(line)?;
        }
        Ok(self.spec.format == Format::Csv)
    }

    fn tick(&mut self, now: Micros) -> Result<(), WriteFailure> {
        self.files.iter_mut().try_for_each(|one| one.sink.tick(now))
    }

    fn take_notices(&mut self) -> Vec<Notice> {
        self.files.iter_mut().flat_map(|one| one.sink.take_notices()).collect()
    }

    fn reopen(&mut self, end_line: Option<&[u8]>) -> Result<bool, WriteFailure> {
        self.add_counts(end_line);
        for at in 0..self.files.len() {
            let end = self.end_of(end_line, Some(self.files[at].counts), self.files[at].here);
            if self.files[at].sink.reopen(end.as_deref())? {
                (self.files[at].counts, self.files[at].here) = (PacketCounts::default(), 0);
            }
        }
        // The counters of unchanged files continue in `counts`.
        Ok(true)
    }

    fn finish(&mut self, end_line: Option<&[u8]>) -> Result<(), WriteFailure> {
        if !self.held.is_empty() {
            // No record came, so the gaps are written into a file of their own.
            let held = std::mem::take(&mut self.held);
            self.place("gap", &held[0])?;
            for line in &held {
                self.gap_into(0, line)?;
            }
        }
        for at in 0..self.files.len() {
            let end = self.end_of(end_line, end_line.and_then(counts_of), self.files[at].total);
            self.files[at].sink.finish(end.as_deref())?;
        }
        Ok(())
    }

    fn cancel_start(&mut self) {
        self.files.iter_mut().for_each(|one| one.sink.cancel_start());
    }

    fn bytes_written(&self) -> u64 {
        self.closed + self.files.iter().map(|one| one.sink.bytes_written()).sum::<u64>()
    }

    fn lost_lines(&self) -> u64 {
        self.files.iter().map(|one| one.sink.lost_lines()).sum()
    }
}
