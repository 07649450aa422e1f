//! Order text and the REST order book: every message has one outcome, a record is one line of JSON, a repeat stays silent.

use dhan::testing::format::csv::{CsvColumns, layout};
use dhan::testing::format::encoder::{Encoder, Format, Style};
use dhan::testing::format::text::TextBuf;
use dhan::testing::format::time::TimeStyle;
use dhan::testing::model::Micros;
use dhan::testing::pipeline::orders::{Orders, Outcome};
use dhan::testing::record::RecordType;
use dhan::testing::record::order::Order;
use std::sync::OnceLock;

/// 2026-06-10 09:50:00 IST.
const NOW: Micros = Micros::from_secs(1_781_065_200);

/// A record is one line of valid JSON and one CSV row of as many cells as the header has.
fn check(order: &Order) {
    static COLUMNS: OnceLock<usize> = OnceLock::new();
    let columns = *COLUMNS.get_or_init(|| layout(&[RecordType::Order], TimeStyle::Iso).1.split(',').count());
    assert!(order.events.iter().next().is_some(), "a record without an event");
    let style = Style { format: Format::Ndjson, time: TimeStyle::Epoch, columns: CsvColumns::Own };
    let mut out = TextBuf::new();
    Encoder::new(style).line(&mut out, order, NOW);
    let (line, end) = out.as_bytes().split_at(out.len() - 1);
    assert!(end == b"\n" && !line.contains(&b'\n'), "one line");
    let value: serde_json::Value = serde_json::from_slice(line).expect("valid JSON");
    assert_eq!(value["recv_us"], NOW.get());
    assert_eq!(value["order_no"].as_str(), order.details.order_no.as_deref());
    let mut out = TextBuf::new();
    Encoder::new(Style { format: Format::Csv, time: TimeStyle::Iso, ..style }).line(&mut out, order, NOW);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(out.as_bytes());
    let rows: Vec<_> = reader.byte_records().collect::<Result<_, _>>().expect("a CSV row");
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].len(), columns);
}

/// Frames are separated by a zero byte; the first byte of each says what it is.
pub fn run(data: &[u8]) {
    let mut orders = Orders::new(!data.len().is_multiple_of(2));
    for (i, frame) in (0..).zip(data.split(|&byte| byte == 0)) {
        let Some((kind, frame)) = frame.split_first() else { continue };
        let recv = NOW.plus_us(i * 1_000_000);
        let mut all = Vec::new();
        match kind % 8 {
            1 => orders.on_snapshot(frame, true, recv, &mut |outcome| all.push(outcome)),
            2 => orders.on_snapshot(frame, false, recv, &mut |outcome| all.push(outcome)),
            _ => {
                orders.on_text(frame, recv, &mut |outcome| all.push(outcome));
                assert!(!all.is_empty(), "a frame is at least one message");
            }
        }
        for outcome in &all {
            match outcome {
                Outcome::Record(order) => check(order),
                Outcome::Malformed(detail) => assert!(!detail.is_empty()),
                Outcome::NotAnOrder | Outcome::Repeat => {}
            }
        }
        // The same message again says nothing new.
        if let [Outcome::Record(order)] = &all[..]
            && order.details.order_no.is_some()
            && kind % 8 != 1
        {
            let mut again = Vec::new();
            match kind % 8 {
                2 => orders.on_snapshot(frame, false, recv, &mut |outcome| again.push(outcome)),
                _ => orders.on_text(frame, recv, &mut |outcome| again.push(outcome)),
            }
            assert_eq!(again, [Outcome::Repeat]);
        }
    }
}
