//! Section D of the fault catalogue: bytes on the wire.

use super::servers::{Raw, over_tls};
use crate::support::proc::status_figure;
use crate::support::proxy::{Manners, Proxy};
use crate::support::*;
use dhan::testing::model::Stream;
use dhan::testing::model::{InstrumentKey, Segment};
use dhan::testing::protocol::{DisconnectReason, encode};
use dhan::testing::simulator::SimHandle;
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::time::Duration;

const NIFTY: InstrumentKey = InstrumentKey { segment: Segment::IDX_I, security_id: 13 };

fn ticker(price: f32) -> Vec<u8> {
    let mut packet = Vec::new();
    encode::ticker(&mut packet, NIFTY, price, 1_790_000_000);
    packet
}

/// Sends messages on a quiet stream and then a last tick, and returns the ended run without the snapshot.
fn sent(sim: &SimHandle, home: &Home, line: &[&str], messages: impl IntoIterator<Item = Vec<u8>>) -> Done {
    let before = sim.connections(Stream::Market).seen;
    let run = home.start(line);
    run.records("ticker", 1);
    let id = sim.open(Stream::Market).last().expect("open").id;
    for message in messages {
        sim.send(id, message);
    }
    sim.send(id, ticker(4242.5));
    run.printed("the last tick", |text| text.contains("\"ltp\":4242.5,"));
    let done = run.stop(Signal::TERM).exits(0);
    assert_eq!(sim.connections(Stream::Market).seen, before + 1, "no frame may cost the connection");
    done
}

#[test]
fn d01_a_truncated_packet_is_malformed_and_the_others_are_printed() {
    let mut packets: Vec<Vec<u8>> = Vec::new();
    let mut packet = |fill: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = Vec::new();
        fill(&mut bytes);
        packets.push(bytes);
    };
    packet(&|out| encode::ticker(out, NIFTY, 1.5, 1));
    packet(&|out| encode::raw(out, 4, NIFTY, &[1; 42]));
    packet(&|out| encode::open_interest(out, NIFTY, 7));
    packet(&|out| encode::prev_close(out, NIFTY, 1.5, 7));
    packet(&|out| encode::raw(out, 7, NIFTY, &[]));
    packet(&|out| encode::raw(out, 8, NIFTY, &[1; 154]));
    packet(&|out| encode::disconnect(out, NIFTY, DisconnectReason(806)));
    let sizes: Vec<_> = packets.iter().map(Vec::len).collect();
    assert_eq!(sizes, [16, 50, 12, 16, 8, 162, 10]);
    let cut: Vec<Vec<u8>> = packets
        .iter()
        .flat_map(|packet| (1..packet.len()).map(|length| [ticker(2.5), packet[..length].to_vec()].concat()))
        .collect();
    let sim = simulator(quiet());
    let home = Home::at(&sim);
    let done = sent(&sim, &home, &["feed", "IDX_I:13"], cut.clone());
    let books = done.counters();
    assert_eq!(books.malformed, cut.len() as u64);
    assert_eq!(done.records().iter().filter(|r| r["ltp"] == 2.5).count(), cut.len(), "what came before each is there");
    let gaps = done.of("gap");
    assert!(gaps.iter().all(|gap| gap["reason"] == "malformed"));
    assert_eq!(gaps.iter().map(|gap| gap["dropped"].as_u64().expect("a count")).sum::<u64>(), books.malformed);
    assert!(gaps.len() < cut.len(), "at most so many records a second: {}", gaps.len());
}

#[test]
fn d02_an_impossible_length_is_replaced_by_the_length_of_the_code() {
    let sim = simulator(quiet());
    let home = Home::at(&sim);
    let lengths = [0, 1, 7, 1_000, 0x7fff, 0x8000, 0xffff];
    let messages = lengths.map(|length: u16| {
        let mut wrong = ticker(3.5);
        wrong[1..3].copy_from_slice(&length.to_le_bytes());
        [wrong, ticker(2.5)].concat()
    });
    let done = sent(&sim, &home, &["feed", "IDX_I:13"], messages);
    let count = |price: f64| done.records().iter().filter(|r| r["ltp"] == price).count();
    assert_eq!((count(3.5), count(2.5), done.counters().malformed), (7, 7, 0));
    // A length too short for its code, or an unknown code, makes one malformed packet of all that follows.
    let mut short = ticker(3.5);
    short[1..3].copy_from_slice(&12_u16.to_le_bytes());
    short.truncate(12);
    let mut unknown = Vec::new();
    encode::raw(&mut unknown, 99, NIFTY, &[1, 2, 3]);
    let mut endless = unknown.clone();
    endless[1..3].copy_from_slice(&999_u16.to_le_bytes());
    let messages = [[short, ticker(2.5)].concat(), [unknown, ticker(2.5)].concat(), [ticker(2.5), endless].concat()];
    let done = sent(&sim, &home, &["feed", "IDX_I:13"], messages);
    assert_eq!(done.records().iter().filter(|r| r["ltp"] == 2.5).count(), 3);
    assert_eq!(done.counters().malformed, 2);
    let unknown = &done.of("unknown")[0];
    assert_eq!((&unknown["code"], &unknown["payload"]), (&99.into(), &"010203".into()));
}

#[test]
fn d03_five_thousand_packets_in_a_message_are_printed_in_order() {
    let sim = simulator(quiet());
    let home = Home::at(&sim);
    let message: Vec<u8> = (0..5_000).flat_map(|n| ticker(10_000.0 + n as f32)).collect();
    let done = sent(&sim, &home, &["feed", "IDX_I:13"], [message]);
    let prices: Vec<_> = done.of("ticker").iter().filter_map(|r| r["ltp"].as_f64()).collect();
    let ours: Vec<_> =
        prices.into_iter().filter(|price| *price >= 10_000.0 && *price < 15_000.0 && price.fract() == 0.0).collect();
    assert_eq!(ours, (0..5_000).map(|n| 10_000.0 + f64::from(n)).collect::<Vec<_>>());
}

#[test]
fn d05_every_float_is_valid_json_and_reads_back_to_itself() {
    let sim = simulator(quiet());
    let home = Home::at(&sim);
    let mut rng = fastrand::Rng::with_seed(5);
    let special = [
        f32::NAN,
        -f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        0.0,
        -0.0,
        f32::MIN_POSITIVE,
        1e-45,
        -1.5,
        1e38,
        f32::MAX,
        f32::MIN,
        -0.01,
        247.8,
        16_777_216.0,
        f32::EPSILON,
    ];
    let prices: Vec<f32> = special.into_iter().chain((0..4_000).map(|_| f32::from_bits(rng.u32(..)))).collect();
    // The id identifies the packet; times cover their whole range.
    let message: Vec<u8> = (1_000..)
        .zip(&prices)
        .flat_map(|(id, price)| {
            let mut packet = Vec::new();
            let ltt = [0, 1, u32::MAX, 0x7fff_ffff, rng.u32(..)][id as usize % 5];
            encode::ticker(&mut packet, InstrumentKey { security_id: id, ..NIFTY }, *price, ltt);
            packet
        })
        .collect();
    let done = sent(&sim, &home, &["feed", "IDX_I:13"], [message]);
    let records = done.of("ticker");
    for (id, price) in (1_000..).zip(&prices) {
        let record = &records[id - 1_000 + 1];
        assert_eq!(record["security_id"], id.to_string());
        match record["ltp"].as_f64() {
            Some(printed) => assert_eq!((printed as f32).to_bits(), price.to_bits(), "{price:?}"),
            None => assert!(record["ltp"].is_null() && !price.is_finite(), "{record}"),
        }
    }
    assert_eq!(records.len(), prices.len() + 2);
}

#[test]
fn d06_unrequested_instruments_are_printed_like_the_others() {
    let sim = simulator(quiet());
    let home = Home::at(&sim);
    let strangers = [0, 1, u32::MAX].map(|id| {
        let mut packet = Vec::new();
        encode::ticker(&mut packet, InstrumentKey { security_id: id, ..NIFTY }, 9.5, 0);
        packet
    });
    let done = sent(&sim, &home, &["feed", "IDX_I:13"], strangers);
    assert_eq!(done.records().iter().filter(|r| r["ltp"] == 9.5).count(), 3);
}

#[test]
fn d07_a_text_message_on_a_binary_feed_is_reported_short_and_masked() {
    let sim = simulator(quiet());
    let home = Home::at(&sim);
    let run = home.start(&["feed", "IDX_I:13"]);
    let id = subscribed(&sim, Stream::Market, 1);
    run.records("ticker", 1);
    sim.send_text(id, &format!(r#"{{"error":"bad token {SENTINEL}","url":"wss://x/?token={SENTINEL}&clientId=1"}}"#));
    sim.send_text(id, "<html>\u{1b}[31mgo away\u{1b}[0m\u{202e}</html>");
    sim.send_text(id, &"x".repeat((4 << 20) - 1_000));
    sim.send(id, ticker(2.5));
    run.records("ticker", 2);
    let done = run.stop(Signal::TERM).exits(0);
    let reports: Vec<_> = done.err.lines().filter(|line| line.contains("the server says")).collect();
    assert_eq!(reports.len(), 3, "{}", done.err);
    assert!(reports.iter().all(|line| line.len() < 700 && !line.contains('\u{1b}') && !line.contains('\u{202e}')));
    assert!(reports[0].contains("bad token") && reports[1].contains("go away"), "{reports:?}");
    assert_eq!((done.counters().filtered, sim.connections(Stream::Market).seen), (3, 1));
}

#[test]
fn d13_splitting_at_every_byte_changes_nothing_with_tls_or_without() {
    let (tls, authority) = over_tls(quiet());
    let plain = simulator(quiet());
    for (sim, more) in [(&plain, &[][..]), (&tls, &["--ca-file", text(authority.pem())])] {
        for split in [1, 2, 3, 5] {
            let manners = Manners { split: Some(split), ..Manners::default() };
            let proxy = Proxy::start(sim.addr(), manners).expect("a proxy");
            let mut home = Home::at(sim);
            home.set("DHAN_WS_MARKET_FEED_URL", &proxy.url(&sim.url(Stream::Market)));
            let line = [&["feed", "IDX_I:13", "NSE_EQ:2885@full", "NSE_EQ:2885@quote", "-n", "3"], more].concat();
            let done = home.run(&line).exits(0);
            assert_eq!((done.counters().written, done.counters().malformed), (3, 0));
        }
    }
}

#[test]
fn d13_a_slow_network_changes_nothing() {
    let sim = simulator(quiet());
    let manners = Manners { delay: Duration::from_millis(20), rate: Some(20_000), ..Manners::default() };
    let proxy = Proxy::start(sim.addr(), manners).expect("a proxy");
    let mut home = Home::at(&sim);
    home.set("DHAN_WS_MARKET_FEED_URL", &proxy.url(&sim.url(Stream::Market)));
    let list = home.list("all", shares(1, 300));
    let done = home.run(&["feed", "-i", text(&list), "--once"]).exits(0);
    assert_eq!(done.records().len(), 300);
}

/// Reads and drops what the client sends until it closes.
fn drain(mut socket: std::net::TcpStream) {
    let mut piece = [0; 4_096];
    while socket.read(&mut piece).is_ok_and(|n| n > 0) {}
}

/// Runs a stream whose server violates the protocol in its first message: exit 12 after five tries, in bounded memory.
fn breaks_the_rules(what: &str, bytes: Vec<u8>) {
    let server = Raw::start(move |mut socket| {
        let _ = socket.write_all(&bytes);
        drain(socket);
    });
    let mut home = Home::new();
    home.set("DHAN_WS_MARKET_FEED_URL", &format!("ws://{}/", server.addr));
    let run = home.start(&["feed", "IDX_I:13"]);
    let pid = run.pid();
    let mut peak = 0;
    until("five tries", || {
        // Until the program is executed, the figures of its process are those of this one.
        if server.accepted() > 0 {
            peak = peak.max(status_figure(pid, "VmHWM"));
        }
        server.accepted() >= 5
    });
    run.end().exits(12).says("something else");
    assert_eq!(server.accepted(), 5, "{what}");
    assert!((1..64 << 10).contains(&peak), "{what}: {peak} kB");
}

#[test]
fn d11_d12_a_server_that_violates_the_protocol_is_exit_12_after_five_tries() {
    let declared = |length: u64| [&[0x82, 127][..], &length.to_be_bytes()].concat();
    let endless = {
        // Endless fragments of 64 KiB, more than 4 MiB in all.
        let piece = |opcode: u8| [&[opcode, 127][..], &65_536_u64.to_be_bytes(), &vec![0; 65_536]].concat();
        std::iter::once(piece(0x02)).chain((0..70).map(|_| piece(0x00))).flatten().collect::<Vec<u8>>()
    };
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("declared 2^63", declared(1 << 63)),
        ("declared 2^62", declared(1 << 62)),
        ("a byte more than 4 MiB", declared((4 << 20) + 1)),
        ("fragments without an end", endless),
        ("a masked frame", vec![0x82, 0x84, 1, 2, 3, 4, 0, 0, 0, 0]),
        ("a reserved bit", vec![0xc2, 0x01, 0x00]),
        ("a reserved opcode", vec![0x83, 0x00]),
        ("a long ping", [&[0x89, 126, 0, 200][..], &[0; 200]].concat()),
    ];
    std::thread::scope(|scope| {
        for (what, bytes) in cases {
            scope.spawn(move || breaks_the_rules(what, bytes));
        }
    });
}

#[test]
fn d08_invalid_order_updates_are_malformed_and_the_others_are_printed() {
    let sim = simulator(quiet());
    let home = Home::at(&sim);
    let run = home.start(&["orders", "--no-snapshot", "--status-records"]);
    until("it is logged in", || sim.open(Stream::Orders).first().is_some_and(|c| c.client_id.is_some()));
    let id = sim.open(Stream::Orders)[0].id;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for text in ["{}", "nonsense", "{\"Data\":", &deep, "{\"Type\":\"order_alert\",\"Data\":{\"quantity\":1e400}}"] {
        sim.send_text(id, text);
    }
    sim.send_text(
        id,
        r#"{"Type":"order_alert","Data":{"orderNo":"77","status":"PENDING","exchange":"NSE","segment":"E"}}"#,
    );
    run.records("order", 1);
    let done = run.stop(Signal::TERM).exits(0);
    let books = done.counters();
    assert_eq!((books.received, books.written >= 1), (6, true), "{books:?}");
    let orders: Vec<Value> = done.of("order");
    assert!(orders.iter().any(|order| order["order_no"] == "77"));
    assert_eq!(sim.connections(Stream::Orders).seen, 1);
}
