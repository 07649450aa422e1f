//! What tests share: a home to run the program in, waits, readers of records and of `/proc`, the search for tokens, and a
//! TCP proxy that breaks what passes through it.

pub mod home;
pub mod proc;
pub mod proxy;
pub mod run;
pub mod secrets;

use dhan::testing::model::Stream;
use dhan::testing::simulator::{Blast, PrevClose, Probe, SimConfig, SimHandle, Stacking};
pub use home::{CLIENT, Home};
pub use run::{Done, Run};
pub use rustix::process::Signal;
pub use secrets::{OTHER, SENTINEL};
use serde_json::Value;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The path of the program, as cargo built it.
pub const DHAN: &str = env!("CARGO_BIN_EXE_dhan");

/// Time limit of a wait. A test that reaches it has failed; nothing else is decided by it.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until no other test that fills a core runs.
pub fn heavy() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Prints that a test was skipped, and why.
pub fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

/// Prints a measurement, which decides nothing.
pub fn measured(what: &str) {
    let _ = writeln!(std::io::stderr(), "measured: {what}");
}

/// Fails if something took longer than it may on an idle machine, times the processes a core that want to run here: a
/// promise of two seconds is one about the program, not about what else the machine does.
#[track_caller]
pub fn assert_within(limit: Duration, took: Duration, what: &str) {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: f64 = load.split(' ').next().and_then(|minute| minute.parse().ok()).unwrap_or(0.0);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let limit = limit.mul_f64((load / cores as f64).max(1.0));
    assert!(took < limit, "{what}: took {took:?} of {limit:?}, at a load of {load} on {cores} cores");
}

/// Waits until `look` returns a value, and returns it; fails after [`PATIENCE`].
#[track_caller]
pub fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "timed out: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until a condition holds; fails after [`PATIENCE`].
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    wait(what, || holds().then_some(()));
}

/// Starts a simulator within the test.
pub fn simulator(config: SimConfig) -> SimHandle {
    SimHandle::start_in_thread(config).expect("the simulator starts")
}

/// A simulator configuration that sends snapshots and afterwards only what the test orders.
pub fn quiet() -> SimConfig {
    SimConfig {
        rate: Some(0.0),
        stacking: Stacking::Never,
        prev_close: PrevClose::None,
        order_life: false,
        ..SimConfig::default()
    }
}

/// A simulator configuration of 200 packets a second.
pub fn lively() -> SimConfig {
    SimConfig { rate: Some(200.0), prev_close: PrevClose::None, ..SimConfig::default() }
}

/// A simulator configuration that sends so many packets as fast as they are read, and waits for a client on a loaded
/// machine as long as that takes.
pub fn flooding(packets: u64, per_message: usize) -> SimConfig {
    SimConfig { blast: Some(Blast { packets, per_message }), idle_limit: None, ..SimConfig::default() }
}

/// Waits until the newest open connection has this many subscriptions, and returns its id.
#[track_caller]
pub fn subscribed(probe: &Probe, kind: Stream, subscriptions: usize) -> usize {
    let mut id = None;
    let there = probe.wait(PATIENCE, |probe| {
        let open = probe.open(kind);
        id = open.last().map(|connection| connection.id);
        probe.subscriptions(kind).len() >= subscriptions && id.is_some()
    });
    assert!(there, "{} of {subscriptions} subscriptions", probe.subscriptions(kind).len());
    id.expect("an open connection")
}

/// Returns `dhan` with arguments, an empty environment and no stdin.
pub fn dhan(line: &[&str]) -> Command {
    let mut command = Command::new(DHAN);
    command.args(line).env_clear().stdin(Stdio::null());
    command
}

/// Sends a signal to a child.
#[track_caller]
pub fn signal(child: &Child, signal: Signal) {
    rustix::process::kill_process(rustix::process::Pid::from_child(child), signal).expect("the child runs");
}

/// Parses NDJSON; fails at a line that is not JSON.
#[track_caller]
pub fn records(text: &str) -> Vec<Value> {
    assert!(text.is_empty() || text.ends_with('\n'), "the last line is incomplete: {}", tail(text));
    let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
    text.lines().map(parse).collect()
}

/// Returns what a command wrote to stdout, which must be UTF-8.
#[track_caller]
pub fn stdout(output: &Output) -> String {
    utf8(&output.stdout)
}

/// Returns what a command wrote to stderr, which must be UTF-8.
#[track_caller]
pub fn stderr(output: &Output) -> String {
    utf8(&output.stderr)
}

/// Returns stdout and stderr of a command, one after the other.
pub fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Returns bytes as text; fails where they are not UTF-8.
#[track_caller]
pub fn utf8(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// Counts the lines of a file; 0 if it does not exist.
pub fn count_lines(path: &Path) -> usize {
    std::fs::read(path).map_or(0, |bytes| memchr::memchr_iter(b'\n', &bytes).count())
}

/// Returns `SEGMENT:ID` of this many shares.
pub fn shares(from: u32, how_many: u32) -> impl Iterator<Item = String> {
    (from..from + how_many).map(|id| format!("NSE_EQ:{id}"))
}

/// Returns a path as text.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// Returns the last 3,000 bytes of a text.
pub fn tail(text: &str) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(3_000))..]
}

/// Starts a simulator that sends this many packets a second in all.
pub fn simulator_of(rate: f64) -> SimHandle {
    simulator(SimConfig { rate: Some(rate), ..SimConfig::default() })
}
