//! Parses how an instrument is named on a command line: `SEGMENT:ID`, `SEGMENT:SYMBOL` or `SYMBOL`, with an optional
//! `@mode`.

use crate::model::{InstrumentKey, Segment};
use crate::protocol::Mode;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A segment that a spec can name: one of the feed's, or NSE commodity, which can be looked up but not streamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SpecSegment {
    /// A segment that the feed has a code for.
    Feed(Segment),
    /// NSE commodity, for which the feed has no code.
    NseComm,
}

/// The name that records and specs use for NSE commodity.
pub const NSE_COMM: &str = "NSE_COMM";

impl SpecSegment {
    /// Lists every named segment: the feed's eight in the order of their codes, then NSE commodity.
    pub const ALL: [SpecSegment; 9] = [
        SpecSegment::Feed(Segment::IDX_I),
        SpecSegment::Feed(Segment::NSE_EQ),
        SpecSegment::Feed(Segment::NSE_FNO),
        SpecSegment::Feed(Segment::NSE_CURRENCY),
        SpecSegment::Feed(Segment::BSE_EQ),
        SpecSegment::Feed(Segment::MCX_COMM),
        SpecSegment::Feed(Segment::BSE_CURRENCY),
        SpecSegment::Feed(Segment::BSE_FNO),
        SpecSegment::NseComm,
    ];

    /// Parses a segment: its name, an exchange short name (any case), or its numeric code.
    pub fn parse(text: &str) -> Option<SpecSegment> {
        if text.eq_ignore_ascii_case(NSE_COMM) {
            return Some(SpecSegment::NseComm);
        }
        Segment::parse(text).map(SpecSegment::Feed)
    }

    /// Returns the feed's segment, or `None` for NSE commodity.
    pub const fn feed(self) -> Option<Segment> {
        match self {
            SpecSegment::Feed(segment) => Some(segment),
            SpecSegment::NseComm => None,
        }
    }

    /// Returns the name that records use.
    pub fn name(self) -> &'static str {
        match self {
            SpecSegment::Feed(segment) => segment.name().unwrap_or("unknown"),
            SpecSegment::NseComm => NSE_COMM,
        }
    }

    /// Returns whether instruments of this segment are contracts, which expire.
    pub fn is_derivative(self) -> bool {
        ![SpecSegment::Feed(Segment::IDX_I), SpecSegment::Feed(Segment::NSE_EQ), SpecSegment::Feed(Segment::BSE_EQ)]
            .contains(&self)
    }
}

impl fmt::Display for SpecSegment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Holds the name of an instrument, within its segment or anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Name {
    /// A security id; only with a segment.
    Id(u32),
    /// A symbol or a display name, as typed (trimmed).
    Symbol(String),
}

/// Holds one instrument as typed. [`Spec::text`] is kept for messages.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Spec {
    /// The complete spec, trimmed.
    pub text: String,
    /// The part before `:`, if it names a segment.
    pub segment: Option<SpecSegment>,
    /// The id or the symbol.
    pub name: Name,
    /// The mode after `@`, if any.
    pub mode: Option<Mode>,
    /// Where it was read.
    pub place: Place,
}

/// Names where a spec was read, such as `watchlist.txt:2`, or nothing for one that was typed. Two specs are equal
/// wherever they were read, so all places are equal.
#[derive(Debug, Clone, Default)]
pub struct Place(Option<Arc<str>>);

impl Place {
    /// Names a line of a list, from 1.
    pub fn line(list: &str, number: usize) -> Place {
        Place(Some(format!("{list}:{number}").into()))
    }
}

impl PartialEq for Place {
    fn eq(&self, _: &Place) -> bool {
        true
    }
}

impl Eq for Place {}

impl Hash for Place {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// Says why a spec cannot be parsed, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// The spec is empty.
    #[error("an empty instrument: write SEGMENT:ID, SEGMENT:SYMBOL or SYMBOL, such as NSE_EQ:2885 or NIFTY")]
    Empty,
    /// There is no name between the segment (or the start) and the end (or the mode).
    #[error("\"{0}\" names no instrument: write an id or a symbol {1}")]
    NoName(String, &'static str),
    /// The text behind `@` is no mode.
    #[error("\"{text}\": \"{mode}\" is not a mode: write @ticker, @quote or @full")]
    BadMode {
        /// The spec.
        text: String,
        /// The text behind `@`.
        mode: String,
    },
    /// The id is larger than the feed's ids can be.
    #[error("\"{0}\": the id is larger than any security id (at most 4294967295)")]
    IdTooLarge(String),
    /// The spec contains a character that no name has.
    #[error("\"{0}\" holds a control character: write one instrument a line")]
    Control(String),
}

impl Spec {
    /// Parses a spec. The part before `:` is a segment only if it names one; a symbol may itself contain colons,
    /// dashes, blanks and `&`.
    ///
    /// # Errors
    /// Returns a [`SpecError`] that quotes the spec; all are usage errors (exit 2).
    pub fn parse(typed: &str) -> Result<Spec, SpecError> {
        let text = typed.trim();
        if text.is_empty() {
            return Err(SpecError::Empty);
        }
        if text.contains(char::is_control) {
            return Err(SpecError::Control(text.escape_debug().to_string()));
        }
        let (named, mode) = match text.rsplit_once('@') {
            None => (text, None),
            Some((named, mode)) => match Mode::parse(mode.trim()) {
                Some(mode) => (named.trim_end(), Some(mode)),
                None => return Err(SpecError::BadMode { text: text.to_owned(), mode: mode.trim().to_owned() }),
            },
        };
        let (segment, name) = match named.split_once(':') {
            Some((before, after)) => match SpecSegment::parse(before.trim()) {
                Some(segment) => (Some(segment), after.trim()),
                None => (None, named),
            },
            None => (None, named),
        };
        if name.is_empty() {
            let place = if segment.is_some() { "after the \":\"" } else { "before the \"@\"" };
            return Err(SpecError::NoName(text.to_owned(), place));
        }
        let name = if segment.is_some() && name.bytes().all(|b| b.is_ascii_digit()) {
            Name::Id(name.parse().map_err(|_| SpecError::IdTooLarge(text.to_owned()))?)
        } else {
            Name::Symbol(name.to_owned())
        };
        Ok(Spec { text: text.to_owned(), segment, name, mode, place: Place::default() })
    }

    /// Returns what is wrong with the spec, after the place where it was read.
    pub fn with_place(&self, problem: impl fmt::Display) -> String {
        match &self.place {
            Place(Some(place)) => format!("{place}: {problem}"),
            Place(None) => problem.to_string(),
        }
    }

    /// Returns the key if the spec is `SEGMENT:ID` of a feed segment; then no look-up is needed.
    pub fn key(&self) -> Option<InstrumentKey> {
        match (self.segment, &self.name) {
            (Some(SpecSegment::Feed(segment)), Name::Id(id)) => Some(InstrumentKey::new(segment, *id)),
            _ => None,
        }
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(text: &str) -> (Option<&'static str>, String, Option<&'static str>) {
        let spec = Spec::parse(text).unwrap();
        let name = match spec.name {
            Name::Id(id) => format!("#{id}"),
            Name::Symbol(symbol) => symbol,
        };
        (spec.segment.map(SpecSegment::name), name, spec.mode.map(Mode::name))
    }

    #[test]
    fn every_shape_of_a_spec_is_read() {
        for (text, segment, name, mode) in [
            ("IDX_I:13", Some("IDX_I"), "#13", None),
            ("NSE_EQ:RELIANCE@full", Some("NSE_EQ"), "RELIANCE", Some("full")),
            ("NIFTY", None, "NIFTY", None),
            (" nfo:35084@QUOTE ", Some("NSE_FNO"), "#35084", Some("quote")),
            ("2:35084", Some("NSE_FNO"), "#35084", None),
            ("0:13", Some("IDX_I"), "#13", None),
            ("mcx:GOLD-31Aug2026-FUT", Some("MCX_COMM"), "GOLD-31Aug2026-FUT", None),
            ("NSE_COMM:148560", Some("NSE_COMM"), "#148560", None),
            ("M&M", None, "M&M", None),
            ("NIFTY 29 SEP 29150 CALL@ticker", None, "NIFTY 29 SEP 29150 CALL", Some("ticker")),
            ("IDX_I:Nifty 500 Infra 50:30:20", Some("IDX_I"), "Nifty 500 Infra 50:30:20", None),
            ("2885", None, "2885", None),
            ("NSE_EQ:656MH32", Some("NSE_EQ"), "656MH32", None),
            ("NSE_EQ:4294967295", Some("NSE_EQ"), "#4294967295", None),
        ] {
            assert_eq!(parsed(text), (segment, name.to_owned(), mode), "{text}");
        }
    }

    #[test]
    fn what_precedes_a_colon_is_a_segment_only_if_it_names_one() {
        for text in ["NSE_FO:35084", "6:13", "Nifty 500 Infra 50:30:20", ":13", "9:1"] {
            assert_eq!(parsed(text), (None, text.to_owned(), None));
        }
    }

    #[test]
    fn an_error_quotes_what_was_wrong_and_says_what_to_write() {
        for (text, says) in [
            ("", "an empty instrument"),
            ("  ", "an empty instrument"),
            ("NSE_EQ:", "\"NSE_EQ:\" names no instrument: write an id or a symbol after the \":\""),
            ("@full", "\"@full\" names no instrument: write an id or a symbol before the \"@\""),
            ("NSE_EQ:@full", "after the \":\""),
            ("NIFTY@ful", "\"ful\" is not a mode: write @ticker, @quote or @full"),
            ("NIFTY@", "\"\" is not a mode"),
            ("NSE_EQ:4294967296", "larger than any security id"),
            ("NSE\tEQ", "control character"),
        ] {
            let error = Spec::parse(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text:?}: {error}");
        }
    }

    proptest! {
        #[test]
        fn a_spec_that_dhan_prints_is_read_back(segment in 0usize..9, id: u32) {
            let segment = SpecSegment::ALL[segment];
            let spec = Spec::parse(&format!("{segment}:{id}")).unwrap();
            prop_assert_eq!(spec.segment, Some(segment));
            prop_assert_eq!(spec.name, Name::Id(id));
        }

        #[test]
        fn no_text_panics_and_no_name_is_empty(text in ".{0,40}") {
            if let Ok(Spec { name: Name::Symbol(name), .. }) = Spec::parse(&text) {
                prop_assert!(!name.is_empty() && name.trim() == name);
            }
        }
    }
}
