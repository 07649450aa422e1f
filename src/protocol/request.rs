//! Builds requests: JSON text frames exactly as the server's documentation shows them.

use crate::model::InstrumentKey;
use crate::model::words::words;
use std::fmt::Write as _;

/// Maximum number of instruments in one request.
pub const INSTRUMENTS_PER_MESSAGE: usize = 100;

words! {
    /// Says what the market feed sends for an instrument, which may be subscribed in several modes at once.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Mode {
        /// Last price and its time.
        Ticker = "ticker",
        /// Trade, volume and the day's prices.
        Quote = "quote",
        /// A quote with five levels of the order book. The server ignores it for indices.
        Full = "full",
    }
}

impl Mode {
    /// Parses a mode, in any case.
    pub fn parse(text: &str) -> Option<Mode> {
        Mode::ALL.into_iter().find(|mode| mode.name().eq_ignore_ascii_case(text))
    }

    /// Returns the request code that subscribes.
    pub const fn subscribe(self) -> RequestCode {
        match self {
            Mode::Ticker => RequestCode(15),
            Mode::Quote => RequestCode(17),
            Mode::Full => RequestCode(21),
        }
    }

    /// Returns the request code that unsubscribes.
    pub const fn unsubscribe(self) -> RequestCode {
        RequestCode(self.subscribe().0 + 1)
    }
}

/// Holds the `RequestCode` of a request. The type is open: any number that a client sends can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestCode(pub u16);

impl RequestCode {
    /// Ends the session.
    pub const DISCONNECT: RequestCode = RequestCode(12);
    /// Subscribes to depth of 20 and 200 levels.
    pub const SUBSCRIBE_DEPTH: RequestCode = RequestCode(23);
    /// Unsubscribes from depth according to the older documentation and the vendor's client; the server often ignores
    /// it.
    pub const UNSUBSCRIBE_DEPTH: RequestCode = RequestCode(24);
    /// Unsubscribes from depth according to the newer documentation and Dhan's support.
    pub const UNSUBSCRIBE_DEPTH_ALTERNATE: RequestCode = RequestCode(25);
}

/// Returns a request for a list of instruments. The caller passes at most [`INSTRUMENTS_PER_MESSAGE`].
pub fn list(code: RequestCode, instruments: &[InstrumentKey]) -> String {
    let mut text = format!(r#"{{"RequestCode":{},"InstrumentCount":{},"InstrumentList":["#, code.0, instruments.len());
    for (i, instrument) in instruments.iter().enumerate() {
        let comma = if i == 0 { "" } else { "," };
        let InstrumentKey { segment, security_id } = instrument;
        let _ = write!(text, r#"{comma}{{"ExchangeSegment":"{segment}","SecurityId":"{security_id}"}}"#);
    }
    text.push_str("]}");
    text
}

/// Returns the request of the 200-level socket, which takes one instrument.
pub fn single(code: RequestCode, instrument: InstrumentKey) -> String {
    let InstrumentKey { segment, security_id } = instrument;
    format!(r#"{{"RequestCode":{},"ExchangeSegment":"{segment}","SecurityId":"{security_id}"}}"#, code.0)
}

/// Returns the request that ends a session.
pub fn disconnect() -> String {
    format!(r#"{{"RequestCode":{}}}"#, RequestCode::DISCONNECT.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Segment;

    #[test]
    fn requests_are_byte_for_byte_what_the_documentation_shows() {
        let instruments = [InstrumentKey::new(Segment::NSE_EQ, 1333), InstrumentKey::new(Segment::BSE_EQ, 532540)];
        assert_eq!(
            list(Mode::Ticker.subscribe(), &instruments),
            r#"{"RequestCode":15,"InstrumentCount":2,"InstrumentList":[{"ExchangeSegment":"NSE_EQ","SecurityId":"1333"},{"ExchangeSegment":"BSE_EQ","SecurityId":"532540"}]}"#
        );
        assert_eq!(
            single(RequestCode::SUBSCRIBE_DEPTH, instruments[0]),
            r#"{"RequestCode":23,"ExchangeSegment":"NSE_EQ","SecurityId":"1333"}"#
        );
        assert_eq!(disconnect(), r#"{"RequestCode":12}"#);
    }

    #[test]
    fn each_mode_has_its_own_codes() {
        let codes: Vec<_> = Mode::ALL.iter().map(|m| (m.subscribe().0, m.unsubscribe().0)).collect();
        assert_eq!(codes, [(15, 16), (17, 18), (21, 22)]);
    }
}
