//! Declares the record of an OHLC bar (contract: `bar`).

use super::declare::record;
use crate::model::words::words;

words! {
    /// Says why a bar may not show every trade of its interval.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum Incomplete {
        /// A gap of the instrument overlaps the interval.
        Gap = "gap",
        /// The run began within the interval.
        Start = "start",
        /// The run ended within the interval.
        End = "end",
    }
}

/// Holds the trades of an interval in one instrument, as the packets showed them.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// Length of the interval, as typed.
    pub interval: std::sync::Arc<str>,
    /// Beginning of the interval in UTC epoch seconds.
    pub start: i64,
    /// First price in rupees.
    pub open: f32,
    /// Highest price in rupees.
    pub high: f32,
    /// Lowest price in rupees.
    pub low: f32,
    /// Last price in rupees.
    pub close: f32,
    /// Growth of the day's volume in units; `None` in ticker mode.
    pub volume: Option<u64>,
    /// Last open interest in units; `None` if none was seen.
    pub oi: Option<u32>,
    /// Number of packets that showed a trade.
    pub ticks: u64,
    /// Why the bar may be incomplete; `None` if it is complete.
    pub incomplete: Option<Incomplete>,
}

record! {
    /// The trades of an interval in one instrument, made of the packets that showed them. The server conflates: highs and
    /// lows are those of the packets.
    Bar: Bar for Bar |bar| {
        /// Length of the interval as typed, such as 1m. Source: `--bars`.
        "interval": text = &bar.interval,
        /// Beginning of the interval in UTC epoch seconds, aligned to the opening of the segment's session. Source: computed.
        "start": second = bar.start,
        /// First price in rupees. Source: ltp of ticker, quote and full packets.
        "open": price32 = bar.open,
        /// Highest price in rupees. Source: ltp of ticker, quote and full packets.
        "high": price32 = bar.high,
        /// Lowest price in rupees. Source: ltp of ticker, quote and full packets.
        "low": price32 = bar.low,
        /// Last price in rupees. Source: ltp of ticker, quote and full packets.
        "close": price32 = bar.close,
        /// Growth of the day's volume since the end of the last bar in units; null in ticker mode. Source: volume of quote and
        /// full packets.
        "volume": int_or_null = bar.volume.map(|volume| i64::try_from(volume).unwrap_or(i64::MAX)),
        /// Last open interest in units; null where none was seen. Source: oi and full packets.
        "oi": int_or_null = bar.oi.map(i64::from),
        /// Number of packets that showed a trade. Source: computed.
        "ticks": count = bar.ticks,
        /// Why the bar may not show every trade: gap (data was lost), start or end (the run began or ended within it); null
        /// where nothing is missing. Source: computed.
        "incomplete": word_or_null(Incomplete::WORDS) = bar.incomplete.map(Incomplete::name),
    }
}
