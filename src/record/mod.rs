//! The records: what we promise our users, each declared once.
//!
//! A record is declared with [`record!`](declare): its fields, what each says, and the code that reads it. From that come
//! the NDJSON line, the CSV row and its header (through [`FieldWriter`]), the words of `--only` ([`RecordType`]), the JSON
//! Schema ([`json_schema`]), the columns for DuckDB ([`duckdb`]) and what `dhan verify` checks ([`schema`]).

pub mod bar;
pub mod chain;
pub mod control;
pub mod declare;
pub mod depth;
pub mod duckdb;
pub mod json_schema;
pub mod market;
pub mod order;
pub mod schema;
pub mod types;

pub use types::{RecordType, TypeSet};

use declare::key;

/// The name of a field, with the text that introduces it in NDJSON ready made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The name, as in the CSV header.
    pub name: &'static str,
    /// `,"name":`
    pub json: &'static str,
    /// Its place in [`market::COLUMNS`]; [`NO_COLUMN`] in records whose CSV has just the record's own fields.
    pub column: u8,
}

/// [`Key::column`] of a field that is not one of the market feed's.
pub const NO_COLUMN: u8 = u8::MAX;

/// The name of a moment, which depends on how moments are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeKey {
    /// As microseconds since the epoch: `recv_us`.
    pub epoch: Key,
    /// As RFC 3339 text: `recv`.
    pub iso: Key,
}

/// A level of a book as records show it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BookLevel<P> {
    /// Price in rupees.
    pub price: P,
    /// Quantity in units.
    pub qty: u32,
    /// Number of orders.
    pub orders: u32,
}

/// Receives the fields of a record, in order. A format is an implementation of this.
pub trait FieldWriter {
    /// A price that came as `f32`: the fewest digits that read back to it, always with a fraction; null if not finite.
    fn price32(&mut self, key: Key, value: f32);
    /// A price that came as `f64`, likewise.
    fn price64(&mut self, key: Key, value: f64);
    /// A price that may be unknown.
    #[inline(always)]
    fn price64_or_null(&mut self, key: Key, value: Option<f64>) {
        match value {
            Some(value) => self.price64(key, value),
            None => self.null(key),
        }
    }
    /// A price that came as `f32` and may be unknown.
    #[inline(always)]
    fn price32_or_null(&mut self, key: Key, value: Option<f32>) {
        match value {
            Some(value) => self.price32(key, value),
            None => self.null(key),
        }
    }
    /// A quantity or count as the wire has it.
    fn uint(&mut self, key: Key, value: u32);
    /// A whole number.
    fn int(&mut self, key: Key, value: i64);
    /// A whole number that may be unknown.
    #[inline(always)]
    fn int_or_null(&mut self, key: Key, value: Option<i64>) {
        match value {
            Some(value) => self.int(key, value),
            None => self.null(key),
        }
    }
    /// A number of things.
    fn count(&mut self, key: Key, value: u64) {
        self.int(key, i64::try_from(value).unwrap_or(i64::MAX));
    }
    /// What is not known: `null`, or nothing between two commas.
    fn null(&mut self, key: Key);
    /// Text of any content.
    fn text(&mut self, key: Key, value: &str);
    /// Text that may be unknown.
    fn text_or_null(&mut self, key: Key, value: Option<&str>) {
        match value {
            Some(value) => self.text(key, value),
            None => self.null(key),
        }
    }
    /// A date `YYYY-MM-DD` that may be unknown.
    fn date_or_null(&mut self, key: Key, value: Option<&str>) {
        self.text_or_null(key, value);
    }
    /// A word of a fixed set.
    fn word(&mut self, key: Key, value: &'static str) {
        self.text(key, value);
    }
    /// A word of a fixed set, or none.
    fn word_or_null(&mut self, key: Key, value: Option<&'static str>) {
        self.text_or_null(key, value);
    }
    /// Bytes as lower-case hex text.
    fn hex(&mut self, key: Key, bytes: &[u8]);
    /// A list of words: a JSON array of strings; in CSV joined by `|`.
    fn words(&mut self, key: Key, values: &mut dyn Iterator<Item = &str>);
    /// A list of texts.
    fn texts(&mut self, key: Key, values: &[String]) {
        self.words(key, &mut values.iter().map(String::as_str));
    }
    /// A list of texts that may be unknown.
    fn texts_or_null(&mut self, key: Key, values: Option<&[String]>) {
        match values {
            Some(values) => self.texts(key, values),
            None => self.null(key),
        }
    }
    /// Text that is valid JSON already, passed on as it is.
    fn json(&mut self, key: Key, value: &str);
    /// A JSON object that may be absent.
    fn object_or_null(&mut self, key: Key, value: Option<&str>) {
        match value {
            Some(value) => self.json(key, value),
            None => self.null(key),
        }
    }
    /// A moment in true UTC epoch seconds that is known.
    fn second(&mut self, key: Key, value: i64) {
        self.seconds(key, Some(value));
    }
    /// A moment in true UTC epoch seconds that may be unknown.
    #[inline(always)]
    fn second_or_null(&mut self, key: Key, value: Option<i64>) {
        self.seconds(key, value);
    }
    /// A moment in true UTC epoch seconds: a number, or RFC 3339 in IST.
    fn seconds(&mut self, key: Key, value: Option<i64>);
    /// A moment in microseconds since the epoch.
    fn time(&mut self, key: TimeKey, us: i64);
    /// Both sides of a five-level book by level, the best is 0, `None` for those without a price: `bids` and `asks` arrays, or
    /// `bid1_price`, …, `ask5_orders`.
    fn book5(&mut self, bids: impl Fn(usize) -> Option<BookLevel<f32>>, asks: impl Fn(usize) -> Option<BookLevel<f32>>);
    /// A list of levels under one key; CSV has one row a level instead.
    fn levels(&mut self, key: Key, rows: &[BookLevel<f64>]);
}

/// The last field of every record: when it was received, in microseconds since the epoch.
pub const RECV: TimeKey = TimeKey { epoch: key!("recv_us"), iso: key!("recv") };

/// A record: something that lists its fields. `type`, and the instrument where it is about one, come before and `recv_us`
/// after what [`Record::fields`] lists. Declared with [`record!`](declare), never by hand.
pub trait Record {
    /// The value of `type`.
    const TYPE: RecordType;
    /// The description of its fields.
    const SCHEMA: &'static schema::Schema;
    /// Whether all of its fields are numbers, and few.
    const NUMBERS_ONLY: bool = Self::SCHEMA.is_short();
    /// Lists the fields between `type` (and the instrument) and `recv_us`.
    fn fields<W: FieldWriter>(&self, writer: &mut W);
}
