//! Findings as a table for people.

use super::{Finding, State};
use anstyle::{AnsiColor, Style};
use std::fmt::Write as _;

/// Widths of the columns before the detail, which is as long as it is.
const STATE: usize = 7;
const CHECK: usize = 11;
const SUBJECT: usize = 24;

/// The heading.
pub fn heading() -> String {
    format!("{:STATE$}  {:CHECK$}  {:SUBJECT$}  FOUND\n", "STATE", "CHECK", "WHICH")
}

/// A finding as its line; more than one where the detail has several, which are set below each other.
pub fn row(finding: &Finding, color: bool) -> String {
    let style = match finding.state {
        _ if !color => Style::new(),
        State::Ok => AnsiColor::Green.on_default(),
        State::Warn => AnsiColor::Yellow.on_default(),
        State::Fail => AnsiColor::Red.on_default().bold(),
        State::Skipped => Style::new().dimmed(),
    };
    let subject = finding.subject.as_deref().unwrap_or("");
    let (state, check) = (finding.state.name(), finding.check.name());
    let mut lines = finding.detail.lines();
    let mut text =
        format!("{style}{state:STATE$}{style:#}  {check:CHECK$}  {subject:SUBJECT$}  {}", lines.next().unwrap_or(""));
    for line in lines {
        let _ = write!(text, "\n{:indent$}{}", "", line.trim_start(), indent = STATE + CHECK + SUBJECT + 6);
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::super::{Check, Finding};
    use super::*;
    use crate::model::exit::Exit;

    #[test]
    fn columns_stand_below_their_headings() {
        let rows = [
            Finding::ok(Check::Clock, "fine"),
            Finding::fail(Check::Instruments, Exit::Data, "one\n  two").of("compact"),
        ];
        let found = heading().find("FOUND").expect("the heading");
        assert_eq!(row(&rows[0], false).find("fine"), Some(found));
        let two = row(&rows[1], false);
        let mut lines = two.lines();
        assert_eq!(lines.next().and_then(|line| line.find("one")), Some(found));
        assert_eq!(lines.next().and_then(|line| line.find("two")), Some(found));
        assert!(!two.contains('\u{1b}') && row(&rows[1], true).contains('\u{1b}'));
    }
}
