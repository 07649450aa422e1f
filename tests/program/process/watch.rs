//! `dhan watch` in a terminal of tmux: the screen, and the terminal after the end.

use crate::support::{DHAN, Home, assert_within, simulator_of, skipped, subscribed, wait};
use dhan::testing::console::{Console, install_panic_hook};
use dhan::testing::model::Stream;
use dhan::testing::simulator::{Fault, Probe, SimConfig};
use dhan::testing::watch::screen::{Screen, Setup, SharedModel};
use dhan::testing::watch::ui::{self, Ui};
use rustix::process::Signal;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

/// A terminal with a shell, in a tmux server of its own.
struct Terminal {
    socket: String,
    home: Home,
}

impl Terminal {
    /// Starts a terminal; `None` if tmux is not installed, which CI does.
    fn start(width: u32, height: u32) -> Option<Terminal> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let terminal = Terminal { socket: format!("dhan-test-{}-{number}", std::process::id()), home: Home::new() };
        let (width, height) = (width.to_string(), height.to_string());
        let size = ["-x", width.as_str(), "-y", height.as_str()];
        let mut command = terminal.home.bare("tmux");
        command.args(["-L", &terminal.socket, "-f", "/dev/null", "new-session", "-d"]).args(size);
        command.args(["env", "PS1=$ ", "bash", "--norc", "--noprofile", "-i"]);
        match command.env("TERM", "xterm-256color").env("DHAN", DHAN).stderr(Stdio::null()).status() {
            Ok(status) if status.success() => Some(terminal),
            _ if std::env::var_os("CI").is_some() => panic!("no tmux, and CI must not skip this"),
            _ => {
                skipped("no tmux here");
                None
            }
        }
    }

    fn tmux(&self, args: &[&str]) -> Output {
        Command::new("tmux").args(["-L", &self.socket]).args(args).output().unwrap()
    }

    fn keys(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    fn line(&self, line: &str) {
        self.tmux(&["send-keys", "-l", line]);
        self.keys(&["Enter"]);
    }

    fn screen(&self) -> String {
        String::from_utf8_lossy(&self.tmux(&["capture-pane", "-p"]).stdout).into_owned()
    }

    #[track_caller]
    fn shows(&self, words: &str) -> String {
        wait(words, || Some(self.screen()).filter(|screen| screen.contains(words)))
    }

    /// Fails unless the terminal is in cooked mode, on the normal screen, with a cursor.
    #[track_caller]
    fn is_usable(&self, tag: &str) {
        self.line(&format!("echo {tag}; stty -a | grep -c -- ' -icanon\\| -echo '; echo end-{tag}"));
        let screen = self.shows(&format!("\nend-{tag}"));
        let after: Vec<_> = screen.lines().skip_while(|line| *line != tag).collect();
        assert_eq!(after.get(1), Some(&"0"), "{screen}");
        let flags = self.tmux(&["display", "-p", "#{alternate_on} #{cursor_flag}"]).stdout;
        assert_eq!(String::from_utf8_lossy(&flags).trim(), "0 1", "{screen}");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

const WATCH: &str = "\"$DHAN\" watch --demo=3 NIFTY RELIANCE; echo \"code=$?\"";

#[test]
fn the_table_fits_any_terminal_size_keys_work_and_q_restores_the_terminal() {
    let Some(terminal) = Terminal::start(60, 15) else { return };
    terminal.line(WATCH);
    let screen = terminal.shows("RELIANCE  ");
    assert!(screen.contains("gaps 0, dropped 0, malformed 0"), "{screen}");
    for (width, height) in [("200", "60"), ("50", "10"), ("80", "24")] {
        terminal.tmux(&["resize-window", "-x", width, "-y", height]);
        match width {
            "200" => terminal.shows("volume"),
            "50" => terminal.shows("dhan watch needs 60×15"),
            _ => terminal.shows("bid ×"),
        };
    }
    terminal.keys(&["a"]);
    terminal.line("TCS");
    terminal.shows("TCS  ");
    terminal.keys(&["j", "Enter"]);
    terminal.shows("spread ");
    terminal.keys(&["Escape", "?"]);
    terminal.shows("against the previous session's close");
    terminal.keys(&["Escape", "q"]);
    let screen = terminal.shows("code=0");
    assert!(screen.contains("dhan: received "), "{screen}");
    terminal.is_usable("quit");
}

#[test]
fn signals_restore_the_terminal_and_a_suspended_view_resumes() {
    let Some(terminal) = Terminal::start(100, 24) else { return };
    for signal in ["TERM", "INT", "HUP"] {
        terminal.line(&format!("clear; {WATCH}"));
        terminal.shows("connection: live");
        Command::new("pkill").args([&format!("-{signal}"), "-g", &terminal.group()]).status().unwrap();
        terminal.shows("code=0");
        terminal.is_usable(signal);
    }
    terminal.line(&format!("clear; {WATCH}"));
    for (n, stop) in ["key", "TSTP", "STOP"].into_iter().enumerate() {
        terminal.shows("connection: live");
        if stop == "key" {
            terminal.keys(&["C-z"]);
        } else {
            Command::new("pkill").args([&format!("-{stop}"), "-g", &terminal.group()]).status().unwrap();
        }
        terminal.shows("Stopped");
        if stop != "STOP" {
            terminal.is_usable(&format!("stopped{n}"));
        }
        terminal.line("clear; fg");
    }
    terminal.shows("RELIANCE  ");
    terminal.keys(&["q"]);
    terminal.shows("dhan: received ");
    terminal.is_usable("over");
}

impl Terminal {
    /// Returns the process group in the foreground.
    fn group(&self) -> String {
        let tty = self.tmux(&["display", "-p", "#{pane_tty}"]).stdout;
        let tty = String::from_utf8_lossy(&tty).trim().trim_start_matches("/dev/").to_owned();
        wait("a foreground process", || {
            let found = Command::new("ps").args(["-o", "pgid=,stat=,comm=", "-t", &tty]).output().unwrap();
            let found = String::from_utf8_lossy(&found.stdout).into_owned();
            let line = found.lines().find(|line| line.ends_with("dhan") && line.contains('+'))?;
            line.split_whitespace().next().map(str::to_owned)
        })
    }
}

#[test]
fn a_panic_restores_the_terminal_before_it_is_reported() {
    let Some(terminal) = Terminal::start(100, 24) else { return };
    let exe = std::env::current_exe().unwrap();
    let child = format!("{} --ignored --exact process::watch::panics --nocapture", exe.display());
    terminal.line(&format!("clear; {child}; echo \"over=$?\""));
    let screen = terminal.shows("over=101");
    assert!(screen.contains("this is a bug of dhan") && screen.contains("on purpose"), "{screen}");
    terminal.is_usable("panicked");
}

#[test]
#[ignore = "a child of the panic test"]
fn panics() {
    install_panic_hook(&Console::default());
    let setup = Setup {
        title: "nothing".to_owned(),
        ui: Ui::new(ui::ScreenKind::Table, false),
        market: Box::new(|_, _| None),
        is_open: Box::new(|_, _| true),
        is_replay: false,
        color: true,
        is_ascii: false,
        act: Box::new(|_| {}),
    };
    let Ok(_screen) = Screen::start(SharedModel::default(), setup, Box::new(|_| {})) else { return };
    std::thread::sleep(Duration::from_millis(300));
    panic!("on purpose");
}

#[test]
fn a_cut_connection_is_shown_and_its_rows_are_stale() {
    let Some(terminal) = Terminal::start(100, 24) else { return };
    let fault = vec![Fault::parse("reset-after=40").unwrap()];
    let broker = crate::support::simulator(SimConfig { rate: Some(20.0), faults: fault, ..SimConfig::default() });
    for (name, value) in broker.probe().environment() {
        terminal.line(&format!("export {name}={value}"));
    }
    terminal.line("\"$DHAN\" watch NSE_EQ:2885; echo \"code=$?\"");
    terminal.shows("gaps 1 (");
    terminal.keys(&["q"]);
    terminal.shows("code=0");
    terminal.is_usable("cut");
    drop(broker);
    let broker = simulator_of(50.0);
    for (name, value) in broker.probe().environment() {
        terminal.line(&format!("export {name}={value}"));
    }
    terminal.line("clear; \"$DHAN\" watch NSE_EQ:2885; echo \"code=$?\"");
    terminal.shows("connection: live");
    drop(broker);
    let screen = terminal.shows(" stale");
    assert!(screen.contains("no data for"), "{screen}");
    terminal.keys(&["q"]);
    terminal.shows("code=0");
}

#[test]
fn without_a_terminal_the_error_names_the_command_to_use() {
    let home = Home::new();
    let run = |args: &[&str]| home.command(&[]).args(args).output().unwrap();
    let ended = run(&["watch", "--demo", "NIFTY"]);
    let messages = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(2), "{messages}");
    assert!(messages.contains("dhan feed --mode full NIFTY --demo"), "{messages}");
    assert!(ended.stdout.is_empty());
}

#[test]
fn an_option_of_another_view_is_refused_with_what_to_write_instead() {
    let home = Home::new();
    let ended = home.bare(DHAN).args(["watch", "--levels", "200", "--speed", "10x", "RELIANCE"]).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(2), "{said}");
    assert!(said.contains("dhan watch --depth RELIANCE --levels 200"), "{said}");
    assert!(said.contains("dhan watch --replay FILE --speed 10x"), "{said}");
}

impl Terminal {
    fn export(&self, broker: &Probe) {
        for (name, value) in broker.environment() {
            self.line(&format!("export {name}={value}"));
        }
    }

    /// Pastes a text, marked as one if the program in the terminal asks for that.
    fn paste(&self, text: &str) {
        self.tmux(&["set-buffer", "-b", "pasted", text]);
        self.tmux(&["paste-buffer", "-p", "-b", "pasted"]);
    }
}

/// Serves the instrument master of a broker, slowly; returns the address, and how many pieces were sent.
fn slow_master(broker: &Probe) -> (String, Arc<AtomicU32>) {
    let url = broker.environment().into_iter().find(|(name, _)| *name == "DHAN_INSTRUMENTS_URL").unwrap().1;
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let body = memchr::memmem::find(&answer, b"\r\n\r\n").unwrap() + 4;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/master.csv", listener.local_addr().unwrap());
    let sent = Arc::<AtomicU32>::default();
    let pieces = Arc::clone(&sent);
    // Ends with the test's process.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (mut stream, master, pieces) = (stream, answer[body..].to_vec(), Arc::clone(&pieces));
            std::thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", master.len());
                for piece in master.chunks(master.len().div_ceil(20)) {
                    if stream.write_all(piece).is_err() {
                        return;
                    }
                    pieces.fetch_add(1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(100));
                }
            });
        }
    });
    (address, sent)
}

#[test]
fn nothing_else_writes_to_the_terminal_while_the_view_holds_it_and_what_moves_counts_as_seen() {
    let Some(terminal) = Terminal::start(200, 24) else { return };
    let broker = simulator_of(50.0);
    terminal.export(&broker.probe());
    terminal.line("\"$DHAN\" instruments sync; echo \"synced=$?\"");
    terminal.shows("synced=0");
    // So old that a run refreshes it.
    let cached = std::fs::File::options().append(true).open(terminal.home.path(".cache/dhan/compact.master")).unwrap();
    cached.set_modified(SystemTime::now() - Duration::from_secs(3 * 24 * 3600)).unwrap();
    let (url, pieces) = slow_master(&broker.probe());
    let drawn = terminal.home.path("drawn");
    terminal.line(&format!("export DHAN_INSTRUMENTS_URL={url}; clear"));
    terminal.line("\"$DHAN\" watch NIFTY RELIANCE; echo \"code=$?\"");
    terminal.shows("connection: live");
    terminal.tmux(&["pipe-pane", &format!("cat >{}", drawn.display())]);
    wait("the refreshed master", || (pieces.load(Ordering::SeqCst) == 20).then_some(()));
    let screen = terminal.shows("dhan watch");
    assert!(screen.starts_with("dhan watch"), "the screen is scrolled: {screen}");
    let drawn = wait("something drawn", || std::fs::read(&drawn).ok().filter(|drawn| !drawn.is_empty()));
    let drawn = String::from_utf8_lossy(&drawn).into_owned();
    assert!(!drawn.contains("instrument master"), "a bar was drawn: {drawn:?}");
    Command::new("pkill").args(["-USR1", "-g", &terminal.group()]).status().unwrap();
    terminal.shows("requested 2 seen 2");
    // A message goes with a key.
    terminal.keys(&["Escape"]);
    wait("a message that is gone", || (!terminal.screen().contains("requested 2")).then_some(()));
    terminal.keys(&["q"]);
    terminal.shows("code=0");
    terminal.is_usable("held");
}

#[test]
fn a_paste_is_no_keys_and_what_is_added_belongs_to_the_markets_that_are_closed() {
    let Some(terminal) = Terminal::start(200, 24) else { return };
    let broker = simulator_of(50.0);
    terminal.export(&broker.probe());
    // Closed on any day on which the test runs.
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let days = [today.yesterday().unwrap(), today, today.tomorrow().unwrap()].map(|day| day.to_string());
    std::fs::write(terminal.home.path("holidays"), days.join("\n")).unwrap();
    terminal.line("export DHAN_HOLIDAYS=holidays; clear; \"$DHAN\" watch NSE_EQ:2885; echo \"code=$?\"");
    terminal.shows("the market is closed: NSE_EQ (");
    terminal.paste("d\nq\necho broken\n");
    terminal.shows("the paste is ignored: press a");
    terminal.keys(&["a"]);
    terminal.shows("add: ");
    terminal.paste("NSE_EQ:1333\nMCX_COMM:464926\n");
    terminal.shows("add: NSE_EQ:1333 MCX_COMM:464926 ");
    terminal.keys(&["Enter"]);
    let screen = terminal.shows("MCX_COMM (");
    assert!(screen.contains("NSE_EQ:2885") && !screen.contains("broken"), "{screen}");
    terminal.keys(&["q"]);
    terminal.shows("code=0");
    terminal.is_usable("pasted");
}

#[test]
fn the_last_screen_of_a_torn_recording_stays_until_a_key_and_the_exit_code_is_that_of_a_replay() {
    let Some(terminal) = Terminal::start(100, 24) else { return };
    let home = &terminal.home;
    let mut record = home.bare(DHAN);
    record.args(["feed", "--demo=3", "NIFTY", "-n", "50", "--capture", "c.dcap"]);
    home.run(record).exits(0);
    let capture = std::fs::File::options().write(true).open(home.path("c.dcap")).unwrap();
    capture.set_len(capture.metadata().unwrap().len() - 7).unwrap();
    let mut replay = home.bare(DHAN);
    replay.args(["replay", "c.dcap"]);
    home.run(replay).exits(0);
    terminal.line("LANG=C \"$DHAN\" watch --replay c.dcap --speed max; echo \"code=$?\"");
    let screen = terminal.shows("the recording c.dcap is torn here");
    assert!(screen.contains("NIFTY") && screen.is_ascii(), "{screen}");
    terminal.keys(&["q"]);
    terminal.shows("code=0");
    terminal.is_usable("torn");
}

/// A terminal that is read only here.
struct Pty {
    /// The side of the program.
    side: std::fs::File,
    /// What the program wrote.
    read: Arc<Mutex<Vec<u8>>>,
}

impl Pty {
    fn open() -> Pty {
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
        let side = std::fs::File::options().read(true).write(true).open(name).unwrap();
        let size = rustix::termios::Winsize { ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&terminal, size).unwrap();
        let read = Arc::<Mutex<Vec<u8>>>::default();
        let (mut terminal, bytes) = (std::fs::File::from(terminal), Arc::clone(&read));
        std::thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(n @ 1..) = terminal.read(&mut part) {
                bytes.lock().unwrap().extend_from_slice(&part[..n]);
            }
        });
        Pty { side, read }
    }

    fn start(&self, mut command: Command) -> Child {
        let side = || self.side.try_clone().unwrap();
        command.env("TERM", "xterm").stdin(side()).stdout(side()).stderr(side()).spawn().unwrap()
    }

    #[track_caller]
    fn shows(&self, words: &str) {
        wait(words, || memchr::memmem::find(&self.read.lock().unwrap(), words.as_bytes()).map(drop));
    }
}

#[test]
fn a_terminal_that_takes_nothing_does_not_hold_up_the_end() {
    use rustix::termios::{Action, tcflow};
    let broker = simulator_of(200.0);
    let home = Home::new();
    for signal in [Signal::TERM, Signal::INT] {
        for is_stopped_at_the_start in [true, false] {
            let pty = Pty::open();
            if is_stopped_at_the_start {
                tcflow(&pty.side, Action::OOff).unwrap();
            }
            let mut child = pty.start(home.dhan(&broker.probe(), &["watch", "-q", "NSE_EQ:2885", "NSE_EQ:1333"]));
            if !is_stopped_at_the_start {
                pty.shows("connection: live");
                tcflow(&pty.side, Action::OOff).unwrap();
            }
            subscribed(&broker.probe(), Stream::Market, 2);
            // Some frames are due meanwhile.
            std::thread::sleep(Duration::from_millis(500));
            let begun = Instant::now();
            rustix::process::kill_process(rustix::process::Pid::from_child(&child), signal).unwrap();
            let status = wait("the end", || child.try_wait().unwrap());
            assert_within(Duration::from_secs(3), begun.elapsed(), &format!("{signal:?}"));
            assert_eq!(status.code(), Some(0), "{signal:?}");
            let mode = rustix::termios::tcgetattr(&pty.side).unwrap();
            assert!(mode.local_modes.contains(rustix::termios::LocalModes::ICANON), "{signal:?}: still in raw mode");
        }
    }
}

#[test]
fn a_signal_that_kills_is_died_of_after_the_terminal_is_restored() {
    use std::os::unix::process::ExitStatusExt as _;
    let home = Home::new();
    let pty = Pty::open();
    let mut command = home.bare(DHAN);
    command.args(["watch", "--demo=3", "NIFTY"]);
    let mut child = pty.start(command);
    pty.shows("connection: live");
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), Signal::QUIT).unwrap();
    let status = wait("the end", || child.try_wait().unwrap());
    assert_eq!(status.signal(), Some(Signal::QUIT.as_raw()));
    // Marked pastes, the alternate screen and the hidden cursor end.
    pty.shows("\x1b[?2004l\x1b[?1049l\x1b[?25h");
    let mode = rustix::termios::tcgetattr(&pty.side).unwrap();
    assert!(mode.local_modes.contains(rustix::termios::LocalModes::ICANON | rustix::termios::LocalModes::ECHO));
}
