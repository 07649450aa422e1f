//! Records into lines of one format.

use super::csv::{self, Cells, Columns};
use super::ndjson::Members;
use super::text::{Head, Out, Text};
use super::time::{IsoText, TimeStyle};
use crate::model::InstrumentKey;
use crate::record::depth::{Depth, DepthSide, LevelRow};
use crate::record::{FieldWriter as _, RECV, Record, RecordType};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// The formats of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Format {
    /// One JSON object a line.
    #[default]
    Ndjson,
    /// Comma-separated, with a header.
    Csv,
}

impl Format {
    /// The word people type.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Ndjson => "ndjson",
            Format::Csv => "csv",
        }
    }
}

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Style {
    /// NDJSON or CSV.
    pub format: Format,
    /// Numbers or RFC 3339.
    pub time: TimeStyle,
    /// Which columns a CSV row has.
    pub columns: Columns,
}

/// Turns records into lines. What is the same for every record of an instrument (type, segment, id, symbol) is kept ready made.
#[derive(Debug)]
pub struct Encoder {
    style: Style,
    heads: FxHashMap<u64, Head>,
    iso: IsoText,
}

impl Encoder {
    /// An encoder of a style.
    pub fn new(style: Style) -> Encoder {
        Encoder { style, heads: FxHashMap::default(), iso: IsoText::default() }
    }

    /// How its lines look.
    pub fn style(&self) -> Style {
        self.style
    }

    /// Appends the line of a record about an instrument.
    #[inline(always)]
    pub fn instrument_line<R: Record>(
        &mut self,
        out: &mut Out,
        instrument: InstrumentKey,
        symbol: impl FnOnce() -> Option<Arc<str>>,
        record: &R,
        recv_us: i64,
    ) {
        let Encoder { style, heads, iso } = self;
        let head = heads
            .entry(head_id(R::TYPE, instrument))
            .or_insert_with(|| head(style.format, R::TYPE.name(), instrument, symbol().as_deref()));
        // Not closures: they might not be inlined, and the line would live in memory instead of registers.
        if R::NUMBERS_ONLY {
            let mut line = out.begin_short(head);
            rest(*style, iso, &mut line, record, recv_us, csv::SYMBOL);
            let len = line.end();
            return out.take_short(head, len);
        }
        loop {
            let mut line = out.begin();
            line.bytes(head.as_bytes());
            rest(*style, iso, &mut line, record, recv_us, csv::SYMBOL);
            let left = line.end();
            if out.take(left) {
                return;
            }
        }
    }

    /// Appends the line of a record about an instrument that is printed too seldom for a beginning to be kept ready.
    pub fn rare_line<R: Record>(
        &mut self,
        out: &mut Out,
        instrument: InstrumentKey,
        symbol: Option<&str>,
        record: &R,
        recv_us: i64,
    ) {
        let Encoder { style, iso, .. } = self;
        let head = head(style.format, R::TYPE.name(), instrument, symbol);
        out.line(|line| {
            line.bytes(head.as_bytes());
            rest(*style, iso, line, record, recv_us, csv::SYMBOL);
        });
    }

    /// Appends the line of a record that is not about one instrument: control records, orders.
    pub fn line<R: Record>(&mut self, out: &mut Out, record: &R, recv_us: i64) {
        let Encoder { style, iso, .. } = self;
        out.line(|line| {
            if style.format == Format::Ndjson {
                line.bytes(b"{\"type\":");
                line.json_string(R::TYPE.name());
            } else {
                line.csv_field(R::TYPE.name());
            }
            rest(*style, iso, line, record, recv_us, 0);
        });
    }

    /// Appends a book: one NDJSON line, or a CSV row a level.
    pub fn depth(
        &mut self,
        out: &mut Out,
        instrument: InstrumentKey,
        symbol: impl FnOnce() -> Option<Arc<str>>,
        record: &Depth<'_>,
        recv_us: i64,
    ) {
        match self.style.format {
            Format::Ndjson => self.instrument_line(out, instrument, symbol, record, recv_us),
            Format::Csv => self.level_rows::<Depth<'_>>(out, instrument, symbol, record.rows(), recv_us),
        }
    }

    /// Appends one side of a book: one NDJSON line, or a CSV row a level.
    pub fn depth_side(
        &mut self,
        out: &mut Out,
        instrument: InstrumentKey,
        symbol: impl FnOnce() -> Option<Arc<str>>,
        record: &DepthSide<'_>,
        recv_us: i64,
    ) {
        match self.style.format {
            Format::Ndjson => self.instrument_line(out, instrument, symbol, record, recv_us),
            Format::Csv => self.level_rows::<DepthSide<'_>>(out, instrument, symbol, record.rows(), recv_us),
        }
    }

    fn level_rows<R: Record>(
        &mut self,
        out: &mut Out,
        instrument: InstrumentKey,
        symbol: impl FnOnce() -> Option<Arc<str>>,
        rows: impl Iterator<Item = LevelRow>,
        recv_us: i64,
    ) {
        let Encoder { style, heads, iso } = self;
        let head = heads
            .entry(head_id(R::TYPE, instrument))
            .or_insert_with(|| head(style.format, R::TYPE.name(), instrument, symbol().as_deref()));
        for row in rows {
            out.line(|line| {
                line.bytes(head.as_bytes());
                let mut cells = Cells::<_, true> { out: line, style: style.time, iso, at: csv::SYMBOL };
                row.fields(&mut cells);
                cells.time(RECV, recv_us);
                line.byte(b'\n');
            });
        }
    }

    /// Forgets what instruments are called, since that has become known only now.
    pub fn forget_symbols(&mut self) {
        self.heads.clear();
    }
}

/// The fields of a record, its receive time, and the end of its line.
#[inline(always)]
fn rest<R: Record, T: Text>(style: Style, iso: &mut IsoText, line: &mut T, record: &R, recv_us: i64, at: u8) {
    macro_rules! cells {
        ($own:literal) => {{
            let mut cells = Cells::<_, $own> { out: line, style: style.time, iso, at };
            record.fields(&mut cells);
            cells.time(RECV, recv_us);
            line.byte(b'\n');
        }};
    }
    match (style.format, style.columns) {
        (Format::Ndjson, _) => {
            let mut members = Members { out: line, style: style.time, iso };
            record.fields(&mut members);
            members.time(RECV, recv_us);
            line.bytes(b"}\n");
        }
        (Format::Csv, Columns::Market) => cells!(false),
        (Format::Csv, Columns::Own) => cells!(true),
    }
}

#[inline(always)]
fn head_id(kind: RecordType, instrument: InstrumentKey) -> u64 {
    (kind as u64) << 40 | u64::from(instrument.segment.code()) << 32 | u64::from(instrument.security_id)
}

/// The beginning of a line about an instrument.
fn head(format: Format, kind: &str, instrument: InstrumentKey, symbol: Option<&str>) -> Head {
    let mut out = Out::new();
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
    Head::new(out.as_bytes())
}
