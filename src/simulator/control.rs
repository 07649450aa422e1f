//! What tests see of a running simulator, and command it to do.

use super::probe::Probe;
use super::record::{ConnectionSeen, Connections, TextSeen};
use super::script::Upgrade;
use super::state::{Command, Cut, Subscription};
use crate::model::Stream;
use crate::server::{Request, Response};
use bytes::Bytes;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How often [`Probe::wait`] looks.
const LOOK_EVERY: Duration = Duration::from_millis(2);

impl Probe {
    /// How many websockets of a kind there were.
    pub fn connections(&self, kind: Stream) -> Connections {
        let record = self.0.observer.record();
        Connections {
            seen: record.connections.iter().filter(|seen| seen.kind == kind).count(),
            open: record.open_of(kind),
            peak: record.peaks[usize::from(kind.index())],
        }
    }

    /// Every websocket there was, in the order of upgrades.
    pub fn all(&self) -> Vec<ConnectionSeen> {
        self.0.observer.record().connections.clone()
    }

    /// Every open websocket of a kind, the oldest first.
    pub fn open(&self, kind: Stream) -> Vec<ConnectionSeen> {
        let record = self.0.observer.record();
        let open = record.connections.iter().filter(|seen| seen.kind == kind && seen.closed.is_none());
        open.cloned().collect()
    }

    /// One websocket, by its number.
    pub fn connection(&self, id: usize) -> Option<ConnectionSeen> {
        self.0.observer.record().connections.get(id).cloned()
    }

    /// Every text frame that came in, in the order of time.
    pub fn texts(&self) -> Vec<TextSeen> {
        self.0.observer.record().texts.clone()
    }

    /// The text frames of one connection.
    pub fn texts_of(&self, id: usize) -> Vec<String> {
        let record = self.0.observer.record();
        record.texts.iter().filter(|t| t.connection == id).map(|t| t.text.clone()).collect()
    }

    /// What all open connections of a kind are subscribed to.
    pub fn subscriptions(&self, kind: Stream) -> BTreeSet<Subscription> {
        self.open(kind).into_iter().flat_map(|c| c.subscriptions).collect()
    }

    /// The frames that were sent on a connection, where [`super::SimConfig::record_sent`] is set (texts as their bytes).
    pub fn sent(&self, id: usize) -> Vec<Bytes> {
        self.0.observer.record().sent.get(id).cloned().unwrap_or_default()
    }

    /// Every upgrade that was asked for, refused ones too, in the order of time.
    pub fn upgrades(&self) -> Vec<(Instant, Request)> {
        self.0.observer.record().upgrades.clone()
    }

    /// Every plain HTTP request, in the order of time.
    pub fn http_requests(&self) -> Vec<Request> {
        self.0.observer.record().http.clone()
    }

    /// TCP connections that were accepted.
    pub fn tcp_accepted(&self) -> usize {
        self.0.observer.record().tcp_accepted
    }

    /// Ends every websocket.
    pub fn cut_all(&self, cut: Cut) {
        self.command(|_, _| true, &Command::Cut(cut));
    }

    /// Ends one websocket.
    pub fn cut(&self, id: usize, cut: Cut) {
        self.command(|c, _| c == id, &Command::Cut(cut));
    }

    /// Sends a binary frame on a connection, whatever is in it.
    pub fn send(&self, id: usize, bytes: impl Into<Bytes>) {
        self.command(|c, _| c == id, &Command::Binary(bytes.into()));
    }

    /// Sends a text frame on a connection, whatever is in it.
    pub fn send_text(&self, id: usize, text: &str) {
        self.command(|c, _| c == id, &Command::Text(text.to_owned()));
    }

    /// Sends a text frame on every open connection of a kind.
    pub fn broadcast_text(&self, kind: Stream, text: &str) {
        self.command(|_, k| k == kind, &Command::Text(text.to_owned()));
    }

    /// Stops data on every connection, present and to come, or lets it flow again. Pings go on.
    pub fn mute(&self, muted: bool) {
        self.0.state().script.muted = muted;
        self.command(|_, _| true, &Command::Mute(muted));
    }

    /// Stops reading and answering on every connection, present and to come, or goes on. Connections stay open.
    pub fn stall(&self, stalled: bool) {
        self.0.state().script.stalled = stalled;
        self.command(|_, _| true, &Command::Stall(stalled));
    }

    /// What happens to every upgrade from now on.
    pub fn every_upgrade(&self, upgrade: Upgrade) {
        self.0.state().script.every_upgrade = Some(upgrade);
    }

    /// What happens to the next upgrade; several queue up, before what [`Probe::every_upgrade`] says.
    pub fn next_upgrade(&self, upgrade: Upgrade) {
        self.0.state().script.next_upgrades.push_back(upgrade);
    }

    /// Resets the first connection on which this many requests have come, the last of them unanswered.
    pub fn reset_at_request(&self, number: usize) {
        self.0.state().script.reset_at_request = Some(number);
    }

    /// Refuses a token from now on (sockets that are open stay).
    pub fn refuse_token(&self, token: &str) {
        self.0.state().tokens.refuse(token);
    }

    /// Lets a refused token in again.
    pub fn allow_token(&self, token: &str) {
        self.0.state().tokens.allow(token);
    }

    /// Answers plain HTTP requests of paths that end so with this, from now on.
    pub fn answer(&self, path_end: &str, response: Response) {
        let mut state = self.0.state();
        state.script.answers.retain(|(end, _)| end != path_end);
        state.script.answers.push((path_end.to_owned(), response));
    }

    /// Takes back what [`Probe::answer`] said of a path.
    pub fn answer_as_usual(&self, path_end: &str) {
        self.0.state().script.answers.retain(|(end, _)| end != path_end);
    }

    /// Lets this many things happen to the account's orders now, whether anybody listens or not.
    pub fn advance_orders(&self, updates: usize) {
        for _ in 0..updates {
            self.0.orders.advance(&self.0.market);
        }
        self.command(|_, k| k == Stream::Orders, &Command::Nudge);
    }

    /// Waits until something holds; false when it did not within the time. Blocks the thread.
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

    /// [`Probe::wait`] for a task: lets others run meanwhile.
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

    fn command(&self, which: impl Fn(usize, Stream) -> bool, command: &Command) {
        for (id, live) in &self.0.state().connections {
            if which(*id, live.kind) {
                // A connection that is just ending no longer listens.
                let _ = live.commands.send(command.clone());
            }
        }
    }
}
