//! What `dhan doctor` finds, and what that means: no I/O, no clock.
//!
//! * this file – a finding as a record, and the exit code of the worst.
//! * [`judge`] – what was seen, as findings.
//! * [`advice`] – what to do about a finding.
//! * [`view`] – findings for people.

pub mod advice;
pub mod judge;
pub mod view;

use crate::model::exit::Exit;
use serde::Serialize;

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// A place where credentials may be.
    Credentials,
    /// The access token.
    Token,
    /// Who may read the files.
    Permissions,
    /// Whether this process' memory may be written to disk.
    CoreDumps,
    /// The cached instrument master.
    Instruments,
    /// What the processes of the account share on this host.
    State,
    /// The account's rests after a 429 or an 805.
    CoolOff,
    /// The account's sockets, counted on this host.
    Places,
    /// A stream that runs on this host.
    Stream,
    /// The REST server, and what it says about the account.
    Account,
    /// A quote that was asked for.
    Quote,
    /// A websocket endpoint.
    Endpoint,
    /// This host's clock.
    Clock,
    /// Whether a market is open.
    Market,
}

impl Check {
    /// The words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Check::Credentials => "credentials",
            Check::Token => "access token",
            Check::Permissions => "permissions",
            Check::CoreDumps => "core dumps",
            Check::Instruments => "instruments",
            Check::State => "state",
            Check::CoolOff => "cool-off",
            Check::Places => "places",
            Check::Stream => "streams",
            Check::Account => "account",
            Check::Quote => "quote",
            Check::Endpoint => "endpoint",
            Check::Clock => "clock",
            Check::Market => "market",
        }
    }
}

/// How it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// Nothing is broken, but the user should know.
    Warn,
    /// A stream would fail of it, or has.
    Fail,
    /// Not looked at; the detail says why.
    Skipped,
}

impl State {
    /// The word for records and people.
    pub const fn name(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Warn => "warn",
            State::Fail => "fail",
            State::Skipped => "skipped",
        }
    }
}

/// One finding: a record, and a line of the table. Every key is always there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// Which one of them: an endpoint, a file, a variable.
    pub subject: Option<String>,
    /// How it was found.
    pub state: State,
    /// The exit code it asks for; 0 unless it failed.
    pub exit: u8,
    /// What was found, in words. Never holds a secret.
    pub detail: String,
    /// What was found, in numbers.
    #[serde(flatten)]
    pub facts: Facts,
}

/// What was found, in numbers (and one word). `…_us` are µs: moments since the epoch where the name says when, else how
/// long.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// A stream's process.
    pub pid: Option<u32>,
    /// How many instruments it streams.
    pub instruments: Option<u64>,
    /// Since when it runs.
    pub since_us: Option<i64>,
    /// How many places are held.
    pub held: Option<u64>,
    /// Of how many.
    pub limit: Option<u64>,
    /// When a token or a cool-off ends.
    pub until_us: Option<i64>,
    /// Who a token was made for: `SELF`, `APP`.
    pub consumer_type: Option<String>,
    /// How long the look-up of the name took.
    pub dns_us: Option<u64>,
    /// How long the TCP connection took.
    pub tcp_us: Option<u64>,
    /// How long the proxy's tunnel took.
    pub proxy_us: Option<u64>,
    /// How long the TLS handshake took.
    pub tls_us: Option<u64>,
    /// How long the upgrade, or the REST call, took.
    pub answer_us: Option<u64>,
    /// The HTTP status, where it was not what it should be.
    pub http_status: Option<u16>,
    /// How far this host's clock is ahead of the server's; below 0 when it is behind.
    pub ahead_us: Option<i64>,
    /// Rows of the instrument master.
    pub rows: Option<u64>,
    /// How old it is.
    pub age_us: Option<i64>,
    /// A file's permissions, in octal.
    pub mode: Option<String>,
}

impl Finding {
    fn new(check: Check, state: State, exit: Exit, detail: impl Into<String>) -> Finding {
        Finding { check, subject: None, state, exit: exit.code(), detail: detail.into(), facts: Facts::default() }
    }

    /// As it should be.
    pub fn ok(check: Check, detail: impl Into<String>) -> Finding {
        Finding::new(check, State::Ok, Exit::Done, detail)
    }

    /// Something the user should know.
    pub fn warn(check: Check, detail: impl Into<String>) -> Finding {
        Finding::new(check, State::Warn, Exit::Done, detail)
    }

    /// Something a stream fails of, with the code it would exit with.
    pub fn fail(check: Check, exit: Exit, detail: impl Into<String>) -> Finding {
        Finding::new(check, State::Fail, exit, detail)
    }

    /// Not looked at, and why.
    pub fn skipped(check: Check, detail: impl Into<String>) -> Finding {
        Finding::new(check, State::Skipped, Exit::Done, detail)
    }

    /// The same about one of several.
    #[must_use]
    pub fn of(mut self, subject: impl Into<String>) -> Finding {
        self.subject = Some(subject.into());
        self
    }

    /// The same with numbers.
    #[must_use]
    pub fn with(mut self, facts: Facts) -> Finding {
        self.facts = facts;
        self
    }

    /// The record: a line of NDJSON.
    pub fn line(&self) -> String {
        // Strings and numbers always serialize.
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }
}

/// What keeps a user from his data, worst first: what no waiting and no network mends comes before what may pass.
const WORST_FIRST: [Exit; 14] = [
    Exit::Bug,
    Exit::Usage,
    Exit::Credentials,
    Exit::Account,
    Exit::NoPlace,
    Exit::Certificate,
    Exit::Refused,
    Exit::Network,
    Exit::Protocol,
    Exit::Data,
    Exit::Output,
    Exit::Locked,
    Exit::Gaps,
    Exit::NotFound,
];

/// The exit code of the worst finding; [`Exit::Done`] when nothing failed.
pub fn worst(findings: &[Finding]) -> Exit {
    let asks_for = |exit: &Exit| findings.iter().any(|finding| finding.exit == exit.code());
    WORST_FIRST.into_iter().find(asks_for).unwrap_or(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_always_there_and_in_the_same_order() {
        let keys = |finding: &Finding| {
            let line = finding.line();
            assert!(line.ends_with("}\n") && line.matches('\n').count() == 1, "{line}");
            let names = line.split('"').filter(|part| part.ends_with("_us") || line.contains(&format!("\"{part}\":")));
            names.map(str::to_owned).collect::<Vec<_>>()
        };
        let bare = Finding::ok(Check::Clock, "fine");
        let full = Finding::fail(Check::Stream, Exit::NoPlace, "two\nlines").of("feed").with(Facts {
            pid: Some(7),
            consumer_type: Some("SELF".to_owned()),
            ahead_us: Some(-1),
            ..Facts::default()
        });
        assert_eq!(keys(&bare), keys(&full));
        assert!(
            bare.line()
                .starts_with(r#"{"check":"clock","subject":null,"state":"ok","exit":0,"detail":"fine","pid":null,"#)
        );
        assert!(full.line().contains(r#""state":"fail","exit":6,"detail":"two\nlines","pid":7,"#), "{}", full.line());
    }

    #[test]
    fn the_worst_finding_decides_and_warnings_do_not() {
        let fail = |exit| Finding::fail(Check::Endpoint, exit, "");
        assert_eq!(worst(&[]), Exit::Done);
        assert_eq!(worst(&[Finding::warn(Check::Clock, ""), Finding::skipped(Check::Account, "")]), Exit::Done);
        assert_eq!(worst(&[fail(Exit::Network), fail(Exit::Credentials), fail(Exit::Data)]), Exit::Credentials);
        assert_eq!(worst(&[fail(Exit::Network), fail(Exit::Certificate)]), Exit::Certificate);
        for code in 1..=14_u8 {
            let one = WORST_FIRST.into_iter().find(|exit| exit.code() == code).expect("every code has its rank");
            assert_eq!(worst(&[fail(one)]), one);
        }
    }
}
