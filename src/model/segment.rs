//! Exchange segments and the key of an instrument.

use std::fmt;

/// An exchange segment as the feed numbers it (byte 3 of every header).
///
/// Open: a code that has no name yet is kept, so that a packet of a new segment is still printed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Segment(u8);

/// Name, feed code and the exchange's short name that traders use.
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

    /// Every segment that has a name, in the order of their codes.
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

    /// The segment of a code on the wire; any code is accepted.
    pub const fn from_code(code: u8) -> Segment {
        Segment(code)
    }

    /// The code on the wire.
    pub const fn code(self) -> u8 {
        self.0
    }

    /// The string that requests and records use, where the code has one.
    pub fn name(self) -> Option<&'static str> {
        NAMED.iter().find(|(_, code, _)| *code == self.0).map(|(name, ..)| *name)
    }

    /// The short name traders use (`NFO`), where the code has one.
    #[cfg(test)]
    pub fn short_name(self) -> Option<&'static str> {
        NAMED.iter().find(|(_, code, _)| *code == self.0).map(|(.., short)| *short)
    }

    /// A segment as a person types it: one of the eight strings, an exchange short name (any case), or a numeric code.
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

    /// Whether the depth sockets serve this segment (NSE cash and NSE derivatives only).
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

/// What names an instrument: security ids are unique only within their segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstrumentKey {
    /// The exchange segment.
    pub segment: Segment,
    /// The security id in that segment.
    pub security_id: u32,
}

impl InstrumentKey {
    /// A key from its two parts.
    pub const fn new(segment: Segment, security_id: u32) -> InstrumentKey {
        InstrumentKey { segment, security_id }
    }
}

impl fmt::Display for InstrumentKey {
    /// `SEGMENT:ID`, as specs are typed and gap records list them.
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
            assert_eq!((segment.name(), segment.short_name()), (Some(name), Some(short)));
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
