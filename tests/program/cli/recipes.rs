//! The README's recipes with Ctrl-C, real servers, and files whose gaps come late.

use crate::cli::home::{Home, lacking};
use crate::cli::readme::blocks;
use crate::support::{Signal, both, skipped, until};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Returns the one block of the README with a mark, such as `sh test bars`.
fn block(mark: &str) -> &'static str {
    let (start, rest) = mark.rsplit_once(' ').expect("two words at least");
    let all = blocks(start).into_iter().filter(|(of, _)| *of == rest).map(|(_, text)| text).collect::<Vec<_>>();
    let [text] = all[..] else { panic!("{} blocks are marked {mark}", all.len()) };
    text
}

/// Whether every program of a recipe is installed; prints what is missing.
fn can_run(home: &Home, script: &str) -> bool {
    let lacks = lacking(home, script);
    if let Some(lacks) = lacks {
        skipped(&format!("no {lacks} for a recipe"));
    }
    lacks.is_none()
}

#[test]
fn the_sqlite_recipe_stores_every_bar_when_ctrl_c_ends_it() {
    let home = Home::new();
    let script = block("sh test bars");
    if !can_run(&home, script) {
        return;
    }
    let script = script.replace(" -d 8s", "");
    assert!(script.contains("--bars 1s,5s -f csv"), "{script}");
    let count = |of: &str| {
        let ask = format!(
            "import sqlite3; print(sqlite3.connect(\"file:bars.db?mode=ro\", uri=True)\
             .execute(\"SELECT count(*) FROM bars WHERE {of}\").fetchone()[0])"
        );
        let output = home.run(&format!("python3 -c '{ask}'"));
        String::from_utf8_lossy(&output.stdout).trim().parse::<u64>().unwrap_or(0)
    };
    let running = home.command(&script).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The first five-second bars began before the run; those in progress are ended by the run's end.
    until("bars are stored as they close", || count("interval = \\\"5s\\\"") >= 5);
    // Ctrl-C interrupts the process group, which `timeout` leads.
    let group = rustix::process::Pid::from_child(&running);
    rustix::process::kill_process_group(group, Signal::INT).unwrap();
    let output = running.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", both(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("('5s', "), "{}", both(&output));
    assert!(!both(&output).contains("Traceback"), "{}", both(&output));
    assert!(count("incomplete = \\\"end\\\"") >= 5, "the running bars are stored");
    assert!(count("incomplete IS NULL") > 0 && count("volume IS NULL") > 0);
}

#[test]
fn the_telegram_recipe_sends_fills_and_keeps_the_bots_token_out_of_process_lists() {
    let home = Home::new();
    let script = block("sh telegram");
    if !can_run(&home, script) {
        return;
    }
    assert!(!script.contains("TOKEN"), "{script}");
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    home.write(
        "work/telegram",
        &format!("url = \"http://{address}/botTOKEN/sendMessage\"\ndata = \"chat_id=77\"\n"),
        0o600,
    );
    let serving = std::thread::spawn(move || {
        let mut bodies = Vec::new();
        while bodies.len() < 2 {
            let (mut stream, _) = server.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut line, mut length) = (String::new(), 0);
            while reader.read_line(&mut line).unwrap() > 2 {
                let lower = line.to_ascii_lowercase();
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            bodies.push(String::from_utf8(body).unwrap());
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\nConnection: close\r\n\r\n{\"ok\":true}")
                .unwrap();
        }
        bodies
    });
    let output = home.run(script);
    assert!(output.status.success(), "{}", both(&output));
    for body in serving.join().unwrap() {
        let text = body.strip_prefix("chat_id=77&text=").unwrap_or_else(|| panic!("{body}"));
        assert!(text.contains("%20at%20") || text.contains("+at+"), "{text}");
    }
}

/// A server that is stopped with its test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // SIGINT first: a killed database leaves its children running.
        let _ = rustix::process::kill_process(rustix::process::Pid::from_child(&self.0), Signal::INT);
        let end = Instant::now() + Duration::from_secs(5);
        while self.0.try_wait().is_ok_and(|status| status.is_none()) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns the path of a program of the newest installed PostgreSQL, which distributions keep out of `PATH`.
fn postgres(name: &str) -> Option<PathBuf> {
    let mut all: Vec<_> = fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|entry| entry.path()).collect();
    all.sort();
    all.into_iter().rev().map(|folder| folder.join("bin").join(name)).find(|path| path.is_file())
}

/// Returns a command of PostgreSQL's server, run as another user if the test runs as root.
fn as_postgres(program: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command
}

/// Starts a PostgreSQL and a Redis on sockets in a folder; `None` if one is not installed.
fn servers(folder: &Path) -> Option<[Server; 2]> {
    let (initdb, server) = (postgres("initdb")?, postgres("postgres")?);
    Command::new("redis-server").arg("--version").output().ok()?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
    let data = folder.join("data");
    let mut command = as_postgres(&initdb);
    command.args(["--no-sync", "--auth=trust", "--username=test", "-D"]).arg(&data).current_dir("/");
    let made = command.stdin(Stdio::null()).output().ok()?;
    assert!(made.status.success(), "{}", both(&made));
    let quiet = |command: &mut Command| {
        Server(
            command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap(),
        )
    };
    let database = quiet(
        as_postgres(&server)
            .args(["-c", "listen_addresses=", "-c", "fsync=off", "-k"])
            .arg(folder)
            .arg("-D")
            .arg(&data),
    );
    let socket = folder.join("redis");
    let redis = quiet(
        Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--dir"])
            .arg(folder)
            .arg("--unixsocket")
            .arg(&socket),
    );
    Some([database, redis])
}

#[test]
fn the_server_recipes_store_bars_in_postgresql_and_packets_in_redis() {
    let home = Home::new();
    let script = block("sh servers");
    if !can_run(&home, script) {
        return;
    }
    let folder = tempfile::Builder::new().prefix("servers").tempdir_in("/tmp").unwrap();
    let Some(_servers) = servers(folder.path()) else {
        assert!(std::env::var_os("CI").is_none(), "no PostgreSQL or no Redis, and CI must not skip this");
        return skipped("no PostgreSQL or no Redis here");
    };
    let at = folder.path().display();
    home.write("bin/redis-cli", &format!("#!/bin/sh\nPATH=${{PATH#*:}}\nexec redis-cli -s {at}/redis \"$@\"\n"), 0o755);
    let environment = format!("export PGHOST={at} PGUSER=test PGDATABASE=postgres\n");
    let run = |script: &str| {
        let output = home.run(&format!("{environment}{script}"));
        assert!(output.status.success(), "{script}\n{}", both(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    until("the servers are up", || {
        home.run(&format!("{environment}psql -qc 'SELECT 1' && redis-cli ping")).status.success()
    });
    // The second run finds the rows of the first.
    run(script);
    let output = run(script);
    assert!(output.contains("COPY "), "{output}");
    let rows =
        run("psql -Atc \"SELECT count(*), count(DISTINCT (symbol, start)), count(volume), bool_and(high >= low), \
                    bool_and(start < recv), count(DISTINCT symbol) FROM bars WHERE type = 'bar' AND interval = '1s'\"");
    let rows: Vec<&str> = rows.trim().split('|').collect();
    assert!(rows[0].parse::<u32>().unwrap() > 20, "{rows:?}");
    assert_eq!(rows[2..], ["0", "t", "t", "5"], "indices have no volume: {rows:?}");
    let length = |kind: &str| run(&format!("redis-cli --raw XLEN {kind}")).trim().parse::<u32>().unwrap();
    assert_eq!(length("ticker") + length("prev_close"), 100);
    let last = run("redis-cli --raw XREVRANGE ticker + - COUNT 1");
    let record: serde_json::Value = serde_json::from_str(last.trim().lines().last().unwrap()).expect("a record");
    assert_eq!((&record["type"], record["segment"].as_str()), (&"ticker".into(), Some("IDX_I")), "{last}");
}

#[test]
fn every_reader_in_the_readme_reads_gaps_behind_thousands_of_lines() {
    let home = Home::new();
    let script = block("sh test readers");
    if !can_run(&home, script) {
        return;
    }
    // Gaps behind more lines than any reader samples to infer columns.
    let mut text = String::new();
    let mut recv_us = 1_795_391_403_539_691_i64;
    for n in 0..60_000 {
        recv_us += 1 + n % 3;
        let quote = r#"{"type":"quote","segment":"IDX_I","security_id":"13","symbol":"NIFTY","ltp":25561.4,"ltq":0,"ltt":null,"atp":0.0,"volume":0,"total_buy_qty":0,"total_sell_qty":0,"day_open":25540.1,"day_high":25580.0,"day_low":25511.35,"close":25533.95,"recv_us":"#;
        text += &format!("{quote}{recv_us}}}\n");
    }
    let gaps = [
        ("disconnected", r#"["NSE_EQ:2885"]"#, "null"),
        ("lagged", "null", "12"),
        ("stalled", r#"["IDX_I:13"]"#, "null"),
    ];
    for (reason, ids, dropped) in gaps {
        recv_us += 1;
        text += &format!(
            r#"{{"type":"gap","feed":"market","conn":1,"reason":"{reason}","detail":null,"from_us":{},"to_us":{},"instruments":1,"ids":{ids},"dropped":{dropped},"recv_us":{recv_us}}}"#,
            recv_us - 2_000_000,
            recv_us - 1_000_000
        );
        text.push('\n');
    }
    home.write("work/day.ndjson", &text, 0o644);
    let verified = home.run("dhan verify day.ndjson || [ $? = 13 ]");
    assert!(both(&verified).contains(r#""damaged":0"#), "{}", both(&verified));
    let of_file = |script: &'static str, name: &str| {
        let (first, rest) = script.trim_start().split_once('\n').expect("more than one line");
        assert!(first.starts_with("dhan feed") && first.ends_with(&format!("-o {name}")), "{first}");
        rest
    };
    let output = home.run(of_file(script, "day.ndjson"));
    assert!(output.status.success(), "{}", both(&output));
    let printed = String::from_utf8_lossy(&output.stdout);
    for reader in ["duckdb", "polars", "pandas", "pyarrow"] {
        let line = printed
            .lines()
            .find_map(|line| line.strip_prefix(reader))
            .unwrap_or_else(|| panic!("no {reader}: {printed}"));
        for (word, times) in
            [("'gap'", 3), ("'disconnected'", 1), ("'lagged'", 1), ("'stalled'", 1), ("['NSE_EQ:2885']", 1), ("12", 1)]
        {
            assert!(line.matches(word).count() >= times, "{reader}: {word}: {line}");
        }
        assert_eq!(line.matches("'gap'").count(), 3, "{reader}: {line}");
    }
    // The totals that the chapter on losses computes with jq.
    let sums = blocks("sh test").into_iter().map(|(_, text)| text).find(|text| text.contains("group_by(.reason)"));
    fs::copy(home.path("work/day.ndjson"), home.path("work/ticks.ndjson")).unwrap();
    let output = home.run(of_file(sums.expect("a block"), "ticks.ndjson"));
    let sums: serde_json::Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", both(&output)));
    assert_eq!(sums, serde_json::json!({"disconnected": 1, "lagged": 1, "stalled": 1}));
}
