//! Builds the index of a master by reading it once, line by line. A damaged line affects only itself.

use super::blocks::{self, BLOCK, Bytes, CONTENT};
use super::{Footer, IndexEntry, ROW_BITS, Source, VERSION, days, fold_into, hash_id, hash_name};
use crate::instruments::layout::{HeaderError, MasterColumns};
use crate::instruments::line::Line;
use crate::instruments::row::{InstrumentKind, MasterRow, Skip, SymbolForm};
use crate::instruments::spec::SpecSegment;
use std::collections::HashSet;
use std::io::{self, Write};

/// Limit in bytes of a line; a longer one is damaged.
const MAX_LINE: usize = u16::MAX as usize;
/// Limit in bytes of a file, which bounds a decompression bomb.
pub const MAX_CSV: u64 = 128 << 20;
/// Bytes read at a time.
const WINDOW: usize = 1 << 18;

/// Number of the section of rows; sections are stored in blocks.
pub const ROWS: u8 = 1;
/// Number of the section of exact names and ids.
pub const EXACT: u8 = 2;
/// Number of the section of the footer.
pub const FOOTER: u8 = 3;

/// Says why a file is not a usable master.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// Its first line is wrong.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The file is larger than any master.
    #[error("it is larger than {} MiB", MAX_CSV >> 20)]
    TooLarge,
    /// The file has only a header.
    #[error("it has no instruments")]
    NoRows,
    /// The last line is incomplete.
    #[error("it is cut off: its last line is not whole")]
    CutOff,
    /// Too many damaged lines.
    #[error("{bad} of its {lines} lines are damaged (more than 1 %)")]
    Damaged {
        /// Number of damaged lines.
        bad: u32,
        /// Number of lines.
        lines: u32,
    },
    /// The index of names could not be built.
    #[error("its names cannot be indexed")]
    Names,
}

/// An index in memory, ready to be written.
#[derive(Debug)]
pub struct Built {
    /// The footer without the source.
    pub footer: Footer,
    entries: Vec<IndexEntry>,
    exact: Vec<u64>,
    names: Vec<u8>,
}

/// Passes every line without its line end to `each`, with the offset of its first byte; `None` for a line that is too
/// long.
pub(in crate::instruments) fn for_each_line<E: From<io::Error>>(
    source: &Bytes,
    mut each: impl FnMut(u64, Option<&[u8]>) -> Result<(), E>,
) -> Result<(), E> {
    let mut buffer = vec![0; WINDOW + MAX_LINE];
    let (mut from, mut filled) = (0u64, 0usize);
    let mut skipping = None;
    loop {
        let read = source.read_at(from + filled as u64, &mut buffer[filled..])?;
        let ended = read == 0;
        filled += read;
        let mut start = 0;
        for at in memchr::memchr_iter(b'\n', &buffer[..filled]) {
            let line = &buffer[start..at];
            match skipping.take() {
                Some(offset) => each(offset, None)?,
                None => {
                    let line = line.strip_suffix(b"\r").unwrap_or(line);
                    each(from + start as u64, Some(line).filter(|line| line.len() <= MAX_LINE))?;
                }
            }
            start = at + 1;
        }
        if ended {
            if start < filled || skipping.is_some() {
                let line = &buffer[start..filled];
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                let is_complete = skipping.is_none() && line.len() <= MAX_LINE;
                each(skipping.unwrap_or(from + start as u64), is_complete.then_some(line))?;
            }
            return Ok(());
        }
        if filled - start > MAX_LINE {
            // The line is too long: skip it, and remember its offset.
            skipping = skipping.or(Some(from + start as u64));
            start = filled;
        }
        buffer.copy_within(start..filled, 0);
        from += start as u64;
        filled -= start;
    }
}

/// Collects what the first reading finds.
struct Reading {
    entries: Vec<IndexEntry>,
    exact: Vec<u64>,
    /// Hash of segment and shortest symbol with the row, to find rows that share one.
    bases: Vec<(u64, u32)>,
    names: Names,
    seen: HashSet<u64>,
    folded: String,
    lines: u32,
    bad: u32,
    ignored: u32,
    undated: u32,
    last_is_bad: bool,
}

/// Holds folded symbols in one buffer.
#[derive(Default)]
struct Names {
    text: String,
    spans: Vec<(u32, u8, u32)>,
}

impl Names {
    fn push(&mut self, name: &str, row: u32) {
        let start = self.text.len();
        fold_into(name, &mut self.text);
        match (u32::try_from(start), u8::try_from(self.text.len() - start)) {
            (Ok(start), Ok(len)) if len > 0 => self.spans.push((start, len, row)),
            // Longer than any symbol: it is found exactly, but never suggested.
            _ => self.text.truncate(start),
        }
    }

    fn get(&self, span: (u32, u8, u32)) -> &[u8] {
        let start = span.0 as usize;
        self.text.as_bytes().get(start..start + usize::from(span.1)).unwrap_or_default()
    }
}

/// Reads a master and builds its index.
///
/// # Errors
/// Says why the file is no master.
pub fn build(source: &Bytes) -> Result<Built, BuildError> {
    let csv_len = source.size()?;
    if csv_len > MAX_CSV {
        return Err(BuildError::TooLarge);
    }
    let mut columns = None;
    let mut header = (0u32, 0u32);
    let mut crc = 0;
    let estimate = usize::try_from(csv_len / 125).unwrap_or(0);
    let mut split = Line::default();
    let mut reading = Reading {
        entries: Vec::with_capacity(estimate),
        exact: Vec::with_capacity(estimate * 4),
        bases: Vec::with_capacity(estimate),
        names: Names { text: String::with_capacity(estimate * 24), spans: Vec::with_capacity(estimate) },
        seen: HashSet::with_capacity(estimate),
        folded: String::new(),
        lines: 0,
        bad: 0,
        ignored: 0,
        undated: 0,
        last_is_bad: false,
    };
    for_each_line(source, |offset, line| {
        match &columns {
            None => {
                let line = line.ok_or(HeaderError::Unknown)?;
                columns = Some(MasterColumns::of(line)?);
                header = (u32::try_from(line.len()).unwrap_or(0), crc32fast::hash(line));
            }
            Some(columns) => reading.line(columns, &mut split, offset, line),
        }
        Ok::<(), BuildError>(())
    })?;
    let columns = columns.ok_or(HeaderError::Empty)?;
    if csv_len > 0 {
        crc = source.crc(csv_len)?;
    }
    if reading.last_is_bad {
        return Err(BuildError::CutOff);
    }
    if reading.entries.is_empty() {
        return Err(BuildError::NoRows);
    }
    if u64::from(reading.bad) * 100 > u64::from(reading.lines) {
        return Err(BuildError::Damaged { bad: reading.bad, lines: reading.lines });
    }
    reading.seen = HashSet::new();
    reading.make_unique(source, &columns)?;
    let Reading { entries, mut exact, names, bad, ignored, undated, .. } = reading;
    exact.sort_unstable();
    exact.dedup();
    let names = automaton(names, &entries)?;
    let mut segments = [0; 9];
    for entry in &entries {
        segments[usize::from(entry.segment)] += 1;
    }
    let count = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
    let footer = Footer {
        version: VERSION,
        layout: columns.layout,
        csv_len,
        csv_crc: crc,
        header_len: header.0,
        header_crc: header.1,
        rows: count(entries.len()),
        bad,
        ignored,
        undated,
        segments,
        exact: count(exact.len()),
        directory: (0, 0),
        names: (count(names.len()), crc32fast::hash(&names)),
        source: Source::default(),
    };
    Ok(Built { footer, entries, exact, names })
}

impl Reading {
    fn line(&mut self, columns: &MasterColumns, split: &mut Line, offset: u64, line: Option<&[u8]>) {
        if line.is_some_and(|line| line.trim_ascii().is_empty()) {
            return;
        }
        self.lines += 1;
        match self.row(columns, split, offset, line) {
            Ok(()) => self.last_is_bad = false,
            Err(Skip::UnknownSegment) => {
                self.ignored += 1;
                self.last_is_bad = false;
            }
            Err(Skip::Expiry) => {
                self.undated += 1;
                self.last_is_bad = false;
            }
            Err(Skip::Duplicate) => {
                self.bad += 1;
                self.last_is_bad = false;
            }
            Err(Skip::Bad) => {
                self.bad += 1;
                self.last_is_bad = true;
            }
        }
    }

    fn row(&mut self, columns: &MasterColumns, split: &mut Line, offset: u64, line: Option<&[u8]>) -> Result<(), Skip> {
        let line = line.ok_or(Skip::Bad)?;
        let row = MasterRow::parse(columns, split.split(line).ok_or(Skip::Bad)?)?;
        let segment = SpecSegment::ALL.iter().position(|&segment| segment == row.segment);
        let segment = segment.and_then(|at| u8::try_from(at).ok()).ok_or(Skip::UnknownSegment)?;
        let number = u32::try_from(self.entries.len()).ok().filter(|row| row >> ROW_BITS == 0).ok_or(Skip::Bad)?;
        let id = hash_id(segment, row.id);
        if !self.seen.insert(id) {
            // The first of two lines with the same id counts.
            return Err(Skip::Duplicate);
        }
        self.entries.push(IndexEntry {
            offset: u32::try_from(offset).map_err(|_| Skip::Bad)?,
            len: u16::try_from(line.len()).map_err(|_| Skip::Bad)?,
            crc: crc32fast::hash(line),
            id: row.id,
            segment,
            kind: row.kind,
            form: SymbolForm::Base,
            expiry: row.expiry.and_then(|date| u16::try_from(days(date)).ok()).unwrap_or(0),
        });
        self.exact.push(exact(id, number));
        if let Some(base) = row.base() {
            let hash = self.add_name(&base, number);
            self.bases.push((hash ^ u64::from(segment).wrapping_mul(0x9e37_79b9_7f4a_7c15), number));
            self.names.push(&base, number);
            if let Some(trading) = row.trading().filter(|trading| *trading != base) {
                self.add_name(&trading, number);
            }
        }
        if let Some(display) = row.display() {
            self.add_name(&display, number);
            if !row.kind.is_contract() {
                self.names.push(&display, number);
            }
        }
        if let Some(series) = row.with_series() {
            self.add_name(&series, number);
        }
        Ok(())
    }

    fn add_name(&mut self, name: &str, row: u32) -> u64 {
        self.folded.clear();
        fold_into(name, &mut self.folded);
        let hash = hash_name(&self.folded);
        self.exact.push(exact(hash, row));
        hash
    }

    /// Gives every row the shortest symbol that is unique in its segment.
    fn make_unique(&mut self, source: &Bytes, columns: &MasterColumns) -> Result<(), BuildError> {
        let mut bases = std::mem::take(&mut self.bases);
        bases.sort_unstable();
        // Symbols longer than their shortest form: row, segment, symbol.
        let mut longer: Vec<(u32, u8, String)> = Vec::new();
        for group in bases.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
            let mut rows = Vec::with_capacity(group.len());
            for &(_, number) in group {
                rows.push((number, self.reread(source, columns, number)?));
            }
            let regular = rows.iter().filter(|(_, known)| known.series.as_deref() == Some("EQ")).count() == 1;
            for (number, known) in &rows {
                let form = match known.series.as_deref() {
                    Some("EQ") if regular => continue,
                    Some(series) if known.kind == InstrumentKind::Cash => {
                        let twins = rows.iter().filter(|(_, other)| other.series.as_deref() == Some(series)).count();
                        if twins > 1 { SymbolForm::SeriesId } else { SymbolForm::Series }
                    }
                    _ => SymbolForm::Id,
                };
                let Some(entry) = self.entries.get_mut(*number as usize) else { continue };
                entry.form = form;
                longer.push((*number, entry.segment, known.symbol(form)));
            }
        }
        // A longer form may be another row's shortest one; then the id makes it unique.
        let mut taken: HashSet<u64> = HashSet::new();
        for (number, segment, mut symbol) in longer {
            let key = |symbol: &str| {
                hash_name(&super::folded(symbol)) ^ u64::from(segment).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            };
            let shared = |key: u64| bases.binary_search_by(|probe| probe.0.cmp(&key)).is_ok();
            if shared(key(&symbol)) || taken.contains(&key(&symbol)) {
                let known = self.reread(source, columns, number)?;
                let form = if known.series.is_some() { SymbolForm::SeriesId } else { SymbolForm::Id };
                symbol = known.symbol(form);
                if let Some(entry) = self.entries.get_mut(number as usize) {
                    entry.form = form;
                }
            }
            taken.insert(key(&symbol));
            self.add_name(&symbol, number);
            self.names.push(&symbol, number);
        }
        Ok(())
    }

    fn reread(&self, source: &Bytes, columns: &MasterColumns, row: u32) -> Result<Known, BuildError> {
        let entry = self.entries.get(row as usize).ok_or(BuildError::Names)?;
        let mut line = vec![0; usize::from(entry.len)];
        source.read_exact_at(u64::from(entry.offset), &mut line)?;
        let mut split = Line::default();
        let fields = split.split(&line).ok_or(BuildError::Names)?;
        let row = MasterRow::parse(columns, fields).map_err(|_| BuildError::Names)?;
        Ok(Known {
            symbols: [SymbolForm::Base, SymbolForm::Series, SymbolForm::Id, SymbolForm::SeriesId]
                .map(|form| row.symbol(form).unwrap_or_default().into_owned()),
            series: row.series().map(str::to_owned),
            kind: row.kind,
        })
    }
}

/// A row that shares its shortest symbol.
struct Known {
    symbols: [String; 4],
    series: Option<String>,
    kind: InstrumentKind,
}

impl Known {
    fn symbol(&self, form: SymbolForm) -> String {
        self.symbols[form as usize].clone()
    }
}

/// Combines a hash and its row into a number that sorts by hash.
fn exact(hash: u64, row: u32) -> u64 {
    (hash >> ROW_BITS << ROW_BITS) | u64::from(row)
}

/// Builds the automaton of all names. Of rows that share a name it keeps one that can be streamed.
fn automaton(mut names: Names, entries: &[IndexEntry]) -> Result<Vec<u8>, BuildError> {
    let mut spans = std::mem::take(&mut names.spans);
    let is_streamed = |row: u32| entries.get(row as usize).is_some_and(|entry| entry.segment().feed().is_some());
    let rank = |span: (u32, u8, u32)| (!is_streamed(span.2), span.2);
    spans.sort_unstable_by(|&a, &b| names.get(a).cmp(names.get(b)).then_with(|| rank(a).cmp(&rank(b))));
    spans.dedup_by(|a, b| names.get(*a) == names.get(*b));
    let mut builder = fst::MapBuilder::memory();
    for span in spans {
        builder.insert(names.get(span), u64::from(span.2)).map_err(|_| BuildError::Names)?;
    }
    builder.into_inner().map_err(|_| BuildError::Names)
}

impl Built {
    /// Writes the index: sections, then the footer twice.
    ///
    /// # Errors
    /// Returns the operating system's error.
    pub fn write(&self, out: &mut impl Write, source: &Source) -> io::Result<()> {
        let stamp = self.footer.csv_crc;
        blocks::write(out, stamp, ROWS, self.entries.iter().map(|entry| entry.to_bytes()))?;
        blocks::write(out, stamp, EXACT, self.exact.iter().map(|entry| entry.to_le_bytes()))?;
        let per_block = CONTENT / super::EXACT_SIZE;
        let directory: Vec<u8> = self.exact.iter().step_by(per_block).flat_map(|first| first.to_le_bytes()).collect();
        out.write_all(&directory)?;
        out.write_all(&self.names)?;
        let mut footer = self.footer.clone();
        footer.directory = (u32::try_from(directory.len()).unwrap_or(u32::MAX), crc32fast::hash(&directory));
        footer.source = source.clone();
        let mut text = serde_json::to_vec(&footer)?;
        if text.len() > CONTENT {
            footer.source = Source::default();
            text = serde_json::to_vec(&footer)?;
        }
        text.resize(CONTENT, b' ');
        let sum = blocks::checksum(&text, 0, FOOTER, 0);
        text.extend(sum.to_le_bytes());
        debug_assert_eq!(text.len(), BLOCK);
        out.write_all(&text)?;
        out.write_all(&text)
    }
}
