//! Answers queries on an instrument master: the CSV with its index, with every answer checked.

use super::index::{self, Bytes, Footer, IndexEntry, blocks, build};
use super::layout::MasterColumns;
use super::line::Line;
use super::row::{MasterRow, Skip};
use super::spec::{Name, SpecSegment};
use super::store::open_regular;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// Says why a master cannot answer.
#[derive(Debug, thiserror::Error)]
pub enum MasterError {
    /// A checksum is wrong: the data is not what was written.
    #[error("it is damaged ({0})")]
    Damaged(&'static str),
    /// The index was written by another version of the program.
    #[error("its index is of another version")]
    OtherVersion,
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Io(io::Error),
}

impl From<io::Error> for MasterError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => MasterError::Damaged("it is too short"),
            _ => MasterError::Io(error),
        }
    }
}

/// Says how a name names a row, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameLevel {
    /// By our symbol.
    Ours,
    /// By the master's trading symbol, or that with its series or full expiry.
    Master,
    /// By the display name.
    Display,
}

/// A row that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its number in the file.
    pub number: u32,
    /// Its index entry.
    pub entry: IndexEntry,
    /// The line, split into fields.
    pub line: Line,
}

impl Found {
    /// Returns the row with typed fields.
    ///
    /// # Errors
    /// Fails if the line is not the indexed one.
    pub fn row<'a>(&'a self, columns: &'a MasterColumns) -> Result<MasterRow<'a>, MasterError> {
        MasterRow::parse(columns, self.line.fields()).map_err(|_: Skip| MasterError::Damaged("a line"))
    }
}

/// Blocks by section and number.
type Blocks = HashMap<(u8, usize), Arc<[u8]>>;

/// Maximum number of cached blocks (one mebibyte): listing thousands of instruments touches nearly every block, and a
/// block that is needed again is in the kernel's cache.
const KEPT: usize = 256;

/// A master with its index.
#[derive(Debug)]
pub struct Master {
    csv: Arc<Bytes>,
    index: Arc<Bytes>,
    /// Offset of the index in `index`.
    base: u64,
    footer: Footer,
    columns: MasterColumns,
    /// Blocks that were read and are valid.
    cache: RefCell<Blocks>,
    directory: RefCell<Option<Arc<[u64]>>>,
}

/// Reads the footer of a file whose index follows the CSV. The CSV and the index themselves are not checked.
///
/// # Errors
/// Fails if both copies are damaged or of another version.
pub fn footer(bytes: &Bytes) -> Result<Footer, MasterError> {
    let len = bytes.size()?;
    let start = len.checked_sub(2 * blocks::BLOCK as u64).ok_or(MasterError::Damaged("it is too short"))?;
    let mut both = [0; 2 * blocks::BLOCK];
    bytes.read_exact_at(start, &mut both)?;
    for block in both.chunks_exact(blocks::BLOCK) {
        if let Some(content) = blocks::content(block, 0, build::FOOTER, 0) {
            // Additional or missing fields mean another version, not damage.
            return match serde_json::from_slice::<Footer>(content) {
                Ok(footer) if footer.version == index::VERSION => Ok(footer),
                _ => Err(MasterError::OtherVersion),
            };
        }
    }
    Err(MasterError::Damaged("its footer"))
}

impl Master {
    /// Opens a file that [`build::Built::write`] completed.
    ///
    /// # Errors
    /// Fails if it is missing, damaged or of another version.
    pub fn open(path: &Path) -> Result<Master, MasterError> {
        let file = open_regular(path, File::options().read(true)).map_err(MasterError::Io)?;
        Master::from_bytes(Arc::new(Bytes::File(file)))
    }

    /// Opens the CSV and the index behind it.
    ///
    /// # Errors
    /// The same as [`Master::open`].
    pub fn from_bytes(bytes: Arc<Bytes>) -> Result<Master, MasterError> {
        let footer = footer(&bytes)?;
        let base = footer.csv_len;
        if base.checked_add(index_len(&footer)) != Some(bytes.size()?) {
            return Err(MasterError::Damaged("its length"));
        }
        Master::new(Arc::clone(&bytes), bytes, base, footer)
    }

    /// Opens a CSV of the user's with an index in memory.
    ///
    /// # Errors
    /// Fails if it cannot be read, or changed since it was indexed.
    pub fn from_parts(csv: Arc<Bytes>, built: &build::Built) -> Result<Master, MasterError> {
        let mut index = Vec::new();
        built.write(&mut index, &index::Source::default())?;
        let index = Bytes::Memory(index);
        let footer = footer(&index)?;
        Master::new(csv, Arc::new(index), 0, footer)
    }

    fn new(csv: Arc<Bytes>, index: Arc<Bytes>, base: u64, footer: Footer) -> Result<Master, MasterError> {
        if u64::from(footer.header_len) > footer.csv_len {
            return Err(MasterError::Damaged("its first line"));
        }
        let mut header = vec![0; footer.header_len as usize];
        csv.read_exact_at(0, &mut header)?;
        if crc32fast::hash(&header) != footer.header_crc {
            return Err(MasterError::Damaged("its first line"));
        }
        let columns = MasterColumns::of(&header).map_err(|_| MasterError::Damaged("its first line"))?;
        Ok(Master { csv, index, base, footer, columns, cache: RefCell::default(), directory: RefCell::default() })
    }

    /// Returns the footer.
    pub fn footer(&self) -> &Footer {
        &self.footer
    }

    /// Returns the column numbers.
    pub fn columns(&self) -> &MasterColumns {
        &self.columns
    }

    /// Checks the complete CSV and the index of its lines, so that a following scan cannot fail half-way.
    ///
    /// # Errors
    /// Fails if a checksum is wrong.
    pub fn verify(&self) -> Result<(), MasterError> {
        if self.csv.crc(self.footer.csv_len)? != self.footer.csv_crc {
            return Err(MasterError::Damaged("its lines"));
        }
        let per_block = blocks::CONTENT / index::ENTRY_SIZE;
        for number in 0..blocks::blocks_of(self.footer.rows as usize, index::ENTRY_SIZE) {
            self.block(build::ROWS, number)?;
        }
        debug_assert!(per_block > 0);
        Ok(())
    }

    fn section(&self, section: u8) -> u64 {
        let rows = blocks::blocks_of(self.footer.rows as usize, index::ENTRY_SIZE) * blocks::BLOCK;
        let exact = blocks::blocks_of(self.footer.exact as usize, index::EXACT_SIZE) * blocks::BLOCK;
        self.base
            + match section {
                build::ROWS => 0,
                build::EXACT => rows as u64,
                _ => (rows + exact) as u64,
            }
    }

    fn block(&self, section: u8, number: usize) -> Result<Arc<[u8]>, MasterError> {
        if let Some(block) = self.cache.borrow().get(&(section, number)) {
            return Ok(Arc::clone(block));
        }
        let mut block = [0; blocks::BLOCK];
        self.index.read_exact_at(self.section(section) + (number * blocks::BLOCK) as u64, &mut block)?;
        let content = blocks::content(&block, self.footer.csv_crc, section, number);
        let content: Arc<[u8]> = content.ok_or(MasterError::Damaged("its index"))?.into();
        let mut cache = self.cache.borrow_mut();
        if cache.len() >= KEPT {
            cache.clear();
        }
        cache.insert((section, number), Arc::clone(&content));
        Ok(content)
    }

    /// Returns the index entry of a row.
    ///
    /// # Errors
    /// Fails if a checksum is wrong.
    pub fn entry(&self, row: u32) -> Result<IndexEntry, MasterError> {
        let per_block = blocks::CONTENT / index::ENTRY_SIZE;
        let row = row as usize;
        if row >= self.footer.rows as usize {
            return Err(MasterError::Damaged("its index"));
        }
        let block = self.block(build::ROWS, row / per_block)?;
        let at = row % per_block * index::ENTRY_SIZE;
        let bytes = block.get(at..).and_then(|rest| rest.first_chunk());
        bytes.and_then(IndexEntry::from_bytes).ok_or(MasterError::Damaged("its index"))
    }

    /// Returns a row with its line checked.
    ///
    /// # Errors
    /// Fails if a checksum is wrong.
    pub fn found(&self, number: u32) -> Result<Found, MasterError> {
        let entry = self.entry(number)?;
        let mut line = vec![0; usize::from(entry.len)];
        self.csv.read_exact_at(u64::from(entry.offset), &mut line)?;
        if crc32fast::hash(&line) != entry.crc {
            return Err(MasterError::Damaged("a line"));
        }
        let mut split = Line::default();
        split.split(&line).ok_or(MasterError::Damaged("a line"))?;
        Ok(Found { number, entry, line: split })
    }

    fn directory(&self) -> Result<Arc<[u64]>, MasterError> {
        if let Some(directory) = &*self.directory.borrow() {
            return Ok(Arc::clone(directory));
        }
        let (len, crc) = self.footer.directory;
        let mut bytes = vec![0; len as usize];
        self.index.read_exact_at(self.section(0), &mut bytes)?;
        if crc32fast::hash(&bytes) != crc {
            return Err(MasterError::Damaged("its directory"));
        }
        let firsts = bytes.chunks_exact(index::EXACT_SIZE).filter_map(|first| first.first_chunk());
        let directory: Arc<[u64]> = firsts.map(|first| u64::from_le_bytes(*first)).collect();
        *self.directory.borrow_mut() = Some(Arc::clone(&directory));
        Ok(directory)
    }

    /// Returns the rows whose name or id may have this hash, in the order of the file.
    fn hashed(&self, hash: u64) -> Result<Vec<u32>, MasterError> {
        let low = hash >> index::ROW_BITS << index::ROW_BITS;
        let high = low | ((1 << index::ROW_BITS) - 1);
        let directory = self.directory()?;
        let first = directory.partition_point(|&first| first < low).saturating_sub(1);
        let mut rows = Vec::new();
        let per_block = blocks::CONTENT / index::EXACT_SIZE;
        let mut remaining = (self.footer.exact as usize).saturating_sub(first * per_block);
        for number in first..directory.len() {
            if directory.get(number).is_some_and(|&first| first > high) {
                break;
            }
            let block = self.block(build::EXACT, number)?;
            let items = block.chunks_exact(index::EXACT_SIZE).take(remaining.min(per_block));
            remaining = remaining.saturating_sub(per_block);
            for item in items.filter_map(|item| item.first_chunk()).map(|item| u64::from_le_bytes(*item)) {
                if (low..=high).contains(&item) {
                    rows.push(u32::try_from(item & ((1 << index::ROW_BITS) - 1)).unwrap_or(u32::MAX));
                }
            }
        }
        Ok(rows)
    }

    /// Returns the row of a key.
    ///
    /// # Errors
    /// Fails if a checksum is wrong.
    pub fn by_id(&self, segment: SpecSegment, id: u32) -> Result<Option<Found>, MasterError> {
        let number = SpecSegment::ALL.iter().position(|&known| known == segment);
        let number = number.and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX);
        for row in self.hashed(index::hash_id(number, id))? {
            let entry = self.entry(row)?;
            if (entry.segment, entry.id) == (number, id) {
                return self.found(row).map(Some);
            }
        }
        Ok(None)
    }

    /// Returns every row that this text names, including expired ones, in the order of the file.
    ///
    /// # Errors
    /// Fails if a checksum is wrong.
    pub fn by_name(&self, name: &str) -> Result<Vec<(NameLevel, Found)>, MasterError> {
        let folded = index::folded(name);
        let mut all = Vec::new();
        for number in self.hashed(index::hash_name(&folded))? {
            let found = self.found(number)?;
            if let Some(level) = level(&found.row(&self.columns)?, found.entry, &folded) {
                all.push((level, found));
            }
        }
        Ok(all)
    }

    /// Returns every row that a name or an id in a segment names.
    ///
    /// # Errors
    /// Fails if a checksum is wrong.
    pub fn named(&self, segment: Option<SpecSegment>, name: &Name) -> Result<Vec<(NameLevel, Found)>, MasterError> {
        match (segment, name) {
            (Some(segment), Name::Id(id)) => {
                Ok(self.by_id(segment, *id)?.map(|found| (NameLevel::Ours, found)).into_iter().collect())
            }
            (None, Name::Id(_)) => Ok(Vec::new()),
            (segment, Name::Symbol(symbol)) => {
                let mut all = self.by_name(symbol)?;
                all.retain(|(_, found)| segment.is_none_or(|segment| found.entry.segment() == segment));
                Ok(all)
            }
        }
    }

    /// Returns the automaton of all names.
    ///
    /// # Errors
    /// Fails if a checksum is wrong.
    pub fn names(&self) -> Result<fst::Map<Vec<u8>>, MasterError> {
        let (len, crc) = self.footer.names;
        let mut bytes = vec![0; len as usize];
        self.index.read_exact_at(self.section(0) + u64::from(self.footer.directory.0), &mut bytes)?;
        if crc32fast::hash(&bytes) != crc {
            return Err(MasterError::Damaged("its names"));
        }
        fst::Map::new(bytes).map_err(|_| MasterError::Damaged("its names"))
    }

    /// Passes every row to `each`, in the order of the file. `wanted` checks the raw line first and can skip it
    /// cheaply.
    ///
    /// # Errors
    /// Fails if a checksum is wrong (after [`Master::verify`] only if the file changed meanwhile), or with an error
    /// of `each`.
    pub fn scan<E: From<MasterError>>(
        &self,
        mut wanted: impl FnMut(&IndexEntry, &[u8]) -> bool,
        mut each: impl FnMut(u32, IndexEntry, &MasterRow<'_>) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        const WINDOW: usize = 1 << 20;
        let (mut window, mut split) = (Vec::new(), Line::default());
        let mut from = 0u64;
        for number in 0..self.footer.rows {
            let entry = self.entry(number)?;
            let (start, len) = (u64::from(entry.offset), usize::from(entry.len));
            if start < from || start + len as u64 > from + window.len() as u64 {
                let remaining = self.footer.csv_len.saturating_sub(start);
                window.resize(usize::try_from(remaining).unwrap_or(WINDOW).min(WINDOW), 0);
                self.csv.read_exact_at(start, &mut window).map_err(MasterError::from)?;
                from = start;
            }
            let at = usize::try_from(start - from).unwrap_or(usize::MAX);
            let line = window.get(at..).and_then(|rest| rest.get(..len)).ok_or(MasterError::Damaged("its index"))?;
            if crc32fast::hash(line) != entry.crc {
                return Err(MasterError::Damaged("a line").into());
            }
            if !wanted(&entry, line) {
                continue;
            }
            let fields = split.split(line).ok_or(MasterError::Damaged("a line"))?;
            let row = MasterRow::parse(&self.columns, fields).map_err(|_: Skip| MasterError::Damaged("a line"))?;
            if each(number, entry, &row)?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// Returns the length of the index in bytes, including the footers.
fn index_len(footer: &Footer) -> u64 {
    let rows = blocks::blocks_of(footer.rows as usize, index::ENTRY_SIZE);
    let exact = blocks::blocks_of(footer.exact as usize, index::EXACT_SIZE);
    ((rows + exact + 2) * blocks::BLOCK) as u64 + u64::from(footer.directory.0) + u64::from(footer.names.0)
}

/// Returns how a folded name names a row, if it does.
fn level(row: &MasterRow<'_>, entry: IndexEntry, folded: &str) -> Option<NameLevel> {
    let is = |name: Option<&str>| name.is_some_and(|name| index::folded(name) == folded);
    if is(row.symbol(entry.form).as_deref()) {
        Some(NameLevel::Ours)
    } else if is(row.trading().as_deref()) || is(row.base().as_deref()) || is(row.with_series().as_deref()) {
        Some(NameLevel::Master)
    } else if is(row.display().as_deref()) {
        Some(NameLevel::Display)
    } else {
        None
    }
}

#[cfg(test)]
pub(in crate::instruments) mod tests;
