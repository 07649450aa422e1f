//! Section F of the fault catalogue: reconnecting, many connections and many processes.

use crate::support::proc::{descriptors, status_figure};
use crate::support::proxy::{self, Manners, Proxy, Way};
use crate::support::*;
use dhan::testing::model::Stream;
use dhan::testing::simulator::{Cut, Probe, SimConfig, SimHandle, Upgrade};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Returns the time from a connection's upgrade to its last request.
fn asked_within(probe: &Probe, id: usize) -> Duration {
    let opened = probe.connection(id).expect("seen").opened;
    let texts = probe.texts();
    texts.iter().rfind(|text| text.connection == id).map_or(Duration::ZERO, |text| text.at - opened)
}

fn messages(probe: &Probe, id: usize) -> Vec<u64> {
    let count = |text: &String| serde_json::from_str::<serde_json::Value>(text).ok()?["InstrumentCount"].as_u64();
    probe.texts_of(id).iter().filter_map(count).collect()
}

#[test]
fn f01_an_outage_of_the_server_is_one_gap() {
    let sim = simulator(lively());
    let addr = sim.addr();
    let home = Home::at(&sim);
    let run = home.start(&["feed", "IDX_I:13"]);
    run.records("ticker", 3);
    drop(sim);
    run.says("in ");
    std::thread::sleep(Duration::from_millis(800));
    let again = SimHandle::start_in_thread(SimConfig { listen: addr, ..lively() }).expect("the same port");
    run.records("gap", 1);
    let done = run.stop(Signal::TERM).exits(0);
    let gaps = done.of("gap");
    assert_eq!(gaps.len(), 1);
    let lasted = gaps[0]["to_us"].as_i64().expect("a time") - gaps[0]["from_us"].as_i64().expect("a time");
    assert!(lasted >= 800_000, "{lasted} µs");
    drop(again);
}

#[test]
fn f01_an_outage_of_ten_seconds_and_its_end_are_reported_even_with_quiet() {
    let sim = simulator(lively());
    let addr = sim.addr();
    let home = Home::at(&sim);
    let run = home.start(&["feed", "IDX_I:13", "-q"]);
    run.records("ticker", 3);
    drop(sim);
    let begun = Instant::now();
    run.says("no connection for 10s");
    assert!(begun.elapsed() >= Duration::from_secs(9), "{:?}", begun.elapsed());
    let again = SimHandle::start_in_thread(SimConfig { listen: addr, ..lively() }).expect("the same port");
    run.says("live again after ");
    let done = run.stop(Signal::TERM).exits(0);
    assert_eq!(done.err.lines().count(), 2, "{}", done.err);
    assert_eq!(done.of("gap").len(), 1);
    drop(again);
}

#[test]
fn f02_five_thousand_instruments_are_subscribed_again_in_requests_of_100() {
    let sim = simulator(SimConfig { rate: Some(500.0), ..lively() });
    let home = Home::at(&sim);
    let modes = ["ticker", "quote", "full"];
    let specs = (1..=5_000).map(|id| format!("NSE_EQ:{id}@{}", modes[id % 3]));
    let list = home.list("all", specs);
    let run = home.start(&["feed", "-i", text(&list)]);
    let first = subscribed(&sim, Stream::Market, 5_000);
    let wanted = sim.subscriptions(Stream::Market);
    sim.cut(first, Cut::Reset);
    until("another connection", || sim.connections(Stream::Market).seen == 2);
    let second = subscribed(&sim, Stream::Market, 5_000);
    assert_eq!(sim.subscriptions(Stream::Market), wanted);
    let sizes = messages(&sim, second);
    assert_eq!((sizes.iter().sum::<u64>(), sizes.iter().max()), (5_000, Some(&100)), "none twice, none left out");
    measured(&format!("F02: 5000 asked for again within {:?} of the upgrade", asked_within(&sim, second)));
    run.records("gap", 1);
    run.stop(Signal::TERM).exits(0).counters();
}

#[test]
fn f03_twenty_five_thousand_instruments_on_five_sockets_reconnect_together() {
    let _alone = heavy();
    let sim = simulator(SimConfig { rate: Some(500.0), ..lively() });
    let home = Home::at(&sim);
    let list = home.list("all", shares(1, 25_000));
    let run = home.start(&["feed", "-i", text(&list), "--only", "ticker"]);
    subscribed(&sim, Stream::Market, 25_000);
    run.records("ticker", 25_000);
    let begun = Instant::now();
    sim.cut_all(Cut::Reset);
    until("all five are back", || {
        sim.connections(Stream::Market).seen == 10 && sim.subscriptions(Stream::Market).len() == 25_000
    });
    measured(&format!("F03: 25000 over five sockets asked for again {:?} after the cut", begun.elapsed()));
    assert_eq!(sim.connections(Stream::Market).peak, 5);
    let longest = (5..10).map(|id| asked_within(&sim, id)).max();
    measured(&format!("F03: the slowest of the five needed {longest:?} from upgrade to last request"));
    run.records("gap", 5);
    let done = run.stop(Signal::TERM).exits(0);
    let gaps = done.of("gap");
    let conns: BTreeSet<_> = gaps.iter().map(|gap| gap["conn"].as_u64()).collect();
    assert_eq!((gaps.len(), conns.len()), (5, 5));
    assert!(gaps.iter().all(|gap| gap["ids"].as_array().is_some_and(|ids| ids.len() == 5_000)), "each names its own");
    done.counters();
}

#[test]
fn f05_a_cut_between_two_requests_loses_no_subscription() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let list = home.list("all", shares(1, 350));
    for request in 1..=4 {
        let before = sim.all().len();
        sim.reset_at_request(request);
        let run = home.start(&["feed", "-i", text(&list)]);
        until("it came back", || sim.all().len() >= before + 2);
        subscribed(&sim, Stream::Market, 350);
        let last = sim.all().last().expect("one").id;
        assert_eq!(messages(&sim, last).iter().sum::<u64>(), 350);
        run.stop(Signal::TERM).exits(0).counters();
        until("it is gone", || sim.open(Stream::Market).is_empty());
        // Earlier runs have used up the connect budget.
        let _ = std::fs::remove_dir_all(home.state().join("dhan"));
    }
}

#[test]
fn f06_subscriptions_changed_during_an_outage_are_sent_after_it() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let fifo = home.path("control");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::from_raw_mode(0o600)).expect("a FIFO");
    let run = home.start(&["feed", "IDX_I:13", "IDX_I:25", "--control", text(&fifo)]);
    let id = subscribed(&sim, Stream::Market, 2);
    run.records("ticker", 2);
    sim.next_upgrade(Upgrade::Reset);
    sim.next_upgrade(Upgrade::Reset);
    sim.cut(id, Cut::Reset);
    std::fs::write(&fifo, "unsub IDX_I:13\nsub NSE_EQ:1@quote\nlist\n").expect("written");
    run.says("NSE_EQ:1@quote");
    run.records("quote", 1);
    let names: Vec<_> = sim.subscriptions(Stream::Market).iter().map(|s| s.instrument.to_string()).collect();
    assert_eq!(names, ["IDX_I:25", "NSE_EQ:1"]);
    run.stop(Signal::TERM).exits(0);
}

#[test]
fn f07_a_socket_that_cannot_reconnect_does_not_disturb_the_others() {
    let sim = simulator(SimConfig { rate: Some(500.0), ..lively() });
    let home = Home::at(&sim);
    let list = home.list("all", shares(1, 10_000));
    let run = home.start(&["feed", "-i", text(&list), "--only", "ticker"]);
    subscribed(&sim, Stream::Market, 10_000);
    run.records("ticker", 10_000);
    sim.every_upgrade(Upgrade::Reset);
    sim.cut(0, Cut::Reset);
    until("it was tried again", || sim.upgrades().len() >= 4);
    let before = run.out.text().len();
    run.printed("the other goes on", |text| text.len() > before + 20_000);
    let done = run.stop(Signal::TERM).exits(0);
    let of_the_first = done.of("gap").into_iter().filter(|gap| gap["conn"] == 1).count();
    assert_eq!(of_the_first, 1, "at the end, since data never resumed");
    done.counters();
}

#[test]
fn f08_the_sixth_process_is_refused_with_the_pids_of_the_others() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let five: Vec<Run> = (0..5).map(|_| home.start(&["feed", "IDX_I:13"])).collect();
    for run in &five {
        run.records("ticker", 1);
    }
    let sixth = home.run(&["feed", "IDX_I:13"]).exits(6);
    for run in &five {
        assert!(sixth.err.contains(&run.pid().to_string()), "{}: {}", run.pid(), sixth.err);
    }
    assert_eq!((sim.connections(Stream::Market).seen, sim.connections(Stream::Market).peak), (5, 5));
    // A killed process frees its place.
    let mut five = five.into_iter();
    let killed = five.next().expect("five");
    killed.signal(Signal::KILL);
    killed.end();
    home.run(&["feed", "IDX_I:13", "-n", "1"]).exits(0);
    // Another stream has its own places.
    let depth = home.start(&["depth", "NSE_EQ:2885", "-n", "1"]);
    depth.end().exits(0);
    for run in five {
        run.stop(Signal::TERM).exits(0);
    }
}

#[test]
fn f08_ignore_socket_limit_opens_a_sixth_socket_and_displaces_the_oldest() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let five: Vec<Run> = (0..5).map(|_| home.start(&["feed", "IDX_I:13"])).collect();
    for run in &five {
        run.records("ticker", 1);
    }
    let sixth = home.start(&["feed", "IDX_I:13", "--ignore-socket-limit"]);
    sixth.records("ticker", 1);
    until("the oldest is displaced", || sim.open(Stream::Market).len() == 5);
    sixth.stop(Signal::TERM).exits(0);
    let is_displaced = |run: Run| run.stop(Signal::TERM).exits(0).err.contains("805");
    assert_eq!(
        five.into_iter().map(is_displaced).filter(|displaced| *displaced).count(),
        1,
        "the oldest was displaced"
    );
}

#[test]
fn f11_a_stop_sends_code_12_and_a_close_on_every_socket() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let list = home.list("all", shares(1, 5_100));
    let run = home.start(&["feed", "-i", text(&list), "--only", "ticker"]);
    subscribed(&sim, Stream::Market, 5_100);
    let begun = Instant::now();
    run.stop(Signal::TERM).exits(0);
    measured(&format!("F11: SIGTERM to the end of the process in {:?}", begun.elapsed()));
    for connection in sim.all() {
        let texts = sim.texts_of(connection.id);
        assert_eq!(texts.last().map(String::as_str), Some(r#"{"RequestCode":12}"#));
        assert_eq!(texts.iter().filter(|text| text.contains("\"RequestCode\":12}")).count(), 1);
        until("its close frame came", || sim.connection(connection.id).is_some_and(|c| c.client_close == Some(1000)));
    }
}

/// Cuts a stream of 5,000 instruments at varying positions, and returns memory in kB, descriptors and threads after the
/// first cut and after the last.
fn flaps(how_many: usize, patient: bool) -> [(u64, usize, u64); 2] {
    let sim = simulator(SimConfig { rate: Some(500.0), ..lively() });
    let proxy = Proxy::start(sim.addr(), Manners::default()).expect("a proxy");
    let mut home = Home::at(&sim);
    home.set("DHAN_WS_MARKET_FEED_URL", &proxy.url(&sim.url(Stream::Market)));
    let list = home.list("all", shares(1, 5_000));
    let run = home.start(&["feed", "-i", text(&list), "--only", "ticker"]);
    subscribed(&sim, Stream::Market, 5_000);
    let wanted = sim.subscriptions(Stream::Market);
    let figures = || (status_figure(run.pid(), "VmRSS"), descriptors(run.pid()), status_figure(run.pid(), "Threads"));
    let streams_on = || {
        until("the last gap is closed", || {
            run.out.text().trim_end().lines().last().is_some_and(|line| line.contains("ticker"))
        });
    };
    streams_on();
    let (_, descriptors, threads) = figures();
    // Threads of a connection that has just ended may exist a moment longer.
    let is_steady = |now: (u64, usize, u64)| (now.1, now.2) == (descriptors, threads);
    let mut rng = fastrand::Rng::with_seed(4);
    let mut first = None;
    for flap in 1..=how_many {
        if patient {
            // A connection of this length keeps the retry delay short.
            std::thread::sleep(Duration::from_millis(3_200));
        }
        let before = sim.connections(Stream::Market).seen;
        if flap % 2 == 0 {
            // In the middle of what the next connection gets at its start, perhaps in its upgrade.
            let at = rng.u64(1..120_000);
            proxy.manners(Manners { cut_after: Some((Way::Down, at, proxy::Cut::Reset)), ..Manners::default() });
            proxy.cut(proxy::Cut::Reset);
            let accepted = proxy.seen().accepted;
            until("the next was cut too", || {
                let seen = proxy.seen();
                seen.accepted > accepted && (seen.open == 0 || seen.accepted > accepted + 1)
            });
            proxy.manners(Manners::default());
        } else {
            proxy.cut(proxy::Cut::Reset);
        }
        let end = Instant::now() + Duration::from_secs(180);
        while sim.connections(Stream::Market).seen == before || sim.subscriptions(Stream::Market).len() < 5_000 {
            assert!(Instant::now() < end, "flap {flap} never ended");
            std::thread::sleep(Duration::from_millis(5));
        }
        if first.is_none() {
            streams_on();
            until("the descriptors and threads of a stream that was not cut yet", || is_steady(figures()));
            first = Some(figures());
        }
    }
    // A connection that came before the proxy's manners changed back may have been cut once more since.
    until("the whole set is served, and nothing else", || sim.subscriptions(Stream::Market) == wanted);
    run.records("gap", 1);
    streams_on();
    until("the descriptors and threads of a stream that was not cut yet", || is_steady(figures()));
    let last = figures();
    let done = run.stop(Signal::TERM).exits(0);
    let gaps = done.of("gap").len();
    assert!((how_many / 2..=how_many * 2).contains(&gaps), "{gaps} gaps of {how_many} flaps");
    done.counters();
    [first.expect("a flap"), last]
}

/// Cuts as often as the connect budget allows at once; `DHAN_FLAPS=100` makes a hundred cuts in ten minutes.
#[test]
fn f04_repeated_cuts_keep_every_subscription_and_leak_nothing() {
    let asked = std::env::var("DHAN_FLAPS").ok().and_then(|n| n.parse().ok());
    let begun = Instant::now();
    let [first, last] = flaps(asked.unwrap_or(4), asked.is_some());
    measured(&format!(
        "F04: memory kB, descriptors, threads after the first flap {first:?}, after the last {last:?}, {:?}",
        begun.elapsed()
    ));
    assert_eq!((first.1, first.2), (last.1, last.2), "descriptors and threads");
    assert!(last.0 < first.0 + (16 << 10), "memory: {} kB, then {} kB", first.0, last.0);
}

#[test]
fn f10_processes_that_start_together_share_the_connect_budget() {
    let sim = simulator(quiet());
    sim.every_upgrade(Upgrade::Reset);
    let home = Home::at(&sim);
    let begun = Instant::now();
    let five: Vec<Run> = (0..5).map(|_| home.start(&["feed", "IDX_I:13"])).collect();
    for run in &five {
        run.says("connect budget is used up");
    }
    std::thread::sleep(Duration::from_secs(5));
    let allowed = 10 + begun.elapsed().as_secs() / 6 + 1;
    let upgrades = sim.upgrades();
    assert!(upgrades.len() as u64 <= allowed, "{} upgrades in {:?}", upgrades.len(), begun.elapsed());
    measured(&format!("F10: five processes, {} upgrades in {:?}", upgrades.len(), begun.elapsed()));
    for run in five {
        run.stop(Signal::TERM).exits(0);
    }
}
