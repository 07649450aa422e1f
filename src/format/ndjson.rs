//! Writes records as NDJSON: one object a line, keys in the record's order, no spaces.

use super::text::Text;
use super::time::{IsoText, TimeStyle};
use crate::model::Micros;
use crate::record::{BookLevel, FieldWriter, Key, TimeKey};

/// Writes a record's fields as members of an object whose beginning is written already.
pub(super) struct ObjectWriter<'a, T> {
    pub(super) out: &'a mut T,
    pub(super) style: TimeStyle,
    pub(super) iso: &'a mut IsoText,
}

impl<T: Text> ObjectWriter<'_, T> {
    #[inline(always)]
    fn null_if(&mut self, absent: bool) {
        if absent {
            self.out.bytes(b"null");
        }
    }
}

impl<T: Text> FieldWriter for ObjectWriter<'_, T> {
    #[inline(always)]
    fn price32(&mut self, key: Key, value: f32) {
        let finite = self.out.price32(key.json, value);
        self.null_if(!finite);
    }

    #[inline(always)]
    fn price64(&mut self, key: Key, value: f64) {
        let finite = self.out.price64(key.json, value);
        self.null_if(!finite);
    }

    #[inline(always)]
    fn uint(&mut self, key: Key, value: u32) {
        self.out.u32(key.json, value);
    }

    #[inline(always)]
    fn int(&mut self, key: Key, value: i64) {
        self.out.i64(key.json, value);
    }

    #[inline(always)]
    fn null(&mut self, key: Key) {
        self.out.str(key.json);
        self.out.bytes(b"null");
    }

    fn text(&mut self, key: Key, value: &str) {
        self.out.str(key.json);
        self.out.json_string(value);
    }

    fn hex(&mut self, key: Key, bytes: &[u8]) {
        self.out.str(key.json);
        self.out.byte(b'"');
        self.out.hex(bytes);
        self.out.byte(b'"');
    }

    fn words(&mut self, key: Key, values: &mut dyn Iterator<Item = &str>) {
        self.out.str(key.json);
        self.out.byte(b'[');
        for (i, value) in values.enumerate() {
            if i > 0 {
                self.out.byte(b',');
            }
            self.out.json_string(value);
        }
        self.out.byte(b']');
    }

    fn json(&mut self, key: Key, value: &str) {
        self.out.str(key.json);
        self.out.str(value);
    }

    #[inline(always)]
    fn seconds(&mut self, key: Key, value: Option<i64>) {
        match (value, self.style) {
            (None, _) => self.null(key),
            (Some(second), TimeStyle::Epoch) => self.out.seconds(key.json, second),
            (Some(second), TimeStyle::Iso) => {
                self.out.str(key.json);
                self.out.byte(b'"');
                self.out.bytes(&self.iso.seconds(second));
                self.out.byte(b'"');
            }
        }
    }

    #[inline(always)]
    fn time(&mut self, key: TimeKey, at: Micros) {
        match self.style {
            TimeStyle::Epoch => self.out.micros(key.epoch.json, at),
            TimeStyle::Iso => {
                self.out.str(key.iso.json);
                self.out.byte(b'"');
                self.out.bytes(&self.iso.micros(at));
                self.out.byte(b'"');
            }
        }
    }

    #[inline(always)]
    fn book5(
        &mut self,
        bids: impl Fn(usize) -> Option<BookLevel<f32>>,
        asks: impl Fn(usize) -> Option<BookLevel<f32>>,
    ) {
        self.out.bytes(b",\"bids\":[");
        self.side((0..5).map(bids), |line, price| line.price32("", price));
        self.out.bytes(b"],\"asks\":[");
        self.side((0..5).map(asks), |line, price| line.price32("", price));
        self.out.byte(b']');
    }

    #[inline(always)]
    fn levels(&mut self, key: Key, rows: &[BookLevel<f64>]) {
        self.out.str(key.json);
        self.out.byte(b'[');
        self.side(rows.iter().map(|row| Some(*row)), |line, price| line.price64("", price));
        self.out.byte(b']');
    }
}

impl<T: Text> ObjectWriter<'_, T> {
    #[inline(always)]
    fn side<P>(&mut self, levels: impl Iterator<Item = Option<BookLevel<P>>>, price: impl Fn(&mut T, P) -> bool) {
        let mut first = true;
        for level in levels {
            let Some(level) = level else { continue };
            // The end of a level and the beginning of the next one are written with one store.
            if first {
                self.out.str("{\"price\":");
            } else {
                self.out.str("},{\"price\":");
            }
            first = false;
            let finite = price(self.out, level.price);
            self.null_if(!finite);
            self.out.u32(",\"qty\":", level.qty);
            self.out.count(",\"orders\":", level.orders);
        }
        if !first {
            self.out.byte(b'}');
        }
    }
}
