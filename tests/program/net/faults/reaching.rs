//! Section A of the fault catalogue: connecting to the server.

use super::servers::over_tls;
use crate::net::authority::{Authority, self_signed};
use crate::support::*;
use dhan::testing::model::Stream;
use dhan::testing::simulator::{Cut, Response, SimConfig, Upgrade};
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Command;
use std::time::{Duration, Instant};

/// Returns a port on which no server listens.
fn closed_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("its address").port()
}

/// Returns the duration of each attempt, from `connecting` to the next `retrying`.
fn attempts(done: &Done) -> Vec<Duration> {
    let (mut begun, mut took) = (None, Vec::new());
    for status in done.of("status") {
        let at = status["recv_us"].as_u64().expect("a time");
        match status["event"].as_str() {
            Some("connecting") => begun = Some(at),
            Some("retrying") => took.extend(begun.take().map(|begun| Duration::from_micros(at - begun))),
            _ => {}
        }
    }
    took
}

/// Returns a command that runs in a mount namespace with files of the system replaced; `None` if that is not allowed.
fn in_other_files(home: &Home, files: &[(&str, &str)], line: &[&str]) -> Option<Command> {
    let allowed = Command::new("unshare").args(["-rm", "true"]).output().is_ok_and(|output| output.status.success());
    if !allowed {
        return None;
    }
    let mut command = home.bare("unshare");
    let mounts: String = files.iter().map(|(mine, theirs)| format!("mount --bind {mine} {theirs} && ")).collect();
    command.args(["-rm", "sh", "-c", &format!("{mounts} exec \"$0\" \"$@\""), DHAN]);
    command.args(line);
    Some(command)
}

#[test]
fn a01_an_unknown_host_is_named_and_retried_until_it_resolves() {
    let authority = Authority::new();
    let tls = authority.server("feed.dhan.test", |_| {});
    let sim = simulator(SimConfig { tls: Some(tls), ..lively() });
    let mut home = Home::at(&sim);
    let port = sim.addr().port();
    home.set("DHAN_WS_MARKET_FEED_URL", &format!("wss://feed.dhan.test:{port}/feed"));
    let hosts = home.list("hosts", ["127.0.0.1 localhost".to_owned()]);
    let resolv = home.list("resolv", ["nameserver 127.0.0.1\noptions timeout:1 attempts:1".to_owned()]);
    let files = [(text(&hosts), "/etc/hosts"), (text(&resolv), "/etc/resolv.conf")];
    let line = ["feed", "IDX_I:13", "--status-records", "--ca-file", text(authority.pem())];
    let Some(command) = in_other_files(&home, &files, &line) else {
        return skipped("a01: no user namespace may be made here");
    };
    let run = home.start(command);
    run.status("retrying", 1);
    home.list("hosts", ["127.0.0.1 localhost feed.dhan.test".to_owned()]);
    run.status("live", 1);
    let done = run.stop(Signal::TERM).exits(0);
    let retrying = done.of("status").into_iter().find(|s| s["event"] == "retrying").expect("one");
    let detail = retrying["detail"].as_str().expect("why");
    assert!(detail.contains("feed.dhan.test") && !detail.contains("version="), "{detail}");
    assert_eq!(sim.upgrades().len(), 1);
}

#[test]
fn ca_file_also_applies_to_the_download_of_the_master() {
    let (sim, authority) = over_tls(quiet());
    let mut home = Home::at(&sim);
    home.set("DHAN_INSTRUMENTS_URL", &format!("https://{}/master.csv", sim.addr()));
    let by_name = ["feed", "NSE_EQ:RELIANCE", "-n", "1"];
    let line = [&by_name[..], &["--ca-file", text(authority.pem())]].concat();
    let done = home.run(&line).exits(0);
    assert_eq!(done.records()[0]["symbol"], "RELIANCE");
    // Without these root certificates nothing is downloaded.
    let mut other = Home::at(&sim);
    other.set("DHAN_INSTRUMENTS_URL", &format!("https://{}/master.csv", sim.addr()));
    other.run(&by_name).exits(11);
}

#[test]
fn a04_a_closed_port_is_retried_until_it_opens_or_max_outage_ends() {
    let port = closed_port();
    let mut home = Home::new();
    home.set("DHAN_WS_MARKET_FEED_URL", &format!("ws://127.0.0.1:{port}/feed"));
    home.run(&["feed", "IDX_I:13", "--max-outage", "300ms"]).exits(7).says("--max-outage");
    let run = home.start(&["feed", "IDX_I:13", "--status-records"]);
    run.status("retrying", 2);
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let Ok(sim) = dhan::testing::simulator::SimHandle::start_in_thread(SimConfig { listen, ..lively() }) else {
        return skipped("a04: somebody took the port in between");
    };
    run.status("live", 1);
    let done = run.stop(Signal::TERM).exits(0);
    assert!(done.of("gap").is_empty(), "nothing was lost that ever was there");
    assert_eq!(sim.upgrades().len(), 1);
}

#[test]
fn a_run_that_was_live_retries_after_a_refused_upgrade() {
    std::thread::scope(|scope| {
        for status in [400, 403, 404, 302] {
            scope.spawn(move || {
                let sim = simulator(lively());
                let home = Home::at(&sim);
                let run = home.start(&["feed", "IDX_I:13", "-q", "--status-records"]);
                let id = subscribed(&sim, Stream::Market, 1);
                run.records("ticker", 1);
                sim.every_upgrade(Upgrade::Answer(Response::status(status)));
                sim.cut(id, Cut::Reset);
                run.says("fault of the server's: trying again in 1m");
                // The test stops the run instead of waiting a minute, which is no failure.
                let done = run.stop(Signal::TERM).exits(0);
                assert_eq!(done.of("gap").len(), 1, "{status}: {}", done.err);
                assert_eq!(sim.upgrades().len(), 2, "{status}");
            });
        }
    });
}

#[test]
fn a_run_that_never_connects_is_exit_7_with_one_gap_that_verify_counts() {
    let mut home = Home::new();
    home.set("DHAN_WS_MARKET_FEED_URL", &format!("ws://127.0.0.1:{}/feed", closed_port()));
    let file = home.path("a.ndjson");
    let done = home.run(&["feed", "IDX_I:13", "-d", "2s", "-o", text(&file), "-o", "-"]).exits(7);
    let gaps = done.of("gap");
    assert_eq!(gaps.len(), 1, "{}", done.err);
    assert_eq!(gaps[0]["reason"], "disconnected");
    let length = gaps[0]["to_us"].as_i64().unwrap() - gaps[0]["from_us"].as_i64().unwrap();
    assert!(length >= 1_900_000, "the whole run: {length}");
    home.run(&["verify", text(&file)]).exits(13);
}

#[test]
fn a09_a11_a_refused_request_is_sent_once() {
    let sim = simulator(quiet());
    for (n, status) in [400, 404, 405, 410].into_iter().enumerate() {
        let home = Home::at(&sim);
        sim.every_upgrade(Upgrade::Answer(Response::status(status)));
        home.run(&["feed", "IDX_I:13"]).exits(5).says(&format!("HTTP {status}"));
        assert_eq!(sim.upgrades().len(), n + 1);
        let asked = sim.http_requests().iter().filter(|request| request.path.ends_with("/profile")).count();
        assert!(asked <= n + 1, "at most one question about the account: {asked}");
    }
}

/// Returns the tokens of the upgrade requests, in order.
pub fn tokens(probe: &dhan::testing::simulator::Probe) -> Vec<String> {
    probe.upgrades().iter().map(|(_, request)| request.query_value("token").unwrap_or_default()).collect()
}

#[test]
fn a10_a_refused_token_is_never_sent_again_and_a_new_one_is_used() {
    for status in [401, 403] {
        let sim = simulator(lively());
        let home = Home::at(&sim);
        let file = home.token_file(SENTINEL);
        sim.next_upgrade(Upgrade::Answer(Response::status(status)));
        let run = home.start(&["feed", "IDX_I:13", "--token-file", text(&file)]);
        run.says("waiting up to");
        // Writing the same token again changes nothing.
        home.write_token(&format!("{SENTINEL}\n"));
        home.write_token("");
        home.write_token(OTHER);
        run.records("ticker", 1);
        assert_eq!(tokens(&sim), [SENTINEL, OTHER]);
        run.stop(Signal::TERM).exits(0);
    }
}

#[test]
fn a10_without_another_token_the_run_is_exit_3() {
    let sim = simulator(quiet());
    sim.every_upgrade(Upgrade::Answer(Response::status(401)));
    let home = Home::at(&sim);
    home.run(&["feed", "IDX_I:13"]).exits(3).says("401");
    let file = home.token_file(SENTINEL);
    home.run(&["feed", "IDX_I:13", "--token-file", text(&file), "--auth-wait", "1s"]).exits(3).says("--auth-wait");
    assert_eq!(tokens(&sim), [SENTINEL, SENTINEL], "one each");
}

/// Returns the beginning and the end of the cool-off on disk, in µs since the epoch.
pub fn cool_off(home: &Home, kind: &str) -> Option<(i64, i64)> {
    let files = home.state_files();
    let (_, text) = files.iter().find(|(name, _)| name.ends_with("cool-offs.json"))?;
    let all: Value = serde_json::from_str(text).ok()?;
    Some((all[kind]["since_us"].as_i64()?, all[kind]["until_us"].as_i64()?))
}

#[test]
fn a12_a_429_keeps_every_process_of_the_account_from_connecting() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    sim.next_upgrade(Upgrade::Answer(Response::status(429)));
    let first = home.start(&["feed", "IDX_I:13"]);
    first.says("cooling off");
    until("it is on disk", || cool_off(&home, "throttled").is_some_and(|(since, until)| until - since == 60_000_000));
    // Every command of this account waits; another account's do not.
    for line in [&["feed", "IDX_I:25"][..], &["depth", "NSE_EQ:2885"], &["orders"]] {
        let run = home.start(line);
        run.says("cooling off");
        run.stop(Signal::TERM).exits(0);
    }
    assert_eq!((sim.upgrades().len(), sim.connections(Stream::Market).seen), (1, 0));
    let mut command = home.command(&["feed", "IDX_I:13", "-n", "1"]);
    command.env("DHAN_CLIENT_ID", "1000000002");
    home.start(command).end().exits(0);
    first.stop(Signal::TERM).exits(0);
}

#[test]
fn a13_retry_after_is_limited_to_between_one_and_fifteen_minutes() {
    let sim = simulator(quiet());
    let soon = jiff::Timestamp::from_second(dhan::testing::clock::now().seconds() + 200).expect("a moment");
    let date = soon.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let cases = [("5", 60..=60), ("90", 90..=90), ("86400", 900..=900), (date.as_str(), 150..=201), ("soon", 60..=60)];
    for (asked, seconds) in cases {
        let home = Home::at(&sim);
        sim.next_upgrade(Upgrade::Answer(Response::status(429).header("Retry-After", asked)));
        let run = home.start(&["feed", "IDX_I:13"]);
        run.says("cooling off");
        until("it is on disk", || cool_off(&home, "throttled").is_some());
        let (since, until) = cool_off(&home, "throttled").expect("it exists");
        let rest = (until - since) / 1_000_000;
        assert!(seconds.contains(&rest), "Retry-After: {asked}: {rest} s");
        run.stop(Signal::TERM).exits(0);
    }
}

#[test]
fn a14_a_cool_off_survives_a_restart_and_damaged_state_delays_nobody() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    sim.next_upgrade(Upgrade::Answer(Response::status(429)));
    let run = home.start(&["feed", "IDX_I:13"]);
    run.says("cooling off");
    run.signal(Signal::KILL);
    run.end();
    let run = home.start(&["feed", "IDX_I:13", "--status-records"]);
    run.says("cooling off");
    run.status("retrying", 1);
    assert_eq!(sim.upgrades().len(), 1, "no attempt before the end of the cool-off");
    run.stop(Signal::TERM).exits(0);
    // With the end of the cool-off brought forward, the run waits until then and connects.
    let path = home
        .state()
        .join(&home.state_files().iter().find(|(n, _)| n.ends_with("cool-offs.json")).expect("it exists").0);
    let mut all: Value = serde_json::from_str(&std::fs::read_to_string(&path).expect("it exists")).expect("JSON");
    let until_us = dhan::testing::clock::now().get() + 1_500_000;
    all["throttled"]["since_us"] = (until_us - 60_000_000).into();
    all["throttled"]["until_us"] = until_us.into();
    std::fs::write(&path, all.to_string()).expect("written");
    let done = home.run(&["feed", "IDX_I:13", "-n", "1"]).exits(0);
    assert!(done.of("ticker")[0]["recv_us"].as_i64().expect("a time") >= until_us);
    assert_eq!(sim.upgrades().len(), 2);
    // Random bytes, and a cool-off from the future.
    let ahead = dhan::testing::clock::now().get() + 3_600_000_000;
    all["throttled"]["since_us"] = ahead.into();
    all["throttled"]["until_us"] = (ahead + 60_000_000).into();
    for damage in ["{\"thrott", "", "[]", &"x".repeat(100_000), &all.to_string()] {
        std::fs::write(&path, damage).expect("written");
        home.run(&["feed", "IDX_I:13", "-n", "1"]).exits(0);
    }
}

#[test]
fn a16_redirects_are_never_followed_and_only_their_host_is_named() {
    let (sim, elsewhere) = (simulator(quiet()), simulator(quiet()));
    let home = Home::at(&sim);
    for (n, status) in [301, 302, 307, 308].into_iter().enumerate() {
        for target in
            [elsewhere.http_url("feed"), elsewhere.url(Stream::Market), sim.url(Stream::Market), "/login".to_owned()]
        {
            let location = format!("{target}?token={SENTINEL}");
            sim.next_upgrade(Upgrade::Answer(Response::status(status).header("Location", &location)));
            let home = Home::at(&sim);
            let done = home.run(&["feed", "IDX_I:13"]).exits(5).says("never followed");
            assert!(!done.err.contains("token=") && !done.err.contains("/login"), "{}", done.err);
        }
        assert_eq!(sim.upgrades().len(), (n + 1) * 4);
    }
    assert_eq!(elsewhere.tcp_accepted(), 0);
    home.assert_clean();
}

#[test]
fn a02_a_silent_name_server_delays_neither_the_attempts_nor_the_stop() {
    // A FIFO as `/etc/hosts` blocks `getaddrinfo` as a silent name server does.
    let mut home = Home::new();
    home.set("DHAN_WS_MARKET_FEED_URL", "wss://feed.dhan.test:1/feed");
    let hosts = home.path("hosts");
    rustix::fs::mkfifoat(rustix::fs::CWD, &hosts, rustix::fs::Mode::from_raw_mode(0o600)).expect("a FIFO");
    let line = ["feed", "IDX_I:13", "--status-records"];
    let Some(command) = in_other_files(&home, &[(text(&hosts), "/etc/hosts")], &line) else {
        return skipped("a02: no user namespace may be made here");
    };
    let run = home.start(command);
    run.status("retrying", 2);
    let tasks = std::fs::read_dir(format!("/proc/{}/task", run.pid())).expect("it exists").flatten();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    assert!(names.filter(|name| name.trim() == "dns").count() <= 2);
    run.signal(Signal::TERM);
    let done = run.end().exits(0);
    assert_within(Duration::from_secs(5), done.took, "the end");
    let took = attempts(&done);
    assert!(took.iter().all(|took| *took < Duration::from_secs(15)), "{took:?}");
    measured(&format!("A02: attempts given up after {took:?}, stopped in {:?}", done.took));
}

#[test]
fn a05_a_server_that_answers_no_syn_times_out_in_seconds() {
    // The full accept queue of a listener drops further SYNs.
    let socket = rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::STREAM, None);
    let socket = socket.expect("a socket");
    rustix::net::bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("bound");
    rustix::net::listen(&socket, 0).expect("listening");
    let addr = SocketAddr::try_from(rustix::net::getsockname(&socket).expect("its address")).expect("an address");
    let mut fillers = Vec::new();
    let full = loop {
        match std::net::TcpStream::connect_timeout(&addr, Duration::from_millis(300)) {
            Ok(filler) if fillers.len() < 16 => fillers.push(filler),
            Ok(_) => break false,
            Err(_) => break true,
        }
    };
    if !full {
        return skipped("a05: this kernel never drops a SYN");
    }
    let mut home = Home::new();
    home.set("DHAN_WS_MARKET_FEED_URL", &format!("ws://{addr}/feed"));
    let run = home.start(&["feed", "IDX_I:13", "--status-records"]);
    run.status("retrying", 1);
    let done = run.stop(Signal::TERM).exits(0);
    let took = attempts(&done);
    assert!(took[0] < Duration::from_secs(15), "{took:?}");
    measured(&format!("A05: given up after {took:?}"));
    drop(fillers);
}

#[test]
fn a06_a_server_that_accepts_and_sends_nothing_times_out_in_seconds() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let mut home = Home::new();
    home.set("DHAN_WS_MARKET_FEED_URL", &format!("wss://{}/feed", listener.local_addr().expect("its address")));
    let run = home.start(&["feed", "IDX_I:13", "--status-records"]);
    run.status("retrying", 1);
    let done = run.stop(Signal::TERM).exits(0);
    let took = attempts(&done);
    assert!(took[0] < Duration::from_secs(15), "{took:?}");
    measured(&format!("A06: given up after {took:?}"));
}

#[test]
fn a07_an_untrusted_certificate_is_exit_8_after_three_tries_without_any_http() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let expired = authority.server("127.0.0.1", |params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    });
    let cases = [
        ("expired", expired),
        ("another host", authority.server("feed.example", |_| {})),
        ("signed by nobody", stranger.server("127.0.0.1", |_| {})),
        ("", self_signed("127.0.0.1")),
    ];
    let pem = authority.pem();
    std::thread::scope(|scope| {
        for (word, tls) in cases {
            scope.spawn(move || {
                let sim = simulator(SimConfig { tls: Some(tls), ..quiet() });
                let home = Home::at(&sim);
                let done = home.run(&["feed", "IDX_I:13", "--ca-file", text(pem)]).exits(8);
                assert!(done.err.contains(word), "{word}: {}", done.err);
                assert_eq!((sim.tcp_accepted(), sim.upgrades().len(), sim.http_requests().len()), (3, 0, 0));
            });
        }
    });
}

#[test]
fn a20_a_server_that_accepts_and_resets_gets_few_attempts() {
    let sim = simulator(quiet());
    let home = Home::at(&sim);
    sim.every_upgrade(Upgrade::AcceptThenReset);
    let begun = Instant::now();
    let run = home.start(&["feed", "IDX_I:13"]);
    run.says("two resets within 5 s of connecting without one packet: this looks like bad credentials or a missing data plan");
    run.says("token and data plan are fine");
    std::thread::sleep(Duration::from_secs(15));
    run.stop(Signal::TERM).exits(0);
    let upgrades = sim.upgrades();
    let allowed = 10 + begun.elapsed().as_secs() / 6 + 1;
    assert!(upgrades.len() as u64 <= allowed, "{} attempts", upgrades.len());
    assert!(sim.http_requests().iter().filter(|request| request.path.ends_with("/profile")).count() == 1);
    measured(&format!("A20: {} connects in {:?}", upgrades.len(), begun.elapsed()));
}
