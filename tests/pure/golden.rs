//! Golden files: every record in both formats, byte for byte. `DHAN_BLESS=1 cargo test --test pure golden::` writes them anew.

use dhan::testing::console::Console;
use dhan::testing::format::csv::{CsvColumns, layout};
use dhan::testing::format::encoder::{Format, Style};
use dhan::testing::format::time::TimeStyle;
use dhan::testing::model::Stream;
use dhan::testing::model::{InstrumentKey, Micros, Segment};
use dhan::testing::output::{Destination, Unwritten, WriteFailure};
use dhan::testing::pipeline::bars::Interval;
use dhan::testing::pipeline::item::Lagged;
use dhan::testing::pipeline::item::{Event, Frame, FrameKind, GapReason, StatusEvent};
use dhan::testing::pipeline::outputs::{OutputSpec, Outputs};
use dhan::testing::pipeline::stages::{Pipeline, Rules, RunSummary, View};
use dhan::testing::protocol::depth::{Levels, Row, Side};
use dhan::testing::protocol::feed::Level;
use dhan::testing::protocol::{DisconnectReason, Mode, encode};
use dhan::testing::record::chain::Chain;
use dhan::testing::record::{RecordType, TypeSet};
use std::sync::{Arc, Mutex};

/// A destination that keeps what is written; it counts as a file, so that it gets `end` records.
#[derive(Clone, Default)]
struct Memory {
    lines: Arc<Mutex<Vec<u8>>>,
    gaps: Arc<Mutex<Vec<u8>>>,
}

impl Destination for Memory {
    fn write(&mut self, lines: &[u8]) -> Result<(), Unwritten> {
        self.lines.lock().unwrap().extend_from_slice(lines);
        Ok(())
    }

    fn write_gap(&mut self, line: &[u8]) -> Result<bool, WriteFailure> {
        self.gaps.lock().unwrap().extend_from_slice(line);
        Ok(true)
    }

    fn finish(&mut self, end_line: Option<&[u8]>) -> Result<(), WriteFailure> {
        self.lines.lock().unwrap().extend_from_slice(end_line.unwrap_or_default());
        Ok(())
    }

    fn bytes_written(&self) -> u64 {
        self.lines.lock().unwrap().len() as u64
    }
}

/// 2026-06-10 09:50:00 IST.
const NOW: Micros = Micros::from_secs(1_781_065_200);
const NIFTY: InstrumentKey = InstrumentKey::new(Segment::IDX_I, 13);
const HDFC: InstrumentKey = InstrumentKey::new(Segment::NSE_EQ, 1333);
const OPTION: InstrumentKey = InstrumentKey::new(Segment::NSE_FNO, 55796);
const LTT: u32 = 1_781_084_997;

fn quote() -> encode::Quote {
    encode::Quote {
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
    }
}

/// Runs a pipeline in a style, and returns the output, the text beside it, and the counters.
fn run(
    rules: Rules,
    style: Style,
    header: Option<String>,
    feed: impl Fn(&mut Pipeline),
) -> (String, String, RunSummary) {
    let memory = Memory::default();
    let spec = OutputSpec { destination: Box::new(memory.clone()), style, header, is_file: true };
    let outputs = Outputs::new(vec![spec], style.time, Console::default());
    let mut pipeline = Pipeline::new(rules, outputs, NOW);
    feed(&mut pipeline);
    let summary = pipeline.finish(NOW.plus_us(60_000_000));
    let text = |bytes: &Arc<Mutex<Vec<u8>>>| String::from_utf8(bytes.lock().unwrap().clone()).unwrap();
    (text(&memory.lines), text(&memory.gaps), summary)
}

fn frame(pipeline: &mut Pipeline, kind: FrameKind, after_us: i64, bytes: &[u8]) {
    pipeline.frame(&Frame { conn: 1, kind, recv: NOW.plus_us(after_us), bytes, packet: None });
}

fn market(pipeline: &mut Pipeline) {
    pipeline.event(&Event::Symbols(vec![
        (NIFTY, Arc::from("NIFTY")),
        (OPTION, Arc::from("NIFTY-24Feb2026-31200-CE")),
        (HDFC, Arc::from("M&M \"odd\", name")),
    ]));
    let instruments = [NIFTY, HDFC, OPTION].map(|key| (key, Some(Mode::Quote))).to_vec();
    pipeline.event(&Event::Subscribed { conn: 1, instruments });
    for (i, event) in StatusEvent::ALL.into_iter().enumerate() {
        let detail = (i % 2 == 1).then(|| "in words".to_owned());
        pipeline.event(&Event::Status { conn: 1, event, detail, at: NOW });
    }
    let mut bytes = Vec::new();
    encode::ticker(&mut bytes, NIFTY, 23378.35, LTT);
    encode::ticker(&mut bytes, NIFTY, 150.0, 0);
    frame(pipeline, FrameKind::Binary, 1, &bytes);
    bytes.clear();
    encode::prev_close(&mut bytes, HDFC, 1691.2, 0);
    encode::quote(&mut bytes, HDFC, &quote());
    encode::open_interest(&mut bytes, OPTION, 1_234_575);
    frame(pipeline, FrameKind::Binary, 500_000, &bytes);
    bytes.clear();
    let level = |price, qty, orders| Level { price, qty, orders };
    let full = encode::Full {
        quote: quote(),
        oi: [3_214_575, 3_300_000, 3_100_050],
        bids: std::array::from_fn(|i| level(152.25 - 0.05 * i as f32, 75 * (i as u32 + 1), 1 + i as u16)),
        asks: std::array::from_fn(|i| level(152.35 + 0.05 * i as f32, 150 * (i as u32 + 1), 2 + i as u16)),
    };
    encode::full(&mut bytes, OPTION, &full);
    // Levels without a price are left out, and a side without levels has no best price.
    let mut thin = full;
    thin.bids[3..].fill(level(-0.01, 0, 0));
    thin.asks.fill(level(0.0, 0, 0));
    thin.quote.ltp = f32::NAN;
    encode::full(&mut bytes, OPTION, &thin);
    frame(pipeline, FrameKind::Binary, 1_000_000, &bytes);
    bytes.clear();
    encode::raw(&mut bytes, 7, HDFC, &[]);
    encode::raw(&mut bytes, 7, HDFC, &[1, 0, 0xfe, 0xff]);
    encode::raw(&mut bytes, 99, HDFC, &[0xde, 0xad]);
    encode::raw(&mut bytes, 0, HDFC, &[]);
    encode::ticker(&mut bytes, InstrumentKey::new(Segment::from_code(6), 77), 1.05, LTT);
    frame(pipeline, FrameKind::Binary, 2_000_000, &bytes);
    // A truncated packet loses only itself.
    bytes.clear();
    encode::ticker(&mut bytes, NIFTY, 23379.0, LTT);
    bytes.extend_from_slice(&[4, 50, 0, 1]);
    frame(pipeline, FrameKind::Binary, 3_000_000, &bytes);
    for reason in GapReason::ALL {
        let (detail, dropped) = match reason {
            GapReason::Disconnected => (Some("reset".to_owned()), None),
            GapReason::Stalled => (Some("no byte for 10.5 s".to_owned()), Some(3)),
            _ => (None, None),
        };
        let (from, to) = (NOW.plus_us(3_000_000), NOW.plus_us(3_500_000));
        pipeline.event(&Event::Gap { conn: 1, reason, detail, from, to, dropped });
    }
    pipeline.lagged(Lagged { packets: 12, from: NOW.plus_us(3_600_000), to: NOW.plus_us(3_700_000) });
    pipeline.event(&Event::GapOpened {
        conn: 1,
        reason: GapReason::Disconnected,
        detail: "reset".to_owned(),
        from: NOW.plus_us(4_000_000),
    });
    bytes.clear();
    encode::disconnect(&mut bytes, NIFTY, DisconnectReason(805));
    frame(pipeline, FrameKind::Binary, 4_500_000, &bytes);
    bytes.clear();
    encode::ticker(&mut bytes, NIFTY, 23380.0, LTT);
    frame(pipeline, FrameKind::Binary, 5_000_000, &bytes);
    // The clock is set back: receive times continue, and there is a gap record.
    frame(pipeline, FrameKind::Binary, 4_900_000, &bytes);
    pipeline.event(&Event::End { reason: "signal".to_owned(), at: NOW.plus_us(6_000_000) });
    frame(pipeline, FrameKind::Binary, 6_100_000, &bytes);
}

/// Returns records of every kind of bar, and of a chain that moves.
fn bars(pipeline: &mut Pipeline) {
    pipeline.event(&Event::Symbols(vec![(NIFTY, Arc::from("NIFTY")), (HDFC, Arc::from("M&M \"odd\", name"))]));
    let instruments = [NIFTY, HDFC, OPTION].map(|key| (key, Some(Mode::Quote))).to_vec();
    pipeline.event(&Event::Subscribed { conn: 1, instruments });
    let chain = Chain {
        underlying: "NIFTY".to_owned(),
        expiry: "2026-06-11".to_owned(),
        spot: 23378.35,
        atm: 23400.0,
        step: 50.0,
        added: vec!["NSE_FNO:55796".to_owned(), "NSE_FNO:55797".to_owned()],
        removed: Vec::new(),
    };
    pipeline.event(&Event::Chain { chain, at: NOW });
    // Ten seconds after 09:50, then the minute from 09:51, with a loss in the next minute.
    for (after, price, volume, oi) in [
        (10, 23378.35, 100, 0),
        (25, 23380.0, 250, 75),
        (61, 150.0, 400, 150),
        (90, 149.95, 400, 150),
        (118, 151.05, 4_000_000_000, 225),
        (130, 151.0, 4_000_000_001, 4_294_967_295),
        (185, 151.5, 4_000_000_002, 300),
    ] {
        let mut bytes = Vec::new();
        let ltt_raw = LTT + 3 + after as u32;
        encode::ticker(&mut bytes, NIFTY, price, ltt_raw);
        encode::quote(&mut bytes, HDFC, &encode::Quote { ltp: price / 2.0, ltt_raw, volume, ..quote() });
        let quote = encode::Quote { ltp: price, ltt_raw, volume, ..quote() };
        encode::full(&mut bytes, OPTION, &encode::Full { quote, oi: [oi, 0, 0], ..encode::Full::default() });
        frame(pipeline, FrameKind::Binary, after * 1_000_000, &bytes);
        if after == 130 {
            let detail = "reset".to_owned();
            let from = NOW.plus_us(140_000_000);
            pipeline.event(&Event::GapOpened { conn: 1, reason: GapReason::Disconnected, detail, from });
        }
    }
    pipeline.event(&Event::End { reason: "signal".to_owned(), at: NOW.plus_us(200_000_000) });
}

fn depth(pipeline: &mut Pipeline) {
    pipeline.event(&Event::Symbols(vec![(HDFC, Arc::from("HDFCBANK"))]));
    let row = |price, qty, orders| Row { price, qty, orders };
    let mut bytes = Vec::new();
    let bids: Vec<_> = (0..20).map(|i| row(1689.2 - 0.05 * f64::from(i), 100 + i, 3 + i)).collect();
    encode::depth_side(&mut bytes, HDFC, Side::Bid, 7, &bids);
    // Out of order, with rows that are no level.
    let asks = [row(1689.4, 10, 1), row(1689.3, 20, 2), row(0.0, 5, 5), row(1689.35, 30, 3), row(-0.01, 0, 0)];
    encode::depth_side(&mut bytes, HDFC, Side::Ask, 8, &asks);
    frame(pipeline, FrameKind::Binary, 1, &bytes);
    bytes.clear();
    encode::depth_side(&mut bytes, HDFC, Side::Bid, 9, &[]);
    encode::depth_side(&mut bytes, HDFC, Side::Ask, 10, &asks[..1]);
    bytes.extend_from_slice(&[1, 2, 3]);
    frame(pipeline, FrameKind::Binary, 2, &bytes);
}

fn orders(pipeline: &mut Pipeline) {
    let order = |status: &str, traded: u32| {
        format!(
            r#"{{"Data":{{"exchange":"NSE","segment":"E","source":"W","securityId":"11630","clientId":"1000000001","exchOrderNo":"1200000080741389","orderNo":"351260318338501","product":"I","txnType":"B","orderType":"LMT","validity":"DAY","quantity":4,"tradedQty":{traded},"price":377,"strategyId":"NA","offMktFlag":"0","orderDateTime":"2026-03-18 14:25:47","status":"{status}","instrument":"EQUITY","symbol":"NTPC","expiryDate":"0001-01-01 00:00:00","refLtp":379.65,"tickSize":0.05}},"Type":"order_alert"}}"#
        )
    };
    for (i, text) in
        [order("Pending", 0), order("Pending", 0), order("Pending", 1), order("Traded", 4), "nonsense".into()]
            .iter()
            .enumerate()
    {
        frame(pipeline, FrameKind::Text, i as i64 * 1_000_000, text.as_bytes());
    }
}

fn check(name: &str, actual: &str) {
    let path = format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("DHAN_BLESS").is_some() {
        std::fs::write(&path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    for (number, (a, e)) in actual.lines().zip(expected.lines()).enumerate() {
        assert_eq!(a, e, "{name} line {}", number + 1);
    }
    assert_eq!(actual.len(), expected.len(), "{name}: DHAN_BLESS=1 cargo test --test pure golden:: writes it anew");
}

fn style(format: Format, time: TimeStyle, columns: CsvColumns) -> Style {
    Style { format, time, columns }
}

/// Checks that every line is JSON, that keys are in their order, and that receive times grow.
fn check_ndjson(text: &str, recv: &str) {
    let mut last = String::new();
    for line in text.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let recv_us = value[recv].to_string();
        assert!(recv_us > last, "{recv_us} follows {last}");
        assert!(line.ends_with('}') && line.contains(&format!(",\"{recv}\":")), "{line}");
        last = recv_us;
    }
}

#[test]
fn market_records_in_every_style() {
    let rules = || Rules { status_records: true, ..Rules::everything(Stream::Market) };
    for (name, time, recv) in [("epoch", TimeStyle::Epoch, "recv_us"), ("iso", TimeStyle::Iso, "recv")] {
        let (ndjson, _, summary) = run(rules(), style(Format::Ndjson, time, CsvColumns::Own), None, market);
        assert!(summary.counts.is_balanced(), "{:?}", summary.counts);
        check_ndjson(&ndjson, recv);
        check(&format!("market.{name}.ndjson"), &ndjson);
        let header = Some(layout(&RecordType::PACKETS, time).1);
        let (csv, gaps, _) = run(rules(), style(Format::Csv, time, CsvColumns::Market), header, market);
        check(&format!("market.{name}.csv"), &csv);
        check(&format!("market.{name}.gaps.ndjson"), &gaps);
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let columns = reader.headers().unwrap().len();
        assert!(reader.records().all(|row| row.unwrap().len() == columns));
    }
}

#[test]
fn bars_in_every_style() {
    let intervals: Vec<_> = ["1m", "1h"].map(|text| Interval::parse(text).unwrap()).to_vec();
    let rules = |types: &[RecordType]| Rules {
        bars: intervals.clone(),
        only: types.iter().fold(TypeSet::default(), |all, kind| all.with(*kind)),
        ..Rules::everything(Stream::Market)
    };
    let both = [RecordType::Bar, RecordType::Chain];
    for (name, time, recv) in [("epoch", TimeStyle::Epoch, "recv_us"), ("iso", TimeStyle::Iso, "recv")] {
        let (ndjson, _, summary) = run(rules(&both), style(Format::Ndjson, time, CsvColumns::Own), None, bars);
        assert!(summary.counts.is_balanced(), "{:?}", summary.counts);
        check_ndjson(&ndjson, recv);
        check(&format!("bars.{name}.ndjson"), &ndjson);
        let header = Some(layout(&[RecordType::Bar], time).1);
        let (csv, ..) = run(rules(&[RecordType::Bar]), style(Format::Csv, time, CsvColumns::Own), header, bars);
        check(&format!("bars.{name}.csv"), &csv);
    }
}

#[test]
fn with_one_type_the_csv_has_that_types_columns() {
    let mut all = String::new();
    for kind in RecordType::PACKETS {
        let rules = Rules { only: TypeSet::default().with(kind), ..Rules::everything(Stream::Market) };
        let header = Some(layout(&[kind], TimeStyle::Epoch).1);
        let (csv, _, summary) = run(rules, style(Format::Csv, TimeStyle::Epoch, CsvColumns::Own), header, market);
        assert!(summary.counts.is_balanced(), "{:?}", summary.counts);
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        assert!(reader.records().all(|row| &row.unwrap()[0] == kind.name()));
        all.push_str(&csv);
    }
    check("market.only.csv", &all);
}

#[test]
fn depth_records_in_every_style() {
    for (name, view) in [("book", View::Book), ("sides", View::Sides)] {
        let rules = || Rules { view, top: Some(3), ..Rules::everything(Stream::Depth(Levels::Twenty)) };
        let ndjson = style(Format::Ndjson, TimeStyle::Epoch, CsvColumns::Own);
        let (text, _, summary) = run(rules(), ndjson, None, depth);
        assert!(summary.counts.is_balanced(), "{:?}", summary.counts);
        assert_eq!((summary.counts.written, summary.counts.malformed), (4, 1));
        check_ndjson(&text, "recv_us");
        check(&format!("depth.{name}.ndjson"), &text);
        let csv = style(Format::Csv, TimeStyle::Epoch, CsvColumns::Own);
        let (text, _, _) = run(rules(), csv, Some(layout(&[RecordType::Depth], TimeStyle::Epoch).1), depth);
        check(&format!("depth.{name}.csv"), &text);
    }
}

#[test]
fn order_records_in_every_style() {
    let rules = || Rules::everything(Stream::Orders);
    let ndjson = style(Format::Ndjson, TimeStyle::Epoch, CsvColumns::Own);
    let (text, _, summary) = run(rules(), ndjson, None, orders);
    assert!(summary.counts.is_balanced(), "{:?}", summary.counts);
    assert_eq!((summary.counts.written, summary.counts.filtered, summary.counts.malformed), (3, 1, 1));
    check_ndjson(&text, "recv_us");
    check("orders.ndjson", &text);
    let header = layout(&[RecordType::Order], TimeStyle::Iso).1;
    let (text, _, _) = run(rules(), style(Format::Csv, TimeStyle::Iso, CsvColumns::Own), Some(header), orders);
    check("orders.csv", &text);
}

#[test]
fn a_count_reached_within_a_frame_filters_the_remaining_packets() {
    let rules = Rules { count: Some(2), ..Rules::everything(Stream::Market) };
    let ndjson = style(Format::Ndjson, TimeStyle::Epoch, CsvColumns::Own);
    let (text, _, summary) = run(rules, ndjson, None, |pipeline| {
        let mut bytes = Vec::new();
        for _ in 0..5 {
            encode::ticker(&mut bytes, NIFTY, 1.0, LTT);
        }
        frame(pipeline, FrameKind::Binary, 0, &bytes);
        frame(pipeline, FrameKind::Binary, 1, &bytes);
    });
    assert_eq!((summary.counts.received, summary.counts.written, summary.counts.filtered), (10, 2, 8));
    assert_eq!(text.lines().filter(|line| line.contains("\"ticker\"")).count(), 2);
}

#[test]
fn once_prints_one_record_of_the_requested_type_for_each_instrument() {
    let rules =
        Rules { once: Some(vec![(NIFTY, Mode::Ticker), (HDFC, Mode::Quote)]), ..Rules::everything(Stream::Market) };
    let ndjson = style(Format::Ndjson, TimeStyle::Epoch, CsvColumns::Own);
    let (text, _, summary) = run(rules, ndjson, None, market);
    assert_eq!(summary.reason, "once");
    let types: Vec<_> = text.lines().filter(|line| line.contains("security_id")).map(|line| &line[..40]).collect();
    assert_eq!(types.len(), 2, "{types:?}");
}

#[test]
fn unsubscribed_instruments_are_filtered_and_unrequested_ones_are_printed() {
    let ndjson = style(Format::Ndjson, TimeStyle::Epoch, CsvColumns::Own);
    let (text, _, summary) = run(Rules::everything(Stream::Market), ndjson, None, |pipeline| {
        let both = [Mode::Ticker, Mode::Quote].map(|mode| (HDFC, Some(mode))).to_vec();
        pipeline.event(&Event::Subscribed { conn: 1, instruments: both });
        let mut bytes = Vec::new();
        encode::ticker(&mut bytes, HDFC, 1.0, LTT);
        encode::quote(&mut bytes, HDFC, &quote());
        encode::ticker(&mut bytes, NIFTY, 2.0, LTT);
        frame(pipeline, FrameKind::Binary, 0, &bytes);
        pipeline.event(&Event::Unsubscribed { instruments: vec![(HDFC, Some(Mode::Ticker))] });
        frame(pipeline, FrameKind::Binary, 1, &bytes);
        pipeline.event(&Event::Unsubscribed { instruments: vec![(HDFC, None)] });
        frame(pipeline, FrameKind::Binary, 2, &bytes);
        pipeline.event(&Event::Subscribed { conn: 1, instruments: vec![(HDFC, Some(Mode::Ticker))] });
        frame(pipeline, FrameKind::Binary, 3, &bytes);
    });
    let count = |part: &str| text.lines().filter(|line| line.contains(part)).count();
    assert_eq!(count("\"ticker\",\"segment\":\"NSE_EQ\""), 2);
    assert_eq!(count("\"quote\",\"segment\":\"NSE_EQ\""), 2);
    assert_eq!(count("\"IDX_I\""), 4);
    assert!(summary.counts.is_balanced());
}
