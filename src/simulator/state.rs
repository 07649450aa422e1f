//! What all connections of a simulated broker share: its market, what was seen, and how to reach each connection.

use super::config::{Pool, SimConfig};
use super::desk::Desk;
use super::http::{Request, Response};
use super::market::{Market, lock};
use crate::model::InstrumentKey;
use crate::model::Stream;
use crate::protocol::Mode;
use bytes::Bytes;
use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;
use tokio::sync::mpsc;

/// How a connection is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// A bare TCP reset.
    Reset,
    /// An orderly TCP end without a close frame.
    Fin,
    /// A close frame with this code.
    Close(u16),
    /// A disconnect packet with this reason, then a close frame.
    Disconnect(u16),
}

/// What a connection is told from outside.
#[derive(Debug, Clone)]
pub(crate) enum Command {
    Cut(Cut),
    Binary(Bytes),
    Text(String),
    Mute(bool),
    Stall(bool),
    /// Look again: something is due that was not.
    Nudge,
}

/// What happens to an upgrade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upgrade {
    /// It succeeds.
    Accept,
    /// It is answered with this instead, for instance 429 with `Retry-After`, or 302 with `Location`.
    Answer(Response),
    /// It succeeds, and a reset follows at once.
    AcceptThenReset,
    /// A reset instead of an answer.
    Reset,
    /// No answer at all; the connection stays open.
    Silence,
    /// These bytes instead of an answer, then the end: broken heads, floods of headers, other protocols.
    Raw(Vec<u8>),
}

/// One thing that a connection asked for. Depth has no modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subscription {
    /// Of which instrument.
    pub instrument: InstrumentKey,
    /// In which mode.
    pub mode: Option<Mode>,
}

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

#[derive(Debug)]
pub(crate) struct Connection {
    pub seen: ConnectionSeen,
    pub commands: mpsc::UnboundedSender<Command>,
    pub sent: Vec<Bytes>,
    /// Thrown out; on its way to the door.
    pub evicted: bool,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub connections: Vec<Connection>,
    pub texts: Vec<TextSeen>,
    pub http: Vec<Request>,
    /// Upgrade requests, refused ones too.
    pub upgrades: Vec<(Instant, Request)>,
    pub tcp_accepted: usize,
    pub peaks: [usize; 4],
    pub next_upgrades: VecDeque<Upgrade>,
    pub every_upgrade: Option<Upgrade>,
    pub granted: VecDeque<Instant>,
    pub reset_at_request: Option<usize>,
    pub refused_tokens: BTreeSet<String>,
    pub answers: Vec<(String, Response)>,
    pub muted: bool,
    pub stalled: bool,
    /// Subscriptions over all connections; the total rate is shared out by it.
    pub subscriptions: usize,
}

/// What is kept of what was seen, so that a simulator that runs for days does not grow without end.
const KEPT: usize = 200_000;

impl State {
    pub fn remember_text(&mut self, text: TextSeen) {
        if self.texts.len() < KEPT {
            self.texts.push(text);
        }
    }

    pub fn open_of(&self, kind: Stream) -> usize {
        self.connections.iter().filter(|c| c.seen.kind == kind && c.seen.closed.is_none()).count()
    }
}

/// Shared by every task of one simulated broker.
pub(crate) struct Broker {
    pub config: SimConfig,
    pub addr: SocketAddr,
    pub market: Market,
    pub desk: Desk,
    pub tokens: super::tokens::Tokens,
    state: Mutex<State>,
}

impl Broker {
    pub fn new(config: SimConfig, addr: SocketAddr) -> Broker {
        let state = State { refused_tokens: config.refused_tokens.iter().cloned().collect(), ..State::default() };
        let tokens = super::tokens::Tokens::new(config.tokens.clone(), config.seed);
        Broker {
            addr,
            tokens,
            market: Market::new(config.seed),
            desk: Desk::new(&config),
            state: Mutex::new(state),
            config,
        }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Enters a connection into the books.
    pub fn open(&self, kind: Stream, request: Request) -> (usize, mpsc::UnboundedReceiver<Command>) {
        let (commands, receiver) = mpsc::unbounded_channel();
        let mut state = self.state();
        let id = state.connections.len();
        let seen = ConnectionSeen {
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
        };
        state.connections.push(Connection { seen, commands, sent: Vec::new(), evicted: false });
        let open = state.open_of(kind);
        let peak = &mut state.peaks[usize::from(kind.index())];
        *peak = (*peak).max(open);
        (id, receiver)
    }

    /// Takes a connection out of the books.
    pub fn close(&self, id: usize) {
        let mut state = self.state();
        let seen = &mut state.connections[id].seen;
        seen.closed = Some(Instant::now());
        let gone = seen.subscriptions.len();
        state.subscriptions = state.subscriptions.saturating_sub(gone);
    }

    /// A connection says whose it is. One socket too many of that account throws out the oldest.
    pub fn claim(&self, id: usize, client_id: Option<String>) {
        let mut state = self.state();
        let kind = state.connections[id].seen.kind;
        state.connections[id].seen.client_id.clone_from(&client_id);
        let held: Vec<usize> = state
            .connections
            .iter()
            .filter(|c| c.seen.closed.is_none() && !c.evicted && c.seen.client_id == client_id)
            .filter(|c| self.config.pool == Pool::Shared || c.seen.kind == kind)
            // An order socket that has not logged in yet is nobody's.
            .filter(|c| c.seen.kind != Stream::Orders || c.seen.client_id.is_some())
            .map(|c| c.seen.id)
            .collect();
        for oldest in held.iter().take(held.len().saturating_sub(self.config.sockets)) {
            let connection = &mut state.connections[*oldest];
            connection.evicted = true;
            let _ = connection.commands.send(Command::Cut(Cut::Disconnect(805)));
        }
    }

    /// Whether a token is let in.
    pub fn is_token_good(&self, token: Option<&str>) -> bool {
        !self.config.refuse_every_token
            && token.is_some_and(|token| {
                !token.is_empty() && !self.state().refused_tokens.contains(token) && self.tokens.is_alive(token)
            })
    }

    /// Ends every connection of an account whose token was replaced, as the broker does: with 807. What they were opened
    /// with is dead from now on.
    pub fn token_replaced(&self, client_id: &str) {
        let state = self.state();
        let of_account = |c: &&Connection| c.seen.closed.is_none() && c.seen.client_id.as_deref() == Some(client_id);
        for connection in state.connections.iter().filter(of_account) {
            if let Some(token) = connection.seen.request.query_value("token") {
                self.tokens.bury(token);
            }
            let _ = connection.commands.send(Command::Cut(Cut::Disconnect(807)));
        }
    }

    /// Whether a connection is to be reset now that this many requests have come on it; true once.
    pub fn is_reset_due(&self, requests: usize) -> bool {
        self.state().reset_at_request.take_if(|at| requests >= *at).is_some()
    }

    /// What happens to the next upgrade.
    pub fn next_upgrade(&self) -> Upgrade {
        let mut state = self.state();
        let next = state.next_upgrades.pop_front();
        let next = next.or_else(|| state.every_upgrade.clone()).unwrap_or(Upgrade::Accept);
        if let (Upgrade::Accept, Some((most, within))) = (&next, self.config.upgrade_budget) {
            state.granted.retain(|at| at.elapsed() < within);
            if state.granted.len() >= most {
                return Upgrade::Answer(Response::status(429));
            }
            state.granted.push_back(Instant::now());
        }
        next
    }

    /// Notes that a connection subscribed to something; false when it was already.
    pub fn subscribed(&self, id: usize, subscription: Subscription) -> bool {
        let mut state = self.state();
        let new = state.connections[id].seen.subscriptions.insert(subscription);
        state.subscriptions += usize::from(new);
        new
    }

    /// Notes that a connection ended a subscription; false when there was none.
    pub fn unsubscribed(&self, id: usize, subscription: Subscription) -> bool {
        let mut state = self.state();
        let gone = state.connections[id].seen.subscriptions.remove(&subscription);
        state.subscriptions -= usize::from(gone);
        gone
    }

    /// Packets a second for a connection with this many subscriptions.
    pub fn rate_for(&self, subscriptions: usize) -> f64 {
        /// Packets a second for each subscription, and in all, where no rate was asked for.
        const EACH: f64 = 10.0;
        const ALL: f64 = 10_000.0;
        let total = self.state().subscriptions.max(subscriptions).max(1) as f64;
        let rate = self.config.rate.unwrap_or((EACH * total).min(ALL));
        rate * subscriptions as f64 / total
    }
}
