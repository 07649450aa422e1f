//! Lets tests observe and command a running simulator.

use super::probe::Probe;
use super::record::{ConnectionSeen, Connections, TextSeen};
use super::script::Upgrade;
use super::state::{ClientSubscription, ConnectionCommand, Cut};
use crate::model::Stream;
use crate::server::{Request, Response};
use bytes::Bytes;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Interval at which [`Probe::wait`] checks its condition.
const LOOK_EVERY: Duration = Duration::from_millis(2);

impl Probe {
    /// Returns the numbers of websockets of a kind.
    pub fn connections(&self, kind: Stream) -> Connections {
        let record = self.0.observer.record();
        Connections {
            seen: record.connections.iter().filter(|seen| seen.kind == kind).count(),
            open: record.open_of(kind),
            peak: record.peaks[usize::from(kind.index())],
        }
    }

    /// Returns every websocket so far, in the order of upgrades.
    pub fn all(&self) -> Vec<ConnectionSeen> {
        self.0.observer.record().connections.clone()
    }

    /// Returns every open websocket of a kind, the oldest first.
    pub fn open(&self, kind: Stream) -> Vec<ConnectionSeen> {
        let record = self.0.observer.record();
        let open = record.connections.iter().filter(|seen| seen.kind == kind && seen.closed.is_none());
        open.cloned().collect()
    }

    /// Returns one websocket, by its number.
    pub fn connection(&self, id: usize) -> Option<ConnectionSeen> {
        self.0.observer.record().connections.get(id).cloned()
    }

    /// Returns every received text frame, by time.
    pub fn texts(&self) -> Vec<TextSeen> {
        self.0.observer.record().texts.clone()
    }

    /// Returns the text frames received on one connection.
    pub fn texts_of(&self, id: usize) -> Vec<String> {
        let record = self.0.observer.record();
        record.texts.iter().filter(|t| t.connection == id).map(|t| t.text.clone()).collect()
    }

    /// Returns the subscriptions of all open connections of a kind.
    pub fn subscriptions(&self, kind: Stream) -> BTreeSet<ClientSubscription> {
        self.open(kind).into_iter().flat_map(|c| c.subscriptions).collect()
    }

    /// Returns the frames sent on a connection, if [`super::SimConfig::record_sent`] is set (texts as their bytes).
    pub fn sent(&self, id: usize) -> Vec<Bytes> {
        self.0.observer.record().sent.get(id).cloned().unwrap_or_default()
    }

    /// Returns every requested upgrade, including refused ones, by time.
    pub fn upgrades(&self) -> Vec<(Instant, Request)> {
        self.0.observer.record().upgrades.clone()
    }

    /// Returns every plain HTTP request, by time.
    pub fn http_requests(&self) -> Vec<Request> {
        self.0.observer.record().http.clone()
    }

    /// Returns the number of TCP connections accepted.
    pub fn tcp_accepted(&self) -> usize {
        self.0.observer.record().tcp_accepted
    }

    /// Ends every websocket.
    pub fn cut_all(&self, cut: Cut) {
        self.command(|_, _| true, &ConnectionCommand::Cut(cut));
    }

    /// Ends one websocket.
    pub fn cut(&self, id: usize, cut: Cut) {
        self.command(|c, _| c == id, &ConnectionCommand::Cut(cut));
    }

    /// Sends a binary frame on a connection, with any content.
    pub fn send(&self, id: usize, bytes: impl Into<Bytes>) {
        self.command(|c, _| c == id, &ConnectionCommand::Binary(bytes.into()));
    }

    /// Sends a text frame on a connection, with any content.
    pub fn send_text(&self, id: usize, text: &str) {
        self.command(|c, _| c == id, &ConnectionCommand::Text(text.to_owned()));
    }

    /// Sends a text frame on every open connection of a kind.
    pub fn broadcast_text(&self, kind: Stream, text: &str) {
        self.command(|_, k| k == kind, &ConnectionCommand::Text(text.to_owned()));
    }

    /// Stops data on every present and later connection, or resumes it. Pings continue.
    pub fn set_muted(&self, muted: bool) {
        self.0.state().script.muted = muted;
        self.command(|_, _| true, &ConnectionCommand::Mute(muted));
    }

    /// Stops reading and answering on every present and later connection, or resumes. Connections stay open.
    pub fn set_stalled(&self, stalled: bool) {
        self.0.state().script.stalled = stalled;
        self.command(|_, _| true, &ConnectionCommand::Stall(stalled));
    }

    /// Sets what happens to every upgrade from now on.
    pub fn every_upgrade(&self, upgrade: Upgrade) {
        self.0.state().script.every_upgrade = Some(upgrade);
    }

    /// Queues what happens to the next upgrade; the queue precedes [`Probe::every_upgrade`].
    pub fn next_upgrade(&self, upgrade: Upgrade) {
        self.0.state().script.next_upgrades.push_back(upgrade);
    }

    /// Resets the first connection that sends this many requests, before the last of them is answered.
    pub fn reset_at_request(&self, number: usize) {
        self.0.state().script.reset_at_request = Some(number);
    }

    /// Refuses a token from now on; open sockets stay.
    pub fn refuse_token(&self, token: &str) {
        self.0.state().tokens.refuse(token);
    }

    /// Accepts a refused token again.
    pub fn allow_token(&self, token: &str) {
        self.0.state().tokens.allow(token);
    }

    /// Answers plain HTTP requests whose path ends like this with `response` from now on.
    pub fn answer(&self, path_end: &str, response: Response) {
        let mut state = self.0.state();
        state.script.answers.retain(|(end, _)| end != path_end);
        state.script.answers.push((path_end.to_owned(), response));
    }

    /// Removes the answer that [`Probe::answer`] set for a path.
    pub fn answer_as_usual(&self, path_end: &str) {
        self.0.state().script.answers.retain(|(end, _)| end != path_end);
    }

    /// Makes this many changes to the account's orders now, with or without listeners.
    pub fn advance_orders(&self, updates: usize) {
        for _ in 0..updates {
            self.0.orders.advance(&self.0.market);
        }
        self.command(|_, k| k == Stream::Orders, &ConnectionCommand::Nudge);
    }

    /// Waits until a condition holds; returns false if it did not in time. Blocks the thread.
    pub fn wait(&self, at_most: Duration, mut holds: impl FnMut(&Probe) -> bool) -> bool {
        let end = Instant::now() + at_most;
        loop {
            if holds(self) {
                return true;
            }
            if Instant::now() >= end {
                return false;
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Waits like [`Probe::wait`], but in a task that lets others run.
    pub async fn wait_async(&self, at_most: Duration, mut holds: impl FnMut(&Probe) -> bool) -> bool {
        let end = Instant::now() + at_most;
        loop {
            if holds(self) {
                return true;
            }
            if Instant::now() >= end {
                return false;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn command(&self, which: impl Fn(usize, Stream) -> bool, command: &ConnectionCommand) {
        for (id, live) in &self.0.state().connections {
            if which(*id, live.kind) {
                // A connection that is just ending receives no commands.
                let _ = live.commands.send(command.clone());
            }
        }
    }
}
