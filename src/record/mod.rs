//! Declares the records, each once.
//!
//! A record is declared with [`record!`](declare): its fields, their meaning, and the code that reads them. From the
//! declaration follow the NDJSON line, the CSV row and its header (through [`FieldWriter`]), the words of `--only`
//! ([`RecordType`]), the JSON Schema ([`json_schema`]), the columns for DuckDB ([`duckdb`]) and the checks of `dhan
//! verify` ([`schema`]).

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

use crate::model::Micros;
use declare::key;

/// Holds the name of a field, with the NDJSON text that introduces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The name, as in the CSV header.
    pub name: &'static str,
    /// `,"name":`
    pub json: &'static str,
    /// Its index in [`market::COLUMNS`]; [`NO_COLUMN`] in records whose CSV has only their own fields.
    pub column: u8,
}

/// The [`Key::column`] of a field that is not in the market feed's CSV.
pub const NO_COLUMN: u8 = u8::MAX;

/// Holds the two names of a time field; `--time` selects one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeKey {
    /// Name of the time as microseconds since the epoch: `recv_us`.
    pub epoch: Key,
    /// Name of the time as RFC 3339 text: `recv`.
    pub iso: Key,
}

/// Holds one side of an order book level as records show it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BookLevel<P> {
    /// Price in rupees.
    pub price: P,
    /// Quantity in units.
    pub qty: u32,
    /// Number of orders.
    pub orders: u32,
}

/// Receives the fields of a record in order; each output format implements it.
pub trait FieldWriter {
    /// Writes a price from an `f32`: the fewest digits that read back to it, always with a fraction; null if not
    /// finite.
    fn price32(&mut self, key: Key, value: f32);
    /// Writes a price from an `f64`, in the same way.
    fn price64(&mut self, key: Key, value: f64);
    /// Writes a price that may be unknown.
    #[inline(always)]
    fn price64_or_null(&mut self, key: Key, value: Option<f64>) {
        match value {
            Some(value) => self.price64(key, value),
            None => self.null(key),
        }
    }
    /// Writes a price from an `f32` that may be unknown.
    #[inline(always)]
    fn price32_or_null(&mut self, key: Key, value: Option<f32>) {
        match value {
            Some(value) => self.price32(key, value),
            None => self.null(key),
        }
    }
    /// Writes a quantity or a count in the range of the wire.
    fn uint(&mut self, key: Key, value: u32);
    /// Writes an integer.
    fn int(&mut self, key: Key, value: i64);
    /// Writes an integer that may be unknown.
    #[inline(always)]
    fn int_or_null(&mut self, key: Key, value: Option<i64>) {
        match value {
            Some(value) => self.int(key, value),
            None => self.null(key),
        }
    }
    /// Writes a number of things.
    fn count(&mut self, key: Key, value: u64) {
        self.int(key, i64::try_from(value).unwrap_or(i64::MAX));
    }
    /// Writes an unknown value: `null`, or an empty CSV field.
    fn null(&mut self, key: Key);
    /// Writes any text.
    fn text(&mut self, key: Key, value: &str);
    /// Writes a text that may be unknown.
    fn text_or_null(&mut self, key: Key, value: Option<&str>) {
        match value {
            Some(value) => self.text(key, value),
            None => self.null(key),
        }
    }
    /// Writes a date `YYYY-MM-DD` that may be unknown.
    fn date_or_null(&mut self, key: Key, value: Option<&str>) {
        self.text_or_null(key, value);
    }
    /// Writes a word of a fixed set.
    fn word(&mut self, key: Key, value: &'static str) {
        self.text(key, value);
    }
    /// Writes a word of a fixed set that may be absent.
    fn word_or_null(&mut self, key: Key, value: Option<&'static str>) {
        self.text_or_null(key, value);
    }
    /// Writes bytes as lower-case hex text.
    fn hex(&mut self, key: Key, bytes: &[u8]);
    /// Writes a list of words: a JSON array of strings; in CSV joined by `|`.
    fn words(&mut self, key: Key, values: &mut dyn Iterator<Item = &str>);
    /// Writes a list of texts.
    fn texts(&mut self, key: Key, values: &[String]) {
        self.words(key, &mut values.iter().map(String::as_str));
    }
    /// Writes a list of texts that may be unknown.
    fn texts_or_null(&mut self, key: Key, values: Option<&[String]>) {
        match values {
            Some(values) => self.texts(key, values),
            None => self.null(key),
        }
    }
    /// Writes text that is valid JSON already, unchanged.
    fn json(&mut self, key: Key, value: &str);
    /// Writes a JSON object that may be absent.
    fn object_or_null(&mut self, key: Key, value: Option<&str>) {
        match value {
            Some(value) => self.json(key, value),
            None => self.null(key),
        }
    }
    /// Writes a time in UTC epoch seconds.
    fn second(&mut self, key: Key, value: i64) {
        self.seconds(key, Some(value));
    }
    /// Writes a time in UTC epoch seconds that may be unknown.
    #[inline(always)]
    fn second_or_null(&mut self, key: Key, value: Option<i64>) {
        self.seconds(key, value);
    }
    /// Writes a time in UTC epoch seconds, as a number or as RFC 3339 in IST.
    fn seconds(&mut self, key: Key, value: Option<i64>);
    /// Writes a time.
    fn time(&mut self, key: TimeKey, at: Micros);
    /// Writes both sides of a five-level order book: `bids` and `asks` arrays, or `bid1_price`, …, `ask5_orders`. The
    /// functions return a level by its index, where 0 is the best, or `None` if it has no price.
    fn book5(&mut self, bids: impl Fn(usize) -> Option<BookLevel<f32>>, asks: impl Fn(usize) -> Option<BookLevel<f32>>);
    /// Writes a list of levels under one key; CSV has one row a level instead.
    fn levels(&mut self, key: Key, rows: &[BookLevel<f64>]);
}

/// Key of every record's last field: its receive time in microseconds since the epoch.
pub const RECV: TimeKey = TimeKey { epoch: key!("recv_us"), iso: key!("recv") };

/// Lists the fields of a record. The writer puts `type`, and the instrument if the record is about one, before the
/// fields of [`Record::fields`] and `recv_us` behind them. Implement it with [`record!`](declare) only.
pub trait Record {
    /// The value of `type`.
    const TYPE: RecordType;
    /// The declaration of its fields.
    const SCHEMA: &'static schema::Schema;
    /// Whether the record has only few fields and all are numbers.
    const NUMBERS_ONLY: bool = Self::SCHEMA.is_short();
    /// Writes the fields between `type` (and the instrument) and `recv_us`.
    fn fields<W: FieldWriter>(&self, writer: &mut W);
}
