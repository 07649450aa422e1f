//! The two layouts of the master: columns are found by name, whatever their order and whatever else is there.

/// Which of Dhan's two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// `api-scrip-master.csv`, 16 columns.
    #[default]
    Compact,
    /// `api-scrip-master-detailed.csv`, with ISIN, limits and freeze quantity.
    Detailed,
}

impl Layout {
    /// The word that file names and messages use.
    pub const fn name(self) -> &'static str {
        match self {
            Layout::Compact => "compact",
            Layout::Detailed => "detailed",
        }
    }

    /// Where Dhan publishes it.
    pub const fn url(self) -> &'static str {
        match self {
            Layout::Compact => "https://images.dhan.co/api-data/api-scrip-master.csv",
            Layout::Detailed => "https://images.dhan.co/api-data/api-scrip-master-detailed.csv",
        }
    }
}

/// More columns than any layout has.
pub const MAX_COLUMNS: usize = 64;

/// The fields of one line, as they stand between the separators.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    items: [&'a str; MAX_COLUMNS],
    len: usize,
}

impl<'a> Fields<'a> {
    /// Splits a line that [`plain`] made; `None` when it has more than [`MAX_COLUMNS`] fields.
    pub fn split(line: &'a str) -> Option<Fields<'a>> {
        let separator = if line.as_bytes().contains(&UNIT) { UNIT } else { b',' };
        let mut fields = Fields { items: [""; MAX_COLUMNS], len: 0 };
        let mut start = 0;
        for at in memchr::memchr_iter(separator, line.as_bytes()).chain([line.len()]) {
            *fields.items.get_mut(fields.len)? = line.get(start..at)?;
            fields.len += 1;
            start = at + 1;
        }
        Some(fields)
    }

    /// A field, trimmed; empty if there is none.
    pub fn get(&self, column: usize) -> &'a str {
        self.items.get(column).map_or("", |field| field.trim())
    }

    /// All of them.
    pub fn all(&self) -> &[&'a str] {
        &self.items[..self.len]
    }
}

/// Separates the fields of a line that held quotes; a control character that a line may not hold.
const UNIT: u8 = 0x1f;

/// A line whose fields can be split: as it is, or without its quotes. `None` when it is no text, or its quotes do not pair.
pub fn plain(line: &[u8]) -> Option<std::borrow::Cow<'_, str>> {
    use std::borrow::Cow;
    let text = std::str::from_utf8(line).ok()?;
    if line.iter().any(|&b| b < b' ' && b != b'\t') {
        return None;
    }
    if memchr::memchr(b'"', line).is_none() {
        return Some(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        if let Some(quoted) = rest.strip_prefix('"') {
            rest = quoted;
            loop {
                let (before, after) = rest.split_once('"')?;
                out.push_str(before);
                match after.strip_prefix('"') {
                    Some(more) => {
                        out.push('"');
                        rest = more;
                    }
                    None => {
                        rest = after;
                        break;
                    }
                }
            }
            if !(rest.is_empty() || rest.starts_with(',')) {
                return None;
            }
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        }
        match rest.strip_prefix(',') {
            Some(more) => {
                out.push('\u{1f}');
                rest = more;
            }
            None => return Some(Cow::Owned(out)),
        }
    }
}

/// Why a header is not one of a master.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Nothing there.
    #[error("it is empty")]
    Empty,
    /// A web page.
    #[error("it is a web page, not a CSV file")]
    Html,
    /// A JSON document.
    #[error("it is JSON, not a CSV file")]
    Json,
    /// Bytes that are no text in UTF-8.
    #[error("its first line is not text in UTF-8")]
    NotText,
    /// No column of either layout.
    #[error(
        "its first line is not the header of an instrument master (neither SEM_SMST_SECURITY_ID nor SECURITY_ID is a column)"
    )]
    Unknown,
    /// Columns that we cannot do without.
    #[error("the {} layout lacks {}", .0.name(), .1.join(", "))]
    Missing(Layout, Vec<&'static str>),
}

/// Where the columns are. A column that is not there has a number that no line has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is a column of the file, named after the record's field")]
pub struct Columns {
    pub layout: Layout,
    /// Fields of a line, an empty last one not counted.
    pub count: usize,
    /// The names as the file spells them, an empty last one included.
    pub names: Vec<String>,
    pub exchange: usize,
    pub letter: usize,
    pub id: usize,
    pub instrument: usize,
    pub trading: usize,
    pub name: usize,
    pub display: usize,
    pub series: usize,
    pub lot: usize,
    pub expiry: usize,
    pub strike: usize,
    pub option: usize,
    pub tick: usize,
    pub isin: usize,
    pub underlying: usize,
    pub underlying_id: usize,
    pub freeze: usize,
    pub lower: usize,
    pub upper: usize,
}

/// The column number of what is not there.
const ABSENT: usize = usize::MAX;

impl Columns {
    /// Reads the first line of a file, without its line end.
    ///
    /// # Errors
    /// Says what the file is instead, or which columns it lacks.
    pub fn of(header: &[u8]) -> Result<Columns, HeaderError> {
        let header = header.strip_prefix(b"\xef\xbb\xbf").unwrap_or(header);
        let start = header.trim_ascii_start();
        match start.first() {
            None => return Err(HeaderError::Empty),
            Some(b'<') => return Err(HeaderError::Html),
            Some(b'{' | b'[') => return Err(HeaderError::Json),
            Some(_) => {}
        }
        let line = plain(header.trim_ascii_end()).ok_or(HeaderError::NotText)?;
        let fields = Fields::split(&line).ok_or(HeaderError::Unknown)?;
        let mut names: Vec<String> = fields.all().iter().map(|name| (*name).trim().to_owned()).collect();
        let key = |name: &str| name.split_whitespace().collect::<String>().to_ascii_uppercase();
        let keys: Vec<String> = names.iter().map(|name| key(name)).collect();
        let at = |name: &str| keys.iter().position(|key| key == name);
        let layout = match (at("SEM_SMST_SECURITY_ID"), at("SECURITY_ID")) {
            (Some(_), _) => Layout::Compact,
            (None, Some(_)) => Layout::Detailed,
            // A renamed id column is worth naming when the rest is there.
            (None, None) if keys.iter().filter(|key| key.starts_with("SEM_")).count() > 4 => Layout::Compact,
            (None, None) if at("DISPLAY_NAME").is_some() && at("UNDERLYING_SYMBOL").is_some() => Layout::Detailed,
            (None, None) => return Err(HeaderError::Unknown),
        };
        let compact = layout == Layout::Compact;
        let mut missing = Vec::new();
        let mut need = |compact_name: &'static str, detailed_name: &'static str| {
            let name = if compact { compact_name } else { detailed_name };
            at(name).unwrap_or_else(|| {
                missing.push(name);
                ABSENT
            })
        };
        let exchange = need("SEM_EXM_EXCH_ID", "EXCH_ID");
        let letter = need("SEM_SEGMENT", "SEGMENT");
        let id = need("SEM_SMST_SECURITY_ID", "SECURITY_ID");
        let instrument = need("SEM_INSTRUMENT_NAME", "INSTRUMENT");
        let trading = need("SEM_TRADING_SYMBOL", "SYMBOL_NAME");
        let name = need("SM_SYMBOL_NAME", "SYMBOL_NAME");
        let display = need("SEM_CUSTOM_SYMBOL", "DISPLAY_NAME");
        let series = need("SEM_SERIES", "SERIES");
        let lot = need("SEM_LOT_UNITS", "LOT_SIZE");
        let expiry = need("SEM_EXPIRY_DATE", "SM_EXPIRY_DATE");
        let strike = need("SEM_STRIKE_PRICE", "STRIKE_PRICE");
        let option = need("SEM_OPTION_TYPE", "OPTION_TYPE");
        let tick = need("SEM_TICK_SIZE", "TICK_SIZE");
        if !compact {
            need("", "UNDERLYING_SYMBOL");
        }
        let maybe = |name: &str| at(name).filter(|_| !compact).unwrap_or(ABSENT);
        let columns = Columns {
            layout,
            count: names.len() - usize::from(names.len() > 1 && keys.last().is_some_and(String::is_empty)),
            exchange,
            letter,
            id,
            instrument,
            trading,
            name,
            display,
            series,
            lot,
            expiry,
            strike,
            option,
            tick,
            isin: maybe("ISIN"),
            underlying: maybe("UNDERLYING_SYMBOL"),
            underlying_id: maybe("UNDERLYING_SECURITY_ID"),
            freeze: maybe("SM_FREEZE_QTY"),
            lower: maybe("SM_LOWER_LIMIT"),
            upper: maybe("SM_UPPER_LIMIT"),
            names: std::mem::take(&mut names),
        };
        if missing.is_empty() { Ok(columns) } else { Err(HeaderError::Missing(layout, missing)) }
    }

    /// Whether a line has as many fields as the header; an empty last one more or less does not matter.
    pub fn fit(&self, fields: &Fields<'_>) -> bool {
        let len = fields.all().len();
        len == self.count || (len == self.count + 1 && fields.get(self.count).is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) const COMPACT: &str = "SEM_EXM_EXCH_ID,SEM_SEGMENT,SEM_SMST_SECURITY_ID,SEM_INSTRUMENT_NAME,SEM_EXPIRY_CODE,SEM_TRADING_SYMBOL,SEM_LOT_UNITS,SEM_CUSTOM_SYMBOL,SEM_EXPIRY_DATE,SEM_STRIKE_PRICE,SEM_OPTION_TYPE,SEM_TICK_SIZE,SEM_EXPIRY_FLAG,SEM_EXCH_INSTRUMENT_TYPE,SEM_SERIES,SM_SYMBOL_NAME";

    #[test]
    fn columns_are_found_by_name_in_any_order_with_bom_blanks_and_quotes() {
        let columns = Columns::of(COMPACT.as_bytes()).unwrap();
        assert_eq!((columns.layout, columns.count, columns.id, columns.trading), (Layout::Compact, 16, 2, 5));
        let mut names: Vec<_> = COMPACT.split(',').collect();
        names.reverse();
        let spelled = format!("\u{feff}NEW_ONE, \"{}\" ,\r", names.join("\" , \"").replace("\" , \"", "\",\""));
        let reversed = Columns::of(spelled.replace(", \"", ",\"").replace("\" ,", "\",").as_bytes()).unwrap();
        assert_eq!((reversed.count, reversed.id, reversed.trading), (17, 14, 11));
        let spaced = COMPACT.replace("SEM_EXPIRY_DATE", " SEM_EXPIRY_ DATE ").to_lowercase();
        assert_eq!(Columns::of(spaced.as_bytes()).unwrap().expiry, 8);
    }

    #[test]
    fn what_is_not_a_master_is_named() {
        for (header, says) in [
            (&b""[..], "empty"),
            (b"<!DOCTYPE html>", "web page"),
            (b"{\"errorCode\":1}", "JSON"),
            (b"\xff\xfeS\0E\0M\0", "not text"),
            (b"\x1f\x8b\x08", "not text"),
            (b"a,b,c", "not the header"),
        ] {
            let error = Columns::of(header).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        let renamed = COMPACT.replace("SEM_TRADING_SYMBOL", "TRADING").replace("SEM_SMST_SECURITY_ID", "SECID");
        let error = Columns::of(renamed.as_bytes()).unwrap_err();
        assert_eq!(error, HeaderError::Missing(Layout::Compact, vec!["SEM_SMST_SECURITY_ID", "SEM_TRADING_SYMBOL"]));
    }

    #[test]
    fn quotes_are_taken_off_and_stray_ones_make_a_line_bad() {
        let split = |line: &str| plain(line.as_bytes()).map(|line| Fields::split(&line).unwrap().all().join("|"));
        assert_eq!(split("a,b,c").as_deref(), Some("a|b|c"));
        assert_eq!(split("a,\"b,\"\"c\",d").as_deref(), Some("a|b,\"c|d"));
        assert_eq!(split("5\" pipe,b").as_deref(), Some("5\" pipe|b"));
        for bad in ["a,\"b,c", "a,\"b\"c,d", "a\0,b", "\x1f"] {
            assert_eq!(split(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn a_line_written_by_a_csv_writer_is_read_back(fields in prop::collection::vec("[ -~]{0,8}", 2..20)) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(&fields).unwrap();
            let line = writer.into_inner().unwrap();
            let line = plain(line.strip_suffix(b"\n").unwrap()).unwrap();
            let split = Fields::split(&line).unwrap();
            prop_assert_eq!(split.all(), fields.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
}
