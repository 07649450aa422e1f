//! Market feed frames: every byte is in a packet or in what is told to be malformed, and what has its code's size encodes
//! back to the same bytes.

use dhan::testing::protocol::encode;
use dhan::testing::protocol::feed::{HEADER, Header, Packet, known_size, packets};

/// The walk, told a second time from the contract: the header's length where it is possible, else the code's size.
fn step(rest: &[u8]) -> Option<usize> {
    let header = Header::read(rest)?;
    let claimed = usize::from(header.len);
    if claimed >= HEADER && claimed <= rest.len() {
        return Some(claimed);
    }
    known_size(header.code).filter(|size| *size <= rest.len())
}

/// The packet's bytes, made anew from what its view tells.
fn again(header: Header, packet: Packet<'_>) -> Vec<u8> {
    let (mut out, instrument) = (Vec::new(), header.instrument);
    match packet {
        Packet::Ticker(p) => encode::ticker(&mut out, instrument, p.ltp(), p.ltt_raw()),
        Packet::Quote(p) => {
            let quote = encode::Quote {
                ltp: p.ltp(),
                ltq: p.ltq(),
                ltt_raw: p.ltt_raw(),
                atp: p.atp(),
                volume: p.volume(),
                total_sell_qty: p.total_sell_qty(),
                total_buy_qty: p.total_buy_qty(),
                day_open: p.day_open(),
                close: p.close(),
                day_high: p.day_high(),
                day_low: p.day_low(),
            };
            encode::quote(&mut out, instrument, &quote);
        }
        Packet::Full(p) => {
            let quote = encode::Quote {
                ltp: p.ltp(),
                ltq: p.ltq(),
                ltt_raw: p.ltt_raw(),
                atp: p.atp(),
                volume: p.volume(),
                total_sell_qty: p.total_sell_qty(),
                total_buy_qty: p.total_buy_qty(),
                day_open: p.day_open(),
                close: p.close(),
                day_high: p.day_high(),
                day_low: p.day_low(),
            };
            let levels = p.levels();
            let full = encode::Full {
                quote,
                oi: [p.oi(), p.oi_high(), p.oi_low()],
                bids: levels.map(|level| level.bid()),
                asks: levels.map(|level| level.ask()),
            };
            encode::full(&mut out, instrument, &full);
        }
        Packet::OpenInterest(p) => encode::open_interest(&mut out, instrument, p.oi()),
        Packet::PrevClose(p) => encode::prev_close(&mut out, instrument, p.prev_close(), p.prev_oi()),
        Packet::Disconnect(p) => encode::disconnect(&mut out, instrument, p.reason()),
        Packet::MarketStatus(payload) | Packet::Unknown(payload) => {
            encode::raw(&mut out, header.code, instrument, payload);
        }
        Packet::Heartbeat => encode::raw(&mut out, header.code, instrument, &[]),
    }
    out
}

/// Walks a frame.
pub fn run(frame: &[u8]) {
    let mut at = 0;
    for packet in packets(frame) {
        let rest = &frame[at..];
        assert!(!rest.is_empty(), "a packet behind the end");
        match packet {
            Ok((header, packet)) => {
                assert_eq!(Some(header), Header::read(rest));
                let size = step(rest).expect("a packet has a size");
                if let Packet::MarketStatus(payload) | Packet::Unknown(payload) = packet {
                    assert_eq!(payload.as_ptr(), rest[HEADER..].as_ptr(), "the payload is where the packet is");
                    assert_eq!(payload.len(), size - HEADER);
                }
                let exact =
                    known_size(header.code).unwrap_or(size) == size || matches!(packet, Packet::MarketStatus(_));
                if exact && usize::from(header.len) == size {
                    assert_eq!(again(header, packet), rest[..size], "encode undoes decode");
                }
                // Accessors of views that are larger than their packet said are total too.
                let _ = again(header, packet);
                at += size;
            }
            Err(bad) => {
                assert_eq!(bad.bytes.as_ptr(), rest.as_ptr(), "what is malformed is where the walk stands");
                assert!(!bad.bytes.is_empty(), "the walk advances");
                let size = step(rest).unwrap_or(rest.len());
                assert_eq!(bad.bytes.len(), size);
                assert_eq!(bad.code.is_some(), rest.len() >= HEADER);
                at += size;
            }
        }
    }
    assert_eq!(at, frame.len(), "every byte is accounted for");
}
