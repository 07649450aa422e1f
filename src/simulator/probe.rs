//! A test's view of a running simulator, and its hands on it.

use super::http::{Request, Response};
use super::state::{Broker, Command, ConnectionSeen, Connections, Cut, Subscription, TextSeen, Upgrade};
use crate::model::Stream;
use bytes::Bytes;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a simulator has seen, and controls over it. Cheap to clone, usable from any thread.
#[derive(Clone)]
pub struct Probe(pub(crate) Arc<Broker>);

/// How often [`Probe::wait`] looks.
const LOOK_EVERY: Duration = Duration::from_millis(2);

impl Probe {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.0.addr
    }

    /// Where a client on this host reaches it: one that listens everywhere does so on loopback too, and the address of
    /// "everywhere" is nobody's to connect to.
    fn reached_at(&self) -> SocketAddr {
        let mut addr = self.addr();
        match addr.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => addr.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => addr.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        addr
    }

    /// The address of a socket, as `DHAN_WS_…_URL` takes it.
    pub fn url(&self, kind: Stream) -> String {
        let path = match kind {
            Stream::Market => "feed",
            Stream::DEPTH_20 => "twentydepth",
            Stream::DEPTH_200 => "twohundreddepth",
            Stream::Orders => "orders",
        };
        let scheme = if self.0.config.tls.is_some() { "wss" } else { "ws" };
        format!("{scheme}://{}/{path}", self.reached_at())
    }

    /// The address of a plain HTTP path (without its leading slash).
    pub fn http_url(&self, path: &str) -> String {
        let scheme = if self.0.config.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}/{path}", self.reached_at())
    }

    /// The environment that points `dhan` here: names and values.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("DHAN_WS_MARKET_FEED_URL", self.url(Stream::Market)),
            ("DHAN_WS_MARKET_DEPTH_URL", self.url(Stream::DEPTH_20)),
            ("DHAN_WS_MARKET_DEPTH_200_URL", self.url(Stream::DEPTH_200)),
            ("DHAN_WS_ORDER_URL", self.url(Stream::Orders)),
            ("DHAN_API_URL", self.http_url("v2")),
            ("DHAN_AUTH_URL", self.http_url("").trim_end_matches('/').to_owned()),
            ("DHAN_INSTRUMENTS_URL", self.http_url("master.csv")),
        ]
    }

    /// How many websockets of a kind there were.
    pub fn connections(&self, kind: Stream) -> Connections {
        let state = self.0.state();
        Connections {
            seen: state.connections.iter().filter(|c| c.seen.kind == kind).count(),
            open: state.open_of(kind),
            peak: state.peaks[usize::from(kind.index())],
        }
    }

    /// Every websocket there was, in the order of upgrades.
    pub fn all(&self) -> Vec<ConnectionSeen> {
        self.0.state().connections.iter().map(|c| c.seen.clone()).collect()
    }

    /// Every open websocket of a kind, the oldest first.
    pub fn open(&self, kind: Stream) -> Vec<ConnectionSeen> {
        let state = self.0.state();
        let open = state.connections.iter().filter(|c| c.seen.kind == kind && c.seen.closed.is_none());
        open.map(|c| c.seen.clone()).collect()
    }

    /// One websocket, by its number.
    pub fn connection(&self, id: usize) -> Option<ConnectionSeen> {
        self.0.state().connections.get(id).map(|c| c.seen.clone())
    }

    /// Every text frame that came in, in the order of time.
    pub fn texts(&self) -> Vec<TextSeen> {
        self.0.state().texts.clone()
    }

    /// The text frames of one connection.
    pub fn texts_of(&self, id: usize) -> Vec<String> {
        let state = self.0.state();
        state.texts.iter().filter(|t| t.connection == id).map(|t| t.text.clone()).collect()
    }

    /// What all open connections of a kind are subscribed to.
    pub fn subscriptions(&self, kind: Stream) -> BTreeSet<Subscription> {
        self.open(kind).into_iter().flat_map(|c| c.subscriptions).collect()
    }

    /// The frames that were sent on a connection, where [`super::SimConfig::record_sent`] is set (texts as their bytes).
    pub fn sent(&self, id: usize) -> Vec<Bytes> {
        self.0.state().connections.get(id).map_or_else(Vec::new, |c| c.sent.clone())
    }

    /// Every upgrade that was asked for, refused ones too, in the order of time.
    pub fn upgrades(&self) -> Vec<(Instant, Request)> {
        self.0.state().upgrades.clone()
    }

    /// Every plain HTTP request, in the order of time.
    pub fn http_requests(&self) -> Vec<Request> {
        self.0.state().http.clone()
    }

    /// TCP connections that were accepted.
    pub fn tcp_accepted(&self) -> usize {
        self.0.state().tcp_accepted
    }

    /// Ends every websocket.
    pub fn cut_all(&self, cut: Cut) {
        self.tell_all(|_| true, &Command::Cut(cut));
    }

    /// Ends one websocket.
    pub fn cut(&self, id: usize, cut: Cut) {
        self.tell_all(|c| c.id == id, &Command::Cut(cut));
    }

    /// Sends a binary frame on a connection, whatever is in it.
    pub fn send(&self, id: usize, bytes: impl Into<Bytes>) {
        self.tell_all(|c| c.id == id, &Command::Binary(bytes.into()));
    }

    /// Sends a text frame on a connection, whatever is in it.
    pub fn send_text(&self, id: usize, text: &str) {
        self.tell_all(|c| c.id == id, &Command::Text(text.to_owned()));
    }

    /// Sends a text frame on every open connection of a kind.
    pub fn broadcast_text(&self, kind: Stream, text: &str) {
        self.tell_all(|c| c.kind == kind, &Command::Text(text.to_owned()));
    }

    /// Stops data on every connection, present and to come, or lets it flow again. Pings go on.
    pub fn mute(&self, muted: bool) {
        self.0.state().muted = muted;
        self.tell_all(|_| true, &Command::Mute(muted));
    }

    /// Stops reading and answering on every connection, present and to come, or goes on. Connections stay open.
    pub fn stall(&self, stalled: bool) {
        self.0.state().stalled = stalled;
        self.tell_all(|_| true, &Command::Stall(stalled));
    }

    /// What happens to every upgrade from now on.
    pub fn every_upgrade(&self, upgrade: Upgrade) {
        self.0.state().every_upgrade = Some(upgrade);
    }

    /// What happens to the next upgrade; several queue up, before what [`Probe::every_upgrade`] says.
    pub fn next_upgrade(&self, upgrade: Upgrade) {
        self.0.state().next_upgrades.push_back(upgrade);
    }

    /// Resets the first connection on which this many requests have come, the last of them unanswered.
    pub fn reset_at_request(&self, number: usize) {
        self.0.state().reset_at_request = Some(number);
    }

    /// Refuses a token from now on (sockets that are open stay).
    pub fn refuse_token(&self, token: &str) {
        self.0.state().refused_tokens.insert(token.to_owned());
    }

    /// Lets a refused token in again.
    pub fn allow_token(&self, token: &str) {
        self.0.state().refused_tokens.remove(token);
    }

    /// Answers plain HTTP requests of paths that end so with this, from now on.
    pub fn answer(&self, path_end: &str, response: Response) {
        let mut state = self.0.state();
        state.answers.retain(|(end, _)| end != path_end);
        state.answers.push((path_end.to_owned(), response));
    }

    /// Takes back what [`Probe::answer`] said of a path.
    pub fn answer_as_usual(&self, path_end: &str) {
        self.0.state().answers.retain(|(end, _)| end != path_end);
    }

    /// Lets this many things happen to the account's orders now, whether anybody listens or not.
    pub fn advance_orders(&self, updates: usize) {
        for _ in 0..updates {
            self.0.desk.advance(&self.0.market);
        }
        self.tell_all(|c| c.kind == Stream::Orders, &Command::Nudge);
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

    fn tell_all(&self, which: impl Fn(&ConnectionSeen) -> bool, command: &Command) {
        for connection in &self.0.state().connections {
            if connection.seen.closed.is_none() && which(&connection.seen) {
                // A connection that is just ending no longer listens.
                let _ = connection.commands.send(command.clone());
            }
        }
    }
}
