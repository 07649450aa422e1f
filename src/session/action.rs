//! Defines the actions that a session wants done.

use super::input::Fingerprint;
use crate::model::exit::Failure;
use crate::model::{CoolOffKind, Micros};
use crate::record::control::{GapReason, StatusEvent};
use std::time::Duration;

/// An action for the driver, which executes actions in order. Only actions that say so are answered by an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Read the credentials again; answered by [`Input::CredentialsRead`](super::Input::CredentialsRead). Precedes
    /// every attempt; if none are needed (demo), the answer is any constant fingerprint.
    ReadCredentials,
    /// Take a place (once a session) and one attempt of the connect budget, then connect with the credentials just
    /// read; answered by [`Input::Connected`](super::Input::Connected) or
    /// [`Input::ConnectFailed`](super::Input::ConnectFailed).
    Connect,
    /// Send this text frame.
    Send(String),
    /// Send the order socket's login. It contains the secret, so the driver builds it.
    Login,
    /// Send a websocket ping.
    Ping,
    /// Close the connection. If polite, send what is queued and a close frame, continue to read, and report
    /// [`Input::Closed`](super::Input::Closed) when the server has closed. Otherwise abandon the attempt or drop the
    /// socket now; no `Closed` follows.
    Close {
        /// Whether to wait for the server.
        polite: bool,
    },
    /// Request `GET /profile` to learn what is wrong; an answer about these credentials that is less than a minute
    /// old is used again. Answered by [`Input::Probed`](super::Input::Probed).
    Probe,
    /// Fetch the order snapshot; answered by [`Input::SnapshotFetched`](super::Input::SnapshotFetched) or
    /// [`Input::SnapshotFailed`](super::Input::SnapshotFailed).
    FetchOrders {
        /// Whether it was fetched before in this run; then only changes are printed.
        after_gap: bool,
    },
    /// Keep the whole account from connecting for a while, recorded on disk too.
    CoolOff {
        /// What the server reported.
        kind: CoolOffKind,
        /// Number of earlier cool-offs in a row; the first is 0.
        step: u32,
        /// Duration from now.
        wait: Duration,
    },
    /// Use the 200-level socket's other path (`/twohundreddepth`) from now on.
    SwitchPath,
    /// Tell the run's other sessions that these credentials were refused.
    Refused(Fingerprint),
    /// Report a step in the connection's life.
    Status {
        /// The step.
        event: StatusEvent,
        /// The detail in words.
        detail: Option<String>,
    },
    /// Open a gap: data is lost from here on.
    OpenGap {
        /// The reason.
        reason: GapReason,
        /// The detail in words.
        detail: String,
        /// The last sign of life.
        from: Micros,
    },
    /// Report that the order snapshot could not be fetched: a gap of its own, printed at once.
    SnapshotGap {
        /// The detail in words.
        detail: String,
        /// Since when the account may have changed unseen.
        from: Micros,
    },
    /// Print this warning on stderr.
    Warn(String),
    /// Print this information on stderr.
    Inform(String),
    /// Print once on stderr which requested instruments were never seen, if any.
    ReportUnseen,
    /// End the run with this failure. No action follows.
    GiveUp(Failure),
    /// The session has stopped as requested. No action follows.
    Stopped,
}
