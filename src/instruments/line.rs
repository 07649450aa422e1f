//! Splits the lines of an instrument master into fields.

use csv_core::{ReadRecordResult, Reader};
use std::cell::RefCell;

/// Limit of fields in a line, above the columns of any layout.
const MAX_FIELDS: usize = 64;

thread_local! {
    /// Creating a reader computes its tables, which takes longer than a line, so each thread has one.
    static READER: RefCell<Reader> = RefCell::new(Reader::new());
}

/// Holds one line, split into fields without their quotes; reused for line after line.
#[derive(Debug, Clone)]
pub struct Line {
    text: Vec<u8>,
    ends: Vec<usize>,
    fields: usize,
}

impl Default for Line {
    fn default() -> Line {
        Line { text: Vec::new(), ends: vec![0; MAX_FIELDS], fields: 0 }
    }
}

impl Line {
    /// Splits a line without its line end. Returns `None` if it is empty, not UTF-8, contains a control character
    /// other than a tab, or has more than 64 fields.
    pub fn split(&mut self, line: &[u8]) -> Option<Fields<'_>> {
        self.fields = 0;
        if line.iter().any(|&byte| byte < b' ' && byte != b'\t') {
            return None;
        }
        self.text.resize(line.len(), 0);
        let (written, fields) = READER.with_borrow_mut(|reader| {
            reader.reset();
            let (_, _, written, ended) = reader.read_record(line, &mut self.text, &mut self.ends);
            // The end of the input ends the last field.
            let (text, ends) = (self.text.get_mut(written..)?, self.ends.get_mut(ended..)?);
            let (result, _, more, last) = reader.read_record(&[], text, ends);
            (result == ReadRecordResult::Record).then_some((written + more, ended + last))
        })?;
        self.text.truncate(written);
        std::str::from_utf8(&self.text).ok()?;
        self.fields = fields;
        Some(self.fields())
    }

    /// Returns the fields of the last line that was split; none after a line that could not be split.
    pub fn fields(&self) -> Fields<'_> {
        let text = std::str::from_utf8(&self.text).unwrap_or_default();
        Fields { text, ends: self.ends.get(..self.fields).unwrap_or_default() }
    }
}

/// Borrows the fields of a line.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    text: &'a str,
    ends: &'a [usize],
}

impl<'a> Fields<'a> {
    /// Returns the number of fields.
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    /// Returns a field unchanged; empty if there is none.
    pub fn as_written(&self, column: usize) -> &'a str {
        let Some(&end) = self.ends.get(column) else { return "" };
        let start = column.checked_sub(1).map_or(0, |before| self.ends.get(before).copied().unwrap_or_default());
        self.text.get(start..end).unwrap_or_default()
    }

    /// Returns a field without the white space around it; empty if there is none.
    pub fn get(&self, column: usize) -> &'a str {
        self.as_written(column).trim()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(line: &[u8]) -> Option<Vec<String>> {
        let mut buffer = Line::default();
        let fields = buffer.split(line)?;
        Some((0..fields.count()).map(|at| fields.as_written(at).to_owned()).collect())
    }

    #[test]
    fn quotes_are_taken_off_and_what_is_no_text_is_refused() {
        let split = |line: &str| all(line.as_bytes()).map(|fields| fields.join("|"));
        assert_eq!(split("a,b,c").as_deref(), Some("a|b|c"));
        assert_eq!(split("a,\"b,\"\"c\",d").as_deref(), Some("a|b,\"c|d"));
        assert_eq!(split("5\" pipe,b").as_deref(), Some("5\" pipe|b"));
        assert_eq!(split("a,b,").as_deref(), Some("a|b|"));
        // An unclosed quote takes the rest, so the line has too few fields for its header.
        assert_eq!(split("a,\"b,c").as_deref(), Some("a|b,c"));
        for bad in ["", "a\0,b", "\x1f", "a\rb"] {
            assert_eq!(split(bad), None, "{bad:?}");
        }
        assert_eq!(all(b"a,\xff"), None);
        assert_eq!(all(",".repeat(63).as_bytes()).map(|fields| fields.len()), Some(64));
        assert_eq!(all(",".repeat(64).as_bytes()), None);
    }

    proptest! {
        #[test]
        fn a_line_written_by_a_csv_writer_is_read_back(fields in prop::collection::vec("[ -~é]{0,8}", 2..20)) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(&fields).unwrap();
            let line = writer.into_inner().unwrap();
            prop_assert_eq!(all(line.strip_suffix(b"\n").unwrap()), Some(fields));
        }
    }
}
