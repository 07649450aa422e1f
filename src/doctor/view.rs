//! Formats findings for people: failures first, with what to do, then warnings, the markets, and the rest by groups.

use super::{Check, Finding, State, advice};
use crate::model::Exit;
use anstyle::{AnsiColor, Style};
use std::fmt::Write as _;

/// Maximum width of a line in columns.
pub const WIDEST: usize = 80;
/// Indent of the lines below a failure.
const INDENT: usize = 4;
/// Widths of the columns before the detail of other findings.
const STATE: usize = 7;
const CHECK: usize = 11;
/// Column in which that detail begins.
const BEHIND: usize = 2 + STATE + 2 + CHECK + 2;

/// Says how the view is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Columns of the terminal; at most [`WIDEST`] are used.
    pub width: usize,
    /// Whether colours are used.
    pub color: bool,
}

/// Groups of the other findings, in this order.
const GROUPS: [(&str, &[Check]); 4] = [
    ("Markets", &[Check::Market]),
    ("Dhan's servers", &[Check::Account, Check::Quote, Check::Endpoint, Check::Clock]),
    ("Credentials", &[Check::Credentials, Check::Token]),
    (
        "This host",
        &[
            Check::Permissions,
            Check::CoreDumps,
            Check::Instruments,
            Check::State,
            Check::CoolOff,
            Check::Places,
            Check::Stream,
        ],
    ),
];

/// Returns all findings as text. `exit` is the code of the worst.
pub fn text(findings: &[Finding], exit: Exit, look: Look) -> String {
    let look = Look { width: look.width.min(WIDEST), ..look };
    let of = |state: State| findings.iter().filter(move |finding| finding.state == state);
    let (failed, warned) = (of(State::Fail).count(), of(State::Warn).count());
    let mut text = String::new();
    let summary = match (failed, exit) {
        (0, _) => format!("Nothing failed; {}", counted(warned, "warning")),
        (_, exit) => format!("{failed} failed, {}; exit code {}", counted(warned, "warning"), exit.code()),
    };
    let _ = writeln!(text, "{summary}");
    for (heading, state) in [("Failed", State::Fail), ("Warnings", State::Warn)] {
        let mut found = of(state).peekable();
        if found.peek().is_some() {
            head(&mut text, heading, style(state), look);
        }
        found.for_each(|finding| trouble(&mut text, finding, look));
    }
    for (heading, checks) in GROUPS {
        let is_of = |finding: &&Finding| checks.contains(&finding.check);
        let rest: Vec<_> =
            findings.iter().filter(is_of).filter(|f| matches!(f.state, State::Ok | State::Skipped)).collect();
        if rest.is_empty() {
            continue;
        }
        head(&mut text, heading, Style::new().bold(), look);
        let (unset, set): (Vec<_>, Vec<_>) = rest.into_iter().partition(|finding| is_unset(finding));
        // Identical findings, such as endpoints that were not connected to, share a line.
        let is_same = |a: &&Finding, b: &&Finding| (a.check, a.state, &a.detail) == (b.check, b.state, &b.detail);
        set.chunk_by(is_same).for_each(|found| match found {
            [first, ..] if first.check == Check::Market => market(&mut text, found, look),
            _ => line(&mut text, found, look),
        });
        // Places that are not used share one line.
        let names: Vec<_> = unset.iter().filter_map(|finding| finding.subject.as_deref()).collect();
        if !names.is_empty() {
            let words = format!("not set: {}", names.join(", "));
            paragraph(&mut text, &start(State::Ok, Check::Credentials, look), &words, BEHIND, look);
        }
    }
    text
}

/// Returns a number of things in words.
pub fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

fn is_unset(finding: &Finding) -> bool {
    finding.check == Check::Credentials && finding.state == State::Ok && finding.detail == "not set"
}

fn style(state: State) -> Style {
    match state {
        State::Ok => AnsiColor::Green.on_default(),
        State::Warn => AnsiColor::Yellow.on_default().bold(),
        State::Fail => AnsiColor::Red.on_default().bold(),
        State::Skipped => Style::new().dimmed(),
    }
}

fn painted(words: &str, style: Style, look: Look) -> String {
    if look.color { format!("{style}{words}{style:#}") } else { words.to_owned() }
}

fn head(text: &mut String, heading: &str, style: Style, look: Look) {
    let _ = writeln!(text, "\n{}", painted(heading, style, look));
}

/// Adds a failure or a warning: its subject, what was found, what to do.
fn trouble(text: &mut String, finding: &Finding, look: Look) {
    let name = finding.check.name();
    let about = match &finding.subject {
        Some(subject) => format!("{name}: {subject}"),
        None => name.to_owned(),
    };
    paragraph(text, "  ", &about, INDENT, look);
    finding.detail.lines().for_each(|detail| paragraph(text, &" ".repeat(INDENT), detail.trim(), INDENT, look));
    if let Some(advice) = advice::of(finding) {
        let arrow = format!("{}{} ", " ".repeat(INDENT), painted("→", Style::new().bold(), look));
        paragraph(text, &arrow, advice, INDENT + 2, look);
    }
}

/// Adds findings that are in order or were not checked, and that differ at most in their subjects.
fn line(text: &mut String, found: &[&Finding], look: Look) {
    let Some(first) = found.first() else { return };
    let subjects: Vec<_> = found.iter().filter_map(|finding| finding.subject.as_deref()).collect();
    let words = match subjects.as_slice() {
        [] => first.detail.clone(),
        subjects => format!("{}: {}", subjects.join(", "), first.detail),
    };
    paragraph(text, &start(first.state, first.check, look), &words, BEHIND, look);
}

/// Adds markets, which are identified only by their names.
fn market(text: &mut String, found: &[&Finding], look: Look) {
    let Some(first) = found.first() else { return };
    let names: Vec<_> = found.iter().filter_map(|finding| finding.subject.as_deref()).collect();
    paragraph(text, "  ", &names.join(", "), INDENT, look);
    paragraph(text, &" ".repeat(INDENT), &first.detail, INDENT, look);
}

fn start(state: State, check: Check, look: Look) -> String {
    let word = painted(&format!("{:STATE$}", state.name()), style(state), look);
    format!("  {word}  {:CHECK$}  ", check.name())
}

/// Adds words behind a start, wrapped at the width; further lines begin with `indent` blanks, which the start must
/// fit.
fn paragraph(text: &mut String, start: &str, words: &str, indent: usize, look: Look) {
    let blanks = " ".repeat(indent);
    for (i, line) in wrapped(words, look.width.saturating_sub(indent).max(1)).iter().enumerate() {
        let _ = writeln!(text, "{}{line}", if i == 0 { start } else { &blanks });
    }
}

/// Wraps words into lines of a maximum length; a longer word, such as a path, is cut.
fn wrapped(words: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in words.split_whitespace() {
        let characters: Vec<char> = word.chars().collect();
        for (i, piece) in characters.chunks(width).enumerate() {
            let blank = usize::from(used > 0);
            if i > 0 || used + blank + piece.len() > width {
                if used > 0 {
                    lines.push(String::new());
                }
                used = 0;
            } else if blank > 0 {
                lines.last_mut().expect("one line at least").push(' ');
                used += 1;
            }
            lines.last_mut().expect("one line at least").extend(piece);
            used += piece.len();
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Look = Look { width: 200, color: false };

    fn findings() -> Vec<Finding> {
        let place = |name: &str, detail: &str| Finding::ok(Check::Credentials, detail).of(name);
        vec![
            place("--token-file", "not set"),
            place("DHAN_TOKEN_FILE", "not set"),
            place("DHAN_ACCESS_TOKEN", "set"),
            Finding::warn(Check::Clock, "5m ahead of the server's: receive times, --until and certificates suffer")
                .of("feed"),
            Finding::ok(Check::Market, "the market is closed: weekend; next opening Monday").of("MCX"),
            Finding::fail(Check::Token, Exit::Credentials, "the access token expired on 2026-06-10").of("file"),
            Finding::fail(Check::Instruments, Exit::Data, format!("\"/{}\" is damaged", "deep/".repeat(40)))
                .of("compact"),
            Finding::skipped(Check::Endpoint, "not connected to: the credentials are dead").of("feed"),
            Finding::skipped(Check::Endpoint, "not connected to: the credentials are dead").of("orders"),
        ]
    }

    #[test]
    fn what_failed_comes_first_with_what_to_do_and_unused_places_share_a_line() {
        let text = text(&findings(), Exit::Credentials, PLAIN);
        let beginning = "\
2 failed, 1 warning; exit code 3

Failed
  access token: file
    the access token expired on 2026-06-10
    → ";
        assert!(text.starts_with(beginning), "{text}");
        let place = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words} is missing in: {text}"));
        let order = ["\nFailed\n", "\nWarnings\n", "\nMarkets\n", "\nDhan's servers\n", "\nCredentials\n"].map(place);
        assert!(order.is_sorted(), "{text}");
        assert!(text.contains("\nMarkets\n  MCX\n    the market is closed: weekend; next opening Monday\n"), "{text}");
        assert!(text.contains("not set: --token-file, DHAN_TOKEN_FILE\n"), "{text}");
        assert!(text.contains("endpoint     feed, orders: not connected to: the credentials are dead\n"), "{text}");
        assert!(!text.contains("\nThis host\n"), "a group without findings has no heading: {text}");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_nor_than_80_columns_and_nothing_is_left_out() {
        let squeezed = |text: &str| text.split_whitespace().collect::<String>();
        let widest = |text: &str| text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        let whole = text(&findings(), Exit::Credentials, PLAIN);
        assert!((60..=WIDEST).contains(&widest(&whole)), "{whole}");
        let narrow = text(&findings(), Exit::Credentials, Look { width: 40, color: false });
        assert!(widest(&narrow) <= 40, "{narrow}");
        assert_eq!(squeezed(&whole), squeezed(&narrow));
        let colored = text(&findings(), Exit::Credentials, Look { color: true, ..PLAIN });
        assert!(colored.contains('\u{1b}') && !whole.contains('\u{1b}'));
    }

    #[test]
    fn a_host_without_trouble_says_so_at_once() {
        let text = text(&[Finding::ok(Check::Clock, "fine")], Exit::Done, PLAIN);
        assert_eq!(text, "Nothing failed; 0 warnings\n\nDhan's servers\n  ok       clock        fine\n");
    }
}
