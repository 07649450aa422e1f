//! Tests captures: items written and read back, undamaged and damaged.

use super::block::{self, Blocks, ENTRIES, Packing, SESSION, Scanned};
use super::entry::{Entries, Entry, EntryIter, Finish};
use super::play::CaptureSession;
use super::writer::pack;
use super::*;
use crate::console::{Console, ConsoleConfig, LogLevel};
use crate::model::exit::Exit;
use crate::model::{InstrumentKey, Micros, Segment};
use crate::model::{PacketCounts, Stream};
use crate::pipeline::handle::{FrameObserver as _, Seen};
use crate::pipeline::item::Lagged;
use crate::pipeline::item::{Event, Frame, FrameKind, GapReason, StatusEvent};
use crate::pipeline::stages::EndedWithin;
use crate::protocol::Mode;
use crate::protocol::depth::Levels;
use crate::record::chain::Chain;
use crate::storage::disk::Stat;
use crate::storage::{Disk, Filesystem, OpenMode, StopSignal};
use proptest::prelude::*;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

fn quiet() -> Console {
    Console::new(ConsoleConfig { level: LogLevel::Error, ..ConsoleConfig::default() })
}

/// An owned copy of an item that was written.
#[derive(Debug, Clone, PartialEq)]
enum Put {
    Frame(u16, FrameKind, Micros, Vec<u8>),
    Event(Event),
    Lagged(Lagged),
    EndsWithin(u32, String),
    Once(Vec<(InstrumentKey, Mode)>),
    Partner,
    Finish(Finish),
}

impl Put {
    fn of(entry: Entry<'_>) -> Option<Put> {
        Some(match entry {
            Entry::Frame(frame) => Put::Frame(frame.conn, frame.kind, frame.recv, frame.bytes.to_vec()),
            Entry::Event(event) => Put::Event(event),
            Entry::Lagged(lagged) => Put::Lagged(lagged),
            Entry::EndsWithin { packets, reason } => Put::EndsWithin(packets, reason),
            Entry::Once(wanted) => Put::Once(wanted),
            Entry::Partner => Put::Partner,
            Entry::Finish(finish) => Put::Finish(finish),
            Entry::Other(_) => return None,
        })
    }

    fn append_to(&self, entries: &mut Entries) {
        match self {
            Put::Frame(conn, kind, recv, bytes) => {
                entries.frame(&Frame { conn: *conn, kind: *kind, recv: *recv, bytes, packet: None });
            }
            Put::Event(event) => entries.event(event),
            Put::Lagged(lagged) => entries.lagged(*lagged),
            Put::EndsWithin(packets, reason) => entries.ends_within(*packets, reason),
            Put::Once(wanted) => entries.once(wanted),
            Put::Partner => entries.partner(),
            Put::Finish(finish) => entries.finish(finish),
        }
    }
}

fn instrument() -> impl Strategy<Value = InstrumentKey> {
    (any::<u8>(), any::<u32>()).prop_map(|(segment, id)| InstrumentKey::new(Segment::from_code(segment), id))
}

fn subscriptions() -> impl Strategy<Value = Vec<(InstrumentKey, Option<Mode>)>> {
    let mode = proptest::option::of(proptest::sample::select(Mode::ALL.to_vec()));
    proptest::collection::vec((instrument(), mode), 0..4)
}

fn moment() -> impl Strategy<Value = Micros> {
    any::<i64>().prop_map(Micros::new)
}

fn put() -> impl Strategy<Value = Put> {
    let kinds = [FrameKind::Binary, FrameKind::Text, FrameKind::OrderBookAtStart, FrameKind::OrderBookAfterGap];
    let reason = || proptest::sample::select(GapReason::ALL.to_vec());
    let detail = || proptest::option::of(".{0,9}");
    let bytes = proptest::collection::vec(any::<u8>(), 0..40);
    prop_oneof![
        4 => (any::<u16>(), proptest::sample::select(kinds.to_vec()), moment(), bytes)
            .prop_map(|(conn, kind, recv, bytes)| Put::Frame(conn, kind, recv, bytes)),
        1 => proptest::collection::vec((instrument(), ".{0,9}"), 0..4).prop_map(|list| {
            Put::Event(Event::Symbols(list.into_iter().map(|(key, symbol)| (key, symbol.into())).collect()))
        }),
        1 => (any::<u16>(), subscriptions())
            .prop_map(|(conn, instruments)| Put::Event(Event::Subscribed { conn, instruments })),
        1 => subscriptions().prop_map(|instruments| Put::Event(Event::Unsubscribed { instruments })),
        1 => (any::<u16>(), reason(), ".{0,9}", moment())
            .prop_map(|(conn, reason, detail, from)| Put::Event(Event::GapOpened { conn, reason, detail, from })),
        1 => (any::<u16>(), moment()).prop_map(|(conn, at)| Put::Event(Event::Resynced { conn, at })),
        1 => (any::<u16>(), reason(), detail(), moment(), moment(), any::<Option<u64>>()).prop_map(
            |(conn, reason, detail, from, to, dropped)| {
                Put::Event(Event::Gap { conn, reason, detail, from, to, dropped })
            }
        ),
        1 => (any::<u16>(), proptest::sample::select(StatusEvent::ALL.to_vec()), detail(), moment())
            .prop_map(|(conn, event, detail, at)| Put::Event(Event::Status { conn, event, detail, at })),
        1 => (".{0,9}", [-1e9f64..1e9, 0.0..1e5, 0.0..1e3], proptest::collection::vec(".{0,9}", 0..4), moment()).prop_map(
            |(underlying, [spot, atm, step], added, at)| {
                let (expiry, removed) = ("2026-02-24".to_owned(), added.iter().rev().cloned().collect());
                Put::Event(Event::Chain { chain: Chain { underlying, expiry, spot, atm, step, added, removed }, at })
            }
        ),
        1 => (".{0,9}", moment()).prop_map(|(reason, at)| Put::Event(Event::End { reason, at })),
        1 => (any::<u64>(), moment(), moment())
            .prop_map(|(packets, from, to)| Put::Lagged(Lagged { packets, from, to })),
        1 => (any::<u32>(), ".{0,9}").prop_map(|(packets, reason)| Put::EndsWithin(packets, reason)),
        1 => proptest::collection::vec((instrument(), proptest::sample::select(Mode::ALL.to_vec())), 0..4)
            .prop_map(Put::Once),
        1 => (moment(), any::<[u64; 6]>(), ".{0,9}").prop_map(|(at, n, reason)| {
            let [received, written, filtered, dropped, malformed, gaps] = n;
            let counts = PacketCounts { received, written, filtered, dropped, malformed, gaps };
            Put::Finish(Finish { at, counts, reason })
        }),
    ]
}

/// Returns a session as a file, with the offsets of its blocks' ends.
fn written(packing: Packing, blocks: &[Vec<Put>]) -> (Vec<u8>, Vec<usize>) {
    let session =
        CaptureSession { feed: Stream::Market, created: Micros::new(1_000), pid: 7, program: "dhan test".to_owned() };
    let (mut out, mut ends) = (Vec::new(), Vec::new());
    pack(packing, SESSION, &session.bytes(), &mut out);
    ends.push(out.len());
    let mut entries = Entries::new(1, Micros::new(1_000));
    for (i, block) in blocks.iter().enumerate() {
        entries.begin(i as u64 + 1);
        block.iter().for_each(|put| put.append_to(&mut entries));
        pack(packing, ENTRIES, entries.bytes(), &mut out);
        ends.push(out.len());
    }
    (out, ends)
}

/// Returns the entries of a file, and whether it is damaged.
fn read(bytes: &[u8]) -> (Vec<Put>, bool) {
    let mut player = Player::new(bytes).unwrap();
    let (mut puts, mut amiss) = (Vec::new(), false);
    while let Some(part) = player.next().unwrap() {
        match part {
            Part::Session(session) => assert_eq!((session.feed, session.pid), (Stream::Market, 7)),
            Part::Entries(entries) => {
                for entry in entries {
                    match entry {
                        Ok(entry) => puts.extend(Put::of(entry)),
                        Err(_) => amiss = true,
                    }
                }
            }
            _ => amiss = true,
        }
    }
    (puts, amiss)
}

fn some_blocks() -> Vec<Vec<Put>> {
    (0..5_u8)
        .map(|n| {
            let at = Micros::new(1_000 + i64::from(n) * 1_000_000);
            vec![
                Put::Event(Event::Status { conn: 1, event: StatusEvent::Live, detail: None, at }),
                Put::Frame(1, FrameKind::Binary, at, vec![n; 16]),
                Put::Frame(2, FrameKind::Binary, at.plus_us(9), vec![n; 16]),
            ]
        })
        .collect()
}

proptest! {
    #[test]
    fn what_was_put_in_comes_out(blocks in proptest::collection::vec(proptest::collection::vec(put(), 1..20), 0..5)) {
        for packing in [Packing::Plain, Packing::Zstd] {
            let (bytes, _) = written(packing, &blocks);
            let (puts, amiss) = read(&bytes);
            prop_assert!(!amiss);
            prop_assert_eq!(puts, blocks.concat());
        }
    }

    #[test]
    fn any_bytes_are_read_to_their_end_without_a_panic(bytes: Vec<u8>) {
        fuzz(&bytes);
        // Valid blocks around random bytes, so that the entry decoder is reached.
        let mut block = Vec::new();
        block::put(&mut block, SESSION, &CaptureSession {
            feed: Stream::Orders, created: Micros::EPOCH, pid: 0, program: String::new(),
        }.bytes());
        block::put(&mut block, ENTRIES, &bytes);
        fuzz(&block);
        if let Some(entries) = EntryIter::new(&bytes) {
            prop_assert!(entries.count() <= bytes.len());
        }
    }
}

#[test]
fn a_cut_at_any_byte_gives_every_block_before_it_and_is_told() {
    let blocks = some_blocks();
    for packing in [Packing::Plain, Packing::Zstd] {
        let (bytes, ends) = written(packing, &blocks);
        for cut in 1..=bytes.len() {
            let whole = ends.iter().filter(|&&end| end <= cut).count();
            let (puts, amiss) = read(&bytes[..cut]);
            assert_eq!(puts, blocks[..whole.saturating_sub(1)].concat(), "{packing:?} cut at {cut}");
            assert_eq!(amiss, !ends.contains(&cut), "{packing:?} cut at {cut}");
        }
    }
}

#[test]
fn a_byte_that_changed_costs_its_block_and_no_other_and_is_told() {
    let blocks = some_blocks();
    for packing in [Packing::Plain, Packing::Zstd] {
        let (bytes, ends) = written(packing, &blocks);
        for at in ends[0]..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x40;
            let hit = ends.iter().position(|&end| at < end).unwrap() - 1;
            let (puts, amiss) = read(&bytes);
            let mut left = blocks.clone();
            left.remove(hit);
            // Some bits of a Zstandard frame have no meaning.
            let harmless = packing == Packing::Zstd && puts == blocks.concat();
            assert!(harmless || puts == left.concat(), "{packing:?}, byte {at}: {puts:?}");
            assert!(harmless || amiss, "{packing:?}, byte {at} was not told");
        }
    }
}

#[test]
fn a_block_that_was_taken_out_without_a_trace_is_missed() {
    let blocks = some_blocks();
    let (bytes, ends) = written(Packing::Plain, &blocks);
    let without = [&bytes[..ends[1]], &bytes[ends[2]..]].concat();
    let (puts, amiss) = read(&without);
    assert_eq!(puts, [&blocks[..1], &blocks[2..]].concat().concat());
    assert!(amiss);
}

#[test]
fn what_a_newer_version_adds_is_passed_over() {
    let mut entries = Entries::new(1, Micros::EPOCH);
    let known = Put::Frame(1, FrameKind::Text, Micros::new(5), b"{}".to_vec());
    known.append_to(&mut entries);
    let mut payload = entries.bytes().to_vec();
    payload.extend_from_slice(&[0x7f, 3, 1, 2, 3]);
    let (mut bytes, _) = written(Packing::Plain, &[]);
    block::put(&mut bytes, b'X', b"a kind of block that has no name yet");
    block::put(&mut bytes, ENTRIES, &payload);
    assert_eq!(read(&bytes), (vec![known], false));
}

fn frame(recorder: &mut Recorder, recv: Micros, bytes: &[u8], ended: Option<EndedWithin>) {
    let frame = Frame { conn: 1, kind: FrameKind::Binary, recv, bytes, packet: None };
    recorder.frame(&frame, &Seen { packets: 1, named: Vec::new(), ended });
}

fn open_here(path: &Path, feed: Stream) -> Result<open::OpenedCapture, crate::model::exit::Failure> {
    open(path, feed, Duration::ZERO, &StopSignal::default(), Micros::from_secs(5), &quiet())
}

fn refused(path: &Path, feed: Stream) -> crate::model::exit::Failure {
    open_here(path, feed).err().expect("it is refused")
}

#[test]
fn only_its_owner_may_read_it_and_only_one_writes_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.dcap");
    let held = open_here(&path, Stream::Market).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let failure = refused(&path, Stream::Market);
    assert_eq!(failure.exit, Exit::Locked);
    assert!(failure.message.contains(&format!("pid {}", std::process::id())), "{failure}");
    drop(held);
    assert!(open_here(&path, Stream::Market).is_ok());
}

#[test]
fn what_cannot_be_a_capture_is_refused_before_anything_is_touched() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    std::fs::write(at("text"), "not a capture\n").unwrap();
    open_here(&at("market.dcap"), Stream::Market).map(drop).unwrap();
    std::fs::copy(at("market.dcap"), at("misnamed.zst")).unwrap();
    for (name, feed, exit, words) in [
        ("text", Stream::Market, Exit::Output, "is no capture"),
        ("none/x.dcap", Stream::Market, Exit::Output, "no folder"),
        (".", Stream::Market, Exit::Output, "not a regular file"),
        ("x.dcap.gz", Stream::Market, Exit::Usage, ".dcap.zst"),
        ("market.dcap", Stream::Depth(Levels::Twenty), Exit::Usage, "another stream"),
        ("misnamed.zst", Stream::Market, Exit::Usage, "not compressed"),
    ] {
        let failure = refused(&at(name), feed);
        assert_eq!(failure.exit, exit, "{name}: {failure}");
        assert!(failure.message.contains(words), "{name}: {failure}");
    }
    assert_eq!(std::fs::read(at("text")).unwrap(), b"not a capture\n");
    assert!(!at("x.dcap.gz").exists());
}

#[test]
fn a_killed_run_is_told_of_and_its_torn_tail_kept_aside_wherever_it_was_cut() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["x.dcap", "x.dcap.zst"] {
        let path = dir.path().join(name);
        let mut recorder = open_here(&path, Stream::Market).unwrap().recorder;
        for at in [6, 7].map(Micros::from_secs) {
            frame(&mut recorder, at, &[1; 16], None);
            recorder.tick(at);
        }
        // As a kill leaves it: nothing is closed.
        let bytes = std::fs::read(&path).unwrap();
        recorder.finish(&PacketCounts::default(), "count", Micros::from_secs(8));
        drop(recorder);
        let orderly = open_here(&path, Stream::Market).unwrap();
        assert_eq!(orderly.restarted, None, "{name} ended orderly");
        drop(orderly);
        let first = {
            let mut blocks = Blocks::new(&bytes[..]).unwrap();
            let Some(Scanned::Block { end, .. }) = blocks.next().unwrap() else { panic!() };
            end as usize
        };
        for cut in first..=bytes.len() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(name);
            std::fs::write(&path, &bytes[..cut]).unwrap();
            let opened = open_here(&path, Stream::Market).unwrap();
            let restarted = opened.restarted.clone().expect("it was killed");
            drop(opened);
            let now = std::fs::read(&path).unwrap();
            let aside: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().map(|e| e.path()).collect();
            let torn: Vec<u8> = aside.iter().find(|p| **p != path).map_or(Vec::new(), |p| std::fs::read(p).unwrap());
            let kept = cut - torn.len();
            assert_eq!([&now[..kept], &torn[..]].concat(), bytes[..cut], "{name} cut at {cut}: not a byte is lost");
            assert!(!read_amiss(&now), "{name} cut at {cut}: what is left is whole");
            assert!(restarted.detail.contains("was killed") && restarted.from <= Micros::from_secs(7), "{restarted:?}");
        }
    }
}

fn read_amiss(bytes: &[u8]) -> bool {
    let mut player = Player::new(bytes).unwrap();
    while let Some(part) = player.next().unwrap() {
        if !matches!(part, Part::Session(_) | Part::Entries(_)) {
            return true;
        }
    }
    false
}

#[test]
fn a_run_that_ended_within_a_frame_is_kept_to_the_packet() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.dcap");
    let mut recorder = open_here(&path, Stream::Market).unwrap().recorder;
    frame(&mut recorder, Micros::new(1), b"before", None);
    frame(&mut recorder, Micros::new(2), b"printed", None);
    let ended = EndedWithin { packets: Some(2), reason: "count".to_owned() };
    frame(&mut recorder, Micros::new(3), b"in part", Some(ended));
    frame(&mut recorder, Micros::new(4), b"after", None);
    recorder.finish(&PacketCounts::default(), "count", Micros::new(9));
    drop(recorder);
    let mut player = Player::open(&path).unwrap();
    let mut puts = Vec::new();
    while let Some(part) = player.next().unwrap() {
        if let Part::Entries(entries) = part {
            puts.extend(entries.filter_map(|entry| Put::of(entry.unwrap())));
        }
    }
    let frame = |us, text: &str| Put::Frame(1, FrameKind::Binary, Micros::new(us), text.as_bytes().to_vec());
    let expected = [
        frame(1, "before"),
        frame(2, "printed"),
        Put::EndsWithin(2, "count".to_owned()),
        frame(3, "in part"),
        frame(4, "after"),
        Put::Finish(Finish { at: Micros::new(9), counts: PacketCounts::default(), reason: "count".to_owned() }),
    ];
    assert_eq!(puts, expected);
}

#[test]
fn no_secret_gets_into_the_words_of_an_event() {
    const SECRET: &str = "sentinel-eyJhbGciOiJIUzUxMiJ9-secret";
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.dcap");
    let console = quiet();
    console.keep_secret(SECRET.to_owned().into());
    let mut recorder =
        open(&path, Stream::Orders, Duration::ZERO, &StopSignal::default(), Micros::new(1), &console).unwrap().recorder;
    let detail = format!("the server said {SECRET}");
    for event in [
        Event::GapOpened { conn: 1, reason: GapReason::Disconnected, detail: detail.clone(), from: Micros::new(1) },
        Event::Status { conn: 1, event: StatusEvent::Disconnected, detail: Some(detail.clone()), at: Micros::new(1) },
        Event::Gap {
            conn: 1,
            reason: GapReason::Snapshot,
            detail: Some(detail.clone()),
            from: Micros::new(1),
            to: Micros::new(1),
            dropped: None,
        },
        Event::End { reason: detail.clone(), at: Micros::new(1) },
    ] {
        recorder.event(&event);
    }
    recorder.finish(&PacketCounts::default(), &detail, Micros::new(9));
    let bytes = std::fs::read(&path).unwrap();
    assert!(memchr::memmem::find(&bytes, SECRET.as_bytes()).is_none());
    assert!(memchr::memmem::find(&bytes, b"the server said").is_some(), "the rest is kept");
}

/// A disk that is full until the flag is cleared.
struct Full(Disk, Arc<AtomicBool>);

impl Filesystem for Full {
    fn open(&self, path: &Path, how: OpenMode) -> io::Result<File> {
        self.0.open(path, how)
    }
    fn write(&self, file: &File, bytes: &[u8]) -> io::Result<usize> {
        if self.1.load(Ordering::Relaxed) {
            // Half of it fits.
            let half = bytes.len() / 2;
            return if half > 20 { self.0.write(file, &bytes[..half]) } else { Err(io::ErrorKind::StorageFull.into()) };
        }
        self.0.write(file, bytes)
    }
    fn read_at(&self, file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(file, bytes, offset)
    }
    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.0.write_at(file, bytes, offset)
    }
    fn set_len(&self, file: &File, len: u64) -> io::Result<()> {
        self.0.set_len(file, len)
    }
    fn stat(&self, path: &Path) -> io::Result<Stat> {
        self.0.stat(path)
    }
    fn fstat(&self, file: &File) -> io::Result<Stat> {
        self.0.fstat(file)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.remove(path)
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        self.0.list(folder)
    }
    fn make_folder(&self, folder: &Path, mode: u32) -> io::Result<()> {
        self.0.make_folder(folder, mode)
    }
    fn try_lock(&self, file: &File) -> io::Result<bool> {
        self.0.try_lock(file)
    }
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
    fn pause(&self, _time: Duration) {
        // Room is made while it waits.
        self.1.store(false, Ordering::Relaxed);
    }
}

#[test]
fn a_full_disk_is_waited_out_and_ends_the_run_when_it_stays_full() {
    for (wait, saved) in [(Duration::from_secs(60), true), (Duration::ZERO, false)] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.dcap");
        let full = Arc::new(AtomicBool::new(false));
        let disk = Arc::new(Full(Disk::default(), Arc::clone(&full)));
        let stop = StopSignal::default();
        let opened = open::open_on(disk, &path, Stream::Market, wait, &stop, Micros::new(1), &quiet());
        let mut recorder = opened.unwrap().recorder;
        frame(&mut recorder, Micros::new(2), &[7; 500], None);
        full.store(true, Ordering::Relaxed);
        recorder.tick(Micros::new(3));
        assert_eq!(recorder.failure().is_none(), saved);
        recorder.finish(&PacketCounts::default(), "count", Micros::new(9));
        let mut bytes = std::fs::read(&path).unwrap();
        assert!(!read_amiss(&bytes), "no half block stays");
        bytes.retain(|&b| b == 7);
        assert_eq!(bytes.len() >= 500, saved);
    }
}
