//! Spreading instruments over connections.

use super::requests::{Desired, Subscription};
use crate::model::Stream;
use crate::protocol::depth::Levels;

use std::fmt;

/// Sockets of a kind that an account may hold; the sixth throws out the oldest.
pub const SOCKETS_PER_KIND: usize = 5;

/// Subscriptions that one connection of a feed takes.
pub const fn per_connection(feed: Stream) -> usize {
    match feed {
        Stream::Market => 5_000,
        Stream::Depth(levels) => levels.instruments_per_socket(),
        Stream::Orders => 0,
    }
}

/// More was asked for than five connections take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub struct TooMany {
    /// Of which feed.
    pub feed: Stream,
    /// How many were asked for, all in all.
    pub asked: usize,
}

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = per_connection(self.feed);
        let most = each * SOCKETS_PER_KIND;
        let what = match self.feed {
            Stream::Market => "subscriptions",
            Stream::Depth(Levels::Twenty) => "instruments with 20 levels",
            Stream::Depth(Levels::TwoHundred) => "instruments with 200 levels",
            Stream::Orders => "subscriptions of the order feed, which takes none",
        };
        write!(
            f,
            "{} {what}: at most {most} fit ({SOCKETS_PER_KIND} connections of {each}); leave out {}",
            self.asked,
            self.asked.saturating_sub(most)
        )
    }
}

/// What changes for one connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// The connection, counted from 0. One past the last known is to be opened.
    pub connection: usize,
    /// To be subscribed there.
    pub subscribe: Vec<Subscription>,
    /// To be unsubscribed there.
    pub unsubscribe: Vec<Subscription>,
}

/// Which connection serves which subscriptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    feed: Stream,
    connections: Vec<Desired>,
}

impl Plan {
    /// Spreads subscriptions over as few connections as take them; duplicates collapse. The order feed has one
    /// connection, and nothing to subscribe.
    pub fn new(feed: Stream, subscriptions: &[Subscription]) -> Result<Plan, TooMany> {
        let mut plan = Plan { feed, connections: Vec::new() };
        if feed == Stream::Orders {
            plan.connections.push(Desired::default());
        }
        plan.apply(subscriptions, &[])?;
        Ok(plan)
    }

    /// The subscriptions of each connection.
    pub fn connections(&self) -> &[Desired] {
        &self.connections
    }

    /// How many subscriptions there are in all.
    pub fn len(&self) -> usize {
        self.connections.iter().map(Desired::len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes out `remove`, then adds `add` where there is room, opening connections as needed. What is already
    /// there changes nothing; a connection's change holds differences only. When it does not fit, nothing changes.
    pub fn apply(&mut self, add: &[Subscription], remove: &[Subscription]) -> Result<Vec<Change>, TooMany> {
        let each = per_connection(self.feed);
        let mut connections = self.connections.clone();
        let mut changes: Vec<Change> = Vec::new();
        for (connection, desired) in connections.iter_mut().enumerate() {
            let unsubscribe = desired.remove(remove);
            changes.push(Change { connection, subscribe: Vec::new(), unsubscribe });
        }
        let known: Desired = connections.iter().flat_map(|c| c.all().iter().copied()).collect();
        let mut wanted = known.clone();
        let mut new = wanted.add(add).into_iter().peekable();
        for connection in 0.. {
            if new.peek().is_none() {
                break;
            }
            if connection >= SOCKETS_PER_KIND || each == 0 {
                return Err(TooMany { feed: self.feed, asked: wanted.len() });
            }
            if connection == connections.len() {
                connections.push(Desired::default());
                changes.push(Change { connection, ..Change::default() });
            }
            let room = each.saturating_sub(connections[connection].len());
            let some: Vec<_> = new.by_ref().take(room).collect();
            changes[connection].subscribe = connections[connection].add(&some);
        }
        self.connections = connections;
        for change in &mut changes {
            // Taken out and put back on the same connection: the server need not hear of it.
            let both: Vec<_> = change.subscribe.iter().copied().filter(|s| change.unsubscribe.contains(s)).collect();
            if !both.is_empty() {
                change.subscribe.retain(|s| !both.contains(s));
                change.unsubscribe.retain(|s| !both.contains(s));
            }
        }
        changes.retain(|c| !c.subscribe.is_empty() || !c.unsubscribe.is_empty());
        Ok(changes)
    }
}
