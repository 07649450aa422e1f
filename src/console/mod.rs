//! The one printer of stderr: messages for people, as text or as JSON lines, masked.
//!
//! A stream or a server calls [`Console::begin_run`]: from then on its messages carry the time (or the journal's
//! priority), and a thread writes them, so that a stderr which nobody reads holds up nothing.

mod line;
mod live;
mod out;
mod text;

pub use text::untrusted;

use crate::redact::Redactor;
use line::{Prefix, Style};
use out::{Out, Piece};
use std::collections::VecDeque;
use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What ends the run.
    Error,
    /// What the user should know and may have to act on.
    Warn,
    /// What happens: connected, lost, the closing line.
    Info,
    /// Connection events and requests (`-v`).
    Debug,
    /// Every message and packet header (`-vv`).
    Trace,
}

impl Level {
    const fn word(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warn => "warning",
            Level::Info => "info",
            Level::Debug => "debug",
            Level::Trace => "trace",
        }
    }

    /// Returns the priority of syslog and the journal.
    const fn priority(self) -> u8 {
        match self {
            Level::Error => 3,
            Level::Warn => 4,
            Level::Info => 6,
            Level::Debug | Level::Trace => 7,
        }
    }
}

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// `dhan: warning: …`
    #[default]
    Text,
    /// One JSON object a line: `time` (RFC 3339, IST), `level`, the [`Fields`], `message`.
    Json,
}

/// What a message is about, for `--log-format json`; what is not known is null there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Fields<'a> {
    /// The event's word, as in status records: `connected`, `retrying`.
    pub event: Option<&'a str>,
    /// The connection's number, from 1.
    pub conn: Option<u16>,
    /// Why, in words.
    pub cause: Option<&'a str>,
    /// After how many milliseconds something is tried again.
    pub delay_ms: Option<u64>,
    /// The server's code: of a disconnect packet, a close frame, or HTTP.
    pub code: Option<u16>,
    /// The server's name.
    pub host: Option<&'a str>,
}

/// What the user asked of stderr.
#[derive(Debug, Clone, Copy)]
pub struct ConsoleConfig {
    /// The least urgent level that is shown.
    pub level: Level,
    /// Text or JSON.
    pub format: LogFormat,
    /// Whether ANSI colours are used.
    pub color: bool,
}

impl Default for ConsoleConfig {
    fn default() -> Self {
        ConsoleConfig { level: Level::Info, format: LogFormat::Text, color: false }
    }
}

/// The printer; cheap to clone, safe to share between threads.
#[derive(Clone, Default)]
pub struct Console(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    config: ConsoleConfig,
    prefix: Prefix,
    redactor: Redactor,
    out: Arc<Out>,
    /// A live status line that must step aside while a message is printed.
    status: Option<indicatif::ProgressBar>,
    /// Shows messages instead of stderr, while a view fills the terminal.
    diversion: Option<Diversion>,
    /// Warnings and errors that were shown there only; stderr gets them when the view is left.
    diverted: VecDeque<String>,
}

/// Shows a message in a view that fills the terminal.
pub type Diversion = Box<dyn Fn(&str) + Send>;

/// Diverted lines that are kept for stderr; the oldest go first.
const DIVERTED: usize = 100;

impl Console {
    /// Returns a printer as configured.
    #[cfg(any(test, feature = "testing"))]
    pub fn new(config: ConsoleConfig) -> Console {
        Console(Arc::new(Mutex::new(Inner { config, ..Inner::default() })))
    }

    /// Goes on as configured; what it masks stays masked.
    pub fn configure(&self, config: ConsoleConfig) {
        self.lock().config = config;
    }

    /// Begins a stream or a server: messages get the time unless stderr is a terminal (the priority where it is the
    /// journal), and nobody waits for stderr any more. Lines that it does not take are counted, and that is said.
    pub fn begin_run(&self) {
        let mut inner = self.lock();
        inner.prefix = Prefix::of_stderr();
        let style = inner.style();
        inner.out.start(Box::new(move |lines| {
            let message = format!("{lines} lines were not shown here: nobody was reading stderr");
            style.line(Level::Warn, &Fields::default(), &message, crate::clock::now_us())
        }));
    }

    /// Waits until what was said is written, at most 0.4 s, and 0.25 s where stderr takes nothing.
    pub fn finish(&self) {
        let out = Arc::clone(&self.lock().out);
        out.finish();
    }

    /// Returns the masker of this printer; what it learns anywhere, this printer masks.
    pub fn redactor(&self) -> Redactor {
        self.lock().redactor.clone()
    }

    /// Registers a secret: from now on it is masked in every message.
    pub fn keep_secret(&self, secret: secrecy::SecretString) {
        self.lock().redactor.add(secret);
    }

    /// Lets messages step around a live status line (`None` when it is gone).
    pub fn set_status_line(&self, bar: Option<indicatif::ProgressBar>) {
        self.lock().status = bar;
    }

    /// Returns what a live line or a progress bar draws on: stderr, by the way that all messages take.
    pub fn draw_target(&self) -> indicatif::ProgressDrawTarget {
        let terminal = live::Terminal::new(Arc::clone(&self.lock().out));
        indicatif::ProgressDrawTarget::term_like(Box::new(terminal))
    }

    /// Shows messages by this instead of stderr, if stderr is the terminal that a view fills; else by both.
    pub fn divert(&self, show: Diversion) {
        // What was said before is written before: it would be written over the view.
        self.finish();
        self.lock().diversion = Some(show);
    }

    /// Goes back to stderr, which gets the warnings and errors that were only shown in the view.
    pub fn end_diversion(&self) {
        self.lock().end_diversion();
    }

    /// Returns whether messages of this level are shown; for messages that are costly to make.
    pub fn shows(&self, level: Level) -> bool {
        level <= self.lock().config.level
    }

    /// Returns text as it may be shown anywhere: secrets masked.
    pub fn masked(&self, text: &str) -> String {
        self.lock().redactor.mask(text).into_owned()
    }

    /// Prints a message if its level is shown. A stderr that is closed is ignored.
    pub fn say(&self, level: Level, message: impl Display) {
        self.event(level, &Fields::default(), message);
    }

    /// Prints a message with what it is about, if its level is shown.
    pub fn event(&self, level: Level, fields: &Fields<'_>, message: impl Display) {
        if self.shows(level) {
            // Before the lock is taken: a message that panics, or prints itself, must not hold the printer.
            let message = message.to_string();
            self.lock().print(level, fields, &message);
        }
    }

    /// Prints whole lines as they are, masked: gap records that have no other place, dry-run output, tables.
    pub fn raw(&self, text: &str) {
        let inner = self.lock();
        let masked = inner.redactor.mask(text);
        inner.write(masked.as_bytes());
    }

    /// Prints an error that comes before or instead of a run, without the time.
    pub fn usage_error(&self, message: impl Display) {
        let message = message.to_string();
        let mut inner = self.lock();
        let prefix = std::mem::take(&mut inner.prefix);
        inner.print(Level::Error, &Fields::default(), &message);
        inner.prefix = prefix;
    }

    /// [`Level::Error`].
    pub fn error(&self, message: impl Display) {
        self.say(Level::Error, message);
    }

    /// [`Level::Warn`].
    pub fn warn(&self, message: impl Display) {
        self.say(Level::Warn, message);
    }

    /// [`Level::Info`].
    pub fn info(&self, message: impl Display) {
        self.say(Level::Info, message);
    }

    /// [`Level::Debug`].
    pub fn debug(&self, message: impl Display) {
        self.say(Level::Debug, message);
    }

    /// Prints an error without waiting: the panicking thread may hold the printer itself.
    fn report_panic(&self, message: &str) {
        use std::sync::TryLockError;
        let fields = Fields::default();
        match self.0.try_lock() {
            Ok(mut inner) => inner.print_at_last(&fields, message),
            Err(TryLockError::Poisoned(inner)) => inner.into_inner().print_at_last(&fields, message),
            Err(TryLockError::WouldBlock) => {
                // Without the printer there is no masker: the text is left out.
                let _ =
                    std::io::stderr().write_all(b"dhan: error: this is a bug of dhan, please report it: panicked\n");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic while printing must not silence the rest.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn style(&self) -> Style {
        Style { format: self.config.format, color: self.config.color, prefix: self.prefix }
    }

    /// Prints an error where nothing may be shown any more but stderr.
    fn print_at_last(&mut self, fields: &Fields<'_>, message: &str) {
        self.end_diversion();
        self.print(Level::Error, fields, message);
    }

    fn end_diversion(&mut self) {
        self.diversion = None;
        for line in std::mem::take(&mut self.diverted) {
            self.write(line.as_bytes());
        }
    }

    fn print(&mut self, level: Level, fields: &Fields<'_>, message: &str) {
        let message = self.redactor.mask(message);
        let cause = fields.cause.map(|cause| self.redactor.mask(cause));
        let fields = Fields { cause: cause.as_deref(), ..*fields };
        let line = self.style().line(level, &fields, &message, crate::clock::now_us());
        if let Some(show) = &self.diversion {
            show(&message);
            if std::io::stderr().is_terminal() {
                if level <= Level::Warn {
                    self.diverted.truncate(DIVERTED - 1);
                    self.diverted.push_back(line);
                }
                return;
            }
        }
        self.write(line.as_bytes());
    }

    fn write(&self, bytes: &[u8]) {
        let print = || self.out.write(bytes.to_vec(), Piece::Lines);
        match &self.status {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

/// Reports a panic through the printer, masked, in one message; the default report would print the panic's text as it
/// is. The process still unwinds.
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
