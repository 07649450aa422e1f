//! Running the binary from outside: a home of its own for every test, its output as it comes, and a search of everything
//! that it leaves behind for the token it was given.

pub mod secrets;

pub use crate::support::{PATIENCE, heavy};
use dhan::testing::model::{PacketCounts, Stream};
use dhan::testing::simulator::{Probe, SimConfig, SimHandle};
use serde_json::Value;
use std::io::{Read, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// The token that every run is given and no output may hold. It is not anybody's.
pub const SENTINEL: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzUxMiJ9.eyJTRU5USU5FTCI6MX0.c2VudGluZWwtc2lnbmF0dXJl-_1234";
/// Another one, for rotations.
pub const OTHER: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzUxMiJ9.eyJST1RBVEVEIjoyfQ.cm90YXRlZC1zaWduYXR1cmUtXzk4NzY1";
/// Whose account it is.
pub const CLIENT: &str = "1000000001";

/// Says that a test did not run, and why.
pub fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

/// Says what was measured; decides nothing.
pub fn measured(what: &str) {
    let _ = writeln!(std::io::stderr(), "measured: {what}");
}

/// A simulator with an exchange that says what it must and then only what the test wants.
pub fn quiet() -> SimConfig {
    SimConfig {
        rate: Some(0.0),
        stacking: dhan::testing::simulator::Stacking::Never,
        prev_close: dhan::testing::simulator::PrevClose::None,
        order_life: false,
        ..SimConfig::default()
    }
}

/// A simulator with a steady trickle.
pub fn lively() -> SimConfig {
    SimConfig { rate: Some(200.0), prev_close: dhan::testing::simulator::PrevClose::None, ..SimConfig::default() }
}

pub fn start(config: SimConfig) -> SimHandle {
    SimHandle::start_in_thread(config).expect("a simulator")
}

/// Waits for something that must happen.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// A place to run in: home, state and cache, which later runs of the same test share.
pub struct Home {
    folder: tempfile::TempDir,
    extra: Vec<(String, String)>,
}

impl Home {
    pub fn new() -> Home {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["home", "state", "cache", "config", "out", "secret"] {
            std::fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        Home { folder, extra: Vec::new() }
    }

    /// A home whose runs connect to this simulator.
    pub fn at(probe: &Probe) -> Home {
        let mut home = Home::new();
        home.point_at(probe);
        home
    }

    pub fn point_at(&mut self, probe: &Probe) {
        for (name, value) in probe.environment() {
            self.set(name, &value);
        }
    }

    /// Sets a variable of every later run.
    pub fn set(&mut self, name: &str, value: &str) {
        self.extra.retain(|(known, _)| known != name);
        self.extra.push((name.to_owned(), value.to_owned()));
    }

    /// The path of a file for output.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("out").join(name)
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// A token file; nothing but it may hold what is in it.
    pub fn token_file(&self, text: &str) -> PathBuf {
        let path = self.folder.path().join("secret/token");
        self.write_token(text);
        path
    }

    /// Replaces the token file in one step, as a careful minter does.
    pub fn write_token(&self, text: &str) {
        use std::os::unix::fs::OpenOptionsExt as _;
        let (new, path) = (self.folder.path().join("secret/token.new"), self.folder.path().join("secret/token"));
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&new).expect("a file");
        file.write_all(text.as_bytes()).expect("written");
        std::fs::rename(new, path).expect("renamed");
    }

    /// A list of instruments in a file.
    pub fn list(&self, name: &str, specs: impl IntoIterator<Item = String>) -> PathBuf {
        let path = self.path(name);
        let mut text = specs.into_iter().collect::<Vec<_>>().join("\n");
        text.push('\n');
        std::fs::write(&path, text).expect("written");
        path
    }

    /// The command, not yet run.
    pub fn command(&self, line: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dhan"));
        self.dress(&mut command);
        command.args(line);
        command
    }

    /// Gives a command this home, and nothing of the environment around it.
    pub fn dress(&self, command: &mut Command) {
        let at = |name: &str| self.folder.path().join(name);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", at("home")).env("XDG_STATE_HOME", at("state")).env("XDG_CONFIG_HOME", at("config"));
        command.env("DHAN_CACHE_DIR", at("cache")).env("RUST_BACKTRACE", "full").env("RUST_LOG", "trace");
        command.env("DHAN_CLIENT_ID", CLIENT).env("DHAN_ACCESS_TOKEN", SENTINEL);
        command.envs(self.extra.iter().map(|(name, value)| (name, value)));
        command.current_dir(at("home")).stdin(Stdio::null());
    }

    /// Starts it, with both outputs read as they come.
    pub fn start(&self, line: &[&str]) -> Run<'_> {
        self.start_command(self.command(line))
    }

    /// Starts a command that was changed first.
    pub fn start_command(&self, mut command: Command) -> Run<'_> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("dhan starts");
        let out = Heard::from(child.stdout.take().expect("a pipe"));
        let err = Heard::from(child.stderr.take().expect("a pipe"));
        Run { home: self, stdin: child.stdin.take(), child: Some(child), out, err }
    }

    /// Runs it to its end.
    pub fn run(&self, line: &[&str]) -> Done {
        self.start(line).end()
    }

    /// Nothing that was left behind holds the token.
    pub fn assert_clean(&self) {
        secrets::assert_folder_clean(self.folder.path(), &self.folder.path().join("secret"));
    }

    /// Every file below the state folder: its path from there and its text.
    pub fn state_files(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        secrets::walk(&self.state(), &mut |path| {
            let name = path.strip_prefix(self.state()).expect("below").display().to_string();
            found.push((name, String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()));
        });
        found
    }
}

/// Bytes that a thread collects.
#[derive(Clone, Default)]
pub struct Heard(Arc<(Mutex<SoFar>, Condvar)>);

#[derive(Default)]
struct SoFar {
    bytes: Vec<u8>,
    ended: bool,
}

impl Heard {
    fn from(mut pipe: impl Read + Send + 'static) -> Heard {
        let heard = Heard::default();
        let theirs = heard.clone();
        std::thread::spawn(move || {
            let mut piece = vec![0; 1 << 16];
            loop {
                let n = pipe.read(&mut piece).unwrap_or(0);
                let mut now = theirs.0.0.lock().expect("no panic");
                now.bytes.extend_from_slice(&piece[..n]);
                now.ended = n == 0;
                theirs.0.1.notify_all();
                if n == 0 {
                    return;
                }
            }
        });
        heard
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.0.lock().expect("no panic").bytes).into_owned()
    }

    /// Waits until what came so far satisfies; false when it ended before that, or patience did.
    fn wait(&self, mut holds: impl FnMut(&str) -> bool) -> bool {
        let end = Instant::now() + PATIENCE;
        let mut now = self.0.0.lock().expect("no panic");
        let mut looked_at = usize::MAX;
        loop {
            if looked_at != now.bytes.len() {
                looked_at = now.bytes.len();
                if holds(&String::from_utf8_lossy(&now.bytes)) {
                    return true;
                }
            }
            if now.ended || Instant::now() >= end {
                return false;
            }
            now = self.0.1.wait_timeout(now, Duration::from_millis(50)).expect("no panic").0;
        }
    }

    fn wait_end(&self) -> Vec<u8> {
        let end = Instant::now() + PATIENCE;
        let mut now = self.0.0.lock().expect("no panic");
        while !now.ended && Instant::now() < end {
            now = self.0.1.wait_timeout(now, Duration::from_millis(50)).expect("no panic").0;
        }
        now.bytes.clone()
    }
}

/// A run under way. Dropping it kills it.
pub struct Run<'a> {
    home: &'a Home,
    child: Option<Child>,
    pub stdin: Option<ChildStdin>,
    pub out: Heard,
    pub err: Heard,
}

impl Run<'_> {
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("running").id()
    }

    /// Waits for stderr to say this.
    #[track_caller]
    pub fn said(&self, words: &str) {
        assert!(self.err.wait(|text| text.contains(words)), "{words:?} was never said: {}", self.err.text());
    }

    /// Waits for stdout to satisfy.
    #[track_caller]
    pub fn printed(&self, what: &str, holds: impl FnMut(&str) -> bool) {
        assert!(self.out.wait(holds), "{what}: {}\n{}", tail(&self.out.text()), self.err.text());
    }

    /// Waits for this many records of a type.
    #[track_caller]
    pub fn records(&self, kind: &str, at_least: usize) {
        let mark = format!("{{\"type\":\"{kind}\"");
        self.printed(&format!("{at_least} records of {kind}"), |text| text.matches(&mark).count() >= at_least);
    }

    /// Waits for a status record of this event.
    #[track_caller]
    pub fn status(&self, event: &str, at_least: usize) {
        let mark = format!("\"event\":\"{event}\"");
        self.printed(&format!("{at_least} × {event}"), |text| text.matches(&mark).count() >= at_least);
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(rustix::process::Pid::from_raw).expect("a pid");
        rustix::process::kill_process(pid, signal).expect("it is there");
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.as_mut().expect("running").try_wait().expect("its state").is_none()
    }

    /// Tells it to stop and waits.
    #[track_caller]
    pub fn stop(self) -> Done {
        self.signal(rustix::process::Signal::TERM);
        self.end()
    }

    /// Waits for its end, and looks for the token in all it has left.
    #[track_caller]
    pub fn end(mut self) -> Done {
        let begun = Instant::now();
        let mut child = self.child.take().expect("running");
        let status = loop {
            if let Some(status) = child.try_wait().expect("its state") {
                break status;
            }
            if begun.elapsed() > PATIENCE {
                let _ = child.kill();
                let _ = child.wait();
                panic!("it did not end: {}\n{}", tail(&self.out.text()), self.err.text());
            }
            std::thread::sleep(Duration::from_millis(3));
        };
        let done = Done {
            status,
            took: begun.elapsed(),
            out: String::from_utf8(self.out.wait_end()).expect("UTF-8 on stdout"),
            err: String::from_utf8(self.err.wait_end()).expect("UTF-8 on stderr"),
        };
        secrets::assert_clean("stdout", done.out.as_bytes());
        secrets::assert_clean("stderr", done.err.as_bytes());
        self.home.assert_clean();
        done
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A run that is over.
#[derive(Debug)]
pub struct Done {
    pub status: ExitStatus,
    /// How long it took from the moment that its end was waited for.
    pub took: Duration,
    pub out: String,
    pub err: String,
}

impl Done {
    /// It ended with this code; what it said goes on.
    #[track_caller]
    pub fn code(self, code: i32) -> Done {
        assert_eq!(self.status.code(), Some(code), "signal {:?}: {}", self.status.signal(), self.err);
        self
    }

    /// stderr holds these words.
    #[track_caller]
    pub fn says(self, words: &str) -> Done {
        assert!(self.err.contains(words), "{words:?} is not in: {}", self.err);
        self
    }

    /// Every record, in order; every line must be one.
    #[track_caller]
    pub fn records(&self) -> Vec<Value> {
        assert!(self.out.is_empty() || self.out.ends_with('\n'), "a torn line: {}", tail(&self.out));
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.out.lines().map(parse).collect()
    }

    /// Records of a type.
    #[track_caller]
    pub fn of(&self, kind: &str) -> Vec<Value> {
        self.records().into_iter().filter(|record| record["type"] == kind).collect()
    }

    /// The closing line; its books must balance.
    #[track_caller]
    pub fn books(&self) -> PacketCounts {
        let line = self.err.lines().rev().find(|line| line.contains("received ")).expect("a closing line");
        let figure = |name: &str| {
            let at = line.find(&format!("{name} ")).unwrap_or_else(|| panic!("no {name} in {line}")) + name.len() + 1;
            let digits: String = line[at..].chars().take_while(char::is_ascii_digit).collect();
            digits.parse().unwrap_or_else(|_| panic!("{name} in {line}"))
        };
        let books = PacketCounts {
            received: figure("received"),
            written: figure("written"),
            filtered: figure("filtered"),
            dropped: figure("dropped"),
            malformed: figure("malformed"),
            gaps: figure("gaps"),
        };
        assert!(books.is_balanced(), "{line}");
        books
    }
}

fn tail(text: &str) -> &str {
    let mut at = text.len().saturating_sub(3_000);
    while !text.is_char_boundary(at) {
        at += 1;
    }
    &text[at..]
}

/// The connection that is open; waits for there to be one that has asked for this many subscriptions.
#[track_caller]
pub fn subscribed(probe: &Probe, kind: Stream, subscriptions: usize) -> usize {
    let mut id = None;
    let there = probe.wait(PATIENCE, |probe| {
        let open = probe.open(kind);
        id = open.last().map(|connection| connection.id);
        probe.subscriptions(kind).len() >= subscriptions && id.is_some()
    });
    assert!(there, "{} of {subscriptions} subscriptions", probe.subscriptions(kind).len());
    id.expect("open")
}

/// A line of `/proc/PID/status` in kB, or a count.
pub fn status_figure(pid: u32, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).unwrap_or(0)
}

/// How many file descriptors a process has open.
pub fn descriptors(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}

/// `SEGMENT:ID` of this many shares.
pub fn shares(from: u32, how_many: u32) -> impl Iterator<Item = String> {
    (from..from + how_many).map(|id| format!("NSE_EQ:{id}"))
}

/// A path as text.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}
