//! Holds what all connections of a simulated broker share: its market, its account, and the way to command each
//! connection.

use super::config::SimConfig;
use super::market::{SimulatedMarket, lock};
use super::observe::EventObserver;
use super::order_engine::OrderEngine;
#[cfg(feature = "testing")]
use super::script::Script;
use super::tokens::Tokens;
use crate::model::InstrumentKey;
use crate::model::Stream;
use crate::protocol::Mode;
use crate::server::Request;
#[cfg(feature = "testing")]
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard};
use tokio::sync::mpsc;

/// Says how a connection is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// By a TCP reset.
    Reset,
    /// By an orderly TCP end without a close frame.
    #[cfg(feature = "testing")]
    Fin,
    /// By a close frame with this code.
    Close(u16),
    /// By a disconnect packet with this reason, then a close frame.
    Disconnect(u16),
}

/// A command to a connection.
#[derive(Debug, Clone)]
pub(crate) enum ConnectionCommand {
    Cut(Cut),
    #[cfg(feature = "testing")]
    Binary(Bytes),
    #[cfg(feature = "testing")]
    Text(String),
    #[cfg(feature = "testing")]
    Mute(bool),
    #[cfg(feature = "testing")]
    Stall(bool),
    /// Check again what is due.
    #[cfg(feature = "testing")]
    Nudge,
}

/// A subscription of a connection. Depth has no modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientSubscription {
    /// The instrument.
    pub instrument: InstrumentKey,
    /// The mode.
    pub mode: Option<Mode>,
}

/// Describes an open connection.
#[derive(Debug)]
pub(crate) struct Live {
    pub kind: Stream,
    /// The client id of its query or its login.
    client_id: Option<String>,
    /// The token of its query; an order socket has it in its login.
    token: Option<String>,
    pub commands: mpsc::UnboundedSender<ConnectionCommand>,
    subscriptions: BTreeSet<ClientSubscription>,
    /// Whether it was disconnected for a newer one and is about to end.
    evicted: bool,
}

#[derive(Debug, Default)]
pub(crate) struct BrokerState {
    pub connections: BTreeMap<usize, Live>,
    next_id: usize,
    pub tokens: Tokens,
    /// Number of subscriptions over all connections, by which the total rate is divided.
    subscriptions: usize,
    #[cfg(feature = "testing")]
    pub script: Script,
}

/// The state that every task of one simulated broker shares.
pub(crate) struct Broker {
    pub config: SimConfig,
    pub addr: SocketAddr,
    pub market: SimulatedMarket,
    pub orders: OrderEngine,
    pub observer: EventObserver,
    state: Mutex<BrokerState>,
}

impl Broker {
    pub fn new(config: SimConfig, addr: SocketAddr) -> Broker {
        let state = BrokerState {
            tokens: Tokens::new(config.refused_tokens(), config.token_rules()),
            ..BrokerState::default()
        };
        Broker {
            addr,
            market: SimulatedMarket::new(config.seed),
            orders: OrderEngine::new(&config),
            observer: EventObserver::new(&config),
            state: Mutex::new(state),
            config,
        }
    }

    pub fn state(&self) -> MutexGuard<'_, BrokerState> {
        lock(&self.state)
    }

    /// Adds a connection; returns its number, from 0 in the order of upgrades.
    pub fn open(&self, kind: Stream, request: &Request) -> (usize, mpsc::UnboundedReceiver<ConnectionCommand>) {
        let (commands, receiver) = mpsc::unbounded_channel();
        let mut state = self.state();
        let id = state.next_id;
        state.next_id += 1;
        let token = request.query_value("token");
        let live = Live { kind, client_id: None, token, commands, subscriptions: BTreeSet::new(), evicted: false };
        state.connections.insert(id, live);
        self.observer.opened(id, kind, request);
        (id, receiver)
    }

    /// Removes a connection.
    pub fn close(&self, id: usize) {
        let mut state = self.state();
        if let Some(live) = state.connections.remove(&id) {
            state.subscriptions = state.subscriptions.saturating_sub(live.subscriptions.len());
        }
        self.observer.closed(id);
    }

    /// Records the account of a connection. One socket too many disconnects that account's oldest one.
    pub fn claim(&self, id: usize, client_id: Option<String>) {
        let (sockets, is_shared) = self.config.pool();
        let mut state = self.state();
        let Some(live) = state.connections.get_mut(&id) else { return };
        live.client_id.clone_from(&client_id);
        let kind = live.kind;
        self.observer.claimed(id, client_id.as_deref());
        let held: Vec<usize> = state
            .connections
            .iter()
            .filter(|(_, live)| !live.evicted && live.client_id == client_id)
            .filter(|(_, live)| is_shared || live.kind == kind)
            // An order socket that has not logged in belongs to no account.
            .filter(|(_, live)| live.kind != Stream::Orders || live.client_id.is_some())
            .map(|(id, _)| *id)
            .collect();
        for oldest in held.iter().take(held.len().saturating_sub(sockets)) {
            if let Some(live) = state.connections.get_mut(oldest) {
                live.evicted = true;
                let _ = live.commands.send(ConnectionCommand::Cut(Cut::Disconnect(805)));
            }
        }
    }

    /// Returns whether a token is accepted.
    pub fn is_token_good(&self, token: Option<&str>) -> bool {
        !self.config.refuses_all()
            && token.is_some_and(|token| !token.is_empty() && !self.state().tokens.is_refused(token))
    }

    /// Ends every connection of an account whose token was replaced, with 807 as the broker does. The tokens that
    /// they used are refused from now on.
    pub fn token_replaced(&self, client_id: &str) {
        let mut state = self.state();
        let BrokerState { connections, tokens, .. } = &mut *state;
        for live in connections.values().filter(|live| live.client_id.as_deref() == Some(client_id)) {
            if let Some(token) = &live.token {
                tokens.refuse(token);
            }
            let _ = live.commands.send(ConnectionCommand::Cut(Cut::Disconnect(807)));
        }
    }

    /// Records a subscription of a connection; returns `false` if it exists already.
    pub fn subscribed(&self, id: usize, subscription: ClientSubscription) -> bool {
        let mut state = self.state();
        let new = state.connections.get_mut(&id).is_some_and(|live| live.subscriptions.insert(subscription));
        state.subscriptions += usize::from(new);
        #[cfg(feature = "testing")]
        self.observer.record().change(id, |seen| _ = seen.subscriptions.insert(subscription));
        new
    }

    /// Records the end of a connection's subscription.
    pub fn unsubscribed(&self, id: usize, subscription: ClientSubscription) {
        let mut state = self.state();
        let was_removed = state.connections.get_mut(&id).is_some_and(|live| live.subscriptions.remove(&subscription));
        state.subscriptions -= usize::from(was_removed);
        #[cfg(feature = "testing")]
        self.observer.record().change(id, |seen| _ = seen.subscriptions.remove(&subscription));
    }

    /// Returns the packets a second of a connection with this many subscriptions.
    pub fn rate_for(&self, subscriptions: usize) -> f64 {
        /// Default of packets a second for each subscription, and in all.
        const EACH: f64 = 10.0;
        const ALL: f64 = 10_000.0;
        let total = self.state().subscriptions.max(subscriptions).max(1) as f64;
        let rate = self.config.rate.unwrap_or((EACH * total).min(ALL));
        rate * subscriptions as f64 / total
    }
}
