//! What a session wants done.

use super::input::Fingerprint;
use crate::model::CoolOffKind;
use crate::model::exit::Failure;
use crate::record::control::{GapReason, StatusEvent};
use std::time::Duration;

/// Something the driver does, in the order given. Only those that say so are answered by an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Read the credentials afresh; answered by [`Input::CredentialsRead`](super::Input::CredentialsRead).
    /// Comes before every attempt; where none are needed (demo), any constant fingerprint is the answer.
    ReadCredentials,
    /// Take a place (once a session) and one from the connect budget, then connect with the credentials that were
    /// just read; answered by [`Input::Connected`](super::Input::Connected) or
    /// [`Input::ConnectFailed`](super::Input::ConnectFailed).
    Connect,
    /// Send this text frame.
    Send(String),
    /// Send the login of the order socket (it holds the secret, so the driver writes it).
    Login,
    /// Send a websocket ping.
    Ping,
    /// Polite: send what is queued and a close frame, go on reading, say
    /// [`Input::Closed`](super::Input::Closed) when the server has closed. Otherwise: abandon the attempt or drop the
    /// socket now; no `Closed` is expected.
    Close {
        /// Whether to wait for the server.
        polite: bool,
    },
    /// Ask `GET /profile` what is wrong (from the last answer about these credentials if that is less than a minute
    /// old); answered by
    /// [`Input::Probed`](super::Input::Probed).
    Probe,
    /// Ask for the REST order book; answered by [`Input::SnapshotFetched`](super::Input::SnapshotFetched) or
    /// [`Input::SnapshotFailed`](super::Input::SnapshotFailed).
    FetchOrders {
        /// Whether it was fetched before in this run: then only what changed is news.
        after_gap: bool,
    },
    /// Keep the whole account from connecting for so long, on disk too.
    CoolOff {
        /// Why.
        kind: CoolOffKind,
        /// How often running, from 0.
        step: u32,
        /// From now.
        wait: Duration,
    },
    /// Use the other path of the 200-level socket (`/twohundreddepth`) from now on.
    SwitchPath,
    /// These credentials were refused: tell the other sessions of the run.
    Refused(Fingerprint),
    /// A step in the connection's life.
    Status {
        /// Which.
        event: StatusEvent,
        /// In words.
        detail: Option<String>,
    },
    /// Data was lost from here on: opens a gap.
    Lost {
        /// Why.
        reason: GapReason,
        /// In words.
        detail: String,
        /// The last sign of life, µs since the epoch.
        from_us: i64,
    },
    /// The order book could not be fetched: a gap of its own, printed at once.
    SnapshotLost {
        /// In words.
        detail: String,
        /// Since when the account may have changed unseen, µs since the epoch.
        from_us: i64,
    },
    /// Say this on stderr, as a warning.
    Warn(String),
    /// Say this on stderr, unless the user wants warnings only.
    Inform(String),
    /// Say once on stderr which requested instruments were never seen, if any.
    ReportUnseen,
    /// The run cannot go on. Nothing follows.
    GiveUp(Failure),
    /// The session has ended as it was told to. Nothing follows.
    Stopped,
}
