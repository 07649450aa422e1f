//! Declares the market feed's records (contract: `ticker`, `quote`, `full`, `oi`, `prev_close`, `market_status`,
//! `unknown`).

use super::declare::record;
use super::schema::Columns;
use super::{BookLevel, NO_COLUMN, Record};
use crate::protocol::feed::{self, LevelPair};

/// Columns of the market feed's CSV: those of every record that a packet can become.
const UNION: Columns = Columns::union(&[
    feed::Full::SCHEMA,
    feed::Quote::SCHEMA,
    feed::Ticker::SCHEMA,
    feed::OpenInterest::SCHEMA,
    feed::PrevClose::SCHEMA,
    Unknown::SCHEMA,
    MarketStatus::SCHEMA,
]);

/// Names of the market feed's CSV columns, the same for every row.
pub const COLUMNS: [&str; UNION.width()] = UNION.names();

/// Returns the index of a name in [`COLUMNS`], or [`NO_COLUMN`] if there is none.
pub const fn column(name: &str) -> u8 {
    match UNION.position(name) {
        Some(at) => at,
        None => NO_COLUMN,
    }
}

record! {
    /// Last price and its time: the record of mode ticker.
    Ticker: Packet for feed::Ticker<'_> |p| {
        /// Last traded price in rupees. Source: f32 at byte 8.
        "ltp": price32 = p.ltp(),
        /// Last trade time in UTC epoch seconds; null when the server says 0 or a time before 2000. Source: u32 at byte 12, IST
        /// wall clock, less 19 800.
        "ltt": second_or_null = feed::utc(p.ltt_raw()),
    }
}

record! {
    /// Trade, volume and the day's prices: the record of mode quote.
    Quote: Packet for feed::Quote<'_> |p| {
        /// Last traded price in rupees. Source: f32 at byte 8.
        "ltp": price32 = p.ltp(),
        /// Last traded quantity in units; 16 bits on the wire, so large ones wrap. Source: u16 at byte 12.
        "ltq": uint = u32::from(p.ltq()),
        /// Last trade time in UTC epoch seconds; null when the server says 0 or a time before 2000. Source: u32 at byte 14, IST
        /// wall clock, less 19 800.
        "ltt": second_or_null = feed::utc(p.ltt_raw()),
        /// Average traded price of the day in rupees. Source: f32 at byte 18.
        "atp": price32 = p.atp(),
        /// Volume of the day in units. Source: u32 at byte 22.
        "volume": uint = p.volume(),
        /// Quantity of all buy orders in units. Source: u32 at byte 30.
        "total_buy_qty": uint = p.total_buy_qty(),
        /// Quantity of all sell orders in units. Source: u32 at byte 26.
        "total_sell_qty": uint = p.total_sell_qty(),
        /// Open of the day in rupees. Source: f32 at byte 34.
        "day_open": price32 = p.day_open(),
        /// High of the day in rupees. Source: f32 at byte 42.
        "day_high": price32 = p.day_high(),
        /// Low of the day in rupees. Source: f32 at byte 46.
        "day_low": price32 = p.day_low(),
        /// Close of the previous session in rupees, after the market's close that of the day. Source: f32 at byte 38.
        "close": price32 = p.close(),
    }
}

record! {
    /// A quote with open interest and five levels of the order book: the record of mode full.
    Full: Packet for feed::Full<'_> |p| {
        let (bids, asks) = (priced(*p, LevelPair::bid), priced(*p, LevelPair::ask));
        let (bid, ask) = ((0..5).find_map(&bids), (0..5).find_map(&asks));
        /// Last traded price in rupees. Source: f32 at byte 8.
        "ltp": price32 = p.ltp(),
        /// Last traded quantity in units; 16 bits on the wire, so large ones wrap. Source: u16 at byte 12.
        "ltq": uint = u32::from(p.ltq()),
        /// Last trade time in UTC epoch seconds; null when the server says 0 or a time before 2000. Source: u32 at byte 14, IST
        /// wall clock, less 19 800.
        "ltt": second_or_null = feed::utc(p.ltt_raw()),
        /// Average traded price of the day in rupees. Source: f32 at byte 18.
        "atp": price32 = p.atp(),
        /// Volume of the day in units. Source: u32 at byte 22.
        "volume": uint = p.volume(),
        /// Quantity of all buy orders in units. Source: u32 at byte 30.
        "total_buy_qty": uint = p.total_buy_qty(),
        /// Quantity of all sell orders in units. Source: u32 at byte 26.
        "total_sell_qty": uint = p.total_sell_qty(),
        /// Open of the day in rupees. Source: f32 at byte 46.
        "day_open": price32 = p.day_open(),
        /// High of the day in rupees. Source: f32 at byte 54.
        "day_high": price32 = p.day_high(),
        /// Low of the day in rupees. Source: f32 at byte 58.
        "day_low": price32 = p.day_low(),
        /// Close of the previous session in rupees, after the market's close that of the day. Source: f32 at byte 50.
        "close": price32 = p.close(),
        /// Open interest in units. Source: u32 at byte 34.
        "oi": uint = p.oi(),
        /// Highest open interest of the day in units. Source: u32 at byte 38.
        "oi_high": uint = p.oi_high(),
        /// Lowest open interest of the day in units. Source: u32 at byte 42.
        "oi_low": uint = p.oi_low(),
        /// Best bid in rupees; null without bids. Source: the first level that has a price.
        "best_bid": price32_or_null = bid.map(|level| level.price),
        /// Best ask in rupees; null without asks. Source: the first level that has a price.
        "best_ask": price32_or_null = ask.map(|level| level.price),
        /// Best ask less best bid in rupees; null when a side is empty. Source: computed.
        "spread": price64_or_null = bid.zip(ask).map(|(bid, ask)| spread32(bid.price, ask.price)),
        five_levels {
            /// Bids, best first, up to five; levels without a price are left out. Source: bytes 62 to 161.
            bids = bids,
            /// Asks, best first, up to five; levels without a price are left out. Source: bytes 62 to 161.
            asks = asks,
        }
    }
}

/// Returns a function that gives one side's level by its index, in the server's order, or `None` if it has no price.
#[inline(always)]
fn priced<'a>(
    packet: feed::Full<'a>,
    side: impl Fn(LevelPair<'a>) -> feed::Level,
) -> impl Fn(usize) -> Option<BookLevel<f32>> {
    move |i| {
        let level = side(packet.level(i));
        level.is_priced().then(|| BookLevel { price: level.price, qty: level.qty, orders: u32::from(level.orders) })
    }
}

/// Returns ask − bid in rupees without float noise: the difference of the two decimal numbers as written.
#[inline(always)]
pub fn spread32(bid: f32, ask: f32) -> f64 {
    // Nearly all prices are whole paise: subtract those.
    let (bid_paise, ask_paise) = (rounded(f64::from(bid) * 100.0), rounded(f64::from(ask) * 100.0));
    if (bid_paise * 0.01) as f32 == bid
        && (ask_paise * 0.01) as f32 == ask
        && bid_paise < 13_107_200.0
        && ask_paise < 13_107_200.0
    {
        return (ask_paise - bid_paise) / 100.0;
    }
    spread_of_decimals(zmij::Buffer::new().format_finite(bid), zmij::Buffer::new().format_finite(ask))
}

/// Rounds a number below 2^51 to an integer. Beyond 2^52 a float has no fraction, so adding that much rounds: one or
/// two instructions, whereas [`f64::round`] is a function call on older processors.
#[inline(always)]
fn rounded(value: f64) -> f64 {
    const NO_FRACTION: f64 = 4_503_599_627_370_496.0;
    value + NO_FRACTION - NO_FRACTION
}

/// Returns ask − bid of two decimal texts, rounded to the number of decimals of the longer one.
pub fn spread_of_decimals(bid: &str, ask: &str) -> f64 {
    let decimals = |text: &str| text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let (Ok(bid_value), Ok(ask_value)) = (bid.parse::<f64>(), ask.parse::<f64>()) else { return f64::NAN };
    let scale = 10f64.powi(i32::try_from(decimals(bid).max(decimals(ask))).unwrap_or(0).min(15));
    let difference = ((ask_value * scale).round() - (bid_value * scale).round()) / scale;
    if difference.is_finite() { difference } else { ask_value - bid_value }
}

record! {
    /// Open interest, sent beside quotes.
    Oi: Packet for feed::OpenInterest<'_> |p| {
        /// Open interest in units. Source: u32 at byte 8.
        "oi": uint = p.oi(),
    }
}

record! {
    /// The previous session's close, sent once when an instrument is subscribed.
    PrevClose: Packet for feed::PrevClose<'_> |p| {
        /// Close of the previous session in rupees. Source: f32 at byte 8.
        "prev_close": price32 = p.prev_close(),
        /// Open interest at the end of the previous session in units. Source: u32 at byte 12.
        "prev_oi": uint = p.prev_oi(),
    }
}

/// Holds a market status packet: the bytes behind its header, whose meaning is not published.
#[derive(Debug, Clone, Copy)]
pub struct MarketStatus<'a>(pub &'a [u8]);

record! {
    /// A market status packet, whose meaning is not published.
    MarketStatus: Packet for MarketStatus<'_> |status| {
        /// Bytes behind the header, as hex. Source: byte 8 to the end.
        "payload": hex = status.0,
    }
}

/// Holds a packet of an unknown code.
#[derive(Debug, Clone, Copy)]
pub struct Unknown<'a> {
    /// Response code (offset 0).
    pub code: u8,
    /// The bytes behind the header.
    pub payload: &'a [u8],
}

record! {
    /// A packet of an unknown code. A later version may replace this type by a named one.
    Unknown: Packet for Unknown<'_> |unknown| {
        /// Response code. Source: byte 0.
        "code": uint = u32::from(unknown.code),
        /// Bytes behind the header, as hex. Source: byte 8 to the end.
        "payload": hex = unknown.payload,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_has_no_float_noise() {
        for (bid, ask, expected) in [
            (100.05f32, 100.15f32, 0.1),
            (99.95, 100.0, 0.05),
            (100.15, 100.05, -0.1),
            (83.4525, 83.455, 0.0025),
            (200_000.02, 200_001.0, 0.98),
            (5.0, 5.0, 0.0),
        ] {
            let spread = spread32(bid, ask);
            if bid < 150_000.0 {
                assert_eq!(spread, expected, "{bid} {ask}");
            } else {
                assert!((spread - f64::from(ask - bid)).abs() < 0.02 && spread.to_string().len() < 9, "{spread}");
            }
        }
    }
}
