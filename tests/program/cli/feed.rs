//! `dhan feed` against the simulator: exit codes, outputs, signals, control lines and options.

use crate::support::*;
use dhan::testing::model::Stream;
use dhan::testing::model::{InstrumentKey, Segment};
use dhan::testing::protocol::{Mode, encode};
use dhan::testing::simulator::{Cut, Fault, SimConfig, Stacking};
use rustix::process::Signal;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

fn codes(texts: &[String]) -> Vec<u64> {
    let code = |text: &String| serde_json::from_str::<Value>(text).expect("JSON")["RequestCode"].as_u64();
    texts.iter().map(|text| code(text).expect("a code")).collect()
}

fn counts(texts: &[String]) -> Vec<u64> {
    let count = |text: &String| serde_json::from_str::<Value>(text).expect("JSON")["InstrumentCount"].as_u64();
    texts.iter().filter_map(count).collect()
}

#[test]
fn a_run_that_receives_nothing_is_exit_7() {
    let sim = simulator(SimConfig { faults: vec![Fault::Mute], ..quiet() });
    let home = Home::at(&sim);
    let done = home.run(&["feed", "IDX_I:13", "--duration", "700ms"]).exits(7).says("nothing was received");
    assert_eq!((done.records().len(), done.counters().received), (0, 0));
    let soon = dhan::testing::clock::now().seconds() + 5;
    let soon = jiff::Timestamp::from_second(soon).expect("a moment").to_string();
    home.run(&["feed", "IDX_I:13", "--until", &soon]).exits(7);
    assert_eq!(sim.connections(Stream::Market).seen, 2);
}

#[test]
fn a_single_805_is_a_filtered_packet_and_does_not_end_the_run() {
    let sim = simulator(SimConfig { faults: vec![Fault::Disconnect(805)], ..quiet() });
    let done = Home::at(&sim).run(&["feed", "IDX_I:13", "-d", "700ms"]).exits(7).says("nothing was received");
    assert_eq!((done.counters().received, done.counters().filtered), (1, 1));
}

#[test]
fn a_run_that_receives_a_packet_is_exit_0() {
    let sim = simulator(quiet());
    let done = Home::at(&sim).run(&["feed", "IDX_I:13", "-d", "700ms"]).exits(0);
    assert_eq!((done.of("ticker").len(), done.counters().written), (1, 1));
}

#[test]
fn once_prints_one_record_of_the_requested_type_for_each_instrument() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let done = home.run(&["feed", "--once", "IDX_I:13@quote", "NSE_EQ:2885@full", "NSE_EQ:2885", "IDX_I:25"]).exits(0);
    let mut seen: Vec<_> = done.records().iter().map(|r| format!("{} {}", r["type"], r["security_id"])).collect();
    seen.sort();
    assert_eq!(seen, [r#""full" "2885""#, r#""quote" "13""#, r#""ticker" "25""#, r#""ticker" "2885""#]);
    done.counters();
    // With -d the run ends although one instrument never sends.
    let done = home.run(&["feed", "--once", "-d", "700ms", "IDX_I:13", "--only", "ticker"]).exits(0);
    assert_eq!(done.records().len(), 1);
}

#[test]
fn a_cut_socket_reconnects_subscribes_again_in_the_same_modes_and_prints_one_gap() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let run = home.start(&["feed", "IDX_I:13", "NSE_EQ:2885@quote", "NSE_FNO:49081@full"]);
    let first = subscribed(&sim, Stream::Market, 3);
    run.records("full", 2);
    let wanted = sim.subscriptions(Stream::Market);
    sim.cut(first, Cut::Reset);
    run.records("gap", 1);
    let second = subscribed(&sim, Stream::Market, 3);
    assert_ne!(first, second);
    assert_eq!(sim.subscriptions(Stream::Market), wanted);
    assert_eq!(codes(&sim.texts_of(first)), codes(&sim.texts_of(second)));
    let done = run.stop(Signal::TERM).exits(0);
    let gaps = done.of("gap");
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    let gap = &gaps[0];
    assert_eq!((&gap["feed"], &gap["conn"], &gap["reason"]), (&"market".into(), &1.into(), &"disconnected".into()));
    assert_eq!((&gap["instruments"], &gap["ids"], &gap["dropped"]), (&3.into(), &Value::Null, &Value::Null));
    assert!(gap["from_us"].as_i64() < gap["to_us"].as_i64() && gap["to_us"].as_i64() <= gap["recv_us"].as_i64());
    assert_eq!(done.counters().gaps, 1);
    let times: Vec<_> = done.records().iter().map(|r| r["recv_us"].as_i64().expect("a time")).collect();
    assert!(times.is_sorted_by(|a, b| a < b), "receive times grow strictly");
}

#[test]
fn five_thousand_and_one_instruments_take_two_sockets_and_100_in_each_request() {
    let sim = simulator(quiet());
    let home = Home::at(&sim);
    let list = home.list("all", shares(1, 5_001));
    let run = home.start(&["feed", "-i", text(&list)]);
    subscribed(&sim, Stream::Market, 5_001);
    run.records("ticker", 5_001);
    let open = sim.open(Stream::Market);
    let mut sizes: Vec<_> = open.iter().map(|connection| connection.subscriptions.len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 5_000]);
    for connection in &open {
        let counts = counts(&sim.texts_of(connection.id));
        assert!(counts.iter().all(|&n| n <= 100), "{counts:?}");
        assert_eq!(counts.len(), connection.subscriptions.len().div_ceil(100));
    }
    assert_eq!(run.stop(Signal::TERM).exits(0).counters().received, 5_001);
}

#[test]
fn too_many_instruments_are_exit_2_before_any_connection() {
    let sim = simulator(quiet());
    let home = Home::at(&sim);
    let list = home.list("all", shares(1, 25_001));
    home.run(&["feed", "-i", text(&list)]).exits(2).says("25001");
    assert_eq!(sim.tcp_accepted(), 0);
}

#[test]
fn a_closed_stdout_ends_the_run_silently_by_sigpipe() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let mut child = home.command(&["feed", "IDX_I:13"]);
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("dhan starts");
    let mut first = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut first).expect("a line");
    assert!(first.starts_with(r#"{"type":"ticker""#), "{first}");
    let mut messages = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut messages).expect("UTF-8");
    let status = child.wait().expect("its end");
    assert_eq!((status.signal(), messages.as_str()), (Some(Signal::PIPE.as_raw()), ""));
    until("the socket is closed", || sim.open(Stream::Market).is_empty());
}

#[test]
fn a_shell_reports_141_for_a_closed_stdout() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let mut shell = home.bare("sh");
    shell.args(["-c", r#"{ "$0" feed IDX_I:13; echo "code $?" >&2; } | head -1"#, DHAN]);
    let output = shell.output().expect("a shell");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "code 141\n");
    assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), 1);
}

#[test]
fn files_are_written_on_after_stdout_is_closed() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let file = home.path("ticks.ndjson");
    let mut command = home.command(&["feed", "IDX_I:13", "-o", text(&file), "-o", "-"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("dhan starts");
    let mut first = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut first).expect("a line");
    let lines = || std::fs::read_to_string(&file).unwrap_or_default().lines().count();
    let before = lines();
    until("the file grows", || lines() > before + 50);
    assert!(child.try_wait().expect("its state").is_none());
    let pid = rustix::process::Pid::from_raw(child.id() as i32).expect("a pid");
    rustix::process::kill_process(pid, Signal::TERM).expect("it exists");
    assert_eq!(child.wait().expect("its end").code(), Some(0));
    assert!(std::fs::read_to_string(&file).expect("the file").trim_end().ends_with('}'));
    home.assert_clean();
}

#[test]
fn sigterm_and_sigint_write_what_is_queued_send_a_close_and_are_exit_0() {
    for signal in [Signal::TERM, Signal::INT] {
        let sim = simulator(lively());
        let home = Home::at(&sim);
        let run = home.start(&["feed", "IDX_I:13", "NSE_EQ:2885"]);
        let id = subscribed(&sim, Stream::Market, 2);
        run.records("ticker", 5);
        run.signal(signal);
        let done = run.end().exits(0);
        measured(&format!("{signal:?} to the end: {:?}", done.took));
        assert_within(Duration::from_secs(5), done.took, "the end");
        let books = done.counters();
        assert_eq!(done.records().len() as u64, books.written);
        assert_eq!(sim.texts_of(id).last().map(String::as_str), Some(r#"{"RequestCode":12}"#));
        until("the close frame came", || sim.connection(id).is_some_and(|c| c.client_close.is_some()));
    }
}

#[test]
fn a_stop_before_any_connection_is_exit_0_with_the_closing_line() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut home = Home::new();
    home.set("DHAN_INSTRUMENTS_URL", &format!("http://{}/master.csv", silent.local_addr().expect("its address")));
    for signal in [Signal::TERM, Signal::INT] {
        // The master is requested from a server that never answers.
        let run = home.start(&["feed", "RELIANCE"]);
        drop(silent.accept().map(|(socket, _)| std::mem::forget(socket)));
        run.signal(Signal::USR1);
        run.signal(signal);
        assert_eq!(run.end().exits(0).counts(), [0; 6]);
        // The list on stdin has no end.
        let mut command = home.command(&["feed", "-i", "-"]);
        command.stdin(Stdio::piped());
        let mut run = home.start(command);
        let mut stdin = run.stdin.take().expect("a pipe");
        stdin.write_all(b"NSE_EQ:2885\n").expect("written");
        until("the signal has a handler", || proc::is_caught(run.pid(), signal));
        run.signal(signal);
        assert_eq!(run.end().exits(0).counts(), [0; 6]);
    }
}

#[test]
fn a_closed_stdin_does_not_disturb_a_run() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let mut shell = home.bare("sh");
    shell.args(["-c", r#"exec "$0" feed IDX_I:13 -n 5 <&-"#, DHAN]);
    let done = home.start(shell).end().exits(0);
    assert_eq!(done.of("ticker").len(), 5);
}

#[test]
fn a_single_record_is_written_at_once() {
    let sim = simulator(quiet());
    let home = Home::at(&sim);
    let mut run = home.start(&["feed", "IDX_I:13"]);
    run.records("ticker", 1);
    let id = subscribed(&sim, Stream::Market, 1);
    let mut packet = Vec::new();
    encode::ticker(&mut packet, InstrumentKey::new(Segment::IDX_I, 13), 150.0, 0);
    sim.send(id, packet);
    run.records("ticker", 2);
    assert!(run.is_running());
    let done = run.stop(Signal::TERM).exits(0);
    assert_eq!((&done.records()[1]["ltp"], &done.records()[1]["ltt"]), (&150.0.into(), &Value::Null));
    assert!(done.out.lines().nth(1).expect("a line").contains(r#""ltp":150.0,"#));
}

#[test]
fn the_demo_needs_no_account_home_or_network() {
    let bare = |line: &[&str]| dhan(line).current_dir("/").output().expect("dhan runs");
    let output = bare(&["feed", "--demo", "--mode", "quote", "IDX_I:13", "-n", "20"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = records(&stdout(&output));
    assert_eq!(lines.len(), 20);
    assert!(lines.iter().all(|line| line["security_id"] == "13" && line["symbol"] == "NIFTY"));
    let output = bare(&["feed", "--demo", "--once"]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let names: BTreeSet<_> =
        text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")["symbol"].to_string()).collect();
    assert_eq!((text.lines().count(), names.len()), (5, 5), "five indices by name: {text}");
}

#[test]
fn every_usage_error_is_exit_2_and_quotes_the_bad_part_before_any_connection() {
    let sim = simulator(quiet());
    let home = Home::at(&sim);
    let empty = home.list("empty", ["# nothing".to_owned()]);
    let bad = home.list("bad", ["NSE_EQ:2885".to_owned(), "NSE_EQ:".to_owned(), "IDX_I:13@loud".to_owned()]);
    let cases: &[(&[&str], &[&str])] = &[
        (&["feed"], &["no instrument"]),
        (&["feed", "-i", "-"], &["empty"]),
        (&["feed", "-i", text(&empty)], &["empty"]),
        (&["feed", "-i", "/nowhere/at/all"], &["/nowhere/at/all"]),
        (&["feed", "-i", text(&bad)], &["\"NSE_EQ:\"", "\"loud\"", "bad:2", "bad:3"]),
        (&["feed", "NSE_EQ:", "IDX_I:13@loud"], &["\"NSE_EQ:\"", "loud"]),
        (&["feed", "IDX_I:13", "--mode", "x"], &["\"x\"", "ticker"]),
        (&["feed", "IDX_I:13", "--format", "xml"], &["\"xml\"", "ndjson"]),
        (&["feed", "IDX_I:13", "-n", "0"], &["\"0\""]),
        (&["feed", "IDX_I:13", "-n", "many"], &["\"many\""]),
        (&["feed", "IDX_I:13", "-d", "soon"], &["\"soon\""]),
        (&["feed", "IDX_I:13", "--until", "25:99"], &["\"25:99\""]),
        (&["feed", "IDX_I:13", "--only", "tick"], &["\"tick\"", "ticker"]),
        (&["feed", "IDX_I:13", "--time", "unix"], &["\"unix\""]),
        (&["feed", "IDX_I:13", "--on-lag", "wait"], &["\"wait\""]),
        (&["feed", "IDX_I:13", "--stats=-1s"], &["\"-1s\""]),
        (&["feed", "IDX_I:13", "--url", "ws://example.com/"], &["ws://example.com/", "wss://"]),
        (&["feed", "IDX_I:13", "--url", "http://127.0.0.1/"], &["http://127.0.0.1/"]),
        (&["feed", "IDX_I:13", "--ca-file", "/nowhere.pem"], &["/nowhere.pem"]),
        (&["feed", "NSE_COMM:1"], &["NSE_COMM"]),
        (&["feed", "-i", "-", "--control", "-"], &["stdin"]),
        (&["feed", "IDX_I:13", "-q", "-v"], &["-q"]),
        (&["feed", "IDX_I:13", "--levels", "20"], &["dhan depth"]),
        (&["feed", "IDX_I:13", "-o", "a.csv", "-f", "ndjson", "--rotate-size", "big"], &["\"big\""]),
        (&["depth", "IDX_I:13"], &["IDX_I:13"]),
        (&["depth", "NSE_EQ:2885", "--levels", "50"], &["\"50\""]),
        (&["orders", "NSE_EQ:2885"], &["NSE_EQ:2885"]),
        (&["orders", "--events", "sold"], &["\"sold\""]),
    ];
    for (line, parts) in cases {
        let done = home.run(*line).exits(2);
        assert_eq!(done.out, "", "{line:?}");
        for part in *parts {
            assert!(
                done.err.contains(part) || done.err.contains(&part.replace('"', "'")),
                "{line:?}: {part}: {}",
                done.err
            );
        }
    }
    // One message has every problem.
    let line = ["feed", "NSE_EQ:", "--mode", "loud", "-n", "x", "-d", "y", "--only", "z"];
    let done = home.run(&line).exits(2);
    for part in ["NSE_EQ:", "loud", "\"x\"", "\"y\"", "\"z\""] {
        assert!(done.err.contains(part), "{part}: {}", done.err);
    }
    assert_eq!(sim.tcp_accepted(), 0);
}

#[test]
fn a_missing_folder_is_exit_9_and_missing_credentials_exit_3_before_any_connection() {
    let sim = simulator(quiet());
    let mut home = Home::at(&sim);
    home.run(&["feed", "IDX_I:13", "-o", "/nowhere/at/all/x.ndjson"]).exits(9).says("/nowhere/at/all");
    home.set("DHAN_ACCESS_TOKEN", "");
    home.set("ACCESS_TOKEN", SENTINEL);
    home.run(&["feed", "IDX_I:13"]).exits(3).says("ACCESS_TOKEN");
    assert_eq!(sim.tcp_accepted(), 0);
}

#[test]
fn a_token_on_the_command_line_is_refused_and_not_printed() {
    let sim = simulator(quiet());
    let home = Home::at(&sim);
    for line in [["feed", "--access-token", SENTINEL], ["feed", "IDX_I:13", SENTINEL]] {
        home.run(&line).exits(2);
    }
    assert_eq!(sim.tcp_accepted(), 0);
}

#[test]
fn a_file_has_the_records_of_stdout_and_an_end_record() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let (plain, packed) = (home.path("a.ndjson"), home.path("b.csv.zst"));
    let done = home.run(&["feed", "IDX_I:13@quote", "-n", "50", "-o", text(&plain), "-o", "-", "-o", text(&packed)]);
    let done = done.exits(0);
    let file = std::fs::read_to_string(&plain).expect("written");
    let (records, end) = file.trim_end().rsplit_once('\n').expect("more than a line");
    assert_eq!(format!("{records}\n"), done.out);
    let (end, books) = (serde_json::from_str::<Value>(end).expect("JSON"), done.counters());
    assert_eq!((&end["type"], &end["reason"], &end["written"]), (&"end".into(), &"count".into(), &50.into()));
    assert_eq!(end["received"].as_u64(), Some(books.received));
    let unpacked = zstd::decode_all(std::fs::File::open(&packed).expect("it exists")).expect("whole");
    assert_eq!(String::from_utf8(unpacked).expect("UTF-8").lines().count(), 51, "a header and the records");
    let hidden = home.path(".a.ndjson.dhan");
    assert!(!hidden.exists(), "an orderly end removes the marker");
    home.run(&["verify", text(&plain), text(&packed)]).exits(0);
}

#[test]
fn a_second_run_on_the_same_file_is_refused() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let file = home.path("a.ndjson");
    let run = home.start(&["feed", "IDX_I:13", "-o", text(&file)]);
    until("it writes", || std::fs::metadata(&file).is_ok_and(|m| m.len() > 0));
    let pid = run.pid().to_string();
    let connections = sim.connections(Stream::Market).seen;
    home.run(&["feed", "IDX_I:25", "-o", text(&file)]).exits(10).says(&pid);
    assert_eq!(sim.connections(Stream::Market).seen, connections);
    run.stop(Signal::TERM).exits(0);
}

#[test]
fn status_records_follow_the_steps_of_a_connection() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let run = home.start(&["feed", "IDX_I:13", "--status-records"]);
    let id = subscribed(&sim, Stream::Market, 1);
    run.status("live", 1);
    sim.cut(id, Cut::Close(1001));
    run.status("live", 2);
    let done = run.stop(Signal::TERM).exits(0);
    let events: Vec<_> = done.of("status").iter().map(|s| s["event"].as_str().expect("a word").to_owned()).collect();
    let expected = [
        "connecting",
        "connected",
        "requested",
        "live",
        "disconnected",
        "retrying",
        "connecting",
        "connected",
        "requested",
        "live",
        "stopping",
    ];
    assert_eq!(events, expected);
    let disconnected = &done.of("status")[4];
    assert!(disconnected["detail"].as_str().expect("why").contains("1001"), "{disconnected}");
    let keys: Vec<_> = disconnected.as_object().expect("an object").keys().cloned().collect();
    assert_eq!(
        BTreeSet::from_iter(keys),
        BTreeSet::from_iter(["type", "feed", "conn", "event", "detail", "recv_us"].map(str::to_owned))
    );
    let end = done.records().pop().expect("an end");
    assert_eq!((&end["type"], &end["reason"], &end["gaps"]), (&"end".into(), &"signal".into(), &1.into()));
}

/// A session without a terminal, as under cron or systemd.
fn detached(home: &Home, line: &[&str]) -> Command {
    let mut command = home.bare("setsid");
    command.arg(DHAN).args(line);
    command
}

#[test]
fn sighup_reads_the_lists_again_and_sends_only_the_difference() {
    if Command::new("setsid").arg("--version").output().is_err() {
        return skipped("there is no setsid");
    }
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let list = home.list("list", ["IDX_I:13", "NSE_EQ:1", "NSE_EQ:2@quote"].map(str::to_owned));
    let run = home.start(detached(&home, &["feed", "-i", text(&list), "IDX_I:25"]));
    let id = subscribed(&sim, Stream::Market, 4);
    run.records("quote", 1);
    let asked = sim.texts_of(id).len();
    home.list("list", ["IDX_I:13", "NSE_EQ:2@full", "NSE_EQ:3"].map(str::to_owned));
    run.signal(Signal::HUP);
    until("the difference is there", || {
        sim.texts_of(id).len() >= asked + 4 && sim.subscriptions(Stream::Market).len() == 4
    });
    let mut new = codes(&sim.texts_of(id)[asked..]);
    new.sort_unstable();
    // Unsubscribe ticker and quote, subscribe ticker and full, one instrument each.
    assert_eq!(new, [15, 16, 18, 21]);
    assert_eq!(counts(&sim.texts_of(id)[asked..]), [1, 1, 1, 1]);
    // A bad line and an unknown name do not affect other lines.
    home.list(
        "list",
        ["IDX_I:13", "FOO:1", "NSE_EQ:2@full", "NSE_EQ:3", "NO SUCH NAME", "NSE_EQ:4"].map(str::to_owned),
    );
    run.signal(Signal::HUP);
    subscribed(&sim, Stream::Market, 5);
    run.says("the line is skipped");
    run.says("lists read again: 1 added, 0 removed");
    home.list("list", ["IDX_I:13", "NSE_EQ:2@full", "NSE_EQ:3"].map(str::to_owned));
    run.signal(Signal::HUP);
    until("the fifth is gone", || sim.subscriptions(Stream::Market).len() == 4);
    // An unreadable list leaves the subscriptions as they are.
    std::fs::remove_file(&list).expect("removed");
    run.signal(Signal::HUP);
    run.says("stays in force");
    // A reconnect subscribes the changed set.
    let wanted = sim.subscriptions(Stream::Market);
    sim.cut(id, Cut::Reset);
    until("another connection", || sim.connections(Stream::Market).seen == 2);
    subscribed(&sim, Stream::Market, 4);
    assert_eq!(sim.subscriptions(Stream::Market), wanted);
    run.records("gap", 1);
    run.stop(Signal::TERM).exits(0).counters();
}

#[test]
fn sighup_reopens_files_that_were_moved_away() {
    if Command::new("setsid").arg("--version").output().is_err() {
        return skipped("there is no setsid");
    }
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let (file, moved) = (home.path("a.ndjson"), home.path("a.ndjson.1"));
    let run = home.start(detached(&home, &["feed", "IDX_I:13", "-o", text(&file)]));
    until("it writes", || std::fs::metadata(&file).is_ok_and(|m| m.len() > 0));
    std::fs::rename(&file, &moved).expect("moved");
    run.signal(Signal::HUP);
    until("a new file is written", || std::fs::metadata(&file).is_ok_and(|m| m.len() > 0));
    let books = run.stop(Signal::TERM).exits(0).counters();
    let of = |path| std::fs::read_to_string(path).expect("it exists");
    let ticks = of(&file).matches(r#""type":"ticker""#).count() + of(&moved).matches(r#""type":"ticker""#).count();
    assert_eq!(ticks as u64, books.written);
}

#[test]
fn control_lines_change_the_subscriptions_and_nothing_else() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let fifo = home.path("control");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::from_raw_mode(0o600)).expect("a FIFO");
    let run = home.start(&["feed", "IDX_I:13", "NSE_EQ:2885", "NSE_EQ:2885@quote", "--control", text(&fifo)]);
    let id = subscribed(&sim, Stream::Market, 3);
    let asked = sim.texts_of(id).len();
    let say = |line: &str| std::fs::write(&fifo, format!("{line}\n")).expect("written");
    say("sub NSE_EQ:5@full NSE_EQ:2885 # the second is there already");
    subscribed(&sim, Stream::Market, 4);
    run.records("full", 1);
    assert_eq!(codes(&sim.texts_of(id)[asked..]), [21]);
    say("unsub NSE_EQ:2885");
    until("both its modes are gone", || sim.subscriptions(Stream::Market).len() == 2);
    let mut gone = codes(&sim.texts_of(id)[asked + 1..]);
    gone.sort_unstable();
    assert_eq!(gone, [16, 18]);
    // A packet of an unsubscribed instrument is filtered, one of an unrequested instrument is printed.
    let mut packets = Vec::new();
    encode::ticker(&mut packets, InstrumentKey::new(Segment::NSE_EQ, 2885), 7.25, 0);
    encode::ticker(&mut packets, InstrumentKey::new(Segment::NSE_EQ, 77), 8.25, 0);
    sim.send(id, packets);
    run.printed("the stranger", |text| text.contains(r#""security_id":"77""#));
    say("list\nsell NSE_EQ:5");
    run.says("NSE_EQ:5@full");
    run.says("\"sell\" is no command");
    sim.cut(id, Cut::Reset);
    until("another connection", || sim.connections(Stream::Market).seen == 2);
    subscribed(&sim, Stream::Market, 2);
    say("quit");
    let done = run.end().exits(0);
    assert!(!done.out.contains(r#""ltp":7.25"#), "what was unsubscribed is filtered");
    assert!(done.counters().filtered >= 1);
    let left: Vec<_> = sim.texts_of(id + 1).iter().take(2).cloned().collect();
    assert!(!left.concat().contains("2885"), "{left:?}");
}

#[test]
fn a_fifo_loses_no_line_of_writers_that_open_and_close_it_quickly() {
    const LINES: usize = 10_000;
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let fifo = home.path("control");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::from_raw_mode(0o600)).expect("a FIFO");
    let run = home.start(&["feed", "IDX_I:13", "--control", text(&fifo)]);
    subscribed(&sim, Stream::Market, 1);
    // The end of a writer also ends its last line.
    std::fs::write(&fifo, "no-command").expect("written");
    run.says("no-command");
    for n in 0..LINES {
        std::fs::write(&fifo, format!("no-{n}-command\n")).expect("written");
    }
    std::fs::write(&fifo, "quit\n").expect("written");
    let done = run.end().exits(0);
    assert_eq!(done.err.matches("the line is skipped").count(), LINES + 1);
}

#[test]
fn control_lines_are_read_from_stdin_and_its_end_does_not_end_the_run() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let mut command = home.command(&["feed", "IDX_I:13", "--control", "-"]);
    command.stdin(Stdio::piped());
    let mut run = home.start(command);
    subscribed(&sim, Stream::Market, 1);
    let mut stdin = run.stdin.take().expect("a pipe");
    stdin.write_all(b"sub IDX_I:25\n").expect("written");
    drop(stdin);
    subscribed(&sim, Stream::Market, 2);
    run.printed("both", |text| text.contains(r#""security_id":"25""#));
    assert!(run.is_running());
    run.stop(Signal::TERM).exits(0);
}

#[test]
fn counters_are_printed_on_sigusr1_and_every_stats_interval() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let run = home.start(&["feed", "IDX_I:13"]);
    run.records("ticker", 5);
    run.signal(Signal::USR1);
    run.says("sockets 1/1, instruments requested 1 seen 1, records ticker ");
    run.stop(Signal::TERM).exits(0);
    let run = home.start(&["feed", "IDX_I:13", "--stats", "1s"]);
    run.says("sockets 1/1");
    run.stop(Signal::TERM).exits(0);
}

#[test]
fn a_control_path_that_is_a_folder_or_missing_is_refused_before_any_connection() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    for name in [".", "missing"] {
        let ended = home.run(&["feed", "IDX_I:13", "--control", name]).exits(2);
        assert!(ended.err.contains(&format!("--control {name:?} cannot be read")), "{}", ended.err);
    }
    assert_eq!(sim.tcp_accepted(), 0);
}

/// Returns what a run shows on a terminal: its stderr, and its stdout too if `is_stdout`.
fn on_a_terminal(home: &Home, line: &[&str], is_stdout: bool) -> String {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&terminal).expect("granted");
    unlockpt(&terminal).expect("unlocked");
    let name = ptsname(&terminal, Vec::new()).expect("its name").into_string().expect("ASCII");
    let end = std::fs::OpenOptions::new().write(true).open(name).expect("its other end");
    let mut command = home.command(line);
    let stdout = if is_stdout { end.try_clone().expect("another end").into() } else { Stdio::null() };
    command.env("TERM", "xterm").stdout(stdout).stderr(end);
    let mut child = command.spawn().expect("dhan starts");
    // This copy of the terminal must be closed, so that reading ends with the run.
    drop(command);
    let mut shown = Vec::new();
    // Reading a closed terminal is an error.
    let _ = std::fs::File::from(terminal).read_to_end(&mut shown);
    assert!(child.wait().expect("it ends").success());
    String::from_utf8_lossy(&shown).into_owned()
}

#[test]
fn the_live_line_is_printed_on_terminals_and_not_with_quiet() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let line = ["feed", "IDX_I:13", "-d", "2500ms"];
    assert!(on_a_terminal(&home, &line, false).contains("of 1 instruments"));
    let quiet = on_a_terminal(&home, &[&line[..], &["-q"]].concat(), false);
    assert!(!quiet.contains("instruments"), "{quiet}");
    let file = on_a_terminal(&home, &[&line[..], &["-o", "day.ndjson"]].concat(), true);
    assert!(file.contains("of 1 instruments"), "no record is printed there: {file}");
    let records = on_a_terminal(&home, &line, true);
    assert!(records.contains("\"ticker\"") && !records.contains("of 1 instruments"), "{records}");
}

#[test]
fn a_dry_run_connects_nowhere_and_shows_no_secret() {
    let sim = simulator(quiet());
    let home = Home::at(&sim);
    let done = home.run(&["feed", "IDX_I:13@full", "NSE_EQ:2885@quote", "--dry-run"]).exits(0);
    assert!(done.out.contains(&format!("{}", sim.addr())) && done.out.contains("[redacted]"), "{}", done.out);
    assert!(done.out.contains(r#""RequestCode":17"#) && !done.out.contains(CLIENT), "{}", done.out);
    home.run(&["depth", "NSE_EQ:2885", "--dry-run"]).exits(0);
    home.run(&["orders", "--dry-run"]).exits(0);
    assert_eq!((sim.tcp_accepted(), home.state_files().len()), (0, 0));
}

/// More packets than fit into the 64 MiB output queue and the socket's buffers.
const FLOOD: u64 = 200_000;

fn flood() -> SimConfig {
    SimConfig { prev_close: dhan::testing::simulator::PrevClose::None, ..flooding(FLOOD, 50) }
}

#[test]
fn on_lag_block_stops_reading_the_socket_and_loses_nothing() {
    let _alone = heavy();
    let sim = simulator(flood());
    let home = Home::at(&sim);
    let count = FLOOD.to_string();
    let mut command = home.command(&["feed", "NSE_EQ:2885@full", "--on-lag", "block", "-n", &count]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("dhan starts");
    // The pipe, the output queue and the socket are full: no packet is read any more.
    let sent = || sim.open(Stream::Market).first().map_or(0, |connection| connection.packets_sent);
    until("the server is held up", || {
        let before = sent();
        std::thread::sleep(Duration::from_millis(700));
        before > 0 && before == sent()
    });
    let held_at = sent();
    let mut lines = 0;
    for line in BufReader::new(child.stdout.take().expect("a pipe")).split(b'\n') {
        lines += u64::from(!line.expect("bytes").is_empty());
    }
    let output = child.wait_with_output().expect("its end");
    let messages = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), lines), (Some(0), FLOOD), "{messages}");
    assert!(messages.contains("dropped 0"), "{messages}");
    assert!(held_at < FLOOD, "it was never held up, so nothing was proven: {held_at}");
}

#[test]
fn fail_on_gap_is_exit_13_at_the_end_of_the_run() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    for (most, code) in [("1us", 13), ("1h", 0)] {
        let run = home.start(&["feed", "IDX_I:13", "--fail-on-gap", most]);
        let id = subscribed(&sim, Stream::Market, 1);
        run.records("ticker", 3);
        sim.cut(id, Cut::Reset);
        run.records("gap", 1);
        run.records("ticker", 10);
        run.stop(Signal::TERM).exits(code);
        until("it is gone", || sim.open(Stream::Market).is_empty());
    }
}

#[test]
fn no_gaps_omits_the_record_and_counts_the_gap() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let run = home.start(&["feed", "IDX_I:13", "--no-gaps"]);
    let id = subscribed(&sim, Stream::Market, 1);
    run.records("ticker", 2);
    sim.cut(id, Cut::Fin);
    until("another connection", || sim.connections(Stream::Market).seen == 2);
    subscribed(&sim, Stream::Market, 1);
    let before = run.out.text().lines().count();
    run.printed("more", |text| text.lines().count() > before + 5);
    let done = run.stop(Signal::TERM).exits(0);
    assert_eq!((done.of("gap").len(), done.counters().gaps), (0, 1));
}

#[test]
fn count_counts_printed_records_and_only_keeps_gap_records() {
    let sim = simulator(SimConfig { stacking: Stacking::Always(7), ..lively() });
    let home = Home::at(&sim);
    let done = home.run(&["feed", "NSE_FNO:49081@quote", "IDX_I:13", "-n", "25", "--only", "quote,oi"]).exits(0);
    let records = done.records();
    assert_eq!(records.len(), 25);
    assert!(records.iter().all(|record| record["type"] == "quote" || record["type"] == "oi"));
    let books = done.counters();
    assert_eq!(books.written, 25);
    assert!(books.filtered > 0, "what else came is accounted for: {books:?}");
    let run = home.start(&["feed", "IDX_I:13", "--only", "ticker"]);
    let id = subscribed(&sim, Stream::Market, 1);
    run.records("ticker", 3);
    sim.cut(id, Cut::Reset);
    run.records("gap", 1);
    run.stop(Signal::TERM).exits(0);
    let one = home.run(&["feed", "IDX_I:13", "--only", "ticker", "-f", "csv", "-n", "3"]).exits(0);
    assert_eq!(one.out.lines().next(), Some("type,segment,security_id,symbol,ltp,ltt,recv_us"));
    assert_eq!(one.out.lines().count(), 4);
}

#[test]
fn iso_times_have_keys_of_their_own() {
    let sim = simulator(quiet());
    let done = Home::at(&sim).run(&["feed", "IDX_I:13", "--time", "iso", "-n", "1"]).exits(0);
    let line = done.out.trim_end();
    let ends = line.rsplit_once(r#""recv":""#).map(|(_, end)| end.ends_with(r#"+05:30"}"#));
    assert_eq!((ends, line.contains("recv_us")), (Some(true), false), "{line}");
}

#[test]
fn an_unknown_name_is_exit_14_before_any_connection_unless_skip_missing_is_given() {
    let sim = simulator(quiet());
    let home = Home::at(&sim);
    let done = home.run(&["feed", "RELIANCE", "NOSUCHNAME", "NSE_EQ:RELIANSE", "-n", "1"]).exits(14);
    assert!(done.err.contains("NOSUCHNAME") && done.err.contains("RELIANSE"), "{}", done.err);
    assert_eq!(sim.connections(Stream::Market).seen, 0);
    let done = home.run(&["feed", "NSE_EQ:RELIANCE", "NOSUCHNAME", "--skip-missing", "-n", "1"]).exits(0);
    assert!(done.err.contains("left out") && done.err.contains("NOSUCHNAME"), "{}", done.err);
    let record = &done.records()[0];
    assert_eq!((&record["security_id"], &record["symbol"]), (&"2885".into(), &"RELIANCE".into()));
    home.run(&["feed", "NOSUCHNAME", "--skip-missing", "-n", "1"]).exits(14);
}

#[test]
fn full_mode_of_an_index_is_requested_as_quote_with_a_warning() {
    let sim = simulator(lively());
    let done = Home::at(&sim).run(&["feed", "IDX_I:13", "--mode", "full", "-n", "2"]).exits(0).says("quote");
    assert_eq!(done.of("quote").len(), 2);
    let asked = sim.texts();
    assert!(asked[0].text.contains(r#""RequestCode":17"#), "{asked:?}");
}

#[test]
fn an_instrument_in_two_modes_is_two_subscriptions_and_duplicates_are_one() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let run = home.start(&["feed", "NSE_EQ:2885", "nse:2885", "1:2885@ticker", "NSE_EQ:2885@full"]);
    subscribed(&sim, Stream::Market, 2);
    run.records("full", 1);
    run.records("ticker", 1);
    let modes: Vec<_> = sim.subscriptions(Stream::Market).into_iter().filter_map(|s| s.mode).collect();
    assert_eq!(modes, [Mode::Ticker, Mode::Full]);
    run.stop(Signal::TERM).exits(0);
}

#[test]
fn ten_seconds_without_a_packet_are_explained_on_stderr() {
    let sim = simulator(SimConfig { faults: vec![Fault::Mute], ..quiet() });
    let home = Home::at(&sim);
    let run = home.start(&["feed", "IDX_I:13"]);
    run.says("nothing has come");
    run.stop(Signal::TERM).exits(0);
}

#[test]
fn no_verbosity_or_log_format_prints_the_token() {
    let sim = simulator(lively());
    let mut home = Home::at(&sim);
    home.set("SSLKEYLOGFILE", text(&home.path("keys")));
    for more in [&["-vv"][..], &["-v", "--log-format", "json"], &["-q"], &["-vv", "--color", "always"]] {
        let mut line = vec!["feed", "IDX_I:13", "-n", "3"];
        line.extend(more);
        home.run(&line).exits(0);
        sim.next_upgrade(dhan::testing::simulator::Upgrade::Answer(
            dhan::testing::simulator::Response::status(400).header("X-Echo", &format!("token={SENTINEL}")),
        ));
        home.run(&line).exits(5);
    }
    assert!(!home.path("keys").exists(), "TLS keys are for nobody");
    assert!(home.state_files().iter().all(|(name, text)| !name.contains(CLIENT) && !text.contains(CLIENT)));
}

#[test]
fn a_running_stream_has_no_secret_on_its_command_line_and_dumps_no_core() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let run = home.start(&["feed", "IDX_I:13"]);
    run.records("ticker", 1);
    let line = std::fs::read(format!("/proc/{}/cmdline", run.pid())).expect("it exists");
    secrets::assert_clean("cmdline", &line);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", run.pid())).expect("it exists");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit");
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    run.stop(Signal::TERM).exits(0);
}

#[test]
fn a_run_through_a_proxy_that_splits_at_every_byte_prints_the_same() {
    let sim = simulator(SimConfig { record_sent: true, ..quiet() });
    let split = proxy::Manners { split: Some(1), ..proxy::Manners::default() };
    let proxy = proxy::Proxy::start(sim.addr(), split).expect("a proxy");
    let mut home = Home::at(&sim);
    home.set("DHAN_WS_MARKET_FEED_URL", &proxy.url(&sim.url(Stream::Market)));
    let done = home.run(&["feed", "IDX_I:13@quote", "NSE_EQ:2885@full", "NSE_EQ:1", "-n", "3"]).exits(0);
    let mut kinds: Vec<_> = done.records().iter().map(|r| r["type"].to_string()).collect();
    kinds.sort();
    assert_eq!(kinds, [r#""full""#, r#""quote""#, r#""ticker""#]);
    assert!(proxy.seen().down > 200);
}
