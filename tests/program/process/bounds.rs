//! Inputs without an end, and resources held by children: everything is bounded.

use crate::support::proc::peak_mib;
use crate::support::{DHAN, Home, Signal, count_lines, simulator_of, wait};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn an_endless_control_line_is_ignored_and_the_stream_goes_on() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    let running = home.start(home.dhan(&sim, &["feed", "NSE_EQ:2885", "--control", "/dev/zero", "-o", "t.ndjson"]));
    running.says("1 MiB");
    let file = home.path("t.ndjson");
    let before = count_lines(&file);
    wait("more records", || (count_lines(&file) > before + 100).then_some(()));
    let peak = peak_mib(running.pid());
    assert!(peak < 100, "{peak} MiB");
    running.stop(Signal::TERM).exits(0);
}

#[test]
fn an_endless_list_is_refused_before_any_connection() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    let ended = home.run(home.dhan(&sim, &["feed", "-i", "/dev/zero"])).exits(2);
    assert!(ended.err.contains("/dev/zero") && ended.err.contains("no list of instruments"), "{}", ended.err);
    assert_eq!(sim.tcp_accepted(), 0);
}

#[test]
fn a_child_of_a_token_command_does_not_keep_the_runs_stdout_open() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    let mut command = home.bare("sh");
    // The grandchild ends when the test creates a file, or after a minute.
    let left =
        "(i=0; while [ ! -e release ] && [ $i -lt 600 ]; do sleep 0.1; i=$((i+1)); done; touch over) & echo A.B.C";
    fs::write(home.path("token.sh"), left).unwrap();
    let script = "exec 2>messages; x=$(\"$0\" feed NSE_EQ:2885 -n 3 --token-command 'sh token.sh'); echo \"$x\"";
    command.args(["-c", script, DHAN]).envs(sim.environment()).env_remove("DHAN_ACCESS_TOKEN");
    let ended = home.run(command).exits(0);
    assert_eq!(ended.out.lines().count(), 3, "{} {}", ended.out, ended.err);
    assert!(!home.path("over").exists(), "the shell waited");
    fs::write(home.path("release"), "").unwrap();
}

#[test]
fn a_slow_download_of_the_master_ends_at_the_duration_and_at_a_signal() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/master.csv", listener.local_addr().unwrap());
    // This thread ends with the test's process.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 35000000\r\n\r\nSEM_EXM_EXCH_ID,");
                while stream.write_all(b"SEM_SEGMENT,").is_ok() {
                    thread::sleep(Duration::from_millis(20));
                }
            });
        }
    });
    let home = Home::new();
    let command = |args: &[&str]| {
        let mut command = home.command(&[]);
        command.env("DHAN_INSTRUMENTS_URL", &url).args(args);
        command
    };
    let begun = Instant::now();
    home.run(command(&["feed", "NIFTY", "-d", "2s"])).exits(7);
    assert!(begun.elapsed() < Duration::from_secs(15), "the duration was outlived: {:?}", begun.elapsed());
    for (args, code) in [(&["feed", "NIFTY"][..], 0), (&["instruments", "find", "NIFTY"], 143)] {
        let running = home.start(command(args));
        let part = || {
            let cache = fs::read_dir(home.path(".cache/dhan")).into_iter().flatten().flatten();
            cache.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with(".compact-"))
        };
        wait("the download", || part().then_some(()));
        running.stops_soon(Signal::TERM).exits(code);
    }
}

#[test]
fn pipes_in_the_cache_block_no_search() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    let cache = home.path(".cache/dhan");
    fs::create_dir_all(&cache).unwrap();
    for name in ["compact.master", "compact.lock"] {
        // The previous iteration has left files.
        let _ = fs::remove_file(cache.join("compact.master"));
        let _ = fs::remove_file(cache.join("compact.lock"));
        rustix::fs::mkfifoat(rustix::fs::CWD, cache.join(name), rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
        home.run(home.dhan(&sim, &["feed", "NSE_EQ:2885", "-n", "3"])).exits(0);
        home.run(home.dhan(&sim, &["instruments", "find", "RELIANCE"])).exits(0);
    }
}
