//! Connects the clients of the relay with its streams upstream.

mod subscriptions;

use super::client::{ClientEnd, RelayClient, agent, depth_index};
use super::fan_out::{book, is_data, market, report_gap};
use super::instrument::{BookState, KEPT, Modes, Quoted, bit};
use super::upstream::{self, Open, Upstream, UpstreamResult};
use crate::console::{Console, LogLevel};
use crate::model::exit::{Exit, Failure};
use crate::model::{InstrumentKey, Levels, Micros, Stream};
use crate::pipeline::item::{FrameKind, GapReason};
use crate::protocol::Mode;
use crate::server::Request;
use crate::session::Subscription;
use crate::stream::Ended;
use rustc_hash::FxHashMap;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;

/// A client's subscriptions. Depth has the modes 0.
pub(super) type ClientSubscriptions = FxHashMap<InstrumentKey, Modes>;

/// Time for which the clients of a stream are refused after the stream could not be held.
const REFUSED: Duration = Duration::from_secs(60);
/// Longest delay of a write that is not immediate.
const SOON: Duration = Duration::from_millis(1);

/// An open gap of an upstream connection.
pub(super) struct Loss {
    pub reason: GapReason,
    pub detail: String,
    pub from: Micros,
}

#[derive(Default)]
pub(super) struct HubState {
    pub clients: FxHashMap<u64, Rc<RelayClient>>,
    pub quoted: FxHashMap<InstrumentKey, Quoted>,
    /// Number of market-feed instruments subscribed upstream.
    subscribed: usize,
    pub books: [FxHashMap<InstrumentKey, BookState>; 2],
    /// Clients that get orders.
    orders: Vec<Rc<RelayClient>>,
    upstreams: [Upstream; 4],
    /// Since when no client needs a stream.
    idle_since: [Option<Instant>; 4],
    /// Until when clients of a stream are refused, and for which reason.
    refused: [Option<(Instant, u16)>; 4],
    losses: FxHashMap<(u8, u16), Loss>,
    pub scratch: Vec<u8>,
}

/// Connects clients and upstream.
pub(super) struct Hub {
    state: RefCell<HubState>,
    open: Open,
    client_token: Option<[u8; 32]>,
    console: Console,
    say: UnboundedSender<UpstreamResult>,
    next_id: Cell<u64>,
    is_flush_due: Cell<bool>,
    me: std::rc::Weak<Hub>,
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

const fn index(stream: Stream) -> usize {
    stream.index() as usize
}

impl Hub {
    pub fn new(
        open: Open,
        client_token: Option<SecretString>,
        console: Console,
        say: UnboundedSender<UpstreamResult>,
    ) -> Rc<Hub> {
        Rc::new_cyclic(|me| Hub {
            state: RefCell::default(),
            open,
            client_token: client_token.map(|token| digest(token.expose_secret())),
            console,
            say,
            next_id: Cell::new(1),
            is_flush_due: Cell::new(false),
            me: me.clone(),
        })
    }

    pub fn next_id(&self) -> u64 {
        self.next_id.replace(self.next_id.get() + 1)
    }

    /// Returns whether a client has the right token; digests are compared, so that the time taken reveals nothing.
    pub fn is_welcome(&self, token: Option<&str>) -> bool {
        self.client_token.is_none_or(|wanted| digest(token.unwrap_or_default()) == wanted)
    }

    pub fn refused(&self, request: &Request, status: u16) {
        self.console.debug(format!(
            "{} is refused with {status}{}",
            crate::console::untrusted(&request.path),
            agent(request)
        ));
    }

    pub fn garbage(&self, client: &RelayClient) {
        self.console.debug(format!("client {}: what it sends is no websocket frame; it is closed", client.id));
    }

    pub fn joined(&self, client: &Rc<RelayClient>, request: &Request) {
        self.console.debug(format!("client {}: {} opened{}", client.id, client.stream.socket_name(), agent(request)));
        self.state.borrow_mut().clients.insert(client.id, Rc::clone(client));
    }

    pub fn client_left(&self, client: &Rc<RelayClient>) {
        let state = &mut *self.state.borrow_mut();
        state.clients.remove(&client.id);
        state.orders.retain(|other| other.id != client.id);
        for (key, modes) in client.subscriptions.borrow_mut().drain() {
            match client.stream {
                Stream::Market => {
                    if let Some(quoted) = state.quoted.get_mut(&key) {
                        quoted.watchers.retain(|watcher| watcher.client.id != client.id);
                        quoted.release(modes);
                    }
                }
                Stream::Depth(levels) => {
                    if let Some(book) = state.books[depth_index(levels)].get_mut(&key) {
                        book.watchers.retain(|watcher| watcher.id != client.id);
                        book.released = Some(Instant::now());
                    }
                }
                Stream::Orders => {}
            }
        }
        let (sent, lost) = (client.sent.get(), client.lost.get());
        self.console.debug(format!("client {}: gone; {sent} packets sent, {lost} dropped", client.id));
        if lost > 0 {
            self.console.warn(format!("client {} read too slowly: {lost} packets were dropped for it", client.id));
        }
    }

    /// Distributes an upstream frame.
    pub fn frame(&self, stream: Stream, conn: u16, kind: FrameKind, bytes: &[u8]) {
        let state = &mut *self.state.borrow_mut();
        if !state.losses.is_empty()
            && is_data(stream, kind, bytes)
            && let Some(loss) = state.losses.remove(&(stream.index(), conn))
        {
            report_gap(state, stream, conn, &loss);
        }
        match (stream, kind) {
            (Stream::Market, FrameKind::Binary) => market(state, conn, bytes),
            (Stream::Depth(levels), FrameKind::Binary) => book(state, levels, conn, bytes),
            (Stream::Orders, FrameKind::Text) => state.orders.iter().for_each(|client| client.text(bytes, 1)),
            _ => {}
        }
    }

    /// Records that a gap of an upstream connection opened; clients are told when data resumes.
    pub fn gap_opened(&self, stream: Stream, conn: u16, reason: GapReason, detail: &str, from: Micros) {
        let loss = Loss { reason, detail: detail.to_owned(), from };
        self.state.borrow_mut().losses.entry((stream.index(), conn)).or_insert(loss);
    }

    /// Sends the waiting data of clients, each at a limited rate.
    pub fn flush(&self) {
        let state = self.state.borrow();
        let mut all = true;
        for client in state.clients.values().filter(|client| client.has_waiting()) {
            all &= client.flush_spaced();
        }
        if !all
            && !self.is_flush_due.replace(true)
            && let Some(me) = self.me.upgrade()
        {
            tokio::task::spawn_local(async move {
                tokio::time::sleep(SOON).await;
                me.is_flush_due.set(false);
                me.flush();
            });
        }
    }

    /// Unsubscribes what no client has needed for a minute.
    pub fn second(&self, now: Instant) {
        let state = &mut *self.state.borrow_mut();
        let (mut add, mut remove, mut removed_modes) = (Vec::new(), Vec::new(), 0);
        state.quoted.retain(|key, quoted| {
            if !quoted.was_released_lately() {
                return true;
            }
            let kept = quoted.kept(*key, now);
            if kept < quoted.upstream {
                remove.extend(quoted.upstream.map(|mode| Subscription { instrument: *key, mode: Some(mode) }));
                add.extend(kept.map(|mode| Subscription { instrument: *key, mode: Some(mode) }));
                removed_modes += usize::from(kept.is_none());
                quoted.set_upstream(kept);
            }
            !quoted.is_done()
        });
        state.subscribed -= removed_modes;
        state.upstreams[index(Stream::Market)].change(add, remove, false);
        for levels in [Levels::Twenty, Levels::TwoHundred] {
            let mut remove = Vec::new();
            state.books[depth_index(levels)].retain(|key, book| {
                let is_recent = book.released.is_none_or(|released| now.saturating_duration_since(released) < KEPT);
                if is_recent || !book.watchers.is_empty() {
                    return true;
                }
                remove.push(upstream::depth(*key));
                book.forget();
                false
            });
            state.upstreams[index(Stream::Depth(levels))].change(Vec::new(), remove, false);
        }
        for stream in Stream::ALL {
            let is_needed = match stream {
                Stream::Market => state.subscribed > 0,
                Stream::Depth(levels) => state.books[depth_index(levels)].values().any(|book| book.is_subscribed),
                // The subscriptions of other streams were kept for a minute already.
                Stream::Orders => {
                    if state.orders.is_empty() {
                        is_recent(&mut state.idle_since[index(stream)], now)
                    } else {
                        state.idle_since[index(stream)] = None;
                        true
                    }
                }
            };
            let upstream = &mut state.upstreams[index(stream)];
            if !is_needed && upstream.is_open() && !upstream.is_ending() {
                self.console.info(format!("{}: closed upstream: nobody needs it", stream.socket_name()));
                upstream.stop();
            }
        }
    }

    /// Records the end of an upstream run. Returns the failure if nothing else can be served.
    pub fn upstream_ended(&self, stream: Stream, result: Result<Ended, Failure>) -> Option<Failure> {
        let state = &mut *self.state.borrow_mut();
        let was_ending = state.upstreams[index(stream)].is_ending();
        state.upstreams[index(stream)].ended();
        state.losses.retain(|(of, _), _| *of != stream.index());
        match result {
            Ok(_) if was_ending => {
                // A client may need it again by now.
                let is_needed = stream != Stream::Orders || !state.orders.is_empty();
                if is_needed {
                    self.change_upstream(state, stream, Vec::new(), Vec::new(), false);
                }
                None
            }
            // A signal ends all runs.
            Ok(_) => None,
            Err(failure) => {
                if !state.upstreams.iter().any(Upstream::is_open) {
                    return Some(failure);
                }
                let reason = match failure.exit {
                    Exit::Credentials => 808,
                    Exit::Account => 806,
                    _ => 800,
                };
                self.console.error(format!("{}: cannot be held; its clients are closed", stream.socket_name()));
                state.refused[index(stream)] = Some((Instant::now() + REFUSED, reason));
                for client in state.clients.values().filter(|client| client.stream == stream) {
                    client.end(ClientEnd::Disconnect(reason));
                }
                None
            }
        }
    }

    /// Ends everything: clients with a close frame, and upstream runs unless a signal has ended them already. A
    /// second signal would end the process at once.
    pub fn stop(&self, is_signal: bool) {
        let state = &mut *self.state.borrow_mut();
        state.clients.values().for_each(|client| client.end(ClientEnd::Close(1001)));
        if !is_signal {
            for upstream in state.upstreams.iter_mut().filter(|upstream| upstream.is_open()) {
                upstream.stop();
            }
        }
    }

    pub fn has_upstream(&self) -> bool {
        self.state.borrow().upstreams.iter().any(Upstream::is_open)
    }

    /// Lists the clients and the upstream subscriptions.
    pub fn list(&self) {
        let state = self.state.borrow();
        let mut text = String::new();
        let mut clients: Vec<_> = state.clients.values().collect();
        clients.sort_by_key(|client| client.id);
        for client in clients {
            let _ = writeln!(
                text,
                "client {}: {}, {} instruments, {} packets sent, {} dropped",
                client.id,
                client.stream.socket_name(),
                client.subscriptions.borrow().len(),
                client.sent.get(),
                client.lost.get()
            );
        }
        let mut subscribed: Vec<_> = state
            .quoted
            .iter()
            .filter_map(|(key, quoted)| Some(format!("upstream: {key}@{}", quoted.upstream?.name())))
            .collect();
        for (key, quoted) in &state.quoted {
            let held = Mode::ALL.into_iter().filter(|mode| quoted.held & bit(*mode) != 0);
            subscribed.extend(held.map(|mode| format!("held: {key}@{}", mode.name())));
        }
        for books in &state.books {
            subscribed.extend(
                books.iter().filter(|(_, book)| book.is_subscribed).map(|(key, _)| format!("upstream: {key} depth")),
            );
        }
        subscribed.sort();
        for line in subscribed {
            let _ = writeln!(text, "{line}");
        }
        self.console.raw(&text);
        self.console.say(LogLevel::Debug, "the list is complete");
    }
}

/// Returns whether an unneeded stream is still kept for its minute.
fn is_recent(since: &mut Option<Instant>, now: Instant) -> bool {
    now.saturating_duration_since(*since.get_or_insert(now)) < KEPT
}

#[cfg(test)]
mod tests;
