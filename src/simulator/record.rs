//! What a simulator has seen, kept for tests.

use super::state::Subscription;
use crate::model::Stream;
use crate::server::Request;
use bytes::Bytes;
use std::collections::BTreeSet;
use std::time::Instant;

/// A text frame that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextSeen {
    /// Which connection it came on.
    pub connection: usize,
    /// What kind of connection that was.
    pub kind: Stream,
    /// When.
    pub at: Instant,
    /// The text, tokens included.
    pub text: String,
}

/// What is known of one websocket connection.
#[derive(Debug, Clone)]
pub struct ConnectionSeen {
    /// Its number, from 0 in the order of upgrades.
    pub id: usize,
    /// Which socket it is.
    pub kind: Stream,
    /// The request that was upgraded, query and token included.
    pub request: Request,
    /// The client id of its query or its login.
    pub client_id: Option<String>,
    /// When it was upgraded.
    pub opened: Instant,
    /// When it ended.
    pub closed: Option<Instant>,
    /// The code of the close frame that the client sent, where one came.
    pub client_close: Option<u16>,
    /// What it is subscribed to now.
    pub subscriptions: BTreeSet<Subscription>,
    /// Pings that the client sent.
    pub pings_received: u64,
    /// Pongs that the client sent.
    pub pongs_received: u64,
    /// Pings that were sent to the client.
    pub pings_sent: u64,
    /// Binary frames that the client sent.
    pub binary_received: Vec<Bytes>,
    /// Messages sent (orders: texts).
    pub messages_sent: u64,
    /// Packets sent (orders: texts).
    pub packets_sent: u64,
}

/// How many websockets of a kind there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Connections {
    /// Ever.
    pub seen: usize,
    /// Now.
    pub open: usize,
    /// At most at one time.
    pub peak: usize,
}

/// Everything that was seen.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub connections: Vec<ConnectionSeen>,
    /// The frames that were sent, by connection, where they are kept.
    pub sent: Vec<Vec<Bytes>>,
    pub texts: Vec<TextSeen>,
    pub http: Vec<Request>,
    /// Upgrade requests, refused ones too.
    pub upgrades: Vec<(Instant, Request)>,
    pub tcp_accepted: usize,
    pub peaks: [usize; 4],
}

impl Record {
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
