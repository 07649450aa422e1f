//! Says what each failure means, as one table.

use crate::model::{Cause, ConnectClass, ConnectError, CoolOffKind, DisconnectClass, DisconnectReason, Ended, Exit};
use std::time::Duration;

/// Durations of consecutive cool-offs after HTTP 429.
pub const THROTTLED: [Duration; 4] =
    [Duration::from_secs(60), Duration::from_secs(120), Duration::from_secs(240), Duration::from_secs(300)];
/// Delays after a failure that would have ended a run that was never live; in a live run it is the server's fault.
pub const SERVER_FAULT: [Duration; 4] = THROTTLED;
/// Duration of the cool-off after 805.
pub const DISPLACED: Duration = Duration::from_secs(60);
/// Longest `Retry-After` that is honoured, and so the longest cool-off. If a server demands a day in a header, it is
/// tried again once after a quarter of an hour.
pub const LONGEST_COOL_OFF: Duration = Duration::from_secs(900);
/// Number of 805 …
pub const DISPLACED_LIMIT: usize = 3;
/// … within this time from which another program is known to use the account's places.
pub const DISPLACED_WINDOW: Duration = Duration::from_secs(900);
/// Number of attempts with an untrusted certificate: a clock may not be set yet, or a captive portal may answer.
pub const UNTRUSTED_TRIES: u32 = 3;
/// Number of attempts with a server that speaks another protocol.
pub const FOREIGN_TRIES: u32 = 5;
/// Time for which a server must speak another protocol if it was right earlier in the run: a captive portal during
/// the day must not end the recording of the day.
pub const FOREIGN_DURATION: Duration = Duration::from_secs(600);

/// Says how to go on after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Retry after the usual delay.
    Retry,
    /// Retry after the usual delay, but not before the first duration plus a random part of the second.
    RetrySlow(Duration, Duration),
    /// Get other credentials; these are never sent again.
    Credentials,
    /// Wait for credentials: there are none that could be sent.
    AwaitCredentials,
    /// Request the account's profile: the credentials, the data plan or the network may be at fault.
    Probe,
    /// Start a cool-off of the whole account.
    CoolOff(CoolOffKind, Option<Duration>),
    /// Wait: the account is in a cool-off or out of budget already.
    Wait(Duration),
    /// Retry a limited number of times: the certificate is untrusted.
    Untrusted,
    /// Retry a limited number of times: the server speaks another protocol.
    Foreign,
    /// Request the account's profile first: if token and plan are fine, the server is at fault.
    AskAccount,
    /// Retry after 60, 120, 240 and then 300 s: the server accepted the same request earlier in the run.
    ServerFault,
    /// End the run: no attempt can succeed.
    Fatal(Exit),
}

/// Returns how to go on. `live`: the run has been live, so its request, token and plan were good.
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
            (429, requested) => Verdict::CoolOff(CoolOffKind::Throttled, *requested),
            (401 | 403, _) if live => Verdict::AskAccount,
            (401 | 403, _) => Verdict::Credentials,
            (300..=399 | 400 | 404 | 405 | 410, _) => refused(live),
            // Honoured, but not for so long that the end of an outage is missed.
            (503, Some(requested)) => {
                let floor = (*requested).min(Duration::from_secs(120));
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
            // The server reports that we broke the protocol, or breaks it itself.
            1002 | 1003 | 1007 | 1009 | 1010 => Verdict::Foreign,
            1008 => Verdict::Probe,
            // 1012: the server restarts. 1013: it is overloaded.
            1012 => Verdict::RetrySlow(Duration::from_secs(1), Duration::from_secs(5)),
            1013 => Verdict::RetrySlow(Duration::from_secs(30), Duration::from_secs(33)),
            _ => Verdict::Retry,
        },
    }
}

/// Returns the exit code of a run that ends while this cause keeps it disconnected.
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

/// Returns the delay after the `step`th server fault in a row, from 0.
pub fn server_fault(step: u32) -> Duration {
    let step = usize::try_from(step).unwrap_or(usize::MAX).min(SERVER_FAULT.len() - 1);
    SERVER_FAULT[step]
}

/// Returns the duration of a cool-off: the longer of the server's demand and 60 s, then 120, 240 and 300 s. `step`
/// counts the cool-offs in a row from 0. Never longer than [`LONGEST_COOL_OFF`].
pub fn cool_off(kind: CoolOffKind, step: u32, requested: Option<Duration>) -> Duration {
    match kind {
        CoolOffKind::Displaced => DISPLACED,
        CoolOffKind::Throttled => {
            let step = usize::try_from(step).unwrap_or(usize::MAX).min(THROTTLED.len() - 1);
            THROTTLED[step].max(requested.unwrap_or_default()).min(LONGEST_COOL_OFF)
        }
    }
}
