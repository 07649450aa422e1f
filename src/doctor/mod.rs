//! Describes the findings of `dhan doctor` and their meaning, without I/O and clock.
//!
//! * this file – a finding as a record, and the exit code of the worst.
//! * [`judge`] – from observations to findings.
//! * [`advice`] – what to do about a finding.
//! * [`view`] – findings for people.

pub mod advice;
pub mod judge;
pub mod view;

use crate::model::words::words;
use crate::model::{Exit, Micros};
use serde::{Serialize, Serializer};

words! {
    /// Names what was checked.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
    #[serde(rename_all = "snake_case")]
    pub enum Check {
        /// A place where credentials may be.
        Credentials = "credentials",
        /// The access token.
        Token = "access token",
        /// Who may read the files.
        Permissions = "permissions",
        /// Whether this process's memory may be written to disk.
        CoreDumps = "core dumps",
        /// The cached instrument master.
        Instruments = "instruments",
        /// What the processes of the account share on this host.
        State = "state",
        /// The account's cool-offs after a 429 or an 805.
        CoolOff = "cool-off",
        /// The account's sockets, counted on this host.
        Places = "places",
        /// A stream that runs on this host.
        Stream = "streams",
        /// The REST server, and what it says about the account.
        Account = "account",
        /// A requested quote.
        Quote = "quote",
        /// A websocket endpoint.
        Endpoint = "endpoint",
        /// This host's clock.
        Clock = "clock",
        /// Whether a market is open.
        Market = "market",
    }
}

words! {
    /// Says how a check ended.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
    #[serde(rename_all = "lowercase")]
    pub enum State {
        /// It is in order.
        Ok = "ok",
        /// Nothing is broken, but the user should know.
        Warn = "warn",
        /// A stream would fail because of it, or has.
        Fail = "fail",
        /// It was not checked; the detail says why.
        Skipped = "skipped",
    }
}

/// Holds one finding: a record, and a line of the view. Every key is always present.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was checked.
    pub check: Check,
    /// The subject among several: an endpoint, a file, a variable.
    pub subject: Option<String>,
    /// The result.
    pub state: State,
    /// Its exit code; 0 unless it failed.
    #[serde(serialize_with = "code")]
    pub exit: Exit,
    /// The finding in words. Never holds a secret.
    pub detail: String,
    /// The finding in numbers.
    #[serde(flatten)]
    pub facts: Facts,
}

/// Holds a finding's numbers (and one word). `…_us` are microseconds: since the epoch for times, else a duration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// Process id of a stream.
    pub pid: Option<u32>,
    /// Number of instruments it streams.
    pub instruments: Option<u64>,
    /// Beginning of the stream.
    #[serde(rename = "since_us")]
    pub since: Option<Micros>,
    /// Number of places held.
    pub held: Option<u64>,
    /// Number of all places.
    pub limit: Option<u64>,
    /// End of a token or a cool-off.
    #[serde(rename = "until_us")]
    pub until: Option<Micros>,
    /// Consumer type of a token: `SELF`, `APP`.
    pub consumer_type: Option<String>,
    /// Duration of the name look-up.
    pub dns_us: Option<u64>,
    /// Duration of the TCP connection.
    pub tcp_us: Option<u64>,
    /// Duration of the proxy's tunnel.
    pub proxy_us: Option<u64>,
    /// Duration of the TLS handshake.
    pub tls_us: Option<u64>,
    /// Duration of the upgrade, or of the REST call.
    pub answer_us: Option<u64>,
    /// The HTTP status, if it was not the expected one.
    pub http_status: Option<u16>,
    /// How far this host's clock is ahead of the server's; negative if it is behind.
    pub ahead_us: Option<i64>,
    /// Number of rows of the instrument master.
    pub rows: Option<u64>,
    /// Its age.
    pub age_us: Option<i64>,
    /// Permissions of a file, in octal.
    pub mode: Option<String>,
}

fn code<S: Serializer>(exit: &Exit, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(exit.code())
}

impl Finding {
    fn new(check: Check, state: State, exit: Exit, detail: impl Into<String>) -> Finding {
        Finding { check, subject: None, state, exit, detail: detail.into(), facts: Facts::default() }
    }

    /// Creates a finding that is in order.
    pub fn ok(check: Check, detail: impl Into<String>) -> Finding {
        Finding::new(check, State::Ok, Exit::Done, detail)
    }

    /// Creates a finding that the user should know.
    pub fn warn(check: Check, detail: impl Into<String>) -> Finding {
        Finding::new(check, State::Warn, Exit::Done, detail)
    }

    /// Creates a failure, with the exit code of a stream that has it.
    pub fn fail(check: Check, exit: Exit, detail: impl Into<String>) -> Finding {
        Finding::new(check, State::Fail, exit, detail)
    }

    /// Creates a finding that was not checked, with the reason.
    pub fn skipped(check: Check, detail: impl Into<String>) -> Finding {
        Finding::new(check, State::Skipped, Exit::Done, detail)
    }

    /// Returns the finding with its subject.
    #[must_use]
    pub fn of(mut self, subject: impl Into<String>) -> Finding {
        self.subject = Some(subject.into());
        self
    }

    /// Returns the finding with numbers.
    #[must_use]
    pub fn with(mut self, facts: Facts) -> Finding {
        self.facts = facts;
        self
    }

    /// Returns the record as a line of NDJSON.
    pub fn line(&self) -> String {
        // Serializing strings and numbers cannot fail.
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }
}

/// Lists exit codes, worst first: what neither waiting nor the network cures precedes what may pass.
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

/// Returns the exit code of the worst finding; [`Exit::Done`] if nothing failed.
pub fn worst(findings: &[Finding]) -> Exit {
    let asks_for = |exit: &Exit| findings.iter().any(|finding| finding.exit == *exit);
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
