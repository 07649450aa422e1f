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

    /// Goes on as configured; what it masks stays masked.
    pub fn configure(&self, config: ConsoleConfig) {
        self.lock().config = config;
    }

    /// The masker of this printer; what it learns anywhere, this printer masks.
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
        if self.shows(level) {
            // Before the lock is taken: a message that panics, or prints itself, must not hold the printer.
            let message = message.to_string();
            self.lock().print(level, &message);
        }
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

    /// Prints an error without waiting: the panicking thread may hold the printer itself.
    fn report_panic(&self, message: &str) {
        use std::sync::TryLockError;
        match self.0.try_lock() {
            Ok(inner) => inner.print(Level::Error, message),
            Err(TryLockError::Poisoned(inner)) => inner.into_inner().print(Level::Error, message),
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
    fn print(&self, level: Level, message: &str) {
        let message = self.redactor.mask(message);
        let line = match self.config.format {
            LogFormat::Text => text_line(level, &message, self.config.color),
            LogFormat::Json => json_line(level, &message),
        };
        self.write(line.as_bytes());
    }

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

/// The most of a server's text that is shown; bytes.
const UNTRUSTED_LIMIT: usize = 512;

/// Text that somebody else wrote, as it may be shown: no control characters, no terminal escapes, nothing that turns
/// the reading direction, on one line, at most 512 bytes. Not masked: that is done where it is printed.
pub fn untrusted(text: &str) -> String {
    let mut clean = String::with_capacity(text.len().min(UNTRUSTED_LIMIT));
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            // A terminal's own language: ESC [ … letter. What is left of other sequences is harmless text.
            '\u{1b}' if characters.as_str().starts_with('[') => {
                characters.by_ref().skip(1).find(|c| ('\u{40}'..='\u{7e}').contains(c));
            }
            '\n' | '\r' | '\t' => clean.push(' '),
            c if c.is_control() || is_invisible(c) => {}
            c => clean.push(c),
        }
        if clean.len() > UNTRUSTED_LIMIT {
            clean.truncate(clean.floor_char_boundary(UNTRUSTED_LIMIT - '…'.len_utf8()));
            clean.push('…');
            break;
        }
    }
    clean
}

/// Characters that show nothing but change what is shown around them: direction, joining, byte order, line ends.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_cannot_drive_the_terminal() {
        for (text, shown) in [
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}x", "]0;titlex"),
            ("a\u{202e}b\u{2066}c\u{feff}", "abc"),
            ("two\r\nlines\tand more\0", "two  lines and more"),
            ("\u{9b}31mx", "31mx"),
            ("\u{1b}[", ""),
            ("नमस्ते ₹", "नमस्ते ₹"),
        ] {
            assert_eq!(untrusted(text), shown, "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn untrusted_text_is_short_printable_and_one_line(text in "\\PC{0,300}|[\\x00-\\x1f\\x7f-\\x9f₹a\\[]{0,900}") {
            let shown = untrusted(&text);
            proptest::prop_assert!(shown.len() <= UNTRUSTED_LIMIT);
            proptest::prop_assert!(!shown.chars().any(|c| c.is_control() || is_invisible(c)));
            proptest::prop_assert_eq!(untrusted(&shown), shown);
        }
    }
}
