//! Section C of the fault catalogue: silence, half-open connections, and pings.

use crate::support::proxy::{Manners, Proxy};
use crate::support::*;
use dhan::testing::model::Stream;
use dhan::testing::simulator::SimConfig;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

fn through(proxy: &Proxy, sim: &dhan::testing::simulator::Probe) -> Home {
    let mut home = Home::at(sim);
    home.set("DHAN_WS_MARKET_FEED_URL", &proxy.url(&sim.url(Stream::Market)));
    home
}

/// Returns the time from the last byte before a black hole to the end of the connection.
fn black_hole(manners: Manners) -> Duration {
    let sim = simulator(SimConfig { ping_every: None, idle_limit: None, ..quiet() });
    let proxy = Proxy::start(sim.addr(), Manners::default()).expect("a proxy");
    let home = through(&proxy, &sim);
    let run = home.start(&["feed", "IDX_I:13", "--status-records"]);
    let id = subscribed(&sim, Stream::Market, 1);
    run.records("ticker", 1);
    // The first ping shows that the server answers pings.
    until("a ping was answered", || sim.connection(id).is_some_and(|c| c.pings_received >= 1));
    std::thread::sleep(Duration::from_millis(200));
    proxy.manners(manners);
    let begun = Instant::now();
    run.status("disconnected", 1);
    let found = begun.elapsed();
    proxy.manners(Manners::default());
    run.records("gap", 1);
    let done = run.stop(Signal::TERM).exits(0);
    let gap = &done.of("gap")[0];
    assert_eq!(gap["reason"], "stalled", "{gap}");
    done.counters();
    found
}

#[test]
fn c10_pings_are_answered_while_stdout_is_full() {
    // A ping every 50 ms, and more data than the pipe holds.
    let sim = simulator(SimConfig {
        rate: Some(20_000.0),
        ping_every: Some(Duration::from_millis(50)),
        ..SimConfig::default()
    });
    let home = Home::at(&sim);
    let mut command = home.command(&["feed", "NSE_EQ:2885@full"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("dhan starts");
    let id = subscribed(&sim, Stream::Market, 1);
    // Far more than the 64 KiB of the pipe.
    until("the pipe is full", || sim.connection(id).is_some_and(|c| c.packets_sent > 20_000));
    let begun = sim.connection(id).expect("open").pings_sent;
    until("forty more pings", || sim.connection(id).is_some_and(|c| c.pings_sent >= begun + 40));
    let asked = sim.connection(id).expect("open").pings_sent;
    let waiting = Instant::now();
    until("every one of them is answered", || sim.connection(id).is_some_and(|c| c.pongs_received >= asked));
    measured(&format!("C10: with the reader stopped, the last of {asked} pongs came within {:?}", waiting.elapsed()));
    assert_eq!(sim.connections(Stream::Market).seen, 1);
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    assert!(lines.next().is_some_and(|line| line.is_ok()));
    drop(lines);
    child.wait().expect("its end");
}

#[test]
fn c11_late_data_is_printed_and_the_delay_is_reported() {
    let sim = simulator(SimConfig { delay: Duration::from_secs(46), ..lively() });
    let home = Home::at(&sim);
    let run = home.start(&["feed", "IDX_I:13", "--stats", "1s"]);
    run.records("ticker", 50);
    run.says("lag p50 ");
    let done = run.stop(Signal::TERM).exits(0);
    let line = done.err.lines().find(|line| line.contains("lag p50 ")).expect("a line of figures");
    let p50 = line.split("lag p50 ").nth(1).and_then(|rest| rest.split(' ').next()).and_then(|s| s.parse::<u64>().ok());
    // Buckets of the histogram are a quarter wide, and trade times are in seconds.
    assert!(p50.is_some_and(|s| (44..=62).contains(&s)), "{line}");
    assert_eq!(done.counters().dropped, 0);
}

#[test]
fn c12_repeated_and_older_ticks_are_printed() {
    use dhan::testing::model::{InstrumentKey, Segment};
    use dhan::testing::protocol::encode;
    let sim = simulator(quiet());
    let home = Home::at(&sim);
    let run = home.start(&["feed", "IDX_I:13"]);
    let id = subscribed(&sim, Stream::Market, 1);
    run.records("ticker", 1);
    let nifty = InstrumentKey::new(Segment::IDX_I, 13);
    for ltt in [1_790_000_100, 1_790_000_100, 1_790_000_000, 1_790_000_200] {
        let mut packet = Vec::new();
        encode::ticker(&mut packet, nifty, 100.5, ltt);
        sim.send(id, packet);
    }
    run.records("ticker", 5);
    let done = run.stop(Signal::TERM).exits(0);
    let times: Vec<_> = done.of("ticker")[1..].iter().map(|r| r["ltt"].as_i64().expect("a time") + 19_800).collect();
    assert_eq!(times, [1_790_000_100, 1_790_000_100, 1_790_000_000, 1_790_000_200]);
}

#[test]
fn c01_c02_half_open_connections_are_detected_in_each_direction() {
    let ways = [
        ("both ways", Manners::black_hole()),
        ("down only", Manners { hold_down: true, ..Manners::default() }),
        ("up only", Manners { hold_up: true, ..Manners::default() }),
    ];
    std::thread::scope(|scope| {
        for (name, manners) in ways {
            scope.spawn(move || {
                let found = black_hole(manners);
                measured(&format!("C01: nothing passes {name}: found after {found:?}"));
                assert!(found < Duration::from_secs(20), "{name}: {found:?}");
            });
        }
    });
}

#[test]
fn c03_a_stopped_peer_is_detected() {
    let sim = simulator(SimConfig { ping_every: None, idle_limit: None, ..quiet() });
    let home = Home::at(&sim);
    let run = home.start(&["feed", "IDX_I:13"]);
    let id = subscribed(&sim, Stream::Market, 1);
    until("a ping was answered", || sim.connection(id).is_some_and(|c| c.pings_received >= 1));
    std::thread::sleep(Duration::from_millis(200));
    sim.set_stalled(true);
    run.says("nothing came for");
    sim.set_stalled(false);
    run.records("gap", 1);
    let done = run.stop(Signal::TERM).exits(0);
    assert_eq!(done.of("gap")[0]["reason"], "stalled");
}

/// Today is a holiday in this home, so that a silent feed is expected.
#[test]
fn c05_a_silent_feed_out_of_hours_is_not_reconnected() {
    let sim = simulator(lively());
    let mut home = Home::at(&sim);
    let days = [-1, 0, 1].map(|day| {
        let at = dhan::testing::clock::now().plus_us(day * 86_400_000_000);
        dhan::testing::clock::ist_civil(at).date().to_string()
    });
    let list = home.list("holidays", days);
    home.set("DHAN_HOLIDAYS", text(&list));
    let run = home.start(&["feed", "IDX_I:13", "--status-records"]);
    run.records("ticker", 20);
    sim.set_muted(true);
    std::thread::sleep(Duration::from_secs(20));
    sim.set_muted(false);
    let before = run.out.text().matches(r#""type":"ticker""#).count();
    run.records("ticker", before + 1);
    let done = run.stop(Signal::TERM).exits(0);
    assert_eq!((sim.connections(Stream::Market).seen, done.of("gap").len()), (1, 0));
    assert!(!done.out.contains(r#""event":"stale""#));
}
