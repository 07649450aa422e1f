//! What each failure means, as one table.

use super::input::{Close, ConnectFailure, CoolOffKind};
use crate::model::exit::Exit;
use crate::protocol::DisconnectReason;
use std::fmt;
use std::time::Duration;

/// The ladder of cool-offs after HTTP 429.
pub const THROTTLED: [Duration; 4] =
    [Duration::from_secs(60), Duration::from_secs(120), Duration::from_secs(240), Duration::from_secs(300)];
/// The cool-off after 805.
pub const DISPLACED: Duration = Duration::from_secs(60);
/// The longest `Retry-After` that is believed, and so the longest cool-off there is. A server that asks for a day
/// would silence a whole session over a header; after a quarter of an hour it is asked again, politely, once.
pub const LONGEST_COOL_OFF: Duration = Duration::from_secs(900);
/// 805 this often …
pub const DISPLACED_LIMIT: usize = 3;
/// … within this time means that somebody else keeps using the account's places.
pub const DISPLACED_WINDOW: Duration = Duration::from_secs(900);
/// Attempts that an untrusted certificate gets: it may be a clock that is not set yet, or a portal.
pub const UNTRUSTED_TRIES: u32 = 3;
/// Attempts that a server gets which speaks something else.
pub const FOREIGN_TRIES: u32 = 5;
/// How long it must keep that up when it has spoken properly earlier in the run: a captive portal in the middle of
/// the day must not end the recording of the day.
pub const FOREIGN_PATIENCE: Duration = Duration::from_secs(600);

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// None came to be.
    Connect(ConnectFailure),
    /// The server ended it with a reason.
    Disconnect(DisconnectReason),
    /// It ended otherwise.
    Closed(Close),
}

/// What a failure means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Again, after the usual delay.
    Retry,
    /// Again, after the usual delay but not before this and (if the delay is shorter) at a moment up to the second.
    RetrySlow(Duration, Duration),
    /// Other credentials are needed: these are never sent again.
    Credentials,
    /// There are no credentials that could be sent: wait for some.
    AwaitCredentials,
    /// It may be the credentials, the data plan or the network: ask the account.
    Probe,
    /// The whole account rests.
    CoolOff(CoolOffKind, Option<Duration>),
    /// The account is told to wait already.
    Wait(Duration),
    /// Again, but an untrusted certificate only so often.
    Untrusted,
    /// Again, but a server that speaks something else only so often.
    Foreign,
    /// No attempt could be better.
    Fatal(Exit),
}

/// The table.
pub fn verdict(failure: &Failure) -> Verdict {
    match failure {
        Failure::Connect(failure) => connect(failure),
        Failure::Disconnect(reason) => disconnect(*reason),
        Failure::Closed(close) => closed(close),
    }
}

fn connect(failure: &ConnectFailure) -> Verdict {
    match failure {
        ConnectFailure::Network(_) | ConnectFailure::Proxy(_) => Verdict::Retry,
        ConnectFailure::Untrusted(_) => Verdict::Untrusted,
        ConnectFailure::Http { status, retry_after } => match (status, retry_after) {
            (429, asked) => Verdict::CoolOff(CoolOffKind::Throttled, *asked),
            (401 | 403, _) => Verdict::Credentials,
            (400 | 404 | 405 | 410, _) => Verdict::Fatal(Exit::Refused),
            (300..=399, _) => Verdict::Fatal(Exit::Refused),
            // Honoured, but never for so long that an outage ends unnoticed.
            (503, Some(asked)) => {
                let floor = (*asked).min(Duration::from_secs(120));
                Verdict::RetrySlow(floor, floor + Duration::from_secs(1))
            }
            (0..=299, _) => Verdict::Foreign,
            _ => Verdict::Retry,
        },
        ConnectFailure::Redirect(_) => Verdict::Fatal(Exit::Refused),
        ConnectFailure::Protocol(_) => Verdict::Foreign,
        ConnectFailure::Credentials(_) => Verdict::AwaitCredentials,
        ConnectFailure::NoPlace(_) => Verdict::Fatal(Exit::NoPlace),
        ConnectFailure::Budget { wait } | ConnectFailure::CoolingOff { wait, .. } => Verdict::Wait(*wait),
    }
}

fn disconnect(reason: DisconnectReason) -> Verdict {
    match reason.0 {
        805 => Verdict::CoolOff(CoolOffKind::Displaced, None),
        806 | 810 => Verdict::Fatal(Exit::Account),
        807..=809 => Verdict::Credentials,
        804 | 811..=814 => Verdict::Fatal(Exit::Refused),
        _ => Verdict::Retry,
    }
}

fn closed(close: &Close) -> Verdict {
    let Close::Frame { code, .. } = close else {
        return match close {
            Close::Protocol(_) => Verdict::Foreign,
            _ => Verdict::Retry,
        };
    };
    match code {
        // Breaking the protocol, or saying that we do.
        Some(1002 | 1003 | 1007 | 1009 | 1010) => Verdict::Foreign,
        Some(1008) => Verdict::Probe,
        // Restarting, and overloaded.
        Some(1012) => Verdict::RetrySlow(Duration::from_secs(1), Duration::from_secs(5)),
        Some(1013) => Verdict::RetrySlow(Duration::from_secs(30), Duration::from_secs(33)),
        _ => Verdict::Retry,
    }
}

/// How long the account rests: the longer of what the server asks and 60 s, then 120, 240 and 300 s; `step` counts the
/// cool-offs in a row from 0. Never longer than [`LONGEST_COOL_OFF`].
pub fn cool_off(kind: CoolOffKind, step: u32, asked: Option<Duration>) -> Duration {
    match kind {
        CoolOffKind::Displaced => DISPLACED,
        CoolOffKind::Throttled => {
            let step = usize::try_from(step).unwrap_or(usize::MAX).min(THROTTLED.len() - 1);
            THROTTLED[step].max(asked.unwrap_or_default()).min(LONGEST_COOL_OFF)
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Connect(failure) => failure.fmt(f),
            Failure::Disconnect(reason) => write!(f, "disconnected by the server, {reason}"),
            Failure::Closed(close) => close.fmt(f),
        }
    }
}
