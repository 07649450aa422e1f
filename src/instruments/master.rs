//! An instrument master that can be asked: the CSV with its index, every answer checked.

use super::index::{self, Bytes, Entry, Footer, blocks, build};
use super::layout::{Columns, plain};
use super::row::{Row, Skip};
use super::spec::{Name, SpecSegment};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// Why a master cannot answer.
#[derive(Debug, thiserror::Error)]
pub enum MasterError {
    /// A checksum is wrong: what is here is not what was written.
    #[error("it is damaged ({0})")]
    Damaged(&'static str),
    /// Written by another version of the program.
    #[error("its index is of another version")]
    OtherVersion,
    /// It cannot be read.
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

/// How a name names a row, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It is our symbol.
    Ours,
    /// It is the master's trading symbol, or that with its series or full expiry.
    Master,
    /// It is the display name.
    Display,
}

/// A row that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its number in the file.
    pub number: u32,
    /// What the index knows of it.
    pub entry: Entry,
    /// The line, ready to be typed.
    pub line: String,
}

impl Found {
    /// The row, typed.
    ///
    /// # Errors
    /// The line is not what was indexed.
    pub fn row<'a>(&'a self, columns: &'a Columns) -> Result<Row<'a>, MasterError> {
        Row::parse(columns, &self.line).map_err(|_: Skip| MasterError::Damaged("a line"))
    }
}

/// Blocks by section and number.
type Blocks = HashMap<(u8, usize), Arc<[u8]>>;

/// A master that can be asked.
#[derive(Debug)]
pub struct Master {
    csv: Arc<Bytes>,
    index: Arc<Bytes>,
    /// Where the index begins in `index`.
    base: u64,
    footer: Footer,
    columns: Columns,
    /// Blocks that were read and are right.
    cache: RefCell<Blocks>,
    directory: RefCell<Option<Arc<[u64]>>>,
}

/// Reads the footer of a file whose index lies behind the CSV; the CSV and the index themselves are not checked.
///
/// # Errors
/// Both copies are damaged, or of another version.
pub fn footer(bytes: &Bytes) -> Result<Footer, MasterError> {
    let len = bytes.len()?;
    let start = len.checked_sub(2 * blocks::BLOCK as u64).ok_or(MasterError::Damaged("it is too short"))?;
    let mut both = [0; 2 * blocks::BLOCK];
    bytes.read_exact_at(start, &mut both)?;
    for block in both.chunks_exact(blocks::BLOCK) {
        if let Some(content) = blocks::content(block, 0, build::FOOTER, 0) {
            // Fields that another version has or lacks are no damage.
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
    /// It is not there, damaged, or of another version.
    pub fn open(path: &Path) -> Result<Master, MasterError> {
        Master::from_bytes(Arc::new(Bytes::File(File::open(path).map_err(MasterError::Io)?)))
    }

    /// Opens the CSV and the index behind it.
    ///
    /// # Errors
    /// As [`Master::open`].
    pub fn from_bytes(bytes: Arc<Bytes>) -> Result<Master, MasterError> {
        let footer = footer(&bytes)?;
        let base = footer.csv_len;
        if bytes.len()? != base + index_len(&footer) {
            return Err(MasterError::Damaged("its length"));
        }
        Master::new(Arc::clone(&bytes), bytes, base, footer)
    }

    /// A CSV of the user's, with an index made in memory.
    ///
    /// # Errors
    /// It cannot be read, or changed since it was indexed.
    pub fn from_parts(csv: Arc<Bytes>, built: &build::Built) -> Result<Master, MasterError> {
        let mut index = Vec::new();
        built.write(&mut index, &index::Source::default())?;
        let index = Bytes::Memory(index);
        let footer = footer(&index)?;
        Master::new(csv, Arc::new(index), 0, footer)
    }

    fn new(csv: Arc<Bytes>, index: Arc<Bytes>, base: u64, footer: Footer) -> Result<Master, MasterError> {
        let mut header = vec![0; footer.header_len as usize];
        csv.read_exact_at(0, &mut header)?;
        if crc32fast::hash(&header) != footer.header_crc {
            return Err(MasterError::Damaged("its first line"));
        }
        let columns = Columns::of(&header).map_err(|_| MasterError::Damaged("its first line"))?;
        Ok(Master { csv, index, base, footer, columns, cache: RefCell::default(), directory: RefCell::default() })
    }

    /// What is known of the file.
    pub fn footer(&self) -> &Footer {
        &self.footer
    }

    /// Where its columns are.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Checks the whole CSV and the index of its lines, so that a scan afterwards cannot fail half-way.
    ///
    /// # Errors
    /// A checksum is wrong.
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
        self.cache.borrow_mut().insert((section, number), Arc::clone(&content));
        Ok(content)
    }

    /// What the index knows of a row.
    ///
    /// # Errors
    /// A checksum is wrong.
    pub fn entry(&self, row: u32) -> Result<Entry, MasterError> {
        let per_block = blocks::CONTENT / index::ENTRY_SIZE;
        let row = row as usize;
        if row >= self.footer.rows as usize {
            return Err(MasterError::Damaged("its index"));
        }
        let block = self.block(build::ROWS, row / per_block)?;
        let at = row % per_block * index::ENTRY_SIZE;
        let bytes = block.get(at..).and_then(|rest| rest.first_chunk());
        bytes.and_then(Entry::from_bytes).ok_or(MasterError::Damaged("its index"))
    }

    /// A row, with its line checked.
    ///
    /// # Errors
    /// A checksum is wrong.
    pub fn found(&self, number: u32) -> Result<Found, MasterError> {
        let entry = self.entry(number)?;
        let mut line = vec![0; usize::from(entry.len)];
        self.csv.read_exact_at(u64::from(entry.offset), &mut line)?;
        if crc32fast::hash(&line) != entry.crc {
            return Err(MasterError::Damaged("a line"));
        }
        let line = plain(&line).ok_or(MasterError::Damaged("a line"))?.into_owned();
        Ok(Found { number, entry, line })
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

    /// Rows whose name or id may have this hash, in the order of the file.
    fn hashed(&self, hash: u64) -> Result<Vec<u32>, MasterError> {
        let low = hash >> index::ROW_BITS << index::ROW_BITS;
        let high = low | ((1 << index::ROW_BITS) - 1);
        let directory = self.directory()?;
        let first = directory.partition_point(|&first| first < low).saturating_sub(1);
        let mut rows = Vec::new();
        let per_block = blocks::CONTENT / index::EXACT_SIZE;
        let mut left = (self.footer.exact as usize).saturating_sub(first * per_block);
        for number in first..directory.len() {
            if directory.get(number).is_some_and(|&first| first > high) {
                break;
            }
            let block = self.block(build::EXACT, number)?;
            let items = block.chunks_exact(index::EXACT_SIZE).take(left.min(per_block));
            left = left.saturating_sub(per_block);
            for item in items.filter_map(|item| item.first_chunk()).map(|item| u64::from_le_bytes(*item)) {
                if (low..=high).contains(&item) {
                    rows.push(u32::try_from(item & ((1 << index::ROW_BITS) - 1)).unwrap_or(u32::MAX));
                }
            }
        }
        Ok(rows)
    }

    /// The row of a key.
    ///
    /// # Errors
    /// A checksum is wrong.
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

    /// Every row that this text names, expired ones too, in the order of the file.
    ///
    /// # Errors
    /// A checksum is wrong.
    pub fn by_name(&self, name: &str) -> Result<Vec<(Level, Found)>, MasterError> {
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

    /// Every row that a name or an id in a segment names.
    ///
    /// # Errors
    /// A checksum is wrong.
    pub fn named(&self, segment: Option<SpecSegment>, name: &Name) -> Result<Vec<(Level, Found)>, MasterError> {
        match (segment, name) {
            (Some(segment), Name::Id(id)) => {
                Ok(self.by_id(segment, *id)?.map(|found| (Level::Ours, found)).into_iter().collect())
            }
            (None, Name::Id(_)) => Ok(Vec::new()),
            (segment, Name::Symbol(symbol)) => {
                let mut all = self.by_name(symbol)?;
                all.retain(|(_, found)| segment.is_none_or(|segment| found.entry.segment() == segment));
                Ok(all)
            }
        }
    }

    /// The automaton of all names.
    ///
    /// # Errors
    /// A checksum is wrong.
    pub fn names(&self) -> Result<fst::Map<Vec<u8>>, MasterError> {
        let (len, crc) = self.footer.names;
        let mut bytes = vec![0; len as usize];
        self.index.read_exact_at(self.section(0) + u64::from(self.footer.directory.0), &mut bytes)?;
        if crc32fast::hash(&bytes) != crc {
            return Err(MasterError::Damaged("its names"));
        }
        fst::Map::new(bytes).map_err(|_| MasterError::Damaged("its names"))
    }

    /// Hands every row to `each`, in the order of the file. `wanted` looks at the raw line first and may pass it over cheaply.
    ///
    /// # Errors
    /// A checksum is wrong (after [`Master::verify`] only if the file changed meanwhile), or what `each` answers.
    pub fn scan<E: From<MasterError>>(
        &self,
        mut wanted: impl FnMut(&Entry, &[u8]) -> bool,
        mut each: impl FnMut(u32, Entry, &Row<'_>) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        const WINDOW: usize = 1 << 20;
        let mut window = Vec::new();
        let mut from = 0u64;
        for number in 0..self.footer.rows {
            let entry = self.entry(number)?;
            let (start, len) = (u64::from(entry.offset), usize::from(entry.len));
            if start < from || start + len as u64 > from + window.len() as u64 {
                let left = self.footer.csv_len.saturating_sub(start);
                window.resize(usize::try_from(left).unwrap_or(WINDOW).min(WINDOW), 0);
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
            let text = plain(line).ok_or(MasterError::Damaged("a line"))?;
            let row = Row::parse(&self.columns, &text).map_err(|_: Skip| MasterError::Damaged("a line"))?;
            if each(number, entry, &row)?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// Bytes of the index, footers included.
fn index_len(footer: &Footer) -> u64 {
    let rows = blocks::blocks_of(footer.rows as usize, index::ENTRY_SIZE);
    let exact = blocks::blocks_of(footer.exact as usize, index::EXACT_SIZE);
    ((rows + exact + 2) * blocks::BLOCK) as u64 + u64::from(footer.directory.0) + u64::from(footer.names.0)
}

/// How a folded name names a row, if it does.
fn level(row: &Row<'_>, entry: Entry, folded: &str) -> Option<Level> {
    let is = |name: Option<&str>| name.is_some_and(|name| index::folded(name) == folded);
    if is(row.symbol(entry.form).as_deref()) {
        Some(Level::Ours)
    } else if is(row.trading().as_deref()) || is(row.base().as_deref()) || is(row.with_series().as_deref()) {
        Some(Level::Master)
    } else if is(row.display().as_deref()) {
        Some(Level::Display)
    } else {
        None
    }
}

#[cfg(test)]
pub(in crate::instruments) mod tests {
    use super::*;
    use crate::instruments::index::build;
    use crate::instruments::row::Form;
    use proptest::prelude::*;

    pub(in crate::instruments) const HEADER: &str = "SEM_EXM_EXCH_ID,SEM_SEGMENT,SEM_SMST_SECURITY_ID,SEM_INSTRUMENT_NAME,SEM_EXPIRY_CODE,SEM_TRADING_SYMBOL,SEM_LOT_UNITS,SEM_CUSTOM_SYMBOL,SEM_EXPIRY_DATE,SEM_STRIKE_PRICE,SEM_OPTION_TYPE,SEM_TICK_SIZE,SEM_EXPIRY_FLAG,SEM_EXCH_INSTRUMENT_TYPE,SEM_SERIES,SM_SYMBOL_NAME";

    /// A few lines of every kind, with what makes names hard.
    pub(in crate::instruments) const SMALL: &str = "
BSE,C,1026077,FUTCUR,0,USDINR-28Aug2026-FUT,1.0,USDINR AUG FUT,2026-08-28 14:30:00,-0.01000,XX,0.2500,M,FUTCUR,,USDINR
BSE,E,500325,EQUITY,0,RELIANCE,1.0,Reliance Industries,,,,5.0000,NA,ES,A,RELIANCE INDUSTRIES LTD.
BSE,E,544268,EQUITY,0,METAL,1.0,Mirae Asset Nifty Metal ETF,,,,1.0000,NA,ETF,B,MIRAE
NSE,D,59183,FUTIDX,0,NIFTY-Feb2026-FUT,65.0,NIFTY FEB FUT,2026-02-24 14:30:00,-0.01000,XX,10.0000,M,FUT,,
NSE,D,100,OPTIDX,0,NIFTY-Feb2026-31200-CE,65.0,NIFTY 17 FEB 31200 CALL,2026-02-17 14:30:00,31200.00000,CE,5.0000,W,OP,,
NSE,D,101,OPTIDX,0,NIFTY-Feb2026-31200-CE,65.0,NIFTY 24 FEB 31200 CALL,2026-02-24 14:30:00,31200.00000,CE,5.0000,M,OP,,
NSE,D,102,OPTIDX,0,NIFTY-Feb2026-31200-CE,65.0,NIFTY 03 FEB 31200 CALL,2026-02-03 14:30:00,31200.00000,CE,5.0000,W,OP,,
NSE,D,103,OPTIDX,0,NIFTY-Mar2026-31200-CE,65.0,NIFTY 30 MAR 31200 CALL,2026-03-30 14:30:00,31200.00000,CE,5.0000,M,OP,,
NSE,D,104,OPTSTK,0,M&M-Feb2026-4000-PE,200.0,M&M 24 FEB 4000 PUT,2026-02-24 14:30:00,4000.00000,PE,5.0000,M,OP,,
NSE,E,2885,EQUITY,0,RELIANCE,1.0,Reliance Industries,,,,10.0000,NA,ES,EQ,RELIANCE INDUSTRIES LTD
NSE,E,4204,EQUITY,0,MOTHERSON,1.0,Samvardhana Motherson International,,,,1.0000,NA,ES,EQ,SAMVARDHANA MOTHERSON
NSE,E,25510,EQUITY,0,MOTHERSON,1.0,SMIL-6.5%-20092027-NCD,,,,1.0000,NA,DEB,D1,SMIL
NSE,E,14219,EQUITY,0,IMC1,1.0,IMC-8.25%-20022028-NCD,,,,1.0000,NA,DEB,N1,IMC
NSE,E,14224,EQUITY,0,IMC1,1.0,IMC-8.25%-20022030-NCD,,,,1.0000,NA,DEB,N2,IMC
NSE,E,25744,EQUITY,0,METAL,1.0,Mirae Asset Nifty Metal ETF,,,,1.0000,NA,ETF,EQ,MIRAE
NSE,E,2031,EQUITY,0,M&amp;M,1.0,Mahindra &amp; Mahindra,,,,5.0000,NA,ES,EQ,MAHINDRA &amp; MAHINDRA 
NSE,M,148560,OPTFUT,0,SILVERM-23Oct2026-273000-PE,1.0,SILVERM 23 OCT 273000 PUT,2026-10-23 20:00:00,273000.00000,PE,50.0000,M,OPTFUT,1,SILVERM
NSE,I,13,INDEX,0,NIFTY,1.0,Nifty 50,0001-01-01,,XX,0.0500,,INDEX,X,NIFTY
BSE,I,75,INDEX,0,METAL,1.0,BSE Metals,0001-01-01,,XX,0.0100,,INDEX,X,METAL
BSE,I,99,INDEX,0,CAPINS,1.0,BSE Capital Markets & Insurance,0001-01-01,,XX,0.0100,,INDEX,X,CAPINS
BSE,I,846,INDEX,0,CAPINS,1.0,BSE Capital Goods Industrial Solutions,0001-01-01,,XX,0.0100,,INDEX,X,CAPINS";

    pub(in crate::instruments) fn small() -> Master {
        master(&format!("{HEADER}{SMALL}"))
    }

    pub(in crate::instruments) fn master(csv: &str) -> Master {
        let csv = Bytes::Memory(csv.as_bytes().to_vec());
        let built = build(&csv).unwrap();
        Master::from_parts(Arc::new(csv), &built).unwrap()
    }

    fn ids(master: &Master, name: &str) -> Vec<(Level, u32)> {
        master.by_name(name).unwrap().into_iter().map(|(level, found)| (level, found.entry.id)).collect()
    }

    fn symbol(master: &Master, id: u32) -> String {
        let found = SpecSegment::ALL.iter().find_map(|&segment| master.by_id(segment, id).unwrap()).unwrap();
        found.row(master.columns()).unwrap().symbol(found.entry.form).unwrap().into_owned()
    }

    #[test]
    fn a_name_finds_every_row_that_has_it_and_says_how() {
        let master = small();
        for (name, expected) in [
            ("reliance", vec![(Level::Ours, 500_325), (Level::Ours, 2885)]),
            ("NIFTY", vec![(Level::Ours, 13)]),
            ("Nifty  50", vec![(Level::Display, 13)]),
            ("NIFTY-Feb2026-31200-CE", vec![(Level::Master, 100), (Level::Master, 101), (Level::Master, 102)]),
            ("nifty-24feb2026-31200-ce", vec![(Level::Ours, 101)]),
            ("NIFTY 24 FEB 31200 CALL", vec![(Level::Display, 101)]),
            ("MOTHERSON", vec![(Level::Ours, 4204), (Level::Master, 25510)]),
            ("MOTHERSON-D1", vec![(Level::Ours, 25510)]),
            ("MOTHERSON-EQ", vec![(Level::Master, 4204)]),
            ("M&M", vec![(Level::Ours, 2031)]),
            ("Mahindra & Mahindra", vec![(Level::Display, 2031)]),
            ("CAPINS-99", vec![(Level::Ours, 99)]),
            ("CAPINS", vec![(Level::Master, 99), (Level::Master, 846)]),
            ("NOTHING", vec![]),
        ] {
            assert_eq!(ids(&master, name), expected, "{name}");
        }
    }

    #[test]
    fn symbols_are_unique_in_their_segment_and_as_short_as_that_allows() {
        let master = small();
        for (id, expected) in
            [(2885, "RELIANCE"), (25510, "MOTHERSON-D1"), (14219, "IMC1-N1"), (846, "CAPINS-846"), (2031, "M&M")]
        {
            assert_eq!(symbol(&master, id), expected);
        }
    }

    #[test]
    fn a_symbol_with_its_series_that_is_another_share_gets_its_id() {
        let row = |id, symbol, series| format!("\nNSE,E,{id},EQUITY,0,{symbol},1.0,X{id},,,,1.0000,NA,ES,{series},X");
        let csv = format!(
            "{HEADER}{}{}{}{}{}{}",
            row(1, "ABC", "EQ"),
            row(2, "ABC", "D1"),
            row(3, "ABC-D1", "EQ"),
            row(4, "DEF", "N1"),
            row(5, "DEF", "N1"),
            row(6, "GHI", "")
        );
        let master = master(&csv);
        let symbols: Vec<_> = (1..=6).map(|id| symbol(&master, id)).collect();
        assert_eq!(symbols, ["ABC", "ABC-D1-2", "ABC-D1", "DEF-N1-4", "DEF-N1-5", "GHI"]);
    }

    #[test]
    fn every_row_is_scanned_once_in_order() {
        let master = small();
        master.verify().unwrap();
        let mut ids = Vec::new();
        master
            .scan::<MasterError>(
                |_, _| true,
                |_, _, row| {
                    ids.push(row.id);
                    Ok(ControlFlow::Continue(()))
                },
            )
            .unwrap();
        let expected: Vec<u32> =
            SMALL.trim().lines().map(|line| line.split(',').nth(2).unwrap().parse().unwrap()).collect();
        assert_eq!(ids, expected);
    }

    #[test]
    fn damaged_lines_cost_only_themselves_until_there_are_too_many() {
        let good: String =
            (0..500).map(|id| format!("\r\nNSE,E,{id},EQUITY,0,S{id},1.0,D{id},,,,1.0000,NA,ES,EQ,N")).collect();
        let long = "x".repeat(10 << 20);
        let csv = format!(
            "\u{feff}{HEADER}\r\nNSE,E,nonsense\r\n{long}\r\nNSE,E,900,EQUITY,0,\"A,1.0,D,,,,1.0000,NA,ES,EQ,N\r\n\r\nNSE,E,3,EQUITY,0,AGAIN,1.0,D,,,,1.0000,NA,ES,EQ,N{good}\r\n"
        );
        let bytes = Bytes::Memory(csv.clone().into_bytes());
        let built = build(&bytes).unwrap();
        // The id 3 comes twice; the first one stays.
        assert_eq!((built.footer.rows, built.footer.bad), (500, 4));
        let master = master(&csv);
        assert_eq!(ids(&master, "AGAIN").len() + ids(&master, "S499").len(), 2);
        let worse = csv.replacen("\r\nNSE,E,1", "\r\nNSE,E,y", 5);
        assert!(matches!(build(&Bytes::Memory(worse.into_bytes())), Err(build::BuildError::Damaged { .. })));
    }

    #[test]
    fn a_file_that_is_cut_off_is_refused() {
        let csv = format!("{HEADER}{SMALL}");
        let whole = build(&Bytes::Memory(csv.clone().into_bytes())).unwrap().footer.rows;
        let last = csv.rfind('\n').unwrap();
        for end in 0..csv.len() - 7 {
            let cut = build(&Bytes::Memory(csv.as_bytes()[..end].to_vec()));
            match cut {
                Err(_) => {}
                // Cut at the end of a line, or inside its last field: fewer rows, which the store compares.
                Ok(built) => assert!(built.footer.rows < whole && end < last + 120, "{end}"),
            }
        }
    }

    #[test]
    fn forms_survive_the_index() {
        for form in [Form::Base, Form::Series, Form::Id, Form::SeriesId] {
            assert_eq!(Form::of(form as u8), Some(form));
        }
    }

    fn whole_file() -> Vec<u8> {
        let csv = Bytes::Memory(format!("{HEADER}{SMALL}").into_bytes());
        let built = build(&csv).unwrap();
        let Bytes::Memory(mut bytes) = csv else { unreachable!("it was made of memory") };
        built.write(&mut bytes, &index::Source::default()).unwrap();
        bytes
    }

    /// What a file answers to a few questions; an error is an answer too.
    fn answers(bytes: Vec<u8>) -> Result<Vec<(Level, u32, String)>, MasterError> {
        let master = Master::from_bytes(Arc::new(Bytes::Memory(bytes)))?;
        let mut all = Vec::new();
        for name in ["RELIANCE", "NIFTY", "METAL", "NIFTY-Feb2026-31200-CE", "NOTHING"] {
            all.extend(master.by_name(name)?.into_iter().map(|(level, found)| (level, found.entry.id, found.line)));
        }
        if let Some(found) = master.by_id(SpecSegment::ALL[1], 4204)? {
            all.push((Level::Ours, found.entry.id, found.line));
        }
        let names = master.names()?;
        all.push((Level::Ours, u32::try_from(names.len()).unwrap(), String::new()));
        master.verify()?;
        Ok(all)
    }

    #[test]
    fn any_flipped_bit_is_noticed_or_changes_nothing() {
        let whole = whole_file();
        let right = answers(whole.clone()).unwrap();
        assert_eq!(right.len(), 2 + 1 + 3 + 3 + 1 + 1);
        let mut noticed = 0;
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            match answers(bytes) {
                Ok(all) => assert_eq!(all, right, "byte {at}"),
                Err(_) => noticed += 1,
            }
        }
        // All but the second copy of the footer is looked at by these questions.
        assert!(noticed >= whole.len() - 2 * blocks::BLOCK, "{noticed} of {}", whole.len());
    }

    #[test]
    fn a_truncated_file_is_noticed() {
        let whole = whole_file();
        for len in (0..whole.len()).step_by(97) {
            assert!(answers(whole[..len].to_vec()).is_err(), "{len}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            let _ = build(&Bytes::Memory(bytes.clone()));
            let mut csv = format!("{HEADER}\n").into_bytes();
            csv.extend(bytes);
            let _ = build(&Bytes::Memory(csv));
        }

        #[test]
        fn columns_in_any_order_give_the_same_rows(order in Just((0..16).collect::<Vec<usize>>()).prop_shuffle(), crlf: bool) {
            let shuffle = |line: &str| {
                let fields: Vec<_> = line.split(',').collect();
                order.iter().map(|&at| fields[at]).collect::<Vec<_>>().join(",")
            };
            let lines: Vec<_> = format!("{HEADER}{SMALL}").lines().map(shuffle).collect();
            let master = master(&lines.join(if crlf { "\r\n" } else { "\n" }));
            prop_assert_eq!(ids(&master, "NIFTY-Feb2026-31200-CE").len(), 3);
            prop_assert_eq!(symbol(&master, 25510), "MOTHERSON-D1");
        }
    }
}
