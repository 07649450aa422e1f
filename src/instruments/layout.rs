//! Describes the two layouts of the master. Columns are found by name, in any order and among unknown columns.

use super::line::{Fields, Line};

/// Names one of Dhan's two files.
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
    /// Returns the word for file names and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Layout::Compact => "compact",
            Layout::Detailed => "detailed",
        }
    }

    /// Returns Dhan's address of the file.
    pub const fn url(self) -> &'static str {
        match self {
            Layout::Compact => "https://images.dhan.co/api-data/api-scrip-master.csv",
            Layout::Detailed => "https://images.dhan.co/api-data/api-scrip-master-detailed.csv",
        }
    }
}

/// Says why a header is not that of a master.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The file is empty.
    #[error("it is empty")]
    Empty,
    /// The file is a web page.
    #[error("it is a web page, not a CSV file")]
    Html,
    /// The file is a JSON document.
    #[error("it is JSON, not a CSV file")]
    Json,
    /// The file is not UTF-8 text.
    #[error("its first line is not text in UTF-8")]
    NotText,
    /// There is no column of either layout.
    #[error(
        "its first line is not the header of an instrument master (neither SEM_SMST_SECURITY_ID nor SECURITY_ID is a column)"
    )]
    Unknown,
    /// Required columns are missing.
    #[error("the {} layout lacks {}", .0.name(), .1.join(", "))]
    Missing(Layout, Vec<&'static str>),
}

/// Holds the column numbers. A missing column has a number that no line has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is a column of the file, named after the record's field")]
pub struct MasterColumns {
    pub layout: Layout,
    /// Number of fields of a line, without an empty last one.
    pub count: usize,
    /// The names as the file spells them, including an empty last one.
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

/// Number of a missing column.
const ABSENT: usize = usize::MAX;

impl MasterColumns {
    /// Parses the first line of a file, without its line end.
    ///
    /// # Errors
    /// Says what the file is instead, or which columns are missing.
    pub fn of(header: &[u8]) -> Result<MasterColumns, HeaderError> {
        let header = header.strip_prefix(b"\xef\xbb\xbf").unwrap_or(header);
        let start = header.trim_ascii_start();
        match start.first() {
            None => return Err(HeaderError::Empty),
            Some(b'<') => return Err(HeaderError::Html),
            Some(b'{' | b'[') => return Err(HeaderError::Json),
            Some(_) => {}
        }
        let mut line = Line::default();
        let fields = line.split(header.trim_ascii_end()).ok_or(HeaderError::NotText)?;
        let mut names: Vec<String> = (0..fields.count()).map(|at| fields.get(at).to_owned()).collect();
        let key = |name: &str| name.split_whitespace().collect::<String>().to_ascii_uppercase();
        let keys: Vec<String> = names.iter().map(|name| key(name)).collect();
        let at = |name: &str| keys.iter().position(|key| key == name);
        let layout = match (at("SEM_SMST_SECURITY_ID"), at("SECURITY_ID")) {
            (Some(_), _) => Layout::Compact,
            (None, Some(_)) => Layout::Detailed,
            // If only the id column was renamed, the message names it.
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
        let columns = MasterColumns {
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

    /// Returns whether a line has as many fields as the header, apart from an empty last one.
    pub fn fit(&self, fields: &Fields<'_>) -> bool {
        let count = fields.count();
        count == self.count || (count == self.count + 1 && fields.get(self.count).is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) const COMPACT: &str = "SEM_EXM_EXCH_ID,SEM_SEGMENT,SEM_SMST_SECURITY_ID,SEM_INSTRUMENT_NAME,SEM_EXPIRY_CODE,SEM_TRADING_SYMBOL,SEM_LOT_UNITS,SEM_CUSTOM_SYMBOL,SEM_EXPIRY_DATE,SEM_STRIKE_PRICE,SEM_OPTION_TYPE,SEM_TICK_SIZE,SEM_EXPIRY_FLAG,SEM_EXCH_INSTRUMENT_TYPE,SEM_SERIES,SM_SYMBOL_NAME";

    #[test]
    fn columns_are_found_by_name_in_any_order_with_bom_blanks_and_quotes() {
        let columns = MasterColumns::of(COMPACT.as_bytes()).unwrap();
        assert_eq!((columns.layout, columns.count, columns.id, columns.trading), (Layout::Compact, 16, 2, 5));
        let mut names: Vec<_> = COMPACT.split(',').collect();
        names.reverse();
        let spelled = format!("\u{feff}NEW_ONE, \"{}\" ,\r", names.join("\" , \"").replace("\" , \"", "\",\""));
        let reversed = MasterColumns::of(spelled.replace(", \"", ",\"").replace("\" ,", "\",").as_bytes()).unwrap();
        assert_eq!((reversed.count, reversed.id, reversed.trading), (17, 14, 11));
        let spaced = COMPACT.replace("SEM_EXPIRY_DATE", " SEM_EXPIRY_ DATE ").to_lowercase();
        assert_eq!(MasterColumns::of(spaced.as_bytes()).unwrap().expiry, 8);
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
            let error = MasterColumns::of(header).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        let renamed = COMPACT.replace("SEM_TRADING_SYMBOL", "TRADING").replace("SEM_SMST_SECURITY_ID", "SECID");
        let error = MasterColumns::of(renamed.as_bytes()).unwrap_err();
        assert_eq!(error, HeaderError::Missing(Layout::Compact, vec!["SEM_SMST_SECURITY_ID", "SEM_TRADING_SYMBOL"]));
    }
}
