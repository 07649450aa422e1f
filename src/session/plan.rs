//! Distributes instruments over connections.

use super::requests::{Subscription, WantedSubscriptions};
use crate::model::Stream;
use crate::protocol::depth::Levels;

use std::fmt;

/// Number of sockets of a kind that an account may hold; the sixth disconnects the oldest.
pub const SOCKETS_PER_KIND: usize = 5;

/// Returns how many subscriptions one connection of a stream takes.
pub const fn per_connection(feed: Stream) -> usize {
    match feed {
        Stream::Market => 5_000,
        Stream::Depth(levels) => levels.instruments_per_socket(),
        Stream::Orders => 0,
    }
}

/// Reports that more was requested than five connections take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub struct TooMany {
    /// The stream.
    pub feed: Stream,
    /// Number of subscriptions requested in all.
    pub requested: usize,
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
            self.requested,
            self.requested.saturating_sub(most)
        )
    }
}

/// Describes the changes for one connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnectionChange {
    /// Index of the connection, from 0; the number of connections means a new one.
    pub connection: usize,
    /// Subscriptions to add there.
    pub subscribe: Vec<Subscription>,
    /// Subscriptions to remove there.
    pub unsubscribe: Vec<Subscription>,
}

/// Says which connection serves which subscriptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    feed: Stream,
    connections: Vec<WantedSubscriptions>,
}

impl Plan {
    /// Distributes subscriptions over as few connections as possible; duplicates collapse. The order stream has one
    /// connection and no subscriptions.
    pub fn new(feed: Stream, subscriptions: &[Subscription]) -> Result<Plan, TooMany> {
        let mut plan = Plan { feed, connections: Vec::new() };
        if feed == Stream::Orders {
            plan.connections.push(WantedSubscriptions::default());
        }
        plan.apply(subscriptions, &[])?;
        Ok(plan)
    }

    /// Returns the subscriptions of each connection.
    pub fn connections(&self) -> &[WantedSubscriptions] {
        &self.connections
    }

    /// Returns the number of all subscriptions.
    pub fn len(&self) -> usize {
        self.connections.iter().map(WantedSubscriptions::len).sum()
    }

    /// Returns whether there are no subscriptions.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes `remove`, then adds `add` where there is room, on new connections if needed. Returns only differences.
    /// If the subscriptions do not fit, nothing changes.
    pub fn apply(&mut self, add: &[Subscription], remove: &[Subscription]) -> Result<Vec<ConnectionChange>, TooMany> {
        let each = per_connection(self.feed);
        let mut connections = self.connections.clone();
        let mut changes: Vec<ConnectionChange> = Vec::new();
        for (connection, wanted) in connections.iter_mut().enumerate() {
            let unsubscribe = wanted.remove(remove);
            changes.push(ConnectionChange { connection, subscribe: Vec::new(), unsubscribe });
        }
        let known: WantedSubscriptions = connections.iter().flat_map(|c| c.all().iter().copied()).collect();
        let mut wanted = known.clone();
        let mut new = wanted.add(add).into_iter().peekable();
        for connection in 0.. {
            if new.peek().is_none() {
                break;
            }
            if connection >= SOCKETS_PER_KIND || each == 0 {
                return Err(TooMany { feed: self.feed, requested: wanted.len() });
            }
            if connection == connections.len() {
                connections.push(WantedSubscriptions::default());
                changes.push(ConnectionChange { connection, ..ConnectionChange::default() });
            }
            let room = each.saturating_sub(connections[connection].len());
            let some: Vec<_> = new.by_ref().take(room).collect();
            changes[connection].subscribe = connections[connection].add(&some);
        }
        self.connections = connections;
        for change in &mut changes {
            // A subscription that was removed and added on the same connection needs no request.
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
