//! The one printer of stderr: messages for people, as text or as JSON lines, masked.

use crate::redact::Redactor;
use std::fmt::Display;
use std::io::Write as _;
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
    /// Details (`-v`).
    Debug,
    /// Everything (`-vv`).
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
}

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// `dhan: warning: …`
    #[default]
    Text,
    /// One JSON object a line: `time` (RFC 3339, IST), `level`, `message`.
    Json,
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
    redactor: Redactor,
    /// A live status line that must step aside while a message is printed.
    status: Option<indicatif::ProgressBar>,
}

impl Console {
    /// A printer as configured.
    pub fn new(config: ConsoleConfig) -> Console {
        Console(Arc::new(Mutex::new(Inner { config, ..Inner::default() })))
    }

    /// Registers a secret: from now on it is masked in every message.
    pub fn keep_secret(&self, secret: secrecy::SecretString) {
        self.lock().redactor.add(secret);
    }

    /// Lets messages step around a live status line (`None` when it is gone).
    pub fn set_status_line(&self, bar: Option<indicatif::ProgressBar>) {
        self.lock().status = bar;
    }

    /// Whether messages of this level are shown; for messages that are costly to make.
    pub fn shows(&self, level: Level) -> bool {
        level <= self.lock().config.level
    }

    /// Text as it may be shown anywhere: secrets masked.
    pub fn masked(&self, text: &str) -> String {
        self.lock().redactor.mask(text).into_owned()
    }

    /// Prints a message if its level is shown. A stderr that is closed or full is ignored.
    pub fn say(&self, level: Level, message: impl Display) {
        let inner = self.lock();
        if level > inner.config.level {
            return;
        }
        let message = message.to_string();
        let message = inner.redactor.mask(&message);
        let line = match inner.config.format {
            LogFormat::Text => text_line(level, &message, inner.config.color),
            LogFormat::Json => json_line(level, &message),
        };
        inner.write(line.as_bytes());
    }

    /// Prints whole lines as they are, masked: gap records that have no other place, dry-run output, tables.
    pub fn raw(&self, text: &str) {
        let inner = self.lock();
        let masked = inner.redactor.mask(text);
        inner.write(masked.as_bytes());
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

    /// [`Level::Trace`].
    pub fn trace(&self, message: impl Display) {
        self.say(Level::Trace, message);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic while printing must not silence the rest.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn write(&self, bytes: &[u8]) {
        let print = || {
            let _ = std::io::stderr().lock().write_all(bytes);
        };
        match &self.status {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

fn text_line(level: Level, message: &str, color: bool) -> String {
    use anstyle::{AnsiColor, Style};
    let style = match level {
        Level::Error => AnsiColor::Red.on_default().bold(),
        Level::Warn => AnsiColor::Yellow.on_default(),
        _ => Style::new().dimmed(),
    };
    let style = if color { style } else { Style::new() };
    match level {
        Level::Info => format!("dhan: {message}\n"),
        _ => format!("dhan: {style}{}{style:#}: {message}\n", level.word()),
    }
}

fn json_line(level: Level, message: &str) -> String {
    #[derive(serde::Serialize)]
    struct Line<'a> {
        time: String,
        level: &'a str,
        message: &'a str,
    }
    let now = crate::clock::ist_civil(crate::clock::now_us());
    let line = Line {
        time: format!("{}+05:30", now.round(jiff::Unit::Millisecond).unwrap_or(now)),
        level: level.word(),
        message,
    };
    serde_json::to_string(&line).unwrap_or_default() + "\n"
}
