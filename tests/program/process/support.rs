//! A home of its own for every test, the program run in it, and the search for the token in everything it left.

use crate::support::PATIENCE;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use dhan::testing::model::Stream;
use dhan::testing::simulator::{Probe, SimConfig, SimHandle};
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

pub use rustix::process::Signal;

/// What the program is, as cargo built it.
pub const DHAN: &str = env!("CARGO_BIN_EXE_dhan");
/// A token as no other text looks: what is found of it anywhere is it. Not a JWT, so that only knowing it helps.
pub const TOKEN: &str = "SENTINEL.q7Vx9zKp2mW4tR8y-B3nL6cD1fH5jG0sA_wE2uQ";
pub const CLIENT: &str = "1100012345";

pub fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

/// Waits for something that must come.
#[track_caller]
pub fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "{what} did not come");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A broker that starts within the test.
pub fn broker(config: SimConfig) -> SimHandle {
    SimHandle::start_in_thread(config).unwrap()
}

/// A broker that answers with so many packets a second in all.
pub fn broker_of(rate: f64) -> SimHandle {
    broker(SimConfig { rate: Some(rate), ..SimConfig::default() })
}

/// A folder that is home, cache, state and working directory. When it goes, everything in it is searched for the token.
pub struct Home {
    dir: tempfile::TempDir,
    runs: std::cell::Cell<usize>,
}

impl Home {
    pub fn new() -> Home {
        Home { dir: tempfile::tempdir().unwrap(), runs: std::cell::Cell::new(0) }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// A command that runs here, knows the sentinel, and says everything it can.
    pub fn bare(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.dir.path()).stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.dir.path());
        command.env("TMPDIR", self.dir.path()).env("DHAN_CLIENT_ID", CLIENT).env("DHAN_ACCESS_TOKEN", TOKEN);
        command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full").env("DHAN_HOLIDAYS", "/dev/null");
        command
    }

    pub fn dhan(&self, broker: &Probe, args: &[&str]) -> Command {
        let mut command = self.bare(DHAN);
        command.envs(broker.environment()).args(args);
        command
    }

    /// Starts a command with stdout and stderr in files of this home.
    pub fn start(&self, mut command: Command) -> Running {
        let (out, err) = self.files();
        command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
        Running { child: command.spawn().unwrap(), out, err }
    }

    /// The same with stdout in a pipe.
    pub fn start_piped(&self, mut command: Command) -> (Running, ChildStdout) {
        let (out, err) = self.files();
        command.stdout(Stdio::piped()).stderr(File::create(&err).unwrap());
        let mut child = command.spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        (Running { child, out, err }, stdout)
    }

    /// Runs a command to its end.
    pub fn run(&self, command: Command) -> Ended {
        self.start(command).end()
    }

    fn files(&self) -> (PathBuf, PathBuf) {
        let run = self.runs.get() + 1;
        self.runs.set(run);
        (self.path(&format!("stdout.{run}")), self.path(&format!("stderr.{run}")))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if !thread::panicking() {
            search_folder(self.dir.path());
        }
    }
}

/// A run under way; ends with its owner.
pub struct Running {
    pub child: Child,
    pub out: PathBuf,
    pub err: PathBuf,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub out: String,
    pub err: String,
}

impl Running {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    pub fn stderr(&self) -> String {
        fs::read_to_string(&self.err).unwrap_or_default()
    }

    /// Waits until stderr says something.
    #[track_caller]
    pub fn says(&mut self, words: &str) {
        wait(words, || {
            let said = self.stderr();
            if said.contains(words) {
                return Some(());
            }
            assert!(self.child.try_wait().unwrap().is_none(), "it ended without saying {words:?}: {said}");
            None
        });
    }

    /// Waits until stdout, where it is a file, has so many lines.
    #[track_caller]
    pub fn prints(&mut self, lines: usize) {
        wait("a record", || (count_lines(&self.out) >= lines).then_some(()));
    }

    /// Waits for the end.
    #[track_caller]
    pub fn end(mut self) -> Ended {
        let status = wait("the end of a run", || self.child.try_wait().unwrap());
        let read = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
        Ended { status, out: read(&self.out), err: read(&self.err) }
    }

    #[track_caller]
    pub fn stop(self, signal: Signal) -> Ended {
        self.signal(signal);
        self.end()
    }

    /// Stops it, and tells how long that took: the contract promises an end within two seconds from any state. Three are
    /// allowed here, for machines that do other things too; waiting for what hangs would take far longer.
    #[track_caller]
    pub fn stops_soon(self, signal: Signal) -> Ended {
        let begun = Instant::now();
        let ended = self.stop(signal);
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(3), "stopping took {took:?}: {}", ended.err);
        ended
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| 128 + self.status.signal().unwrap_or(0))
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Ended {
        assert_eq!(self.code(), code, "stderr: {}", self.err);
        self
    }

    /// The closing line's books: received, written, filtered, dropped, malformed, gaps. They balance.
    #[track_caller]
    pub fn books(&self) -> [u64; 6] {
        let line = self.err.lines().rev().find(|line| line.contains("received ") && line.contains("gaps "));
        let line = line.unwrap_or_else(|| panic!("no closing line: {}", self.err));
        let line = &line[line.find("received ").unwrap()..];
        let number = |part: &str| part.split_whitespace().nth(1)?.trim_end_matches(['"', '}']).parse().ok();
        let books: Vec<u64> = line.split(", ").map_while(number).collect();
        let books: [u64; 6] = books.try_into().unwrap_or_else(|_| panic!("{line}"));
        let [received, written, filtered, dropped, malformed, _] = books;
        assert_eq!(received, written + filtered + dropped + malformed, "{line}");
        books
    }
}

pub fn count_lines(path: &Path) -> usize {
    fs::read(path).map_or(0, |bytes| memchr::memchr_iter(b'\n', &bytes).count())
}

/// A feed of these arguments, once its socket is subscribed.
pub fn subscribed(probe: &Probe, kind: Stream) -> usize {
    wait("a subscription", || {
        probe.open(kind).into_iter().find(|c| kind == Stream::Orders || !c.subscriptions.is_empty()).map(|c| c.id)
    })
}

/// Every 12 bytes of the token in a row, in every disguise.
fn needles() -> Vec<Vec<u8>> {
    let mut needles = Vec::new();
    for window in TOKEN.as_bytes().windows(12) {
        let each = |f: &dyn Fn(u8) -> String| window.iter().map(|&b| f(b)).collect::<String>();
        let list = |separator: &str| window.iter().map(u8::to_string).collect::<Vec<_>>().join(separator);
        needles.extend(
            [
                String::from_utf8_lossy(window).into_owned(),
                each(&|b| format!("%{b:02X}")),
                each(&|b| format!("%{b:02x}")),
                each(&|b| format!("{b:02x}")),
                each(&|b| format!("{b:02X}")),
                each(&|b| format!("\\u{b:04x}")),
                each(&|b| format!("\\x{b:02x}")),
                list(", "),
                list(","),
                list(" "),
            ]
            .map(String::into_bytes),
        );
        for before in 0..3 {
            // Only the groups that the window fills alone.
            let shifted = [&[0; 2][..before], window].concat();
            let (from, to) = (if before == 0 { 0 } else { 4 }, shifted.len() / 3 * 4);
            needles.push(STANDARD.encode(&shifted).as_bytes()[from..to].to_vec());
            needles.push(URL_SAFE_NO_PAD.encode(&shifted).as_bytes()[from..to].to_vec());
        }
    }
    needles.sort_unstable();
    needles.dedup();
    needles
}

/// The token in every disguise, whole: what a server may echo.
pub fn disguises() -> Vec<(&'static str, String)> {
    let bytes = TOKEN.as_bytes();
    let each = |f: &dyn Fn(u8) -> String| bytes.iter().map(|&b| f(b)).collect::<String>();
    let mut all = vec![
        ("plain", TOKEN.to_owned()),
        ("percent", each(&|b| format!("%{b:02X}"))),
        ("form", TOKEN.replace('.', "%2E").replace('_', "%5F")),
        ("hex", each(&|b| format!("{b:02x}"))),
        ("upper hex", each(&|b| format!("{b:02X}"))),
        ("list", format!("{bytes:?}")),
    ];
    for before in 0..3 {
        all.push(("base64", STANDARD.encode([&b"\xff\xfe"[..before], bytes].concat())));
        all.push(("url-safe base64", URL_SAFE_NO_PAD.encode([&b"\xff\xfe"[..before], bytes].concat())));
    }
    all
}

/// What is searched for, by its first two bytes.
struct Needles {
    all: Vec<Vec<u8>>,
    heads: Vec<bool>,
}

fn head(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

/// Fails if 12 bytes of the token are in there, in any disguise.
#[track_caller]
pub fn search(place: &str, bytes: &[u8]) {
    static NEEDLES: LazyLock<Needles> = LazyLock::new(|| {
        let (all, mut heads) = (needles(), vec![false; 1 << 16]);
        all.iter().for_each(|needle| heads[head(needle)] = true);
        Needles { all, heads }
    });
    for at in 0..bytes.len().saturating_sub(1) {
        let rest = &bytes[at..];
        if NEEDLES.heads[head(rest)]
            && let Some(needle) = NEEDLES.all.iter().find(|needle| rest.starts_with(needle))
        {
            let around = &bytes[at.saturating_sub(80)..(at + 80).min(bytes.len())];
            let (needle, around) = (String::from_utf8_lossy(needle), String::from_utf8_lossy(around));
            panic!("the token is in {place} as {needle:?}: …{around}…");
        }
    }
}

/// Searches every file below a folder, and their names. Files of the test itself that hold a token end in `.secret`.
fn search_folder(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let name = path.to_string_lossy().into_owned();
        search("a file's name", name.as_bytes());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => search_folder(&path),
            Ok(kind) if kind.is_file() && !name.ends_with(".secret") => {
                // Of a large file both ends; what is between has come the same way.
                let bytes = fs::read(&path).unwrap_or_default();
                const END: usize = 1 << 20;
                let ends = (&bytes[..bytes.len().min(END)], &bytes[bytes.len().saturating_sub(END)..]);
                search(&name, ends.0);
                if bytes.len() > END {
                    search(&name, ends.1);
                }
            }
            _ => {}
        }
    }
}

#[test]
fn the_search_finds_every_disguise() {
    for (name, text) in disguises() {
        let text = format!("so: {text}.");
        assert!(std::panic::catch_unwind(|| search("it", text.as_bytes())).is_err(), "{name} was not found in {text}");
    }
    search("clean text", b"SENTINEL. and nothing more");
}
