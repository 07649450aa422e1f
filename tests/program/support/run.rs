//! A run of a program, and how it ended.

use super::home::Folder;
use super::{PATIENCE, Signal, assert_within, records, secrets, signal, tail, wait};
use dhan::testing::model::PacketCounts;
use serde_json::Value;
use std::io::{ErrorKind, Read};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// Bytes that a thread collects from a pipe.
#[derive(Clone, Default)]
pub struct Collected(Arc<(Mutex<SoFar>, Condvar)>);

#[derive(Default)]
struct SoFar {
    bytes: Vec<u8>,
    ended: bool,
}

impl Collected {
    fn from(mut pipe: impl Read + Send + 'static) -> Collected {
        let collected = Collected::default();
        let theirs = collected.clone();
        std::thread::spawn(move || {
            let mut piece = vec![0; 1 << 16];
            loop {
                let n = match pipe.read(&mut piece) {
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    read => read.unwrap_or(0),
                };
                let mut now = theirs.0.0.lock().expect("no panic");
                now.bytes.extend_from_slice(&piece[..n]);
                now.ended = n == 0;
                theirs.0.1.notify_all();
                if n == 0 {
                    return;
                }
            }
        });
        collected
    }

    /// Returns the text that has come so far.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.0.lock().expect("no panic").bytes).into_owned()
    }

    /// Counts the lines that have come so far.
    pub fn lines(&self) -> usize {
        memchr::memchr_iter(b'\n', &self.0.0.lock().expect("no panic").bytes).count()
    }

    /// Waits until what has come satisfies; false if the pipe ends before that, or [`PATIENCE`] does.
    fn wait(&self, mut holds: impl FnMut(&[u8]) -> bool) -> bool {
        let end = Instant::now() + PATIENCE;
        let mut now = self.0.0.lock().expect("no panic");
        let mut looked_at = usize::MAX;
        loop {
            if looked_at != now.bytes.len() {
                looked_at = now.bytes.len();
                if holds(&now.bytes) {
                    return true;
                }
            }
            if now.ended || Instant::now() >= end {
                return false;
            }
            now = self.0.1.wait_timeout(now, Duration::from_millis(50)).expect("no panic").0;
        }
    }

    /// Waits for the end of the pipe, and returns everything.
    fn complete(&self) -> String {
        let end = Instant::now() + PATIENCE;
        let mut now = self.0.0.lock().expect("no panic");
        while !now.ended && Instant::now() < end {
            now = self.0.1.wait_timeout(now, Duration::from_millis(50)).expect("no panic").0;
        }
        String::from_utf8(now.bytes.clone()).expect("UTF-8")
    }
}

/// A run under way. Dropping it kills it.
pub struct Run {
    folder: Arc<Folder>,
    pub child: Child,
    pub stdin: Option<ChildStdin>,
    pub out: Collected,
    pub err: Collected,
}

impl Run {
    pub(super) fn start(folder: Arc<Folder>, command: Command) -> Run {
        let (mut run, stdout) = Run::start_piped(folder, command);
        run.out = Collected::from(stdout);
        run
    }

    pub(super) fn start_piped(folder: Arc<Folder>, mut command: Command) -> (Run, ChildStdout) {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let stdout = child.stdout.take().expect("a pipe");
        let err = Collected::from(child.stderr.take().expect("a pipe"));
        let stdin = child.stdin.take();
        // The test reads stdout itself: nothing is collected.
        let out = Collected::from(std::io::empty());
        (Run { folder, child, stdin, out, err }, stdout)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until stderr contains these words.
    #[track_caller]
    pub fn says(&self, words: &str) {
        let found = self.err.wait(|bytes| memchr::memmem::find(bytes, words.as_bytes()).is_some());
        assert!(found, "{words:?} is not in stderr: {}", self.err.text());
    }

    /// Waits until stdout satisfies.
    #[track_caller]
    pub fn printed(&self, what: &str, mut holds: impl FnMut(&str) -> bool) {
        let found = self.out.wait(|bytes| holds(&String::from_utf8_lossy(bytes)));
        assert!(found, "{what}: {}\n{}", tail(&self.out.text()), self.err.text());
    }

    /// Waits until stdout has this many lines.
    #[track_caller]
    pub fn prints(&self, lines: usize) {
        let found = self.out.wait(|bytes| memchr::memchr_iter(b'\n', bytes).count() >= lines);
        assert!(found, "stdout has {} of {lines} lines: {}", self.out.lines(), self.err.text());
    }

    /// Waits for this many records of a type.
    #[track_caller]
    pub fn records(&self, kind: &str, at_least: usize) {
        let mark = format!("{{\"type\":\"{kind}\"");
        self.printed(&format!("{at_least} records of {kind}"), |text| text.matches(&mark).count() >= at_least);
    }

    /// Waits for this many status records of an event.
    #[track_caller]
    pub fn status(&self, event: &str, at_least: usize) {
        let mark = format!("\"event\":\"{event}\"");
        self.printed(&format!("{at_least} × {event}"), |text| text.matches(&mark).count() >= at_least);
    }

    #[track_caller]
    pub fn signal(&self, with: Signal) {
        signal(&self.child, with);
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_none()
    }

    /// Sends a signal and waits for the end.
    #[track_caller]
    pub fn stop(self, with: Signal) -> Done {
        self.signal(with);
        self.end()
    }

    /// Sends a signal and waits for the end, which the contract promises within two seconds from any state. Three are
    /// allowed here, for machines that do other things too; waiting for what hangs would take far longer.
    #[track_caller]
    pub fn stops_soon(self, with: Signal) -> Done {
        let done = self.stop(with);
        assert_within(Duration::from_secs(3), done.took, &done.err);
        done
    }

    /// Waits for the end, and searches everything the run has left for tokens.
    #[track_caller]
    pub fn end(mut self) -> Done {
        let begun = Instant::now();
        let status = wait("the end of a run", || self.child.try_wait().expect("its state"));
        let took = begun.elapsed();
        let done = Done { status, took, out: self.out.complete(), err: self.err.complete() };
        secrets::assert_clean("stdout", done.out.as_bytes());
        secrets::assert_clean("stderr", done.err.as_bytes());
        secrets::assert_folder_clean(self.folder.path());
        done
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A run that has ended.
#[derive(Debug)]
pub struct Done {
    pub status: ExitStatus,
    /// Time from the beginning of the wait for its end to its end.
    pub took: Duration,
    pub out: String,
    pub err: String,
}

impl Done {
    /// Returns the exit code, or 128 and the signal.
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| 128 + self.status.signal().unwrap_or(0))
    }

    /// Fails if the exit code is another.
    #[track_caller]
    pub fn exits(self, code: i32) -> Done {
        assert_eq!(self.code(), code, "stderr: {}", self.err);
        self
    }

    /// Fails if stderr does not contain these words.
    #[track_caller]
    pub fn says(self, words: &str) -> Done {
        assert!(self.err.contains(words), "{words:?} is not in stderr: {}", self.err);
        self
    }

    /// Returns every record of stdout, in order; fails at a line that is no record.
    #[track_caller]
    pub fn records(&self) -> Vec<Value> {
        records(&self.out)
    }

    /// Returns the records of a type.
    #[track_caller]
    pub fn of(&self, kind: &str) -> Vec<Value> {
        self.records().into_iter().filter(|record| record["type"] == kind).collect()
    }

    /// Returns the packet counters of the closing line; fails if they do not balance.
    #[track_caller]
    pub fn counters(&self) -> PacketCounts {
        let line = self.err.lines().rev().find(|line| line.contains("received ") && line.contains("gaps "));
        let line = line.unwrap_or_else(|| panic!("stderr has no closing line: {}", self.err));
        let figure = |name: &str| {
            let at = line.find(&format!("{name} ")).unwrap_or_else(|| panic!("no {name} in {line}")) + name.len() + 1;
            let digits: String = line[at..].chars().take_while(char::is_ascii_digit).collect();
            digits.parse().unwrap_or_else(|_| panic!("{name} in {line}"))
        };
        let counters = PacketCounts {
            received: figure("received"),
            written: figure("written"),
            filtered: figure("filtered"),
            dropped: figure("dropped"),
            malformed: figure("malformed"),
            gaps: figure("gaps"),
        };
        assert!(counters.is_balanced(), "{line}");
        counters
    }

    /// Returns the packet counters as received, written, filtered, dropped, malformed, gaps.
    #[track_caller]
    pub fn counts(&self) -> [u64; 6] {
        let of = self.counters();
        [of.received, of.written, of.filtered, of.dropped, of.malformed, of.gaps]
    }
}
