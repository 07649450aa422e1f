//! Formats a message as a line of text or JSON, with the time, the journal's priority or neither.

use super::{LogFields, LogFormat, LogLevel};
use crate::model::Micros;
use std::fmt::Write as _;

/// Says what a text line begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Prefix {
    /// The program's name: on a terminal, or for a command that ends by itself.
    #[default]
    Name,
    /// The time in India, then the program's name: in a log.
    Clock,
    /// The priority as `<4>`; the journal adds time and name itself.
    Journal,
}

impl Prefix {
    /// Returns the prefix for a stream or server with this process's stderr.
    pub fn of_stderr() -> Prefix {
        use std::io::IsTerminal as _;
        let stderr = std::io::stderr();
        let journal = std::env::var("JOURNAL_STREAM").ok();
        if let (Some(journal), Ok(stat)) = (journal, rustix::fs::fstat(&stderr))
            && is_journal(&journal, stat.st_dev, stat.st_ino)
        {
            return Prefix::Journal;
        }
        if stderr.is_terminal() { Prefix::Name } else { Prefix::Clock }
    }
}

/// Returns whether the value of `JOURNAL_STREAM` (`DEVICE:INODE`) names this device and inode.
fn is_journal(value: &str, device: u64, inode: u64) -> bool {
    let parts = value.split_once(':').map(|(device, inode)| (device.parse(), inode.parse()));
    parts == Some((Ok(device), Ok(inode)))
}

/// Says how lines are written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LineStyle {
    pub format: LogFormat,
    pub color: bool,
    pub prefix: Prefix,
}

impl LineStyle {
    /// Returns the line of a message at a time, with its line end.
    pub fn line(self, level: LogLevel, fields: &LogFields<'_>, message: &str, now: Micros) -> String {
        match self.format {
            LogFormat::Text => self.text(level, message, now),
            LogFormat::Json => json(level, fields, message, now),
        }
    }

    fn text(self, level: LogLevel, message: &str, now: Micros) -> String {
        use anstyle::AnsiColor;
        let style = match level {
            _ if !self.color => anstyle::Style::new(),
            LogLevel::Error => AnsiColor::Red.on_default().bold(),
            LogLevel::Warn => AnsiColor::Yellow.on_default(),
            _ => anstyle::Style::new().dimmed(),
        };
        let word = match level {
            LogLevel::Info => String::new(),
            _ => format!("{style}{}{style:#}: ", level.name()),
        };
        match self.prefix {
            Prefix::Name => format!("dhan: {word}{message}\n"),
            Prefix::Clock => {
                format!("{} dhan: {word}{message}\n", crate::clock::ist_civil(now).strftime("%H:%M:%S"))
            }
            Prefix::Journal => {
                // The journal stores every line as a separate entry, which needs its own priority.
                let mut lines = String::with_capacity(message.len() + 16);
                for (i, line) in message.lines().enumerate() {
                    let word = if i == 0 { word.as_str() } else { "" };
                    let _ = writeln!(lines, "<{}>{word}{line}", level.priority());
                }
                lines
            }
        }
    }
}

fn json(level: LogLevel, fields: &LogFields<'_>, message: &str, now: Micros) -> String {
    #[derive(serde::Serialize)]
    struct Line<'a> {
        time: String,
        level: &'a str,
        #[serde(flatten)]
        fields: &'a LogFields<'a>,
        message: &'a str,
    }
    // Always three digits of the second, so that lines sort as text.
    let time = crate::clock::ist_civil(now).strftime("%FT%T%.3f+05:30").to_string();
    serde_json::to_string(&Line { time, level: level.name(), fields, message }).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-27 09:14:07 in India.
    const NOW: Micros = Micros::from_secs(1_795_751_047);

    fn style(prefix: Prefix) -> LineStyle {
        LineStyle { prefix, ..LineStyle::default() }
    }

    #[test]
    fn a_log_has_the_time_in_india_and_the_journal_has_priorities() {
        let line = |prefix, level, message: &str| style(prefix).line(level, &LogFields::default(), message, NOW);
        for (prefix, level, message, shown) in [
            (Prefix::Name, LogLevel::Warn, "late", "dhan: warning: late\n"),
            (Prefix::Clock, LogLevel::Warn, "late", "09:14:07 dhan: warning: late\n"),
            (Prefix::Clock, LogLevel::Info, "up", "09:14:07 dhan: up\n"),
            (Prefix::Journal, LogLevel::Warn, "late", "<4>warning: late\n"),
            (Prefix::Journal, LogLevel::Error, "two\nlines", "<3>error: two\n<3>lines\n"),
            (Prefix::Journal, LogLevel::Info, "up", "<6>up\n"),
            (Prefix::Journal, LogLevel::Trace, "x", "<7>trace: x\n"),
        ] {
            assert_eq!(line(prefix, level, message), shown);
        }
    }

    #[test]
    fn json_has_every_field_in_the_same_order_and_null_for_what_is_not_known() {
        let style = LineStyle { format: LogFormat::Json, ..style(Prefix::Journal) };
        let fields = LogFields { event: Some("retrying"), conn: Some(2), delay_ms: Some(480), ..LogFields::default() };
        assert_eq!(
            style.line(LogLevel::Info, &fields, "again", Micros::new(1_795_751_047_460_000)),
            "{\"time\":\"2026-11-27T09:14:07.460+05:30\",\"level\":\"info\",\"event\":\"retrying\",\"conn\":2,\
             \"cause\":null,\"delay_ms\":480,\"code\":null,\"host\":null,\"message\":\"again\"}\n"
        );
    }

    #[test]
    fn the_journal_is_known_by_device_and_inode_both() {
        assert!(is_journal("8:1234", 8, 1234));
        for other in ["8:1235", "9:1234", "8", "", ":", "8:1234:1", "a:b"] {
            assert!(!is_journal(other, 8, 1234), "{other}");
        }
    }
}
