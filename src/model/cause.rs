//! Says why there is no connection. A [`Cause`] is made where the failure happens and is kept to the status record,
//! the gap record and the exit code. Its words are safe to print: they hold no secret and no control character.

use super::disconnect::DisconnectReason;
use super::exit::Exit;
use super::time::words;
use crate::model::Micros;
use std::fmt;
use std::io;
use std::time::Duration;

/// Says why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// No connection could be made.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The connection ended without a disconnect packet.
    #[error(transparent)]
    Ended(#[from] Ended),
    /// The server ended the connection with a disconnect packet.
    #[error("disconnected by the server, {0}")]
    Disconnect(DisconnectReason),
    /// No byte came for this long, so that the connection counts as dead.
    #[error("nothing came for {}", words(*.0))]
    Silent(Duration),
    /// No instrument sent a packet for this long in market hours, although the server answers.
    #[error("connected, but everything that had been ticking has been silent for {} in market hours", words(*.0))]
    Stale(Duration),
    /// No usable credentials were found.
    #[error(transparent)]
    Credentials(#[from] CredentialProblem),
    /// The account's profile says that the token is no longer valid.
    #[error(
        "the access token is dead, as the account's profile says: make another one (dhan token save or dhan token ensure)"
    )]
    TokenDead,
    /// The account's profile says that the data plan is not active.
    #[error("the account's Data API plan is not active, as its profile says: renew it on web.dhan.co")]
    PlanInactive,
    /// This host already holds as many sockets as the account may have; the text names the processes.
    #[error("{0}")]
    NoPlace(String),
    /// The account's connect budget is used up.
    #[error(
        "the account's connect budget is used up (10 attempts in a burst, then 10 a minute, over all programs of this host)"
    )]
    Budget {
        /// Time until the next attempt is allowed.
        wait: Duration,
    },
    /// The account is in a cool-off, as the state on disk says.
    #[error("cooling off: {}", kind.words())]
    CoolingOff {
        /// What the server reported.
        kind: CoolOffKind,
        /// Number of earlier cool-offs in a row; the first is 0.
        step: u32,
        /// Time until the cool-off ends.
        wait: Duration,
    },
}

impl Cause {
    /// Returns the server's code: of a disconnect packet, a close frame or an HTTP answer.
    pub fn code(&self) -> Option<u16> {
        match self {
            Cause::Disconnect(reason) => Some(reason.0),
            Cause::Ended(Ended::CloseFrame { code, .. }) => Some(*code),
            Cause::Connect(ConnectError { class: ConnectClass::Http { status, .. }, .. }) => Some(*status),
            _ => None,
        }
    }

    /// Returns whether the attempt reached the server; only such attempts count against the connect budget.
    pub fn reached_server(&self) -> bool {
        match self {
            Cause::Connect(error) => error.class.reached_server(),
            Cause::Ended(_) | Cause::Disconnect(_) | Cause::Silent(_) | Cause::Stale(_) => true,
            _ => false,
        }
    }
}

/// Describes why no connection was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectError {
    /// The kind of failure, which decides how to go on.
    pub class: ConnectClass,
    /// Host, phase and cause for people.
    pub detail: String,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for ConnectError {}

/// Names the phase in which an attempt to connect failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConnectPhase {
    /// Name resolution.
    Dns,
    /// The TCP connection.
    Tcp,
    /// The request to the proxy for a tunnel.
    Proxy,
    /// The TLS handshake.
    Tls,
    /// The websocket upgrade.
    Upgrade,
}

impl ConnectPhase {
    /// Returns the phase in words.
    pub const fn word(self) -> &'static str {
        match self {
            ConnectPhase::Dns => "looking the name up",
            ConnectPhase::Tcp => "opening the TCP connection",
            ConnectPhase::Proxy => "asking the proxy for a tunnel",
            ConnectPhase::Tls => "the TLS handshake",
            ConnectPhase::Upgrade => "the websocket upgrade",
        }
    }
}

/// Says what is wrong with the server's certificate or its TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TlsKind {
    /// The certificate has expired (or this host's clock is ahead).
    Expired {
        /// End of its validity, if known.
        not_after: Option<Micros>,
    },
    /// The certificate is not valid yet (or this host's clock is behind).
    NotYetValid,
    /// The certificate is for another host.
    WrongHost,
    /// No trusted authority has signed the certificate.
    UnknownCa,
    /// This host has no root certificates.
    NoRoots,
    /// Any other refusal of the certificate.
    OtherCertificate,
    /// The peer does not speak TLS, or only an old version of it; trust is not the problem.
    Protocol,
}

impl TlsKind {
    /// Returns whether the certificate cannot be trusted (exit 8 after three tries), as opposed to a fault of the
    /// peer.
    pub const fn is_trust(self) -> bool {
        !matches!(self, TlsKind::Protocol)
    }
}

/// Classifies a failed attempt to connect; the class decides how to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectClass {
    /// The name cannot be resolved.
    Dns,
    /// Nothing listens at the address.
    Refused,
    /// No route to the host or network.
    Unreachable,
    /// The attempt, all phases together, took longer than its limit.
    Timeout(ConnectPhase),
    /// The peer closed or reset the connection before the upgrade was complete.
    Reset(ConnectPhase),
    /// This process or host has no file descriptor left.
    NoDescriptors,
    /// Any other failure of the operating system.
    Io(io::ErrorKind),
    /// The address is unencrypted and is not this host.
    NotLoopback,
    /// TLS failed.
    Tls(TlsKind),
    /// The server answered the upgrade with another status than 101.
    Http {
        /// The status, e.g. 429.
        status: u16,
        /// The delay that `Retry-After` names, if it is present and readable.
        retry_after: Option<Duration>,
        /// The host of a redirect, which is never followed.
        redirect_host: Option<String>,
    },
    /// The server answered something that is not a websocket upgrade.
    NotWebsocket,
    /// The proxy refused, or its answer was no HTTP.
    Proxy {
        /// The proxy's HTTP status, if it sent one.
        status: Option<u16>,
    },
}

impl ConnectClass {
    fn reached_server(&self) -> bool {
        match self {
            ConnectClass::Tls(_) | ConnectClass::Http { .. } | ConnectClass::NotWebsocket => true,
            ConnectClass::Timeout(phase) | ConnectClass::Reset(phase) => {
                matches!(phase, ConnectPhase::Tls | ConnectPhase::Upgrade)
            }
            ConnectClass::Dns
            | ConnectClass::Refused
            | ConnectClass::Unreachable
            | ConnectClass::NoDescriptors
            | ConnectClass::Io(_)
            | ConnectClass::NotLoopback
            | ConnectClass::Proxy { .. } => false,
        }
    }
}

/// Says how a connection ended, other than by a disconnect packet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// The server sent a close frame.
    #[error("closed by the server, {}", close_words(*code, reason))]
    CloseFrame {
        /// The close code as it came; 1005 if the frame had none.
        code: u16,
        /// The close reason: masked, without control characters, at most 123 bytes.
        reason: String,
    },
    /// The server ended the connection without a close frame.
    #[error("the server hung up")]
    Eof,
    /// The connection was reset.
    #[error("connection reset")]
    Reset,
    /// The server broke the websocket protocol.
    #[error("the server broke the websocket protocol: {detail}")]
    Protocol {
        /// What it violated.
        detail: &'static str,
    },
    /// The server sent a message or frame larger than 4 MiB.
    #[error("the server sent a message of more than 4 MiB")]
    TooLarge,
    /// More than 1 MiB waits to be sent.
    #[error("the server does not read what it is sent")]
    WriteStuck,
    /// The socket failed in another way.
    #[error("the connection failed: {0}")]
    Io(io::ErrorKind),
}

fn close_words(code: u16, reason: &str) -> String {
    let known = match code {
        1000 => "normal",
        1001 => "going away",
        1002 => "protocol error",
        1003 => "unsupported data",
        1005 => "no code",
        1007 => "invalid data",
        1008 => "policy violation",
        1009 => "message too big",
        1010 => "missing extension",
        1011 => "server error",
        1012 => "restarting",
        1013 => "try again later",
        1014 => "bad gateway",
        _ => "",
    };
    match (known, reason) {
        ("", "") => format!("{code}"),
        (known, "") => format!("{code} ({known})"),
        (_, reason) => format!("{code}: {reason}"),
    }
}

/// Describes what is wrong with the credentials that were read; the text names the place, never the content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct CredentialProblem {
    /// Exit code if no better credentials come.
    pub exit: Exit,
    /// Whether waiting can help: a file or a command may change, the environment cannot.
    pub can_change: bool,
    /// The place and the problem, for people.
    pub words: String,
}

impl CredentialProblem {
    /// Creates the problem of credentials that the server refused; others may come.
    pub fn refused(words: String) -> CredentialProblem {
        CredentialProblem { exit: Exit::Credentials, can_change: true, words }
    }
}

/// Says why the whole account must not connect for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CoolOffKind {
    /// HTTP 429.
    Throttled,
    /// Reason 805: thrown out for another socket, or too many requests.
    Displaced,
}

impl CoolOffKind {
    /// Lists both kinds.
    pub const ALL: [CoolOffKind; 2] = [CoolOffKind::Throttled, CoolOffKind::Displaced];

    /// Returns what the server reported, in words.
    pub const fn words(self) -> &'static str {
        match self {
            CoolOffKind::Throttled => "the server said 429, too many requests",
            CoolOffKind::Displaced => "the server said 805, too many connections",
        }
    }
}
