//! Writes records as CSV (RFC 4180): empty for null, numbers with the same digits as in NDJSON.

use super::text::Text;
use super::time::{IsoText, TimeStyle};
use crate::model::Micros;
use crate::record::market::{COLUMNS, column};
use crate::record::schema::Family;
use crate::record::{BookLevel, FieldWriter, Key, NO_COLUMN, RECV, RecordType, TimeKey};

/// Says which columns a row has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CsvColumns {
    /// Every column of the market feed, empty if the record has no such field.
    Market,
    /// Only the record's own fields.
    Own,
}

/// Writes a record's fields as cells of a row whose first cells are written already. `OWN` makes two types: the place
/// of each cell is then known at compile time, and the commas before it are one store.
pub(super) struct RowWriter<'a, T, const OWN: bool> {
    pub(super) out: &'a mut T,
    pub(super) style: TimeStyle,
    pub(super) iso: &'a mut IsoText,
    /// Index of the column written last. Every field advances it, whatever its value.
    pub(super) at: u8,
}

/// Index of the `symbol` column, the last one of a market row's cached beginning.
pub(super) const SYMBOL: u8 = column("symbol");
const BID1: u8 = column("bid1_price");
/// As many commas as there are columns.
const COMMAS: &str = match std::str::from_utf8(&[b','; COLUMNS.len()]) {
    Ok(commas) => commas,
    Err(_) => unreachable!(),
};

impl<T: Text, const OWN: bool> RowWriter<'_, T, OWN> {
    /// Advances to a field's column and returns the commas before it.
    #[inline(always)]
    fn cell(&mut self, key: Key) -> &'static str {
        self.column(key.column)
    }

    #[inline(always)]
    fn column(&mut self, column: u8) -> &'static str {
        if OWN || column == NO_COLUMN {
            return ",";
        }
        let commas = column.saturating_sub(self.at);
        self.at = column;
        &COMMAS[..usize::from(commas)]
    }

    #[inline(always)]
    fn side(&mut self, first: u8, level: Option<BookLevel<f32>>) {
        let before = self.column(first);
        match level {
            Some(level) => {
                self.out.price32(before, level.price);
                self.out.u32(",", level.qty);
                self.out.count(",", level.orders);
            }
            None => {
                self.out.str(before);
                self.out.str(",,");
            }
        }
        self.at = first + 2;
    }
}

impl<T: Text, const OWN: bool> FieldWriter for RowWriter<'_, T, OWN> {
    #[inline(always)]
    fn price32(&mut self, key: Key, value: f32) {
        let before = self.cell(key);
        self.out.price32(before, value);
    }

    #[inline(always)]
    fn price64(&mut self, key: Key, value: f64) {
        let before = self.cell(key);
        self.out.price64(before, value);
    }

    #[inline(always)]
    fn uint(&mut self, key: Key, value: u32) {
        let before = self.cell(key);
        self.out.u32(before, value);
    }

    #[inline(always)]
    fn int(&mut self, key: Key, value: i64) {
        let before = self.cell(key);
        self.out.i64(before, value);
    }

    #[inline(always)]
    fn null(&mut self, key: Key) {
        let before = self.cell(key);
        self.out.str(before);
    }

    fn text(&mut self, key: Key, value: &str) {
        let before = self.cell(key);
        self.out.str(before);
        self.out.csv_field(value);
    }

    fn hex(&mut self, key: Key, bytes: &[u8]) {
        let before = self.cell(key);
        self.out.str(before);
        self.out.hex(bytes);
    }

    fn words(&mut self, key: Key, values: &mut dyn Iterator<Item = &str>) {
        let before = self.cell(key);
        self.out.str(before);
        let joined: Vec<&str> = values.collect();
        self.out.csv_field(&joined.join("|"));
    }

    fn json(&mut self, key: Key, value: &str) {
        let before = self.cell(key);
        self.out.str(before);
        if value != "null" {
            self.out.csv_field(value);
        }
    }

    #[inline(always)]
    fn seconds(&mut self, key: Key, value: Option<i64>) {
        match (value, self.style) {
            (None, _) => self.null(key),
            (Some(second), TimeStyle::Epoch) => {
                let before = self.cell(key);
                self.out.seconds(before, second);
            }
            (Some(second), TimeStyle::Iso) => {
                let before = self.cell(key);
                self.out.str(before);
                self.out.bytes(&self.iso.seconds(second));
            }
        }
    }

    #[inline(always)]
    fn time(&mut self, key: TimeKey, at: Micros) {
        let before = self.cell(key.epoch);
        match self.style {
            TimeStyle::Epoch => self.out.micros(before, at),
            TimeStyle::Iso => {
                self.out.str(before);
                self.out.bytes(&self.iso.micros(at));
            }
        }
    }

    #[inline(always)]
    fn book5(
        &mut self,
        bids: impl Fn(usize) -> Option<BookLevel<f32>>,
        asks: impl Fn(usize) -> Option<BookLevel<f32>>,
    ) {
        let (mut bids, mut asks) = ((0..5).filter_map(bids), (0..5).filter_map(asks));
        let mut first = BID1;
        for _ in 0..5 {
            self.side(first, bids.next());
            self.side(first + 3, asks.next());
            first += 6;
        }
    }

    /// Does nothing: a row holds one level, and [`super::encoder`] writes depth row by row.
    fn levels(&mut self, _key: Key, _rows: &[BookLevel<f64>]) {}
}

/// Returns the columns and the header line of a CSV for records of these types.
pub fn layout(types: &[RecordType], time: TimeStyle) -> (CsvColumns, String) {
    let is_packet = |kind: &&RecordType| kind.schema().family == Family::Packet;
    let columns = if types.iter().filter(is_packet).count() > 1 { CsvColumns::Market } else { CsvColumns::Own };
    let mut names = match (columns, types) {
        (CsvColumns::Market, _) => COLUMNS[..COLUMNS.len() - 1].to_vec(),
        // The only other types that share a CSV are the two views of a depth stream, which have the same columns.
        (CsvColumns::Own, [kind, ..]) => {
            let own = kind.schema().columns().map(|field| field.name);
            std::iter::once("type").chain(own).collect()
        }
        (CsvColumns::Own, []) => vec!["type"],
    };
    names.push(if time == TimeStyle::Iso { RECV.iso.name } else { RECV.epoch.name });
    (columns, names.join(",") + "\n")
}
