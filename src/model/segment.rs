//! Exchange segments and the key of an instrument.

use std::fmt;

/// Identifies an exchange segment by its feed code (byte 3 of every packet header).
///
/// The type is open: a code without a name is kept, so that packets of a new segment are still printed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Segment(u8);

/// Lists the name, the feed code and the traders' short name of each segment.
const NAMED: [(&str, u8, &str); 8] = [
    ("IDX_I", 0, "IDX"),
    ("NSE_EQ", 1, "NSE"),
    ("NSE_FNO", 2, "NFO"),
    ("NSE_CURRENCY", 3, "CDS"),
    ("BSE_EQ", 4, "BSE"),
    ("MCX_COMM", 5, "MCX"),
    ("BSE_CURRENCY", 7, "BCD"),
    ("BSE_FNO", 8, "BFO"),
];

impl Segment {
    /// Indices of NSE and BSE.
    pub const IDX_I: Segment = Segment(0);
    /// NSE cash.
    pub const NSE_EQ: Segment = Segment(1);
    /// NSE futures and options.
    pub const NSE_FNO: Segment = Segment(2);
    /// NSE currency.
    pub const NSE_CURRENCY: Segment = Segment(3);
    /// BSE cash.
    pub const BSE_EQ: Segment = Segment(4);
    /// MCX commodities.
    pub const MCX_COMM: Segment = Segment(5);
    /// BSE currency.
    pub const BSE_CURRENCY: Segment = Segment(7);
    /// BSE futures and options.
    pub const BSE_FNO: Segment = Segment(8);

    /// Lists every segment that has a name, by ascending code.
    pub const ALL: [Segment; 8] = [
        Segment::IDX_I,
        Segment::NSE_EQ,
        Segment::NSE_FNO,
        Segment::NSE_CURRENCY,
        Segment::BSE_EQ,
        Segment::MCX_COMM,
        Segment::BSE_CURRENCY,
        Segment::BSE_FNO,
    ];

    /// Returns the segment of a feed code; every code is accepted.
    pub const fn from_code(code: u8) -> Segment {
        Segment(code)
    }

    /// Returns the feed code.
    pub const fn code(self) -> u8 {
        self.0
    }

    /// Returns the name that requests and records use (`NSE_FNO`), or `None` if the code has no name.
    pub fn name(self) -> Option<&'static str> {
        NAMED.iter().find(|(_, code, _)| *code == self.0).map(|(name, ..)| *name)
    }

    /// Parses a segment: one of the eight names, an exchange short name (any case), or a numeric code.
    pub fn parse(text: &str) -> Option<Segment> {
        NAMED
            .iter()
            .find(|(name, _, short)| name.eq_ignore_ascii_case(text) || short.eq_ignore_ascii_case(text))
            .map(|(_, code, _)| Segment(*code))
            .or_else(|| {
                let digits = text.bytes().all(|b| b.is_ascii_digit());
                text.parse().ok().filter(|_| digits).map(Segment).filter(|segment| segment.name().is_some())
            })
    }

    /// Returns whether the depth sockets serve this segment (only NSE cash and NSE derivatives).
    pub fn has_depth(self) -> bool {
        self == Segment::NSE_EQ || self == Segment::NSE_FNO
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{}", self.0),
        }
    }
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Identifies an instrument; security ids are unique only within their segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstrumentKey {
    /// The exchange segment.
    pub segment: Segment,
    /// The security id in that segment.
    pub security_id: u32,
}

impl InstrumentKey {
    /// Creates a key from its two parts.
    pub const fn new(segment: Segment, security_id: u32) -> InstrumentKey {
        InstrumentKey { segment, security_id }
    }
}

impl fmt::Display for InstrumentKey {
    /// Writes `SEGMENT:ID`, the form of specs and of gap records.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.segment, self.security_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_type_a_segment_means_the_same_one() {
        for (name, code, short) in NAMED {
            let segment = Segment::from_code(code);
            for typed in [name, short, &name.to_lowercase(), &short.to_lowercase(), &code.to_string()] {
                assert_eq!(Segment::parse(typed), Some(segment), "{typed}");
            }
            assert_eq!(segment.name(), Some(name));
        }
        for nonsense in ["", "6", "9", "256", "-1", "NSE_COMM", "NIFTY", " NSE", "+1"] {
            assert_eq!(Segment::parse(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn an_unnamed_code_is_kept() {
        let segment = Segment::from_code(6);
        assert_eq!((segment.name(), segment.to_string()), (None, "6".to_owned()));
    }
}
