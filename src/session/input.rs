//! Defines the inputs of a session: what happened.

use super::requests::Subscription;
use crate::model::{Cause, CredentialProblem, DisconnectReason, Ended, InstrumentKey};

/// Identifies credentials without holding them: a keyed hash from the driver, meaningless outside this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub u64);

/// Reports an event to the session. An input that does not fit the session's state is ignored, so a late answer does
/// no harm.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Start the session.
    Start,
    /// Answer to [`Action::ReadCredentials`](super::Action::ReadCredentials).
    CredentialsRead(Result<Fingerprint, CredentialProblem>),
    /// Another session of this run saw these credentials refused; this session must not send them either.
    CredentialsRefused(Fingerprint),
    /// Answer to [`Action::Connect`](super::Action::Connect): the upgrade was accepted.
    Connected,
    /// Answer to [`Action::Connect`](super::Action::Connect): there is no connection, or it was not tried.
    ConnectFailed(Cause),
    /// Bytes of any kind arrived, including the server's pings.
    Traffic,
    /// The server answered a ping.
    Pong,
    /// Valid data packets arrived (order stream: messages).
    Data {
        /// Their number.
        packets: u32,
    },
    /// The order socket sent a text that is no order message: no sign of life, and possibly a refusal in words.
    NoOrderMessage,
    /// Another session of this run is or was live, so the server accepts the run's requests.
    RunIsLive,
    /// Reading pauses because an output is full, or resumes; silence in between says nothing about the server.
    ReadingPaused(bool),
    /// The server sent a disconnect packet.
    ServerDisconnect(DisconnectReason),
    /// The connection has ended.
    Closed(Ended),
    /// Answer to [`Action::Probe`](super::Action::Probe).
    Probed(ProbeResult),
    /// Subscribe these too.
    Subscribe(Vec<Subscription>),
    /// Unsubscribe these. Without a mode: the instrument in all its modes.
    Unsubscribe(Vec<Subscription>),
    /// A packet arrived for an instrument that is no longer subscribed (see
    /// [`Session::leaving`](super::Session::leaving)).
    Unwanted(InstrumentKey),
    /// Answer to [`Action::FetchOrders`](super::Action::FetchOrders): the order snapshot was fetched.
    SnapshotFetched,
    /// Answer to [`Action::FetchOrders`](super::Action::FetchOrders): the order snapshot could not be fetched, for
    /// this reason.
    SnapshotFailed(String),
    /// The time of [`Session::deadline`](super::Session::deadline) has come.
    Tick,
    /// Stop: because of a signal, the count, the time or a command.
    Stop,
}

/// Holds the result of `GET /profile`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProbeResult {
    /// The token is no longer valid.
    TokenDead,
    /// The token is valid, but the data plan is not active.
    PlanInactive,
    /// The account is in order: the network or the server is at fault.
    Fine,
    /// The request failed, or its answer is not conclusive.
    Unknown,
}
