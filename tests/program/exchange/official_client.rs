//! Dhan's own Python client streams from the simulator, and what it prints is what was sent.
//!
//! Needs `dhanhq` 2.3.0 for the Python that `DHAN_TEST_PYTHON` names (default `python3`); skipped, with a word, where it
//! is not installed.

use crate::support::{simulator, skipped};
use dhan::testing::model::Stream;
use dhan::testing::protocol::depth::{self, Levels, Side};
use dhan::testing::protocol::feed::{self, Packet};
use dhan::testing::simulator::{SimConfig, SimHandle};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const MESSAGES: usize = 60;
/// Exit code of the script if the client is not installed.
const NOT_INSTALLED: i32 = 77;

/// Returns what the client printed; `None` if it is not installed.
pub(crate) fn run(what: &str, url: &str, specs: &[&str]) -> Option<Vec<Value>> {
    let python = std::env::var("DHAN_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/official_client.py");
    let mut command = Command::new(python);
    command.arg(script).args([what, url, &MESSAGES.to_string()]).args(specs).stdin(Stdio::null());
    let output = match command.output() {
        Ok(output) if output.status.code() != Some(NOT_INSTALLED) => output,
        _ => {
            skipped("Python's dhanhq is not installed (pip install dhanhq==2.3.0, or DHAN_TEST_PYTHON=PYTHON)");
            return None;
        }
    };
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the client failed: {stderr}");
    let lines: Vec<_> = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), MESSAGES, "{stderr}");
    Some(lines.iter().map(|line| serde_json::from_slice(line).expect("a line of JSON")).collect())
}

fn start() -> SimHandle {
    let config = SimConfig { rate: Some(2_000.0), record_sent: true, ..SimConfig::default() };
    simulator(config)
}

fn two(price: f32) -> String {
    format!("{:.2}", f64::from(price))
}

/// Formats a last trade time as the client does: the raw value as UTC, which is Indian wall time.
fn time(ltt_raw: u32) -> String {
    let second = ltt_raw % 86_400;
    format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

/// Returns what the client prints for a market-feed message, of which it reads the first packet only.
fn feed_line(message: &[u8]) -> Value {
    let (header, packet) = feed::packets(message).next().expect("a packet").expect("a whole one");
    let mut line = match packet {
        Packet::Ticker(p) => json!({"type": "Ticker Data", "LTP": two(p.ltp()), "LTT": time(p.ltt_raw())}),
        Packet::PrevClose(p) => {
            json!({"type": "Previous Close", "prev_close": two(p.prev_close()), "prev_OI": p.prev_oi()})
        }
        Packet::OpenInterest(p) => json!({"type": "OI Data", "OI": p.oi()}),
        Packet::Quote(p) => json!({
            "type": "Quote Data", "LTP": two(p.ltp()), "LTQ": p.ltq(), "LTT": time(p.ltt_raw()),
            "avg_price": two(p.atp()), "volume": p.volume(), "total_sell_quantity": p.total_sell_qty(),
            "total_buy_quantity": p.total_buy_qty(), "open": two(p.day_open()), "close": two(p.close()),
            "high": two(p.day_high()), "low": two(p.day_low()),
        }),
        Packet::Full(p) => json!({
            "type": "Full Data", "LTP": two(p.ltp()), "LTQ": p.ltq(), "LTT": time(p.ltt_raw()),
            "avg_price": two(p.atp()), "volume": p.volume(), "total_sell_quantity": p.total_sell_qty(),
            "total_buy_quantity": p.total_buy_qty(), "OI": p.oi(), "oi_day_high": p.oi_high(),
            "oi_day_low": p.oi_low(), "open": two(p.day_open()), "close": two(p.close()),
            "high": two(p.day_high()), "low": two(p.day_low()),
            "depth": p.levels().map(|level| {
                let (bid, ask) = (level.bid(), level.ask());
                json!({
                    "bid_quantity": bid.qty, "ask_quantity": ask.qty, "bid_orders": bid.orders,
                    "ask_orders": ask.orders, "bid_price": two(bid.price), "ask_price": two(ask.price),
                })
            }),
        }),
        other => panic!("nobody ordered {other:?}"),
    };
    line["exchange_segment"] = json!(header.instrument.segment.code());
    line["security_id"] = json!(header.instrument.security_id);
    line
}

#[test]
fn the_official_client_streams_ticker_quote_and_full() {
    let sim = start();
    let specs = ["1:1333:15", "0:13:15", "1:2885:17", "2:45678:17", "1:11536:21", "2:45678:21"];
    let Some(printed) = run("feed", &format!("ws://{}", sim.addr()), &specs) else { return };
    let sent: Vec<_> = sim.sent(0).iter().take(MESSAGES).map(|message| feed_line(message)).collect();
    assert_eq!(printed, sent);
    for what in ["Ticker Data", "Quote Data", "Full Data", "Previous Close", "OI Data"] {
        assert!(printed.iter().any(|line| line["type"] == what), "no {what}");
    }
    // The client disconnects with code 12, padded to 83 bytes.
    assert!(sim.wait(Duration::from_secs(10), |sim| sim.connections(Stream::Market).open == 0));
    assert_eq!(sim.texts_of(0).last().map(String::as_str), Some(r#"{"RequestCode": 12}"#));
}

/// Returns what the client prints for a depth message: pairs of neighbouring sides, line by line.
fn depth_lines(message: &[u8], levels: Levels) -> Value {
    let (mut bid, mut ask, mut pairs) = (None, None, Vec::new());
    for packet in depth::packets(message, levels) {
        let depth::Packet::Side(side) = packet.expect("whole packets") else { panic!("no side") };
        *if side.side == Side::Bid { &mut bid } else { &mut ask } = Some(side);
        let (Some(b), Some(a)) = (bid, ask) else { continue };
        if b.instrument.security_id != a.instrument.security_id {
            continue;
        }
        let lines: Vec<_> = b
            .rows()
            .zip(a.rows())
            .map(|(b, a)| {
                format!(
                    "bid : {{price:{:.2}, quantity:{}, no_of_orders:{}}} | ask : {{price:{:.2}, quantity:{}, no_of_orders:{}}}",
                    b.price, b.qty, b.orders, a.price, a.qty, a.orders
                )
            })
            .collect();
        let key = b.instrument;
        pairs.push(json!({"exchange_segment": key.segment.code(), "security_id": key.security_id, "depth": lines}));
        (bid, ask) = (None, None);
    }
    json!(pairs)
}

#[test]
fn the_official_client_streams_depth() {
    for (what, kind, levels, specs) in [
        ("depth", Stream::DEPTH_20, Levels::Twenty, &["1:1333", "1:2885", "2:45678"][..]),
        ("depth200", Stream::DEPTH_200, Levels::TwoHundred, &["1:1333"][..]),
    ] {
        let sim = start();
        // The client connects to the host's root for 200 levels.
        let url = if kind == Stream::DEPTH_200 { format!("ws://{}/", sim.addr()) } else { sim.url(kind) };
        let Some(printed) = run(what, &url, specs) else { return };
        assert_eq!(sim.connections(kind).seen, 1);
        let sent: Vec<_> = sim.sent(0).iter().take(MESSAGES).map(|message| depth_lines(message, levels)).collect();
        assert_eq!(printed, sent);
        let pairs = printed.iter().filter_map(Value::as_array).map(Vec::len).sum::<usize>();
        assert!(pairs > MESSAGES / 2, "{pairs} pairs");
    }
}

#[test]
fn the_official_client_streams_orders() {
    let sim = start();
    let Some(printed) = run("orders", &sim.url(Stream::Orders), &[]) else { return };
    let sent = sim.sent(0);
    let sent: Vec<Value> = sent.iter().take(MESSAGES).map(|text| serde_json::from_slice(text).expect("JSON")).collect();
    assert_eq!(printed, sent);
}
