//! Decodes the depth sockets' packets: a 12-byte header whose fields are ordered unlike the market feed's, then rows
//! of 16 bytes.

use super::{DisconnectReason, Malformed, array};
use crate::model::{InstrumentKey, Segment};

pub use crate::model::Levels;

/// Size of the header in bytes: length including the header (0..2), code (2), segment (3), security id (4..8),
/// sequence or row count (8..12).
pub const HEADER: usize = 12;
/// Size of a row in bytes: price as `f64` (0..8), quantity (8..12), orders (12..16).
pub const ROW: usize = 16;

/// Response codes (byte 2 of the header).
pub mod code {
    /// A sign of life without content.
    pub const HEARTBEAT: u8 = 0;
    /// The bid side.
    pub const BID: u8 = 41;
    /// The server ends the session.
    pub const DISCONNECT: u8 = 50;
    /// The ask side.
    pub const ASK: u8 = 51;
}

/// Names a side of the order book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Buyers, best (highest) first.
    Bid,
    /// Sellers, best (lowest) first.
    Ask,
}

impl Side {
    /// Returns the word that records carry.
    pub const fn name(self) -> &'static str {
        match self {
            Side::Bid => "bid",
            Side::Ask => "ask",
        }
    }
}

/// Holds one row of a side, as it came.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// Price in rupees (offset +0).
    pub price: f64,
    /// Quantity in units (offset +8).
    pub qty: u32,
    /// Number of orders (offset +12).
    pub orders: u32,
}

impl Row {
    /// Returns whether the row is a level; rows with a price of 0 or below stand for "no level".
    #[inline(always)]
    pub fn is_priced(self) -> bool {
        self.price > 0.0 && self.price.is_finite()
    }
}

/// Views one side of one instrument's order book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookSide<'a> {
    /// The instrument (segment at offset 3, security id at offset 4).
    pub instrument: InstrumentKey,
    /// The side (code 41 or 51 at offset 2).
    pub side: Side,
    /// The header's last word (offset 8): a sequence at 20 levels, the row count at 200.
    pub word: u32,
    rows: &'a [[u8; ROW]],
}

impl<'a> BookSide<'a> {
    /// Returns the rows in the server's order, including those without a price.
    #[inline]
    pub fn rows(self) -> impl ExactSizeIterator<Item = Row> + DoubleEndedIterator + Clone + 'a {
        self.rows.iter().map(|row| Row {
            price: f64::from_le_bytes(array(row, 0)),
            qty: u32::from_le_bytes(array(row, 8)),
            orders: u32::from_le_bytes(array(row, 12)),
        })
    }
}

/// Holds one packet of a depth socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    /// One side of an order book.
    Side(BookSide<'a>),
    /// The server ends the session.
    Disconnect(DisconnectReason),
    /// A sign of life without content.
    Heartbeat,
}

/// Returns an iterator over the packets of one frame. Every byte belongs to a packet or to a [`Malformed`].
pub fn packets(frame: &[u8], levels: Levels) -> Packets<'_> {
    Packets { rest: frame, levels }
}

/// Iterates over the packets of a frame; made by [`packets`].
#[derive(Debug, Clone)]
pub struct Packets<'a> {
    rest: &'a [u8],
    levels: Levels,
}

/// Size in bytes of the market feed's disconnect packet, which the depth sockets may send too.
const FEED_DISCONNECT: usize = 10;

impl<'a> Iterator for Packets<'a> {
    type Item = Result<Packet<'a>, Malformed<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest;
        if rest.is_empty() {
            return None;
        }
        // Layout C has the market feed's header. It is unambiguous: no data packet has a length whose low byte is 50.
        if rest[0] == code::DISCONNECT && rest.len() >= FEED_DISCONNECT {
            self.rest = &rest[FEED_DISCONNECT..];
            return Some(Ok(Packet::Disconnect(DisconnectReason(u16::from_le_bytes(array(rest, 8))))));
        }
        if rest.len() < HEADER {
            return Some(Err(self.malformed_rest(None)));
        }
        let len = usize::from(u16::from_le_bytes(array(rest, 0)));
        let code = rest[2];
        let instrument = InstrumentKey::new(Segment::from_code(rest[3]), u32::from_le_bytes(array(rest, 4)));
        let word = u32::from_le_bytes(array(rest, 8));
        let most_rows = match self.levels {
            Levels::Twenty => 20,
            Levels::TwoHundred => word.min(200) as usize,
        };
        let fallback = match code {
            code::BID | code::ASK => Some(HEADER + ROW * most_rows),
            code::DISCONNECT => Some(if rest.len() >= 14 { 14 } else { HEADER }),
            code::HEARTBEAT => Some(HEADER),
            _ => None,
        };
        let step = match fallback {
            _ if (HEADER..=rest.len()).contains(&len) => len,
            Some(size) if size <= rest.len() => size,
            _ => return Some(Err(self.malformed_rest(Some((code, instrument))))),
        };
        let (packet, after) = rest.split_at(step);
        self.rest = after;
        Some(match code {
            code::BID | code::ASK => {
                let (rows, _) = packet[HEADER..].as_chunks::<ROW>();
                let side = if code == code::BID { Side::Bid } else { Side::Ask };
                Ok(Packet::Side(BookSide { instrument, side, word, rows: &rows[..rows.len().min(most_rows)] }))
            }
            code::DISCONNECT => Ok(Packet::Disconnect(disconnect_reason(packet, word))),
            code::HEARTBEAT => Ok(Packet::Heartbeat),
            _ => Err(Malformed { bytes: packet, code: Some(code), instrument: Some(instrument) }),
        })
    }
}

impl<'a> Packets<'a> {
    /// Returns the bytes that are not decoded yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn malformed_rest(&mut self, header: Option<(u8, InstrumentKey)>) -> Malformed<'a> {
        Malformed { bytes: std::mem::take(&mut self.rest), code: header.map(|h| h.0), instrument: header.map(|h| h.1) }
    }
}

/// Reads the reason of a depth disconnect. Sources disagree on its place: layout A has a `u16` behind the header
/// (offset 12), layout B uses the header's last word (offset 8).
fn disconnect_reason(packet: &[u8], word: u32) -> DisconnectReason {
    let behind = u16::from_le_bytes(array(packet, 12));
    if packet.len() >= 14 && (800..=899).contains(&behind) {
        return DisconnectReason(behind);
    }
    DisconnectReason(u16::try_from(word).unwrap_or(u16::MAX))
}
