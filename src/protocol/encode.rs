//! Encodes packets from values, the inverse of [`super::feed`] and [`super::depth`], for the simulator and the tests.

use super::DisconnectReason;
use super::depth::{self, Side};
use super::feed::{Level, code};
use crate::model::InstrumentKey;

/// Holds the values of a quote packet, in the units of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[allow(missing_docs, reason = "the fields are those of `feed::Quote`, documented there with their offsets")]
pub struct Quote {
    pub ltp: f32,
    pub ltq: u16,
    pub ltt_raw: u32,
    pub atp: f32,
    pub volume: u32,
    pub total_sell_qty: u32,
    pub total_buy_qty: u32,
    pub day_open: f32,
    pub close: f32,
    pub day_high: f32,
    pub day_low: f32,
}

/// Holds the values of a full packet, in the units of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Full {
    /// The fields that a quote has too.
    pub quote: Quote,
    /// Open interest, and its highest and lowest value of the day.
    pub oi: [u32; 3],
    /// Five bids, best first.
    pub bids: [Level; 5],
    /// Five asks, best first.
    pub asks: [Level; 5],
}

fn header(out: &mut Vec<u8>, code: u8, len: u16, instrument: InstrumentKey) {
    out.push(code);
    out.extend_from_slice(&len.to_le_bytes());
    out.push(instrument.segment.code());
    out.extend_from_slice(&instrument.security_id.to_le_bytes());
}

macro_rules! put {
    ($out:expr, $($value:expr),+ $(,)?) => { $($out.extend_from_slice(&$value.to_le_bytes());)+ };
}

/// Appends a ticker packet (16 bytes).
pub fn ticker(out: &mut Vec<u8>, instrument: InstrumentKey, ltp: f32, ltt_raw: u32) {
    header(out, code::TICKER, 16, instrument);
    put!(out, ltp, ltt_raw);
}

/// Appends a quote packet (50 bytes).
pub fn quote(out: &mut Vec<u8>, instrument: InstrumentKey, q: &Quote) {
    header(out, code::QUOTE, 50, instrument);
    put!(out, q.ltp, q.ltq, q.ltt_raw, q.atp, q.volume, q.total_sell_qty, q.total_buy_qty);
    put!(out, q.day_open, q.close, q.day_high, q.day_low);
}

/// Appends a full packet (162 bytes).
pub fn full(out: &mut Vec<u8>, instrument: InstrumentKey, f: &Full) {
    header(out, code::FULL, 162, instrument);
    let q = &f.quote;
    put!(out, q.ltp, q.ltq, q.ltt_raw, q.atp, q.volume, q.total_sell_qty, q.total_buy_qty);
    put!(out, f.oi[0], f.oi[1], f.oi[2]);
    put!(out, q.day_open, q.close, q.day_high, q.day_low);
    for (bid, ask) in f.bids.iter().zip(&f.asks) {
        put!(out, bid.qty, ask.qty, bid.orders, ask.orders, bid.price, ask.price);
    }
}

/// Appends an open-interest packet (12 bytes).
pub fn open_interest(out: &mut Vec<u8>, instrument: InstrumentKey, oi: u32) {
    header(out, code::OI, 12, instrument);
    put!(out, oi);
}

/// Appends a previous-close packet (16 bytes).
pub fn prev_close(out: &mut Vec<u8>, instrument: InstrumentKey, prev_close: f32, prev_oi: u32) {
    header(out, code::PREV_CLOSE, 16, instrument);
    put!(out, prev_close, prev_oi);
}

/// Appends a packet of any code: a market status, or a code without a name.
#[cfg(any(test, feature = "testing"))]
pub fn raw(out: &mut Vec<u8>, code: u8, instrument: InstrumentKey, payload: &[u8]) {
    header(out, code, u16::try_from(8 + payload.len()).unwrap_or(u16::MAX), instrument);
    out.extend_from_slice(payload);
}

/// Appends the market feed's disconnect packet (10 bytes).
pub fn disconnect(out: &mut Vec<u8>, instrument: InstrumentKey, reason: DisconnectReason) {
    header(out, code::DISCONNECT, 10, instrument);
    put!(out, reason.0);
}

/// Appends one side of an order book (12 bytes, and 16 for each row). `word` is the sequence at 20 levels, the row
/// count at 200.
pub fn depth_side(out: &mut Vec<u8>, instrument: InstrumentKey, side: Side, word: u32, rows: &[depth::Row]) {
    let len = u16::try_from(depth::HEADER + depth::ROW * rows.len()).unwrap_or(u16::MAX);
    depth_header(out, len, if side == Side::Bid { depth::code::BID } else { depth::code::ASK }, instrument, word);
    for row in rows {
        put!(out, row.price, row.qty, row.orders);
    }
}

/// Appends a depth disconnect in the layout that the documentation's text describes (14 bytes, reason at offset 12).
pub fn depth_disconnect(out: &mut Vec<u8>, instrument: InstrumentKey, reason: DisconnectReason) {
    depth_header(out, 14, depth::code::DISCONNECT, instrument, 0);
    put!(out, reason.0);
}

/// Appends a depth disconnect in the layout that the vendor's client reads (12 bytes, reason at offset 8).
pub fn depth_disconnect_short(out: &mut Vec<u8>, instrument: InstrumentKey, reason: DisconnectReason) {
    depth_header(out, 12, depth::code::DISCONNECT, instrument, u32::from(reason.0));
}

fn depth_header(out: &mut Vec<u8>, len: u16, code: u8, instrument: InstrumentKey, word: u32) {
    put!(out, len);
    out.extend_from_slice(&[code, instrument.segment.code()]);
    put!(out, instrument.security_id, word);
}
