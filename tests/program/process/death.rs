//! Section I: pipes, signals, panics, missing descriptors.

use crate::support::{
    DHAN, Home, Run, Signal, count_lines, flooding, simulator, simulator_of, skipped, subscribed, wait,
};
use dhan::testing::auth::Environment;
use dhan::testing::console::{Console, ConsoleConfig};
use dhan::testing::format::csv::CsvColumns;
use dhan::testing::format::encoder::{Format, Style};
use dhan::testing::format::time::TimeStyle;
use dhan::testing::model::Stream;
use dhan::testing::model::{InstrumentKey, Micros, PacketCounts, Segment};
use dhan::testing::net::tls::LazyTls;
use dhan::testing::net::{Connector, Proxies};
use dhan::testing::output::file::{FileSink, FileSpec};
use dhan::testing::output::{StopSignal, WriteFailure};
use dhan::testing::pipeline::handle::{FrameObserver, Seen};
use dhan::testing::pipeline::item::{Event, Frame};

use dhan::testing::pipeline::outputs::{OutputSpec, Outputs};
use dhan::testing::pipeline::stages::Rules;
use dhan::testing::protocol::Mode;
use dhan::testing::session::{Config, Plan, Subscription};
use dhan::testing::simulator::{Cut, Response, Upgrade};
use dhan::testing::stream::{self, Chains, CredentialsOrigin, RunControl};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{ChildStdout, Command, Stdio};
use std::time::Duration;

#[test]
fn i01_a_closed_stdout_ends_the_run_silently() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    let (running, stdout) = home.start_piped(home.dhan(&sim, &["feed", "NSE_EQ:2885"]));
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    assert!(line.starts_with("{\"type\":"));
    let ended = running.end();
    assert_eq!((ended.code(), ended.err.as_str()), (141, ""));
}

#[test]
fn i01_files_are_written_on_after_stdout_is_closed() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    let (running, stdout) = home.start_piped(home.dhan(&sim, &["feed", "NSE_EQ:2885", "-o", "t.ndjson", "-o", "-"]));
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    let file = home.path("t.ndjson");
    let before = count_lines(&file);
    // More records than the pipe's buffer could hide.
    wait("the file to grow", || (count_lines(&file) > before + 1_000).then_some(()));
    running.stop(Signal::INT).exits(0).counts();
}

/// Starts a run and waits until it is in a state; returns it with the pipe that keeps it there.
fn in_state(state: &str, home: &Home, sim: &dhan::testing::simulator::SimHandle) -> Option<(Run, Option<ChildStdout>)> {
    let feed = ["feed", "NSE_EQ:2885", "-m", "full", "-v"];
    let started = match state {
        "live" => {
            let running = home.start(home.dhan(sim, &feed));
            running.prints(10);
            (running, None)
        }
        "connecting" => {
            sim.every_upgrade(Upgrade::Silence);
            let running = home.start(home.dhan(sim, &feed));
            wait("an attempt", || (!sim.upgrades().is_empty()).then_some(()));
            (running, None)
        }
        "cooling off" => {
            sim.every_upgrade(Upgrade::Answer(Response::status(429)));
            let running = home.start(home.dhan(sim, &feed));
            running.says("429");
            (running, None)
        }
        "without credentials" => {
            fs::write(home.path("token"), "").unwrap();
            let mut command = home.dhan(sim, &feed);
            command.args(["--token-file", "token"]);
            let running = home.start(command);
            running.says("waiting for other credentials");
            (running, None)
        }
        "disk full" => {
            let mut command = home.on_a_small_disk("size=64k", "exec \"$@\"")?;
            command.envs(sim.environment()).args(feed).args(["-o", "full/x.ndjson"]);
            let running = home.start(command);
            running.says("No space left");
            (running, None)
        }
        _ => {
            let (running, stdout) = home.start_piped(home.dhan(sim, &feed));
            let id = subscribed(sim, Stream::Market, 1);
            // Several times the size of a pipe.
            wait("data", || (sim.connection(id)?.packets_sent > 2_000).then_some(()));
            (running, Some(stdout))
        }
    };
    Some(started)
}

const STATES: [&str; 6] = ["live", "connecting", "cooling off", "without credentials", "disk full", "reader stopped"];

#[test]
fn i02_the_first_signal_ends_a_run_in_every_state_within_two_seconds() {
    for (i, state) in STATES.into_iter().enumerate() {
        let (sim, home) = (simulator_of(4_000.0), Home::new());
        let Some((running, _stdout)) = in_state(state, &home, &sim) else { continue };
        let ended = running.stops_soon(if i % 2 == 0 { Signal::INT } else { Signal::TERM });
        assert_eq!(ended.code(), 0, "{state}: {}", ended.err);
        assert!(ended.err.contains("received "), "{state}: no closing line: {}", ended.err);
        ended.counts();
    }
}

#[test]
fn i02_i03_a_second_signal_of_either_kind_ends_the_run_at_once() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let (sim, home) = (simulator_of(4_000.0), Home::new());
        let (mut running, _stdout) = in_state("reader stopped", &home, &sim).unwrap();
        // The run waits for the reader while it ends, so that the next signal is the second.
        let status = wait("the end", || {
            running.signal(signal);
            running.child.try_wait().unwrap()
        });
        let ended = running.end();
        assert_eq!(ended.code(), code, "{status}: {}", ended.err);
    }
}

#[test]
fn a_request_to_stop_that_comes_as_two_signals_is_one_request() {
    // `timeout` signals the process and then its process group.
    let (sim, home) = (simulator_of(4_000.0), Home::new());
    let (running, _stdout) = in_state("reader stopped", &home, &sim).unwrap();
    running.signal(Signal::INT);
    let ended = running.stops_soon(Signal::TERM);
    assert_eq!(ended.code(), 0, "{}", ended.err);
    ended.counts();
}

#[test]
fn i02_i03_while_a_run_ends_only_a_second_signal_ends_it_at_once() {
    // The run waits for a stopped reader while it ends, so that signals arrive meanwhile.
    let ending = |home: &Home, sim: &dhan::testing::simulator::SimHandle| {
        let (running, stdout) = in_state("reader stopped", home, sim).unwrap();
        sim.cut(subscribed(sim, Stream::Market, 1), Cut::Disconnect(814));
        running.says("disconnected");
        (running, stdout)
    };
    for _ in 0..3 {
        let (sim, home) = (simulator_of(4_000.0), Home::new());
        let (running, _stdout) = ending(&home, &sim);
        let ended = running.stops_soon(Signal::TERM);
        // Exit 0 if the signal was handled first.
        assert!(matches!(ended.status.code(), Some(0 | 5)), "{:?}: {}", ended.status, ended.err);
        ended.counts();
    }
    let (sim, home) = (simulator_of(4_000.0), Home::new());
    let (mut running, _stdout) = ending(&home, &sim);
    wait("the end", || {
        running.signal(Signal::TERM);
        running.child.try_wait().unwrap()
    });
    running.end().exits(143);
}

#[test]
fn i04_sighup_without_a_terminal_reads_the_lists_again_without_a_gap() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    fs::write(home.path("list"), "NSE_EQ:2885\n").unwrap();
    let mut command = home.bare("setsid");
    command.arg(DHAN).envs(sim.environment()).args(["feed", "-i", "list"]);
    let running = home.start(command);
    running.prints(10);
    fs::write(home.path("list"), "NSE_EQ:1333\nIDX_I:13\n").unwrap();
    running.signal(Signal::HUP);
    wait("the new list", || {
        let ids: Vec<_> = sim.subscriptions(Stream::Market).iter().map(|s| s.instrument.security_id).collect();
        (ids == [13, 1333] || ids == [1333, 13]).then_some(())
    });
    let ended = running.stop(Signal::TERM).exits(0);
    assert_eq!(ended.counts()[5], 0, "no gap");
    assert_eq!(sim.connections(Stream::Market).seen, 1);
}

#[test]
fn i05_sigusr1_prints_the_counters() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    let running = home.start(home.dhan(&sim, &["feed", "NSE_EQ:2885"]));
    running.prints(10);
    running.signal(Signal::USR1);
    running.says("sockets 1/1");
    running.says("requested 1 seen 1");
    running.stop(Signal::INT).exits(0);
}

#[test]
fn i06_a_suspended_run_goes_on_and_reports_the_gap() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    let running = home.start(home.dhan(&sim, &["feed", "NSE_EQ:2885"]));
    running.prints(10);
    // A pause during which the server kept the connection loses nothing.
    let id = subscribed(&sim, Stream::Market, 1);
    running.signal(Signal::STOP);
    let sent = sim.connection(id).unwrap().packets_sent;
    wait("packets meanwhile", || (sim.connection(id)?.packets_sent > sent + 200).then_some(()));
    running.signal(Signal::CONT);
    let lines = running.out.lines();
    running.prints(lines + 300);
    // A pause during which the server closed the connection is one gap.
    running.signal(Signal::STOP);
    sim.cut_all(Cut::Reset);
    wait("the cut", || (sim.connections(Stream::Market).open == 0).then_some(()));
    running.signal(Signal::CONT);
    wait("the reconnect", || (sim.connections(Stream::Market).seen == 2).then_some(()));
    let lines = running.out.lines();
    running.prints(lines + 50);
    let ended = running.stop(Signal::INT).exits(0);
    assert_eq!(ended.counts()[5], 1);
    let gap = ended.out.lines().find(|line| line.starts_with("{\"type\":\"gap\"")).unwrap();
    assert!(gap.contains("\"reason\":\"disconnected\""), "{gap}");
}

/// A destination that panics after so many frames, with the token in its message.
struct Panics {
    frames: usize,
    after: usize,
}

impl FrameObserver for Panics {
    fn frame(&mut self, _frame: &Frame<'_>, _seen: &Seen) {
        self.frames += 1;
        if self.frames >= self.after {
            fs::write("before", self.frames.to_string()).unwrap();
            panic!("the capture is broken near {}", crate::support::secrets::OPAQUE);
        }
    }

    fn event(&mut self, _event: &Event) {}

    fn tick(&mut self, _now: Micros) {}

    fn reopen(&mut self) {}

    fn failure(&self) -> Option<WriteFailure> {
        None
    }

    fn finish(&mut self, _counts: &PacketCounts, _reason: &str, _now: Micros) {}
}

/// A destination that keeps every frame, as a capture does.
struct Keeps(fs::File);

impl FrameObserver for Keeps {
    fn frame(&mut self, frame: &Frame<'_>, _seen: &Seen) {
        self.0.write_all(frame.bytes).unwrap();
        self.0.write_all(b"\n").unwrap();
    }

    fn event(&mut self, _event: &Event) {}

    fn tick(&mut self, _now: Micros) {}

    fn reopen(&mut self) {}

    fn failure(&self) -> Option<WriteFailure> {
        None
    }

    fn finish(&mut self, _counts: &PacketCounts, _reason: &str, _now: Micros) {}
}

#[test]
#[ignore = "a child of the panic tests"]
fn child_streams() {
    let order = |name: &str| std::env::var(name).unwrap();
    let console = Console::new(ConsoleConfig::default());
    console.keep_secret(crate::support::secrets::OPAQUE.to_owned().into());
    dhan::testing::console::install_panic_hook(&console);
    let spec = FileSpec {
        pattern: "t.ndjson".to_owned(),
        format: Format::Ndjson,
        csv_header: None,
        rotate_size: None,
        mode: 0o644,
        on_rotate: None,
        disk_wait: Duration::ZERO,
        stop: StopSignal::default(),
    };
    let file = FileSink::open(spec, dhan::testing::clock::now(), &console).unwrap().sink;
    let style = Style { format: Format::Ndjson, time: TimeStyle::default(), columns: CsvColumns::Own };
    let outputs = vec![OutputSpec { destination: Box::new(file), style, header: None, is_file: true }];
    let instrument = InstrumentKey::new(Segment::NSE_EQ, 2885);
    let plan = Plan::new(Stream::Market, &[Subscription { instrument, mode: Some(Mode::Ticker) }]);
    let (capture, reread): (Box<dyn FrameObserver>, fn()) = match order("WHAT").as_str() {
        "writer" => (Box::new(Panics { frames: 0, after: 3_000 }), || {}),
        "driver" => (Box::new(Keeps(fs::File::create("frames").unwrap())), || {
            panic!("the list is {}", crate::support::secrets::OPAQUE)
        }),
        _ => (Box::new(Keeps(fs::File::create("frames").unwrap())), || {}),
    };
    let base = Stream::Market.resolve(Some(&order("URL")), &Environment::of::<String, String>([])).unwrap();
    let ended = stream::run(stream::Run {
        feed: Stream::Market,
        plan: plan.unwrap_or_else(|_| panic!("one instrument fits")),
        chains: Chains::new(Vec::new(), Mode::Ticker),
        symbols: Vec::new(),
        look_up: None,
        base,
        credentials_origin: CredentialsOrigin::Demo,
        connector: Connector::new(LazyTls::new(None).unwrap(), Proxies::none(), console.redactor()),
        rest: None,
        admission: None,
        session: Config::new(Stream::Market, 1, 0),
        rules: Rules::everything(Stream::Market),
        outputs: Outputs::new(outputs, TimeStyle::default(), console.clone()),
        found: Vec::new(),
        frame_observer: Some(capture),
        metrics: None,
        observer: None,
        live_line: false,
        control: RunControl { reread: Some(Box::new(reread)), ..RunControl::default() },
        console,
    });
    fs::write("ended", format!("{ended:?}")).unwrap();
}

/// Starts this test binary as a child that streams with a component that panics.
fn child(home: &Home, url: &str, what: &str) -> Run {
    let mut command = home.bare("setsid");
    command.arg(std::env::current_exe().unwrap());
    command.args(["--exact", "process::death::child_streams", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env("URL", url).env("WHAT", what);
    home.start(command)
}

#[test]
fn i07_a_panic_of_the_capture_ends_the_run_with_complete_lines_on_disk() {
    // More packets than the writer can write, so that lines are queued when it panics.
    let sim = simulator(flooding(100_000, 10));
    let home = Home::new();
    let ended = child(&home, &sim.url(Stream::Market), "writer").end().exits(0);
    assert!(home.text("ended").contains("Bug"), "{}: {}", home.text("ended"), ended.err);
    assert!(ended.err.contains("this is a bug of dhan"), "{}", ended.err);
    let text = home.text("t.ndjson");
    let before: usize = home.text("before").parse().unwrap();
    assert_eq!(count_lines(&home.path("t.ndjson")), before * 10, "every record of a frame that was taken is there");
    assert!(before > 0 && text.ends_with('\n'));
    assert!(text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    assert!(home.path(".t.ndjson.dhan").exists(), "the marker for the next run is there");
}

#[test]
fn i07_a_panic_of_the_driver_still_writes_every_line_and_an_end_record() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    let running = child(&home, &sim.url(Stream::Market), "driver");
    wait("records", || (count_lines(&home.path("t.ndjson")) > 50).then_some(()));
    running.signal(Signal::HUP);
    let ended = running.end();
    assert_eq!(ended.code(), 101, "the test harness' own code: the panic went through");
    assert!(ended.err.contains("this is a bug of dhan"), "{}", ended.err);
    let text = home.text("t.ndjson");
    // Every frame that was received is in a record: the capture saw the same ones.
    assert!(text.lines().last().unwrap().contains("\"type\":\"end\""), "the writer ended orderly");
}

#[test]
fn a_token_echoed_by_a_server_is_not_in_the_capture() {
    let sim = simulator_of(50.0);
    let home = Home::new();
    let running = child(&home, &sim.url(Stream::Market), "capture");
    let id = subscribed(&sim, Stream::Market, 1);
    for (_, text) in crate::support::secrets::disguises() {
        sim.send_text(id, &format!("{{\"echo\":\"{text}\"}}"));
        let mut packet = Vec::new();
        let unknown = InstrumentKey::new(Segment::NSE_EQ, 2885);
        dhan::testing::protocol::encode::raw(&mut packet, 77, unknown, text.as_bytes());
        sim.send(id, packet);
    }
    let last = b"{\"echo\":\"the end\"}";
    sim.send_text(id, std::str::from_utf8(last).unwrap());
    wait("the last frame", || {
        let frames = fs::read(home.path("frames")).unwrap_or_default();
        memchr::memmem::find(&frames, last).map(|_| ())
    });
    running.stop(Signal::TERM).exits(0);
    // The other frames are captured unchanged. The home is searched when it is dropped.
    assert!(home.text("t.ndjson").matches("\"type\":\"unknown\"").count() >= 10);
}

#[test]
fn i08_closed_standard_descriptors_do_not_disturb_a_run() {
    let sim = simulator_of(500.0);
    for closed in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"] {
        let home = Home::new();
        let mut command = home.bare("sh");
        command.args(["-c", &format!("exec \"$@\" {closed}"), "sh", DHAN]).envs(sim.environment());
        command.args(["feed", "NSE_EQ:2885", "-o", "t.ndjson", "-n", "100", "--log-format", "json"]);
        home.run(command).exits(0);
        let text = home.text("t.ndjson");
        // No socket got a descriptor below three: every line is a record.
        assert!(text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{closed}: {text}");
        assert!(text.lines().count() >= 100, "{closed}");
    }
    // For a closed stdout the runtime opens /dev/null, or the run is exit 9.
    let home = Home::new();
    let mut command = home.bare("sh");
    command.args(["-c", "exec \"$@\" >&-", "sh", DHAN]).envs(sim.environment());
    command.args(["feed", "NSE_EQ:2885", "-n", "100"]);
    let ended = home.run(command);
    assert!(matches!(ended.code(), 0 | 9), "{}: {}", ended.code(), ended.err);
}

#[test]
fn i08_too_few_descriptors_are_an_error_that_names_the_limit_and_no_panic() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    for (limit, args) in [
        (5, &["feed", "NSE_EQ:2885", "-n", "5"][..]),
        (8, &["feed", "NSE_EQ:2885", "-n", "5"]),
        (9, &["feed", "NSE_EQ:2885", "-n", "5", "-o", "t.ndjson"]),
        (12, &["depth", "NSE_EQ:2885", "-n", "5"]),
        (8, &["feed", "--demo", "-n", "5"]),
        (8, &["instruments", "sync"]),
        (6, &["simulate"]),
        (8, &["doctor"]),
    ] {
        let mut command = home.bare("sh");
        command.args(["-c", &format!("ulimit -n {limit}; exec \"$@\""), "sh", DHAN]).envs(sim.environment()).args(args);
        let ended = home.run(command).exits(2);
        assert!(ended.err.contains("ulimit -n") && !ended.err.contains("panicked"), "{limit} {args:?}: {}", ended.err);
    }
    assert_eq!(sim.tcp_accepted(), 0);
    // A command that only reads files needs fewer descriptors.
    home.run(home.dhan(&sim, &["feed", "NSE_EQ:2885", "-n", "5", "-o", "t.ndjson"])).exits(0);
    let mut command = home.bare("sh");
    command.args(["-c", "ulimit -n 8; exec \"$@\"", "sh", DHAN, "verify", "t.ndjson"]);
    home.run(command).exits(0);
}

#[test]
fn i08_a_stderr_that_cannot_be_written_does_not_block() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    let mut command = home.dhan(&sim, &["feed", "NSE_EQ:2885", "-n", "100", "-vv", "-o", "t.ndjson"]);
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut child = command.stdout(Stdio::null()).stderr(full).spawn().unwrap();
    let status = wait("the end", || child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
}

#[test]
fn i01_a_flood_into_a_closed_stdout_ends_silently_too() {
    let sim = simulator(flooding(50_000, 50));
    let home = Home::new();
    let mut command = home.bare("sh");
    command.args(["-c", "\"$@\" | head -1; exit 0", "sh", DHAN]).envs(sim.environment());
    let ended = home.run({
        command.args(["feed", "NSE_EQ:2885", "-m", "full"]);
        command
    });
    let ended = ended.exits(0);
    assert_eq!((ended.out.lines().count(), ended.err.as_str()), (1, ""));
}

#[test]
fn i10_signals_end_the_first_process_of_a_container() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    let allowed = Command::new("unshare").args(["-rpf", "true"]).output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        return skipped("no process namespace of our own");
    }
    let mut command = home.bare("unshare");
    // The first process of a PID namespace has no default actions for signals.
    command.args(["-rpf", "sh", "-c", "echo $$ >first; exec \"$@\" -d 1s", "sh", DHAN]).envs(sim.environment());
    command.args(["feed", "NSE_EQ:2885"]);
    let ended = home.run(command).exits(0);
    assert_eq!(home.text("first").trim(), "1");
    ended.counts();
}
