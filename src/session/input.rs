//! What a session is told.

use super::requests::Subscription;
use crate::model::{Cause, CredentialProblem, DisconnectReason, Ended, InstrumentKey};

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
    ConnectFailed(Cause),
    /// Bytes came, of whatever kind (the server's pings too).
    Traffic,
    /// The server answered a ping of ours.
    Pong,
    /// Valid data packets came (orders: messages), `packets` of them.
    Data {
        /// How many.
        packets: u32,
    },
    /// A text came on the order socket that is no order message: no sign of life, and perhaps a refusal in words.
    NoOrderMessage,
    /// Another session of this run is live, or was: its server accepts what this run asks for.
    RunIsLive,
    /// Reading stops because an output is full, or goes on: meanwhile silence says nothing about the server.
    ReadingPaused(bool),
    /// The server's disconnect packet.
    ServerDisconnect(DisconnectReason),
    /// The connection is gone, however it went.
    Closed(Ended),
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
