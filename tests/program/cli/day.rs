//! An unattended trading day in less than a minute: a burst at the open, a quiet time, cuts, a token that is refused and
//! replaced on disk, the close. And a thousand rotations of files.

use crate::support::{Done, Home, PATIENCE, Run, Signal, records, simulator, utf8};
use dhan::testing::clock::ist_civil;
use dhan::testing::model::Stream;
use dhan::testing::model::{InstrumentKey, Micros, Segment};
use dhan::testing::protocol::encode;
use dhan::testing::protocol::feed::{self, Packet};
use dhan::testing::simulator::{BadToken, Cut, SimConfig, SimHandle, Upgrade};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::thread;
use std::time::Duration;

fn of_type<'a>(records: &'a [Value], kind: &str) -> Vec<&'a Value> {
    records.iter().filter(|record| record["type"] == kind).collect()
}

fn unpacked(path: &Path) -> String {
    utf8(&zstd::decode_all(fs::File::open(path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

fn number(record: &Value, key: &str) -> i64 {
    record[key].as_i64().unwrap_or_else(|| panic!("no {key} in {record}"))
}

/// Runs `dhan verify` on files, and returns its exit code and a record for each file.
fn verified(home: &Home, files: &[String]) -> (i32, Vec<Value>) {
    let line: Vec<&str> = ["verify"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let done = home.run(&line);
    (done.code(), done.records())
}

/// Returns tickers of an unrequested instrument, numbered by their price, so that each can be identified.
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
    home: Home,
    run: Run,
}

impl Day {
    fn opens(line: &[&str]) -> Day {
        let config = SimConfig {
            rate: Some(500.0),
            record_sent: true,
            bad_token: BadToken::Disconnect(807),
            ..SimConfig::default()
        };
        let sim = simulator(config);
        let home = Home::at(&sim);
        Day::write_token(&home, "first");
        let run = home.start(line);
        let day = Day { sim, home, run };
        assert!(
            day.sim.wait(PATIENCE, |sim| sim.subscriptions(Stream::Market).len() >= 4),
            "the run has four subscriptions"
        );
        day
    }

    /// Replaces the token file in one step, as renewal scripts do.
    fn write_token(home: &Home, token: &str) {
        home.write("new", token, 0o600);
        fs::rename(home.path("new"), home.path("token")).unwrap();
    }

    /// Returns the open connection's id.
    fn connection(&self) -> usize {
        assert!(self.sim.wait(PATIENCE, |sim| !sim.open(Stream::Market).is_empty()), "no connection is open");
        self.sim.open(Stream::Market)[0].id
    }

    /// Waits for a connection after the first `before` ones that has every subscription and has sent data.
    fn again(&self, before: usize) {
        let live = |sim: &dhan::testing::simulator::Probe| {
            let open = sim.open(Stream::Market);
            open.iter().any(|c| c.id >= before && c.subscriptions.len() >= 4 && c.packets_sent > 20)
        };
        assert!(self.sim.wait(PATIENCE, live), "the run did not reconnect");
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

/// Runs a day, and returns the simulator, the home and the ended run.
fn live(line: &[&str]) -> (SimHandle, Home, Done) {
    let day = Day::opens(line);
    let (sim, first) = (&day.sim, day.connection());
    day.again(first);
    // The open: a burst.
    for n in (0..IN_BURST).step_by(200) {
        sim.send(first, numbered(n, 200));
    }
    // A quiet time, longer than any pause between packets, behind a packet that marks it.
    sim.set_muted(true);
    sim.send(first, numbered(QUIET_MARK, 1));
    thread::sleep(Duration::from_millis(1_500));
    sim.set_muted(false);
    // Cuts of every kind, and a failed attempt to reconnect.
    day.cut(Cut::Close(1001));
    day.cut(Cut::Reset);
    sim.next_upgrade(Upgrade::Reset);
    day.cut(Cut::Fin);
    // The token expires: the server disconnects and refuses the old one.
    let before = day.upgrades_with("first");
    sim.refuse_token("first");
    let id = day.connection();
    sim.cut(id, Cut::Disconnect(807));
    thread::sleep(Duration::from_secs(1));
    assert_eq!(day.upgrades_with("first"), before, "the token that was refused was sent again");
    Day::write_token(&day.home, "second");
    day.again(id + 1);
    assert_eq!((day.upgrades_with("first"), day.upgrades_with("second")), (before, 1));
    // The close: a market status packet, silence, and SIGTERM.
    let id = day.connection();
    sim.set_muted(true);
    let mut close = Vec::new();
    encode::raw(&mut close, 7, InstrumentKey::new(Segment::NSE_EQ, 0), &[]);
    sim.send(id, close);
    day.run.records("market_status", 1);
    let Day { sim, home, run } = day;
    let done = run.stop(Signal::TERM);
    (sim, home, done)
}

fn watchlist() -> &'static [&'static str] {
    &["IDX_I:13", "NSE_EQ:2885@full", "NSE_EQ:1333@quote", "NSE_EQ:2885@ticker"]
}

#[test]
fn a_day_of_bursts_cuts_and_a_new_token_leaves_complete_files_with_balanced_counters() {
    let mut line = vec!["feed", "--token-file", "token", "--fail-on-gap", "1h"];
    line.extend(["-o", "day.ndjson.zst", "-o", "-", "--capture", "day.dcap"]);
    line.extend(watchlist());
    let (sim, home, done) = live(&line);
    let done = done.exits(0);
    assert!(!done.err.contains("first") && !done.err.contains("second"), "a token is in stderr: {}", done.err);

    // The file has what stdout got, and an end record.
    let (printed, kept) = (done.out, unpacked(&home.path("day.ndjson.zst")));
    let end = kept.strip_prefix(&printed).expect("the file begins with what was printed");
    let end = records(end);
    assert_eq!((end.len(), &end[0]["type"]), (1, &Value::from("end")), "{end:?}");
    let [received, written, filtered, dropped, malformed] =
        ["received", "written", "filtered", "dropped", "malformed"].map(|key| number(&end[0], key));
    assert_eq!(received, written + filtered + dropped + malformed, "{end:?}");
    // The disconnect packet of the server is filtered.
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

    // Every loss has a gap record without data in it; the quiet time has none.
    assert_eq!(gaps.len(), 4, "three cuts and the token: {gaps:?}");
    assert_eq!(number(&end[0], "gaps"), 4);
    for gap in &gaps {
        assert_eq!(gap["reason"], "disconnected", "{gap}");
        let (from, to) = (number(gap, "from_us"), number(gap, "to_us"));
        assert!(from < to, "{gap}");
        let data = records.iter().filter(|r| r["type"] != "gap").map(|r| number(r, "recv_us"));
        assert_eq!(data.filter(|at| (from + 1..to).contains(at)).count(), 0, "data within {gap}");
    }

    let (code, summaries) = verified(&home, &["day.ndjson.zst".to_owned(), "day.dcap".to_owned()]);
    assert_eq!((code, summaries.len()), (13, 2), "there were gaps, and nothing else: {summaries:?}");
    for summary in &summaries {
        assert_eq!((&summary["verdict"], &summary["ended_orderly"]), (&"gaps".into(), &true.into()), "{summary}");
        assert_eq!((number(summary, "damaged"), number(summary, "torn_bytes")), (0, 0), "{summary}");
        assert_eq!(number(summary, "gaps"), 4, "{summary}");
    }
    assert_eq!(summaries[0]["books"]["written"], written);

    // The capture replays to the same bytes.
    let replayed = home.run(&["replay", "day.dcap"]).exits(0);
    assert!(replayed.out == printed, "the replay prints other bytes than the day did");
    let mode = fs::metadata(home.path("day.dcap")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// Returns the time at which a line was received, as `%H%M%S` in India.
fn second_of(recv_us: i64) -> String {
    ist_civil(Micros::new(recv_us)).strftime("%H%M%S").to_string()
}

#[test]
fn a_thousand_rotations_write_every_line_once_into_the_file_of_its_time() {
    let _alone = crate::support::heavy();
    const RECORDS: usize = 100_000;
    let config = SimConfig { rate: Some(10_000.0), record_sent: true, ..SimConfig::default() };
    let sim = simulator(config);
    let home = Home::at(&sim);
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
    fs::create_dir(home.path("files")).unwrap();
    home.run(&[&line[..], &["-n", &count]].concat()).exits(0);

    // `x-093001.ndjson`, `x-093001.1.ndjson`, …
    let mut files: Vec<(String, Vec<Value>)> = fs::read_dir(home.path("files"))
        .unwrap()
        .map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let bytes = fs::read(home.path("files").join(&name)).unwrap();
            assert!(bytes.len() <= 10_000, "{name}: {} bytes", bytes.len());
            (name, records(&utf8(&bytes)))
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
    let (code, summaries) = verified(&home, &names);
    assert_eq!((code, summaries.len()), (0, names.len()));
    assert!(summaries.iter().all(|summary| summary["verdict"] == "ok"));
}

/// Returns the price of a record, which identifies it.
fn price(record: &Value) -> f64 {
    let key = if record["type"] == "prev_close" { "prev_close" } else { "ltp" };
    record[key].as_f64().unwrap_or_else(|| panic!("no price in {record}"))
}

/// Returns the instrument and the price of every packet of a frame, as its record has them.
fn packets(frame: &[u8]) -> Vec<(String, f64)> {
    let exact = |price: f32| price.to_string().parse::<f64>().unwrap();
    feed::packets(frame)
        .map(|packet| {
            let (header, packet) = packet.expect("whole packets");
            let price = match packet {
                Packet::Ticker(p) => exact(p.ltp()),
                Packet::PrevClose(p) => exact(p.prev_close()),
                other => panic!("nobody ordered {other:?}"),
            };
            (header.instrument.security_id.to_string(), price)
        })
        .collect()
}
