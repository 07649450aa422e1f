//! What each failure means, as one table.

use crate::model::{Cause, ConnectClass, ConnectError, CoolOffKind, DisconnectClass, DisconnectReason, Ended, Exit};
use std::time::Duration;

/// The ladder of cool-offs after HTTP 429.
pub const THROTTLED: [Duration; 4] =
    [Duration::from_secs(60), Duration::from_secs(120), Duration::from_secs(240), Duration::from_secs(300)];
/// The waits after what would have ended a run that was never live: of one that was, it is the server's fault.
pub const SERVER_FAULT: [Duration; 4] = THROTTLED;
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
    /// Ask the account's profile first: if it says that token and plan are fine, it is a fault of the server's.
    AskAccount,
    /// Again, after 60, 120, 240 and then 300 s: the server accepted this very request earlier in the run.
    ServerFault,
    /// No attempt could be better.
    Fatal(Exit),
}

/// The table. `live`: this run has been live, so its request, its token and its plan have been good.
pub fn verdict(cause: &Cause, live: bool) -> Verdict {
    match cause {
        Cause::Connect(error) => connect(error, live),
        Cause::Disconnect(reason) => disconnect(*reason, live),
        Cause::Ended(ended) => closed(ended),
        Cause::Silent(_) | Cause::Stale(_) => Verdict::Retry,
        Cause::Credentials(_) => Verdict::AwaitCredentials,
        Cause::TokenDead => Verdict::Credentials,
        Cause::PlanInactive => Verdict::Fatal(Exit::Account),
        Cause::NoPlace(_) => Verdict::Fatal(Exit::NoPlace),
        Cause::Budget { wait } | Cause::CoolingOff { wait, .. } => Verdict::Wait(*wait),
    }
}

fn refused(live: bool) -> Verdict {
    if live { Verdict::ServerFault } else { Verdict::Fatal(Exit::Refused) }
}

fn connect(error: &ConnectError, live: bool) -> Verdict {
    match &error.class {
        ConnectClass::Http { status, retry_after, .. } => match (status, retry_after) {
            (429, asked) => Verdict::CoolOff(CoolOffKind::Throttled, *asked),
            (401 | 403, _) if live => Verdict::AskAccount,
            (401 | 403, _) => Verdict::Credentials,
            (300..=399 | 400 | 404 | 405 | 410, _) => refused(live),
            // Honoured, but never for so long that an outage ends unnoticed.
            (503, Some(asked)) => {
                let floor = (*asked).min(Duration::from_secs(120));
                Verdict::RetrySlow(floor, floor + Duration::from_secs(1))
            }
            (0..=299, _) => Verdict::Foreign,
            _ => Verdict::Retry,
        },
        ConnectClass::Tls(kind) if kind.is_trust() => Verdict::Untrusted,
        ConnectClass::Tls(_) | ConnectClass::NotWebsocket => Verdict::Foreign,
        ConnectClass::NotLoopback => Verdict::Fatal(Exit::Usage),
        ConnectClass::Dns
        | ConnectClass::Refused
        | ConnectClass::Unreachable
        | ConnectClass::Timeout(_)
        | ConnectClass::Reset(_)
        | ConnectClass::NoDescriptors
        | ConnectClass::Io(_)
        | ConnectClass::Proxy { .. } => Verdict::Retry,
    }
}

fn disconnect(reason: DisconnectReason, live: bool) -> Verdict {
    match reason.class() {
        DisconnectClass::Limit => Verdict::CoolOff(CoolOffKind::Displaced, None),
        DisconnectClass::Plan if live => Verdict::AskAccount,
        DisconnectClass::Plan | DisconnectClass::Account => Verdict::Fatal(Exit::Account),
        DisconnectClass::Credentials => Verdict::Credentials,
        DisconnectClass::Request => Verdict::Fatal(Exit::Refused),
        DisconnectClass::Transient => Verdict::Retry,
    }
}

fn closed(ended: &Ended) -> Verdict {
    match ended {
        Ended::Protocol { .. } | Ended::TooLarge => Verdict::Foreign,
        Ended::Eof | Ended::Reset | Ended::WriteStuck | Ended::Io(_) => Verdict::Retry,
        Ended::CloseFrame { code, .. } => match code {
            // The server says that we break the protocol, or breaks it.
            1002 | 1003 | 1007 | 1009 | 1010 => Verdict::Foreign,
            1008 => Verdict::Probe,
            // Restarting, and overloaded.
            1012 => Verdict::RetrySlow(Duration::from_secs(1), Duration::from_secs(5)),
            1013 => Verdict::RetrySlow(Duration::from_secs(30), Duration::from_secs(33)),
            _ => Verdict::Retry,
        },
    }
}

/// Returns the exit code of a run that ends while this is why it has no connection.
pub fn exit(cause: &Cause, live: bool) -> Exit {
    if let Cause::Credentials(problem) = cause {
        return problem.exit;
    }
    if let Cause::CoolingOff { kind: CoolOffKind::Displaced, .. } = cause {
        return Exit::NoPlace;
    }
    match verdict(cause, live) {
        Verdict::Fatal(exit) => exit,
        Verdict::Credentials | Verdict::AwaitCredentials => Exit::Credentials,
        Verdict::Untrusted => Exit::Certificate,
        Verdict::Foreign => Exit::Protocol,
        Verdict::CoolOff(CoolOffKind::Displaced, _) => Exit::NoPlace,
        Verdict::Retry
        | Verdict::RetrySlow(..)
        | Verdict::Probe
        | Verdict::CoolOff(CoolOffKind::Throttled, _)
        | Verdict::Wait(_)
        | Verdict::AskAccount
        | Verdict::ServerFault => Exit::Network,
    }
}

/// Returns the wait after the `step`th fault of the server's in a row, from 0.
pub fn server_fault(step: u32) -> Duration {
    let step = usize::try_from(step).unwrap_or(usize::MAX).min(SERVER_FAULT.len() - 1);
    SERVER_FAULT[step]
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
