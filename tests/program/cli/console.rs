//! Messages on stderr, and that writing them never blocks a run.

use crate::support::*;
use std::os::unix::fs::MetadataExt as _;
use std::process::Stdio;

const RUN: &[&str] = &["feed", "--demo=1", "-n", "3"];

/// Returns whether a line begins as `09:14:07 `.
fn has_time(line: &str) -> bool {
    let shape = |(i, byte): (usize, u8)| match i {
        2 | 5 => byte == b':',
        8 => byte == b' ',
        _ => byte.is_ascii_digit(),
    };
    line.len() > 9 && line.bytes().take(9).enumerate().all(shape)
}

#[test]
fn log_lines_begin_with_the_time_but_usage_errors_do_not() {
    let home = Home::new();
    let done = home.run(&[RUN, &["-v"]].concat()).exits(0);
    assert!(done.err.lines().count() > 3 && done.err.lines().all(has_time), "{}", done.err);
    let done = home.run(&["feed", "IDX_I:13", "--count", "0"]).exits(2);
    assert!(done.err.starts_with("dhan: error: "), "{}", done.err);
}

#[test]
fn lines_in_the_journal_have_priorities() {
    let home = Home::new();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let stat = rustix::fs::fstat(&writer).expect("its numbers");
    let mut command = home.command(RUN);
    command.env("JOURNAL_STREAM", format!("{}:{}", stat.st_dev, stat.st_ino));
    command.stdout(Stdio::null()).stderr(writer);
    let status = command.status().expect("dhan runs");
    drop(command);
    let messages = std::io::read_to_string(reader).expect("text");
    assert!(status.success() && messages.lines().all(|line| line.starts_with("<6>")), "{messages}");
    assert!(messages.contains("<6>received "), "{messages}");

    // The same variable of another file has no effect.
    let other = std::fs::metadata("/").expect("a folder");
    let mut command = home.command(RUN);
    command.env("JOURNAL_STREAM", format!("{}:{}", other.dev(), other.ino()));
    let done = home.start(command).end().exits(0);
    assert!(done.err.lines().all(has_time), "{}", done.err);
}

#[test]
fn json_lines_name_event_connection_and_host() {
    let home = Home::new();
    let done = home.run(&[RUN, &["-v", "--log-format", "json"]].concat()).exits(0);
    let lines: Vec<serde_json::Value> = done.err.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    let keys = ["time", "level", "event", "conn", "cause", "delay_ms", "code", "host", "message"];
    for line in &lines {
        let has =
            line.as_object().expect("an object").keys().map(String::as_str).collect::<std::collections::HashSet<_>>();
        assert_eq!(has, keys.into_iter().collect(), "{line}");
    }
    let live = lines.iter().find(|line| line["event"] == "live").expect("the connection was live");
    assert_eq!((&live["conn"], &live["host"], &live["level"]), (&1.into(), &"127.0.0.1".into(), &"debug".into()));
}

#[test]
fn v_prints_requests_and_vv_also_packet_headers() {
    let home = Home::new();
    let once = home.run(&[RUN, &["-v"]].concat()).exits(0).err;
    assert!(once.contains("request: {\"RequestCode\":15") && !once.contains("binary message"), "{once}");
    let twice = home.run(&[RUN, &["-vv"]].concat()).exits(0).err;
    assert!(twice.contains("request: {\"RequestCode\":15") && twice.contains("; code 2, 16 bytes, IDX_I:"), "{twice}");
}

/// A stderr that is full and that nobody reads.
fn stuck(socket: bool) -> (std::os::fd::OwnedFd, std::os::fd::OwnedFd) {
    let (ours, theirs) = if socket {
        let (a, b) = std::os::unix::net::UnixStream::pair().expect("a pair");
        (a.into(), b.into())
    } else {
        let (a, b) = std::io::pipe().expect("a pipe");
        (a.into(), b.into())
    };
    let flags = rustix::fs::fcntl_getfl(&theirs).expect("its flags");
    rustix::fs::fcntl_setfl(&theirs, flags | rustix::fs::OFlags::NONBLOCK).expect("set");
    for piece in [&[b'.'; 1 << 12][..], b"."] {
        while rustix::io::write(&theirs, piece).is_ok() {}
    }
    rustix::fs::fcntl_setfl(&theirs, flags).expect("set back");
    (ours, theirs)
}

#[test]
fn a_full_stderr_delays_neither_data_nor_signals() {
    for socket in [false, true] {
        let home = Home::new();
        let out = home.path("out.ndjson");
        let (reader, writer) = stuck(socket);
        let mut command = home.command(&["feed", "--demo=1", "-vv", "-o", text(&out)]);
        command.stdout(Stdio::null()).stderr(writer);
        let mut child = command.spawn().expect("dhan starts");
        drop(command);
        let lines = || std::fs::read_to_string(&out).unwrap_or_default().lines().count();
        until("records come", || lines() > 20);
        signal(&child, Signal::TERM);
        let signalled = std::time::Instant::now();
        let status = child.wait().expect("it ends");
        assert_within(std::time::Duration::from_secs(2), signalled.elapsed(), "the end");
        assert!(status.success(), "{status}");
        drop(reader);
    }
}
