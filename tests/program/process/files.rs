//! The file sink against the operating system: kills, full disks, limits, children.
//!
//! A child is this test binary, which runs one of the `child_…` functions with parameters from the environment.

use crate::support::{skipped, wait};
use dhan::testing::clock::now;
use dhan::testing::console::{Console, ConsoleConfig, LogLevel};
use dhan::testing::format::encoder::Format;
use dhan::testing::model::Micros;
use dhan::testing::model::exit::Exit;
use dhan::testing::output::Destination as _;
use dhan::testing::output::file::{FileSink, FileSpec};
use dhan::testing::storage::{Compression, FrameEvent, StopSignal, WriteFailure, scan};
use dhan::testing::verify::FileVerdict;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn spec(pattern: &Path) -> FileSpec {
    FileSpec {
        pattern: pattern.to_str().unwrap().to_owned(),
        format: Format::Ndjson,
        csv_header: None,
        rotate_size: None,
        mode: 0o644,
        on_rotate: None,
        disk_wait: Duration::from_secs(10),
        stop: StopSignal::default(),
    }
}

fn quiet() -> Console {
    Console::new(ConsoleConfig { level: LogLevel::Error, ..ConsoleConfig::default() })
}

/// Returns a command that runs a function of this test binary as a child.
fn child(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "--exact",
        &format!("process::files::{name}"),
        "--ignored",
        "--nocapture",
        "--test-threads=1",
        "--quiet",
    ]);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

fn order(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("a child is started by its test, with {name}"))
}

/// Returns a ticker whose `ltt` encodes the run and the number of lines before it.
fn line(run: u64, n: u64, recv_us: i64) -> String {
    format!(
        "{{\"type\":\"ticker\",\"segment\":\"IDX_I\",\"security_id\":\"13\",\"symbol\":null,\"ltp\":1.5,\"ltt\":{},\"recv_us\":{recv_us}}}\n",
        run * 1_000_000 + n
    )
}

fn end(written: u64, gaps: u64, reason: &str, recv_us: i64) -> String {
    format!(
        "{{\"type\":\"end\",\"received\":{written},\"written\":{written},\"filtered\":0,\"dropped\":0,\"malformed\":0,\"gaps\":{gaps},\"reason\":\"{reason}\",\"recv_us\":{recv_us}}}\n"
    )
}

#[test]
#[ignore = "a child of the kill test"]
fn child_writes_until_killed() {
    let (pattern, run) = (PathBuf::from(order("PATTERN")), order("RUN").parse::<u64>().unwrap());
    let mut spec = spec(&pattern);
    spec.rotate_size = order("ROTATE").parse().ok();
    let opened = FileSink::open(spec, now(), &quiet()).unwrap();
    let mut sink = opened.sink;
    let mut last = 0;
    let mut stamp = || {
        last = now().get().max(last + 1);
        last
    };
    for gap in &opened.restarted {
        let recv = stamp();
        let line = format!(
            "{{\"type\":\"gap\",\"feed\":\"market\",\"conn\":0,\"reason\":\"restarted\",\"detail\":null,\"from_us\":{},\"to_us\":{recv},\"instruments\":1,\"ids\":null,\"dropped\":null,\"recv_us\":{recv}}}\n",
            gap.from.get()
        );
        if sink.wants_rotation(line.len()) {
            sink.rotate(Micros::new(recv), None).unwrap();
        }
        sink.write(line.as_bytes()).unwrap();
    }
    let packed = Compression::of(&pattern) != Compression::None;
    let orderly = std::env::var("ORDERLY").is_ok();
    let mut out = std::io::stdout();
    let (mut n, mut in_file) = (0, 0);
    loop {
        let mut lines = String::new();
        let upto = n + 1 + n % 5;
        let more = upto - n;
        while n < upto {
            lines += &line(run, n, stamp());
            n += 1;
        }
        if sink.wants_rotation(lines.len()) {
            let at = stamp();
            sink.rotate(Micros::new(at), Some(end(in_file, 0, "rotated", at).as_bytes())).unwrap();
            in_file = 0;
        }
        sink.write(lines.as_bytes()).unwrap();
        in_file += more;
        if n % 50 < 5 || !packed {
            sink.tick(Micros::new(stamp())).unwrap();
            let _ = writeln!(out, "ack {n}");
        }
        if orderly && n > 200 {
            let at = stamp();
            sink.finish(Some(end(n, 0, "done", at).as_bytes())).unwrap();
            return;
        }
    }
}

/// Returns the text of a file; panics if it is damaged.
fn text_of(path: &Path) -> String {
    let mut text = Vec::new();
    let walked = scan(Compression::of(path), File::open(path).unwrap(), 0, |piece| {
        if let FrameEvent::Data(data) = piece {
            text.extend_from_slice(data);
        }
        Ok(())
    });
    assert!(!walked.unwrap().torn, "{} is torn", path.display());
    String::from_utf8(text).unwrap()
}

fn killed_at_random_moments(name: &str, kills: u64) {
    let dir = tempfile::tempdir().unwrap();
    let pattern = dir.path().join(name);
    let start = |run: u64| {
        let mut command = child("child_writes_until_killed");
        command.env("PATTERN", &pattern).env("RUN", run.to_string()).env("ROTATE", "no");
        command
    };
    let mut acknowledged = BTreeMap::new();
    for run in 0..kills {
        let mut writer = start(run).spawn().unwrap();
        let mut replies = BufReader::new(writer.stdout.take().unwrap());
        // Some children die while they open and recover the file, some in the middle of a line.
        if run % 4 > 0 {
            let mut first = String::new();
            while !first.starts_with("ack") && replies.read_line(&mut first).unwrap() > 0 && !first.starts_with("ack") {
                first.clear();
            }
            acknowledged.insert(run, 1);
        }
        std::thread::sleep(Duration::from_micros(fastrand::u64(0..12_000)));
        writer.kill().unwrap();
        for reply in replies.lines().map_while(Result::ok) {
            if let Some(n) = reply.strip_prefix("ack ").and_then(|n| n.parse::<u64>().ok()) {
                acknowledged.insert(run, n);
            }
        }
        writer.wait().unwrap();
    }
    let last = start(kills).env("ORDERLY", "1").output().unwrap();
    assert!(last.status.success(), "{}", String::from_utf8_lossy(&last.stderr));

    let path = &pattern;
    let text = text_of(path);
    let mut written: BTreeMap<u64, u64> = BTreeMap::new();
    let mut restarted = 0;
    for line in text.lines() {
        let record: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|_| panic!("a broken line: {line:?}"));
        match record["type"].as_str().unwrap() {
            "ticker" => {
                let (run, n) =
                    (record["ltt"].as_u64().unwrap() / 1_000_000, record["ltt"].as_u64().unwrap() % 1_000_000);
                assert_eq!(written.insert(run, n + 1).unwrap_or(0), n, "run {run}: a line is missing or twice");
            }
            "gap" => restarted += 1,
            _ => {}
        }
    }
    for (run, acknowledged) in &acknowledged {
        assert!(written.get(run) >= Some(acknowledged), "run {run}: {acknowledged} were acknowledged, {written:?}");
    }
    assert!(restarted >= acknowledged.len(), "{restarted} gaps for {} kills", acknowledged.len());
    let (verdict, summary) = dhan::testing::cmd::verify::check(path).unwrap();
    assert_eq!(verdict, FileVerdict::Gaps, "{summary:?}");
    assert!(!dir.path().join(format!(".{name}.dhan")).exists());
    let mut names: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|n| n != name && !n.starts_with(&format!("{name}.torn-")) && !n.ends_with("-mending-torn"));
    assert_eq!(names, [] as [&str; 0]);
    // The command line tools of the format accept the file.
    let tool = match Compression::of(path) {
        Compression::None => return,
        Compression::Gzip => "gzip",
        Compression::Zstd => "zstd",
    };
    match Command::new(tool).arg("-qt").arg(path).status() {
        Ok(status) => assert!(status.success(), "{tool} -t refuses {}", path.display()),
        Err(_) => skipped(&format!("there is no {tool} here")),
    }
}

fn kills() -> u64 {
    std::env::var("DHAN_TEST_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(100)
}

#[test]
fn kills_at_random_moments_leave_no_incomplete_line_and_one_gap_for_each_restart() {
    killed_at_random_moments("x.ndjson", kills() * 2 / 5);
}

#[test]
fn kills_at_random_moments_leave_zstd_files_that_zstd_accepts() {
    killed_at_random_moments("x.ndjson.zst", kills() * 2 / 5);
}

#[test]
fn kills_at_random_moments_leave_gzip_files_that_gzip_accepts() {
    killed_at_random_moments("x.ndjson.gz", kills() / 5);
}

#[test]
fn a_kill_during_rotation_loses_no_file_and_records_one_gap() {
    let dir = tempfile::tempdir().unwrap();
    let pattern = dir.path().join("x.ndjson");
    for run in 0..12 {
        let mut writer = child("child_writes_until_killed");
        writer.env("PATTERN", &pattern).env("RUN", run.to_string()).env("ROTATE", "4000");
        let mut writer = writer.spawn().unwrap();
        let mut replies = BufReader::new(writer.stdout.take().unwrap()).lines().map_while(Result::ok);
        let _ = replies.find(|reply| reply.starts_with("ack"));
        std::thread::sleep(Duration::from_micros(fastrand::u64(0..8_000)));
        writer.kill().unwrap();
        drop(replies);
        writer.wait().unwrap();
    }
    let mut opened = FileSink::open(FileSpec { rotate_size: Some(4_000), ..spec(&pattern) }, now(), &quiet()).unwrap();
    assert_eq!(opened.restarted.len(), 1);
    opened.sink.finish(None).unwrap();
    let mut written: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(!name.ends_with(".dhan"), "{name} was left");
        if name.contains(".torn-") || name.starts_with('.') {
            continue;
        }
        assert!(std::fs::metadata(&path).unwrap().len() <= 4_000, "{name}");
        for line in text_of(&path).lines() {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            if let Some(ltt) = record["ltt"].as_u64() {
                written.entry(ltt / 1_000_000).or_default().push(ltt % 1_000_000);
            }
        }
    }
    assert_eq!(written.len(), 12);
    for (run, mut numbers) in written {
        numbers.sort_unstable();
        assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>(), "run {run}");
    }
}

#[test]
fn the_lock_names_its_holder_and_ends_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let pattern = dir.path().join("x.ndjson");
    let mut writer = child("child_writes_until_killed");
    let mut writer = writer.env("PATTERN", &pattern).env("RUN", "1").env("ROTATE", "no").spawn().unwrap();
    let mut replies = BufReader::new(writer.stdout.take().unwrap()).lines().map_while(Result::ok);
    replies.find(|reply| reply.starts_with("ack")).expect("the child writes");
    let refused = FileSink::open(spec(&pattern), now(), &quiet()).unwrap_err();
    assert_eq!(refused.exit, Exit::Locked);
    assert!(refused.message.contains(&format!("pid {}", writer.id())), "{refused}");
    let (verdict, summary) = dhan::testing::cmd::verify::check(&pattern).unwrap();
    assert_eq!((verdict, summary.writer_pid), (FileVerdict::NoEnd, Some(writer.id())), "{summary:?}");
    writer.kill().unwrap();
    writer.wait().unwrap();
    assert_eq!(FileSink::open(spec(&pattern), now(), &quiet()).unwrap().restarted.len(), 1);
}

#[test]
#[ignore = "a child of the on-rotate test"]
fn child_rotates() {
    let pattern = PathBuf::from(order("PATTERN"));
    let spec = FileSpec { on_rotate: Some(order("COMMAND")), ..spec(&pattern) };
    let mut sink = FileSink::open(spec, Micros::EPOCH, &quiet()).unwrap().sink;
    let start = Instant::now();
    sink.rotate(sink.boundary(), None).unwrap();
    sink.finish(None).unwrap();
    // The command sleeps longer than this limit.
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn on_rotate_runs_for_every_finished_file_without_delay_or_secrets() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    let command = r#"echo "$1 ${DHAN_ACCESS_TOKEN-no} ${DHAN_PARTNER_SECRET-no} ${DHAN_TOKEN_FILE-no} ${DHAN_TOKEN_COMMAND-no} ${KEPT-no}" >> "$LOG"; cat; echo never seen; sleep 30"#;
    let output = child("child_rotates")
        .env("PATTERN", dir.path().join("x-{minute}.ndjson"))
        .env("COMMAND", command)
        .env("LOG", &log)
        .env("KEPT", "yes")
        .envs(
            ["DHAN_ACCESS_TOKEN", "DHAN_PARTNER_SECRET", "DHAN_TOKEN_FILE", "DHAN_TOKEN_COMMAND"]
                .map(|n| (n, "secret")),
        )
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!String::from_utf8_lossy(&output.stdout).contains("never seen"));
    let mut lines: Vec<String> = wait("two lines of the log", || {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        Some(text.lines().map(str::to_owned).collect()).filter(|lines: &Vec<_>| lines.len() >= 2)
    });
    lines.sort();
    let expected: Vec<String> = ["30", "31"]
        .iter()
        .map(|m| format!("{} no no no no yes", dir.path().join(format!("x-{m}.ndjson")).display()))
        .collect();
    assert_eq!(lines, expected);
}

#[test]
#[ignore = "a child of the file size test"]
fn child_meets_its_limit() {
    let pattern = PathBuf::from(order("PATTERN"));
    let spec = FileSpec { disk_wait: Duration::ZERO, ..spec(&pattern) };
    let mut sink = FileSink::open(spec, now(), &quiet()).unwrap().sink;
    let mut written = 0;
    let failure = loop {
        let lines = line(0, written, now().get()) + &line(0, written + 1, now().get());
        match sink.write(lines.as_bytes()) {
            Ok(()) => written += 2,
            Err(unwritten) => {
                written += lines.as_bytes()[..unwritten.written].iter().filter(|&&b| b == b'\n').count() as u64;
                break unwritten.failure;
            }
        }
    };
    let WriteFailure::Failed(failure) = failure else { panic!("{failure:?}") };
    assert_eq!(failure.exit, Exit::Output);
    let text = std::fs::read_to_string(&pattern).unwrap();
    assert_eq!((text.lines().count() as u64, text.ends_with('\n')), (written, true));
}

#[test]
fn a_file_size_limit_is_an_error_and_no_signal() {
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new("sh")
        .args(["-c", "ulimit -f 8 && exec \"$0\" --exact process::files::child_meets_its_limit --ignored --nocapture"])
        .arg(std::env::current_exe().unwrap())
        .env("PATTERN", dir.path().join("x.ndjson"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
#[ignore = "a child of the full disk test"]
fn child_waits_for_room() {
    let dir = PathBuf::from(order("DIR"));
    let filler = dir.join("filler");
    std::fs::write(&filler, vec![0; 40 * 1024]).unwrap();
    let freed = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(1_200));
        std::fs::remove_file(&filler).unwrap();
        Instant::now()
    });
    let pattern = dir.join("x.ndjson");
    let mut sink = FileSink::open(spec(&pattern), now(), &quiet()).unwrap().sink;
    // More than the disk has room for at first, less than it has later.
    for n in 0..250 {
        sink.write(line(0, n, now().get()).as_bytes()).unwrap();
    }
    let waited = freed.join().unwrap().elapsed();
    sink.finish(None).unwrap();
    let text = std::fs::read_to_string(&pattern).unwrap();
    assert_eq!(text.lines().count(), 250);
    assert!(text.lines().all(|line| line.ends_with('}')));
    assert!(waited < Duration::from_secs(1), "{waited:?}");
}

#[test]
fn a_sink_waits_for_room_on_a_full_disk_and_writes_every_line_once() {
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new("unshare")
        .args(["-rm", "sh", "-c"])
        .arg("mount -t tmpfs -o size=64k tmpfs \"$DIR\" || exit 77; exec \"$0\" --exact process::files::child_waits_for_room --ignored --nocapture")
        .arg(std::env::current_exe().unwrap())
        .env("DIR", dir.path())
        .output();
    match output {
        Ok(output)
            if output.status.code() == Some(77) || String::from_utf8_lossy(&output.stderr).contains("unshare") =>
        {
            skipped("no file system can be mounted here");
        }
        Ok(output) => assert!(output.status.success(), "{output:?}"),
        Err(_) => skipped("there is no unshare here"),
    }
}

#[test]
fn a_thousand_rotations_by_another_program_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.ndjson");
    let mut sink = FileSink::open(spec(&path), now(), &quiet()).unwrap().sink;
    let mut n = 0;
    for turn in 0..1_000 {
        for _ in 0..7 {
            sink.write(line(0, n, now().get()).as_bytes()).unwrap();
            n += 1;
        }
        std::fs::rename(&path, dir.path().join(format!("moved-{turn:04}"))).unwrap();
        // Lines before the signal go to the moved file.
        sink.write(line(0, n, now().get()).as_bytes()).unwrap();
        n += 1;
        assert!(sink.reopen(None).unwrap());
    }
    sink.finish(None).unwrap();
    let mut names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let text: String = names.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let numbers: Vec<u64> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["ltt"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (0..n).collect::<Vec<_>>());
}
