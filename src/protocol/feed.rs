//! Decodes the market feed's packets: an 8-byte header, then a body whose layout depends on the code. All numbers are
//! little-endian.

use super::{DisconnectReason, Malformed, array};
use crate::model::{InstrumentKey, Segment};

/// Size of the header in bytes: code (0), length including the header (1..3), segment (3), security id (4..8).
pub const HEADER: usize = 8;

/// Response codes (byte 0 of the header).
pub mod code {
    /// A sign of life without content.
    pub const HEARTBEAT: u8 = 0;
    /// [`super::Ticker`].
    pub const TICKER: u8 = 2;
    /// [`super::Quote`].
    pub const QUOTE: u8 = 4;
    /// [`super::OpenInterest`].
    pub const OI: u8 = 5;
    /// [`super::PrevClose`].
    pub const PREV_CLOSE: u8 = 6;
    /// Market status.
    pub const MARKET_STATUS: u8 = 7;
    /// [`super::Full`].
    pub const FULL: u8 = 8;
    /// The server ends the session.
    pub const DISCONNECT: u8 = 50;
}

/// Returns the size in bytes of a known code's packets, header included.
pub const fn known_size(code: u8) -> Option<usize> {
    match code {
        code::HEARTBEAT | code::MARKET_STATUS => Some(8),
        code::TICKER | code::PREV_CLOSE => Some(16),
        code::QUOTE => Some(50),
        code::OI => Some(12),
        code::FULL => Some(162),
        code::DISCONNECT => Some(10),
        _ => None,
    }
}

/// Holds the header of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Response code (offset 0).
    pub code: u8,
    /// Length in bytes, header included, as the server claims it (offset 1).
    pub len: u16,
    /// The instrument: segment (offset 3) and security id (offset 4).
    pub instrument: InstrumentKey,
}

impl Header {
    /// Reads a header; returns `None` if there are fewer than eight bytes.
    #[inline]
    pub fn read(bytes: &[u8]) -> Option<Header> {
        let head: &[u8; HEADER] = bytes.first_chunk()?;
        Some(Header {
            code: head[0],
            len: u16::from_le_bytes(array(head, 1)),
            instrument: InstrumentKey::new(Segment::from_code(head[3]), u32::from_le_bytes(array(head, 4))),
        })
    }
}

/// Declares a borrowed view over a packet of fixed size, with one accessor for each field.
macro_rules! view {
    ($(#[$doc:meta])* $name:ident [$size:literal] { $($(#[$fdoc:meta])* $field:ident: $ty:ty = $at:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name<'a>(pub(crate) &'a [u8; $size]);

        impl<'a> $name<'a> {
            /// Views a packet's bytes; returns `None` if there are too few. Bytes beyond the size are ignored.
            #[inline]
            pub fn new(bytes: &'a [u8]) -> Option<Self> {
                bytes.first_chunk().map(Self)
            }

            $($(#[$fdoc])*
            #[inline(always)]
            pub fn $field(self) -> $ty {
                <$ty>::from_le_bytes(array(self.0, $at))
            })*
        }
    };
}

view! {
    /// Last price and its time (code 2, 16 bytes).
    Ticker[16] {
        /// Last traded price in rupees (offset 8).
        ltp: f32 = 8,
        /// Last trade time, IST wall clock as epoch seconds (offset 12); see [`utc`].
        ltt_raw: u32 = 12,
    }
}

view! {
    /// Trade, volume and the day's prices (code 4, 50 bytes). The order on the wire is open, close, high, low.
    Quote[50] {
        /// Last traded price in rupees (offset 8).
        ltp: f32 = 8,
        /// Last traded quantity in units; 16 bits, so large prints wrap (offset 12).
        ltq: u16 = 12,
        /// Last trade time, IST wall clock as epoch seconds (offset 14); see [`utc`].
        ltt_raw: u32 = 14,
        /// Average traded price in rupees (offset 18).
        atp: f32 = 18,
        /// Volume of the day in units (offset 22).
        volume: u32 = 22,
        /// Total sell quantity (offset 26). It precedes the buy quantity on the wire.
        total_sell_qty: u32 = 26,
        /// Total buy quantity (offset 30).
        total_buy_qty: u32 = 30,
        /// Day's open in rupees (offset 34).
        day_open: f32 = 34,
        /// Close: the previous session's until the market closes, then the day's (offset 38).
        close: f32 = 38,
        /// Day's high in rupees (offset 42).
        day_high: f32 = 42,
        /// Day's low in rupees (offset 46).
        day_low: f32 = 46,
    }
}

view! {
    /// A quote with open interest and five levels of the order book (code 8, 162 bytes).
    Full[162] {
        /// Last traded price in rupees (offset 8).
        ltp: f32 = 8,
        /// Last traded quantity in units; 16 bits, so large prints wrap (offset 12).
        ltq: u16 = 12,
        /// Last trade time, IST wall clock as epoch seconds (offset 14); see [`utc`].
        ltt_raw: u32 = 14,
        /// Average traded price in rupees (offset 18).
        atp: f32 = 18,
        /// Volume of the day in units (offset 22).
        volume: u32 = 22,
        /// Total sell quantity (offset 26). It precedes the buy quantity on the wire.
        total_sell_qty: u32 = 26,
        /// Total buy quantity (offset 30).
        total_buy_qty: u32 = 30,
        /// Open interest (offset 34).
        oi: u32 = 34,
        /// Day's highest open interest (offset 38).
        oi_high: u32 = 38,
        /// Day's lowest open interest (offset 42).
        oi_low: u32 = 42,
        /// Day's open in rupees (offset 46).
        day_open: f32 = 46,
        /// Close: the previous session's until the market closes, then the day's (offset 50).
        close: f32 = 50,
        /// Day's high in rupees (offset 54).
        day_high: f32 = 54,
        /// Day's low in rupees (offset 58).
        day_low: f32 = 58,
    }
}

impl<'a> Full<'a> {
    /// Returns the five levels, best first (offset 62, 20 bytes each), including those without a price; see
    /// [`Level::is_priced`].
    #[inline(always)]
    pub fn levels(self) -> [LevelPair<'a>; 5] {
        std::array::from_fn(|i| self.level(i))
    }

    /// Returns one level; 0 is the best.
    ///
    /// # Panics
    /// If `i` is 5 or more.
    #[inline(always)]
    pub fn level(self, i: usize) -> LevelPair<'a> {
        let (levels, _) = self.0[62..].as_chunks::<20>();
        LevelPair(&levels[i])
    }
}

/// Views one level of the five-level order book, which has both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelPair<'a>(&'a [u8; 20]);

impl LevelPair<'_> {
    /// Returns the bid: quantity at +0, orders at +8, price at +12.
    #[inline(always)]
    pub fn bid(self) -> Level {
        Level {
            price: f32::from_le_bytes(array(self.0, 12)),
            qty: u32::from_le_bytes(array(self.0, 0)),
            orders: u16::from_le_bytes(array(self.0, 8)),
        }
    }

    /// Returns the ask: quantity at +4, orders at +10, price at +16.
    #[inline(always)]
    pub fn ask(self) -> Level {
        Level {
            price: f32::from_le_bytes(array(self.0, 16)),
            qty: u32::from_le_bytes(array(self.0, 4)),
            orders: u16::from_le_bytes(array(self.0, 10)),
        }
    }
}

/// Holds one side of a level of the five-level order book.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Level {
    /// Price in rupees.
    pub price: f32,
    /// Quantity in units.
    pub qty: u32,
    /// Number of orders.
    pub orders: u16,
}

impl Level {
    /// Returns whether the level exists; the server writes -0.01 or 0 where there is none.
    #[inline(always)]
    pub fn is_priced(self) -> bool {
        // One integer comparison of the bits tests for "above zero and below infinity".
        (1..f32::INFINITY.to_bits()).contains(&self.price.to_bits())
    }
}

view! {
    /// Open interest (code 5, 12 bytes).
    OpenInterest[12] {
        /// Open interest (offset 8).
        oi: u32 = 8,
    }
}

view! {
    /// Previous session's close (code 6, 16 bytes), once per subscription.
    PrevClose[16] {
        /// Previous session's close in rupees (offset 8).
        prev_close: f32 = 8,
        /// Previous session's open interest (offset 12).
        prev_oi: u32 = 12,
    }
}

view! {
    /// The server ends the session (code 50, 10 bytes).
    Disconnect[10] {
        /// The reason's code (offset 8).
        reason_raw: u16 = 8,
    }
}

impl Disconnect<'_> {
    /// Returns the reason.
    pub fn reason(self) -> DisconnectReason {
        DisconnectReason(self.reason_raw())
    }
}

/// Seconds by which the server's last trade time is ahead of UTC: it sends IST wall-clock time as epoch seconds.
pub const IST_SHIFT: u32 = 19_800;

/// 2000-01-01 in UTC epoch seconds. For an instrument that never traded the server sends a last trade time of 0 or of
/// 1980.
const NO_TRADE_BEFORE: i64 = 946_684_800;

/// Returns a last trade time in UTC epoch seconds, or `None` if the raw value (seconds) means that there was no
/// trade.
#[inline(always)]
pub fn utc(ltt_raw: u32) -> Option<i64> {
    let utc = i64::from(ltt_raw) - i64::from(IST_SHIFT);
    (utc >= NO_TRADE_BEFORE).then_some(utc)
}

/// Holds one packet of the market feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    /// Last price and its time.
    Ticker(Ticker<'a>),
    /// Trade, volume and the day's prices.
    Quote(Quote<'a>),
    /// A quote with five levels of the order book.
    Full(Full<'a>),
    /// Open interest.
    OpenInterest(OpenInterest<'a>),
    /// Previous session's close.
    PrevClose(PrevClose<'a>),
    /// Market status: the bytes behind the header, whose meaning is not published.
    MarketStatus(&'a [u8]),
    /// The server ends the session.
    Disconnect(Disconnect<'a>),
    /// A sign of life without content.
    Heartbeat,
    /// A packet of an unknown code: the bytes behind the header, which holds the code.
    Unknown(&'a [u8]),
}

/// Returns the packet of a frame that consists of exactly one complete packet of numbers, as nearly every frame does,
/// or `None` for any other frame; use [`packets`] for those.
#[inline(always)]
pub fn numbers(frame: &[u8]) -> Option<(Header, Packet<'_>)> {
    let header = Header::read(frame)?;
    let packet = match header.code {
        code::TICKER => Packet::Ticker(Ticker(frame.try_into().ok()?)),
        code::QUOTE => Packet::Quote(Quote(frame.try_into().ok()?)),
        code::FULL => Packet::Full(Full(frame.try_into().ok()?)),
        code::OI => Packet::OpenInterest(OpenInterest(frame.try_into().ok()?)),
        code::PREV_CLOSE => Packet::PrevClose(PrevClose(frame.try_into().ok()?)),
        _ => return None,
    };
    (usize::from(header.len) == frame.len()).then_some((header, packet))
}

/// Returns an iterator over the packets of one frame. Every byte belongs to a packet or to a [`Malformed`].
pub fn packets(frame: &[u8]) -> Packets<'_> {
    Packets { rest: frame }
}

/// Iterates over the packets of a frame; made by [`packets`].
#[derive(Debug, Clone)]
pub struct Packets<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Packets<'a> {
    type Item = Result<(Header, Packet<'a>), Malformed<'a>>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let Some(header) = Header::read(self.rest) else {
            return Some(Err(self.malformed_rest(None)));
        };
        let (claimed, known) = (usize::from(header.len), known_size(header.code));
        let step = match known {
            _ if (HEADER..=self.rest.len()).contains(&claimed) => claimed,
            // The length is impossible, so use the code's known size.
            Some(size) if size <= self.rest.len() => size,
            _ => return Some(Err(self.malformed_rest(Some(header)))),
        };
        let (packet, rest) = self.rest.split_at(step);
        self.rest = rest;
        Some(match decode(header.code, packet) {
            Some(decoded) => Ok((header, decoded)),
            None => Err(Malformed { bytes: packet, code: Some(header.code), instrument: Some(header.instrument) }),
        })
    }
}

impl<'a> Packets<'a> {
    /// Returns the bytes that are not decoded yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn malformed_rest(&mut self, header: Option<Header>) -> Malformed<'a> {
        Malformed {
            bytes: std::mem::take(&mut self.rest),
            code: header.map(|h| h.code),
            instrument: header.map(|h| h.instrument),
        }
    }
}

/// Returns a view of the packet, or `None` if it is shorter than its code's size.
#[inline(always)]
fn decode(code: u8, packet: &[u8]) -> Option<Packet<'_>> {
    Some(match code {
        code::TICKER => Packet::Ticker(Ticker::new(packet)?),
        code::QUOTE => Packet::Quote(Quote::new(packet)?),
        code::FULL => Packet::Full(Full::new(packet)?),
        code::OI => Packet::OpenInterest(OpenInterest::new(packet)?),
        code::PREV_CLOSE => Packet::PrevClose(PrevClose::new(packet)?),
        code::DISCONNECT => Packet::Disconnect(Disconnect::new(packet)?),
        code::MARKET_STATUS => Packet::MarketStatus(packet.get(HEADER..)?),
        code::HEARTBEAT => Packet::Heartbeat,
        _ => Packet::Unknown(packet.get(HEADER..)?),
    })
}
