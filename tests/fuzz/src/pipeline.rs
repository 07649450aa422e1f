//! The whole way from frames to lines: whatever comes, every line is valid, receive times grow, the books balance, NDJSON
//! and CSV agree, and `dhan verify` finds nothing wrong with it.

use super::take::Take;
use dhan::testing::console::{Console, ConsoleConfig, LogLevel};
use dhan::testing::format::csv::{CsvColumns, layout};
use dhan::testing::format::encoder::{Format, Style};
use dhan::testing::format::time::TimeStyle;
use dhan::testing::model::Stream;
use dhan::testing::model::{InstrumentKey, Micros, Segment};
use dhan::testing::output::{Destination, Unwritten, WriteFailure};
use dhan::testing::pipeline::item::Lagged;
use dhan::testing::pipeline::item::{Event, Frame, FrameKind, GapReason, StatusEvent};
use dhan::testing::pipeline::outputs::{OutputSpec, Outputs};
use dhan::testing::pipeline::stages::{Pipeline, Rules, View};
use dhan::testing::protocol::depth::{Levels, Row, Side};
use dhan::testing::protocol::{DisconnectReason, Mode, encode, feed};
use dhan::testing::record::order;
use dhan::testing::record::{RecordType, TypeSet};
use dhan::testing::verify::{FileContext, FileVerdict, ndjson};
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// 2026-06-10 09:50:00 IST.
const NOW: Micros = Micros::from_secs(1_781_065_200);

/// Keeps what is written, lines and gaps apart.
#[derive(Clone, Default)]
struct Memory {
    lines: Arc<Mutex<Vec<u8>>>,
    gaps: Arc<Mutex<Vec<u8>>>,
}

impl Memory {
    fn text(&self) -> String {
        String::from_utf8(self.lines.lock().expect("one thread").clone()).expect("lines are UTF-8")
    }
}

impl Destination for Memory {
    fn write(&mut self, lines: &[u8]) -> Result<(), Unwritten> {
        assert_eq!(lines.last(), Some(&b'\n'), "whole lines only");
        self.lines.lock().expect("one thread").extend_from_slice(lines);
        Ok(())
    }

    fn write_gap(&mut self, line: &[u8]) -> Result<bool, WriteFailure> {
        self.gaps.lock().expect("one thread").extend_from_slice(line);
        Ok(true)
    }

    fn finish(&mut self, end_line: Option<&[u8]>) -> Result<(), WriteFailure> {
        self.lines.lock().expect("one thread").extend_from_slice(end_line.unwrap_or_default());
        Ok(())
    }

    fn bytes_written(&self) -> u64 {
        self.lines.lock().expect("one thread").len() as u64
    }
}

fn key(take: &mut Take<'_>) -> InstrumentKey {
    InstrumentKey::new(Segment::from_code(take.u8() % 10), u32::from(take.u8() % 8))
}

fn keys(take: &mut Take<'_>, feed: Stream) -> Vec<(InstrumentKey, Option<Mode>)> {
    let count = take.u8() % 4;
    let mode = |take: &mut Take<'_>| match feed {
        Stream::Market => Some(take.one(&Mode::ALL)),
        _ => None,
    };
    (0..count).map(|_| (key(take), mode(take))).collect()
}

/// Bytes of packets that are mostly right: arbitrary bytes seldom are.
fn packets(take: &mut Take<'_>, feed: Stream) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..=take.u8() % 5 {
        let instrument = key(take);
        match (feed, take.u8() % 12) {
            (_, 0) => out.extend_from_slice(take.chunk()),
            (Stream::Depth(_), 1) => encode::depth_disconnect(&mut out, instrument, DisconnectReason(take.u16())),
            (Stream::Depth(_), _) => {
                let side = if take.bit() { Side::Bid } else { Side::Ask };
                let rows: Vec<_> = (0..take.u8() % 8)
                    .map(|_| {
                        let price = if take.bit() { f64::from_bits(take.u64()) } else { f64::from(take.u16()) / 20.0 };
                        Row { price, qty: take.u32(), orders: u32::from(take.u8()) }
                    })
                    .collect();
                encode::depth_side(&mut out, instrument, side, rows.len() as u32, &rows);
            }
            (_, 1) => encode::disconnect(&mut out, instrument, DisconnectReason(take.u16())),
            (_, 2) => encode::open_interest(&mut out, instrument, take.u32()),
            (_, 3) => encode::prev_close(&mut out, instrument, f32::from_bits(take.u32()), take.u32()),
            (_, 4) => encode::raw(&mut out, take.u8(), instrument, take.bytes(9)),
            (_, code @ 5..8) => {
                // A body of the code's size, whatever is in it.
                let (code, size) = [(2, 16), (4, 50), (8, 162)][usize::from(code - 5)];
                let mut body = take.bytes(size - 8).to_vec();
                body.resize(size - 8, 0x41);
                encode::raw(&mut out, code, instrument, &body);
            }
            _ => encode::ticker(&mut out, instrument, f32::from(take.u16()) / 20.0, take.u32()),
        }
    }
    // Sometimes cut.
    if take.u8().is_multiple_of(8) {
        out.truncate(usize::from(take.u16()) % (out.len() + 1));
    }
    out
}

fn text(take: &mut Take<'_>) -> Vec<u8> {
    match take.u8() % 4 {
        0 => take.chunk().to_vec(),
        1 => serde_json::json!({"Data": {"orderNo": take.text(), "status": take.text(), "weird": take.text()}})
            .to_string()
            .into_bytes(),
        kind => {
            let status = take.one(&["Pending", "Traded", "TRANSIT", "Rejected", "?", ""]);
            let (number, quantity, traded) = (take.u8() % 4, take.u8(), take.u8());
            let order = serde_json::json!({
                "orderNo": number.to_string(), "orderId": number.to_string(), "status": status, "orderStatus": status,
                "quantity": quantity, "tradedQty": traded, "filledQty": traded, "price": f64::from(take.u16()) / 20.0,
                "exchange": "NSE", "segment": "E", "symbol": take.text(),
            });
            match kind {
                2 => serde_json::json!({"Data": order, "Type": "order_alert"}).to_string().into_bytes(),
                _ => serde_json::json!([order]).to_string().into_bytes(),
            }
        }
    }
}

fn event(take: &mut Take<'_>, feed: Stream, at: Micros) -> Event {
    let conn = u16::from(take.u8() % 3);
    let reason = take.one(&GapReason::ALL);
    match take.u8() % 8 {
        0 => Event::Symbols((0..take.u8() % 4).map(|_| (key(take), Arc::from(take.text()))).collect()),
        1 => Event::Subscribed { conn, instruments: keys(take, feed) },
        2 => Event::Unsubscribed { instruments: keys(take, feed) },
        3 => Event::GapOpened { conn, reason, detail: take.text(), from: at.plus_us(-i64::from(take.u32())) },
        4 => Event::Resynced { conn, at },
        5 => {
            let (detail, dropped) = (take.bit().then(|| take.text()), take.bit().then_some(3));
            Event::Gap { conn, reason, detail, from: at.plus_us(-i64::from(take.u16())), to: at, dropped }
        }
        _ => Event::Status { conn, event: take.one(&StatusEvent::ALL), detail: take.bit().then(|| take.text()), at },
    }
}

fn rules(take: &mut Take<'_>, feed: Stream) -> Rules {
    let flags = take.u8();
    Rules {
        only: if flags & 1 != 0 && feed == Stream::Market { types(take.u8()) } else { TypeSet::ALL },
        gaps: flags & 2 == 0,
        status_records: flags & 4 != 0,
        count: (flags & 8 != 0).then(|| u64::from(take.u8()) + 1),
        once: (flags & 0x30 == 0x30 && feed == Stream::Market)
            .then(|| (0..take.u8() % 4).map(|_| (key(take), take.one(&Mode::ALL))).collect()),
        view: if flags & 0x40 != 0 { View::Sides } else { View::Book },
        top: (flags & 0x80 != 0).then_some(2),
        events: (flags & 0x30 == 0x10 && feed == Stream::Orders)
            .then(|| order::Events::default().with(order::Event::Execution)),
        ..Rules::everything(feed)
    }
}

/// Each line an object whose receive time is later than the last one's; the objects.
fn objects(text: &str) -> Vec<Value> {
    let mut last = i64::MIN;
    text.lines()
        .map(|line| {
            let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            let recv_us = value["recv_us"].as_i64().unwrap_or_else(|| panic!("no receive time: {line}"));
            assert!(recv_us > last, "{recv_us} follows {last}: {line}");
            last = recv_us;
            value
        })
        .collect()
}

fn is_control(object: &Value) -> bool {
    matches!(object["type"].as_str(), Some("gap" | "status" | "end"))
}

/// The packet types of these bits.
fn types(bits: u8) -> TypeSet {
    let chosen = |(i, kind): (usize, RecordType)| (bits & 1 << i != 0).then_some(kind);
    RecordType::PACKETS.into_iter().enumerate().filter_map(chosen).collect()
}

/// A feed, rules, then items.
pub fn run(data: &[u8]) {
    let mut take = Take(data);
    let feeds = [Stream::Market, Stream::Orders, Stream::Depth(Levels::Twenty), Stream::Depth(Levels::TwoHundred)];
    let feed = take.one(&feeds);
    let rules = rules(&mut take, feed);
    let (only, view) = (rules.only, rules.view);
    let (json, csv) = (Memory::default(), Memory::default());
    let (columns, header) = layout(RecordType::of_stream(feed), TimeStyle::Epoch);
    let style = Style { format: Format::Ndjson, time: TimeStyle::Epoch, columns: CsvColumns::Own };
    let spec = |memory: &Memory, style, header| OutputSpec {
        destination: Box::new(memory.clone()),
        style,
        header,
        is_file: true,
    };
    let specs = vec![
        spec(&json, style, None),
        spec(&csv, Style { format: Format::Csv, columns, ..style }, Some(header.clone())),
    ];
    let console = Console::new(ConsoleConfig { level: LogLevel::Error, ..ConsoleConfig::default() });
    let mut pipeline = Pipeline::new(rules, Outputs::new(specs, TimeStyle::Epoch, console), NOW);
    let mut now = NOW;
    while !take.is_empty() {
        // Mostly forwards.
        now = now.plus_us(if take.u8() % 16 == 0 { -i64::from(take.u32()) } else { i64::from(take.u16()) });
        match take.u8() % 12 {
            0..=7 => {
                let kind = match (feed, take.u8() % 8) {
                    (_, 0) => take.one(&[FrameKind::Text, FrameKind::Binary]),
                    (Stream::Orders, 1) => FrameKind::OrderBookAtStart,
                    (Stream::Orders, 2) => FrameKind::OrderBookAfterGap,
                    (Stream::Orders, _) => FrameKind::Text,
                    _ => FrameKind::Binary,
                };
                let bytes = if feed == Stream::Orders { text(&mut take) } else { packets(&mut take, feed) };
                let packet = feed::numbers(&bytes).filter(|_| feed == Stream::Market && take.u8() % 2 == 0);
                pipeline.frame(&Frame { conn: u16::from(take.u8() % 3), kind, recv: now, bytes: &bytes, packet });
            }
            8 | 9 => pipeline.event(&event(&mut take, feed, now)),
            10 => {
                let packets = u64::from(take.u8()) + 1;
                pipeline.lagged(Lagged { packets, from: now.plus_us(-5), to: now });
            }
            _ => match take.u8() % 4 {
                0 => pipeline.flush(),
                1 => pipeline.tick(now),
                2 => pipeline.event(&Event::End { reason: "signal".to_owned(), at: now }),
                _ => pipeline.reopen(now),
            },
        }
        assert!(pipeline.figures().counts.is_balanced(), "{:?}", pipeline.figures().counts);
    }
    let summary = pipeline.finish(now.plus_us(1_000_000));
    let books = summary.counts;
    assert!(books.is_balanced() && summary.failure.is_none(), "{books:?}");

    let objects = objects(&json.text());
    let end = objects.last().expect("a file ends in its end");
    assert_eq!(end["type"], "end");
    assert_eq!((end["received"].as_u64(), end["written"].as_u64()), (Some(books.received), Some(books.written)));
    let data: Vec<&Value> = objects.iter().filter(|object| !is_control(object)).collect();
    match (feed, view) {
        (Stream::Depth(_), View::Book) => {
            assert!(books.written <= 2 * data.len() as u64 && books.written >= data.len() as u64)
        }
        _ => assert_eq!(data.len() as u64, books.written, "a record a packet"),
    }
    if feed == Stream::Market && only == TypeSet::ALL {
        assert_eq!(summary.figures.records.values().sum::<u64>(), data.len() as u64);
    }
    let mut check = ndjson::NdjsonCheck::default();
    json.text().lines().for_each(|line| check.line(line.as_bytes()));
    let (verdict, found) = check.done().summary("x".to_owned(), "ndjson", FileContext::default());
    assert!(verdict < FileVerdict::NoEnd, "verify says {verdict:?}: {:?}", found.first_damage);

    let text = csv.text();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(reader.headers().expect("a header").len(), header.split(',').count());
    // A strict reader: every row has the header's columns.
    let rows: Vec<_> = reader.records().collect::<Result<_, _>>().expect("rows");
    let times: Vec<i64> = rows.iter().map(|row| row[row.len() - 1].parse().expect("a receive time")).collect();
    let json_times: Vec<i64> = data.iter().filter_map(|object| object["recv_us"].as_i64()).collect();
    if let Stream::Depth(_) = feed {
        assert!(times.is_sorted());
        assert!(times.iter().all(|time| json_times.contains(time)));
    } else {
        assert_eq!(times, json_times, "both formats tell of the same records");
        for (row, object) in rows.iter().zip(&data) {
            assert_eq!(row[0], object["type"]);
        }
    }
    let _ = self::objects(&String::from_utf8(csv.gaps.lock().expect("one thread").clone()).expect("UTF-8"));
}
