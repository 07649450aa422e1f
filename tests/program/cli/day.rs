//! A trading day with nobody watching, in less than a minute: a burst at the open, a quiet time, cuts, a token that is
//! refused and renewed on disk, the close. And files that turn over all the time. Everything through the binary.

use crate::support::PATIENCE;
use dhan::testing::clock::ist_civil;
use dhan::testing::model::Stream;
use dhan::testing::model::{InstrumentKey, Micros, Segment};
use dhan::testing::protocol::encode;
use dhan::testing::protocol::feed::{self, Packet};
use dhan::testing::simulator::{BadToken, Cut, SimConfig, SimHandle, Upgrade};
use serde_json::Value;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// `dhan`, pointed at a simulator, with nothing of this process's environment but the path.
fn dhan(sim: &SimHandle, dir: &Path, line: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dhan"));
    command.args(line).current_dir(dir).env_clear().envs(sim.environment());
    command
        .env("XDG_STATE_HOME", dir.join("state"))
        .env("XDG_CONFIG_HOME", dir)
        .env("DHAN_CACHE_DIR", dir.join("cache"));
    command.env("DHAN_CLIENT_ID", "1000000001").env("RUST_BACKTRACE", "1");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a command that needs no simulator.
fn offline(dir: &Path, line: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dhan"))
        .args(line)
        .current_dir(dir)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn records(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("a broken line: {line:?}"))).collect()
}

fn of_type<'a>(records: &'a [Value], kind: &str) -> Vec<&'a Value> {
    records.iter().filter(|record| record["type"] == kind).collect()
}

fn unpacked(path: &Path) -> String {
    text(&zstd::decode_all(fs::File::open(path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

fn number(record: &Value, key: &str) -> i64 {
    record[key].as_i64().unwrap_or_else(|| panic!("no {key} in {record}"))
}

/// What `dhan verify` says of files: the exit code and a record each.
fn verified(dir: &Path, files: &[String]) -> (Option<i32>, Vec<Value>) {
    let mut line = vec!["verify"];
    line.extend(files.iter().map(String::as_str));
    let output = offline(dir, &line);
    (output.status.code(), records(&text(&output.stdout)))
}

/// A running `dhan`, its standard output read as it comes; killed when its test fails.
struct Running {
    child: Option<Child>,
    printed: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Running {
    fn start(mut command: Command) -> Running {
        let mut child = command.spawn().unwrap();
        let mut stdout = child.stdout.take().expect("it is piped");
        let printed = Arc::new(Mutex::new(Vec::new()));
        let into = printed.clone();
        let reader = thread::spawn(move || {
            let mut piece = [0; 8192];
            while let Ok(n @ 1..) = stdout.read(&mut piece) {
                into.lock().unwrap().extend_from_slice(&piece[..n]);
            }
        });
        Running { child: Some(child), printed, reader: Some(reader) }
    }

    /// Waits until something was printed.
    fn prints(&self, what: &str) {
        let give_up = Instant::now() + PATIENCE;
        while !String::from_utf8_lossy(&self.printed.lock().unwrap()).contains(what) {
            assert!(Instant::now() < give_up, "{what} was not printed");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn terminate(&self) {
        let child = self.child.as_ref().expect("it runs");
        rustix::process::kill_process(rustix::process::Pid::from_child(child), rustix::process::Signal::TERM).unwrap();
    }

    fn ended(mut self) -> Output {
        let mut output = self.child.take().expect("it was started").wait_with_output().unwrap();
        self.reader.take().expect("it is read").join().unwrap();
        output.stdout = self.printed.lock().unwrap().clone();
        output
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let stderr = child.wait_with_output().map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
            let _ = std::io::stderr().write_all(stderr.unwrap_or_default().as_bytes());
        }
    }
}

/// Tickers of an instrument nobody asked for, numbered by their price: what comes in the burst can be told apart.
fn numbered(from: u32, count: u32) -> Vec<u8> {
    let mut frame = Vec::new();
    for n in from..from + count {
        encode::ticker(&mut frame, BURST, n as f32, 1_800_000_000);
    }
    frame
}

const BURST: InstrumentKey = InstrumentKey::new(Segment::NSE_EQ, 424_242);
const IN_BURST: u32 = 20_000;
const QUIET_MARK: u32 = 1_000_000;

struct Day {
    sim: SimHandle,
    dir: TempDir,
    running: Running,
}

impl Day {
    fn opens(line: &[&str]) -> Day {
        let config = SimConfig {
            rate: Some(500.0),
            record_sent: true,
            bad_token: BadToken::Disconnect(807),
            ..SimConfig::default()
        };
        let sim = SimHandle::start_in_thread(config).expect("the simulator starts");
        let dir = tempfile::tempdir().unwrap();
        Day::write_token(dir.path(), "first");
        let running = Running::start(dhan(&sim, dir.path(), line));
        let day = Day { sim, dir, running };
        assert!(
            day.sim.wait(PATIENCE, |sim| sim.subscriptions(Stream::Market).len() >= 4),
            "it asks for what was asked for"
        );
        day
    }

    /// As renewal scripts do it: never half a token.
    fn write_token(dir: &Path, token: &str) {
        fs::write(dir.join("new"), token).unwrap();
        fs::set_permissions(dir.join("new"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::rename(dir.join("new"), dir.join("token")).unwrap();
    }

    /// The connection that is open now.
    fn connection(&self) -> usize {
        assert!(self.sim.wait(PATIENCE, |sim| !sim.open(Stream::Market).is_empty()), "nobody is connected");
        self.sim.open(Stream::Market)[0].id
    }

    /// The number of a connection, not one of the first `before`, on which everything was asked for again and data has come.
    fn again(&self, before: usize) {
        let live = |sim: &dhan::testing::simulator::Probe| {
            let open = sim.open(Stream::Market);
            open.iter().any(|c| c.id >= before && c.subscriptions.len() >= 4 && c.packets_sent > 20)
        };
        assert!(self.sim.wait(PATIENCE, live), "it did not come back");
    }

    fn cut(&self, cut: Cut) {
        let id = self.connection();
        self.sim.cut(id, cut);
        self.again(id + 1);
    }

    fn upgrades_with(&self, token: &str) -> usize {
        let upgrades = self.sim.upgrades();
        upgrades.iter().filter(|(_, request)| request.query_value("token").as_deref() == Some(token)).count()
    }
}

/// Lives through a day; the simulator that saw it, the folder it was kept in, and how it ended.
fn live(line: &[&str]) -> (SimHandle, TempDir, Output) {
    let day = Day::opens(line);
    let (sim, first) = (&day.sim, day.connection());
    day.again(first);
    // The open: everything at once.
    for n in (0..IN_BURST).step_by(200) {
        sim.send(first, numbered(n, 200));
    }
    // A quiet time, longer than any pause between packets. Its mark tells where it was.
    sim.set_muted(true);
    sim.send(first, numbered(QUIET_MARK, 1));
    thread::sleep(Duration::from_millis(1_500));
    sim.set_muted(false);
    // Cuts of every kind, and a server that is away for a while.
    day.cut(Cut::Close(1001));
    day.cut(Cut::Reset);
    sim.next_upgrade(Upgrade::Reset);
    day.cut(Cut::Fin);
    // The token ends: the server throws us out and takes the old one no more.
    let before = day.upgrades_with("first");
    sim.refuse_token("first");
    let id = day.connection();
    sim.cut(id, Cut::Disconnect(807));
    thread::sleep(Duration::from_secs(1));
    assert_eq!(day.upgrades_with("first"), before, "the token that was refused was sent again");
    Day::write_token(day.dir.path(), "second");
    day.again(id + 1);
    assert_eq!((day.upgrades_with("first"), day.upgrades_with("second")), (before, 1));
    // The close: the last packet is the market's state, then silence, then we are told to go.
    let id = day.connection();
    sim.set_muted(true);
    let mut close = Vec::new();
    encode::raw(&mut close, 7, InstrumentKey::new(Segment::NSE_EQ, 0), &[]);
    sim.send(id, close);
    day.running.prints("market_status");
    day.running.terminate();
    let Day { sim, dir, running } = day;
    let output = running.ended();
    (sim, dir, output)
}

fn watchlist() -> &'static [&'static str] {
    &["IDX_I:13", "NSE_EQ:2885@full", "NSE_EQ:1333@quote", "NSE_EQ:2885@ticker"]
}

#[test]
fn a_day_with_a_burst_cuts_and_a_new_token_leaves_whole_files_whose_books_balance() {
    let mut line = vec!["feed", "--token-file", "token", "--fail-on-gap", "1h"];
    line.extend(["-o", "day.ndjson.zst", "-o", "-", "--capture", "day.dcap"]);
    line.extend(watchlist());
    let (sim, dir, output) = live(&line);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(!said.contains("first") && !said.contains("second"), "a token was told: {said}");

    // The file is what stdout got, and the end.
    let (printed, kept) = (text(&output.stdout), unpacked(&dir.path().join("day.ndjson.zst")));
    let end = kept.strip_prefix(&printed).expect("the file begins with what was printed");
    let end = records(end);
    assert_eq!((end.len(), &end[0]["type"]), (1, &Value::from("end")), "{end:?}");
    let [received, written, filtered, dropped, malformed] =
        ["received", "written", "filtered", "dropped", "malformed"].map(|key| number(&end[0], key));
    assert_eq!(received, written + filtered + dropped + malformed, "{end:?}");
    // The farewell of the server that took the token no more says nothing about the market.
    assert_eq!((filtered, dropped, malformed), (1, 0, 0), "{end:?}");

    // Every packet that was received is a line, in the order in which it was sent.
    let records = records(&printed);
    let gaps = of_type(&records, "gap");
    assert_eq!((records.len() - gaps.len()) as i64, written);
    let burst: Vec<f64> =
        records.iter().filter(|r| r["security_id"] == "424242").map(|r| r["ltp"].as_f64().unwrap()).collect();
    let expected: Vec<f64> = (0..IN_BURST).chain([QUIET_MARK]).map(f64::from).collect();
    assert!(burst == expected, "{} of {} packets of the burst", burst.len(), expected.len());
    let sent: usize = (0..sim.all().len()).flat_map(|id| sim.sent(id)).map(|frame| feed::packets(&frame).count()).sum();
    assert!(received as usize <= sent, "{received} were received of {sent}");
    assert_eq!(records.last().unwrap()["type"], "market_status", "the close came through");
    let times: Vec<i64> = records.iter().map(|record| number(record, "recv_us")).collect();
    assert!(times.is_sorted_by(|a, b| a < b), "times grow strictly");

    // Every loss is told, and nothing was received within one; the quiet time was none.
    assert_eq!(gaps.len(), 4, "three cuts and the token: {gaps:?}");
    assert_eq!(number(&end[0], "gaps"), 4);
    for gap in &gaps {
        assert_eq!(gap["reason"], "disconnected", "{gap}");
        let (from, to) = (number(gap, "from_us"), number(gap, "to_us"));
        assert!(from < to, "{gap}");
        let data = records.iter().filter(|r| r["type"] != "gap").map(|r| number(r, "recv_us"));
        assert_eq!(data.filter(|at| (from + 1..to).contains(at)).count(), 0, "data within {gap}");
    }

    let (code, summaries) = verified(dir.path(), &["day.ndjson.zst".to_owned(), "day.dcap".to_owned()]);
    assert_eq!((code, summaries.len()), (Some(13), 2), "there were gaps, and nothing else: {summaries:?}");
    for summary in &summaries {
        assert_eq!((&summary["verdict"], &summary["ended_orderly"]), (&"gaps".into(), &true.into()), "{summary}");
        assert_eq!((number(summary, "damaged"), number(summary, "torn_bytes")), (0, 0), "{summary}");
        assert_eq!(number(summary, "gaps"), 4, "{summary}");
    }
    assert_eq!(summaries[0]["books"]["written"], written);

    // The capture tells the same.
    let replayed = offline(dir.path(), &["replay", "day.dcap"]);
    assert_eq!(replayed.status.code(), Some(0), "{}", text(&replayed.stderr));
    assert!(text(&replayed.stdout) == printed, "the replay prints other bytes than the day did");
    let mode = fs::metadata(dir.path().join("day.dcap")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// When a line was received, as `%H%M%S` in India.
fn second_of(recv_us: i64) -> String {
    ist_civil(Micros::new(recv_us)).strftime("%H%M%S").to_string()
}

#[test]
fn a_thousand_rotations_lose_nothing_double_nothing_and_put_every_line_where_its_time_belongs() {
    let _alone = crate::support::heavy();
    const RECORDS: usize = 100_000;
    let config = SimConfig { rate: Some(10_000.0), record_sent: true, ..SimConfig::default() };
    let sim = SimHandle::start_in_thread(config).expect("the simulator starts");
    let dir = tempfile::tempdir().unwrap();
    let count = RECORDS.to_string();
    let line = [
        "feed",
        "IDX_I:13",
        "NSE_EQ:2885",
        "NSE_EQ:1333",
        "-o",
        "files/x-%H%M%S.ndjson",
        "--rotate-size",
        "10KB",
        "--on-lag",
        "block",
    ];
    fs::create_dir(dir.path().join("files")).unwrap();
    let mut command = dhan(&sim, dir.path(), &[&line[..], &["-n", &count]].concat());
    command.env("DHAN_ACCESS_TOKEN", "any");
    let output = Running::start(command).ended();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));

    // `x-093001.ndjson`, `x-093001.1.ndjson`, …
    let mut files: Vec<(String, Vec<Value>)> = fs::read_dir(dir.path().join("files"))
        .unwrap()
        .map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let bytes = fs::read(dir.path().join("files").join(&name)).unwrap();
            assert!(bytes.len() <= 10_000, "{name}: {} bytes", bytes.len());
            (name, records(&text(&bytes)))
        })
        .collect();
    files.sort_by_key(|(_, records)| number(&records[0], "recv_us"));
    assert!(files.len() >= 1_000, "{} files", files.len());

    let mut lines: Vec<Value> = Vec::new();
    for (i, (name, records)) in files.iter().enumerate() {
        let second =
            name.strip_prefix("x-").and_then(|n| n.strip_suffix(".ndjson")).unwrap_or_else(|| panic!("{name}?"));
        let second = second.split('.').next().unwrap();
        let (end, records) = records.split_last().expect("not empty");
        let (books, reason) = (number(end, "written"), end["reason"].as_str().unwrap());
        if i + 1 < files.len() {
            assert_eq!((books, reason), (records.len() as i64, "rotated"), "{name}: its books are its own");
        } else {
            assert_eq!((books, reason), (RECORDS as i64, "count"), "{name}: the last books are the run's");
        }
        for record in records {
            assert_eq!(second_of(number(record, "recv_us")), second, "{name}: {record}");
        }
        lines.extend_from_slice(records);
    }
    assert_eq!(lines.len(), RECORDS);
    let times: Vec<i64> = lines.iter().map(|line| number(line, "recv_us")).collect();
    assert!(times.is_sorted_by(|a, b| a < b), "a line is in the wrong file, or twice");
    let printed = lines.iter().map(|line| (line["security_id"].as_str().unwrap().to_owned(), price(line)));
    let sent: Vec<(String, f64)> = sim.sent(0).iter().flat_map(|frame| packets(frame)).take(RECORDS).collect();
    assert!(printed.eq(sent), "what was written is not what was sent");

    let names: Vec<String> = files.into_iter().map(|(name, _)| format!("files/{name}")).collect();
    let (code, summaries) = verified(dir.path(), &names);
    assert_eq!((code, summaries.len()), (Some(0), names.len()));
    assert!(summaries.iter().all(|summary| summary["verdict"] == "ok"));
}

/// What tells one record from the next: its price.
fn price(record: &Value) -> f64 {
    let key = if record["type"] == "prev_close" { "prev_close" } else { "ltp" };
    record[key].as_f64().unwrap_or_else(|| panic!("no price in {record}"))
}

/// Every packet of a frame as its instrument and its price, as the record would say it.
fn packets(frame: &[u8]) -> Vec<(String, f64)> {
    let told = |price: f32| price.to_string().parse::<f64>().unwrap();
    feed::packets(frame)
        .map(|packet| {
            let (header, packet) = packet.expect("whole packets");
            let price = match packet {
                Packet::Ticker(p) => told(p.ltp()),
                Packet::PrevClose(p) => told(p.prev_close()),
                other => panic!("nobody ordered {other:?}"),
            };
            (header.instrument.security_id.to_string(), price)
        })
        .collect()
}
