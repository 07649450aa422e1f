//! Encodes records as lines of one format.

use super::csv::{self, CsvColumns, RowWriter};
use super::ndjson::ObjectWriter;
use super::text::{LineHead, Text, TextBuf};
use super::time::{IsoText, TimeStyle};
use crate::model::{InstrumentKey, Micros};
use crate::record::depth::{Depth, DepthSide, LevelRow};
use crate::record::{FieldWriter as _, RECV, Record, RecordType};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Names an output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Format {
    /// One JSON object a line.
    #[default]
    Ndjson,
    /// Comma-separated, with a header.
    Csv,
}

impl Format {
    /// Returns the word that people type.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Ndjson => "ndjson",
            Format::Csv => "csv",
        }
    }
}

/// Says how lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Style {
    /// NDJSON or CSV.
    pub format: Format,
    /// How times are written.
    pub time: TimeStyle,
    /// Which columns a CSV row has.
    pub columns: CsvColumns,
}

/// Limit of cached line beginnings. Twice as many as all instruments that can be subscribed need; it bounds the
/// memory when a server invents instruments.
const HEADS: usize = 200_000;

/// Encodes records as lines. The part that all records of an instrument share (type, segment, id, symbol) is cached.
#[derive(Debug)]
pub struct Encoder {
    style: Style,
    heads: FxHashMap<u64, LineHead>,
    iso: IsoText,
}

impl Encoder {
    /// Creates an encoder for a style.
    pub fn new(style: Style) -> Encoder {
        Encoder { style, heads: FxHashMap::default(), iso: IsoText::default() }
    }

    /// Returns the style of its lines.
    pub fn style(&self) -> Style {
        self.style
    }

    /// Appends the line of a record about an instrument.
    #[inline(always)]
    pub fn instrument_line<R: Record>(
        &mut self,
        out: &mut TextBuf,
        instrument: InstrumentKey,
        symbol: impl FnOnce() -> Option<Arc<str>>,
        record: &R,
        recv: Micros,
    ) {
        let Encoder { style, heads, iso } = self;
        if heads.len() >= HEADS {
            heads.clear();
        }
        let head = heads
            .entry(head_id(R::TYPE, instrument))
            .or_insert_with(|| head(style.format, R::TYPE.name(), instrument, symbol().as_deref()));
        // Not a closure: it might not be inlined, and the line would live in memory instead of registers.
        if R::NUMBERS_ONLY {
            let mut line = out.begin_short(head);
            rest(*style, iso, &mut line, record, recv, csv::SYMBOL);
            let len = line.end();
            return out.take_short(head, len);
        }
        loop {
            let mut line = out.begin();
            line.bytes(head.as_bytes());
            rest(*style, iso, &mut line, record, recv, csv::SYMBOL);
            let free = line.end();
            if out.take(free) {
                return;
            }
        }
    }

    /// Appends the line of a record about an instrument without caching its beginning, for records that are rare.
    pub fn rare_line<R: Record>(
        &mut self,
        out: &mut TextBuf,
        instrument: InstrumentKey,
        symbol: Option<&str>,
        record: &R,
        recv: Micros,
    ) {
        let Encoder { style, iso, .. } = self;
        let head = head(style.format, R::TYPE.name(), instrument, symbol);
        out.line(|line| {
            line.bytes(head.as_bytes());
            rest(*style, iso, line, record, recv, csv::SYMBOL);
        });
    }

    /// Appends the line of a record that is not about one instrument: a control record or an order.
    pub fn line<R: Record>(&mut self, out: &mut TextBuf, record: &R, recv: Micros) {
        let Encoder { style, iso, .. } = self;
        out.line(|line| {
            if style.format == Format::Ndjson {
                line.bytes(b"{\"type\":");
                line.json_string(R::TYPE.name());
            } else {
                line.csv_field(R::TYPE.name());
            }
            rest(*style, iso, line, record, recv, 0);
        });
    }

    /// Appends an order book: one NDJSON line, or one CSV row for each level.
    pub fn depth(
        &mut self,
        out: &mut TextBuf,
        instrument: InstrumentKey,
        symbol: impl FnOnce() -> Option<Arc<str>>,
        record: &Depth<'_>,
        recv: Micros,
    ) {
        match self.style.format {
            Format::Ndjson => self.instrument_line(out, instrument, symbol, record, recv),
            Format::Csv => self.level_rows::<Depth<'_>>(out, instrument, symbol, record.rows(), recv),
        }
    }

    /// Appends one side of an order book: one NDJSON line, or one CSV row for each level.
    pub fn depth_side(
        &mut self,
        out: &mut TextBuf,
        instrument: InstrumentKey,
        symbol: impl FnOnce() -> Option<Arc<str>>,
        record: &DepthSide<'_>,
        recv: Micros,
    ) {
        match self.style.format {
            Format::Ndjson => self.instrument_line(out, instrument, symbol, record, recv),
            Format::Csv => self.level_rows::<DepthSide<'_>>(out, instrument, symbol, record.rows(), recv),
        }
    }

    fn level_rows<R: Record>(
        &mut self,
        out: &mut TextBuf,
        instrument: InstrumentKey,
        symbol: impl FnOnce() -> Option<Arc<str>>,
        rows: impl Iterator<Item = LevelRow>,
        recv: Micros,
    ) {
        let Encoder { style, heads, iso } = self;
        if heads.len() >= HEADS {
            heads.clear();
        }
        let head = heads
            .entry(head_id(R::TYPE, instrument))
            .or_insert_with(|| head(style.format, R::TYPE.name(), instrument, symbol().as_deref()));
        for row in rows {
            out.line(|line| {
                line.bytes(head.as_bytes());
                let mut cells = RowWriter::<_, true> { out: line, style: style.time, iso, at: csv::SYMBOL };
                row.fields(&mut cells);
                cells.time(RECV, recv);
                line.byte(b'\n');
            });
        }
    }

    /// Drops the cached line beginnings, because the symbols of instruments have changed.
    pub fn forget_symbols(&mut self) {
        self.heads.clear();
    }
}

/// Appends the fields of a record, its receive time, and the line end.
#[inline(always)]
fn rest<R: Record, T: Text>(style: Style, iso: &mut IsoText, line: &mut T, record: &R, recv: Micros, at: u8) {
    macro_rules! cells {
        ($own:literal) => {{
            let mut cells = RowWriter::<_, $own> { out: line, style: style.time, iso, at };
            record.fields(&mut cells);
            cells.time(RECV, recv);
            line.byte(b'\n');
        }};
    }
    match (style.format, style.columns) {
        (Format::Ndjson, _) => {
            let mut members = ObjectWriter { out: line, style: style.time, iso };
            record.fields(&mut members);
            members.time(RECV, recv);
            line.bytes(b"}\n");
        }
        (Format::Csv, CsvColumns::Market) => cells!(false),
        (Format::Csv, CsvColumns::Own) => cells!(true),
    }
}

#[inline(always)]
fn head_id(kind: RecordType, instrument: InstrumentKey) -> u64 {
    (kind as u64) << 40 | u64::from(instrument.segment.code()) << 32 | u64::from(instrument.security_id)
}

/// Returns the beginning of a line about an instrument.
fn head(format: Format, kind: &str, instrument: InstrumentKey, symbol: Option<&str>) -> LineHead {
    let mut out = TextBuf::new();
    let InstrumentKey { segment, security_id } = instrument;
    match format {
        Format::Ndjson => {
            out.str("{\"type\":\"");
            out.str(kind);
            out.str(&format!("\",\"segment\":\"{segment}\",\"security_id\":\"{security_id}\",\"symbol\":"));
            match symbol {
                Some(symbol) => out.line(|line| line.json_string(symbol)),
                None => out.str("null"),
            }
        }
        Format::Csv => {
            out.str(&format!("{kind},{segment},{security_id},"));
            out.line(|line| line.csv_field(symbol.unwrap_or_default()));
        }
    }
    LineHead::new(out.as_bytes())
}
