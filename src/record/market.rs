//! The market feed's records (contract: `ticker`, `quote`, `full`, `oi`, `prev_close`, `market_status`, `unknown`).

use super::{BookLevel, FieldWriter, NO_COLUMN, Record};
use crate::key;
use crate::protocol::feed::{self, LevelPair};

/// The columns of the market feed's CSV, the same for every row.
#[rustfmt::skip]
pub const COLUMNS: [&str; 56] = [
    "type", "segment", "security_id", "symbol", "ltp", "ltq", "ltt", "atp", "volume", "total_buy_qty", "total_sell_qty",
    "day_open", "day_high", "day_low", "close", "oi", "oi_high", "oi_low", "best_bid", "best_ask", "spread",
    "bid1_price", "bid1_qty", "bid1_orders", "ask1_price", "ask1_qty", "ask1_orders",
    "bid2_price", "bid2_qty", "bid2_orders", "ask2_price", "ask2_qty", "ask2_orders",
    "bid3_price", "bid3_qty", "bid3_orders", "ask3_price", "ask3_qty", "ask3_orders",
    "bid4_price", "bid4_qty", "bid4_orders", "ask4_price", "ask4_qty", "ask4_orders",
    "bid5_price", "bid5_qty", "bid5_orders", "ask5_price", "ask5_qty", "ask5_orders",
    "prev_close", "prev_oi", "code", "payload", "recv_us",
];

/// Where a name stands in [`COLUMNS`]; [`NO_COLUMN`] if it does not.
pub const fn column(name: &str) -> u8 {
    let mut i = 0;
    while i < COLUMNS.len() {
        let (a, b) = (COLUMNS[i].as_bytes(), name.as_bytes());
        let mut same = a.len() == b.len();
        let mut j = 0;
        while same && j < a.len() {
            same = a[j] == b[j];
            j += 1;
        }
        if same {
            return i as u8;
        }
        i += 1;
    }
    NO_COLUMN
}

/// A type of market record; `--only` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum MarketType {
    /// Last price and its time.
    Ticker,
    /// Trade, volume and the day's prices.
    Quote,
    /// A quote with five levels of book.
    Full,
    /// Open interest.
    Oi,
    /// Previous session's close.
    PrevClose,
    /// Market status.
    MarketStatus,
    /// A packet we have no name for.
    Unknown,
}

impl MarketType {
    /// Every type.
    pub const ALL: [MarketType; 7] = [
        MarketType::Ticker,
        MarketType::Quote,
        MarketType::Full,
        MarketType::Oi,
        MarketType::PrevClose,
        MarketType::MarketStatus,
        MarketType::Unknown,
    ];

    /// The value of `type`.
    pub const fn name(self) -> &'static str {
        match self {
            MarketType::Ticker => "ticker",
            MarketType::Quote => "quote",
            MarketType::Full => "full",
            MarketType::Oi => "oi",
            MarketType::PrevClose => "prev_close",
            MarketType::MarketStatus => "market_status",
            MarketType::Unknown => "unknown",
        }
    }

    /// A type by its name.
    pub fn parse(text: &str) -> Option<MarketType> {
        MarketType::ALL.into_iter().find(|kind| kind.name() == text)
    }
}

impl Record for feed::Ticker<'_> {
    const NUMBERS_ONLY: bool = true;

    fn kind(&self) -> &'static str {
        MarketType::Ticker.name()
    }

    #[inline(always)]
    fn fields<W: FieldWriter>(&self, w: &mut W) {
        w.price32(key!("ltp"), self.ltp());
        w.seconds(key!("ltt"), feed::utc(self.ltt_raw()));
    }
}

/// What quote and full packets both begin with, up to `close`: the offsets differ, the fields do not.
macro_rules! quote_fields {
    ($packet:expr, $w:expr) => {{
        $w.price32(key!("ltp"), $packet.ltp());
        $w.uint(key!("ltq"), u32::from($packet.ltq()));
        $w.seconds(key!("ltt"), feed::utc($packet.ltt_raw()));
        $w.price32(key!("atp"), $packet.atp());
        $w.uint(key!("volume"), $packet.volume());
        $w.uint(key!("total_buy_qty"), $packet.total_buy_qty());
        $w.uint(key!("total_sell_qty"), $packet.total_sell_qty());
        $w.price32(key!("day_open"), $packet.day_open());
        $w.price32(key!("day_high"), $packet.day_high());
        $w.price32(key!("day_low"), $packet.day_low());
        $w.price32(key!("close"), $packet.close());
    }};
}

impl Record for feed::Quote<'_> {
    const NUMBERS_ONLY: bool = true;

    fn kind(&self) -> &'static str {
        MarketType::Quote.name()
    }

    #[inline(always)]
    fn fields<W: FieldWriter>(&self, w: &mut W) {
        quote_fields!(self, w);
    }
}

impl Record for feed::Full<'_> {
    const NUMBERS_ONLY: bool = true;

    fn kind(&self) -> &'static str {
        MarketType::Full.name()
    }

    #[inline(always)]
    fn fields<W: FieldWriter>(&self, w: &mut W) {
        quote_fields!(self, w);
        w.uint(key!("oi"), self.oi());
        w.uint(key!("oi_high"), self.oi_high());
        w.uint(key!("oi_low"), self.oi_low());
        let (bids, asks) = (priced(*self, LevelPair::bid), priced(*self, LevelPair::ask));
        match ((0..5).find_map(&bids), (0..5).find_map(&asks)) {
            (Some(bid), Some(ask)) => {
                w.price32(key!("best_bid"), bid.price);
                w.price32(key!("best_ask"), ask.price);
                w.price64(key!("spread"), spread32(bid.price, ask.price));
            }
            (bid, ask) => {
                w.price32_or_null(key!("best_bid"), bid.map(|level| level.price));
                w.price32_or_null(key!("best_ask"), ask.map(|level| level.price));
                w.null(key!("spread"));
            }
        }
        w.book5(bids, asks);
    }
}

/// One side's levels by their place, best first as the server has them; `None` for those without a price.
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

/// Ask − bid in rupees, free of float noise: the difference of the two decimals that the prices are written as.
#[inline(always)]
pub fn spread32(bid: f32, ask: f32) -> f64 {
    // Both on the grid of paise, as nearly always: subtract whole paise.
    let (bid_paise, ask_paise) = (whole(f64::from(bid) * 100.0), whole(f64::from(ask) * 100.0));
    if (bid_paise * 0.01) as f32 == bid
        && (ask_paise * 0.01) as f32 == ask
        && bid_paise < 13_107_200.0
        && ask_paise < 13_107_200.0
    {
        return (ask_paise - bid_paise) / 100.0;
    }
    spread_of_decimals(zmij::Buffer::new().format_finite(bid), zmij::Buffer::new().format_finite(ask))
}

/// A number rounded to a whole one, for those of less than 2^51: beyond 2^52 a float has no fraction, so adding that much
/// rounds. An instruction or two, where [`f64::round`] is a call on processors that may be old.
#[inline(always)]
fn whole(value: f64) -> f64 {
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    value + WHOLE - WHOLE
}

/// Ask − bid of two decimal texts, rounded to the digits that the longer of them has.
pub fn spread_of_decimals(bid: &str, ask: &str) -> f64 {
    let decimals = |text: &str| text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let (Ok(bid_value), Ok(ask_value)) = (bid.parse::<f64>(), ask.parse::<f64>()) else { return f64::NAN };
    let scale = 10f64.powi(i32::try_from(decimals(bid).max(decimals(ask))).unwrap_or(0).min(15));
    let difference = ((ask_value * scale).round() - (bid_value * scale).round()) / scale;
    if difference.is_finite() { difference } else { ask_value - bid_value }
}

impl Record for feed::OpenInterest<'_> {
    const NUMBERS_ONLY: bool = true;

    fn kind(&self) -> &'static str {
        MarketType::Oi.name()
    }

    fn fields<W: FieldWriter>(&self, w: &mut W) {
        w.uint(key!("oi"), self.oi());
    }
}

impl Record for feed::PrevClose<'_> {
    const NUMBERS_ONLY: bool = true;

    fn kind(&self) -> &'static str {
        MarketType::PrevClose.name()
    }

    fn fields<W: FieldWriter>(&self, w: &mut W) {
        w.price32(key!("prev_close"), self.prev_close());
        w.uint(key!("prev_oi"), self.prev_oi());
    }
}

/// A market status packet: what follows its header, whose meaning nobody has published.
#[derive(Debug, Clone, Copy)]
pub struct MarketStatus<'a>(pub &'a [u8]);

impl Record for MarketStatus<'_> {
    fn kind(&self) -> &'static str {
        MarketType::MarketStatus.name()
    }

    fn fields<W: FieldWriter>(&self, w: &mut W) {
        w.hex(key!("payload"), self.0);
    }
}

/// A packet we have no name for: its code and what follows its header.
#[derive(Debug, Clone, Copy)]
pub struct Unknown<'a> {
    /// Response code (offset 0).
    pub code: u8,
    /// What follows the header.
    pub payload: &'a [u8],
}

impl Record for Unknown<'_> {
    fn kind(&self) -> &'static str {
        MarketType::Unknown.name()
    }

    fn fields<W: FieldWriter>(&self, w: &mut W) {
        w.uint(key!("code"), u32::from(self.code));
        w.hex(key!("payload"), self.payload);
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
