//! The wire format: recorded packets decode to exactly their values and encode to the same bytes; any bytes are accounted
//! for completely and never panic.

use dhan::testing::model::{InstrumentKey, Segment};
use dhan::testing::protocol::depth::{self, Levels, Row, Side};
use dhan::testing::protocol::feed::{self, Header, Level, Packet, known_size, packets, utc};
use dhan::testing::protocol::{DisconnectReason, Malformed, encode};
use proptest::prelude::*;
use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};

const NIFTY: InstrumentKey = InstrumentKey::new(Segment::IDX_I, 13);
const HDFC: InstrumentKey = InstrumentKey::new(Segment::NSE_EQ, 1333);
const OPTION: InstrumentKey = InstrumentKey::new(Segment::NSE_FNO, 55796);
/// 2026-06-10 09:49:57 IST, as the server writes it.
const LTT: u32 = 1_781_084_997;

const TICKER: &str = "02 10 00 00 0d 00 00 00 b3 a4 b6 46 45 33 29 6a";
const PREV_CLOSE: &str = "06 10 00 01 35 05 00 00 66 66 d3 44 00 00 00 00";
const OI: &str = "05 0c 00 02 f4 d9 00 00 8f d6 12 00";
const QUOTE: &str =
    "04 32 00 01 35 05 00 00 00 28 d3 44 64 00 45 33 29 6a 1f 55 d3 44 f9 06 66 00 18 15 00 00 d4 17 00 00
    00 00 d3 44 66 66 d3 44 00 d0 d4 44 9a 21 d2 44";
const FULL: &str =
    "08 a2 00 02 f4 d9 00 00 cd 4c 18 43 4b 00 45 33 29 6a 9a d9 17 43 2d b4 96 00 cb e2 06 00 40 14 06 00
    ef 0c 31 00 a0 5a 32 00 92 4d 2f 00 00 00 14 43 cd 8c 15 43 66 66 20 43 33 33 0d 43
    4b 00 00 00 96 00 00 00 01 00 02 00 00 40 18 43 9a 59 18 43
    96 00 00 00 2c 01 00 00 02 00 03 00 33 33 18 43 66 66 18 43
    e1 00 00 00 c2 01 00 00 03 00 04 00 66 26 18 43 33 73 18 43
    2c 01 00 00 58 02 00 00 04 00 05 00 9a 19 18 43 00 80 18 43
    77 01 00 00 ee 02 00 00 05 00 06 00 cd 0c 18 43 cd 8c 18 43";
const MARKET_STATUS: &str = "07 08 00 01 00 00 00 00";
const DISCONNECT_805: &str = "32 0a 00 00 00 00 00 00 25 03";
const DISCONNECT_807: &str = "32 0a 00 01 00 00 00 00 27 03";

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// Returns the only packet of these bytes, and its header.
fn only(bytes: &[u8]) -> (Header, Packet<'_>) {
    let mut walk = packets(bytes);
    let first = walk.next().expect("a packet").expect("a whole one");
    assert!(walk.next().is_none(), "one packet");
    first
}

fn made(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}

fn quote_of(packet: feed::Quote<'_>) -> encode::Quote {
    encode::Quote {
        ltp: packet.ltp(),
        ltq: packet.ltq(),
        ltt_raw: packet.ltt_raw(),
        atp: packet.atp(),
        volume: packet.volume(),
        total_sell_qty: packet.total_sell_qty(),
        total_buy_qty: packet.total_buy_qty(),
        day_open: packet.day_open(),
        close: packet.close(),
        day_high: packet.day_high(),
        day_low: packet.day_low(),
    }
}

fn full_of(packet: feed::Full<'_>) -> encode::Full {
    encode::Full {
        quote: encode::Quote {
            ltp: packet.ltp(),
            ltq: packet.ltq(),
            ltt_raw: packet.ltt_raw(),
            atp: packet.atp(),
            volume: packet.volume(),
            total_sell_qty: packet.total_sell_qty(),
            total_buy_qty: packet.total_buy_qty(),
            day_open: packet.day_open(),
            close: packet.close(),
            day_high: packet.day_high(),
            day_low: packet.day_low(),
        },
        oi: [packet.oi(), packet.oi_high(), packet.oi_low()],
        bids: packet.levels().map(|level| level.bid()),
        asks: packet.levels().map(|level| level.ask()),
    }
}

/// Encodes a packet again from its decoded values.
fn encoded(header: Header, packet: Packet<'_>) -> Vec<u8> {
    let key = header.instrument;
    made(|out| match packet {
        Packet::Ticker(p) => encode::ticker(out, key, p.ltp(), p.ltt_raw()),
        Packet::Quote(p) => encode::quote(out, key, &quote_of(p)),
        Packet::Full(p) => encode::full(out, key, &full_of(p)),
        Packet::OpenInterest(p) => encode::open_interest(out, key, p.oi()),
        Packet::PrevClose(p) => encode::prev_close(out, key, p.prev_close(), p.prev_oi()),
        Packet::Disconnect(p) => encode::disconnect(out, key, p.reason()),
        Packet::MarketStatus(payload) | Packet::Unknown(payload) => encode::raw(out, header.code, key, payload),
        Packet::Heartbeat => encode::raw(out, header.code, key, &[]),
    })
}

fn encodes_numbers(packet: Packet<'_>) -> bool {
    !matches!(packet, Packet::MarketStatus(_) | Packet::Unknown(_) | Packet::Heartbeat | Packet::Disconnect(_))
}

// The market feed's vectors.

#[test]
fn the_recorded_ticker_decodes_to_its_values_and_encodes_back() {
    let bytes = hex(TICKER);
    let (header, Packet::Ticker(p)) = only(&bytes) else { panic!("no ticker") };
    assert_eq!((header.len, header.instrument, p.ltp(), p.ltt_raw()), (16, NIFTY, 23378.35, LTT));
    // 04:19:57 UTC, which is 09:49:57 in India.
    assert_eq!(utc(p.ltt_raw()), Some(1_781_065_197));
    assert_eq!(made(|out| encode::ticker(out, NIFTY, 23378.35, LTT)), bytes);
}

#[test]
fn the_recorded_previous_close_and_open_interest_decode_and_encode_back() {
    let bytes = hex(PREV_CLOSE);
    let (header, Packet::PrevClose(p)) = only(&bytes) else { panic!("no previous close") };
    assert_eq!((header.instrument, p.prev_close(), p.prev_oi()), (HDFC, 1691.2, 0));
    assert_eq!(made(|out| encode::prev_close(out, HDFC, 1691.2, 0)), bytes);

    let bytes = hex(OI);
    let (header, Packet::OpenInterest(p)) = only(&bytes) else { panic!("no open interest") };
    assert_eq!((header.instrument, p.oi()), (OPTION, 1_234_575));
    assert_eq!(made(|out| encode::open_interest(out, OPTION, 1_234_575)), bytes);
}

#[test]
fn the_recorded_quote_decodes_to_its_values_and_encodes_back() {
    let bytes = hex(QUOTE);
    let (header, Packet::Quote(p)) = only(&bytes) else { panic!("no quote") };
    let expected = encode::Quote {
        ltp: 1689.25,
        ltq: 100,
        ltt_raw: LTT,
        atp: 1690.66,
        volume: 6_686_457,
        total_sell_qty: 5400,
        total_buy_qty: 6100,
        day_open: 1688.0,
        close: 1691.2,
        day_high: 1702.5,
        day_low: 1681.05,
    };
    assert_eq!((header.instrument, quote_of(p)), (HDFC, expected));
    assert_eq!(made(|out| encode::quote(out, HDFC, &expected)), bytes);
}

fn full_on_record() -> encode::Full {
    let level = |price, qty, orders| Level { price, qty, orders };
    encode::Full {
        quote: encode::Quote {
            ltp: 152.3,
            ltq: 75,
            ltt_raw: LTT,
            atp: 151.85,
            volume: 9_876_525,
            total_sell_qty: 451_275,
            total_buy_qty: 398_400,
            day_open: 148.0,
            close: 149.55,
            day_high: 160.4,
            day_low: 141.2,
        },
        oi: [3_214_575, 3_300_000, 3_100_050],
        bids: [
            level(152.25, 75, 1),
            level(152.2, 150, 2),
            level(152.15, 225, 3),
            level(152.1, 300, 4),
            level(152.05, 375, 5),
        ],
        asks: [
            level(152.35, 150, 2),
            level(152.4, 300, 3),
            level(152.45, 450, 4),
            level(152.5, 600, 5),
            level(152.55, 750, 6),
        ],
    }
}

#[test]
fn the_recorded_full_packet_decodes_to_its_values_and_encodes_back() {
    let bytes = hex(FULL);
    assert_eq!(bytes.len(), 162);
    let (header, Packet::Full(p)) = only(&bytes) else { panic!("no full packet") };
    assert_eq!((header.instrument, full_of(p)), (OPTION, full_on_record()));
    assert_eq!(made(|out| encode::full(out, OPTION, &full_on_record())), bytes);
}

#[test]
fn the_recorded_market_status_and_disconnects_decode_and_encode_back() {
    let bytes = hex(MARKET_STATUS);
    let (header, packet) = only(&bytes);
    assert_eq!((header.instrument, packet), (InstrumentKey::new(Segment::NSE_EQ, 0), Packet::MarketStatus(&[])));
    assert_eq!(encoded(header, packet), bytes);
    for (text, reason, segment) in [(DISCONNECT_805, 805, Segment::IDX_I), (DISCONNECT_807, 807, Segment::NSE_EQ)] {
        let bytes = hex(text);
        let (header, Packet::Disconnect(p)) = only(&bytes) else { panic!("no disconnect") };
        assert_eq!((header.instrument.segment, p.reason()), (segment, DisconnectReason(reason)));
        assert_eq!(encoded(header, Packet::Disconnect(p)), bytes);
    }
}

/// The beginning and the last level of two real packets were published; the bytes between are zero here.
#[test]
fn the_published_parts_of_two_real_full_packets_decode_to_their_values() {
    for (begin, end, id, ltp, ltq, bid, ask) in [
        ("08 a2 00 02 f4 d9 00 00 cd 4c 18 43 4b 00 58 9a", "9a 19 18 43 cd cc 18 43", 55796, 152.3, 75, 152.1, 152.8),
        ("08 a2 00 02 f3 d9 00 00 cd cc bf 42 2c 01 58 9a", "cd 4c bf 42 66 66 c0 42", 55795, 95.9, 300, 95.65, 96.2),
    ] {
        let (begin, end) = (hex(begin), hex(end));
        let mut bytes = vec![0; 162];
        bytes[..begin.len()].copy_from_slice(&begin);
        bytes[162 - end.len()..].copy_from_slice(&end);
        let (header, Packet::Full(p)) = only(&bytes) else { panic!("no full packet") };
        assert_eq!(header.instrument, InstrumentKey::new(Segment::NSE_FNO, id));
        assert_eq!((p.ltp(), p.ltq(), p.ltt_raw() & 0xffff), (ltp, ltq, 0x9a58));
        let last = p.levels()[4];
        assert_eq!((last.bid().price, last.ask().price), (bid, ask));
    }
}

// The depth sockets' vectors.

fn sides(bytes: &[u8], levels: Levels) -> Vec<(InstrumentKey, Side, u32, Vec<Row>)> {
    depth::packets(bytes, levels)
        .map(|packet| match packet {
            Ok(depth::Packet::Side(side)) => (side.instrument, side.side, side.word, side.rows().collect()),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn the_recorded_20_level_bid_decodes_to_its_values_and_encodes_back() {
    let row = |i: u32| Row { price: f64::from(168_920 - 5 * i) / 100.0, qty: 100 + i, orders: 3 + i };
    let rows: Vec<Row> = (0..20).map(row).collect();
    let bytes = made(|out| encode::depth_side(out, HDFC, Side::Bid, 7, &rows));
    let begin = hex("4c 01 29 01 35 05 00 00 07 00 00 00 cd cc cc cc cc 64 9a 40 64 00 00 00 03 00 00 00
         9a 99 99 99 99 64 9a 40 65 00 00 00 04 00 00 00 66 66 66 66 66 64 9a 40 66 00 00 00 05 00 00 00");
    assert_eq!((bytes.len(), &bytes[..begin.len()]), (332, &begin[..]));
    assert_eq!(sides(&bytes, Levels::Twenty), [(HDFC, Side::Bid, 7, rows)]);
}

#[test]
fn the_recorded_200_level_ask_decodes_and_encodes_back_even_when_padded() {
    let key = InstrumentKey::new(Segment::NSE_FNO, 74147);
    let bytes = hex("3c 00 33 02 a3 21 01 00 03 00 00 00 33 33 33 33 33 03 59 40 4b 00 00 00 01 00 00 00
         66 66 66 66 66 06 59 40 96 00 00 00 02 00 00 00 9a 99 99 99 99 09 59 40 e1 00 00 00 03 00 00 00");
    let rows =
        [(100.05, 75, 1), (100.1, 150, 2), (100.15, 225, 3)].map(|(price, qty, orders)| Row { price, qty, orders });
    assert_eq!(sides(&bytes, Levels::TwoHundred), [(key, Side::Ask, 3, rows.to_vec())]);
    assert_eq!(made(|out| encode::depth_side(out, key, Side::Ask, 3, &rows)), bytes);
    // Padded to 200 rows: the row count gives the number of levels.
    let mut padded = bytes;
    padded.resize(3212, 0);
    padded[..2].copy_from_slice(&3212u16.to_le_bytes());
    assert_eq!(sides(&padded, Levels::TwoHundred), [(key, Side::Ask, 3, rows.to_vec())]);
}

#[test]
fn every_layout_of_a_depth_disconnect_decodes_between_other_packets() {
    let side = made(|out| encode::depth_side(out, HDFC, Side::Ask, 1, &[Row { price: 1.0, qty: 1, orders: 1 }]));
    let a = hex("0e 00 32 00 00 00 00 00 00 00 00 00 25 03");
    let b = hex("0c 00 32 00 00 00 00 00 25 03 00 00");
    let nobody = InstrumentKey::new(Segment::IDX_I, 0);
    assert_eq!(made(|out| encode::depth_disconnect(out, nobody, DisconnectReason(805))), a);
    assert_eq!(made(|out| encode::depth_disconnect_short(out, nobody, DisconnectReason(805))), b);
    for layout in [&a, &b, &hex(DISCONNECT_805)] {
        for levels in [Levels::Twenty, Levels::TwoHundred] {
            let frame = [&side[..], layout, &side[..]].concat();
            let reasons: Vec<_> = depth::packets(&frame, levels)
                .map(|packet| match packet {
                    Ok(depth::Packet::Side(_)) => 0,
                    Ok(depth::Packet::Disconnect(reason)) => reason.0,
                    other => panic!("{layout:02x?}: {other:?}"),
                })
                .collect();
            assert_eq!(reasons, [0, 805, 0], "{layout:02x?}");
        }
    }
}

// Packets of the real service.

/// Returns a file of the real service's data, if it is on this machine.
fn real(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(path);
    if path.exists() {
        return Some(path);
    }
    let _ = writeln!(std::io::stderr(), "skipped: no {}", path.display());
    None
}

fn real_frame(name: &str) -> Option<(Vec<u8>, Value)> {
    let text = std::fs::read_to_string(real(&format!("frames/{name}.hex"))?).unwrap();
    let text: String = text.lines().filter(|line| !line.starts_with('#')).collect();
    let decoded = std::fs::read_to_string(real(&format!("frames/{name}.decoded.json"))?).unwrap();
    Some((hex(&text), serde_json::from_str(&decoded).unwrap()))
}

/// Whether a float equals a JSON number (serde_json may read an `f64` inexactly in the last digit).
fn is(value: f32, json: &Value) -> bool {
    json.as_f64().is_some_and(|told| told as f32 == value)
}

#[test]
fn a_real_full_packet_decodes_and_encodes_back() {
    let Some((bytes, holds)) = real_frame("full_8") else { return };
    let (header, Packet::Full(p)) = only(&bytes) else { panic!("no full packet") };
    assert_eq!((u64::from(header.code), u64::from(header.len)), (8, 162));
    assert_eq!(holds["segment"], header.instrument.segment.code());
    assert_eq!(holds["security_id"], header.instrument.security_id);
    for (key, value) in [
        ("ltq", u32::from(p.ltq())),
        ("ltt", p.ltt_raw()),
        ("volume", p.volume()),
        ("tot_sell", p.total_sell_qty()),
        ("tot_buy", p.total_buy_qty()),
        ("oi", p.oi()),
        ("oi_high", p.oi_high()),
        ("oi_low", p.oi_low()),
    ] {
        assert_eq!(holds[key], value, "{key}");
    }
    for (key, value) in [
        ("ltp", p.ltp()),
        ("atp", p.atp()),
        ("open", p.day_open()),
        ("close", p.close()),
        ("high", p.day_high()),
        ("low", p.day_low()),
    ] {
        assert!(is(value, &holds[key]), "{key}: {value}");
    }
    for (i, level) in p.levels().into_iter().enumerate() {
        let (bid, ask, told) = (level.bid(), level.ask(), &holds["depth"][i]);
        assert_eq!((&told["bid_qty"], &told["ask_qty"]), (&bid.qty.into(), &ask.qty.into()));
        assert_eq!((&told["bid_orders"], &told["ask_orders"]), (&bid.orders.into(), &ask.orders.into()));
        assert!(is(bid.price, &told["bid_price"]) && is(ask.price, &told["ask_price"]), "level {i}");
    }
    assert_eq!(encoded(header, Packet::Full(p)), bytes);
}

#[test]
fn a_real_ticker_decodes_and_encodes_back() {
    let Some((bytes, holds)) = real_frame("ticker_2") else { return };
    let (header, Packet::Ticker(p)) = only(&bytes) else { panic!("no ticker") };
    assert_eq!(holds["segment"], header.instrument.segment.code());
    assert_eq!(holds["security_id"], header.instrument.security_id);
    assert_eq!(holds["ltt"], p.ltt_raw());
    assert!(is(p.ltp(), &holds["ltp"]));
    assert_eq!(encoded(header, Packet::Ticker(p)), bytes);
}

#[test]
fn the_first_bytes_of_a_real_depth_packet_are_one_malformed_bid() {
    let Some(path) = real("frames/depth20_41.partial.txt") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let bytes = hex(&text.lines().filter(|line| !line.starts_with('#')).collect::<String>());
    let all: Vec<_> = depth::packets(&bytes, Levels::Twenty).collect();
    let whose = Some(InstrumentKey::new(Segment::NSE_EQ, 2885));
    assert_eq!(all, [Err(Malformed { bytes: &bytes, code: Some(41), instrument: whose })]);
    // The complete packet is a bid.
    let mut whole = bytes;
    whole.resize(332, 0);
    assert_eq!(sides(&whole, Levels::Twenty)[0].1, Side::Bid);
}

#[test]
fn a_last_trade_time_is_within_seconds_before_its_receive_time() {
    let Some(path) = real("ticks/nifty13_receive_vs_ltt_2026-06-10.csv") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let mut rows = 0;
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let received = cells[0].parse::<jiff::Timestamp>().unwrap().as_second();
        let ltp: f32 = cells[2].parse().unwrap();
        let bytes = made(|out| encode::ticker(out, NIFTY, ltp, cells[1].parse().unwrap()));
        let (_, Packet::Ticker(p)) = only(&bytes) else { panic!("no ticker") };
        let late = received - utc(p.ltt_raw()).unwrap();
        assert!((0..=2).contains(&late), "{line}: {late} s");
        rows += 1;
    }
    assert_eq!(rows, 10);
}

// Properties of any bytes.

/// One packet of every code that is known, as bytes.
fn one_of_each() -> Vec<Vec<u8>> {
    [TICKER, QUOTE, FULL, OI, PREV_CLOSE, MARKET_STATUS, DISCONNECT_805, "00 08 00 00 00 00 00 00"].map(hex).to_vec()
}

/// The result of decoding a frame: codes of packets, and bytes that are no packet.
fn walked(frame: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let (mut codes, mut bad) = (Vec::new(), Vec::new());
    for packet in packets(frame) {
        match packet {
            Ok((header, _)) => codes.push(header.code),
            Err(malformed) => bad.push(malformed.bytes.to_vec()),
        }
    }
    (codes, bad)
}

#[test]
fn a_truncated_packet_is_one_malformed_and_keeps_the_packets_before_it() {
    let before = [hex(TICKER), hex(OI)].concat();
    for packet in one_of_each() {
        for cut in 0..=161usize.min(packet.len()) {
            let frame = [&before[..], &packet[..cut]].concat();
            let (codes, bad) = walked(&frame);
            let whole = cut == packet.len();
            let expected = if whole { vec![2, 5, packet[0]] } else { vec![2, 5] };
            assert_eq!(codes, expected, "code {} cut at {cut}", packet[0]);
            let left: Vec<Vec<u8>> = if whole || cut == 0 { vec![] } else { vec![packet[..cut].to_vec()] };
            assert_eq!(bad, left, "code {} cut at {cut}", packet[0]);
        }
    }
}

#[test]
fn a_wrong_length_is_replaced_by_the_size_of_the_code() {
    for packet in one_of_each() {
        for wrong in [0u16, 1, 7, 65535] {
            let mut broken = packet.clone();
            broken[1..3].copy_from_slice(&wrong.to_le_bytes());
            let (codes, bad) = walked(&[broken, hex(TICKER)].concat());
            assert_eq!((codes, bad.len()), (vec![packet[0], 2], 0), "code {} with length {wrong}", packet[0]);
        }
    }
}

#[test]
fn a_possible_but_too_short_length_makes_only_that_packet_malformed() {
    for packet in one_of_each().into_iter().filter(|packet| packet.len() > 8) {
        let mut broken = packet[..8].to_vec();
        broken[1..3].copy_from_slice(&8u16.to_le_bytes());
        let (codes, bad) = walked(&[&broken[..], &hex(TICKER)].concat());
        assert_eq!((codes, bad), (vec![2], vec![broken]), "code {}", packet[0]);
    }
}

#[test]
fn an_unknown_code_without_a_possible_length_makes_the_rest_one_malformed() {
    for wrong in [0u16, 1, 7, 65535] {
        let mut unknown = hex("63 00 00 01 35 05 00 00 de ad be ef");
        unknown[1..3].copy_from_slice(&wrong.to_le_bytes());
        let rest = [&unknown[..], &hex(TICKER)].concat();
        let frame = [&hex(OI)[..], &rest].concat();
        assert_eq!(walked(&frame), (vec![5], vec![rest]), "length {wrong}");
    }
}

/// Packets of every kind, with whatever values.
fn any_packet() -> impl Strategy<Value = Vec<u8>> {
    let key = (any::<u8>(), any::<u32>()).prop_map(|(code, id)| InstrumentKey::new(Segment::from_code(code), id));
    let body = prop::collection::vec(any::<u8>(), 154);
    (key, prop::sample::select(vec![0u8, 2, 4, 5, 6, 7, 8, 50, 1, 3, 99, 200]), body, 0usize..40).prop_map(
        |(key, code, body, free)| {
            let size = known_size(code).filter(|_| code != 7).map_or(free, |size| size - 8);
            made(|out| encode::raw(out, code, key, &body[..size]))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_accounted_for_exactly_once(frame in prop::collection::vec(any::<u8>(), 0..700)) {
        let mut at = 0;
        for packet in packets(&frame) {
            let rest = &frame[at..];
            at += match packet {
                Ok((header, packet)) => {
                    let _ = encoded(header, packet);
                    let claimed = usize::from(header.len);
                    if (8..=rest.len()).contains(&claimed) { claimed } else { known_size(header.code).unwrap() }
                }
                Err(bad) => {
                    prop_assert_eq!(bad.bytes.as_ptr(), rest.as_ptr());
                    prop_assert!(!bad.bytes.is_empty());
                    bad.bytes.len()
                }
            };
        }
        prop_assert_eq!(at, frame.len());
    }

    #[test]
    fn stacked_packets_of_mixed_codes_decode_each_to_its_values(all in prop::collection::vec(any_packet(), 0..12)) {
        let frame = all.concat();
        let again: Vec<Vec<u8>> =
            packets(&frame).map(|packet| packet.map(|(header, packet)| encoded(header, packet)).unwrap()).collect();
        prop_assert_eq!(again, all);
    }

    #[test]
    fn a_frame_of_one_numeric_packet_is_recognised_as_by_decoding_it(
        all in prop::collection::vec(any_packet(), 1..3), more in 0usize..3, len: Option<u8>, cut in 0usize..3,
    ) {
        let mut frame = all.concat();
        frame.resize(frame.len() + more, b'x');
        frame.truncate(frame.len() - cut);
        if let (Some(len), Some(at)) = (len, frame.get_mut(1)) {
            *at = len;
        }
        let walked: Vec<_> = packets(&frame).collect();
        let whole = |header: &Header| known_size(header.code) == Some(frame.len()) && usize::from(header.len) == frame.len();
        let expected = match walked[..] {
            [Ok((header, packet))] if whole(&header) && encodes_numbers(packet) => Some((header, packet)),
            _ => None,
        };
        prop_assert_eq!(feed::numbers(&frame), expected);
    }

    #[test]
    fn a_frame_truncated_anywhere_keeps_every_packet_before_the_cut(all in prop::collection::vec(any_packet(), 1..8), cut: prop::sample::Index) {
        let frame = all.concat();
        let cut = cut.index(frame.len() + 1);
        let mut end = 0;
        let whole = all.iter().take_while(|packet| { end += packet.len(); end <= cut }).count();
        let good = packets(&frame[..cut]).take(whole).filter(Result::is_ok).count();
        prop_assert_eq!(good, whole);
    }

    #[test]
    fn any_depth_bytes_are_accounted_for_exactly_once(
        frame in prop::collection::vec(any::<u8>(), 0..900), codes in prop::collection::vec((any::<prop::sample::Index>(), 0usize..4), 0..6), twenty: bool,
    ) {
        let mut frame = frame;
        // Random bytes seldom contain a header.
        for (at, which) in codes {
            let at = at.index(frame.len() + 1);
            if let Some(place) = frame.get_mut(at..at + 4) {
                place.copy_from_slice(&[[28, 0, 41, 1], [44, 0, 51, 2], [14, 0, 50, 0], [12, 0, 0, 1]][which]);
            }
        }
        let levels = if twenty { Levels::Twenty } else { Levels::TwoHundred };
        let mut at = 0;
        for packet in depth::packets(&frame, levels) {
            let rest = &frame[at..];
            let claimed = rest.first_chunk::<2>().map_or(0, |len| usize::from(u16::from_le_bytes(*len)));
            let possible = rest.len() >= 12 && (12..=rest.len()).contains(&claimed);
            at += match packet {
                Ok(depth::Packet::Disconnect(_)) if rest[0] == 50 => 10,
                Ok(_) if possible => claimed,
                Ok(depth::Packet::Disconnect(_)) => if rest.len() >= 14 { 14 } else { 12 },
                Ok(depth::Packet::Heartbeat) => 12,
                Ok(depth::Packet::Side(side)) => match levels {
                    Levels::Twenty => 332,
                    Levels::TwoHundred => 12 + 16 * side.word.min(200) as usize,
                },
                Err(bad) => {
                    prop_assert_eq!(bad.bytes.as_ptr(), rest.as_ptr());
                    bad.bytes.len()
                }
            };
            prop_assert!(at <= frame.len());
        }
        prop_assert_eq!(at, frame.len());
    }

    #[test]
    fn stacked_sides_decode_and_a_truncation_loses_only_the_last(
        all in prop::collection::vec((any::<u32>(), any::<bool>(), prop::collection::vec((any::<u64>(), any::<u32>(), any::<u32>()), 0..20)), 1..6),
        cut: prop::sample::Index,
    ) {
        let bits = |rows: &[Row]| rows.iter().map(|row| (row.price.to_bits(), row.qty, row.orders)).collect::<Vec<_>>();
        let one = |(id, bid, rows): &(u32, bool, Vec<(u64, u32, u32)>)| {
            let rows: Vec<Row> = rows.iter().map(|&(price, qty, orders)| Row { price: f64::from_bits(price), qty, orders }).collect();
            let side = if *bid { Side::Bid } else { Side::Ask };
            made(|out| encode::depth_side(out, InstrumentKey::new(Segment::NSE_FNO, *id), side, rows.len() as u32, &rows))
        };
        let packets: Vec<Vec<u8>> = all.iter().map(one).collect();
        let frame = packets.concat();
        for levels in [Levels::Twenty, Levels::TwoHundred] {
            let got: Vec<_> = sides(&frame, levels).iter().map(|(key, side, _, rows)| (key.security_id, *side == Side::Bid, bits(rows))).collect();
            prop_assert_eq!(&got, &all);
            let cut = cut.index(frame.len() + 1);
            let mut end = 0;
            let whole = packets.iter().take_while(|packet| { end += packet.len(); end <= cut }).count();
            let good = depth::packets(&frame[..cut], levels).take(whole).filter(Result::is_ok).count();
            prop_assert_eq!(good, whole);
        }
    }
}
