//! Keeps what a simulator received and sent, for tests.

use super::state::ClientSubscription;
use crate::model::Stream;
use crate::server::Request;
use bytes::Bytes;
use std::collections::BTreeSet;
use std::time::Instant;

/// Holds a received text frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextSeen {
    /// Number of its connection.
    pub connection: usize,
    /// Kind of its connection.
    pub kind: Stream,
    /// Time of receipt.
    pub at: Instant,
    /// The text, including tokens.
    pub text: String,
}

/// Describes one websocket connection.
#[derive(Debug, Clone)]
pub struct ConnectionSeen {
    /// Its number, from 0 in the order of upgrades.
    pub id: usize,
    /// Its kind.
    pub kind: Stream,
    /// The upgrade request, including query and token.
    pub request: Request,
    /// The client id of its query or its login.
    pub client_id: Option<String>,
    /// Time of the upgrade.
    pub opened: Instant,
    /// Time of its end.
    pub closed: Option<Instant>,
    /// Code of the client's close frame, if it sent one.
    pub client_close: Option<u16>,
    /// Its present subscriptions.
    pub subscriptions: BTreeSet<ClientSubscription>,
    /// Number of pings from the client.
    pub pings_received: u64,
    /// Number of pongs from the client.
    pub pongs_received: u64,
    /// Number of pings to the client.
    pub pings_sent: u64,
    /// Binary frames from the client.
    pub binary_received: Vec<Bytes>,
    /// Number of messages sent (orders: texts).
    pub messages_sent: u64,
    /// Number of packets sent (orders: texts).
    pub packets_sent: u64,
}

/// Counts the websockets of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Connections {
    /// So far.
    pub seen: usize,
    /// At present.
    pub open: usize,
    /// Largest number at one time.
    pub peak: usize,
}

/// Holds everything that was received and sent.
#[derive(Debug, Default)]
pub(crate) struct ReceivedRecord {
    pub connections: Vec<ConnectionSeen>,
    /// Sent frames by connection, if they are kept.
    pub sent: Vec<Vec<Bytes>>,
    pub texts: Vec<TextSeen>,
    pub http: Vec<Request>,
    /// Upgrade requests, including refused ones.
    pub upgrades: Vec<(Instant, Request)>,
    pub tcp_accepted: usize,
    pub peaks: [usize; 4],
}

impl ReceivedRecord {
    pub fn change(&mut self, id: usize, change: impl FnOnce(&mut ConnectionSeen)) {
        if let Some(seen) = self.connections.get_mut(id) {
            change(seen);
        }
    }

    pub fn open_of(&self, kind: Stream) -> usize {
        self.connections.iter().filter(|seen| seen.kind == kind && seen.closed.is_none()).count()
    }

    pub fn opened(&mut self, id: usize, kind: Stream, request: Request) {
        self.connections.push(ConnectionSeen {
            id,
            kind,
            request,
            client_id: None,
            opened: Instant::now(),
            closed: None,
            client_close: None,
            subscriptions: BTreeSet::new(),
            pings_received: 0,
            pongs_received: 0,
            pings_sent: 0,
            binary_received: Vec::new(),
            messages_sent: 0,
            packets_sent: 0,
        });
        self.sent.push(Vec::new());
        let open = self.open_of(kind);
        let peak = &mut self.peaks[usize::from(kind.index())];
        *peak = (*peak).max(open);
    }
}
