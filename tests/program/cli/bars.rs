//! OHLC bars, live and replayed, compared with the count of an independent Python program.

use crate::cli::capture::{Room, sent};
use crate::support::{Signal, both, stderr, utf8};
use dhan::testing::capture::block::{self, ENTRIES, SESSION};
use dhan::testing::capture::entry::{Entries, Finish};
use dhan::testing::capture::play::CaptureSession;
use dhan::testing::clock::from_ist;
use dhan::testing::model::{InstrumentKey, Micros, PacketCounts, Segment, Stream};
use dhan::testing::pipeline::item::{Event, Frame, FrameKind, GapReason, Lagged};
use dhan::testing::protocol::{Mode, encode};
use dhan::testing::simulator::{Cut, PrevClose, SimConfig, Stacking};
use serde_json::Value;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

const SECOND: i64 = 1_000_000;

/// Returns the independent program's count of bars, in all and of each kind; `None` if there is no Python.
fn counted(room: &Room, packets: &str, bars: &str, intervals: &[&str]) -> Option<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/count_bars.py");
    let mut command = Command::new(std::env::var("DHAN_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned()));
    command.arg(script).args([room.at(packets), room.at(bars)]).args(intervals).stdin(Stdio::null());
    let Ok(output) = command.output() else {
        let _ = writeln!(std::io::stderr(), "skipped: no python3 here");
        return None;
    };
    let messages = both(&output);
    assert!(output.status.success(), "{messages}");
    Some(serde_json::from_slice(&output.stdout).expect("counts"))
}

/// A generator of the same numbers in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// An instrument of the made-up exchange.
struct Traded {
    key: InstrumentKey,
    mode: Mode,
    conn: u16,
    price: i64,
    volume: u32,
    ltt: i64,
}

/// Five hundred instruments of five segments in three modes, a few of them in two.
fn exchange() -> Vec<Traded> {
    let of = |n: u32| match n {
        0..250 => (Segment::NSE_EQ, [Mode::Quote, Mode::Full][n as usize % 2]),
        250..400 => (Segment::NSE_FNO, [Mode::Full, Mode::Quote][n as usize % 2]),
        400..420 => (Segment::IDX_I, Mode::Ticker),
        420..460 => (Segment::MCX_COMM, Mode::Full),
        _ => (Segment::NSE_CURRENCY, Mode::Quote),
    };
    let one = |n: u32| {
        let (segment, mode) = of(n);
        let key = InstrumentKey::new(segment, 1_000 + n);
        Traded { key, mode, conn: 1 + (n % 2) as u16, price: 2_000 + i64::from(n) * 37, volume: 0, ltt: 0 }
    };
    (0..500).map(one).collect()
}

/// Returns the last trade time as the wire has it: 0 for none, else seconds of Indian wall time.
fn raw(ltt: Option<i64>) -> u32 {
    ltt.map_or(0, |ltt| u32::try_from(ltt + 19_800).unwrap())
}

impl Traded {
    /// Appends the next packet: a trade, a repeat, or one with an unusual time.
    fn packet(&mut self, out: &mut Vec<u8>, now_us: i64, dice: &mut Dice) {
        let now = now_us.div_euclid(SECOND);
        let mut ltt = Some(now);
        let mut more = 1 + dice.below(50) as u32;
        match dice.below(24) {
            // No trade.
            0..4 => (ltt, more) = (Some(self.ltt).filter(|ltt| *ltt > 0), 0),
            // Late by a little, or by more than a bar waits for.
            4..9 => ltt = Some(now - 1),
            9 => ltt = Some(now - 2),
            10 => ltt = Some(now - 70),
            11 => ltt = None,
            12 => ltt = Some(now + 3),
            // A trade at the same second as the last one.
            13..15 => ltt = Some(self.ltt).filter(|ltt| *ltt > 0),
            _ => {}
        }
        self.price = (self.price + dice.below(21) as i64 - 10).max(100);
        self.volume += more;
        self.ltt = ltt.unwrap_or(self.ltt);
        let ltp = self.price as f32 / 20.0;
        let quote = encode::Quote { ltp, ltt_raw: raw(ltt), volume: self.volume, ..encode::Quote::default() };
        let mode = if self.key.security_id.is_multiple_of(50) && dice.below(3) == 0 { Mode::Ticker } else { self.mode };
        match mode {
            Mode::Ticker => encode::ticker(out, self.key, ltp, raw(ltt)),
            Mode::Quote => encode::quote(out, self.key, &quote),
            Mode::Full => {
                let oi = [5_000 + 25 * dice.below(40) as u32, 0, 0];
                encode::full(out, self.key, &encode::Full { quote, oi, ..encode::Full::default() });
            }
        }
        if mode == Mode::Quote && self.key.segment == Segment::NSE_FNO && dice.below(4) == 0 {
            encode::open_interest(out, self.key, 900 + 25 * dice.below(40) as u32);
        }
    }
}

/// Writes a capture of the end of a day and the beginning of the next: two connections that are cut, one of them over the
/// night; frames of several packets, damaged ones, and a time in which the reader was too slow.
fn two_days(path: &Path) {
    let at = |text: &str| from_ist(text.parse().unwrap()).get();
    let created_us = at("2026-06-10T15:24:10");
    let ended_us = at("2026-06-11T09:22:40.5");
    let session =
        CaptureSession { feed: Stream::Market, created: Micros::new(created_us), pid: 1, program: "test".to_owned() };
    let mut out = Vec::new();
    block::put(&mut out, SESSION, &session.bytes());
    let (mut dice, mut all) = (Dice(0x9e37_79b9_7f4a_7c15), exchange());
    let mut entries = Entries::new(1, Micros::new(created_us));
    let names = all.iter().map(|one| (one.key, Arc::from(format!("{}", one.key.security_id))));
    entries.event(&Event::Symbols(names.collect()));
    for conn in [1, 2] {
        let served = all.iter().filter(|one| one.conn == conn).flat_map(|one| {
            let also = (one.key.security_id.is_multiple_of(50)).then_some((one.key, Some(Mode::Ticker)));
            [(one.key, Some(one.mode))].into_iter().chain(also)
        });
        entries.event(&Event::Subscribed { conn, instruments: served.collect() });
    }
    // The times in which each connection is cut.
    let cuts = [
        (1, at("2026-06-10T15:25:20.5"), at("2026-06-10T15:26:33.7")),
        (2, at("2026-06-10T15:28:01.1"), at("2026-06-10T15:28:04.2")),
        (2, at("2026-06-10T15:29:40.1"), at("2026-06-11T09:13:20.3")),
        (1, at("2026-06-11T09:17:59.2"), at("2026-06-11T09:18:01.3")),
        (2, at("2026-06-11T09:22:15.2"), i64::MAX),
    ];
    let mut next_cut = 0;
    let (mut now_us, mut number, mut lagged_us) = (created_us, 1, at("2026-06-11T09:20:10.4"));
    let mut frames = 0;
    while now_us < ended_us - 200_000 {
        now_us += 4_000 + dice.below(28_000) as i64;
        // Packets of a frame get consecutive microseconds, which must stay within one second.
        now_us += if now_us.rem_euclid(SECOND) > SECOND - 100 { 200 } else { 0 };
        let morning = at("2026-06-11T08:59:30");
        if now_us > at("2026-06-10T15:31:20") && now_us < morning {
            now_us = morning;
            // The exchange begins a new day with the last state of the day before.
            all.iter_mut().for_each(|one| one.volume /= 2);
        }
        if now_us > at("2026-06-11T09:01:10") && now_us < at("2026-06-11T09:13:00") {
            now_us = at("2026-06-11T09:13:00");
        }
        if let Some((conn, from_us, _)) = cuts.get(next_cut).filter(|(_, from_us, _)| *from_us <= now_us) {
            let detail = "reset".to_owned();
            entries.event(&Event::GapOpened {
                conn: *conn,
                reason: GapReason::Disconnected,
                detail,
                from: Micros::new(*from_us),
            });
            next_cut += 1;
        }
        if now_us >= lagged_us {
            entries.lagged(Lagged { packets: 77, from: Micros::new(lagged_us - 900_000), to: Micros::new(lagged_us) });
            lagged_us = i64::MAX;
        }
        let conn = 1 + dice.below(2) as u16;
        if dice.below(40) == 0 {
            entries.event(&Event::Clock { at: Micros::new(now_us) });
        }
        if cuts.iter().any(|(cut, from_us, to_us)| *cut == conn && *from_us <= now_us && now_us < *to_us) {
            continue;
        }
        let mut bytes = Vec::new();
        for _ in 0..1 + dice.below(5) {
            // In the evening and the early morning only commodities and currencies trade.
            let open = if now_us < at("2026-06-11T09:13:00") && now_us >= morning { 420..500 } else { 0..500 };
            let one = open.start + dice.below((open.end - open.start) as u64) as usize;
            if let Some(one) = all.get_mut(one).filter(|one| one.conn == conn) {
                one.packet(&mut bytes, now_us, &mut dice);
            }
        }
        if dice.below(3_000) == 0 {
            bytes.extend_from_slice(&[4, 50, 0, 1]);
        }
        if bytes.is_empty() {
            continue;
        }
        let (kind, recv) = (FrameKind::Binary, Micros::new(now_us));
        entries.frame(&Frame { conn, kind, recv, bytes: &bytes, packet: None });
        frames += 1;
        if frames % 500 == 0 {
            block::put(&mut out, ENTRIES, entries.bytes());
            number += 1;
            entries.begin(number);
        }
    }
    entries.event(&Event::End { reason: "signal".to_owned(), at: Micros::new(ended_us) });
    let finish = Finish { at: Micros::new(ended_us), counts: PacketCounts::default(), reason: "signal".to_owned() };
    entries.finish(&finish);
    block::put(&mut out, ENTRIES, entries.bytes());
    std::fs::write(path, out).unwrap();
}

#[test]
fn bars_of_two_days_agree_with_an_independent_program() {
    let room = Room::new();
    two_days(&room.at("day.dcap"));
    let intervals = ["1m", "5m", "15s", "1h"];
    room.run(&["replay", "day.dcap", "-o", "packets.ndjson", "--status-records"], 0);
    room.run(&["replay", "day.dcap", "--bars", &intervals.join(","), "-o", "bars.ndjson", "-o", "bars.csv"], 0);
    let text = utf8(&room.bytes("bars.ndjson"));
    let is_bar = |line: &&str| line.starts_with(r#"{"type":"bar""#);
    let csv = utf8(&room.bytes("bars.csv"));
    assert_eq!(csv.lines().count(), 1 + text.lines().filter(is_bar).count());
    let Some(counts) = counted(&room, "packets.ndjson", "bars.ndjson", &intervals) else { return };
    // Every kind of bar occurs.
    for (kind, at_least) in
        [("bars", 10_000), ("whole", 5_000), ("gap", 500), ("start", 100), ("end", 100), ("late", 100), ("oi", 1_000)]
    {
        assert!(counts[kind].as_u64() >= Some(at_least), "{kind}: {counts}");
    }
    assert!(counts["no volume"].as_u64() > Some(100), "{counts}");
}

#[test]
fn live_bars_equal_replayed_bars_and_agree_with_an_independent_program() {
    let room = Room::of(SimConfig {
        rate: Some(300.0),
        record_sent: true,
        stacking: Stacking::Never,
        prev_close: PrevClose::None,
        ..SimConfig::default()
    });
    let line = [
        "feed",
        "NSE_EQ:2885@full",
        "NSE_EQ:1333@quote",
        "NSE_EQ:11536",
        "NSE_FNO:45678@full",
        "IDX_I:13",
        "--bars",
        "1s,5s",
        "--capture",
        "c.dcap",
        "-o",
        "bars.ndjson",
        "-o",
        "bars.csv",
        "-o",
        "{type}.iso.ndjson",
    ];
    let child = room.start(&line);
    let bars = |name: &str| std::fs::read_to_string(room.at(name)).unwrap_or_default().lines().count();
    let bars_of = |least: usize| room.wait_until("bars", |_| bars("bars.ndjson") >= least);
    bars_of(12);
    room.probe().cut_all(Cut::Reset);
    room.wait_until("it came back", |probe| sent(probe, Stream::Market, 1, 200));
    bars_of(bars("bars.ndjson") + 20);
    let output = child.stop(Signal::INT);
    let stderr = &output.err;
    assert_eq!(output.status.code(), Some(0), "{stderr}");

    let again = ["replay", "c.dcap", "--bars", "1s,5s", "-o", "again.ndjson", "-o", "again.csv"];
    room.run(&again, 0);
    room.same("bars.ndjson", "again.ndjson");
    room.same("bars.csv", "again.csv");
    room.same("bars.csv.gaps.ndjson", "again.csv.gaps.ndjson");
    let is_bar = |line: &&str| line.starts_with(r#"{"type":"bar""#);
    let text = utf8(&room.bytes("bars.ndjson"));
    let one_type = utf8(&room.bytes("bar.iso.ndjson"));
    assert!(text.lines().filter(is_bar).eq(one_type.lines().filter(is_bar)));
    room.run(&["replay", "c.dcap", "--status-records", "-o", "packets.ndjson"], 0);
    if let Some(counts) = counted(&room, "packets.ndjson", "bars.ndjson", &["1s", "5s"]) {
        for kind in ["whole", "gap", "start", "end", "no volume", "oi"] {
            assert!(counts[kind].as_u64() > Some(0), "{kind}: {counts}");
        }
    }
    // The gap record is beside the bars, and the files are complete.
    room.run(&["verify", "bars.ndjson", "bars.csv"], 13);
}

#[test]
fn verify_finds_no_damage_in_files_of_bars() {
    let room = Room::of(SimConfig { rate: Some(300.0), ..SimConfig::default() });
    let bars = ["feed", "NSE_EQ:2885@full", "NSE_EQ:1333@quote", "IDX_I:13", "--bars", "1s,2s", "-d", "3s"];
    let to = |rest: &[&str]| room.run(&[&bars[..], rest].concat(), 0);
    // Two runs in one file, a file a second, packets beside bars, and a file a type.
    to(&["-o", "twice.ndjson"]);
    to(&["-o", "twice.ndjson", "-o", "second-%S.ndjson", "-o", "second-%S.csv"]);
    to(&["--only", "quote,oi", "-o", "both.ndjson", "-o", "of-{type}.ndjson", "-o", "of-{type}.csv"]);
    let mut line = vec!["verify".to_owned()];
    let names = std::fs::read_dir(room.at("")).unwrap().flatten().map(|one| one.file_name().into_string().unwrap());
    line.extend(names.filter(|name| name.ends_with("son") || name.ends_with("csv")));
    assert!(line.len() > 10, "{line:?}");
    let out = room.run(&line.iter().map(String::as_str).collect::<Vec<_>>(), 0).stdout;
    let out = utf8(&out);
    assert!(out.lines().all(|line| line.contains(r#""verdict":"ok""#)), "{out}");
}

#[test]
fn an_invalid_bar_interval_is_exit_2_before_any_connection_and_names_the_nearest() {
    let room = Room::new();
    for (typed, says) in [
        ("7m", "write 6m or 8m"),
        ("0m", "write 1m"),
        ("1d", "write 24h"),
        ("90m,7s", "write 6s or 8s"),
        ("5min", "write 5m"),
        ("1.5m", "write one such as 30s, 1m, 5m or 1h"),
        ("", "write one such as"),
    ] {
        for command in [&["feed", "NSE_EQ:2885"][..], &["replay", "none.dcap"]] {
            let output = room.run(&[command, &["--bars", typed]].concat(), 2);
            let stderr = stderr(&output);
            assert!(stderr.contains(says) && stderr.lines().count() <= 3, "{typed}: {stderr}");
        }
    }
    assert_eq!(room.probe().connections(Stream::Market).seen, 0);
    // Records beside bars in a CSV file have other columns.
    let output = room.run(&["feed", "NSE_EQ:2885", "--bars", "1m", "--only", "full", "-f", "csv"], 2);
    assert!(stderr(&output).contains("write NDJSON"));
}
