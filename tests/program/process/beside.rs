//! Several outputs: one that stops or fails does not affect the others.

use crate::support::{
    DHAN, Home, Signal, assert_within, count_lines, flooding, records, signal, simulator, simulator_of, subscribed,
    wait,
};
use dhan::testing::model::Stream;
use dhan::testing::simulator::{PrevClose, SimConfig};
use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

fn packets(text: &str) -> usize {
    let is_control = |record: &Value| matches!(record["type"].as_str(), Some("gap" | "status" | "end"));
    records(text).iter().filter(|record| !is_control(record)).count()
}

#[track_caller]
fn verify(home: &Home, file: &str, code: i32) {
    let mut command = home.command(&[]);
    command.args(["verify", file]);
    home.run(command).exits(code);
}

/// Returns the sorted names of the files in a home that begin and end like this.
fn names(home: &Home, begin: &str, end: &str) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(home.path(".")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.starts_with(begin) && name.ends_with(end));
    names.sort();
    names
}

#[test]
fn every_record_type_has_its_own_files_that_rotate_and_verify() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    let instruments = ["feed", "NSE_EQ:2885@quote", "NSE_EQ:1333@ticker"];
    let ended = home.run({
        let mut command = home.dhan(&sim, &instruments);
        command.args(["-o", "{type}.ndjson", "-o", "{type}.csv", "--rotate-size", "5KB", "-n", "300"]);
        command
    });
    let [_, written, ..] = ended.exits(0).counts();
    let mut lines = 0;
    for kind in ["quote", "ticker", "prev_close"] {
        let (ndjson, csv) = (names(&home, kind, ".ndjson"), names(&home, kind, ".csv"));
        assert!(kind == "prev_close" || ndjson.len() > 1 && csv.len() > 1, "{kind} did not rotate: {ndjson:?} {csv:?}");
        let only = home.run({
            let mut command = home.dhan(&sim, &instruments);
            command.args(["--only", kind, "-f", "csv", "-n", "1"]);
            command
        });
        let header = only.exits(0).out.lines().next().unwrap().to_owned();
        let (mut here, mut rows) = (0, 0);
        for name in &ndjson {
            let text = home.text(name);
            assert!(records(&text).iter().all(|record| record["type"] == kind || record["type"] == "end"), "{name}");
            here += packets(&text);
            verify(&home, name, 0);
        }
        for name in &csv {
            let text = home.text(name);
            assert_eq!(text.lines().next(), Some(header.as_str()), "{name}");
            rows += text.lines().count() - 1;
            verify(&home, name, 0);
        }
        assert_eq!(rows, here, "{kind}");
        lines += here;
    }
    assert_eq!(lines as u64, written);
    assert_eq!(names(&home, "", ".dhan"), [] as [&str; 0], "a marker was left");
}

#[test]
fn an_unknown_extension_is_refused_and_a_name_without_one_is_ndjson() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    let command = |more: &[&str]| {
        let mut command = home.dhan(&sim, &["feed", "NSE_EQ:2885", "-n", "3", "-o"]);
        command.args(more);
        command
    };
    for name in ["x.txt", "x.txt.gz", "x.parquet", "{date}.log.zst"] {
        let ended = home.run(command(&[name])).exits(2);
        assert!(ended.err.contains(name) && ended.err.contains("--format"), "{name}: {}", ended.err);
    }
    assert_eq!(sim.tcp_accepted(), 0, "something connected before the name was looked at");
    for more in [&["plain"][..], &["x.json"], &["x.jsonl"], &["x.log", "--format", "ndjson"]] {
        home.run(command(more)).exits(0);
        assert_eq!(packets(&home.text(more[0])), 3, "{more:?}");
        verify(&home, more[0], 0);
    }
}

#[test]
fn a_message_names_the_file_when_records_go_to_another_than_the_named_one() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    fs::write(home.path("a.csv"), "time,price\n1,2\n").unwrap();
    fs::write(home.path("notes.ndjson"), "a diary\n").unwrap();
    for (named, beside, why) in [("a.csv", "a.1.csv", "another header"), ("notes.ndjson", "notes.1.ndjson", "a record")]
    {
        let before = home.text(named);
        let ended = home.run(home.dhan(&sim, &["feed", "NSE_EQ:2885", "-n", "3", "-o", named])).exits(0);
        let messages = ended.err.lines().find(|line| line.contains("warning") && line.contains(beside));
        assert!(messages.is_some_and(|line| line.contains(named) && line.contains(why)), "{}", ended.err);
        assert_eq!(home.text(named), before, "the named file changed");
        verify(&home, beside, 0);
    }
}

#[test]
fn a_slow_reader_loses_records_on_stdout_and_none_in_the_file() {
    let _alone = crate::support::heavy();
    // More than the 64 MiB of the output queue.
    const PACKETS: u64 = 110_000;
    let sim = simulator(SimConfig { prev_close: PrevClose::None, ..flooding(PACKETS, 100) });
    let home = Home::new();
    let args = ["feed", "NSE_EQ:2885", "-m", "full", "-o", "t.ndjson", "-o", "-"];
    let (running, stdout) = home.start_piped(home.dhan(&sim, &args));
    let file = home.path("t.ndjson");
    wait("the whole flood in the file", || (count_lines(&file) as u64 >= PACKETS).then_some(()));
    // The reader reads again, and gets the kept records and the gap.
    let (mut printed, mut lost) = (0, 0);
    let mut lines = BufReader::new(stdout).lines();
    while printed + lost < PACKETS {
        let line = lines.next().expect("stdout ended early").unwrap();
        if line.starts_with("{\"type\":\"full\"") {
            printed += 1;
        } else {
            let gap: Value = serde_json::from_str(&line).unwrap();
            assert_eq!((&gap["type"], &gap["reason"]), (&"gap".into(), &"lagged".into()), "{line}");
            lost += gap["dropped"].as_u64().unwrap();
        }
    }
    assert!(lost > 0, "the reader was never too slow, so nothing was proven");
    let ended = running.stop(Signal::INT).exits(0);
    let [received, written, _, dropped, ..] = ended.counts();
    assert_eq!((received, written, dropped), (PACKETS, PACKETS, 0), "{}", ended.err);
    let text = home.text("t.ndjson");
    let end: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!((&end["type"], &end["written"], &end["dropped"]), (&"end".into(), &PACKETS.into(), &0.into()), "{end}");
    verify(&home, "t.ndjson", 0);
}

#[test]
fn a_full_disk_under_one_file_loses_nothing_in_the_other() {
    let sim = simulator_of(2_000.0);
    let home = Home::new();
    let Some(mut command) = home.on_a_small_disk("size=64k", "exec \"$@\"") else { return };
    command.envs(sim.environment());
    command.args(["feed", "NSE_EQ:2885", "-o", "full/bad.ndjson", "-o", "good.ndjson"]);
    let running = home.start(command);
    running.says("No space left");
    let good = home.path("good.ndjson");
    let before = count_lines(&good);
    wait("more in the good file", || (count_lines(&good) > before + 2_000).then_some(()));
    let ended = running.stops_soon(Signal::TERM).exits(0);
    let [_, written, _, dropped, ..] = ended.counts();
    assert_eq!((packets(&home.text("good.ndjson")) as u64, dropped), (written, 0), "{}", ended.err);
    verify(&home, "good.ndjson", 0);
}

#[test]
fn a_blocking_reader_gets_every_record_after_the_duration_has_ended() {
    let sim = simulator_of(2_000.0);
    let home = Home::new();
    let args = ["feed", "NSE_EQ:2885", "-m", "full", "--on-lag", "block", "-d", "3s"];
    let (running, stdout) = home.start_piped(home.dhan(&sim, &args));
    let _ = subscribed(&sim, Stream::Market, 1);
    wait("the end of the time", || sim.open(Stream::Market).is_empty().then_some(()));
    let lines = BufReader::new(stdout).split(b'\n').count();
    let ended = running.end().exits(0);
    let [_, written, _, dropped, _, gaps] = ended.counts();
    // Several times the size of a pipe.
    assert!(written > 2_000, "{}", ended.err);
    assert_eq!((lines as u64, dropped, gaps), (written, 0, 0), "{}", ended.err);
}

#[test]
fn a_signal_ends_a_run_whose_stderr_is_full() {
    let sim = simulator_of(1_000.0);
    let home = Home::new();
    // The pipe of stderr is full: at this verbosity every packet is a message.
    let mut command = home.dhan(&sim, &["feed", "NSE_EQ:2885", "-vv", "-o", "t.ndjson"]);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let file = home.path("t.ndjson");
    wait("records", || (count_lines(&file) > 1_500).then_some(()));
    let _kept = child.stderr.take().unwrap();
    signal(&child, Signal::TERM);
    let signalled = Instant::now();
    let status = wait("the end", || child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
    assert_within(Duration::from_secs(3), signalled.elapsed(), "the end");
    verify(&home, "t.ndjson", 0);
}

#[test]
fn a_fifo_without_a_reader_as_output_is_refused_at_once() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    rustix::fs::mkfifoat(rustix::fs::CWD, home.path("pipe.ndjson"), rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
    let ended = home.run(home.dhan(&sim, &["feed", "NSE_EQ:2885", "-o", "x.ndjson", "-o", "pipe.ndjson"])).exits(9);
    assert!(ended.err.contains("pipe.ndjson") && ended.err.contains("-o -"), "{}", ended.err);
    assert_eq!(sim.tcp_accepted(), 0);
    // The failed start leaves none of its other files.
    assert_eq!(names(&home, "", "x.ndjson"), [] as [&str; 0]);
}

#[test]
fn a_csv_file_truncated_by_others_gets_its_header_again() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    let running = home.start(home.dhan(&sim, &["feed", "NSE_EQ:2885", "-o", "t.csv"]));
    let file = home.path("t.csv");
    wait("records", || (count_lines(&file) > 300).then_some(()));
    let header = home.text("t.csv").lines().next().unwrap().to_owned();
    // Truncated as by logrotate's copytruncate.
    fs::copy(&file, home.path("t.1.csv")).unwrap();
    fs::File::options().write(true).open(&file).unwrap().set_len(0).unwrap();
    running.says("t.csv");
    wait("the header", || home.text("t.csv").lines().any(|line| line == header).then_some(()));
    wait("the gap", || home.text("t.csv.gaps.ndjson").contains("\"lagged\"").then_some(()));
    running.stop(Signal::INT).exits(0);
    let text = home.text("t.csv");
    assert!(!text.contains('\0'), "a hole");
    assert_eq!(text.lines().next(), Some(header.as_str()), "what follows has no names without it");
    assert_eq!(text.lines().filter(|line| *line == header).count(), 1);
    verify(&home, "t.csv", 13);
}

#[test]
fn a_deleted_capture_is_reported_and_created_again() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    let args = ["feed", "NSE_EQ:2885", "--capture", "c.dcap", "-o", "t.ndjson"];
    let running = home.start(home.dhan(&sim, &args));
    let (capture, file) = (home.path("c.dcap"), home.path("t.ndjson"));
    let size = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    wait("blocks", || (size(&capture) > 4_000).then_some(()));
    fs::remove_file(&capture).unwrap();
    running.says("c.dcap");
    wait("a new capture", || (size(&capture) > 4_000).then_some(()));
    let ended = running.stop(Signal::TERM).exits(0);
    let [_, written, _, dropped, ..] = ended.counts();
    assert_eq!((packets(&home.text("t.ndjson")) as u64, dropped), (written, 0), "the file beside it is whole");
    let replayed = home.run({
        let mut command = home.command(&[]);
        command.args(["replay", "c.dcap"]);
        command
    });
    let replayed = replayed.exits(0);
    let last = |text: &str| text.lines().rfind(|line| line.starts_with("{\"type\":\"ticker\"")).unwrap().to_owned();
    assert_eq!(last(&replayed.out), last(&fs::read_to_string(file).unwrap()), "the new capture goes to the end");
    verify(&home, "c.dcap", 13);
}

#[test]
fn a_rotate_command_does_not_keep_the_runs_stdout_open() {
    let home = Home::new();
    let mut command = home.bare("sh");
    // The command ends when the test creates a file, or after a minute.
    let script = "exec 2>messages; x=$(\"$0\" feed --demo -n 3 -o - -o f.ndjson --on-rotate \
                  'touch begun; i=0; while [ ! -e release ] && [ $i -lt 600 ]; do sleep 0.1; i=$((i+1)); done; touch over'); \
                  echo \"$x\"";
    command.args(["-c", script, DHAN]);
    let ended = home.run(command).exits(0);
    assert_eq!(packets(&ended.out), 3, "{}", ended.out);
    wait("the command", || home.path("begun").exists().then_some(()));
    assert!(!home.path("over").exists(), "the shell waited");
    fs::write(home.path("release"), "").unwrap();
    wait("its end", || home.path("over").exists().then_some(()));
}

/// Returns the time of the last complete record of a type, in µs since the epoch.
fn last_us(text: &str, kind: &str) -> i64 {
    let begins = format!("{{\"type\":\"{kind}\"");
    let last = text.lines().rfind(|line| line.starts_with(&begins) && line.ends_with('}')).expect("a record");
    serde_json::from_str::<Value>(last).unwrap()["recv_us"].as_i64().unwrap()
}

#[test]
fn a_kill_beside_a_stopped_reader_loses_at_most_a_second_of_the_files() {
    let sim = simulator_of(3_000.0);
    let home = Home::new();
    let args = ["feed", "NSE_EQ:2885", "-m", "full", "--capture", "c.dcap", "-o", "t.ndjson", "-o", "-"];
    let (mut running, stdout) = home.start_piped(home.dhan(&sim, &args));
    let file = home.path("t.ndjson");
    // Far more than the reader's pipe holds.
    wait("records", || (count_lines(&file) > 9_000).then_some(()));
    let killed_us = dhan::testing::clock::now().get();
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    drop(stdout);
    let replayed = home.run({
        let mut command = home.command(&[]);
        command.args(["replay", "c.dcap"]);
        command
    });
    // The contract promises one second; a busy machine gets another.
    for (name, text) in [("the file", home.text("t.ndjson")), ("the capture", replayed.exits(0).out)] {
        let lost_us = killed_us - last_us(&text, "full");
        assert!(lost_us < 2_000_000, "{name} lost {lost_us} µs");
    }
}

#[test]
fn a_full_disk_under_a_capture_loses_nothing_in_the_file() {
    let sim = simulator_of(2_000.0);
    let home = Home::new();
    let Some(mut command) = home.on_a_small_disk("size=32k", "exec \"$@\"") else { return };
    command.envs(sim.environment());
    command.args(["feed", "NSE_EQ:2885", "-m", "full", "--capture", "full/c.dcap", "-o", "good.ndjson"]);
    let running = home.start(command);
    running.says("No space left");
    let good = home.path("good.ndjson");
    let before = count_lines(&good);
    wait("more in the file", || (count_lines(&good) > before + 2_000).then_some(()));
    let ended = running.stops_soon(Signal::TERM).exits(0);
    let [_, written, _, dropped, ..] = ended.counts();
    assert_eq!((packets(&home.text("good.ndjson")) as u64, dropped), (written, 0), "{}", ended.err);
    verify(&home, "good.ndjson", 0);
}

#[test]
fn sighup_creates_a_new_capture_after_the_old_one_was_moved() {
    let sim = simulator_of(1_000.0);
    let home = Home::new();
    // Without a terminal, since a hang-up of a terminal ends the run.
    let mut command = home.bare("setsid");
    command.arg(DHAN).envs(sim.environment());
    command.args(["feed", "NSE_EQ:2885", "--capture", "c.dcap", "-o", "t.ndjson"]);
    let running = home.start(command);
    let capture = home.path("c.dcap");
    let size = || fs::metadata(&capture).map_or(0, |metadata| metadata.len());
    wait("blocks", || (size() > 4_000).then_some(()));
    fs::rename(&capture, home.path("old.dcap")).unwrap();
    running.signal(Signal::HUP);
    wait("blocks in a new capture", || (size() > 4_000).then_some(()));
    let ended = running.stop(Signal::TERM).exits(0);
    let mut replayed = 0;
    for name in ["old.dcap", "c.dcap"] {
        verify(&home, name, 0);
        let mut command = home.command(&[]);
        command.args(["replay", name]);
        replayed += packets(&home.run(command).exits(0).out);
    }
    let [_, written, _, dropped, _, gaps] = ended.counts();
    assert_eq!((replayed as u64, dropped, gaps), (written, 0, 0), "{}", ended.err);
}

#[test]
fn one_kill_with_three_outputs_is_one_gap_in_each_and_counts_once() {
    let sim = simulator_of(1_000.0);
    let home = Home::new();
    let args = ["feed", "NSE_EQ:2885", "-o", "a.ndjson", "-o", "b.ndjson", "-o", "c.csv"];
    let mut running = home.start(home.dhan(&sim, &args));
    let csv = home.path("c.csv");
    wait("records", || (count_lines(&csv) > 300).then_some(()));
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    let ended = home.run({
        let mut command = home.dhan(&sim, &args);
        command.args(["-n", "20"]);
        command
    });
    let [.., gaps] = ended.exits(0).counts();
    assert_eq!(gaps, 1);
    for name in ["a.ndjson", "b.ndjson", "c.csv.gaps.ndjson"] {
        let restarted = home.text(name).lines().filter(|line| line.contains("\"reason\":\"restarted\"")).count();
        assert_eq!(restarted, 1, "{name}");
    }
}

#[test]
fn a_closed_stdout_ends_a_run_that_receives_no_record() {
    use dhan::testing::simulator::Fault;
    let closed = Fault::parse("closed").unwrap();
    let sim = simulator(SimConfig { faults: vec![closed], prev_close: PrevClose::None, ..SimConfig::default() });
    for is_socket in [false, true] {
        let home = Home::new();
        let mut command = home.dhan(&sim, &["feed", "NSE_EQ:2885"]);
        let (mut ours, theirs): (fs::File, std::os::fd::OwnedFd) = if is_socket {
            let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
            (std::os::fd::OwnedFd::from(ours).into(), theirs.into())
        } else {
            let (ours, theirs) = std::io::pipe().unwrap();
            (std::os::fd::OwnedFd::from(ours).into(), theirs.into())
        };
        command.stdout(theirs).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        drop(command);
        // Only the snapshot is sent.
        let mut first = [0; 4096];
        assert!(std::io::Read::read(&mut ours, &mut first).unwrap() > 0);
        drop(ours);
        let status = wait("the end", || child.try_wait().unwrap());
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(13), "socket {is_socket}: {status:?}");
    }
}
