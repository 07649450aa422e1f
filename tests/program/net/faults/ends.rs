//! Section B of the fault catalogue: ends of sessions.

use super::reaching::{cool_off, tokens};
use crate::support::proxy::{self, Proxy};
use crate::support::*;
use dhan::testing::model::Stream;
use dhan::testing::simulator::{BadToken, Cut, DisconnectLayout, Fault, Response, SimConfig};
use serde_json::Value;
use std::time::{Duration, Instant};

#[test]
fn b01_b02_a_refused_token_is_never_sent_again_and_a_new_one_is_waited_for() {
    for reason in [807, 808, 809] {
        let sim = simulator(SimConfig { bad_token: BadToken::Disconnect(reason), ..lively() });
        let home = Home::at(&sim);
        let file = home.token_file(SENTINEL);
        let run = home.start(&["feed", "IDX_I:13", "--token-file", text(&file)]);
        let id = subscribed(&sim, Stream::Market, 1);
        run.records("ticker", 1);
        sim.refuse_token(SENTINEL);
        sim.cut(id, Cut::Disconnect(reason));
        run.says(&reason.to_string());
        run.says("waiting up to");
        home.write_token(OTHER);
        run.records("gap", 1);
        assert_eq!(tokens(&sim), [SENTINEL, OTHER]);
        let done = run.stop(Signal::TERM).exits(0);
        assert!(done.of("gap")[0]["detail"].as_str().expect("why").contains(&reason.to_string()));
        done.counters();
        // Without another token: exit 3 after the wait.
        let before = tokens(&sim).len();
        home.write_token(SENTINEL);
        let line = ["feed", "IDX_I:13", "--token-file", text(&file), "--auth-wait", "1s"];
        home.run(&line).exits(3).says(&reason.to_string());
        assert_eq!(tokens(&sim).len(), before + 1);
    }
}

#[test]
fn b03_b04_b05_a_permanent_refusal_ends_the_run_with_its_exit_code_and_an_end_record() {
    for (reason, code) in [(804, 5), (806, 4), (810, 4), (811, 5), (812, 5), (813, 5), (814, 5)] {
        let sim = simulator(lively());
        if reason == 806 {
            // The profile must confirm a refusal of a run that was live.
            sim.answer("/profile", Response::json(200, r#"{"dhanClientId":"1000000001","dataPlan":"Deactive"}"#));
        }
        let home = Home::at(&sim);
        let file = home.path("a.ndjson");
        let run = home.start(&["feed", "IDX_I:13", "-o", text(&file), "-o", "-"]);
        let id = subscribed(&sim, Stream::Market, 1);
        run.records("ticker", 1);
        sim.cut(id, Cut::Disconnect(reason));
        let done = run.end().exits(code).says(&reason.to_string());
        done.counters();
        assert_eq!(sim.upgrades().len(), 1, "{reason}");
        let written = std::fs::read_to_string(&file).expect("it exists");
        let end: Value = serde_json::from_str(written.lines().last().expect("an end")).expect("JSON");
        assert_eq!(end["type"], "end", "{reason}: {end}");
        assert_eq!(home.run(&["verify", text(&file)]).status.code(), Some(13), "the gap at its end is recorded");
    }
}

#[test]
fn b03_a_signal_while_a_run_ends_leaves_an_exit_code_and_a_closing_line() {
    for _ in 0..8 {
        let sim = simulator(lively());
        let home = Home::at(&sim);
        let run = home.start(&["feed", "IDX_I:13", "--status-records"]);
        let id = subscribed(&sim, Stream::Market, 1);
        run.records("ticker", 1);
        sim.cut(id, Cut::Disconnect(814));
        run.status("disconnected", 1);
        let done = run.stop(Signal::TERM);
        assert!(matches!(done.status.code(), Some(0 | 5)), "{:?}: {}", done.status, done.err);
        done.counters();
    }
}

#[test]
fn b03_depth_reads_a_disconnect_in_each_layout() {
    for layout in [DisconnectLayout::A, DisconnectLayout::B, DisconnectLayout::C] {
        for levels in ["20", "200"] {
            let sim =
                simulator(SimConfig { disconnect_layout: layout, faults: vec![Fault::Disconnect(806)], ..quiet() });
            let home = Home::at(&sim);
            home.run(&["depth", "NSE_EQ:2885", "--levels", levels]).exits(4).says("806");
            assert_eq!(sim.upgrades().len(), 1);
        }
    }
}

#[test]
fn b06_an_805_starts_a_cool_off_for_every_process_of_the_account() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let run = home.start(&["feed", "IDX_I:13", "--status-records"]);
    let id = subscribed(&sim, Stream::Market, 1);
    run.records("ticker", 1);
    sim.cut(id, Cut::Disconnect(805));
    run.says("cooling off");
    until("it is on disk", || cool_off(&home, "displaced").is_some_and(|(since, until)| until - since == 60_000_000));
    let other = home.start(&["depth", "NSE_EQ:2885"]);
    other.says("cooling off");
    assert_eq!(sim.upgrades().len(), 1);
    other.stop(Signal::TERM).exits(0);
    let done = run.stop(Signal::TERM).exits(0);
    assert_eq!(done.of("gap").len(), 1, "the loss at the end has a gap record");
}

#[test]
fn b07_b12_other_ends_are_retried_and_the_gap_record_has_their_reason() {
    let ends = [
        (Cut::Disconnect(800), "800"),
        (Cut::Disconnect(899), "899"),
        (Cut::Close(1000), "1000"),
        (Cut::Close(1001), "1001"),
        (Cut::Close(1011), "1011"),
        (Cut::Close(999), "999"),
        (Cut::Close(1005), "1005"),
        (Cut::Close(1014), "1014"),
        (Cut::Close(1016), "1016"),
        (Cut::Fin, "hung up"),
        (Cut::Reset, "reset"),
    ];
    for (cut, words) in ends {
        let sim = simulator(lively());
        let home = Home::at(&sim);
        let run = home.start(&["feed", "IDX_I:13"]);
        let id = subscribed(&sim, Stream::Market, 1);
        run.records("ticker", 1);
        sim.cut(id, cut);
        run.records("gap", 1);
        let gap = &run.stop(Signal::TERM).exits(0).of("gap")[0];
        assert_eq!(gap["reason"], "disconnected");
        assert!(gap["detail"].as_str().expect("why").contains(words), "{words}: {gap}");
    }
}

#[test]
fn b12_a_half_closed_connection_is_reconnected() {
    let sim = simulator(lively());
    let proxy = Proxy::start(sim.addr(), proxy::Manners::default()).expect("a proxy");
    let mut home = Home::at(&sim);
    home.set("DHAN_WS_MARKET_FEED_URL", &proxy.url(&sim.url(Stream::Market)));
    let run = home.start(&["feed", "IDX_I:13"]);
    run.records("ticker", 3);
    proxy.cut(proxy::Cut::HalfClose);
    run.records("gap", 1);
    run.stop(Signal::TERM).exits(0).counters();
}

/// Resets stable streams of 5,000 instruments, and returns the times until the next record.
fn cut_after_a_minute(streams: usize) -> Vec<Duration> {
    let sim = simulator(SimConfig { rate: Some(2.0 * streams as f64), sockets: usize::MAX, ..lively() });
    let homes: Vec<Home> = (0..streams)
        .map(|n| {
            let mut home = Home::at(&sim);
            home.set("DHAN_CLIENT_ID", &format!("20000{n:05}"));
            home
        })
        .collect();
    let lists: Vec<_> = homes.iter().map(|home| home.list("all", shares(1, 5_000))).collect();
    let runs: Vec<Run> =
        homes.iter().zip(&lists).map(|(home, list)| home.start(&["feed", "-i", text(list), "-o", "-"])).collect();
    until("everybody has asked for everything", || {
        let open = sim.open(Stream::Market);
        open.len() == streams && open.iter().all(|connection| connection.subscriptions.len() == 5_000)
    });
    std::thread::sleep(Duration::from_secs(61));
    // One stream after the other, since many at once would measure the machine.
    let mut cuts = std::collections::HashMap::new();
    for connection in sim.open(Stream::Market).into_iter().filter(|c| c.opened.elapsed() > Duration::from_secs(60)) {
        let (seen, client) = (sim.connections(Stream::Market).seen, connection.client_id.expect("a client"));
        cuts.insert(client, dhan::testing::clock::now().get());
        sim.cut(connection.id, Cut::Reset);
        until("it is back", || sim.connections(Stream::Market).seen > seen);
    }
    until("everybody is back", || {
        sim.open(Stream::Market).iter().filter(|c| c.subscriptions.len() == 5_000).count() == streams
    });
    let mut took = Vec::new();
    for (n, run) in runs.into_iter().enumerate() {
        let Some(&cut) = cuts.get(&format!("20000{n:05}")) else { continue };
        run.records("gap", 1);
        let done = run.stop(Signal::TERM).exits(0);
        let gap = done.of("gap").pop().expect("one");
        assert_eq!((&gap["instruments"], &gap["reason"]), (&5_000.into(), &"disconnected".into()));
        took.push(Duration::from_micros(
            u64::try_from(gap["to_us"].as_i64().expect("a time") - cut).expect("after it"),
        ));
    }
    assert!(took.len() >= streams / 2, "{} of {streams} were stable", took.len());
    took.sort_unstable();
    took
}

#[test]
fn b08_repeated_close_frames_do_not_cause_a_busy_reconnect_loop() {
    std::thread::scope(|scope| {
        for code in [1000, 1001, 1012] {
            scope.spawn(move || {
                let sim = simulator(SimConfig { faults: vec![Fault::Close(code)], ..quiet() });
                let home = Home::at(&sim);
                let run = home.start(&["feed", "IDX_I:13"]);
                run.says(&code.to_string());
                std::thread::sleep(Duration::from_secs(10));
                run.stop(Signal::TERM).exits(0);
                let connects = sim.upgrades().len();
                assert!((2..=11).contains(&connects), "{code}: {connects} connects in ten seconds");
                measured(&format!("B08: closed with {code}, {connects} connects in ten seconds"));
            });
        }
    });
}

/// The first retry is immediate only after a minute of connection. `DHAN_CUTS=100` measures a hundred resets.
#[test]
fn b11_a_stable_stream_reconnects_at_once_after_a_reset() {
    let cuts = std::env::var("DHAN_CUTS").ok().and_then(|n| n.parse().ok()).unwrap_or(8);
    let took = cut_after_a_minute(cuts);
    let at = |share: f64| took[((took.len() - 1) as f64 * share).round() as usize];
    measured(&format!(
        "B11: reset to first record over {} cuts with 5000 instruments: median {:?}, p99 {:?}, longest {:?}",
        took.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    ));
    assert!(at(1.0) < Duration::from_secs(30), "{took:?}");
}

#[test]
fn b03_a_permanent_refusal_ends_the_run_in_a_measured_time() {
    let sim = simulator(SimConfig { faults: vec![Fault::Disconnect(806)], ..quiet() });
    let begun = Instant::now();
    Home::at(&sim).run(&["feed", "IDX_I:13"]).exits(4);
    measured(&format!("B03: start to exit 4 in {:?}", begun.elapsed()));
}
