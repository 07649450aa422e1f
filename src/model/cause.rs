//! Why there is no connection. A [`Cause`] is made where it happens and kept to the status record, the gap record and
//! the exit code. Every word in it is safe to print: it holds no secret and no control character.

use super::disconnect::DisconnectReason;
use super::exit::Exit;
use super::time::words;
use std::fmt;
use std::io;
use std::time::Duration;

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// No connection was made.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The connection ended without a disconnect packet.
    #[error(transparent)]
    Ended(#[from] Ended),
    /// The server ended the connection with a disconnect packet.
    #[error("disconnected by the server, {0}")]
    Disconnect(DisconnectReason),
    /// No byte came for so long that the connection is taken for dead.
    #[error("nothing came for {}", words(*.0))]
    Silent(Duration),
    /// Every instrument fell silent in market hours, although the server answers.
    #[error("connected, but everything that had been ticking has been silent for {} in market hours", words(*.0))]
    Stale(Duration),
    /// There are no credentials that could be sent.
    #[error(transparent)]
    Credentials(#[from] CredentialProblem),
    /// The account's profile says that the token is dead.
    #[error("the access token is dead, as the account's profile says")]
    TokenDead,
    /// The account's profile says that the data plan is not active.
    #[error("the account's Data API plan is not active, as its profile says: renew it on web.dhan.co")]
    PlanInactive,
    /// This host holds as many sockets as the account has; the words name the holders.
    #[error("{0}")]
    NoPlace(String),
    /// The account's connect budget is used up.
    #[error(
        "the account's connect budget is used up (10 attempts in a burst, then 10 a minute, over all programs of this host)"
    )]
    Budget {
        /// The time until there is an attempt again.
        wait: Duration,
    },
    /// The account is cooling off, as the state on disk says.
    #[error("cooling off: {}", kind.words())]
    CoolingOff {
        /// What the server said.
        kind: CoolOffKind,
        /// The number of cool-offs in a row, from 0.
        step: u32,
        /// The time until it is over.
        wait: Duration,
    },
}

impl Cause {
    /// Returns the server's code: of a disconnect packet, a close frame, or HTTP.
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

/// Why no connection was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectError {
    /// What decides how to go on.
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

/// How far an attempt got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Looking the name up.
    Dns,
    /// Opening the TCP connection.
    Tcp,
    /// Asking the proxy for a tunnel.
    Proxy,
    /// The TLS handshake.
    Tls,
    /// The websocket upgrade.
    Upgrade,
}

impl Phase {
    /// Returns the phase in words.
    pub const fn word(self) -> &'static str {
        match self {
            Phase::Dns => "looking the name up",
            Phase::Tcp => "opening the TCP connection",
            Phase::Proxy => "asking the proxy for a tunnel",
            Phase::Tls => "the TLS handshake",
            Phase::Upgrade => "the websocket upgrade",
        }
    }
}

/// What is wrong with the server's certificate or its TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TlsKind {
    /// The certificate has expired (or this host's clock is ahead).
    Expired {
        /// The last second it was valid, µs since the epoch, where it is known.
        not_after_us: Option<i64>,
    },
    /// The certificate is not valid yet (or this host's clock is behind).
    NotYetValid,
    /// The certificate is for another host.
    WrongHost,
    /// Nobody we trust has signed it.
    UnknownCa,
    /// This host has no root certificates at all.
    NoRoots,
    /// Any other refusal of the certificate.
    OtherCertificate,
    /// The peer does not speak TLS, or none that is new enough; not a matter of trust.
    Protocol,
}

impl TlsKind {
    /// Returns whether the certificate cannot be trusted (exit 8 after three tries); otherwise the peer is at fault.
    pub const fn is_trust(self) -> bool {
        !matches!(self, TlsKind::Protocol)
    }
}

/// The kind of a failed attempt; it decides how to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectClass {
    /// The name cannot be resolved.
    Dns,
    /// Nobody listens there.
    Refused,
    /// No route to the host or network.
    Unreachable,
    /// Not done in the time it is given, all phases together.
    Timeout(Phase),
    /// The peer closed or reset the connection before the upgrade was complete.
    Reset(Phase),
    /// This process or host has no file descriptor left.
    NoDescriptors,
    /// Any other failure of the operating system.
    Io(io::ErrorKind),
    /// An unencrypted address that is not this host.
    NotLoopback,
    /// TLS.
    Tls(TlsKind),
    /// The server answered the upgrade with another status than 101.
    Http {
        /// The status, e.g. 429.
        status: u16,
        /// What `Retry-After` asks for, where it is there and can be read.
        retry_after: Option<Duration>,
        /// The host a redirect points to. It is never followed.
        redirect_host: Option<String>,
    },
    /// The server answered something that is not a websocket upgrade.
    NotWebsocket,
    /// The proxy refused, or answered nonsense.
    Proxy {
        /// Its status, where there was one.
        status: Option<u16>,
    },
}

impl ConnectClass {
    fn reached_server(&self) -> bool {
        match self {
            ConnectClass::Tls(_) | ConnectClass::Http { .. } | ConnectClass::NotWebsocket => true,
            ConnectClass::Timeout(phase) | ConnectClass::Reset(phase) => matches!(phase, Phase::Tls | Phase::Upgrade),
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

/// How a connection ended, other than by a disconnect packet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// The server sent a close frame.
    #[error("closed by the server, {}", close_words(*code, reason))]
    CloseFrame {
        /// Its code as it came; 1005 where it had none.
        code: u16,
        /// Its reason, masked, without control characters, at most 123 bytes.
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
        /// How.
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

/// What is wrong with the credentials that were read; the words name the place, never the content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct CredentialProblem {
    /// The exit code when no better ones come.
    pub exit: Exit,
    /// Whether waiting can help: a file or a command may say something else later, the environment cannot.
    pub can_change: bool,
    /// Where and what, for people.
    pub words: String,
}

/// Why the account as a whole must not connect for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CoolOffKind {
    /// HTTP 429.
    Throttled,
    /// Reason 805: thrown out for another socket, or too many requests.
    Displaced,
}

impl CoolOffKind {
    /// Both.
    pub const ALL: [CoolOffKind; 2] = [CoolOffKind::Throttled, CoolOffKind::Displaced];

    /// Returns what the server said.
    pub const fn words(self) -> &'static str {
        match self {
            CoolOffKind::Throttled => "the server said 429, too many requests",
            CoolOffKind::Displaced => "the server said 805, too many connections",
        }
    }
}
