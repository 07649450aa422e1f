//! `verify` and `replay` of incomplete files and of paths that are no regular files.

use crate::support::{Home, Signal, count_lines, simulator_of, wait};
use std::fs;
use std::process::Command;

fn command(home: &Home, args: &[&str]) -> Command {
    let mut command = home.command(&[]);
    command.args(args);
    command
}

/// Removes lines from the middle of a file.
fn cut_lines(home: &Home, name: &str, lines: std::ops::Range<usize>) {
    let text = home.text(name);
    let kept = text.lines().enumerate().filter(|(at, _)| !lines.contains(at));
    fs::write(home.path(name), kept.map(|(_, line)| format!("{line}\n")).collect::<String>()).unwrap();
}

#[test]
fn verify_finds_lines_missing_from_the_middle_of_a_complete_file() {
    let sim = simulator_of(1_000.0);
    let home = Home::new();
    home.run(home.dhan(&sim, &["feed", "NSE_EQ:2885", "-n", "100", "-o", "t.ndjson"])).exits(0);
    home.run(command(&home, &["verify", "t.ndjson"])).exits(0);
    cut_lines(&home, "t.ndjson", 40..50);
    let ended = home.run(command(&home, &["verify", "t.ndjson"])).exits(13);
    assert!(ended.err.contains("10 packets that are not in this file"), "{}", ended.err);
    assert!(ended.out.contains("\"verdict\":\"gaps\"") && ended.out.contains("\"elsewhere\":10"), "{}", ended.out);
}

#[test]
fn the_last_file_of_a_rotated_run_is_complete_if_the_others_are_found() {
    let sim = simulator_of(1_000.0);
    let home = Home::new();
    let args = ["feed", "NSE_EQ:2885", "-n", "200", "-o", "t.ndjson", "--rotate-size", "5KB"];
    home.run(home.dhan(&sim, &args)).exits(0);
    let last = (1..).take_while(|n| home.path(&format!("t.{n}.ndjson")).exists()).last().expect("it rotated");
    let last = format!("t.{last}.ndjson");
    let ended = home.run(command(&home, &["verify", &last])).exits(0);
    assert!(!ended.out.contains("\"elsewhere\":0,"), "{}", ended.out);
    // Under another name in another folder, the file must be named.
    fs::rename(home.path("t.ndjson"), home.path("first.ndjson")).unwrap();
    home.run(command(&home, &["verify", &last])).exits(0);
    fs::rename(home.path("first.ndjson"), home.path("t.ndjson")).unwrap();
    fs::create_dir(home.path("old")).unwrap();
    for moved in ["old/t.ndjson", "old/first.ndjson"] {
        fs::rename(home.path("t.ndjson"), home.path(moved)).unwrap();
        home.run(command(&home, &["verify", &last])).exits(13);
        let all: Vec<_> = (1..).map(|n| format!("t.{n}.ndjson")).take_while(|name| home.path(name).exists()).collect();
        let all: Vec<_> = ["verify", moved].into_iter().chain(all.iter().map(String::as_str)).collect();
        home.run(command(&home, &all)).exits(0);
        fs::rename(home.path(moved), home.path("t.ndjson")).unwrap();
    }
}

#[test]
fn verify_does_not_count_bars_as_packets() {
    let sim = simulator_of(200.0);
    let home = Home::new();
    for _ in 0..2 {
        home.run(home.dhan(&sim, &["feed", "NSE_EQ:2885", "--bars", "1s", "-n", "2", "-o", "b.ndjson"])).exits(0);
        home.run(command(&home, &["verify", "b.ndjson"])).exits(0);
    }
}

#[test]
fn a_trade_that_bars_of_two_intervals_show_is_not_missing_from_the_earlier_files() {
    let home = Home::new();
    let bar = |interval: &str, ticks: u32, recv_us: u64| {
        format!(
            concat!(
                r#"{{"type":"bar","segment":"NSE_EQ","security_id":"2885","symbol":"RELIANCE","interval":"{}","#,
                r#""start":1795391400,"open":1.0,"high":1.0,"low":1.0,"close":1.0,"volume":null,"oi":null,"#,
                r#""ticks":{},"incomplete":null,"recv_us":{}}}"#
            ),
            interval, ticks, recv_us
        )
    };
    let end = |written: u32, reason: &str, recv_us: u64| {
        format!(
            concat!(
                r#"{{"type":"end","received":{0},"written":{0},"filtered":0,"dropped":0,"malformed":0,"gaps":0,"#,
                r#""reason":"{1}","recv_us":{2}}}"#
            ),
            written, reason, recv_us
        )
    };
    let file = |name: &str, lines: &[String]| home.write(name, &(lines.join("\n") + "\n"), 0o600);
    let last = [bar("1s", 5, 1_795_391_402_000_000), bar("2s", 5, 1_795_391_402_000_001)];
    let last = [&last[..], &[end(15, "duration", 1_795_391_402_000_002)]].concat();
    file("bars-02.ndjson", &last);
    // The run's 15 trades are the 5 that both bars show, and 10 in an earlier file.
    home.run(&["verify", "bars-02.ndjson"]).exits(13).says("counts 5 packets that are not in this file");
    for (earlier, code) in [(4, 13), (10, 0)] {
        let lines = [bar("1s", earlier, 1_795_391_401_000_000), end(earlier, "rotated", 1_795_391_401_000_001)];
        file("bars-01.ndjson", &lines);
        file("bars-02.ndjson", &last);
        home.run(&["verify", "bars-02.ndjson"]).exits(code);
    }
}

#[test]
fn a_path_that_is_no_regular_file_is_an_error_at_once() {
    let home = Home::new();
    fs::create_dir(home.path("folder.ndjson")).unwrap();
    for pipe in ["pipe.ndjson", "pipe.dcap"] {
        rustix::fs::mkfifoat(rustix::fs::CWD, home.path(pipe), rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
    }
    for (name, what) in [
        ("/dev/zero", "not a file"),
        ("pipe.ndjson", "not a file"),
        ("pipe.dcap", "not a file"),
        ("folder.ndjson", "folder"),
        ("missing.ndjson", "No such file"),
    ] {
        for check in ["verify", "replay"] {
            let ended = home.run(command(&home, &[check, name])).exits(11);
            assert!(ended.err.contains(name) && ended.err.contains(what), "{check} {name}: {}", ended.err);
        }
    }
}

#[test]
fn a_pipe_in_place_of_a_marker_does_not_block() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    let running = home.start(home.dhan(&sim, &["feed", "NSE_EQ:2885", "-o", "t.ndjson"]));
    let file = home.path("t.ndjson");
    wait("records", || (count_lines(&file) > 10).then_some(()));
    running.stop(Signal::TERM).exits(0);
    let marker = home.path(".t.ndjson.dhan");
    rustix::fs::mkfifoat(rustix::fs::CWD, marker, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
    let begun = std::time::Instant::now();
    home.run(command(&home, &["verify", "t.ndjson"]));
    home.run(home.dhan(&sim, &["feed", "NSE_EQ:2885", "-n", "2", "-o", "t.ndjson"]));
    assert!(begun.elapsed().as_secs() < 20, "something waited for the pipe");
}

#[test]
fn a_failed_start_leaves_no_output_files() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    for (code, more) in [
        (9, &["--metrics", "missing/m.prom"][..]),
        (9, &["--capture", "missing/c.dcap"]),
        (9, &["-o", "missing/b.ndjson"]),
        (2, &["--ca-file", "missing.pem"]),
        (2, &["--control", "missing.fifo"]),
        (14, &["NSE_EQ:NOSUCHNAME"]),
    ] {
        let args = [&["feed", "NSE_EQ:2885", "-o", "a.ndjson", "-d", "5s"], more].concat();
        let ended = home.run(home.dhan(&sim, &args)).exits(code);
        for left in ["a.ndjson", ".a.ndjson.dhan"] {
            assert!(!home.path(left).exists(), "{more:?} leaves {left}: {}", ended.err);
        }
    }
    assert!(sim.open(dhan::testing::model::Stream::Market).is_empty());
}
