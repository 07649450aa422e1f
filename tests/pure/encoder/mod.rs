//! The encoder compared with serde_json and derived structs, byte for byte, on records of random packets; and the numbers of
//! CSV compared with those of NDJSON.

use dhan::testing::format::csv::CsvColumns;
use dhan::testing::format::encoder::{Encoder, Format, Style};
use dhan::testing::format::text::TextBuf;
use dhan::testing::format::time::TimeStyle;
use dhan::testing::model::{InstrumentKey, Micros, Segment};
use dhan::testing::protocol::depth;
use dhan::testing::protocol::depth::{Levels, Row, Side};
use dhan::testing::protocol::encode::{self, Full, Quote};
use dhan::testing::protocol::feed::{self, Level, Packet};
use dhan::testing::record::depth::{Depth, SideRows};
use dhan::testing::record::market::COLUMNS;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;

mod oracle;

/// Number of cases: millions in release builds.
const RECORDS: u64 = if cfg!(debug_assertions) { 12_000 } else { 6_000_000 };

struct Random(fastrand::Rng);

impl Random {
    /// Returns a random price: mostly on a grid of paise, some with four decimals, some that mean no price, some of any bits.
    fn price(&mut self) -> f32 {
        match self.0.u8(0..16) {
            0 => f32::from_bits(self.0.u32(..)),
            1 => self
                .0
                .choice([0.0, -0.0, -0.01, f32::NAN, f32::INFINITY, f32::MIN_POSITIVE, 131_071.99, 131_072.0])
                .unwrap_or(0.0),
            2 | 3 => (f64::from(self.0.u32(0..2_000_000)) / 10_000.0) as f32,
            4 => self.0.f32() * 10f32.powi(self.0.i32(-10..12)),
            _ => (f64::from(self.0.u32(0..13_200_000) >> self.0.u32(0..20)) / 100.0) as f32,
        }
    }

    fn price64(&mut self) -> f64 {
        match self.0.u8(0..16) {
            0 => f64::from_bits(self.0.u64(..)),
            1 => {
                self.0.choice([0.0, -0.01, f64::NAN, f64::INFINITY, 42_949_672.95, 42_949_672.96, 1e16]).unwrap_or(0.0)
            }
            2 => f64::from(self.0.u32(0..2_000_000)) / 10_000.0,
            3 => self.0.f64() * 10f64.powi(self.0.i32(-10..20)),
            _ => f64::from(self.0.u32(..) >> self.0.u32(0..24)) / 100.0,
        }
    }

    /// Returns a random number in which every number of digits is equally likely.
    fn number(&mut self) -> u32 {
        self.0.u32(..) >> self.0.u32(0..32)
    }

    fn quote(&mut self) -> Quote {
        Quote {
            ltp: self.price(),
            ltq: self.number() as u16,
            ltt_raw: if self.0.bool() { self.number() } else { 1_781_065_197 },
            atp: self.price(),
            volume: self.number(),
            total_sell_qty: self.number(),
            total_buy_qty: self.number(),
            day_open: self.price(),
            close: self.price(),
            day_high: self.price(),
            day_low: self.price(),
        }
    }

    fn packet(&mut self, out: &mut Vec<u8>) {
        out.clear();
        // Few instruments, so that cached line prefixes are used too.
        let instrument = InstrumentKey::new(Segment::from_code(self.0.u8(0..10)), self.0.u32(0..30));
        match self.0.u8(0..8) {
            0 => encode::ticker(out, instrument, self.price(), self.number()),
            1..3 => encode::quote(out, instrument, &self.quote()),
            _ => {
                let quote = self.quote();
                let oi = [self.number(), self.number(), self.number()];
                let mut side = || {
                    std::array::from_fn(|_| Level {
                        price: self.price(),
                        qty: self.number(),
                        orders: self.number() as u16,
                    })
                };
                let (bids, asks) = (side(), side());
                encode::full(out, instrument, &Full { quote, oi, bids, asks });
            }
        }
    }
}

fn encoder(format: Format) -> Encoder {
    Encoder::new(Style { format, time: TimeStyle::Epoch, columns: CsvColumns::Market })
}

fn symbol(instrument: InstrumentKey) -> Option<Arc<str>> {
    match instrument.security_id % 4 {
        0 => None,
        1 => Some(Arc::from("M&M \"quoted\", with\ta tab and \\ \u{1} रु")),
        _ => Some(Arc::from(format!("SHARE{}", instrument.security_id))),
    }
}

/// Appends the line of one packet.
fn encode(encoder: &mut Encoder, out: &mut TextBuf, packet: &[u8], recv: Micros) -> InstrumentKey {
    let (header, packet) = feed::packets(packet).next().expect("a packet").expect("a whole one");
    let instrument = header.instrument;
    let symbol = || symbol(instrument);
    match packet {
        Packet::Ticker(p) => encoder.instrument_line(out, instrument, symbol, &p, recv),
        Packet::Quote(p) => encoder.instrument_line(out, instrument, symbol, &p, recv),
        Packet::Full(p) => encoder.instrument_line(out, instrument, symbol, &p, recv),
        other => panic!("no line for {other:?}"),
    }
    instrument
}

#[test]
fn market_records_are_byte_for_byte_what_serde_json_writes() {
    let mut random = Random(fastrand::Rng::with_seed(20_260_610));
    let (mut encoder, mut out) = (encoder(Format::Ndjson), TextBuf::new());
    let (mut packet, mut expected) = (Vec::new(), Vec::new());
    for i in 0..RECORDS {
        random.packet(&mut packet);
        let recv_us = match i % 16 {
            0 => i64::from(random.number()),
            1 => 253_402_300_799_999_999,
            _ => 1_781_065_200_000_000 + random.0.i64(0..1 << 40),
        };
        out.clear();
        expected.clear();
        let instrument = encode(&mut encoder, &mut out, &packet, Micros::new(recv_us));
        oracle::market_line(&mut expected, &packet, symbol(instrument).as_deref(), recv_us);
        if out.as_bytes() != expected {
            assert_eq!(
                String::from_utf8_lossy(out.as_bytes()),
                String::from_utf8_lossy(&expected),
                "packet {packet:02x?}"
            );
        }
    }
}

#[test]
fn order_books_are_byte_for_byte_what_serde_json_writes() {
    let mut random = Random(fastrand::Rng::with_seed(5));
    let (mut encoder, mut out) = (encoder(Format::Ndjson), TextBuf::new());
    let mut expected = Vec::new();
    let instrument = InstrumentKey::new(Segment::from_code(1), 7);
    let mut sides: [SideRows; 2] = Default::default();
    for i in 0..RECORDS / 100 {
        for (rows, side) in sides.iter_mut().zip([Side::Bid, Side::Ask]) {
            let count = random.0.usize(0..=200);
            let made: Vec<_> = (0..count)
                .map(|_| Row { price: random.price64(), qty: random.number(), orders: random.number() })
                .collect();
            let mut bytes = Vec::new();
            encode::depth_side(&mut bytes, instrument, side, count as u32, &made);
            let Some(Ok(depth::Packet::Side(side))) = depth::packets(&bytes, Levels::TwoHundred).next() else {
                panic!("a side")
            };
            rows.fill(side);
        }
        let [bids, asks] = &sides;
        let top = if i % 3 == 0 { random.0.usize(1..30) } else { usize::MAX };
        let record = Depth { levels: Levels::TwoHundred, bids, asks, top };
        out.clear();
        expected.clear();
        encoder.depth(&mut out, instrument, || symbol(instrument), &record, Micros::new(i as i64));
        oracle::depth_line(&mut expected, instrument, &record, symbol(instrument).as_deref(), i as i64);
        if out.as_bytes() != expected {
            assert_eq!(String::from_utf8_lossy(out.as_bytes()), String::from_utf8_lossy(&expected));
        }
    }
}

#[test]
fn the_longest_record_of_numbers_fits_its_bound() {
    // The longest texts that a price, a number and a moment can have.
    let (price, number) = (-1.175_494_4e-38, u32::MAX);
    let quote = Quote {
        ltp: price,
        ltq: u16::MAX,
        ltt_raw: number,
        atp: price,
        volume: number,
        total_sell_qty: number,
        total_buy_qty: number,
        day_open: price,
        close: price,
        day_high: price,
        day_low: price,
    };
    let level = Level { price: 1.175_494_4e-38, qty: number, orders: u16::MAX };
    let full = Full { quote, oi: [number; 3], bids: [level; 5], asks: [Level { price: f32::MAX, ..level }; 5] };
    let mut packet = Vec::new();
    encode::full(&mut packet, InstrumentKey::new(Segment::NSE_CURRENCY, number), &full);
    for format in [Format::Ndjson, Format::Csv] {
        for time in [TimeStyle::Epoch, TimeStyle::Iso] {
            let mut encoder = Encoder::new(Style { format, time, columns: CsvColumns::Market });
            let mut out = TextBuf::new();
            encode(&mut encoder, &mut out, &packet, Micros::new(i64::MIN + 1));
            assert!((500..1_800).contains(&out.len()), "{} bytes of {}", out.len(), format.name());
        }
    }
}

type Members<'a> = BTreeMap<&'a str, &'a RawValue>;

/// Returns the text of a value as CSV has it.
fn cell(members: &Members<'_>, key: &str) -> String {
    match members.get(key).map(|raw| raw.get()) {
        None | Some("null") => String::new(),
        Some(text) if text.starts_with('"') => serde_json::from_str(text).expect("a string"),
        Some(number) => number.to_owned(),
    }
}

#[test]
fn numbers_have_the_same_bytes_in_csv_and_ndjson() {
    let mut random = Random(fastrand::Rng::with_seed(11));
    let (mut json, mut csv) = (encoder(Format::Ndjson), encoder(Format::Csv));
    let (mut packet, mut line, mut row) = (Vec::new(), TextBuf::new(), TextBuf::new());
    for i in 0..RECORDS / 20 {
        random.packet(&mut packet);
        line.clear();
        row.clear();
        encode(&mut json, &mut line, &packet, Micros::new(1_781_065_200_000_000 + i as i64));
        encode(&mut csv, &mut row, &packet, Micros::new(1_781_065_200_000_000 + i as i64));
        let members: Members<'_> = serde_json::from_slice(line.as_bytes()).expect("JSON");
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(row.as_bytes());
        let cells = reader.records().next().expect("a row").expect("RFC 4180");
        assert_eq!(cells.len(), COLUMNS.len());
        let sides = ["bids", "asks"].map(|side| {
            members
                .get(side)
                .map_or(Vec::new(), |raw| serde_json::from_str::<Vec<Members<'_>>>(raw.get()).expect("levels"))
        });
        for (column, found) in COLUMNS.iter().zip(&cells) {
            let level = ["bid", "ask"].iter().zip(&sides).find_map(|(name, side)| {
                let (rank, key) = column.strip_prefix(name)?.split_once('_')?;
                let rank: usize = rank.parse().ok()?;
                Some(side.get(rank - 1).map_or(String::new(), |level| cell(level, key)))
            });
            assert_eq!(found, level.unwrap_or_else(|| cell(&members, column)), "{column} of {line:?}");
        }
    }
}
