//! Captures: a replay prints the same bytes as the live run.

use crate::support::secrets::{self, OPAQUE};
use crate::support::{Home, PATIENCE, Run, simulator, stderr, stdout, until};
use dhan::testing::capture::block::{self, ENTRIES, MAGIC, SESSION};
use dhan::testing::capture::entry::{Entries, Entry, EntryIter};
use dhan::testing::capture::play::CaptureSession;
use dhan::testing::capture::{Part, Player};
use dhan::testing::model::Stream;
use dhan::testing::model::{InstrumentKey, Micros, Segment};
use dhan::testing::pipeline::item::{Event, Frame, FrameKind, StatusEvent};
use dhan::testing::protocol::encode;
use dhan::testing::protocol::feed::{self, Packet};
use dhan::testing::simulator::{Cut, Played, PrevClose, Probe, SimConfig, SimHandle};
use rustix::process::Signal;
use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::{Duration, Instant};

const FULLS: [&str; 6] =
    ["NSE_EQ:2885@full", "NSE_EQ:1333@full", "NSE_EQ:11536@quote", "NSE_FNO:45678@full", "IDX_I:13", "IDX_I:25@quote"];

pub struct Room {
    home: Home,
    sim: SimHandle,
}

impl Room {
    pub fn new() -> Room {
        Room::of(SimConfig { rate: Some(400.0), record_sent: true, ..SimConfig::default() })
    }

    pub fn of(config: SimConfig) -> Room {
        Room { home: Home::new(), sim: simulator(config) }
    }

    pub fn probe(&self) -> Probe {
        self.sim.probe()
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.home.path(name)
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.at(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn command(&self, line: &[&str]) -> Command {
        let mut command = self.home.dhan(&self.sim, line);
        command.env("DHAN_CACHE_DIR", self.at("cache"));
        command
    }

    pub fn start(&self, line: &[&str]) -> Run {
        self.home.start(self.command(line))
    }

    /// Runs to the end; fails at another exit code.
    #[track_caller]
    pub fn run(&self, line: &[&str], code: i32) -> Output {
        let output = self.command(line).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{line:?}: {}", stderr(&output));
        secrets::assert_clean("stdout", &output.stdout);
        secrets::assert_clean("stderr", &output.stderr);
        output
    }

    #[track_caller]
    pub fn same(&self, one: &str, other: &str) {
        let (one_bytes, other_bytes) = (self.bytes(one), self.bytes(other));
        assert!(!one_bytes.is_empty(), "{one} is empty");
        if one_bytes != other_bytes {
            let at = one_bytes.split(|b| *b == b'\n').zip(other_bytes.split(|b| *b == b'\n')).find(|(a, b)| a != b);
            let at = at.map(|(a, b)| (String::from_utf8_lossy(a), String::from_utf8_lossy(b)));
            panic!("{one} ({} bytes) and {other} ({}) differ: {at:?}", one_bytes.len(), other_bytes.len());
        }
    }

    pub fn wait_until(&self, what: &str, holds: impl FnMut(&Probe) -> bool) {
        assert!(self.probe().wait(PATIENCE, holds), "{what}");
    }
}

/// Whether the simulator has sent a number of messages on the n-th connection of a stream.
pub fn sent(probe: &Probe, kind: Stream, connection: usize, at_least: usize) -> bool {
    let all: Vec<_> = probe.all().into_iter().filter(|seen| seen.kind == kind).collect();
    all.get(connection).is_some_and(|seen| probe.sent(seen.id).len() >= at_least)
}

#[test]
fn a_replay_prints_the_bytes_of_the_live_run_including_gaps_and_ends() {
    let room = Room::new();
    let mut line = vec!["feed"];
    line.extend(FULLS);
    line.extend(["--status-records", "--capture", "c.dcap", "-o", "a.ndjson", "-o", "b.csv", "-o", "z.ndjson.zst"]);
    let child = room.start(&line);
    room.wait_until("packets", |probe| sent(probe, Stream::Market, 0, 100));
    room.probe().cut_all(Cut::Reset);
    room.wait_until("it came back", |probe| sent(probe, Stream::Market, 1, 100));
    room.probe().cut_all(Cut::Close(1001));
    room.wait_until("it came back again", |probe| sent(probe, Stream::Market, 2, 100));
    child.stop(Signal::INT).exits(0);

    let again = ["replay", "c.dcap", "--status-records", "-o", "ra.ndjson", "-o", "rb.csv"];
    room.run(&again, 0);
    room.same("a.ndjson", "ra.ndjson");
    room.same("b.csv", "rb.csv");
    room.same("b.csv.gaps.ndjson", "rb.csv.gaps.ndjson");
    let gaps = String::from_utf8(room.bytes("a.ndjson")).unwrap().matches(r#""type":"gap""#).count();
    assert!(gaps >= 2, "the cuts are in it: {gaps}");

    // Other formats are encoded from the same frames.
    let out = room.run(&["replay", "c.dcap", "--only", "full", "--no-gaps", "-f", "csv", "-n", "20"], 0).stdout;
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.lines().count(), 21);
    assert!(text.lines().skip(1).all(|line| line.starts_with("full,")), "{text}");
    let summary = room.run(&["verify", "c.dcap"], 13).stdout;
    let summary = String::from_utf8(summary).unwrap();
    assert!(summary.contains(r#""format":"capture","verdict":"gaps""#), "{summary}");
    let table = stdout(&room.run(&["verify", "-f", "table", "c.dcap", "a.ndjson"], 13));
    let lines: Vec<_> = table.lines().collect();
    assert!(lines.len() == 3 && lines[0].starts_with("FILE      STATE  RECORDS  INSTRUMENTS  FIRST (IST)"), "{table}");
    assert!(lines[1].starts_with("c.dcap    gaps ") && lines[2].starts_with("a.ndjson  gaps "), "{table}");
    assert!(lines[1].ends_with(&format!("{gaps} disconnected")), "{table}");
    assert!(memchr::memmem::find(&room.bytes("c.dcap"), OPAQUE.as_bytes()).is_none(), "the token is in the capture");
}

#[test]
fn a_replay_ends_at_the_record_at_which_the_run_ended() {
    let room = Room::new();
    for (i, end) in [&["-n", "137"][..], &["--once"], &["-n", "1"]].into_iter().enumerate() {
        let (dcap, live, again) = (format!("{i}.dcap"), format!("{i}.ndjson"), format!("r{i}.ndjson"));
        let mut line = vec!["feed"];
        line.extend(FULLS);
        line.extend(["--capture", &dcap, "-o", &live]);
        line.extend(end);
        room.run(&line, 0);
        room.run(&["replay", &dcap, "-o", &again], 0);
        room.same(&live, &again);
        room.run(&["verify", &dcap], 0);
    }
    // The same count changes nothing; a smaller one ends earlier.
    room.run(&["replay", "0.dcap", "-n", "137", "-o", "n.ndjson"], 0);
    room.same("0.ndjson", "n.ndjson");
    let out = room.run(&["replay", "0.dcap", "-n", "5"], 0).stdout;
    assert_eq!(memchr::memchr_iter(b'\n', &out).count(), 5);
    assert!(room.bytes("0.ndjson").starts_with(&out));
}

#[test]
fn a_capture_keeps_depth_and_orders_but_no_login() {
    let room = Room::new();
    for view in ["book", "sides"] {
        let (dcap, live, again) = (format!("{view}.dcap.zst"), format!("{view}.ndjson"), format!("r{view}.ndjson"));
        let line = ["depth", "NSE_EQ:2885", "NSE_EQ:1333", "--view", view, "--top", "3", "-n", "60"];
        room.run(&[&line[..], &["--capture", &dcap, "-o", &live]].concat(), 0);
        room.run(&["replay", &dcap, "--view", view, "--top", "3", "-o", &again], 0);
        room.same(&live, &again);
        room.run(&["verify", &dcap], 0);
    }
    let child = room.start(&["orders", "--capture", "o.dcap", "-o", "o.ndjson", "-o", "o.csv"]);
    room.wait_until("the login", |probe| sent(probe, Stream::Orders, 0, 0) && !probe.texts().is_empty());
    room.probe().advance_orders(12);
    room.wait_until("updates", |probe| sent(probe, Stream::Orders, 0, 5));
    room.probe().cut_all(Cut::Reset);
    room.wait_until("it came back", |probe| probe.texts().len() >= 2);
    room.probe().advance_orders(12);
    room.wait_until("more", |probe| sent(probe, Stream::Orders, 1, 3));
    child.stop(Signal::TERM).exits(0);
    room.run(&["replay", "o.dcap", "-o", "ro.ndjson", "-o", "ro.csv"], 0);
    room.same("o.ndjson", "ro.ndjson");
    room.same("o.csv", "ro.csv");
    assert!(room.probe().texts().iter().any(|seen| seen.text.contains(OPAQUE)), "the login carried the token");
    for name in ["o.dcap", "o.ndjson", "book.dcap.zst"] {
        assert!(memchr::memmem::find(&room.bytes(name), OPAQUE.as_bytes()).is_none(), "the token is in {name}");
    }
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(std::fs::metadata(room.at("o.dcap")).unwrap().permissions().mode() & 0o777, 0o600);
}

/// An unrequested instrument is printed like any other, with its name from the cached master if there is one. A replay
/// has no master and prints the same.
#[test]
fn an_unrequested_instrument_gets_its_name_from_the_cached_master_in_a_replay_too() {
    let quiet = SimConfig { rate: Some(0.0), prev_close: PrevClose::None, record_sent: true, ..SimConfig::default() };
    let room = Room::of(quiet);
    let unasked = |id: u32| {
        let mut packet = Vec::new();
        encode::ticker(&mut packet, InstrumentKey::new(Segment::NSE_EQ, id), 1_456.5, 1_781_084_157);
        packet
    };
    let stream = |connection: usize, output: &[&str]| {
        let child = room.start(&[&["feed", "IDX_I:13", "-n", "4"], output].concat());
        room.wait_until("the first packet", |probe| sent(probe, Stream::Market, connection, 1));
        let id = room.probe().open(Stream::Market).last().unwrap().id;
        for security_id in [2885, 4_000_000, 2885] {
            room.probe().send(id, unasked(security_id));
        }
        child.end().exits(0).out
    };
    let symbols = |text: &str| {
        let of = |line: &str| line.split(r#""symbol":"#).nth(1).unwrap().split(',').next().unwrap().to_owned();
        let lines = text.lines().filter(|line| line.contains(r#""segment":"NSE_EQ""#));
        lines.map(of).collect::<Vec<_>>()
    };
    // Without a cached master the name is null, and no master is downloaded.
    assert_eq!(symbols(&stream(0, &[])), ["null"; 3]);
    assert!(room.probe().http_requests().iter().all(|request| !request.path.contains("master")));
    room.run(&["instruments", "sync"], 0);
    let named = [r#""RELIANCE""#, "null", r#""RELIANCE""#];
    assert_eq!(symbols(&stream(1, &[])), named);
    stream(2, &["--capture", "u.dcap", "-o", "u.ndjson", "-o", "u.csv"]);
    assert_eq!(symbols(&String::from_utf8(room.bytes("u.ndjson")).unwrap()), named);
    std::fs::remove_dir_all(room.at("cache")).unwrap();
    room.run(&["replay", "u.dcap", "-o", "ru.ndjson", "-o", "ru.csv"], 0);
    room.same("u.ndjson", "ru.ndjson");
    room.same("u.csv", "ru.csv");
    room.run(&["verify", "u.dcap"], 0);
}

/// The types in a capture are known only when it is read.
#[test]
fn only_selects_types_of_the_capture_and_refuses_a_list_without_any() {
    let room = Room::new();
    room.run(&["feed", "NSE_EQ:2885@quote", "IDX_I:13", "-n", "20", "--capture", "f.dcap", "-o", "f.ndjson"], 0);
    room.run(&["depth", "NSE_EQ:2885", "-n", "5", "--capture", "d.dcap", "-o", "d.ndjson"], 0);
    let kinds = |line: &[&str]| {
        let out = stdout(&room.run(&[&["replay"], line].concat(), 0));
        assert!(!out.is_empty(), "{line:?}");
        let kind = |line: &str| line.split('"').nth(3).unwrap().to_owned();
        out.lines().map(kind).collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    assert_eq!(kinds(&["f.dcap", "--only", "quote,depth"]), ["quote"]);
    assert_eq!(kinds(&["f.dcap", "--only", "order,quote,ticker"]), ["quote", "ticker"]);
    assert_eq!(kinds(&["d.dcap", "--only", "depth_side,depth"]), ["depth"]);
    assert_eq!(kinds(&["d.dcap", "--only", "depth_side", "--view", "sides"]), ["depth_side"]);
    for (line, says) in [
        (&["f.dcap", "--only", "depth"][..], "the market stream prints ticker, quote"),
        (&["f.dcap", "--only", "order"], "the market stream prints ticker, quote"),
        (&["d.dcap", "--only", "depth_side"], "--view sides"),
        (&["d.dcap", "--only", "depth", "--view", "sides"], "--view book"),
        (&["d.dcap", "--only", "ticker"], "the depth stream prints depth records"),
    ] {
        let refused = room.run(&[&["replay"], line].concat(), 2);
        let said = stderr(&refused);
        assert!(said.contains("--only leaves nothing") && said.contains(says), "{line:?}: {said}");
        assert!(refused.stdout.is_empty(), "{line:?}");
    }
}

#[test]
fn a_capture_is_at_most_a_quarter_of_its_ndjson() {
    let _alone = crate::support::heavy();
    let room = Room::new();
    let shares = ["NSE_EQ:2885", "NSE_EQ:1333", "NSE_EQ:11536", "NSE_EQ:1594"];
    for (mode, at_most) in [("ticker", 5), ("quote", 4), ("full", 4)] {
        let (dcap, live) = (format!("{mode}.dcap"), format!("{mode}.ndjson"));
        let mut line = vec!["feed", "-m", mode, "-n", "1000", "--only", mode, "--capture", &dcap, "-o", &live];
        line.extend(shares);
        room.run(&line, 0);
        let (captured, printed) = (room.bytes(&dcap).len(), room.bytes(&live).len());
        assert!(captured * at_most <= printed, "{mode}: {captured} bytes captured, {printed} printed");
    }
}

#[test]
fn replay_prints_the_intact_part_of_a_damaged_capture_and_reports_the_rest() {
    let room = Room::new();
    let child = room.start(&["feed", "IDX_I:13", "IDX_I:25", "--capture", "c.dcap", "-o", "a.ndjson"]);
    // Three seconds and more fill some blocks.
    let size = || std::fs::metadata(room.at("c.dcap")).map_or(0, |data| data.len());
    until("the capture grows", || size() >= 30_000);
    child.stop(Signal::INT).exits(0);
    let (whole, live) = (room.bytes("c.dcap"), room.bytes("a.ndjson"));
    for cut in [whole.len() - 1, whole.len() / 2, whole.len() / 3] {
        std::fs::write(room.at("torn.dcap"), &whole[..cut]).unwrap();
        // A kill leaves such an end: it is no damage.
        let output = room.run(&["replay", "torn.dcap"], 0);
        assert!(live.starts_with(&output.stdout) && !output.stdout.is_empty(), "cut at {cut}");
        let words = stderr(&output);
        assert!(words.contains("torn.dcap") && words.contains("torn;"), "{words}");
        let summary = stdout(&room.run(&["verify", "torn.dcap"], 11));
        assert!(summary.contains(r#""verdict":"damaged""#), "{summary}");
    }
    let mut bad = whole.clone();
    bad[whole.len() / 2] ^= 1;
    std::fs::write(room.at("bad.dcap"), &bad).unwrap();
    let output = room.run(&["replay", "bad.dcap"], 11);
    let words = stderr(&output);
    assert!(words.contains("damaged"), "{words}");
    let printed = stdout(&output);
    let live = String::from_utf8(live).unwrap();
    let known: std::collections::HashSet<_> = live.lines().collect();
    assert!(printed.lines().all(|line| known.contains(line)), "nothing is made up");
    assert!(printed.lines().next() == live.lines().next() && printed.lines().count() * 4 > live.lines().count());

    std::fs::write(room.at("text.dcap"), "hello\n").unwrap();
    std::fs::write(room.at("empty.dcap"), "").unwrap();
    for (name, words) in [("text.dcap", "not a capture"), ("empty.dcap", "empty"), ("none.dcap", "No such file")] {
        let said = stderr(&room.run(&["replay", name], 11));
        assert!(said.contains(name) && said.contains(words), "{said}");
    }
}

#[test]
fn the_run_after_a_kill_records_a_gap_and_appends_to_the_same_capture() {
    let room = Room::new();
    let child = room.start(&["feed", "IDX_I:13", "--capture", "c.dcap", "-o", "a.ndjson"]);
    let size = || std::fs::metadata(room.at("c.dcap")).map_or(0, |data| data.len());
    until("the capture grows", || size() >= 1_000);
    let other = room.run(&["feed", "IDX_I:13", "--capture", "c.dcap", "-n", "1"], 10);
    let said = stderr(&other);
    assert!(said.contains(&format!("pid {}", child.pid())), "{said}");
    child.stop(Signal::KILL);
    room.run(&["verify", "c.dcap"], 13);
    let live = room.run(&["feed", "IDX_I:13", "--capture", "c.dcap", "-n", "30"], 0).stdout;
    let first = String::from_utf8_lossy(&live).lines().next().unwrap().to_owned();
    assert!(first.contains(r#""type":"gap""#) && first.contains("restarted"), "{first}");
    let output = room.run(&["replay", "c.dcap"], 0);
    assert!(output.stdout.ends_with(&live), "the second run, its gap included, comes last");
    assert!(output.stdout.len() > live.len(), "the first one comes before it");
    // Several runs get one header.
    let csv = room.run(&["replay", "c.dcap", "c.dcap", "-f", "csv"], 0).stdout;
    assert_eq!(String::from_utf8(csv).unwrap().matches("type,segment").count(), 1);
    // Another stream needs another file.
    room.run(&["orders", "--capture", "c.dcap", "-n", "1"], 2);
    let said = room.run(&["feed", "IDX_I:13", "--capture", "none/c.dcap"], 9).stderr;
    assert!(String::from_utf8(said).unwrap().contains("none"), "the folder is named");
}

/// A capture of a few frames, made by the library.
fn made(path: &Path, frames: &[(i64, Vec<u8>)]) {
    let created = Micros::from_secs(1);
    let session = CaptureSession { feed: Stream::Market, created, pid: 1, program: "test".to_owned() };
    let mut out = Vec::new();
    block::put(&mut out, SESSION, &session.bytes());
    let mut entries = Entries::new(1, created);
    for (us, bytes) in frames {
        entries.frame(&Frame { conn: 1, kind: FrameKind::Binary, recv: Micros::new(*us), bytes, packet: None });
    }
    block::put(&mut out, ENTRIES, entries.bytes());
    std::fs::write(path, out).unwrap();
}

fn ticker(id: u8) -> Vec<u8> {
    let mut packet = vec![2, 16, 0, 0, id, 0, 0, 0];
    packet.extend_from_slice(&24_500.0_f32.to_le_bytes());
    packet.extend_from_slice(&1_781_084_157_u32.to_le_bytes());
    packet
}

#[test]
fn replay_keeps_the_recorded_spacing_with_speed_and_ends_silently_with_its_reader() {
    let room = Room::new();
    made(&room.at("c.dcap"), &[(1_000_000, ticker(1)), (3_000_000, ticker(2))]);
    for (speed, at_least) in [("10x", 180), ("1x", 1_950)] {
        let begun = Instant::now();
        room.run(&["replay", "c.dcap", "--speed", speed], 0);
        let took = begun.elapsed();
        assert!(took >= Duration::from_millis(at_least), "{speed} took {took:?}");
    }
    let many: Vec<_> = (0..50_000).map(|i| (1_000_000 + i, ticker(1))).collect();
    made(&room.at("many.dcap"), &many);
    let (child, mut stdout) = room.home.start_piped(room.command(&["replay", "many.dcap"]));
    stdout.read_exact(&mut [0; 10]).unwrap();
    drop(stdout);
    let done = child.end();
    assert_eq!(done.status.signal(), Some(Signal::PIPE.as_raw()));
    assert_eq!(done.err, "");
    // A signal while it waits ends it with an end record.
    made(&room.at("slow.dcap"), &[(1_000_000, ticker(1)), (3_600_000_000, ticker(2))]);
    let child = room.start(&["replay", "slow.dcap", "--speed", "1x", "-o", "slow.ndjson", "-o", "-"]);
    child.prints(1);
    child.stop(Signal::INT).exits(0);
    assert!(String::from_utf8(room.bytes("slow.ndjson")).unwrap().contains(r#""type":"end""#));
}

#[test]
fn the_simulator_replays_a_capture() {
    let recorded = Room::new();
    recorded
        .run(&["feed", "IDX_I:13@quote", "NSE_EQ:2885@full", "-n", "200", "--capture", "c.dcap", "-o", "a.ndjson"], 0);
    let played = Played::open(&recorded.at("c.dcap"), None).unwrap();
    assert_eq!(played.kind(), Stream::Market);
    let room = Room::of(SimConfig { source: Some(Arc::new(played)), ..SimConfig::default() });
    room.run(&["feed", "IDX_I:13@quote", "NSE_EQ:2885@full", "-n", "200", "-o", "b.ndjson"], 0);
    let records = |room: &Room, name: &str| -> Vec<String> {
        let text = String::from_utf8(room.bytes(name)).unwrap();
        let without_time = |line: &str| line.split(r#","recv_us""#).next().unwrap().to_owned();
        text.lines().filter(|line| !line.contains(r#""type":"end""#)).map(without_time).collect()
    };
    assert_eq!(records(&recorded, "a.ndjson"), records(&room, "b.ndjson"));
    assert!(Played::open(&recorded.at("a.ndjson"), None).unwrap_err().contains("not a capture"));
}

/// The bytes of the example in the manual page.
fn example() -> Vec<u8> {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("man/dhan-capture.5")).unwrap();
    let (_, example) = page.split_once(".SH EXAMPLE").unwrap();
    let (_, example) = example.split_once(".nf\n").unwrap();
    let (example, _) = example.split_once(".fi").unwrap();
    let hex = example.lines().flat_map(|line| line.split("   ").next().unwrap().split_whitespace());
    hex.map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

/// A block put together by hand, as the page says; the checksum by the definition of CRC-32, bit by bit.
fn block_by_hand(kind: u8, payload: &[u8]) -> Vec<u8> {
    let len = (payload.len() as u32).to_le_bytes();
    let mut crc = u32::MAX;
    for byte in [&[kind][..], &len, payload].concat() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    [&[0x89, 0x44, 0x43, kind][..], &len, &(!crc).to_le_bytes(), payload].concat()
}

#[test]
fn a_capture_made_by_hand_after_the_manual_page_is_valid() {
    let room = Room::new();
    assert_eq!(MAGIC, [0x89, 0x44, 0x43]);
    let mut session = vec![1, 0];
    session.extend_from_slice(&1_781_065_196_000_000_i64.to_le_bytes());
    session.extend_from_slice(&4_711_u32.to_le_bytes());
    session.extend_from_slice(b"hand 1.0");
    // Block 2: the instrument's name, the connection's live event, the same frame 1 s later, and the end.
    let mut second = vec![2];
    second.extend_from_slice(&example()[1..9]);
    second.extend_from_slice(&[1, 9, 1, 0, 13, 5]);
    second.extend_from_slice(b"NIFTY");
    second.extend_from_slice(&[7, 4, 1, 3, 0, 0]);
    second.extend_from_slice(&[0x8c, 1, 16, 0x80, 0x89, 0x7a]);
    second.extend_from_slice(&example()[13..]);
    second.extend_from_slice(&[8, 7, 5]);
    second.extend_from_slice(b"count\x01");
    second.extend_from_slice(&[11, 13, 2, 2, 2, 0, 0, 0, 0, 5]);
    second.extend_from_slice(b"count");
    let file = [block_by_hand(b'S', &session), block_by_hand(b'E', &example()), block_by_hand(b'E', &second)].concat();
    std::fs::write(room.at("hand.dcap"), file).unwrap();

    let out = stdout(&room.run(&["replay", "hand.dcap"], 0));
    let line = |symbol: &str, recv_us: i64| {
        format!(
            "{{\"type\":\"ticker\",\"segment\":\"IDX_I\",\"security_id\":\"13\",\"symbol\":{symbol},\"ltp\":24500.0,\
             \"ltt\":1781064357,\"recv_us\":{recv_us}}}\n"
        )
    };
    assert_eq!(out.lines().count(), 2, "{out}");
    assert!(out.starts_with(&line("null", 1_781_065_197_000_005)), "{out}");
    assert!(out.contains("1781065198000000"), "{out}");

    // The library reads the entries that the page lists.
    let entries: Vec<_> = EntryIter::new(&second).unwrap().map(Result::unwrap).collect();
    let [
        Entry::Event(Event::Symbols(symbols)),
        Entry::Event(status),
        Entry::Frame(frame),
        Entry::Event(end),
        Entry::Finish(finish),
    ] = &entries[..]
    else {
        panic!("{entries:?}")
    };
    assert_eq!((symbols[0].0.to_string().as_str(), &*symbols[0].1), ("IDX_I:13", "NIFTY"));
    let live = Event::Status { conn: 1, event: StatusEvent::Live, detail: None, at: Micros::from_secs(1_781_065_197) };
    assert_eq!(*status, live);
    assert_eq!(*end, Event::End { reason: "count".to_owned(), at: Micros::new(1_781_065_197_999_999) });
    assert_eq!((finish.at.get(), finish.counts.received, finish.reason.as_str()), (1_781_065_198_000_001, 2, "count"));
    let packets: Vec<_> = feed::packets(frame.bytes).collect();
    assert!(matches!(packets[..], [Ok((_, Packet::Ticker(_)))]), "one ticker");

    let mut player = Player::open(&room.at("hand.dcap")).unwrap();
    let Some(Part::Session(session)) = player.next().unwrap() else { panic!("no session") };
    assert_eq!((session.pid, session.program.as_str(), session.feed), (4_711, "hand 1.0", Stream::Market));
}
