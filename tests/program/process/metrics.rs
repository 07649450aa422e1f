//! `--metrics FILE` and the service manager's socket.

use crate::support::{Home, Signal, simulator_of, skipped, wait};
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};

#[test]
fn the_metrics_of_a_run_are_valid_for_prometheus() {
    let home = Home::new();
    let broker = simulator_of(100.0);
    let args = ["feed", "NSE_EQ:2885", "IDX_I:13", "-n", "50", "-o", "out.ndjson", "--metrics", "dhan.prom"];
    home.start(home.dhan(&broker.probe(), &args)).end().exits(0);
    let text = home.text("dhan.prom");
    for line in [
        "dhan_packets_written_total{feed=\"market\"} 50",
        "dhan_instruments_requested{feed=\"market\"} 2",
        "dhan_instruments_seen{feed=\"market\"} 2",
        "dhan_reconnects_total{feed=\"market\",conn=\"1\"} 0",
        "dhan_gaps_total{feed=\"market\",reason=\"lagged\"} 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    for name in ["dhan_live", "dhan_connected", "dhan_last_data_age_seconds", "dhan_lag_seconds", "dhan_queue_bytes"] {
        assert!(text.contains(&format!("\n{name}{{feed=\"market\"")), "{name}: {text}");
    }
    let file = std::fs::File::open(home.path("dhan.prom")).unwrap();
    match Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::from(file)).output() {
        Ok(checked) => assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr)),
        Err(_) if std::env::var_os("CI").is_some() => panic!("no promtool, and CI must not skip this"),
        Err(_) => skipped("no promtool here"),
    }
}

#[test]
fn an_unwritable_metrics_file_is_exit_9_and_stdout_is_exit_2() {
    let home = Home::new();
    let broker = simulator_of(100.0);
    for (file, code) in [("missing/dhan.prom", 9), ("-", 2)] {
        let args = ["feed", "NSE_EQ:2885", "-n", "1", "--metrics", file];
        let ended = home.start(home.dhan(&broker.probe(), &args)).end();
        assert!(ended.err.contains("--metrics"), "{}", ended.err);
        ended.exits(code);
    }
}

#[test]
fn the_service_manager_is_notified_of_ready_watchdog_and_stopping() {
    let home = Home::new();
    let broker = simulator_of(100.0);
    let listener = UnixDatagram::bind(home.path("notify")).unwrap();
    listener.set_nonblocking(true).unwrap();
    let mut command = home.dhan(&broker.probe(), &["feed", "NSE_EQ:2885", "-o", "out.ndjson"]);
    command.env("NOTIFY_SOCKET", home.path("notify")).env("WATCHDOG_USEC", "400000");
    let running = home.start(command);
    let mut messages = Vec::new();
    let hear = |messages: &mut Vec<String>, word: &str| {
        wait(word, || {
            let mut buffer = [0; 1024];
            while let Ok(len) = listener.recv(&mut buffer) {
                messages.push(String::from_utf8_lossy(&buffer[..len]).into_owned());
            }
            messages.iter().any(|line| line.contains(word)).then_some(())
        });
    };
    hear(&mut messages, "READY=1");
    hear(&mut messages, "1 of 1 connections live");
    messages.clear();
    hear(&mut messages, "WATCHDOG=1");
    running.stop(Signal::TERM).exits(0);
    hear(&mut messages, "STOPPING=1");
}
