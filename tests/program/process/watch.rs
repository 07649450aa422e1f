//! `dhan watch` in a terminal of tmux: the screen, and the terminal after the end.

use crate::support::{DHAN, Home, simulator_of, skipped, wait};
use dhan::testing::console::{Console, install_panic_hook};
use dhan::testing::simulator::{Fault, SimConfig};
use dhan::testing::watch::screen::{Screen, Setup, SharedModel};
use dhan::testing::watch::ui::{self, Ui};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

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
        market: Box::new(|_| None),
        is_open: Box::new(|_, _| true),
        is_replay: false,
        color: true,
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
