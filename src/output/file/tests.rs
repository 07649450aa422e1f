//! Tests files on a failing disk: each operating-system call fails once, from then on, or halfway.

mod kills;

use super::*;
use crate::clock::SECOND_US;
use crate::format::line::recv;
use crate::model::Micros;
use crate::model::exit::Exit;
use crate::storage::disk::Stat;
use crate::storage::{Compression, FrameEvent, OpenMode, scan};
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

const ENOSPC: i32 = 28;
const START: Micros = Micros::from_secs(1_781_065_197);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// The call fails once.
    Once(i32),
    /// The call and every later call that writes fail.
    Disk(i32),
    /// A write takes half of its bytes, then every write fails; files can still be truncated.
    HalfThenFull,
    /// The process is killed at the call; if it is a write, after half of its bytes.
    Killed,
}

/// Unwinds in place of a kill: locks are released, and nothing more reaches the disk.
struct Kill;

/// Begins to fail at its Nth call.
struct Faulty {
    disk: Disk,
    calls: AtomicUsize,
    at: usize,
    fault: Fault,
    waited: AtomicU64,
}

impl Faulty {
    fn new(at: usize, fault: Fault) -> Arc<Faulty> {
        let disk = Disk::default();
        Arc::new(Faulty { disk, calls: AtomicUsize::new(0), at, fault, waited: AtomicU64::new(0) })
    }

    fn call(&self, writes: bool) -> io::Result<()> {
        let n = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        match self.fault {
            Fault::Once(errno) if n == self.at => Err(io::Error::from_raw_os_error(errno)),
            Fault::Disk(errno) if n == self.at || n > self.at && writes => Err(io::Error::from_raw_os_error(errno)),
            Fault::Killed if n == self.at => std::panic::resume_unwind(Box::new(Kill)),
            Fault::Killed if n > self.at => Err(io::Error::from_raw_os_error(5)),
            _ => Ok(()),
        }
    }
}

impl Filesystem for Faulty {
    fn open(&self, path: &Path, how: OpenMode) -> io::Result<File> {
        self.call(false)?;
        self.disk.open(path, how)
    }
    fn write(&self, file: &File, bytes: &[u8]) -> io::Result<usize> {
        if self.fault == Fault::Killed && self.calls.load(Ordering::Relaxed) + 1 == self.at {
            let _ = self.disk.write(file, &bytes[..bytes.len() / 2]);
        }
        self.call(true)?;
        if self.fault == Fault::HalfThenFull {
            let n = self.calls.load(Ordering::Relaxed);
            if n == self.at {
                return self.disk.write(file, &bytes[..bytes.len().div_ceil(2)]);
            }
            if n > self.at {
                return Err(io::Error::from_raw_os_error(ENOSPC));
            }
        }
        self.disk.write(file, bytes)
    }
    fn read_at(&self, file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        self.call(false)?;
        self.disk.read_at(file, bytes, offset)
    }
    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.call(true)?;
        self.disk.write_at(file, bytes, offset)
    }
    fn set_len(&self, file: &File, len: u64) -> io::Result<()> {
        self.call(true)?;
        self.disk.set_len(file, len)
    }
    fn stat(&self, path: &Path) -> io::Result<Stat> {
        self.call(false)?;
        self.disk.stat(path)
    }
    fn fstat(&self, file: &File) -> io::Result<Stat> {
        self.call(false)?;
        self.disk.fstat(file)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(true)?;
        self.disk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.call(true)?;
        self.disk.remove(path)
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        self.call(false)?;
        self.disk.list(folder)
    }
    fn make_folder(&self, folder: &Path, mode: u32) -> io::Result<()> {
        self.call(true)?;
        self.disk.make_folder(folder, mode)
    }
    fn try_lock(&self, file: &File) -> io::Result<bool> {
        self.call(false)?;
        self.disk.try_lock(file)
    }
    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.waited.load(Ordering::Relaxed))
    }
    fn pause(&self, time: Duration) {
        self.waited.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

fn spec(dir: &Path, name: &str) -> FileSpec {
    let format = if name.contains(".csv") { Format::Csv } else { Format::Ndjson };
    FileSpec {
        pattern: dir.join(name).to_str().unwrap().to_owned(),
        format,
        csv_header: (format == Format::Csv).then(|| b"type,n,recv_us\n".to_vec()),
        rotate_size: None,
        mode: 0o644,
        on_rotate: None,
        disk_wait: Duration::from_secs(2),
        stop: StopSignal::default(),
    }
}

fn quiet() -> Console {
    Console::new(crate::console::ConsoleConfig { level: crate::console::LogLevel::Error, ..Default::default() })
}

fn line(n: i64, at: Micros) -> String {
    format!(
        "{{\"type\":\"ticker\",\"n\":{n},\"pad\":\"{}\",\"recv_us\":{}}}\n",
        "x".repeat((n % 40) as usize),
        at.get()
    )
}

/// Returns the decompressed text of a file; panics if it is torn.
fn text_of(path: &Path) -> String {
    let mut text = Vec::new();
    let scan = scan(Compression::of(path), File::open(path).unwrap(), 0, |piece| {
        if let FrameEvent::Data(data) = piece {
            text.extend_from_slice(data);
        }
        Ok(())
    });
    assert!(!scan.unwrap().torn, "{} is torn", path.display());
    String::from_utf8(text).unwrap()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Returns the numbers in the lines of all data files of a folder, in order; every line must be complete.
fn numbers(dir: &Path) -> Vec<i64> {
    let mut numbers: Vec<i64> = lines(dir).iter().filter_map(|line| line["n"].as_i64()).collect();
    numbers.sort_unstable();
    numbers
}

/// Returns the lines of all data files of a folder; each must be complete.
fn lines(dir: &Path) -> Vec<serde_json::Value> {
    let mut lines = Vec::new();
    for name in names(dir).iter().filter(|name| !name.starts_with('.') && !name.contains(".torn-")) {
        let text = text_of(&dir.join(name));
        assert!(text.is_empty() || text.ends_with('\n'), "{name} does not end with a line end");
        for line in text.lines() {
            lines.push(serde_json::from_str(line).unwrap_or_else(|e| panic!("{name}: {e}: {line:?}")));
        }
    }
    lines
}

/// Holds what a writer believes after it has written 60 lines into the files of three minutes.
struct Run {
    accepted: usize,
    lost: u64,
    failure: Option<WriteFailure>,
}

fn run(fs: Arc<Faulty>, dir: &Path, name: &str) -> Result<Run, Failure> {
    let mut sink = FileSink::open_on(fs, spec(dir, name), START, &quiet())?.sink;
    let mut accepted = 0;
    let mut drive = || -> Result<(), WriteFailure> {
        for n in 0..30 {
            let now = START.plus_us(n * 5 * SECOND_US);
            if now >= sink.boundary() {
                sink.rotate(now, Some(b"{\"type\":\"end\",\"reason\":\"rotated\"}\n"))?;
            }
            let lines = line(2 * n, now) + &line(2 * n + 1, now.plus_us(1));
            match sink.write(lines.as_bytes()) {
                Ok(()) => accepted += 2,
                Err(unwritten) => {
                    accepted += memchr::memchr_iter(b'\n', &lines.as_bytes()[..unwritten.written]).count();
                    return Err(unwritten.failure);
                }
            }
            if n % 4 == 3 {
                sink.tick(now)?;
            }
        }
        sink.finish(Some(b"{\"type\":\"end\",\"reason\":\"done\"}\n"))
    };
    let failure = drive().err();
    Ok(Run { accepted, lost: sink.lost_lines(), failure })
}

/// Makes every call fail in turn, and after each run compares the files with what the writer believes.
fn every_call(name: &str, fault: Fault) {
    let calls = {
        let dir = tempfile::tempdir().unwrap();
        let fs = Faulty::new(usize::MAX, fault);
        assert!(run(fs.clone(), dir.path(), name).unwrap().failure.is_none());
        assert_eq!(numbers(dir.path()), (0..60).collect::<Vec<_>>());
        fs.calls.load(Ordering::Relaxed)
    };
    assert!(calls > 60);
    for at in 1..=calls {
        let dir = tempfile::tempdir().unwrap();
        let context = format!("{name}, {fault:?} at call {at} of {calls}");
        match run(Faulty::new(at, fault), dir.path(), name) {
            Err(failure) => {
                assert_eq!(failure.exit, Exit::Output, "{context}: {failure}");
                assert_eq!(numbers(dir.path()), [] as [i64; 0], "{context}");
            }
            Ok(run) => {
                if let Some(WriteFailure::Failed(failure)) = &run.failure {
                    assert_eq!(failure.exit, Exit::Output, "{context}: {failure}");
                }
                // Lines that were not accepted must be absent; accepted ones present, except those counted as lost.
                // Checked before recovery, which would hide a torn line.
                if Compression::of(Path::new(name)) == Compression::None {
                    let expected: Vec<i64> = (0..run.accepted as i64 - run.lost as i64).collect();
                    assert_eq!(numbers(dir.path()), expected, "{context}: {:?}", run.failure);
                }
                if run.failure.is_none() {
                    assert_eq!(run.accepted, 60, "{context}");
                }
                let again = FileSink::open(spec(dir.path(), name), START.plus_us(3_600 * SECOND_US), &quiet()).unwrap();
                // The run failed and could not remove its marker, or the marker could not be removed.
                if run.failure.is_some() {
                    assert_eq!(again.restarted.len(), 1, "{context}");
                }
                drop(again);
                let expected: Vec<i64> = (0..run.accepted as i64 - run.lost as i64).collect();
                assert_eq!(numbers(dir.path()), expected, "{context}: {:?}", run.failure);
                assert!(!names(dir.path()).iter().any(|name| name.contains(".torn-")), "{context}");
            }
        }
    }
}

#[test]
fn whichever_call_fails_once_nothing_is_torn_and_the_count_is_exact() {
    for errno in [ENOSPC, 5, 30, 122, 27, 4, 11] {
        every_call("x-{minute}.ndjson", Fault::Once(errno));
    }
}

#[test]
fn whichever_call_fails_once_compressed_blocks_stay_whole() {
    for errno in [ENOSPC, 5] {
        every_call("x-{minute}.ndjson.zst", Fault::Once(errno));
        every_call("x-{minute}.ndjson.gz", Fault::Once(errno));
    }
}

#[test]
fn a_disk_that_fails_for_good_ends_the_run_with_whole_lines_and_an_exact_count() {
    for name in ["x-{minute}.ndjson", "x-{minute}.ndjson.zst", "x-{minute}.ndjson.gz"] {
        every_call(name, Fault::Disk(ENOSPC));
        every_call(name, Fault::HalfThenFull);
    }
}

#[test]
fn a_run_that_is_told_to_stop_does_not_wait_for_room() {
    let dir = tempfile::tempdir().unwrap();
    let spec = FileSpec { disk_wait: Duration::from_secs(3_600), ..spec(dir.path(), "x.ndjson") };
    let stop = spec.stop.clone();
    let elsewhere = tempfile::tempdir().unwrap();
    let counting = Faulty::new(usize::MAX, Fault::HalfThenFull);
    drop(FileSink::open_on(counting.clone(), self::spec(elsewhere.path(), "x.ndjson"), START, &quiet()).unwrap());
    let fs = Faulty::new(counting.calls.load(Ordering::Relaxed) + 1, Fault::Disk(ENOSPC));
    let mut sink = FileSink::open_on(fs.clone(), spec, START, &quiet()).unwrap().sink;
    stop.stop();
    let failure = loop {
        if let Err(unwritten) = sink.write(line(0, START).as_bytes()) {
            break unwritten.failure;
        }
    };
    let WriteFailure::Unsaved(failure) = failure else { panic!("{failure:?}") };
    assert_eq!(failure.exit, Exit::Output);
    assert!(failure.message.ends_with("(told to stop while waiting for it)"), "{failure}");
    assert!(fs.elapsed() <= Duration::from_secs(1));
}

#[test]
fn a_killed_run_leaves_one_gap_from_its_last_record_and_its_tail_beside() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.ndjson");
    for (left, torn) in [("", 0), ("{\"type\":\"tic", 1), ("{", 2)] {
        let mut sink = FileSink::open(spec(dir.path(), "x.ndjson"), START, &quiet()).unwrap().sink;
        sink.write((line(0, START.plus_us(5)) + left).as_bytes()).unwrap();
        drop(sink);
        let opened = FileSink::open(spec(dir.path(), "x.ndjson"), START.plus_us(100 + torn), &quiet()).unwrap();
        assert_eq!(opened.restarted.len(), 1);
        assert_eq!(opened.restarted[0].from, START.plus_us(5));
        assert!(opened.restarted[0].detail.contains(&std::process::id().to_string()), "{:?}", opened.restarted);
        let tails = names(dir.path()).iter().filter(|name| name.starts_with("x.ndjson.torn-")).count();
        assert_eq!(tails as i64, torn);
        let mut sink = opened.sink;
        sink.finish(None).unwrap();
        assert!(std::fs::read_to_string(&path).unwrap().ends_with("}\n"));
        // An orderly end leaves none.
        let mut after = FileSink::open(spec(dir.path(), "x.ndjson"), START.plus_us(200), &quiet()).unwrap();
        assert_eq!(after.restarted, []);
        after.sink.finish(None).unwrap();
        assert!(!dir.path().join(".x.ndjson.dhan").exists());
    }
}

#[test]
fn a_gap_survives_a_second_kill_before_it_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut sink = FileSink::open(spec(dir.path(), "x-{minute}.ndjson"), START, &quiet()).unwrap().sink;
    sink.write(line(0, START.plus_us(5)).as_bytes()).unwrap();
    drop(sink);
    for minute in 1..4 {
        let now = START.plus_us(minute * 60 * SECOND_US);
        let opened = FileSink::open(spec(dir.path(), "x-{minute}.ndjson"), now, &quiet()).unwrap();
        assert_eq!(opened.restarted.iter().map(|r| r.from).collect::<Vec<_>>(), [START.plus_us(5)], "minute {minute}");
        assert_eq!(names(dir.path()).iter().filter(|name| name.ends_with(".dhan")).count(), 1);
    }
}

#[test]
fn an_unfinished_frame_gives_its_whole_lines_back_and_what_follows_can_be_read() {
    for name in ["x.ndjson.zst", "x.ndjson.gz"] {
        let whole = {
            let dir = tempfile::tempdir().unwrap();
            let mut sink = FileSink::open(spec(dir.path(), name), START, &quiet()).unwrap().sink;
            for n in 0..6 {
                sink.write(line(n, START.plus_us(n)).as_bytes()).unwrap();
                sink.tick(START.plus_us(n)).unwrap();
            }
            drop(sink);
            std::fs::metadata(dir.path().join(name)).unwrap().len()
        };
        for cut in 0..=whole {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join(name);
            let mut sink = FileSink::open(spec(dir.path(), name), START, &quiet()).unwrap().sink;
            let mut ends = Vec::new();
            for n in 0..6 {
                sink.write(line(n, START.plus_us(n)).as_bytes()).unwrap();
                sink.tick(START.plus_us(n)).unwrap();
                ends.push(std::fs::metadata(&path).unwrap().len());
            }
            drop(sink);
            File::options().write(true).open(&path).unwrap().set_len(cut).unwrap();
            let mut opened = FileSink::open(spec(dir.path(), name), START.plus_us(100), &quiet()).unwrap();
            let kept = ends.iter().filter(|&&end| end <= cut).count() as i64;
            let found = numbers(dir.path());
            assert!(found.len() as i64 >= kept && found == (0..found.len() as i64).collect::<Vec<_>>(), "{name} {cut}");
            let last = found.last().map_or(START, |n| START.plus_us(*n));
            assert_eq!(opened.restarted[0].from, last, "{name} cut at {cut}");
            if ends.contains(&cut) {
                assert!(!names(dir.path()).iter().any(|name| name.contains(".torn-")), "{name} cut at {cut}");
            }
            opened.sink.write(line(99, START.plus_us(200)).as_bytes()).unwrap();
            opened.sink.finish(None).unwrap();
            assert_eq!(numbers(dir.path()).last(), Some(&99));
        }
    }
}

#[test]
fn the_second_writer_is_refused_and_told_who_the_first_is() {
    let dir = tempfile::tempdir().unwrap();
    let first = FileSink::open(spec(dir.path(), "x.ndjson"), START, &quiet()).unwrap();
    let refused = FileSink::open(spec(dir.path(), "x.ndjson"), START, &quiet()).unwrap_err();
    assert_eq!(refused.exit, Exit::Locked);
    assert!(refused.message.contains("--output given twice"), "{refused}");
    // The same under another name.
    std::os::unix::fs::symlink(dir.path().join("x.ndjson"), dir.path().join("y.ndjson")).unwrap();
    assert_eq!(FileSink::open(spec(dir.path(), "y.ndjson"), START, &quiet()).unwrap_err().exit, Exit::Locked);
    drop(first);
    assert!(FileSink::open(spec(dir.path(), "x.ndjson"), START, &quiet()).is_ok());
}

#[test]
fn what_cannot_be_written_is_said_before_anything_connects() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("folder.ndjson")).unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    for (name, words) in [
        ("none/x.ndjson", "mkdir -p"),
        ("none/{date}/x.ndjson", "mkdir -p"),
        ("file/x.ndjson", "not a folder"),
        ("folder.ndjson", "not a regular file"),
        ("folder.ndjson/", "it is a folder"),
        ("../../../../../../../../../dev/full", "redirect stdout"),
    ] {
        let failure = FileSink::open(spec(dir.path(), name), START, &quiet()).unwrap_err();
        assert_eq!(failure.exit, Exit::Output, "{name}: {failure}");
        assert!(failure.message.contains(words), "{name}: {failure}");
    }
    assert_eq!(FileSink::open(spec(dir.path(), "%E"), START, &quiet()).unwrap_err().exit, Exit::Usage);
    assert_eq!(names(dir.path()), ["file", "folder.ndjson"]);
}

#[test]
fn folders_that_change_with_the_date_are_made() {
    let dir = tempfile::tempdir().unwrap();
    let mut sink = FileSink::open(spec(dir.path(), "%Y/%m/x.ndjson"), START, &quiet()).unwrap().sink;
    sink.write(line(1, START).as_bytes()).unwrap();
    sink.finish(None).unwrap();
    assert_eq!(text_of(&dir.path().join("2026/06/x.ndjson")), line(1, START));
}

#[test]
fn files_of_a_size_are_numbered_and_a_restart_goes_on_with_the_newest() {
    let dir = tempfile::tempdir().unwrap();
    let spec = || FileSpec { rotate_size: Some(600), ..spec(dir.path(), "x.ndjson") };
    let mut n = 0;
    for _ in 0..3 {
        let mut sink = FileSink::open(spec(), START, &quiet()).unwrap().sink;
        for _ in 0..10 {
            let line = line(n, START.plus_us(n));
            if sink.wants_rotation(line.len()) {
                sink.rotate(START.plus_us(n), Some(b"{\"type\":\"end\"}\n")).unwrap();
            }
            sink.write(line.as_bytes()).unwrap();
            n += 1;
        }
        sink.finish(Some(b"{\"type\":\"end\"}\n")).unwrap();
    }
    let names = names(dir.path());
    assert!(names.len() > 4 && names.contains(&"x.ndjson".into()) && names.contains(&"x.3.ndjson".into()), "{names:?}");
    for name in &names {
        assert!(std::fs::metadata(dir.path().join(name)).unwrap().len() <= 600, "{name}");
    }
    assert_eq!(numbers(dir.path()), (0..30).collect::<Vec<_>>());
}

#[test]
fn a_header_stands_once_in_a_file_and_never_before_other_columns() {
    for name in ["x.csv", "x.csv.gz", "x.csv.zst"] {
        let dir = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let mut sink = FileSink::open(spec(dir.path(), name), START, &quiet()).unwrap().sink;
            sink.write(b"a,1,5\n").unwrap();
            sink.finish(None).unwrap();
        }
        let other = FileSpec { csv_header: Some(b"other,recv_us\n".to_vec()), ..spec(dir.path(), name) };
        for _ in 0..2 {
            let mut sink = FileSink::open(other.clone(), START, &quiet()).unwrap().sink;
            sink.write(b"b,6\n").unwrap();
            assert!(sink.write_gap(b"{\"type\":\"gap\"}\n").unwrap());
            sink.finish(None).unwrap();
        }
        let beside = name.replace("x.csv", "x.1.csv");
        assert_eq!(text_of(&dir.path().join(name)), "type,n,recv_us\na,1,5\na,1,5\n");
        assert_eq!(text_of(&dir.path().join(&beside)), "other,recv_us\nb,6\nb,6\n");
        let gaps = format!("{beside}.gaps.ndjson");
        assert_eq!(text_of(&dir.path().join(gaps)), "{\"type\":\"gap\"}\n{\"type\":\"gap\"}\n");
    }
}

#[test]
fn what_is_not_ours_is_left_as_it_is_and_a_file_begun_beside_it() {
    let gzipped = {
        let dir = tempfile::tempdir().unwrap();
        let mut sink = FileSink::open(spec(dir.path(), "x.csv.gz"), START, &quiet()).unwrap().sink;
        sink.write(b"ticker,1,2\n").unwrap();
        sink.finish(None).unwrap();
        std::fs::read(dir.path().join("x.csv.gz")).unwrap()
    };
    for (name, beside, found) in [
        ("x.ndjson", "x.1.ndjson", &b"type,n,recv_us\r\nticker,1,2\r\n"[..]),
        ("x.dcap", "x.1.dcap", b"\x89DC\n\0\0 no line"),
        ("x.csv", "x.1.csv", b"{\"type\":\"ticker\"}\n{\"ty"),
        ("x.ndjson.gz", "x.1.ndjson.gz", b"{\"type\":\"ticker\"}\n"),
        ("x.ndjson.zst", "x.1.ndjson.zst", b"{\"type\":\"ticker\"}\n"),
        ("x.ndjson.gz", "x.1.ndjson.gz", &gzipped),
    ] {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(name), found).unwrap();
        let mut opened = FileSink::open(spec(dir.path(), name), START, &quiet()).unwrap();
        assert_eq!(opened.sink.path(), Some(dir.path().join(beside).as_path()));
        opened.sink.finish(None).unwrap();
        assert_eq!(std::fs::read(dir.path().join(name)).unwrap(), found, "{name}");
        assert_eq!(names(dir.path()), [beside, name]);
    }
}

#[test]
fn a_renamed_file_is_completed_and_the_path_begun_anew() {
    for name in ["x.ndjson", "x.ndjson.zst"] {
        let dir = tempfile::tempdir().unwrap();
        let (path, away) = (dir.path().join(name), dir.path().join(name.replace("x.", "away.")));
        let mut sink = FileSink::open(spec(dir.path(), name), START, &quiet()).unwrap().sink;
        sink.write(line(1, START).as_bytes()).unwrap();
        assert!(!sink.reopen(Some(b"unused\n")).unwrap(), "nothing happened to it yet");
        std::fs::rename(&path, &away).unwrap();
        sink.write(line(2, START.plus_us(1)).as_bytes()).unwrap();
        sink.tick(START.plus_us(2)).unwrap();
        assert!(matches!(&sink.take_notices()[..], [Notice::Moved { .. }]));
        assert!(sink.reopen(Some(b"{\"type\":\"end\"}\n")).unwrap());
        sink.write(line(3, START.plus_us(3)).as_bytes()).unwrap();
        // Deleted without a reopen: the second tick creates it.
        sink.tick(START.plus_us(3)).unwrap();
        std::fs::remove_file(&path).unwrap();
        sink.tick(START.plus_us(4)).unwrap();
        sink.tick(START.plus_us(5)).unwrap();
        sink.write(line(4, START.plus_us(6)).as_bytes()).unwrap();
        sink.finish(None).unwrap();
        assert_eq!(text_of(&away), line(1, START) + &line(2, START.plus_us(1)) + "{\"type\":\"end\"}\n");
        assert_eq!(text_of(&path), line(4, START.plus_us(6)));
    }
}

#[test]
fn a_file_cut_by_others_has_no_hole_and_is_told_of() {
    for name in ["x.ndjson", "x.ndjson.zst", "x.ndjson.gz"] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        let mut sink = FileSink::open(spec(dir.path(), name), START, &quiet()).unwrap().sink;
        for n in 0..50 {
            sink.write(line(n, START.plus_us(n)).as_bytes()).unwrap();
        }
        sink.tick(START.plus_us(100)).unwrap();
        assert_eq!(sink.take_notices(), []);
        File::options().write(true).open(&path).unwrap().set_len(0).unwrap();
        sink.write(line(77, START.plus_us(101)).as_bytes()).unwrap();
        sink.tick(START.plus_us(102)).unwrap();
        assert!(matches!(&sink.take_notices()[..], [Notice::Truncated { from, .. }] if *from == START.plus_us(100)));
        sink.tick(START.plus_us(103)).unwrap();
        assert_eq!(sink.take_notices(), []);
        sink.finish(None).unwrap();
        assert_eq!(text_of(&path), line(77, START.plus_us(101)), "{name}");
    }
}

#[test]
fn frames_are_closed_once_a_minute_and_blocks_once_a_second() {
    let dir = tempfile::tempdir().unwrap();
    let fs = Faulty::new(usize::MAX, Fault::HalfThenFull);
    let mut sink = FileSink::open_on(fs.clone(), spec(dir.path(), "x.ndjson.zst"), START, &quiet()).unwrap().sink;
    let path = dir.path().join("x.ndjson.zst");
    for second in 0..150 {
        sink.write(line(second, START.plus_us(second * SECOND_US)).as_bytes()).unwrap();
        fs.pause(Duration::from_secs(1));
        sink.tick(START.plus_us(second * SECOND_US)).unwrap();
        // Whatever was written a second ago can be read now.
        let mut lines = 0;
        scan(Compression::Zstd, File::open(&path).unwrap(), 0, |piece| {
            if let FrameEvent::Data(data) = piece {
                lines += memchr::memchr_iter(b'\n', data).count();
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(lines as i64, second + 1);
    }
    sink.finish(None).unwrap();
    let mut frames = 0;
    scan(Compression::Zstd, File::open(&path).unwrap(), 0, |piece| {
        frames += i32::from(matches!(piece, FrameEvent::FrameEnd(_)));
        Ok(())
    })
    .unwrap();
    assert_eq!(frames, 3);
    assert_eq!(sink.bytes_written(), std::fs::metadata(&path).unwrap().len());
}

#[test]
fn a_thousand_rotations_lose_nothing_and_every_line_is_in_the_file_of_its_time() {
    let dir = tempfile::tempdir().unwrap();
    let mut sink = FileSink::open(spec(dir.path(), "x-%H%M%S.ndjson"), START, &quiet()).unwrap().sink;
    // 997 records in each second of virtual time, so that boundaries fall between records everywhere.
    let step = SECOND_US / 997;
    let mut n = 0;
    while n * step < 1_001 * SECOND_US {
        let mut lines = String::new();
        let now = START.plus_us(n * step);
        if now >= sink.boundary() {
            sink.rotate(now, None).unwrap();
        }
        while START.plus_us(n * step) < sink.boundary() && lines.len() < 30_000 {
            lines += &format!("{{\"n\":{n},\"recv_us\":{}}}\n", START.plus_us(n * step).get());
            n += 1;
        }
        sink.write(lines.as_bytes()).unwrap();
    }
    sink.finish(None).unwrap();
    let names = names(dir.path());
    assert!(names.len() > 1_000, "{}", names.len());
    let pattern = Pattern::parse(dir.path().join("x-%H%M%S.ndjson").to_str().unwrap()).unwrap();
    for name in &names {
        let path = dir.path().join(name);
        for line in std::fs::read(&path).unwrap().split_inclusive(|&b| b == b'\n') {
            assert_eq!(pattern.path_at(recv(line).unwrap()), path);
        }
    }
    assert_eq!(numbers(dir.path()), (0..n).collect::<Vec<_>>());
}

#[test]
fn orders_are_for_their_owner_only_whatever_the_umask() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let mut sink = FileSink::open(FileSpec { mode: 0o600, ..spec(dir.path(), "x.csv") }, START, &quiet()).unwrap().sink;
    sink.write_gap(b"{}\n").unwrap();
    for name in names(dir.path()) {
        let mode = std::fs::metadata(dir.path().join(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}: {mode:o}");
    }
}
