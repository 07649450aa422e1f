//! What a session is told.

use super::requests::Subscription;
use crate::model::InstrumentKey;
use crate::protocol::DisconnectReason;
use std::fmt;
use std::time::Duration;

/// Tells credentials apart without holding them: a keyed hash made by the driver, of no use outside this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub u64);

/// Something that happened. Inputs that do not fit the state they meet are ignored: a late answer never does harm.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Begin.
    Start,
    /// Answer to [`Action::ReadCredentials`](super::Action::ReadCredentials).
    CredentialsRead(Result<Fingerprint, CredentialProblem>),
    /// Another session of this run saw these refused: they are not sent from here either.
    CredentialsRefused(Fingerprint),
    /// Answer to [`Action::Connect`](super::Action::Connect): the upgrade was accepted.
    Connected,
    /// Answer to [`Action::Connect`](super::Action::Connect): it was not, or was not even tried.
    ConnectFailed(ConnectFailure),
    /// Bytes came, of whatever kind (the server's pings too).
    Traffic,
    /// The server answered a ping of ours.
    Pong,
    /// Valid data packets came (orders: messages), `packets` of them.
    Data {
        /// How many.
        packets: u32,
    },
    /// The server's disconnect packet.
    ServerDisconnect(DisconnectReason),
    /// The connection is gone, however it went.
    Closed(Close),
    /// Answer to [`Action::Probe`](super::Action::Probe).
    Probed(ProbeResult),
    /// These are wanted from now on.
    Subscribe(Vec<Subscription>),
    /// These no longer are. Without a mode: the instrument in all its modes.
    Unsubscribe(Vec<Subscription>),
    /// A packet came of an instrument that is no longer subscribed (see [`Session::leaving`](super::Session::leaving)).
    Unwanted(InstrumentKey),
    /// Answer to [`Action::FetchOrders`](super::Action::FetchOrders): the order book is here.
    SnapshotFetched,
    /// Answer to [`Action::FetchOrders`](super::Action::FetchOrders): it is not; the words say why.
    SnapshotFailed(String),
    /// Time has passed: [`Session::deadline`](super::Session::deadline) was reached.
    Tick,
    /// End: by signal, count, time or command.
    Stop,
}

/// Why no connection came to be. Words in it are for people and hold no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectFailure {
    /// Name look-up, TCP, a reset or silence while connecting.
    Network(String),
    /// A proxy that refuses, or talks nonsense.
    Proxy(String),
    /// The certificate cannot be trusted.
    Untrusted(String),
    /// An answer by HTTP that was not the upgrade.
    Http {
        /// The status.
        status: u16,
        /// `Retry-After`, where it could be read.
        retry_after: Option<Duration>,
    },
    /// Sent elsewhere; the words name the host. Never followed.
    Redirect(String),
    /// Neither TLS nor HTTP nor the websocket protocol, or a wrong way of it.
    Protocol(String),
    /// There was nothing that could be sent.
    Credentials(CredentialProblem),
    /// This host holds as many sockets as the account has; the words name the holders.
    NoPlace(String),
    /// The account's connect budget is used up for so long.
    Budget {
        /// Until there is one again.
        wait: Duration,
    },
    /// The account is cooling off for so long, as the state on disk says.
    CoolingOff {
        /// Why.
        kind: CoolOffKind,
        /// How often running, from 0.
        step: u32,
        /// Until it is over.
        wait: Duration,
    },
}

/// What is wrong with the credentials that were read; the words name the place, never the content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialProblem {
    /// Which trouble.
    pub kind: CredentialTrouble,
    /// Where and what, for people.
    pub words: String,
}

/// What can be wrong with credentials before they are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialTrouble {
    /// There are none, or their source cannot be read.
    Missing,
    /// Empty, half-written, with white space inside.
    Malformed,
    /// The token's own expiry has passed.
    Expired,
    /// There are none, and waiting cannot bring any: nothing that is read again names the missing part.
    Nowhere,
    /// The token was made for another client id than the one that is configured.
    OtherAccount,
}

/// How a connection ended, other than by a disconnect packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Close {
    /// By a close frame.
    Frame {
        /// Its code, if it had one.
        code: Option<u16>,
        /// Its reason, cleaned for printing.
        reason: String,
    },
    /// The server's side ended without a close frame.
    Eof,
    /// The connection was reset.
    Reset,
    /// The server broke the websocket protocol, or sent more than the limits allow.
    Protocol(String),
    /// The network failed in another way.
    Network(String),
}

/// What `GET /profile` told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProbeResult {
    /// The token is dead.
    TokenDead,
    /// The token lives, the data plan is not active.
    PlanInactive,
    /// Nothing is wrong with the account: it is the network, or the server.
    Fine,
    /// It could not be told.
    Unknown,
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

    /// Why, in words.
    pub const fn words(self) -> &'static str {
        match self {
            CoolOffKind::Throttled => "the server said 429, too many requests",
            CoolOffKind::Displaced => "the server said 805, too many connections",
        }
    }
}

impl fmt::Display for ConnectFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnectFailure::Network(words)
            | ConnectFailure::Proxy(words)
            | ConnectFailure::Untrusted(words)
            | ConnectFailure::Protocol(words)
            | ConnectFailure::NoPlace(words) => f.write_str(words),
            ConnectFailure::Http { status, .. } => {
                write!(f, "the server answered HTTP {status}")?;
                f.write_str(match status {
                    200..=299 => ", which is no websocket (a login page of the network?)",
                    400 | 404 => ": it refuses the request; is the address right?",
                    401 | 403 => ": it refuses the access token or the client id; make a new token on web.dhan.co",
                    429 => ", too many connections in a short time",
                    _ => "",
                })
            }
            ConnectFailure::Redirect(host) => write!(f, "the server redirects to {host}; redirects are never followed"),
            ConnectFailure::Credentials(problem) => f.write_str(&problem.words),
            ConnectFailure::Budget { wait } => {
                write!(f, "the account's connect budget is used up for {}", super::time::words(*wait))
            }
            ConnectFailure::CoolingOff { kind, wait, .. } => {
                write!(f, "cooling off for {} more: {}", super::time::words(*wait), kind.words())
            }
        }
    }
}

impl fmt::Display for Close {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Close::Frame { code: Some(code), reason } if reason.is_empty() => write!(f, "closed by the server, {code}"),
            Close::Frame { code: Some(code), reason } => write!(f, "closed by the server, {code}: {reason}"),
            Close::Frame { code: None, .. } => f.write_str("closed by the server"),
            Close::Eof => f.write_str("the server hung up"),
            Close::Reset => f.write_str("connection reset"),
            Close::Protocol(words) | Close::Network(words) => f.write_str(words),
        }
    }
}
