//! Section H of the fault catalogue: kills, full disks, rotation by other programs.

use crate::support::{DHAN, Done, Home, Signal, count_lines, records, simulator_of, skipped, subscribed, wait};
use dhan::testing::model::Stream;
use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::path::Path;

fn is_control(record: &Value) -> bool {
    matches!(record["type"].as_str(), Some("gap" | "status" | "end"))
}

#[track_caller]
fn grows_strictly(records: &[Value]) {
    let times: Vec<_> = records.iter().map(|record| record["recv_us"].as_i64().unwrap()).collect();
    if let Some(two) = times.windows(2).find(|two| two[0] >= two[1]) {
        panic!("recv_us went from {} to {}", two[0], two[1]);
    }
}

fn verify(home: &Home, file: &str) -> Done {
    let mut command = home.command(&[]);
    command.args(["verify", file]);
    home.run(command)
}

#[test]
fn h01_a_kill_loses_at_most_an_incomplete_line_and_the_next_run_reports_it() {
    let sim = simulator_of(2_000.0);
    let home = Home::new();
    let file = home.path("ticks.ndjson");
    let args = ["feed", "NSE_EQ:2885", "NSE_EQ:1333", "-o", "ticks.ndjson"];
    for round in 0..3 {
        let before = count_lines(&file);
        let running = home.start(home.dhan(&sim, &args));
        wait("records", || (count_lines(&file) > before + 200).then_some(()));
        running.signal(Signal::KILL);
        assert_eq!(running.end().code(), 137);
        assert!(home.path(".ticks.ndjson.dhan").exists(), "a killed run leaves its marker");
        if round > 0 {
            // An incomplete line as a kill during a write leaves it, since most kills do not hit one.
            let mut tail = fs::File::options().append(true).open(&file).unwrap();
            tail.write_all(b"{\"type\":\"ticker\",\"segm").unwrap();
        }
    }
    let last = home.run({
        let mut command = home.dhan(&sim, &args);
        command.args(["-n", "50"]);
        command
    });
    last.exits(0);
    let torn: Vec<_> = fs::read_dir(home.path("."))
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("ticks.ndjson.torn-"))
        .map(|entry| fs::read_to_string(entry.path()).unwrap())
        .collect();
    assert!(torn.len() >= 2 && torn.iter().any(|tail| tail.ends_with("segm")), "{torn:?}");
    let records = records(&home.text("ticks.ndjson"));
    grows_strictly(&records);
    let restarted = records.iter().filter(|record| record["reason"] == "restarted").count();
    assert_eq!(restarted, 3, "each restart is a gap");
    assert!(!home.path(".ticks.ndjson.dhan").exists(), "an orderly end takes the marker away");
    verify(&home, "ticks.ndjson").exits(13);
}

#[test]
fn h02_h03_a_full_disk_leaves_complete_lines_and_writing_goes_on_when_there_is_room() {
    let sim = simulator_of(4_000.0);
    let home = Home::new();
    let script = "head -c 600000 /dev/zero >full/filler; \
                  (while [ ! -e release ] && [ -e running ]; do sleep 0.05; done; rm full/filler) & \
                  \"$@\"; code=$?; cp full/x.ndjson .; exit $code";
    let Some(mut command) = home.on_a_small_disk("size=1024k", script) else { return };
    // About 750 kB in all, on a disk with 440 kB of room at first.
    command.envs(sim.environment()).args(["feed", "NSE_EQ:2885", "-m", "quote", "-o", "full/x.ndjson", "-n", "2600"]);
    fs::write(home.path("running"), "").unwrap();
    let running = home.start(command);
    let _ = subscribed(&sim, Stream::Market, 1);
    running.says("No space left");
    fs::write(home.path("release"), "").unwrap();
    let ended = running.end().exits(0);
    let [_, written, _, dropped, ..] = ended.counts();
    assert_eq!((written, dropped), (2_600, 0));
    let records = records(&home.text("x.ndjson"));
    grows_strictly(&records);
    assert_eq!(records.iter().filter(|record| !is_control(record)).count(), 2_600);
    verify(&home, "x.ndjson").exits(0);
}

#[test]
fn h04_a_disk_that_stays_full_is_exit_9_with_balanced_counters() {
    let sim = simulator_of(4_000.0);
    let home = Home::new();
    let script = "\"$@\"; code=$?; cp full/x.ndjson .; exit $code";
    let Some(mut command) = home.on_a_small_disk("size=64k", script) else { return };
    command.envs(sim.environment()).args(["feed", "NSE_EQ:2885", "-o", "full/x.ndjson", "--disk-wait", "1s"]);
    let ended = home.run(command).exits(9);
    let [_, written, _, dropped, ..] = ended.counts();
    let records = records(&home.text("x.ndjson"));
    assert_eq!(records.iter().filter(|record| !is_control(record)).count() as u64, written);
    assert!(dropped > 0, "what came meanwhile is accounted for");
}

#[test]
fn a_disk_that_is_full_at_the_end_of_a_run_is_exit_9_and_a_gap() {
    if !Path::new("/dev/full").exists() {
        return skipped("there is no /dev/full here");
    }
    let sim = simulator_of(100.0);
    let home = Home::new();
    let command = |more: &[&str]| {
        let mut command = home.bare("sh");
        command.envs(sim.environment()).args(["-c", "exec \"$@\" >/dev/full", "sh", DHAN, "feed", "NSE_EQ:2885"]);
        command.args(more);
        command
    };
    let timed = home.run(command(&["--duration", "2s"])).exits(9);
    let running = home.start(command(&[]));
    running.says("No space left");
    // A stopped stream has not failed.
    let stopped = running.stops_soon(Signal::TERM).exits(0);
    for ended in [timed, stopped] {
        let [_, written, _, dropped, _, gaps] = ended.counts();
        assert!(written == 0 && dropped > 0 && gaps == 1, "{}", ended.err);
        assert!(ended.err.contains("told to stop while waiting for it"), "{}", ended.err);
    }
}

#[test]
fn a_run_that_ended_on_a_full_disk_is_not_reported_as_killed() {
    let sim = simulator_of(2_000.0);
    let home = Home::new();
    let script = "\"$@\" --disk-wait 1s -d 30s; echo $? >first; mount -o remount,size=4m full; \
                  \"$@\" -n 5; code=$?; cp full/x.ndjson .; exit $code";
    let Some(mut command) = home.on_a_small_disk("size=64k", script) else { return };
    command.envs(sim.environment()).args(["feed", "NSE_EQ:2885", "-o", "full/x.ndjson"]);
    let ended = home.run(command).exits(0);
    assert_eq!(home.text("first").trim(), "9", "{}", ended.err);
    let records = records(&home.text("x.ndjson"));
    let gaps: Vec<_> = records.iter().filter(|record| record["reason"] == "restarted").collect();
    assert_eq!(gaps.len(), 1, "what the first run could not write is one gap");
    assert!(!ended.err.contains("killed") && !gaps[0].to_string().contains("killed"), "{} {gaps:?}", ended.err);
    assert!(gaps[0]["detail"].as_str().is_some_and(|detail| detail.contains("without finishing")), "{gaps:?}");
}

#[test]
fn stdout_on_a_full_disk_ends_in_a_complete_line() {
    let sim = simulator_of(2_000.0);
    let home = Home::new();
    let script = "\"$@\" >full/x.ndjson; code=$?; cp full/x.ndjson .; exit $code";
    let Some(mut command) = home.on_a_small_disk("size=64k", script) else { return };
    command.envs(sim.environment()).args(["feed", "NSE_EQ:2885", "-m", "full", "--disk-wait", "1s", "-d", "30s"]);
    home.run(command).exits(9);
    let text = home.text("x.ndjson");
    assert!(text.len() > 32 * 1024 && text.ends_with('\n'), "{} bytes", text.len());
    records(&text);
}

#[test]
fn a_reader_stopped_until_the_end_loses_nothing_in_the_file() {
    let sim = simulator_of(2_000.0);
    let home = Home::new();
    let mut command = home.dhan(&sim, &["feed", "NSE_EQ:2885", "-m", "full", "-o", "t.ndjson", "-o", "-"]);
    let (running, stdout) = home.start_piped({
        command.args(["--duration", "3s"]);
        command
    });
    let ended = running.end().exits(0);
    drop(stdout);
    let [_, written, _, dropped, ..] = ended.counts();
    let records = records(&home.text("t.ndjson"));
    assert!(written > 1_000 && dropped == 0, "{}", ended.err);
    assert_eq!(records.iter().filter(|record| !is_control(record)).count() as u64, written);
    verify(&home, "t.ndjson").exits(0);
}

#[test]
fn a_reader_stopped_until_the_end_is_a_gap() {
    let sim = simulator_of(2_000.0);
    let home = Home::new();
    let mut command = home.dhan(&sim, &["feed", "NSE_EQ:2885", "-m", "full"]);
    command.args(["--duration", "3s", "--fail-on-gap", "1ms"]);
    let (running, stdout) = home.start_piped(command);
    let ended = running.end().exits(13);
    drop(stdout);
    let [_, _, _, dropped, _, gaps] = ended.counts();
    assert!(dropped > 0 && gaps == 1, "{}", ended.err);
}

#[test]
fn h07_logrotate_create_with_sighup_writes_every_record_once() {
    const ROTATIONS: usize = 25;
    let sim = simulator_of(3_000.0);
    let home = Home::new();
    // Without a terminal, since a hang-up of a terminal ends the run.
    let mut command = home.bare("setsid");
    command.arg(DHAN).envs(sim.environment()).args(["feed", "NSE_EQ:2885", "NSE_EQ:1333", "-o", "t.ndjson"]);
    let running = home.start(command);
    let file = home.path("t.ndjson");
    for i in 0..ROTATIONS {
        wait("records", || (count_lines(&file) > 20).then_some(()));
        fs::rename(&file, home.path(&format!("t.{i:02}.ndjson"))).unwrap();
        running.signal(Signal::HUP);
        wait("a new file", || file.exists().then_some(()));
    }
    let ended = running.stop(Signal::TERM).exits(0);
    let mut text = String::new();
    for i in 0..ROTATIONS {
        let name = format!("t.{i:02}.ndjson");
        let part = home.text(&name);
        assert!(part.lines().last().unwrap().contains("\"reason\":\"rotated\""), "{name} was not closed orderly");
        verify(&home, &name).exits(0);
        text.push_str(&part);
    }
    text.push_str(&home.text("t.ndjson"));
    let records = records(&text);
    grows_strictly(&records);
    // Packets after the count are filtered; no other is missing.
    let [_, written, _, dropped, malformed, gaps] = ended.counts();
    assert_eq!(records.iter().filter(|record| !is_control(record)).count() as u64, written);
    assert_eq!(dropped + malformed + gaps, 0);
}

#[test]
fn h09_a_file_truncated_by_others_gets_no_hole_and_is_reported() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    let running = home.start(home.dhan(&sim, &["feed", "NSE_EQ:2885", "-o", "t.ndjson"]));
    let file = home.path("t.ndjson");
    wait("records", || (count_lines(&file) > 300).then_some(()));
    fs::File::options().write(true).open(&file).unwrap().set_len(0).unwrap();
    running.says("t.ndjson");
    wait("the gap", || home.text("t.ndjson").contains("\"type\":\"gap\"").then_some(()));
    running.stop(Signal::INT).exits(0);
    let text = home.text("t.ndjson");
    assert!(!text.contains('\0'), "a hole");
    // The first line may be the rest of a line that was being written.
    let gaps: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(gaps.iter().any(|gap| gap["reason"] == "lagged" && gap["dropped"].is_null()), "the loss is flagged");
}

#[test]
fn h10_a_second_writer_is_refused_with_the_pid_of_the_first() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    let args = ["feed", "NSE_EQ:2885", "-o", "t.ndjson"];
    let first = home.start(home.dhan(&sim, &args));
    let _ = subscribed(&sim, Stream::Market, 1);
    let connections = sim.tcp_accepted();
    let second = home.run(home.dhan(&sim, &args)).exits(10);
    assert!(second.err.contains(&first.pid().to_string()), "{}", second.err);
    assert_eq!(sim.tcp_accepted(), connections, "the second never connects");
    first.stop(Signal::INT).exits(0);
    records(&home.text("t.ndjson"));
    home.run({
        let mut third = home.dhan(&sim, &args);
        third.args(["-n", "5"]);
        third
    })
    .exits(0);
}

#[test]
fn h13_an_unwritable_output_is_an_error_before_any_connection() {
    let sim = simulator_of(100.0);
    let home = Home::new();
    fs::create_dir(home.path("folder")).unwrap();
    fs::write(home.path("plain"), "").unwrap();
    for bad in ["no/such/folder/x.ndjson", "folder", "plain/x.ndjson", "/proc/x.ndjson", "/sys/{date}.ndjson"] {
        let ended = home.run(home.dhan(&sim, &["feed", "NSE_EQ:2885", "-o", bad])).exits(9);
        let named = Path::new(bad).components().next().unwrap().as_os_str().to_string_lossy().into_owned();
        assert!(ended.err.contains(&named) && !ended.err.contains("panicked"), "{bad}: {}", ended.err);
    }
    assert_eq!(sim.tcp_accepted(), 0);
}
