//! Prints all messages for people on stderr, masked, as text or as JSON lines.
//!
//! A stream or a server calls [`Console::begin_run`]. From then on its messages carry the time (or the journal's
//! priority), and a thread writes them, so that a stderr without a reader blocks nothing.

mod line;
mod live;
mod out;
mod text;

pub use text::untrusted;

use crate::redact::Redactor;
use line::{LineStyle, Prefix};
use out::{OutputKind, StderrWriter};
use std::collections::VecDeque;
use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Says how important a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// An error that ends the run.
    Error,
    /// Something that the user should know and may have to act on.
    Warn,
    /// An ordinary event: connected, disconnected, the closing line.
    Info,
    /// Connection events and requests (`-v`).
    Debug,
    /// Every message and packet header (`-vv`).
    Trace,
}

impl LogLevel {
    const fn word(self) -> &'static str {
        match self {
            LogLevel::Error => "error",
            LogLevel::Warn => "warning",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }

    /// Returns the level's priority in syslog and the journal.
    const fn priority(self) -> u8 {
        match self {
            LogLevel::Error => 3,
            LogLevel::Warn => 4,
            LogLevel::Info => 6,
            LogLevel::Debug | LogLevel::Trace => 7,
        }
    }
}

/// Says how messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// As text: `dhan: warning: …`
    #[default]
    Text,
    /// As one JSON object a line: `time` (RFC 3339, IST), `level`, the [`LogFields`], `message`.
    Json,
}

/// Says what a message is about, for `--log-format json`; an unknown field is null.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct LogFields<'a> {
    /// The event's word, as in status records: `connected`, `retrying`.
    pub event: Option<&'a str>,
    /// Number of the connection, from 1.
    pub conn: Option<u16>,
    /// The cause in words.
    pub cause: Option<&'a str>,
    /// Delay before the next attempt in milliseconds.
    pub delay_ms: Option<u64>,
    /// The server's code: of a disconnect packet, a close frame or an HTTP answer.
    pub code: Option<u16>,
    /// The server's name.
    pub host: Option<&'a str>,
}

/// Holds the user's options for stderr.
#[derive(Debug, Clone, Copy)]
pub struct ConsoleConfig {
    /// The least important level that is shown.
    pub level: LogLevel,
    /// Text or JSON.
    pub format: LogFormat,
    /// Whether ANSI colours are used.
    pub color: bool,
}

impl Default for ConsoleConfig {
    fn default() -> Self {
        ConsoleConfig { level: LogLevel::Info, format: LogFormat::Text, color: false }
    }
}

/// Prints messages; cheap to clone and safe to share between threads.
#[derive(Clone, Default)]
pub struct Console(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    config: ConsoleConfig,
    prefix: Prefix,
    redactor: Redactor,
    out: Arc<StderrWriter>,
    /// A live status line, which is hidden while a message is printed.
    status: Option<indicatif::ProgressBar>,
    /// Receives the messages instead of stderr while a view fills the terminal.
    diversion: Option<Diversion>,
    /// Warnings, errors and raw lines that a view kept from stderr, which gets them when the view closes.
    diverted: VecDeque<String>,
}

/// Shows a message in a view that fills the terminal.
pub type Diversion = Box<dyn Fn(&str) + Send>;

/// Limit of diverted lines that are kept for stderr; the oldest are dropped first.
const DIVERTED: usize = 100;

impl Console {
    /// Creates a printer with a configuration.
    #[cfg(any(test, feature = "testing"))]
    pub fn new(config: ConsoleConfig) -> Console {
        Console(Arc::new(Mutex::new(Inner { config, ..Inner::default() })))
    }

    /// Changes the configuration; the known secrets are kept.
    pub fn configure(&self, config: ConsoleConfig) {
        self.lock().config = config;
    }

    /// Starts the run of a stream or a server: messages get the time unless stderr is a terminal (the priority if it
    /// is the journal), and nothing waits for stderr any more. Lines that stderr does not take are counted, and the
    /// count is printed.
    pub fn begin_run(&self) {
        let mut inner = self.lock();
        inner.prefix = Prefix::of_stderr();
        let style = inner.style();
        inner.out.start(Box::new(move |lines| {
            let message = format!("{lines} lines were not shown here: nobody was reading stderr");
            style.line(LogLevel::Warn, &LogFields::default(), &message, crate::clock::now())
        }));
    }

    /// Waits until all messages are written: at most 0.5 s if stderr takes nothing, 0.7 s if it is slow.
    pub fn finish(&self) {
        let out = Arc::clone(&self.lock().out);
        out.finish();
    }

    /// Returns the printer's redactor, which shares its secrets with the printer.
    pub fn redactor(&self) -> Redactor {
        self.lock().redactor.clone()
    }

    /// Registers a secret, which is masked in every message from now on.
    pub fn keep_secret(&self, secret: secrecy::SecretString) {
        self.lock().redactor.add(secret);
    }

    /// Sets the live status line that messages are printed above; `None` removes it.
    pub fn set_status_line(&self, bar: Option<indicatif::ProgressBar>) {
        self.lock().status = bar;
    }

    /// Returns the target that live lines and progress bars draw on: stderr, through the printer.
    pub fn draw_target(&self) -> indicatif::ProgressDrawTarget {
        let terminal = live::DrawTarget::new(Arc::clone(&self.lock().out));
        indicatif::ProgressDrawTarget::term_like(Box::new(terminal))
    }

    /// Diverts messages to `show`: instead of stderr if stderr is a terminal, which a view fills, else in addition to
    /// it. Until the diversion ends nothing is written to that terminal: live lines and progress bars are not drawn.
    pub fn divert(&self, show: Diversion) {
        let mut inner = self.lock();
        inner.diversion = Some(show);
        if std::io::stderr().is_terminal() {
            let hold = || inner.out.hold(true);
            match &inner.status {
                // Suspending removes what is drawn; it is not drawn again.
                Some(bar) => bar.suspend(hold),
                None => hold(),
            }
        }
        drop(inner);
        // Earlier messages are written first, or they would overwrite the view.
        self.finish();
    }

    /// Ends the diversion; stderr gets the warnings and errors that were shown only in the view.
    pub fn end_diversion(&self) {
        self.lock().end_diversion();
    }

    /// Returns whether messages of this level are shown, for messages that are costly to make.
    pub fn shows(&self, level: LogLevel) -> bool {
        level <= self.lock().config.level
    }

    /// Returns the text with its secrets masked.
    pub fn masked(&self, text: &str) -> String {
        self.lock().redactor.mask(text).into_owned()
    }

    /// Prints a message if its level is shown. A stderr that is closed is ignored.
    pub fn say(&self, level: LogLevel, message: impl Display) {
        self.event(level, &LogFields::default(), message);
    }

    /// Prints a message with its fields, if its level is shown.
    pub fn event(&self, level: LogLevel, fields: &LogFields<'_>, message: impl Display) {
        if self.shows(level) {
            // Formatted before the lock is taken: formatting may panic or print a message itself.
            let message = message.to_string();
            self.lock().print(level, fields, &message);
        }
    }

    /// Prints lines unchanged but masked: gap records without another place, dry-run output, tables.
    pub fn raw(&self, text: &str) {
        let mut inner = self.lock();
        let masked = inner.redactor.mask(text).into_owned();
        if inner.out.is_held() {
            inner.keep(masked);
        } else {
            inner.write(masked.as_bytes());
        }
    }

    /// Prints an error that ends the program before a run, without the time.
    pub fn usage_error(&self, message: impl Display) {
        let message = message.to_string();
        let mut inner = self.lock();
        let prefix = std::mem::take(&mut inner.prefix);
        inner.print(LogLevel::Error, &LogFields::default(), &message);
        inner.prefix = prefix;
    }

    /// Prints a message of [`LogLevel::Error`].
    pub fn error(&self, message: impl Display) {
        self.say(LogLevel::Error, message);
    }

    /// Prints a message of [`LogLevel::Warn`].
    pub fn warn(&self, message: impl Display) {
        self.say(LogLevel::Warn, message);
    }

    /// Prints a message of [`LogLevel::Info`].
    pub fn info(&self, message: impl Display) {
        self.say(LogLevel::Info, message);
    }

    /// Prints a message of [`LogLevel::Debug`].
    pub fn debug(&self, message: impl Display) {
        self.say(LogLevel::Debug, message);
    }

    /// Prints a panic without waiting: the panicking thread may hold the printer's lock.
    fn report_panic(&self, message: &str) {
        use std::sync::TryLockError;
        let fields = LogFields::default();
        match self.0.try_lock() {
            Ok(mut inner) => inner.print_at_last(&fields, message),
            Err(TryLockError::Poisoned(inner)) => inner.into_inner().print_at_last(&fields, message),
            Err(TryLockError::WouldBlock) => {
                // Without the lock the secrets are unknown, so the panic's text is left out.
                let _ =
                    std::io::stderr().write_all(b"dhan: error: this is a bug of dhan, please report it: panicked\n");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic while printing must not stop later messages.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn style(&self) -> LineStyle {
        LineStyle { format: self.config.format, color: self.config.color, prefix: self.prefix }
    }

    /// Prints an error on stderr after the view and the status line are gone.
    fn print_at_last(&mut self, fields: &LogFields<'_>, message: &str) {
        self.end_diversion();
        self.print(LogLevel::Error, fields, message);
    }

    fn end_diversion(&mut self) {
        self.diversion = None;
        self.out.hold(false);
        for line in std::mem::take(&mut self.diverted) {
            self.write(line.as_bytes());
        }
    }

    fn print(&mut self, level: LogLevel, fields: &LogFields<'_>, message: &str) {
        let message = self.redactor.mask(message);
        let cause = fields.cause.map(|cause| self.redactor.mask(cause));
        let fields = LogFields { cause: cause.as_deref(), ..*fields };
        let line = self.style().line(level, &fields, &message, crate::clock::now());
        if let Some(show) = &self.diversion {
            show(&message);
        }
        if !self.out.is_held() {
            self.write(line.as_bytes());
        } else if level <= LogLevel::Warn {
            self.keep(line);
        }
    }

    /// Keeps lines for stderr until the view closes.
    fn keep(&mut self, lines: String) {
        if self.diverted.len() == DIVERTED {
            self.diverted.pop_front();
        }
        self.diverted.push_back(lines);
    }

    fn write(&self, bytes: &[u8]) {
        let print = || self.out.write(bytes.to_vec(), OutputKind::Lines);
        match &self.status {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

/// Prints every panic through the printer, masked, as one message; the default hook would print the panic's text
/// unmasked. The process still unwinds.
pub fn install_panic_hook(console: &Console) {
    let console = console.clone();
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map_or_else(String::new, |l| format!(" at {}:{}", l.file(), l.line()));
        let text = untrusted(panic.payload_as_str().unwrap_or("no message"));
        let thread = std::thread::current();
        let thread = untrusted(thread.name().unwrap_or("unnamed"));
        console.report_panic(&format!(
            "this is a bug of dhan, please report it: panicked{place} (thread {thread}): {text}"
        ));
    }));
}
